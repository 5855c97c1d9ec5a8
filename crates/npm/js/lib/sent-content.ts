import { asBytes, fixed, type Bytes } from './bytes.js';
import { Digest, type DigestAlgorithm } from './digest.js';
import { runtime } from './engine.js';
import { TallymanError, inputFailed } from './error.js';
import { anyOf } from './signals.js';

/** Content as it is sent, from where it is. */
export interface SentContent {
  body: Uint8Array | Blob;
  size: number;
  /** Computes its digest. */
  digest: () => Promise<string>;
}

/** Bytes from which on a browser sends a `Blob` faster, which it copies once, than an array. */
const longArray = 1024 * 1024;
/** Bytes of a `Blob` from which on it is hashed in pieces, which takes longer than the platform's hash and no memory for the whole. */
const longBlob = 512 * 1024 * 1024;

/** Content in the form in which the platform sends it fastest. */
export function sendable(content: Bytes | Blob, algorithm: DigestAlgorithm, signal: AbortSignal | undefined): SentContent {
  if (content instanceof Blob) {
    return { body: content, size: content.size, digest: () => digestOf(content, algorithm, signal) };
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

/** Sends content while it is hashed. Another digest than the one that is expected ends the upload. */
export async function sentWhileHashed(
  reference: string,
  expected: string,
  computed: Promise<string>,
  signal: AbortSignal | undefined,
  send: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const wrong = new AbortController();
  const checked = computed.then((found) => {
    if (found === expected) return;
    const message = `expected content of ${expected}, found ${found}: pass the digest of these bytes, or none`;
    throw new TallymanError({ code: 'digest-mismatch', message, reference, expected, found });
  });
  checked.catch((error: unknown) => wrong.abort(error));
  const sent = send(signal ? anyOf(signal, wrong) : wrong.signal);
  await Promise.allSettled([checked, sent]);
  // It need not listen to the signal any more.
  wrong.abort();
  // Why an upload was ended says more than that it was.
  await checked;
  await sent;
}
