// The page of layers.js: lists a layer that comes from a server by one of the ways of listers.js.

import * as fflate from 'fflate';
import * as tar from 'tar-stream';
import { listers } from './listers.js';

const load = {
  tallyman: () => import(/* @vite-ignore */ `${location.origin}/target/npm/tallyman/lib/index.js`),
  fflate: async () => fflate,
  tar: async () => tar,
  decompression: true,
};

/** The seconds that a layer takes from the request to the end; it must have so many files. */
export async function seconds(name, address, expected) {
  const start = performance.now();
  const { body } = await fetch(address);
  const files = await listers(load)[name](body);
  if (files !== expected) throw new Error(`${name}: expected ${expected} files, found ${files}`);
  return (performance.now() - start) / 1000;
}

/** The names. */
export const names = Object.keys(listers(load));
