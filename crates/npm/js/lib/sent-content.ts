import { asBytes, type Bytes } from './bytes.js';
import { Digest } from './digest.js';
import { runtime } from './engine.js';

/** Content as it is sent, from where it is. */
export interface SentContent {
  body: Uint8Array | Blob;
  digest: string;
  size: number;
}

/** Bytes from which on a browser sends a `Blob` faster, which it copies once, than an array. */
const longArray = 1024 * 1024;
/** Bytes of a `Blob` from which on it is hashed in pieces, which takes longer than the platform's hash and no memory for the whole. */
const longBlob = 512 * 1024 * 1024;

/** Content with its digest, in the form in which the platform sends it fastest. */
export async function sendable(content: Bytes | Blob, signal: AbortSignal | undefined): Promise<SentContent> {
  if (content instanceof Blob) {
    if (!runtime.hasher) return { body: content, digest: await digestOf(content, signal), size: content.size };
    return sendable(await content.arrayBuffer(), signal);
  }
  const bytes = asBytes(content);
  const digest = bytes.length < longArray ? Digest.of(bytes) : await Digest.ofLarge(bytes);
  // Memory that is shared cannot be sent.
  const own = bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : bytes.slice();
  return { body: runtime.hasher || own.length < longArray ? own : new Blob([own]), digest, size: own.length };
}

async function digestOf(blob: Blob, signal: AbortSignal | undefined): Promise<string> {
  const isLong = blob.size >= longBlob || !globalThis.crypto?.subtle;
  return isLong ? Digest.ofStream(blob, { signal }) : Digest.ofLarge(await blob.arrayBuffer());
}
