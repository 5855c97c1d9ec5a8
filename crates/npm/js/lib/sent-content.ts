import { asBytes, fixed, type Bytes } from './bytes.js';
import { Digest, type DigestAlgorithm } from './digest.js';
import { runtime } from './engine.js';
import { TallymanError, inputFailed } from './error.js';
import { isA } from './plain.js';
import { anyOf } from './signals.js';

/** Content as it is sent, from where it is. */
export interface SentContent {
  body: Uint8Array | Blob;
  size: number;
  /** Computes its digest, until the signal ends that. */
  digest: (signal?: AbortSignal) => Promise<string>;
}

/** Bytes from which on a browser sends a `Blob` faster, which it copies once, than an array. */
const longArray = 1024 * 1024;
/** Bytes of a `Blob` from which on it is hashed in pieces, which takes longer than the platform's hash and no memory for the whole. */
const longBlob = 512 * 1024 * 1024;

/** Content in the form in which the platform sends it fastest. */
export function sendable(content: Bytes | Blob, algorithm: DigestAlgorithm): SentContent {
  if (isA(content, Blob)) {
    return { body: content, size: content.size, digest: (signal) => digestOf(content, algorithm, signal) };
  }
  const own = fixed(asBytes(content));
  const body = runtime.hasher || own.length < longArray ? own : new Blob([own]);
  return { body, size: own.length, digest: () => Digest.ofLarge(own, algorithm) };
}

async function digestOf(blob: Blob, algorithm: DigestAlgorithm, signal: AbortSignal | undefined): Promise<string> {
  const isLong = blob.size >= longBlob || runtime.hasher || !globalThis.crypto?.subtle;
  if (isLong) return Digest.ofStream(blob, { algorithm, signal });
  const whole = await blob.arrayBuffer().catch((error: unknown) => {
    throw inputFailed(error);
  });
  return Digest.ofLarge(whole, algorithm);
}

/** Sends content while it is hashed. Another digest than the one that is expected ends the upload, and the end of the upload the hashing. */
export async function sentWhileHashed(
  reference: string,
  expected: string,
  { digest }: SentContent,
  signal: AbortSignal | undefined,
  send: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stopped = new AbortController();
  const either = signal ? anyOf(signal, stopped) : stopped.signal;
  const checked = digest(either).then((found) => {
    if (found === expected) return;
    const message = `expected content of ${expected}, found ${found}: pass the digest of these bytes, or none`;
    throw new TallymanError({ code: 'digest-mismatch', message, reference, expected, found });
  });
  const sent = send(either);
  try {
    // The first failure says more than that the other was ended by it.
    await Promise.all([checked, sent]);
  } finally {
    // It need not listen to the signal any more.
    stopped.abort();
  }
}
