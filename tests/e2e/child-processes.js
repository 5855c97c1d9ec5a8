// Programs that tests and measurements start. They and the temporary folders end with the process that started them, however it ends.

import { execFile, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));
const running = new Set();
const folders = new Set();

process.on('exit', () => {
  for (const child of running) child.kill();
  // A program that ends may still write into its folder.
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
});

/** Lets this process end at a signal as it does at an error, unless somebody else handles the signal, as Playwright's workers do. */
export function endAtSignals() {
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM']) {
    if (process.listenerCount(signal) === 0) process.once(signal, () => process.exit(128 + constants.signals[signal]));
  }
}

/** Starts a program, and gives its process once it runs. Fails, and says what to do, where the program is not there. */
export async function startProgram(program, args, options = {}) {
  endAtSignals();
  const child = spawn(program, args, options);
  await new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(explained(error, program)));
  });
  return kept(child);
}

/** Runs a program to its end, and gives what it prints. Fails, and says what to do, where the program is not there. */
export async function runProgram(program, args) {
  endAtSignals();
  const ended = promisify(execFile)(program, args);
  kept(ended.child);
  const { stdout } = await ended.catch((error) => {
    throw explained(error, program);
  });
  return stdout;
}

/** Makes a temporary folder, whose name begins with `prefix`. */
export async function temporaryFolder(prefix) {
  endAtSignals();
  const folder = await mkdtemp(join(tmpdir(), prefix));
  folders.add(folder);
  return folder;
}

function kept(child) {
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

function explained(error, program) {
  if (error.code !== 'ENOENT') return error;
  const path = relative(root, program);
  const isBuilt = path.startsWith('target/');
  const advice = isBuilt ? 'cargo xtask test and cargo xtask bench without --built build what they start' : 'install it; cargo xtask setup installs what the tests take';
  return Object.assign(new Error(`expected the program ${isBuilt ? path : program}, found none: ${advice}`), { code: error.code });
}
