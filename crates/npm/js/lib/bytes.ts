import { wrongValue } from './arguments.js';

/** Bytes in any of their forms, or a text, which is taken as UTF-8. */
export type Bytes = ArrayBufferView | ArrayBufferLike | string;

/**
 * The bytes.
 * @throws `TallymanError` `argument-invalid` if they are none.
 */
export function asBytes(bytes: Bytes): Uint8Array {
  if (typeof bytes === 'string') return new TextEncoder().encode(bytes);
  const view = viewOf(bytes);
  if (view) return view;
  throw wrongValue('bytes or a text', bytes);
}

/** A view of bytes; `undefined` if the value is something else. Buffers of another realm are as good. */
export function viewOf(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  const name = Object.prototype.toString.call(value);
  return name === '[object ArrayBuffer]' || name === '[object SharedArrayBuffer]' ? new Uint8Array(value as ArrayBuffer) : undefined;
}

/**
 * A piece of a stream of bytes.
 * @throws `TallymanError` `argument-invalid` if it is none.
 */
export function pieceOf(value: unknown): Uint8Array {
  const view = viewOf(value);
  if (view) return view;
  throw wrongValue('pieces of bytes', value);
}

/** Bytes in memory that nobody else has and whose size does not change, as platforms take them: the same, or a copy. */
export function fixed(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  const isFixed = buffer instanceof ArrayBuffer && !(buffer as { resizable?: boolean }).resizable;
  return isFixed ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
}

// Some test environments have none until they are set up.
let decoder: TextDecoder | undefined;

/** The text that bytes are. */
export const asText = (bytes: Uint8Array): string => (decoder ??= new TextDecoder()).decode(bytes);
