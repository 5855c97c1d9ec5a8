// The page of digest.js.

import { anyBytes, hashers, megabytesPerSecond, microseconds } from './hashers.js';

const packages = {
  'hash-wasm': '/tests/bench/node_modules/hash-wasm/dist/index.esm.js',
  '@noble/hashes/sha2.js': '/tests/bench/node_modules/@noble/hashes/sha2.js',
};
const load = (name) => import(packages[name]);

let contestants;
const content = new Map();

/** Loads everyone, and gives their names. */
export async function start() {
  contestants = await hashers({ tallyman: await import('/target/npm/tallyman/lib/index.js'), load });
  return Object.entries(contestants).map(([name, { pieces }]) => ({ name, streams: Boolean(pieces) }));
}

function bytesOf(size) {
  if (!content.has(size)) content.set(size, anyBytes(size));
  return content.get(size);
}

export const digestOf = (name, size) => contestants[name].whole(bytesOf(size));
export const perCall = (name, size) => microseconds(() => contestants[name].whole(bytesOf(size)));
export const speed = (name, size) => megabytesPerSecond(() => contestants[name].whole(bytesOf(size)), size);
export const streamSpeed = (name, piece, times) => megabytesPerSecond(() => contestants[name].pieces(bytesOf(piece), times), piece * times);
