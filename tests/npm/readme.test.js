// The README's examples, run as they stand, and what they print.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { transform } from 'esbuild';
import { startDevRegistry } from '../e2e/servers.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const source = fileURLToPath(new URL('../../crates/npm/js/README.md', import.meta.url));
const folder = join(here, 'consumers/readme-run');
const text = readFileSync(source, 'utf8');
const examples = [...text.matchAll(/^```ts\n(.*?)^```\n\n```text\n(.*?)^```$/gms)].map(([, code, output]) => ({ code, output }));

let registry;
let other;

before(async () => {
  [registry, other] = await Promise.all([startDevRegistry('--samples'), startDevRegistry('--no-referrers')]);
  mkdirSync(folder, { recursive: true });
});
after(async () => {
  await Promise.all([registry?.stop(), other?.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

/** Runs an example against registries of this machine, and gives what it prints in the words of the README. */
async function run(code, at) {
  const there = code.replaceAll('reg.example/', `${registry.host}/samples/`).replaceAll('other.example/', `${other.host}/`).replaceAll('/tmp/example/', `${folder.replaceAll("'", "\\'")}/`);
  const { code: script } = await transform(there, { loader: 'ts', format: 'esm' });
  const file = join(folder, `example-${at}.mjs`);
  writeFileSync(file, script);
  // Without the credentials of whoever runs the tests.
  const env = { ...process.env, DOCKER_CONFIG: folder, NO_COLOR: '1' };
  const { stdout, stderr } = await promisify(execFile)('node', [file], { env });
  assert.equal(stderr, '');
  return stdout.replaceAll(`${registry.host}/samples/`, 'reg.example/').replaceAll(`${other.host}/`, 'other.example/').replaceAll(registry.host, 'reg.example');
}

test('each example in TypeScript has its output', () => {
  assert.equal([...text.matchAll(/^```ts$/gm)].length, examples.length);
  assert.ok(examples.length >= 10);
});

for (const [at, { code, output }] of examples.entries()) {
  const name = /^(?:const|await|console|for|try).*$/m.exec(code)?.[0].slice(0, 60);
  test(`example ${at + 1} prints what the README says: ${name}`, async () => assert.equal(await run(code, at), output));
}
