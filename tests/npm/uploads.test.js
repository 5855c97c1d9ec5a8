// Blobs that are sent from where JavaScript has them, to registries that differ in which uploads they take.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { openAsBlob } from 'node:fs';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Digest, Tallyman } from 'tallyman';
import { startDevRegistry } from '../e2e/servers.js';

const profiles = ['ghcr', 'ecr', 'quay', 'gitlab', 'harbor', 'nexus', 'artifactory', 'gar', 'acr', 'dockerhub'];
const content = Uint8Array.from({ length: 9 * 1024 * 1024 + 1 }, (_, at) => at % 251);
const digest = Digest.of(content);
const shared = new Uint8Array(new SharedArrayBuffer(content.length));
shared.set(content);
const growing = new ArrayBuffer(content.length, { maxByteLength: 2 * content.length });
new Uint8Array(growing).set(content);

/** Runs `use` with a registry, and a client of it that notes what it asks for. */
async function withRegistry(flags, options, use) {
  const registry = await startDevRegistry(...flags);
  const asked = [];
  const client = new Tallyman({
    credentials: () => ({ username: 'user', password: 'secret' }),
    trustTokenService: () => true,
    onRequest: ({ method, status }) => asked.push(`${method} ${status}`),
    ...options,
  });
  try {
    // Amazon's registry makes no repository by itself.
    await use(client, `${registry.host}/${flags.includes('ecr') ? 'samples/hello' : 'acme/app'}`, asked);
  } finally {
    await registry.stop();
  }
}

/** The digest of the content that a registry has under that digest. */
async function kept(client, repository) {
  return Digest.ofStream(await client.blob(repository, { digest, size: content.length, mediaType: 'application/octet-stream' }));
}

// A program's own `fetch` sends as a browser does.
const doors = { "Node's own requests": {}, 'a fetch of the program': { fetch: (url, init) => fetch(url, init) } };
const forms = { 'an array': content, 'shared memory': shared, 'a buffer that may grow': growing, 'a Blob': new Blob([content]) };

for (const [door, options] of Object.entries(doors)) {
  describe(door, () => {
    for (const profile of profiles) {
      test(`a blob goes to ${profile} in the way that it takes`, () =>
        withRegistry(['--profile', profile, '--samples'], options, async (client, repository) => {
          for (const given of Object.values(forms).slice(1)) {
            const put = await client.putBlob(repository, given, { mediaType: 'text/plain' });
            assert.deepEqual(put, { mediaType: 'text/plain', digest, size: content.length });
          }
          assert.equal(await kept(client, repository), digest);
        }));
    }

    for (const [form, given] of Object.entries(forms)) {
      test(`${form} is one request, and none if it is there`, () =>
        withRegistry([], options, async (client, repository, asked) => {
          await client.putBlob(repository, given);
          assert.deepEqual(asked.filter((line) => !line.startsWith('GET')), ['HEAD 404', 'POST 202', 'PUT 201']);
          asked.length = 0;
          await client.putBlob(repository, given);
          assert.deepEqual(asked, ['HEAD 200']);
          assert.equal(await kept(client, repository), digest);
        }));
    }

    for (const [form, given] of Object.entries(forms)) {
      test(`${form} is sent while it is compared with its digest`, () =>
        withRegistry([], options, async (client, repository, asked) => {
          for (const algorithm of ['sha256', 'sha512']) {
            const known = Digest.of(content, algorithm);
            const put = await client.putBlob(repository, given, { digest: known });
            assert.deepEqual(put, { mediaType: 'application/octet-stream', digest: known, size: content.length });
          }
          assert.deepEqual(asked.filter((line) => !line.startsWith('GET')), ['HEAD 404', 'POST 202', 'PUT 201', 'HEAD 404', 'POST 202', 'PUT 201']);
          assert.equal(await kept(client, repository), digest);
        }));
    }

    test('content of another digest is refused, whatever the registry has', () =>
      withRegistry([], options, async (client, repository) => {
        const other = new Uint8Array(content).fill(1, 0, 1);
        const expected = { code: 'digest-mismatch', expected: digest, found: Digest.of(other), reference: repository };
        for (const given of [other, new Blob([other])]) await assert.rejects(client.putBlob(repository, given, { digest }), expected);
        await assert.rejects(client.blob(repository, digest).then((stream) => Digest.ofStream(stream)), { code: 'not-found' });
        await client.putBlob(repository, content);
        await assert.rejects(client.putBlob(repository, other, { digest: Digest.parse(digest) }), expected);
        await assert.rejects(client.putBlob(repository, content, { digest: 'sha256:1' }), { code: 'digest-invalid' });
      }));

    test('an upload that breaks goes on, and the blob is whole', () =>
      withRegistry(['--profile', 'quay', '--fault', 'break-upload,times=1'], options, async (client, repository, asked) => {
        await client.putBlob(repository, content);
        assert.equal(await kept(client, repository), digest);
        assert.ok(asked.length > 3, asked.join(', '));
      }));
  });
}

test('a signal that was given ends an upload', () =>
  withRegistry(['--fault', 'latency,ms=60000,path=/v2/*/blobs/uploads/*'], {}, async (client, repository) => {
    const reason = new Error('enough');
    await assert.rejects(client.putBlob(repository, content, { signal: AbortSignal.timeout(50) }), { name: /./ });
    const controller = new AbortController();
    controller.abort(reason);
    await assert.rejects(client.putBlob(repository, content, { signal: controller.signal }), { code: 'aborted' });
  }));

test('an upload that is refused ends the hashing of its content', { timeout: 60_000 }, async () => {
  let isCancelled = false;
  // One whose stream never comes to its end.
  class Endless extends Blob {
    stream() {
      return new ReadableStream({ pull: () => new Promise(() => undefined), cancel: () => void (isCancelled = true) });
    }
  }
  const fetch = async (_url, { method }) => new Response(null, { status: method === 'HEAD' ? 404 : 403 });
  const client = new Tallyman({ fetch, attempts: 1 });
  await assert.rejects(client.putBlob('reg.example/app', new Endless(['content']), { digest }), { code: 'denied' });
  assert.ok(isCancelled);
});

test('a Blob that stands for a file which has changed is told as such', (t) =>
  withRegistry([], {}, async (client, repository) => {
    const folder = await mkdtemp(join(tmpdir(), 'tallyman-npm-'));
    t.after(() => rm(folder, { recursive: true }));
    const file = join(folder, 'layer.tar');
    await writeFile(file, 'content');
    const blob = await openAsBlob(file);
    await writeFile(file, 'other content');
    for (const options of [{}, { digest }]) {
      await assert.rejects(client.putBlob(repository, blob, options), ({ name, code, cause }) => {
        assert.deepEqual([name, code, cause.name], ['TallymanError', 'input-failed', 'NotReadableError']);
        return true;
      });
    }
  }));

test('a Blob that stands for a file is sent without being in memory as a whole', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tallyman-npm-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'layer.tar');
  const size = 256 * 1024 * 1024;
  await writeFile(file, '');
  await truncate(file, size);
  const script = `
    import { openAsBlob } from 'node:fs';
    import { createServer } from 'node:http';
    import { Tallyman } from 'tallyman';
    const sizes = [];
    const server = createServer(async (request, response) => {
      if (request.method === 'HEAD') return response.writeHead(404).end();
      if (request.method === 'POST') return response.writeHead(202, { location: '/v2/app/blobs/uploads/1' }).end();
      let size = 0;
      for await (const piece of request) size += piece.length;
      sizes.push(size);
      response.writeHead(201).end();
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const repository = '127.0.0.1:' + server.address().port + '/app';
    const tm = new Tallyman();
    await tm.putBlob(repository, 'small');
    const before = process.resourceUsage().maxRSS;
    const { digest } = await tm.putBlob(repository, await openAsBlob(${JSON.stringify(file)}));
    await tm.putBlob(repository, await openAsBlob(${JSON.stringify(file)}), { digest });
    console.log(JSON.stringify({ sizes, more: (process.resourceUsage().maxRSS - before) * 1024 }));
    process.exit();`;
  const { stdout } = await promisify(execFile)('node', ['--no-warnings', '--input-type=module', '-e', script], { cwd: fileURLToPath(new URL('.', import.meta.url)) });
  const { sizes, more } = JSON.parse(stdout);
  assert.deepEqual(sizes, [5, size, size]);
  assert.ok(more < size / 2, `${more} bytes more of memory`);
});

test('a buffer that is transferred ends its upload, and nothing else', { timeout: 60_000 }, (t) =>
  withRegistry([], { attempts: 1 }, async (client, repository) => {
    const uncaught = [];
    const listen = (error) => uncaught.push(error);
    process.on('uncaughtException', listen);
    t.after(() => process.off('uncaughtException', listen));
    const transfer = (bytes) => structuredClone(bytes, { transfer: [bytes.buffer] });
    const refused = { name: 'TallymanError', code: 'argument-invalid', message: /transferred/ };
    for (const options of [{}, { digest }]) {
      const bytes = new Uint8Array(content);
      const put = client.putBlob(repository, bytes, options);
      transfer(bytes);
      await assert.rejects(put, refused);
    }
    await client.putManifest(`${repository}:1`, JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [] }));
    const attached = new Uint8Array(content);
    const attaching = client.attach(`${repository}:1`, { artifactType: 'a/b', blobs: [{ content: attached }] });
    transfer(attached);
    await assert.rejects(attaching, refused);
    assert.deepEqual(uncaught, []);
    assert.equal((await client.putBlob(repository, content)).digest, digest);
  }));

test('a buffer that is transferred in the middle of an upload ends that', { timeout: 60_000 }, (t) => {
  const transfer = (bytes) => structuredClone(bytes, { transfer: [bytes.buffer] });
  const refused = { name: 'TallymanError', code: 'argument-invalid', message: /transferred/ };
  const uncaught = [];
  const listen = (error) => uncaught.push(error);
  process.on('uncaughtException', listen);
  t.after(() => process.off('uncaughtException', listen));
  return (async () => {
    for (const method of ['HEAD', 'POST', 'PUT', 'PATCH']) {
      const bytes = new Uint8Array(content);
      let at = 0;
      // A registry that takes parts alone.
      const fetch = async (_url, init) => {
        if (init.method === method && bytes.length > 0) transfer(bytes);
        const headers = { location: 'https://reg.example/v2/app/blobs/uploads/1' };
        if (init.method === 'HEAD') return new Response(null, { status: 404 });
        if (init.method === 'PUT' && init.body) return new Response(null, { status: 415 });
        if (init.method === 'PATCH') {
          if (!new Headers(init.headers).has('content-range')) return new Response(null, { status: 416 });
          at += init.body.byteLength;
        }
        return new Response(null, { status: init.method === 'PUT' ? 201 : 202, headers: at > 0 ? { ...headers, range: `0-${at - 1}` } : headers });
      };
      await assert.rejects(new Tallyman({ fetch, attempts: 1 }).putBlob('reg.example/app', bytes, { digest }), refused, method);
    }
    // Node's own requests write it when there is a connection.
    await withRegistry(['--fault', 'latency,ms=300,path=/v2/*/blobs/*,method=HEAD'], { attempts: 1 }, async (client, repository) => {
      const bytes = new Uint8Array(content);
      setTimeout(() => transfer(bytes), 100);
      await assert.rejects(client.putBlob(repository, bytes, { digest }), refused);
    });
    assert.deepEqual(uncaught, []);
  })();
});

test('an upload goes on after the registry is forgotten', () =>
  withRegistry(['--fault', 'latency,ms=300,path=/v2/*/blobs/uploads/*'], {}, async (client, repository) => {
    const put = client.putBlob(repository, content);
    setTimeout(() => client.forget(repository.split('/')[0]), 100);
    await put;
    assert.equal(await kept(client, repository), digest);
  }));

test('a stream that nobody reads keeps no program from its end', { timeout: 60_000 }, () =>
  withRegistry(['--samples'], {}, async (client, repository) => {
    const large = new Uint8Array(40_000_000);
    const { digest } = await client.putBlob(repository, large);
    const begin = "import { Tallyman } from 'tallyman'; const tm = new Tallyman({ credentials: () => ({ username: 'user', password: 'secret' }) });";
    for (const work of [`await tm.blob('${repository}', '${digest}');`, `const reader = (await tm.blob('${repository}', '${digest}')).getReader(); await reader.read();`]) {
      const began = performance.now();
      await promisify(execFile)(process.execPath, ['--input-type=module', '-e', `${begin} ${work}`], { cwd: fileURLToPath(new URL('.', import.meta.url)) });
      const took = performance.now() - began;
      assert.ok(took < 15_000, `${took} ms`);
    }
  }));
