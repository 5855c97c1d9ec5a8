// The command line as a program: its exit code, and what happens when somebody ends it early or the machine fails it.

import { run } from './engine.js';
import { createMachine } from './machine.js';

const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

/** Runs one command line by the engine in the file `wasm`, and sets the exit code of this process. */
export async function main(argv, wasm) {
  const machine = createMachine();
  // Changes of the local store are made at once, so that a signal comes before or after, never between. Requests end with
  // their connections: the registry has what was complete.
  for (const [signal, code] of Object.entries(signals)) {
    process.once(signal, () => {
      machine.clearLine();
      process.exit(code);
    });
  }
  // A fault of the machine is one sentence, never a stack of calls.
  process.on('uncaughtException', (error) => fail(error));
  try {
    process.exitCode = await run(argv, machine, wasm);
  } catch (error) {
    fail(error);
  } finally {
    machine.close();
  }
  process.once('beforeExit', () => {
    const failure = machine.outputFailure();
    if (failure) fail(failure);
  });
}

function fail(error) {
  process.stderr.on('error', () => {});
  const message = error instanceof Error ? error.message : String(error);
  const isMemory = /out of memory|Cannot allocate|could not allocate/i.test(message);
  process.stderr.write(`${isMemory ? `expected memory for the engine, the system refused it: ${message}` : message}\n`);
  process.exitCode = 1;
}
