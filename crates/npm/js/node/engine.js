// The engine of the command line: one wasm file, compiled when it is first asked for.

import { readFileSync } from 'node:fs';
import { commandLine, initSync } from '../dist/command-line.js';

// Commands without requests to registries.
const local = new Set([undefined, 'annotate', 'completion', 'duplicate', 'help', 'logout', 'ls', 'man', 'remove', 'rename', 'rm', 'version', '--help', '-h', '--version']);

/** Returns `true` if a command sends requests to registries. */
export const asksRegistry = (command) => !local.has(command);

/** Runs one command line on `machine` by the engine in the file `wasm`, and answers its exit code. */
export async function run(argv, machine, wasm) {
  const compiled = WebAssembly.compile(readFileSync(wasm));
  // Other threads compile; this one loads what sends requests meanwhile.
  if (asksRegistry(argv[0])) machine.prepare();
  initSync({ module: await compiled });
  return commandLine(argv, machine);
}
