// Storage on another host: the registry answers with a redirect, and the password stays at home.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { command } from './program.js';

const [program, ...first] = command;
const digestOf = (text) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const config = '{"architecture":"arm64","os":"linux"}';
const manifest = JSON.stringify({
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  config: { mediaType: 'application/vnd.oci.image.config.v1+json', size: config.length, digest: digestOf(config) },
  layers: [],
});

async function listening(handler) {
  const server = createServer(handler);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { host: `127.0.0.1:${server.address().port}`, stop: () => server.close() };
}

/** Creates a list of one image, from a registry with a password that keeps its blobs at `location(storage)`. */
async function create(location) {
  const seen = [];
  const storage = await listening((request, response) => {
    seen.push(request.headers.authorization);
    const again = location(`${storage.host}/again`);
    if (request.url === '/again') response.writeHead(307, { location: `http://${again}` }).end();
    else response.end(config);
  });
  const registry = await listening((request, response) => {
    if (!request.headers.authorization) {
      return response.writeHead(401, { 'www-authenticate': 'Basic realm="test"' }).end();
    }
    if (request.url.includes('/blobs/')) {
      return response.writeHead(307, { location: `http://${location(`${storage.host}/blob`)}` }).end();
    }
    return response.writeHead(200, { 'content-type': 'application/vnd.oci.image.manifest.v1+json' }).end(manifest);
  });
  const home = mkdtempSync(join(tmpdir(), 'tallyman-redirects-'));
  const auth = Buffer.from('alice:s3cret').toString('base64');
  writeFileSync(join(home, 'config.json'), JSON.stringify({ auths: { [registry.host]: { auth } } }));
  const args = [...first, 'create', '--insecure', `${registry.host}/app:1`, `${registry.host}/app:arm`];
  const outcome = await new Promise((resolve) => {
    execFile(program, args, { env: { PATH: process.env.PATH, TALLYMAN_CONFIG: home } }, (error, stdout, stderr) =>
      resolve({ exit: error?.code ?? 0, stdout, stderr }),
    );
  });
  rmSync(home, { recursive: true });
  storage.stop();
  registry.stop();
  return { ...outcome, seen };
}

test('a blob that is stored elsewhere is fetched there, without the password', async () => {
  const { exit, stderr, seen } = await create((there) => there);
  assert.equal(exit, 0, stderr);
  assert.deepEqual(seen, [undefined]);
});

test('a circle of redirects ends', async () => {
  const { exit, stderr } = await create((there) => there.replace('/blob', '/again'));
  assert.equal(exit, 1);
  assert.match(stderr, /stopped after 10 redirects/);
});
