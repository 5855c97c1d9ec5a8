import { optionsOf, wrongArgument, wrongValue } from './arguments.js';
import { bytesOf, type ByteStream } from './byte-stream.js';
import { asBytes, fixed, type Bytes } from './bytes.js';
import { call, runtime, type PlatformHasher } from './engine.js';
import { isA } from './plain.js';

/** A hash algorithm that registries accept. */
export type DigestAlgorithm = 'sha256' | 'sha384' | 'sha512';

/** Bytes that the engine takes at once. What goes into it is copied: in pieces it stays in the processor's cache, and the engine small. */
const piece = 64 * 1024;
/** Bytes that hashes of platforms take at once: those of Node and Chromium take less than 2 GiB. */
const platformPiece = 1024 * 1024 * 1024;

/** A content digest, `algorithm:hex`. Everywhere else in this package digests are plain strings. */
export class Digest {
  /** The algorithm before the colon. */
  readonly algorithm: DigestAlgorithm;
  /** The hexadecimal digits behind the colon. */
  readonly hex: string;

  private constructor(text: string) {
    const colon = text.indexOf(':');
    this.algorithm = text.slice(0, colon) as DigestAlgorithm;
    this.hex = text.slice(colon + 1);
  }

  /**
   * Reads a digest.
   * @throws `TallymanError` `digest-invalid`, with a sentence that says why it is none.
   */
  static parse(text: string | Digest): Digest {
    if (isA(text, Digest)) return text;
    if (typeof text !== 'string') throw wrongValue('a digest such as sha256:…', text);
    call((engine) => engine.checkDigest(text));
    return new Digest(text);
  }

  /** The digest of bytes, at once: `sha256:…`. */
  static of(bytes: Bytes, algorithm: DigestAlgorithm = 'sha256'): string {
    const given = asBytes(bytes);
    checkAlgorithm(algorithm);
    if (algorithm === 'sha256' && !runtime.hasher && given.length <= piece) return call((engine) => engine.sha256(given));
    const hasher = hasherOf(algorithm);
    hasher.update(given);
    return hasher.finish();
  }

  /**
   * The digest of bytes that are all there, in its own time: by the platform's hash where there is one, which is faster than ours the
   * more there is. On pages that came by plain HTTP there is none.
   */
  static async ofLarge(bytes: Bytes, algorithm: DigestAlgorithm = 'sha256'): Promise<string> {
    checkAlgorithm(algorithm);
    const subtle = runtime.hasher ? undefined : globalThis.crypto?.subtle;
    if (!subtle) return Digest.of(bytes, algorithm);
    const own = fixed(asBytes(bytes));
    // More than the platform takes at once is hashed here, with pauses for others between its pieces.
    if (own.length > platformPiece) return Digest.ofStream(new Blob([own]), { algorithm });
    const hash = await subtle.digest(`SHA-${algorithm.slice(3)}`, own);
    return `${algorithm}:${Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
  }

  /** The digest of a stream, read to its end. */
  static async ofStream(
    stream: ByteStream,
    options: { algorithm?: DigestAlgorithm | undefined; signal?: AbortSignal | undefined } = {},
  ): Promise<string> {
    const { algorithm = 'sha256', signal } = optionsOf(options, ['algorithm', 'signal']);
    checkAlgorithm(algorithm);
    const hasher = hasherOf(algorithm);
    const pieces = bytesOf(stream, signal);
    try {
      for (;;) {
        const bytes = await pieces.next();
        if (!bytes) return hasher.finish();
        hasher.update(bytes);
      }
    } finally {
      pieces.end();
    }
  }

  /** Returns `true` if bytes have a digest, by that digest's own algorithm. */
  static matches(digest: string | Digest, bytes: Bytes): boolean {
    const expected = Digest.parse(digest);
    return Digest.of(bytes, expected.algorithm) === expected.toString();
  }

  /** The first twelve hexadecimal digits, as Docker shortens them. */
  get short(): string {
    return this.hex.slice(0, 12);
  }

  /** The whole digest. */
  toString(): string {
    return `${this.algorithm}:${this.hex}`;
  }

  /** The whole digest. */
  toJSON(): string {
    return this.toString();
  }
}

function checkAlgorithm(algorithm: unknown): void {
  if (['sha256', 'sha384', 'sha512'].includes(algorithm as string)) return;
  throw wrongArgument('algorithm', 'sha256, sha384 or sha512', algorithm);
}

/**
 * A hasher: the platform's, or ours if it has none.
 * @internal
 */
export function hasherOf(algorithm: DigestAlgorithm): PlatformHasher {
  if (runtime.hasher) {
    const hasher = runtime.hasher(algorithm);
    return { update: inPieces(hasher, platformPiece), finish: () => `${algorithm}:${hasher.finish()}` };
  }
  const hasher = call((engine) => new engine.Hash(algorithm));
  return { update: inPieces(hasher, piece), finish: () => hasher.finish() };
}

/** Takes bytes in by pieces of at most `most` of them. */
const inPieces =
  (hasher: Pick<PlatformHasher, 'update'>, most: number) =>
  (bytes: Uint8Array): void => {
    if (bytes.length <= most) return hasher.update(bytes);
    for (let at = 0; at < bytes.length; at += most) hasher.update(bytes.subarray(at, at + most));
  };
