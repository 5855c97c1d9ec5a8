// The entry for browsers, bundlers and workers: it carries the wasm, so that nothing has to be configured and nothing is fetched.

import * as carried from '../dist/inline.js';
import { provide } from './engine.js';

provide({
  wasm: () => bytesOf(carried.tallyman),
  client: () => bytesOf(carried.client),
  extras: () => bytesOf(carried.extras),
  layers: () => bytesOf(carried.layers),
});

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

export * from './api.js';
