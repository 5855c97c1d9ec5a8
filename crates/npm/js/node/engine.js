// The engine of the command line: one wasm file, compiled when it is first asked for.

import { readFileSync } from 'node:fs';
import { commandLine, initSync } from '../dist/command-line.js';

/** Runs one command line against `host`, and answers its exit code. */
export async function run(argv, host) {
  initSync({ module: readFileSync(new URL('../dist/command-line.wasm', import.meta.url)) });
  return commandLine(argv, host);
}
