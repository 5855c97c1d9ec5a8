// The entry for Deno: ready when it is imported, with Deno's own fetch, files and hashes.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import * as files from '../node/folders.js';
import { createMachine } from '../node/machine.js';
import { provide } from './engine.js';

provide({
  wasm: () => readFileSync(new URL('../dist/tallyman.wasm', import.meta.url)),
  client: () => readFile(new URL('../dist/client.wasm', import.meta.url)),
  extras: () => readFile(new URL('../dist/extras.wasm', import.meta.url)),
  layers: () => readFile(new URL('../dist/layers.wasm', import.meta.url)),
  files,
  machine: createMachine,
  hasher: (algorithm) => {
    const hash = createHash(algorithm);
    return { update: (bytes) => void hash.update(bytes), finish: () => hash.digest('hex') };
  },
});

export * from './api.js';
