import { wrongValue } from './arguments.js';
import { TallymanError } from './error.js';
import { tagOf } from './plain.js';

/** Bytes in any of their forms, or a string, which is encoded as UTF-8. */
export type Bytes = ArrayBufferView | ArrayBufferLike | string;

/**
 * The bytes.
 * @throws `TallymanError` `argument-invalid` if they are none.
 */
export function asBytes(bytes: Bytes): Uint8Array {
  if (typeof bytes === 'string') return new TextEncoder().encode(bytes);
  const view = viewOf(bytes);
  if (view) return view;
  throw wrongValue('bytes or a string', bytes);
}

/**
 * A view of bytes; `undefined` if the value is something else. Buffers of another realm are as good. A view is one of the platform's own
 * class: what a program's class does instead may throw anywhere.
 * @throws `TallymanError` `argument-invalid` if the bytes are not there any more.
 */
export function viewOf(value: unknown): Uint8Array | undefined {
  const isView = ArrayBuffer.isView(value);
  const isBuffer = !isView && ['[object ArrayBuffer]', '[object SharedArrayBuffer]'].includes(tagOf(value));
  if (!isView && !isBuffer) return undefined;
  try {
    if (!isView) return new Uint8Array(value as ArrayBuffer);
    // These throw where the bytes are not there any more, as the length of an array does not.
    if (tagOf(value) !== '[object DataView]') arrayKeys.call(value as Uint8Array);
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  } catch {
    throw new TallymanError({ code: 'argument-invalid', message: 'expected bytes, found a buffer that was transferred or has shrunk' });
  }
}

const arrayKeys = Uint8Array.prototype.keys;

/**
 * A copy of bytes that nobody else has: they may change or be transferred, or be a small part of a large buffer.
 * @throws `TallymanError` `argument-invalid` if they are none.
 */
export const copyOf = (bytes: Bytes): Uint8Array<ArrayBuffer> => (typeof bytes === 'string' ? new TextEncoder().encode(bytes) : new Uint8Array(asBytes(bytes)));

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

// Some test environments lack it until they are set up.
let decoder: TextDecoder | undefined;

/** The text that bytes are. */
export const asText = (bytes: Uint8Array): string => (decoder ??= new TextDecoder()).decode(bytes);
