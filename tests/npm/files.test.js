// Files of images and of layers: the library against the command line, against tar, and against layers that lie.

import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync, readFileSync, lstatSync, readdirSync, readlinkSync, openSync, closeSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { Digest, Tallyman, readLayer } from 'tallyman';
import { startDevRegistry } from '../e2e/servers.js';
import { archive, directory, file, hardlink, header, lazyLayer, members, symlink } from './archives.js';
import { failure } from './failure.js';

const program = fileURLToPath(new URL('node_modules/tallyman/bin/tallyman.js', import.meta.url));
const digestOf = (bytes) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

async function all(items) {
  const found = [];
  for await (const item of items) found.push(item);
  return found;
}

/** Waits until something is so. */
async function eventually(isSo) {
  const end = Date.now() + 30_000;
  while (!isSo()) {
    if (Date.now() > end) assert.fail(`expected ${isSo}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const text = async (stream) => new Response(stream).text();

/** Pieces of so many bytes. */
async function* cut(bytes, size) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe('images of a registry', () => {
  let registry;
  let tm;
  let image;
  before(async () => {
    registry = await startDevRegistry('--samples');
    tm = new Tallyman();
    image = `${registry.host}/samples/files:1`;
  });
  after(() => registry?.stop());

  async function command(...args) {
    const { stdout } = await promisify(execFile)('node', [program, ...args, '--json', '--insecure'], { maxBuffer: 1 << 26 });
    return JSON.parse(stdout);
  }

  test('files of an image and of its layers are those that the command line shows', async () => {
    assert.deepEqual(await all(tm.files(image)), await command('files', image));
    assert.deepEqual(await all(tm.files(image, { path: '/usr/share/doc/package-0000' })), await command('files', image, '/usr/share/doc/package-0000'));
    for (const layer of [1, 2, 3]) {
      assert.deepEqual(await all(tm.files(image, { layer })), await command('files', image, '--layer', `${layer}`));
    }
    const windows = await all(tm.files(image, { platform: 'windows/amd64' }));
    assert.deepEqual(windows, await command('files', image, '--platform', 'windows/amd64'));
    assert.deepEqual(
      windows.filter(({ type }) => type === 'file').map(({ path }) => path),
      ['Files/License.txt', 'Files/hello.exe', 'Hives/System_Delta'],
    );
  });

  test('a blob of a registry is read as a layer, zstd too', async () => {
    const { layers } = await tm.manifest(image, { platform: 'linux/amd64' });
    for (const [number, layer] of layers.entries()) {
      const entries = await all(readLayer(await tm.blob(image, layer)));
      const listed = await all(tm.files(image, { layer: number + 1 }));
      assert.deepEqual(entries.map((entry) => ({ ...entry, layer: number + 1 })), listed);
    }
    assert.match(layers[1].mediaType, /zstd/);
  });

  test('changes of layers and waste are those that the command line shows', async () => {
    assert.deepEqual(await all(tm.layerChanges(image)), await command('files', image, '--changes'));
    assert.deepEqual(await all(tm.layerChanges(image, { layer: 3 })), await command('files', image, '--changes', '--layer', '3'));
    const waste = await tm.waste(image);
    assert.deepEqual(waste, await command('waste', image));
    assert.ok(waste.efficiency < 1 && waste.paths.some(({ path, visible }) => path === 'var/cache/packages.db' && !visible));
  });

  test('a file comes as a stream with its metadata, links followed', async () => {
    const release = await tm.file(image, '/etc/os-release');
    assert.deepEqual([release.file.path, release.file.layer, release.file.type], ['usr/lib/os-release', 1, 'file']);
    assert.equal(await text(release), 'NAME="Sample Linux"\nID=sample\nVERSION_ID=3.22\n');
    assert.equal(await text(await tm.file(image, 'etc/motd')), 'Welcome to the sample, changed.\n');
    const program = await tm.file(image, '/usr/bin/sh');
    assert.equal(program.file.path, 'bin/busybox');
    assert.equal((await text(program)).length > 0, true);
    assert.equal(await text(await tm.file(image, 'C:\\hello.exe', { platform: 'windows/amd64' })), 'MZ hello\n');
    const png = Buffer.from(await new Response(await tm.file(image, '/opt/app/logo.png')).arrayBuffer());
    assert.equal(png.subarray(1, 4).toString(), 'PNG');
  });

  test('files that are not there, that a layer removed and that have no content are told apart', async () => {
    const missing = await failure(() => tm.file(image, '/etc/nothing'));
    assert.deepEqual([missing.code, missing.path], ['file-not-found', 'etc/nothing']);
    const removed = await failure(() => tm.file(image, '/var/cache/packages.db'));
    assert.deepEqual([removed.code, /layer 3 removed it/.test(removed.message)], ['file-not-found', true]);
    assert.equal((await failure(() => tm.file(image, '/etc'))).code, 'not-a-file');
    assert.equal((await failure(() => all(tm.files(image, { path: '/nothing' })))).code, 'file-not-found');
    assert.equal((await failure(() => all(tm.files(image, { layer: 4 })))).code, 'layer-not-found');
    assert.equal((await failure(() => all(tm.files(image, { platform: 'linux/s390x' })))).code, 'platform-not-found');
    assert.equal((await failure(() => all(tm.files(`${registry.host}/samples/schema1:old`)))).code, 'no-config');
    assert.equal((await failure(() => all(tm.files(image, { limits: { entries: 10 } })))).code, 'layer-limit');
  });

  test('paths that differ between the images for two platforms, and none between an image and itself', async () => {
    const found = await all(tm.changes(image, image, { platform: ['linux/amd64', 'windows/amd64'] }));
    const kinds = new Map(found.map(({ kind, path }) => [path, kind]));
    assert.deepEqual([kinds.get('etc/motd'), kinds.get('Files/hello.exe')], ['removed', 'added']);
    const [{ after: added }] = found.filter(({ path }) => path === 'Files/hello.exe');
    assert.deepEqual([added.type, added.size], ['file', 9]);
    assert.deepEqual(await all(tm.changes(image, image)), []);
  });
});

/**
 * A registry in this process of one repository with images of these layers; its requests can be watched. It may send no parts of blobs,
 * and of blobs in `stalls` no more than half, once so many requests for them were answered.
 */
function registryOf(images, { sendsParts = true, stalls = {} } = {}) {
  const blobs = new Map();
  const manifests = new Map();
  const cancelled = [];
  const asked = [];
  const put = (mediaType, bytes) => {
    const digest = digestOf(bytes);
    blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  for (const [tag, layers] of Object.entries(images)) {
    const config = JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) } });
    const manifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: put('application/vnd.oci.image.config.v1+json', Buffer.from(config)),
      layers: layers.map(({ bytes, described }) => ({ ...put('application/vnd.oci.image.layer.v1.tar+gzip', bytes), ...described })),
    });
    manifests.set(tag, manifest).set(digestOf(manifest), manifest);
  }
  const fetch = async (url, { headers, signal }) => {
    const [, what, name] = /\/(manifests|blobs)\/(.*)$/.exec(new URL(url).pathname) ?? [];
    if (what === 'manifests') {
      return new Response(manifests.get(name), { headers: { 'content-type': JSON.parse(manifests.get(name)).mediaType } });
    }
    const range = new Headers(headers).get('range');
    asked.push([name, range]);
    const part = sendsParts && range ? /^bytes=(\d+)-(\d+)$/.exec(range) : undefined;
    if (!blobs.has(name)) return new Response(null, { status: 404 });
    const bytes = part ? blobs.get(name).subarray(Number(part[1]), Number(part[2]) + 1) : blobs.get(name);
    const stalled = asked.filter(([other]) => other === name).length > stalls[name];
    const pieces = cut(stalled ? bytes.subarray(0, bytes.length / 2) : bytes, 64 * 1024);
    const body = new ReadableStream(
      {
        async pull(controller) {
          const { done, value } = await pieces.next();
          if (!done) controller.enqueue(value);
          else if (stalled) await new Promise(() => undefined);
          else controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    // As the platform's own does it: the signal of a request ends its body.
    signal.addEventListener('abort', () => cancelled.push(name));
    return new Response(body, { status: part ? 206 : 200, headers: { 'content-length': String(bytes.length) } });
  };
  return { tm: new Tallyman({ fetch, attempts: 1 }), fetch, cancelled, blobs, asked };
}

const layerOf = (tar, described) => ({ bytes: gzipSync(tar), diffId: digestOf(tar), described });

describe('images that are made here', () => {
  const base = archive(directory('etc'), file('etc/a', 'one'), file('etc/b', 'two'), file('etc/c', 'same'));

  test('what is no layer is refused before a layer is fetched', async () => {
    for (const [mediaType, words] of [
      ['text/markdown', /layer 2 .*a blob of an artifact \(text\/markdown\)/],
      ['application/vnd.oci.image.layer.v1.tar+gzip+encrypted', /layer 2 .*which needs a key/],
    ]) {
      const { tm, asked } = registryOf({ 1: [layerOf(base), layerOf(base, { mediaType })] });
      const image = 'r.example/app:1';
      for (const look of [() => all(tm.files(image)), () => tm.file(image, 'etc/a'), () => all(tm.changes(image, image)), () => tm.waste(image)]) {
        const refused = await failure(look);
        assert.equal(refused.code, 'layer-unsupported');
        assert.match(refused.message, words);
      }
      assert.equal(new Set(asked.map(([name]) => name)).size, 1, 'the config alone');
      assert.equal((await all(tm.files(image, { layer: 1 }))).length, 4);
    }
  });

  test('layers of both images are checked before one is fetched to compare them', async () => {
    const before = layerOf(base);
    const { tm, asked } = registryOf({ 1: [before], 2: [layerOf(archive(file('etc/a', 'eno')), { mediaType: 'text/markdown' })] });
    assert.equal((await failure(() => all(tm.changes('r.example/app:1', 'r.example/app:2')))).code, 'layer-unsupported');
    assert.ok(asked.every(([name]) => name !== digestOf(before.bytes)));
  });

  test('entries stand where the links of their layer put them, and errors name the path that was asked for', async () => {
    const linked = archive(directory('usr/bin'), symlink('bin', 'usr/bin'), file('bin/x', 'through'));
    const { tm } = registryOf({ 1: [layerOf(linked)] });
    const image = 'r.example/app:1';
    assert.deepEqual((await all(tm.files(image))).map(({ path }) => path), ['bin', 'usr', 'usr/bin', 'usr/bin/x']);
    for (const path of ['/bin/x', 'usr/bin/x']) assert.equal(await text(await tm.file(image, path)), 'through');
    const missing = await failure(() => tm.file(image, '/bin/y'));
    assert.equal(missing.path, 'bin/y');
    assert.match(missing.message, /^there is no file \/bin\/y, which leads to \/usr\/bin\/y, in /);
    assert.match((await failure(() => tm.file(image, '/'))).message, /^\/ in .* is a directory, not a file$/);
  });

  test('a foreign layer that the registry does not have is told with its URLs, before a layer is fetched', async () => {
    const described = { mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', urls: ['https://x.example/layer', 'https://y.example/layer'] };
    const foreign = layerOf(archive(file('above', 'x')), described);
    const lower = layerOf(base);
    const { tm, asked, blobs } = registryOf({ 1: [lower, foreign] });
    const [image, digest] = ['r.example/app:1', digestOf(foreign.bytes)];
    blobs.delete(digest);
    const looks = [() => all(tm.files(image)), () => all(tm.files(image, { layer: 2 })), () => tm.file(image, 'etc/a'), () => all(tm.changes(image, image)), () => tm.waste(image)];
    for (const look of looks) {
      const refused = await failure(look);
      assert.equal(refused.code, 'layer-unsupported');
      assert.match(refused.message, /^layer 2 of r\.example\/app@sha256:.* it is available at https:\/\/x\.example\/layer and https:\/\/y\.example\/layer; copy it/);
    }
    assert.ok(asked.every(([name]) => name !== digestOf(lower.bytes)), 'no other layer is asked for');
    assert.equal((await all(tm.files(image, { layer: 1 }))).length, 4);
    // Some registries have been given foreign layers.
    blobs.set(digest, foreign.bytes);
    assert.equal(await text(await tm.file(image, 'above')), 'x');
  });

  test('a registry is asked for all foreign layers of an image at the same time', async () => {
    const described = { mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', urls: ['https://x.example/layer'] };
    const layers = [layerOf(archive(file('a', 'x')), described), layerOf(archive(file('b', 'x')), described)];
    const { fetch } = registryOf({ 1: layers });
    const [asked, abortedBefore] = [[], []];
    let release;
    const bothAsked = new Promise((resolve) => (release = resolve));
    const tm = new Tallyman({
      attempts: 1,
      timeout: 20_000,
      async fetch(url, options) {
        if (options.method === 'HEAD') {
          if (asked.push(url) === layers.length) release();
          await bothAsked;
          abortedBefore.push(options.signal.aborted);
        }
        return fetch(url, options);
      },
    });
    assert.deepEqual((await all(tm.files('r.example/app:1'))).map(({ path }) => path), ['a', 'b']);
    assert.deepEqual(abortedBefore, [false, false], 'none waits for the answer to another');
  });

  test('changes are told by content, by metadata and by type', async () => {
    const other = archive(file('etc/a', 'eno'), file('etc/b', 'two', { mode: 0o600 }), symlink('etc/d', 'a'), file('etc/.wh.c', ''));
    const { tm } = registryOf({ 1: [layerOf(base)], 2: [layerOf(base), layerOf(other)] });
    const found = await all(tm.changes('r.example/app:1', 'r.example/app:2'));
    assert.deepEqual(
      found.map(({ kind, path, before, after }) => [kind, path, before?.layer, after?.layer]),
      [
        ['content', 'etc/a', 1, 2],
        ['metadata', 'etc/b', 1, 2],
        ['removed', 'etc/c', 1, undefined],
        ['added', 'etc/d', undefined, 2],
      ],
    );
  });

  test('a file that something else of its own layer takes the place of is not given for it', async () => {
    const tar = archive(directory('etc'), file('etc/motd', 'first'), file('etc/twice', 'first'), file('etc/evil', 'evil'), symlink('etc/motd', 'evil'), file('etc/twice', 'second'));
    const { tm } = registryOf({ 1: [layerOf(base), layerOf(tar)] });
    for (const name of ['etc/motd', 'etc/twice']) {
      const error = await failure(async () => text(await tm.file('r.example/app:1', name)));
      assert.deepEqual([error.code, /found more, of which the last one counts/.test(error.message)], ['not-a-file', true], error.message);
    }
    assert.equal(await text(await tm.file('r.example/app:1', 'etc/evil')), 'evil');
  });

  test('files are found behind links, hard links to symbolic ones too', async () => {
    const tar = archive(directory('usr/bin'), file('usr/bin/env', 'env'), symlink('bin', 'usr/bin'), hardlink('alias', 'bin'), symlink('a', 'etc/a'), hardlink('b', 'a'));
    const { tm } = registryOf({ 1: [layerOf(base), layerOf(tar)] });
    for (const path of ['/bin/env', 'alias/env']) assert.deepEqual((await all(tm.files('r.example/app:1', { path }))).map(({ path }) => path), ['usr/bin/env']);
    assert.equal(await text(await tm.file('r.example/app:1', 'alias/env')), 'env');
    assert.equal(await text(await tm.file('r.example/app:1', 'b')), 'one');
  });

  test('leaving a loop or a stream ends its request', async () => {
    const many = archive(...Array.from({ length: 300 }, (_, number) => file(`f${number}`, Buffer.alloc(4096, number))));
    const layer = { bytes: many, diffId: digestOf(many) };
    const { tm, cancelled } = registryOf({ 1: [layer] });
    const ended = () => cancelled.filter((name) => name === layer.diffId).length;
    for await (const { path } of tm.files('r.example/app:1', { layer: 1 })) if (path === 'f3') break;
    const stream = await tm.file('r.example/app:1', 'f0');
    await stream.cancel();
    const controller = new AbortController();
    const aborted = await failure(async () => {
      for await (const { path } of tm.files('r.example/app:1', { layer: 1, signal: controller.signal })) if (path === 'f3') controller.abort();
    });
    assert.deepEqual([aborted.name, aborted.code], ['AbortError', 'aborted']);
    await eventually(() => ended() === 3);
  });

  test('an abort ends a stream that nobody reads, and its request', async () => {
    const content = Buffer.from(Array.from({ length: 400_000 }, (_, number) => Math.imul(number, 2654435761) >>> 24));
    const tar = archive(file('large', content));
    const lazy = lazyLayer('estargz', { large: content }, 200_000);
    for (const layer of [layerOf(tar), { bytes: tar, diffId: digestOf(tar) }, { ...lazy, described: { annotations: lazy.annotations } }]) {
      const digest = digestOf(layer.bytes);
      const { tm, cancelled } = registryOf({ 1: [layer] });
      const opened = {
        blob: (signal) => tm.blob('r.example/app', { digest, size: layer.bytes.length }, { signal }),
        file: (signal) => tm.file('r.example/app:1', 'large', { signal }),
      };
      for (const [way, open] of Object.entries(opened)) {
        const controller = new AbortController();
        const reader = (await open(controller.signal)).getReader();
        await reader.read();
        const before = cancelled.length;
        controller.abort(new Error('enough'));
        const { code, cause } = await failure(() => reader.closed);
        assert.deepEqual([code, cause.message], ['aborted', 'enough'], way);
        assert.equal((await failure(() => reader.read())).code, 'aborted');
        await eventually(() => cancelled.length > before);
      }
    }
  });

  test('a stream that waits for its registry is cancelled at once, and so is its request', async () => {
    const content = Buffer.from(Array.from({ length: 400_000 }, (_, number) => Math.imul(number, 2654435761) >>> 24));
    const lazy = lazyLayer('estargz', { large: content }, 200_000);
    const forms = [layerOf(archive(file('large', content))), { bytes: archive(file('large', content)), diffId: digestOf(archive(file('large', content))) }, { ...lazy, described: { annotations: lazy.annotations } }];
    for (const [number, layer] of forms.entries()) {
      const name = digestOf(layer.bytes);
      const { tm, cancelled } = registryOf({ 1: [layer] }, { stalls: { [name]: number === 2 ? lazy.contents.length : 0 } });
      const stream = await tm.file('r.example/app:1', 'large');
      const reader = stream.getReader();
      // The received bytes are read; the rest is awaited.
      let isWaiting = false;
      let given = 0;
      const read = (async () => {
        for (;;) {
          isWaiting = true;
          const { done, value } = await reader.read();
          isWaiting = false;
          if (done) return;
          given += value.length;
        }
      })();
      await pause(200);
      assert.ok(isWaiting && given < content.length);
      const begun = Date.now();
      await reader.cancel();
      await read;
      assert.ok(Date.now() - begun < 1000);
      await eventually(() => cancelled.includes(name));
    }
  });

  test('of a layer with a table of contents that and single files are fetched alone', async () => {
    const files = { 'etc/a': 'one', 'usr/noise': Buffer.from(Array.from({ length: 50_000 }, (_, number) => (number * 7) % 251)), 'usr/z': 'last', 'usr/empty': '', 'etc/.wh.b': '' };
    for (const form of ['estargz', 'zstd:chunked']) {
      const lazy = lazyLayer(form, files, 20_000);
      const layer = { ...lazy, described: { annotations: lazy.annotations } };
      const other = layerOf(archive(file('etc/a', 'two')));
      const images = { 1: [layerOf(base), layer], 2: [layerOf(base), other] };
      const { tm, asked } = registryOf(images);
      const whole = registryOf(images, { sendsParts: false });
      const ranges = (requests = asked) => requests.splice(0).filter(([name]) => name === digestOf(lazy.bytes)).map(([, range]) => range);
      const same = async (look) => {
        // Only the tar archive tells where things are in it.
        const without = ({ offset, before, after, ...rest }) => ({ ...rest, ...(before && { before: without(before) }), ...(after && { after: without(after) }) });
        const [parts, all] = [(await look(tm)).map(without), (await look(whole.tm)).map(without)];
        assert.deepEqual(parts, all);
        assert.deepEqual(ranges(), lazy.contents, form);
        assert.deepEqual(ranges(whole.asked), [lazy.contents[0], null]);
      };
      await same((tm) => all(tm.files('r.example/app:1')));
      await same((tm) => all(tm.files('r.example/app:1', { layer: 2, path: 'usr' })));
      await same((tm) => all(tm.changes('r.example/app:1', 'r.example/app:2')));
      await same((tm) => all(tm.layerChanges('r.example/app:1')));
      for (const name of ['etc/a', 'usr/noise', 'usr/z', 'usr/empty']) {
        const stream = await tm.file('r.example/app:1', name);
        assert.deepEqual([stream.file.path, stream.file.layer, stream.file.size], [name, 2, files[name].length]);
        assert.deepEqual(Buffer.from(await new Response(stream).arrayBuffer()), Buffer.from(files[name]));
        const [part, ...more] = ranges().slice(lazy.contents.length);
        assert.equal(more.length, 0);
        if (files[name].length > 0) assert.ok(part.startsWith(`bytes=${lazy.starts[name]}-`), part);
        assert.equal(await text(await whole.tm.file('r.example/app:1', name)), Buffer.from(files[name]).toString());
      }
      // The layer of the table removed it.
      assert.equal((await failure(() => tm.file('r.example/app:1', 'etc/b'))).code, 'file-not-found');
      const left = await tm.file('r.example/app:1', 'usr/noise');
      await left.cancel();
    }
  });

  test('parts of a layer that are not what was promised are refused', async () => {
    for (const form of ['estargz', 'zstd:chunked']) {
      const lazy = lazyLayer(form, { a: 'content' }, 100, (json) => json.replaceAll(digestOf('content'), digestOf('CONTENT')));
      const { tm } = registryOf({ 1: [{ ...lazy, described: { annotations: lazy.annotations } }] });
      const lie = await failure(async () => text(await tm.file('r.example/app:1', 'a')));
      assert.deepEqual([lie.code, lie.expected, lie.found], ['digest-mismatch', digestOf('CONTENT'), digestOf('content')]);
      const key = Object.keys(lazy.annotations).find((key) => /digest|checksum/.test(key));
      const other = registryOf({ 1: [{ ...lazy, described: { annotations: { ...lazy.annotations, [key]: digestOf('') } } }] });
      const table = await failure(() => all(other.tm.files('r.example/app:1')));
      assert.equal(table.code, 'digest-mismatch');
      assert.match(table.message, /layer 1 of r\.example\/app@sha256:.* expected a table of contents with the digest/);
    }
  });

  test('layers that lie are refused by name', async () => {
    const tar = archive(file('a', 'content'));
    const other = archive(file('a', 'CONTENT'));
    const short = gzipSync(tar).subarray(0, -9);
    const cases = [
      [{ bytes: gzipSync(tar), diffId: digestOf(other) }, 'digest-mismatch', /diff ID/],
      [{ bytes: gzipSync(tar), diffId: digestOf(tar), described: { size: 5 } }, 'too-large', /at most 5 bytes/],
      [{ bytes: gzipSync(tar), diffId: digestOf(tar), described: { size: 5000 } }, 'size-mismatch', /5000/],
      [{ bytes: short, diffId: digestOf(tar) }, 'layer-invalid', /truncated/],
      [{ bytes: Buffer.from('BZh91AY&SY, which is not supported'), diffId: digestOf(tar) }, 'layer-unsupported', /bzip2/],
    ];
    for (const [layer, code, message] of cases) {
      const { tm } = registryOf({ 1: [layer] });
      const error = await failure(async () => text(await tm.file('r.example/app:1', 'a')));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
    }
    const { tm, blobs } = registryOf({ 1: [layerOf(tar)] });
    const [, layer] = [...blobs.keys()];
    blobs.set(layer, gzipSync(other));
    assert.equal((await failure(() => all(tm.files('r.example/app:1', { layer: 1 })))).code, 'digest-mismatch');
  });
});

describe('readLayer', () => {
  const tar = archive(directory('d'), file('d/a.txt', 'hello'), symlink('d/l', 'a.txt'), hardlink('d/h', 'd/a.txt'), file('d/.wh.gone', ''), file('d/z', 'z'.repeat(3000)));
  const known = [
    ['directory', 'd', 0],
    ['file', 'd/a.txt', 5],
    ['symlink', 'd/l', 0],
    ['hardlink', 'd/h', 0],
    ['file', 'd/.wh.gone', 0],
    ['file', 'd/z', 3000],
  ];
  const shown = ({ type, path, size }) => [type, path, size];
  const forms = {
    tar,
    gzip: gzipSync(tar),
    'gzip of several members': members(directory('d'), file('d/a.txt', 'hello'), symlink('d/l', 'a.txt'), hardlink('d/h', 'd/a.txt'), file('d/.wh.gone', ''), file('d/z', 'z'.repeat(3000))),
    'gzip with zeros behind it': Buffer.concat([gzipSync(tar), Buffer.alloc(1000)]),
  };

  for (const [name, bytes] of Object.entries(forms)) {
    test(`${name} is read alike, cut at every place and in pieces of every size`, async () => {
      for (let at = 0; at <= bytes.length; at += 1) {
        const entries = await all(readLayer([bytes.subarray(0, at), bytes.subarray(at)], { digest: digestOf(bytes), size: bytes.length, diffId: digestOf(tar) }));
        assert.deepEqual(entries.map(shown), known);
      }
      for (const size of [1, 2, 3, 7, 511, 513]) assert.deepEqual((await all(readLayer(cut(bytes, size)))).map(shown), known);
    });
  }

  test('every sort of stream is taken', async () => {
    const bytes = forms.gzip;
    for (const stream of [new Blob([bytes]), new Blob([bytes]).stream(), new Response(bytes), Readable.from([bytes]), [bytes], cut(bytes, 100)]) {
      assert.deepEqual((await all(readLayer(stream))).map(shown), known);
    }
  });

  test('pieces of any length are taken, and layers without the platform too', async () => {
    const bytes = archive(...Array.from({ length: 200 }, (_, number) => file(`f${number}`, Buffer.alloc(10_000, number))));
    for (const form of [bytes, gzipSync(bytes, { level: 0 })]) {
      assert.equal((await all(readLayer([form], { diffId: digestOf(bytes) }))).length, 200);
    }
    const script = `import { readLayer } from 'tallyman/inline';
      import { gzipSync } from 'node:zlib';
      const bytes = gzipSync(Buffer.from(process.argv[1], 'base64'), { level: 0 });
      let count = 0;
      for await (const { type } of readLayer([bytes])) count += Number(type === 'file');
      console.log(count);`;
    const few = archive(...Array.from({ length: 6 }, (_, number) => file(`f${number}`, Buffer.alloc(10_000, number))));
    const { stdout } = await promisify(execFile)('node', ['--input-type=module', '-e', script, few.toString('base64')], { cwd: fileURLToPath(new URL('.', import.meta.url)) });
    assert.equal(stdout, '6\n');
  });

  test('content is read while the loop is at its file, and not later', async () => {
    const texts = {};
    const kept = [];
    for await (const entry of readLayer(cut(forms.gzip, 50))) {
      if (entry.type !== 'file') continue;
      if (entry.path === 'd/a.txt') texts.a = await entry.text();
      if (entry.path === 'd/z') texts.z = (await entry.bytes()).length;
      kept.push(entry);
    }
    assert.deepEqual(texts, { a: 'hello', z: 3000 });
    assert.equal((await failure(() => kept[0].text())).code, 'argument-invalid');
  });

  test('content is given once', async () => {
    const left = async (entry) => {
      const reader = entry.stream().getReader();
      await reader.read();
      await reader.cancel();
    };
    for (const [first, second] of [[(entry) => entry.text(), (entry) => entry.text()], [(entry) => entry.bytes(), left], [left, (entry) => entry.bytes()]]) {
      const paths = [];
      for await (const entry of readLayer([forms.gzip])) {
        paths.push(entry.path);
        if (entry.type !== 'file') continue;
        const [, error] = await Promise.all([first(entry), failure(() => second(entry))]);
        assert.deepEqual([error.code, error.message], ['argument-invalid', `expected the content of ${entry.path} to be read once`]);
      }
      assert.equal(paths.length, known.length);
    }
  });

  test('a hole of a sparse file is zeros', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tallyman-sparse-'));
    try {
      const handle = openSync(join(folder, 'sparse'), 'w');
      writeSync(handle, Buffer.from('data'), 0, 4, 1 << 20);
      closeSync(handle);
      truncateSync(join(folder, 'sparse'), 3 << 20);
      for (const format of ['gnu', 'pax']) {
        const bytes = execFileSync('tar', ['-C', folder, '--sparse', `--format=${format}`, '-c', 'sparse']);
        assert.ok(bytes.length < 1 << 20, 'the archive has the hole');
        for await (const entry of readLayer([bytes])) {
          assert.ok(Buffer.from(await entry.bytes()).equals(readFileSync(join(folder, 'sparse'))));
        }
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('a slow reader holds the stream', async () => {
    const bytes = archive(...Array.from({ length: 100 }, (_, number) => file(`f${number}`, Buffer.alloc(10_000))));
    let given = 0;
    const counted = async function* () {
      for await (const part of cut(bytes, 10_000)) {
        given += part.length;
        yield part;
      }
    };
    let at = 0;
    for await (const { offset } of readLayer(counted())) {
      assert.ok(given <= offset + 20_000, `${given} bytes for the entry at ${offset}`);
      at += 1;
    }
    assert.equal(at, 100);
  });

  test('leaving the loop, an abort and an error cancel the stream', async () => {
    const streams = [0, 1, 2].map(() => {
      const state = { cancelled: false };
      state.stream = new ReadableStream({ pull: (controller) => controller.enqueue(file('a', 'a')), cancel: () => void (state.cancelled = true) });
      return state;
    });
    for await (const { path } of readLayer(streams[0].stream)) if (path === 'a') break;
    const controller = new AbortController();
    const error = await failure(async () => {
      for await (const _ of readLayer(streams[1].stream, controller)) controller.abort();
    });
    assert.equal(error.name, 'AbortError');
    assert.equal((await failure(() => all(readLayer(streams[2].stream, { limits: { entries: 3 } })))).code, 'layer-limit');
    await eventually(() => streams.every(({ cancelled }) => cancelled));
  });

  test('a content that is left while the layer is waited for ends at once, and the loop goes on', async () => {
    const layer = archive(file('large', Buffer.alloc(300_000, 'x')), file('small', 'after'));
    let letThrough;
    const through = new Promise((resolve) => (letThrough = resolve));
    const pieces = async function* (rest) {
      yield layer.subarray(0, 100_000);
      await through;
      yield rest;
    };
    const found = [];
    for await (const entry of readLayer(pieces(layer.subarray(100_000)))) {
      found.push(entry.path);
      if (entry.path !== 'large') continue;
      const reader = entry.stream().getReader();
      await reader.read();
      const waiting = reader.read();
      await reader.cancel();
      assert.equal((await waiting).done, true);
      letThrough();
    }
    assert.deepEqual(found, ['large', 'small']);
    // An error that meets a content that nobody reads ends the loop.
    const cut = failure(async () => {
      for await (const entry of readLayer(pieces(Buffer.alloc(0)))) {
        const reader = entry.stream().getReader();
        await reader.read();
        reader.read();
        await reader.cancel();
        await pause(50);
      }
    });
    assert.equal((await cut).code, 'layer-invalid');
  });

  test('damage, lies and bombs end the loop with what is wrong', async () => {
    const gzip = forms.gzip;
    const wrongSum = Buffer.from(gzip);
    wrongSum[gzip.length - 5] ^= 1;
    const bomb = gzipSync(Buffer.concat([header('zeros', { size: 64 << 20 }), Buffer.alloc((64 << 20) + 1024)]));
    const cases = [
      [gzip, { digest: digestOf(tar) }, 'digest-mismatch'],
      [gzip, { diffId: digestOf(gzip) }, 'digest-mismatch'],
      [gzip, { size: gzip.length - 1 }, 'size-mismatch'],
      [gzip, { size: gzip.length + 1 }, 'size-mismatch'],
      [gzip.subarray(0, -1), {}, 'layer-invalid'],
      [wrongSum, {}, 'layer-invalid'],
      [Buffer.concat([gzip, Buffer.from('garbage')]), {}, 'layer-invalid'],
      [tar.subarray(0, 700), {}, 'layer-invalid'],
      [archive(file('../out', '')), {}, 'layer-invalid'],
      [bomb, { limits: { ratioFrom: 1 << 20 } }, 'layer-limit'],
      [bomb, { limits: { unpackedSize: 1 << 20 } }, 'layer-limit'],
      [gzip, { limits: { pathLength: 3 } }, 'layer-limit'],
      [gzip, { digest: 'sha256:xyz' }, 'digest-invalid'],
    ];
    for (const [bytes, options, code] of cases) {
      for (const size of [bytes.length, 100]) {
        const error = await failure(() => all(readLayer(cut(bytes, size), options)));
        assert.equal(error.code, code, error.message);
      }
    }
  });

  test('any tree that tar packs is read back the same', async () => {
    let state = 20_26;
    const random = (below) => (state = (state * 48_271) % 0x7fff_ffff) % below;
    for (let round = 0; round < 8; round++) {
      const folder = mkdtempSync(join(tmpdir(), 'tallyman-tree-'));
      try {
        const folders = [''];
        for (let number = 0; number < 40; number++) {
          const parent = folders[random(folders.length)];
          const name = join(parent, `${'né'.repeat(1 + random(60))}-${number}`);
          const kind = random(4);
          if (kind === 0) mkdirSync(join(folder, name), { mode: 0o700 + random(64) }) ?? folders.push(name);
          else if (kind === 1) symlinkSync(`../${'t'.repeat(1 + random(150))}`, join(folder, name));
          else writeFileSync(join(folder, name), Buffer.alloc(random(3000), number), { mode: 0o600 + random(64) });
        }
        const format = ['gnu', 'pax'][round % 2];
        const tar = execFileSync('tar', ['-C', folder, `--format=${format}`, '-c', '.'], { maxBuffer: 1 << 26 });
        const found = new Map();
        for await (const entry of readLayer(cut(gzipSync(tar), 1 + random(5000)))) {
          const content = entry.type === 'file' ? Buffer.from(await entry.bytes()).toString('hex') : entry.type === 'symlink' ? entry.link : '';
          found.set(entry.path, [entry.type, entry.mode, content]);
        }
        const walk = (path) =>
          readdirSync(join(folder, path)).flatMap((name) => {
            const [at, about] = [join(path, name), lstatSync(join(folder, path, name))];
            const link = about.isSymbolicLink();
            const type = about.isDirectory() ? 'directory' : link ? 'symlink' : 'file';
            const content = type === 'file' ? readFileSync(join(folder, at)).toString('hex') : link ? readlinkSync(join(folder, at)) : '';
            return [[at, [type, about.mode & 0o7777, content]], ...(type === 'directory' ? walk(at) : [])];
          });
        found.delete('');
        assert.deepEqual(new Map([...found].sort()), new Map(walk('').sort()));
      } finally {
        rmSync(folder, { recursive: true });
      }
    }
  });
});

describe('a stream of the program', () => {
  test('is closed when its signal ends while nobody waits for it', async () => {
    const stream = Readable.from(cut(archive(file('large', Buffer.alloc(1_000_000, 'x'))), 64 * 1024));
    const controller = new AbortController();
    const layer = readLayer(stream, { signal: controller.signal });
    const { value } = await layer.next();
    const reader = value.stream().getReader();
    await reader.read();
    controller.abort();
    assert.ok(stream.destroyed);
    for (const read of [() => reader.read(), () => layer.next()]) assert.equal((await failure(read)).code, 'aborted');
  });

  const readers = { 'for its digest': (stream, options) => Digest.ofStream(stream, options), 'as a layer': (stream, options) => all(readLayer(stream, options)) };
  for (const [way, read] of Object.entries(readers)) {
    test(`of Node is closed when its signal ends the wait for it, ${way}`, async () => {
      for (const first of [[], [Buffer.from('x')], [gzipSync(archive(file('a', 'a'))).subarray(0, 20)]]) {
        const stream = new Readable({ read() {} });
        for (const piece of first) stream.push(piece);
        const controller = new AbortController();
        setTimeout(() => controller.abort(), 20);
        assert.equal((await failure(() => read(stream, { signal: controller.signal }))).code, 'aborted');
        assert.ok(stream.destroyed);
      }
    });

    test(`that fails is told as such, ${way}`, async () => {
      const thrown = new TypeError('terminated');
      const fails = async function* (piece) {
        yield piece;
        throw thrown;
      };
      for (const piece of [Buffer.from('x'), gzipSync(archive(file('a', 'a'))).subarray(0, 20)]) {
        for (const stream of [fails(piece), Readable.from(fails(piece)), ReadableStream.from(fails(piece)), new Response(ReadableStream.from(fails(piece)))]) {
          const { code, message, cause } = await failure(() => read(stream));
          assert.deepEqual([code, message, cause], ['input-failed', 'expected a stream of bytes, which failed: terminated', thrown]);
        }
      }
      const controller = new AbortController();
      controller.abort();
      const stopped = await failure(() => read(new ReadableStream({ pull: (stream) => stream.error(controller.signal.reason) })));
      assert.deepEqual([stopped.code, stopped.name], ['aborted', 'AbortError']);
    });
  }
});
