import { createGunzip } from 'node:zlib';
import type { BytePieces } from './byte-stream.js';
import { DamagedGzip, type Gunzipping } from './gunzip.js';

/** Bytes that are decompressed at once. */
const chunkSize = 64 * 1024;

/**
 * Decompresses by Node's zlib, in a thread of its own. It takes several members one behind the other, and zeros behind the last one, as
 * layers have them; what follows the first of those zeros it passes over, so that is looked at here.
 */
export function gunzip(pieces: BytePieces): Gunzipping {
  const unzip = createGunzip({ chunkSize });
  const output = unzip[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  const over = new Promise<void>((resolve) => unzip.once('end', resolve).once('error', () => resolve()).once('close', resolve));
  let taken = 0;
  const feed = async (): Promise<void> => {
    for (let piece = await pieces.next(); piece; piece = await pieces.next()) {
      const [start, bytes] = [taken, piece];
      taken += bytes.length;
      if (!unzip.readableEnded) {
        if (unzip.destroyed) return;
        await Promise.race([new Promise((resolve) => unzip.write(bytes, resolve)), over]);
      }
      // Behind the last member.
      if (unzip.readableEnded) expectZeros(bytes.subarray(Math.max(0, unzip.bytesWritten - start)), Math.max(start, unzip.bytesWritten));
    }
    unzip.end();
  };
  const fed = feed();
  // Readers get the error, unless the output has ended before.
  fed.catch((error: Error) => unzip.destroy(error));
  return {
    get taken() {
      return taken;
    },
    async next() {
      try {
        const { done, value } = await output.next();
        if (!done) return value;
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        if (code === 'Z_BUF_ERROR') throw new DamagedGzip(taken);
        if (code?.startsWith('Z_')) throw new DamagedGzip(unzip.bytesWritten, `the deflate stream is not valid: ${message}`);
        throw error;
      }
      await fed;
      return undefined;
    },
    end() {
      unzip.destroy();
      pieces.end();
    },
  };
}

function expectZeros(bytes: Uint8Array, offset: number): void {
  const at = bytes.findIndex((byte) => byte !== 0);
  if (at >= 0) throw new DamagedGzip(offset + at, 'expected the end, another member or zeros behind the last member, found other bytes');
}
