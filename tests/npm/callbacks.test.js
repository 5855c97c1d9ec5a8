// Callbacks and signals of a program: they fail, come late and live long.

import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { setImmediate as pause } from 'node:timers/promises';
import { Tallyman } from 'tallyman';
import { startDevRegistry } from '../e2e/servers.js';
import { failure } from './failure.js';

const digest = `sha256:${'1'.repeat(64)}`;
let registry;
let hello;
let files;

before(async () => {
  registry = await startDevRegistry('--samples');
  hello = `${registry.host}/samples/hello`;
  files = `${registry.host}/samples/files:1`;
});
after(() => registry.stop());

test('a signal that is aborted right behind a call lets nothing be sent', async () => {
  const asked = [];
  const fetch = (url, init) => {
    asked.push(`${init.method} ${url}`);
    return globalThis.fetch(url, init);
  };
  const list = await new Tallyman().create(`${registry.host}/aborted/hello:v1`, [`${hello}:amd64`]);
  const tm = new Tallyman({ fetch });
  for (const call of [
    (signal) => tm.delete(`${hello}@${digest}`, { signal }),
    (signal) => tm.untag(`${hello}:latest`, { signal }),
    (signal) => tm.push(list, { signal }),
    (signal) => tm.putBlob(hello, 'content', { signal }),
    (signal) => tm.copy(`${hello}:latest`, `${registry.host}/aborted/copy:v1`, { signal }),
    (signal) => tm.findings(hello, { signal }),
    (signal) => tm.tags(hello, { signal }).next(),
    (signal) => tm.files(files, { signal }).next(),
  ]) {
    const controller = new AbortController();
    const failed = failure(() => call(controller.signal));
    controller.abort(new Error('enough'));
    const { code, cause } = await failed;
    assert.deepEqual([code, cause.message], ['aborted', 'enough'], String(call));
  }
  assert.deepEqual(asked, []);
});

describe('the option insecure', () => {
  for (const [name, insecure, message] of [
    ['throws', () => { throw new Error('the list is not there'); }, /the option insecure failed for 127\.0\.0\.1:\d+: the list is not there/],
    ['returns something else', () => null, /the option insecure failed for .*: expected true or false as what insecure returns, found null/],
    ['returns a promise', async () => true, /found an object of the class Promise/],
  ]) {
    test(`is the error of the request where it ${name}`, async () => {
      for (const options of [{}, { fetch: (url, init) => fetch(url, init) }]) {
        const tm = new Tallyman({ insecure, attempts: 1, ...options });
        for (const call of [() => tm.inspect(`${hello}:latest`), () => tm.tags(hello).next()]) {
          const error = await failure(call);
          assert.deepEqual([error.code, error.registry, error.cause.constructor.name.endsWith('Error')], ['argument-invalid', registry.host, true]);
          assert.match(error.message, message);
        }
      }
    });
  }

  test('lets nothing be sent to a registry, whatever its name', async () => {
    const asked = [];
    const fetch = (url) => {
      asked.push(url);
      return Promise.reject(new Error('no way'));
    };
    const tm = new Tallyman({ fetch, attempts: 1, insecure: () => null });
    for (const name of ['docker.io', 'registry', 'registry:443', 'registry.example:8443', '[::1]:5000']) {
      const error = await failure(() => tm.catalog(name).next());
      assert.deepEqual([error.code, error.registry], ['argument-invalid', name]);
    }
    assert.deepEqual(asked, []);
  });

  test('is asked again, and nothing is sent while it fails', async () => {
    let isThere = false;
    const asked = [];
    const insecure = () => {
      if (!isThere) throw new Error('the list is not there');
      return true;
    };
    const tm = new Tallyman({ insecure, onRequest: ({ url }) => asked.push(url) });
    assert.equal((await failure(() => tm.inspect(`${hello}:latest`))).cause.message, 'the list is not there');
    assert.deepEqual(asked, []);
    isThere = true;
    assert.equal((await tm.inspect(`${hello}:latest`)).kind, 'list');
  });
});

test('a callback trustTokenService that fails lets nothing be sent, and is the cause', async () => {
  const asked = [];
  const fetch = (url, { headers }) => {
    asked.push([url, new Headers(headers).get('authorization')]);
    return Promise.resolve(new Response('', { status: 401, headers: { 'www-authenticate': 'Bearer realm="https://tokens.example/token",service="reg"' } }));
  };
  const credentials = () => ({ username: 'user', password: 'secret' });
  for (const [trustTokenService, message] of [
    [() => { throw new Error('the list is not there'); }, /^the list is not there$/],
    [() => Promise.reject(new Error('the list is not there')), /^the list is not there$/],
    [() => 'yes', /^expected true or false as what trustTokenService returns, found "yes"$/],
    [async () => 1, /found 1$/],
    [() => false, undefined],
    [() => undefined, undefined],
  ]) {
    const error = await failure(() => new Tallyman({ fetch, credentials, trustTokenService, attempts: 1 }).catalog('reg.example').next());
    const refusal = [error, error.cause].find((error) => error?.code === 'foreign-realm');
    assert.equal(refusal?.realm, 'https://tokens.example/token');
    if (message) assert.match(refusal.cause.message, message);
    else assert.equal(refusal.cause, undefined);
  }
  assert.deepEqual(asked.filter(([url, authorization]) => authorization || url.includes('tokens.example')), []);
});

test('what a listener throws, or its promise is rejected with, changes nothing', async () => {
  const heard = [];
  const fails = async ({ kind = 'request' }) => {
    heard.push(kind);
    throw new Error('the log is full');
  };
  const flaky = await startDevRegistry('--samples', '--fault', 'server-error,times=1');
  const tm = new Tallyman({ onRequest: fails, onRetry: fails });
  assert.equal((await tm.inspect(`${flaky.host}/samples/hello:latest`)).kind, 'list');
  await tm.copy(`${hello}:latest`, `${flaky.host}/told/copy:v1`, { onProgress: fails });
  const list = await tm.create(`${flaky.host}/told/list:v1`, [`${flaky.host}/told/copy:v1`], { flatten: true });
  await tm.push(list, { onProgress: fails });
  await tm.apply({ image: `${flaky.host}/told/described:v1`, images: [`${flaky.host}/samples/hello:amd64`] }, { onProgress: fails });
  // A rejection that nobody handles fails this test once the engine has had its turn.
  await pause();
  assert.ok(heard.includes('request') && heard.includes('done') && heard.includes('planned'), heard.join());
  await flaky.stop();
});

test('the cause of an error is that of its own request', async () => {
  let isBroken = true;
  const fetch = async () => {
    if (isBroken) throw new Error('the cable is out');
    return Response.json({ errors: [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' }] }, { status: 404 });
  };
  const tm = new Tallyman({ fetch, attempts: 1 });
  const [first, second] = [await failure(() => tm.manifest('r.example/app:1')), (isBroken = false) || (await failure(() => tm.manifest('r.example/app:1')))];
  assert.deepEqual([first.code, first.cause.message], ['unreachable', 'the cable is out']);
  assert.deepEqual([second.code, second.status, second.cause], ['not-found', 404, undefined]);
});

test('a signal that outlives its calls has no listener of theirs', async () => {
  const { signal } = new AbortController();
  const tm = new Tallyman();
  const all = async (items) => {
    for await (const item of items) assert.ok(item);
  };
  const platform = 'linux/amd64';
  await all(tm.files(files, { platform, signal }));
  await all(tm.files(files, { platform, layer: 1, signal }));
  await all(tm.layerChanges(files, { platform, signal }));
  await all(tm.changes(files, files, { platform: [platform, 'windows/amd64'], signal }));
  await tm.waste(files, { platform, signal });
  await all(tm.tags(hello, { signal }));
  await tm.putBlob(`${registry.host}/signals/app`, 'content', { signal });
  await failure(() => tm.files(`${hello}:none`, { signal }).next());
  const { layers } = await tm.manifest(`${hello}:amd64`);
  await new Response(await tm.blob(hello, layers[0], { signal })).arrayBuffer();
  await (await tm.blob(hello, layers[0], { signal })).cancel();
  await failure(async () => new Response(await tm.blob(hello, { ...layers[0], size: 1 }, { signal })).arrayBuffer());
  const { value: entry } = await tm.files(files, { platform }).next();
  await failure(async () => (await tm.file(files, entry.path, { platform, signal })).cancel());
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});

test("a program's own fetch that throws anything or returns no response is told as such, and what it returns is asked for once", async () => {
  const headers = new Headers({ 'content-type': 'application/json' });
  const read = new Response('read');
  await read.text();
  for (const [answer, message] of [
    [() => undefined, /the option fetch failed for http.*: expected a Response with status and headers as what fetch returns, found undefined$/],
    [() => ({ status: 200 }), /found an object of the class Object$/],
    [() => ({ status: 200, headers: {}, body: null }), /expected a Response with status and headers/],
    [() => Response.error(), /found an object of the class Response$/],
    [() => ({ status: 200, headers, body: 'text' }), /expected a stream of bytes, found string$/],
    [() => read, /expected a stream of bytes that nobody has begun to read/],
  ]) {
    let isFirst = true;
    let asked = 0;
    const fetch = async () => {
      asked += 1;
      // A registry that has answered once is asked again after a failure.
      if (!isFirst) return answer();
      isFirst = false;
      return Response.json({}, { status: 404 });
    };
    const tm = new Tallyman({ fetch, attempts: 3 });
    await failure(() => tm.manifest('r.example/app:1'));
    asked = 0;
    const error = await failure(() => tm.manifest('r.example/app:1'));
    assert.deepEqual([error.code, asked], ['argument-invalid', 1], error.message);
    assert.match(error.message, message);
  }
  for (const thrown of [undefined, null, 'no way', 5, { cause: { code: 5 } }]) {
    const error = await failure(() => new Tallyman({ attempts: 1, fetch: () => Promise.reject(thrown) }).manifest('r.example/app:1'));
    assert.equal(error.code, 'unreachable');
    assert.ok(error.message.includes(String(thrown)), error.message);
  }
});

test("the pieces of a program's own fetch are bytes of any form, or the error says that they are none", { timeout: 60_000 }, async () => {
  const { bytes, digest, mediaType } = await new Tallyman().manifest(`${hello}:amd64`);
  const buffer = Uint8Array.from(bytes).buffer;
  const [status, headers] = [200, new Headers({ 'content-type': mediaType })];
  const streamed = (piece) => new Response(ReadableStream.from([piece]), { headers });
  for (const response of [
    () => streamed(buffer),
    () => streamed(new DataView(buffer)),
    // Bodies of libraries are streams of Node.
    () => ({ status, headers, url: '', body: Readable.from([Buffer.from(buffer)]) }),
  ]) {
    const found = await new Tallyman({ attempts: 1, fetch: async () => response() }).manifest(`${registry.host}/pieces/app:1`);
    assert.equal(found.digest, digest);
  }
  for (const piece of ['text', 5, {}]) {
    const { message } = await failure(() => new Tallyman({ attempts: 1, fetch: async () => streamed(piece) }).manifest(`${registry.host}/pieces/app:1`));
    assert.match(message, new RegExp(`expected pieces of bytes, found ${typeof piece}$`));
  }
  const none = { getReader: () => ({ read: async () => ({ done: false, value: null }) }) };
  const { message } = await failure(() => new Tallyman({ attempts: 1, fetch: async () => ({ status, headers, url: '', body: none }) }).manifest(`${registry.host}/pieces/app:1`));
  assert.match(message, /expected pieces of bytes, found null$/);
});
