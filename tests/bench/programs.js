// Programs, run from start to end.

import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The command line of the built package. */
export const tallyman = [process.execPath, fileURLToPath(new URL('../../target/npm/tallyman/bin/tallyman.js', import.meta.url))];
/** The Docker CLI's, where it is. */
export const dockerManifest = ['docker', 'manifest'];

/** Returns `true` if the machine has `program`. */
export async function has(program) {
  return promisify(execFile)(program, ['--version']).then(
    () => true,
    () => false,
  );
}

/** Runs a program with its own empty configuration `folder`, and gives what it prints. */
export function run([program, ...first], args, folder) {
  const env = { ...process.env, DOCKER_CONFIG: folder, TALLYMAN_CONFIG: folder, DOCKER_CLI_EXPERIMENTAL: 'enabled' };
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...first, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let [printed, complaints] = ['', ''];
    child.stdout.on('data', (text) => (printed += text));
    child.stderr.on('data', (text) => (complaints += text));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(printed);
      else reject(new Error(`${[program, ...first, ...args].join(' ')} ended with ${code}: ${complaints}`));
    });
  });
}

/** Does `work` with a folder that is removed afterwards. */
export async function withFolder(work) {
  const folder = await mkdtemp(join(tmpdir(), 'tallyman-bench-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Milliseconds that `work` takes. */
export async function milliseconds(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
