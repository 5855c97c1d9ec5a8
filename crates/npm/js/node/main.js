// The command line as a program: its exit code, and what happens when somebody ends it early.

import { run } from './engine.js';
import { createHost } from './host.js';

const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

/** Runs one command line and sets the exit code of this process. */
export async function main(argv) {
  const host = createHost();
  // Changes of the local store are made at once, so that a signal comes before or after, never between. Requests end with
  // their connections: the registry has what was complete.
  for (const [signal, code] of Object.entries(signals)) {
    process.once(signal, () => {
      host.clearLine();
      process.exit(code);
    });
  }
  process.exitCode = await run(argv, host);
  host.close();
}
