// Redirects to storage at another origin, where a program gives its own `fetch`.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';

const blob = Buffer.from('a layer');
const digest = `sha256:${createHash('sha256').update(blob).digest('hex')}`;
const shown = [];

let Tallyman;
let registry;
let storage;

/** Starts a server, and returns it with its host. */
async function start(answer) {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, host: `127.0.0.1:${server.address().port}` };
}

before(async () => {
  ({ Tallyman } = await import('../../../../target/npm/tallyman/lib/node.js'));
  storage = await start(({ headers: { authorization } }, response) => {
    shown.push(authorization);
    response.end(blob);
  });
  registry = await start(({ headers: { authorization }, url }, response) => {
    if (authorization === undefined) response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="r"' }).end();
    else if (url.includes('/blobs/')) response.writeHead(307, { Location: `http://${storage.host}/kept` }).end();
    else response.end('{}');
  });
});
after(() => [registry, storage].forEach(({ server }) => server.close()));

/** A `fetch` that takes all headers along wherever a redirect points to. */
async function keepingFetch(url, init) {
  const response = await fetch(url, { ...init, redirect: 'manual' });
  const location = response.headers.get('location');
  return location && init.redirect !== 'manual' ? keepingFetch(new URL(location, url).href, init) : response;
}

/** Reads the blob of the registry. */
const read = (options) => readFrom(registry.host, options);

/** Reads the blob of a registry. */
async function readFrom(host, options) {
  const client = new Tallyman({ credentials: () => ({ username: 'ann', password: 'secret' }), insecure: true, ...options });
  const pieces = [];
  for await (const piece of await client.blob(`${host}/acme/app`, { digest, size: blob.length })) pieces.push(piece);
  return Buffer.concat(pieces);
}

test("credentials stay with the registry, whatever a program's own fetch does with them", async () => {
  assert.deepEqual(await read({ fetch: keepingFetch }), blob);
  assert.deepEqual(await read({ fetch: (url, init) => fetch(url, init) }), blob);
  assert.deepEqual(await read({}), blob);
  assert.deepEqual(shown, [undefined, undefined, undefined]);
});

test('a Location beyond ASCII leads where its bytes say, and a host in it is asked by its ASCII name', async () => {
  const location = (host) => `http://${host}/été/日?X-Amz-Meta=ü`;
  const raw = createServer(({ url }, response) => {
    const bytes = Buffer.from(location(`127.0.0.1:${raw.address().port}`)).toString('latin1');
    if (url.includes('/blobs/')) response.writeHead(307, { Location: bytes }).end();
    else response.end(url === new URL(location('x')).href.slice('http://x'.length) ? blob : '{}');
  }).listen(0, '127.0.0.1');
  await once(raw, 'listening');
  const asked = [];
  const answer = async (url) => {
    asked.push(url);
    return url.includes('/blobs/') ? new Response(null, { status: 307, headers: { Location: Buffer.from(location('bücher.example')).toString('latin1') } }) : new Response(blob);
  };
  try {
    for (const own of [{}, { fetch }]) {
      assert.deepEqual(await readFrom(`127.0.0.1:${raw.address().port}`, own), blob);
    }
    assert.deepEqual(await readFrom('r.example', { fetch: answer }), blob);
    assert.equal(asked.at(-1), 'http://xn--bcher-kva.example/%C3%A9t%C3%A9/%E6%97%A5?X-Amz-Meta=%C3%BC');
  } finally {
    raw.close();
  }
});

test("Cloudflare's workers are no browser, a browser's workers are", async () => {
  const scopes = [
    [{}, false],
    [{ WorkerGlobalScope: Object, ServiceWorkerGlobalScope: Object, WebSocketPair: Object }, false],
    [{ WorkerGlobalScope: Object, WorkerLocation: Object, Deno: {} }, false],
    [{ WorkerGlobalScope: Object, WorkerLocation: Object, ServiceWorkerGlobalScope: Object }, true],
    [{ document: {} }, true],
  ];
  const { isBrowser } = await import('../../../../target/npm/tallyman/lib/requests.js');
  for (const [scope, expected] of scopes) {
    Object.assign(globalThis, scope);
    try {
      assert.equal(isBrowser(), expected, Object.keys(scope).join(' '));
    } finally {
      for (const name of Object.keys(scope)) delete globalThis[name];
    }
  }
});
