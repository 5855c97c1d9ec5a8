import type { BytePieces } from './byte-stream.js';

/** The pieces of a layer that the platform decompresses. */
export interface Gunzipping extends BytePieces {
  /** The compressed bytes that it has taken so far. */
  readonly taken: number;
}

/** The platform's decompression of gzip, of any number of members, with or without zeros behind the last one. */
export type Gunzip = (pieces: BytePieces) => Gunzipping;

/** The reason why the platform cannot decompress a layer: damage behind so many bytes, or their end if nothing else is said. */
export class DamagedGzip extends Error {
  constructor(
    readonly offset: number,
    readonly reason?: string,
  ) {
    super(reason ?? 'truncated');
  }
}

/**
 * Pieces that are watched: `check` hears of the bytes so far with each piece, and at the end of all of them.
 * @internal
 */
export function watched(pieces: BytePieces, check: (taken: number, piece: Uint8Array | undefined) => void): BytePieces {
  let taken = 0;
  return {
    async next() {
      const piece = await pieces.next();
      taken += piece?.length ?? 0;
      check(taken, piece);
      return piece;
    },
    end: () => pieces.end(),
  };
}

/**
 * Pieces that begin with one that was read already.
 * @internal
 */
export function continued(first: Uint8Array, pieces: BytePieces): BytePieces {
  let isFirst = first.length > 0;
  return {
    async next() {
      if (!isFirst) return pieces.next();
      isFirst = false;
      return first;
    },
    end: () => pieces.end(),
  };
}
