/** Bytes, or a text, which is taken as UTF-8. */
export type Bytes = Uint8Array | ArrayBuffer | string;

/** The bytes. */
export function asBytes(bytes: Bytes): Uint8Array {
  if (typeof bytes === 'string') return new TextEncoder().encode(bytes);
  return bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
}

/** The text that bytes are. */
export const asText = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
