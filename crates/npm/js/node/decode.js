// Bodies that come encoded though nobody asked for it, as caches and storage send them.

import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

// Without the names that every object has.
const decoders = { __proto__: null, gzip: createGunzip, 'x-gzip': createGunzip, deflate: createInflate, br: createBrotliDecompress };

/** Returns the stream that decodes the body of a response to `method`, or `undefined` if the body is not encoded. Parts of a body cannot be decoded. */
export function decoderOf(method, { statusCode, headers }) {
  if (method === 'HEAD' || statusCode === 206 || statusCode === 204 || statusCode === 304) return undefined;
  return decoders[headers['content-encoding']?.trim().toLowerCase()]?.();
}
