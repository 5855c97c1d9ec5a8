// The engine of the command line: one wasm file, compiled when it is first asked for.

import { readFileSync } from 'node:fs';
import { commandLine, initSync } from '../dist/command-line.js';

// Commands that ask no registry.
const local = new Set([undefined, 'annotate', 'completion', 'duplicate', 'help', 'logout', 'ls', 'man', 'remove', 'rename', 'rm', 'version', '--help', '-h', '--version']);

/** Runs one command line on `machine` by the engine in the file `wasm`, and answers its exit code. */
export async function run(argv, machine, wasm) {
  const compiled = WebAssembly.compile(readFileSync(wasm));
  // Other threads compile; this one loads what sends requests meanwhile.
  if (!local.has(argv[0])) machine.prepare();
  initSync({ module: await compiled });
  return commandLine(argv, machine);
}
