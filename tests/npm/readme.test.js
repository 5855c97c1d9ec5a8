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
  const renamed = stdout.replaceAll(`${registry.host}/samples/`, 'reg.example/').replaceAll(`${other.host}/`, 'other.example/');
  return renamed.replaceAll(`http://${registry.host}/v2/samples/`, 'https://reg.example/v2/').replaceAll(registry.host, 'reg.example');
}

test('each example in TypeScript has its output', () => {
  assert.equal([...text.matchAll(/^```ts$/gm)].length, examples.length);
  assert.ok(examples.length >= 10);
});

test('the functions in place of --header and --mirror send secrets to nobody else', async () => {
  const [, code] = /^```js\n(const withHeader = .*?)^```$/ms.exec(text);
  const sent = [];
  const send = (url, { headers }) => sent.push([url, Object.fromEntries(new Headers(headers))]);
  const { withHeader, withMirror } = new Function('Tallyman', 'fetch', `${code}; return { withHeader, withMirror };`)(class {
    constructor(options) {
      Object.assign(this, options);
    }
  }, send);
  const asked = (tm, method, url) => {
    tm.fetch(url, { method, headers: [['authorization', 'Bearer secret'], ['accept', 'x/y']] });
    return sent.pop();
  };
  const credentials = { authorization: 'Bearer secret', accept: 'x/y' };
  for (const url of ['https://auth.example/token?service=reg.example', 'https://storage.example/blob', 'https://reg.example.evil.example/v2/']) {
    assert.deepEqual(asked(withHeader, 'GET', url), [url, credentials]);
  }
  for (const method of ['GET', 'PUT']) {
    const url = 'https://reg.example/v2/app/manifests/v1';
    assert.deepEqual(asked(withHeader, method, url), [url, { ...credentials, 'x-tenant': 'acme' }]);
  }
  for (const path of ['manifests/v1', `blobs/sha256:${'1'.repeat(64)}`]) {
    assert.deepEqual(asked(withMirror, 'GET', `https://ghcr.io/v2/acme/app/${path}`), [`https://mirror.example/v2/acme/app/${path}`, { accept: 'x/y' }]);
  }
  for (const [method, url] of [
    ['GET', 'https://ghcr.io/v2/'],
    ['GET', 'https://ghcr.io/token?scope=repository:acme/app:pull'],
    ['GET', 'https://ghcr.io/v2/acme/app/tags/list'],
    ['GET', 'https://ghcr.io/v2/acme/app/blobs/uploads/1'],
    ['PUT', 'https://ghcr.io/v2/acme/app/manifests/v1'],
    ['GET', 'https://other.example/v2/acme/app/manifests/v1'],
  ]) {
    assert.deepEqual(asked(withMirror, method, url), [url, credentials]);
  }
});

for (const [at, { code, output }] of examples.entries()) {
  const name = /^(?:const|await|console|for|try).*$/m.exec(code)?.[0].slice(0, 60);
  test(`example ${at + 1} prints what the README says: ${name}`, async () => assert.equal(await run(code, at), output));
}
