// The engine: one wasm file, compiled when it is first asked for.

import { readFileSync } from 'node:fs';
import { commandLine, initSync } from '../dist/tallyman.js';

/** Runs one command line against `host`, and answers its exit code. */
export async function run(argv, host) {
  initSync({ module: readFileSync(new URL('../dist/tallyman_bg.wasm', import.meta.url)) });
  return commandLine(argv, host);
}
