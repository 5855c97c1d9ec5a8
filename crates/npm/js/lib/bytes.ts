import { TallymanError } from './error.js';

/** Bytes in any of their forms, or a text, which is taken as UTF-8. */
export type Bytes = ArrayBufferView | ArrayBufferLike | string;

/**
 * The bytes.
 * @throws {@link TallymanError} `argument-invalid` if they are none.
 */
export function asBytes(bytes: Bytes): Uint8Array {
  if (typeof bytes === 'string') return new TextEncoder().encode(bytes);
  const view = viewOf(bytes);
  if (view) return view;
  throw new TallymanError({ code: 'argument-invalid', message: `expected bytes or a text, found ${bytes === null ? 'null' : typeof bytes}` });
}

/** A view of bytes; `undefined` if the value is something else. Buffers of another realm are as good. */
export function viewOf(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  const name = Object.prototype.toString.call(value);
  return name === '[object ArrayBuffer]' || name === '[object SharedArrayBuffer]' ? new Uint8Array(value as ArrayBuffer) : undefined;
}

// Some test environments have none until they are set up.
let decoder: TextDecoder | undefined;

/** The text that bytes are. */
export const asText = (bytes: Uint8Array): string => (decoder ??= new TextDecoder()).decode(bytes);
