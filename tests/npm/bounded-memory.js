// Memory after thousands of operations of each kind, on one client. Nothing else takes as long: two files, which begin early by
// their names, do half of the kinds each.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { before, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Digest, Inspection, Manifest, ManifestList, MediaType, MemoryStore, Platform, Reference, Tallyman, TallymanError, buildList, readLayer } from 'tallyman';
import { archive as tar, file } from './archives.js';
// Modules that the entry for Node has loaded already, and those that reading a layer loads.
import { initSync as initLayers } from './node_modules/tallyman/dist/layers.js';
import { initSync } from './node_modules/tallyman/dist/tallyman.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

// Caches and compiled code have come to their size after `warmUp` operations. Of `times` further ones `allowed` bytes are no leak:
// compiled code comes and goes, and the engine's memory grows by pieces. A hundred bytes kept by each operation would be half as much
// again; a list of the engine's has more than a thousand.
const ofValues = { warmUp: 2_000, times: 4_000, allowed: 256 * 1024 };
// Operations that send requests take ten times as long.
const ofRequests = { warmUp: 800, times: 2_000, allowed: 128 * 1024 };
// A layer that is kept is a hundred times more than a value, and takes longer.
const ofLayers = { warmUp: 200, times: 400, allowed: 256 * 1024 };
// A leak grows each time; without one, memory stays the same at least once.
const rounds = 3;
const collectedEvery = 2_000;

const digestOf = (bytes) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const described = (mediaType, text, more = {}) => ({ mediaType, digest: digestOf(text), size: Buffer.byteLength(text), ...more });

const archive = tar(file('etc/motd', 'Welcome.\n'));
const layer = archive.toString('latin1');
const config = JSON.stringify({ architecture: 'arm64', os: 'linux', rootfs: { type: 'layers', diff_ids: [digestOf(archive)] } });
const image = JSON.stringify({
  schemaVersion: 2,
  mediaType: MediaType.ociManifest,
  config: described(MediaType.ociConfig, config),
  layers: [described('application/vnd.oci.image.layer.v1.tar', layer)],
});
const entry = described(MediaType.ociManifest, image, { platform: { architecture: 'arm64', os: 'linux' } });
const index = JSON.stringify({ schemaVersion: 2, mediaType: MediaType.ociIndex, manifests: [entry] });
/** The response for a text, made once. */
const sent = (text, type) => {
  const digest = digestOf(text);
  return { text, digest, headers: { 'content-type': type, 'content-length': String(Buffer.byteLength(text)), 'docker-content-digest': digest } };
};
const [sentImage, sentIndex] = [sent(image, MediaType.ociManifest), sent(index, MediaType.ociIndex)];
const [sentConfig, sentLayer] = [config, layer].map((text) => sent(text, 'application/octet-stream'));
const manifests = new Map([['image', sentImage], [sentImage.digest, sentImage], ['list', sentIndex], [sentIndex.digest, sentIndex]]);
const blobs = new Map([sentConfig, sentLayer].map((blob) => [blob.digest, blob]));

/** A registry in this process, which always answers the same. */
async function registry(url, { method }) {
  const { pathname, searchParams } = new URL(url);
  const [, repository, what, name] = /^\/v2\/(.*?)\/(manifests|blobs|referrers|tags)\/(.*)$/.exec(pathname) ?? [];
  const json = (value) => Response.json(value);
  if (pathname === '/v2/_catalog') return json({ repositories: ['app'] });
  if (what === 'tags') return json({ name: repository, tags: ['image', 'list'] });
  if (what === 'referrers') return new Response(JSON.stringify({ schemaVersion: 2, mediaType: MediaType.ociIndex, manifests: [] }), { headers: { 'content-type': MediaType.ociIndex } });
  if (method === 'POST') return new Response(null, { status: searchParams.has('mount') ? 201 : 202, headers: { location: `${url.split('?')[0]}upload` } });
  if (method === 'PUT') return new Response(null, { status: 201 });
  if (method === 'DELETE') return new Response(null, { status: 202 });
  const found = (what === 'manifests' ? manifests : blobs).get(name);
  if (found === undefined) return Response.json({ errors: [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' }] }, { status: 404 });
  return new Response(method === 'HEAD' ? null : found.text, { headers: found.headers });
}

const app = 'r.example/app';
const store = new MemoryStore();
const tm = new Tallyman({ fetch: registry, store, attempts: 1 });
const failing = (promise, code) => promise.then(() => assert.fail(code), (error) => assert.equal(error.code, code));
const all = async (names) => {
  for await (const name of names) assert.ok(name);
};
let inspected;
let list;

before(async () => {
  inspected = await tm.inspect(`${app}:image`);
  await all(readLayer([archive]));
  list = await tm.create('r.example/app:made', [`${app}:image`]);
});

const values = {
  'Reference.parse': () => Reference.parse('alpine:3.22').pin(digestOf('')),
  'Reference.parse of what is none': () => assert.throws(() => Reference.parse('A:b:c'), TallymanError),
  'Platform.parse and format': () => Platform.format(Platform.parse('linux/arm/v7')),
  'Digest.of': () => Digest.of(image),
  'Digest.ofStream': () => Digest.ofStream([Buffer.from(layer)]),
  'Manifest.parse': () => Manifest.parse(index).entries,
  'Inspection.from': () => Inspection.from(structuredClone(inspected)).digest,
  buildList: () => buildList([entry]).digest,
  'new ManifestList, annotate, bytes': () => new ManifestList('r.example/app:x', [inspected]).annotate(`${app}:image`, { variant: 'v8' }).bytes,
  plan: () => tm.plan(list).steps,
  readLayer: () => all(readLayer([archive])),
  'readLayer of what is none': () => failing(all(readLayer(['a'.repeat(600)].map(Buffer.from))), 'layer-invalid'),
  convert: () => tm.convert(list, 'oci'),
  forget: () => tm.forget('r.example'),
};

const requests = {
  'ManifestList.from': async () => ManifestList.from(await tm.inspect(`${app}:list`)).digest,
  'new Tallyman, head': () => new Tallyman({ fetch: registry }).head(`${app}:image`),
  inspect: () => tm.inspect(`${app}:list`, { platform: 'linux/arm64' }),
  'inspect of what is not there': () => failing(tm.inspect(`${app}:none`), 'not-found'),
  'inspect, aborted': () => failing(tm.inspect(`${app}:image`, { signal: AbortSignal.abort() }), 'aborted'),
  manifest: () => tm.manifest(`${app}:image`),
  head: () => tm.head(`${app}:image`),
  resolve: () => tm.resolve(`${app}:list`),
  tags: () => all(tm.tags(app)),
  catalog: () => all(tm.catalog('r.example')),
  'blob, read': async () => new Response(await tm.blob(app, described('', layer))).text(),
  'blob, left': async () => (await tm.blob(app, described('', layer))).cancel(),
  'readLayer, left': async () => {
    for await (const entry of readLayer([archive])) if (await entry.text()) break;
  },
  'files of an image': () => all(tm.files(`${app}:image`)),
  'files of a layer, left': async () => {
    for await (const { path } of tm.files(`${app}:image`, { layer: 1 })) if (path) break;
  },
  'file of an image': async () => new Response(await tm.file(`${app}:image`, '/etc/motd')).text(),
  'file of an image, left': async () => (await tm.file(`${app}:image`, '/etc/motd')).cancel(),
  'files that differ': () => all(tm.changes(`${app}:image`, `${app}:image`)),
  referrers: () => tm.referrers(`${app}:image`),
  attestations: () => tm.attestations(`${app}:image`),
  diff: () => tm.diff(`${app}:image`, `${app}:list`, { platform: 'linux/arm64' }),
  create: () => tm.create('r.example/app:made', [`${app}:image`], { amend: true }),
  push: () => tm.push(list),
  copy: () => tm.copy(`${app}:image`, 'r.example/other:image'),
  planCopy: () => tm.planCopy(`${app}:image`, 'r.example/other:image'),
  tree: () => tm.tree(`${app}:image`),
  findings: () => tm.findings(`${app}:list`),
  rateLimit: () => tm.rateLimit(`${app}:image`),
  apply: () => tm.apply({ image: `${app}:described`, images: [':image'] }),
  'tags in an order': () => all(tm.tags(app, { sort: 'semver' })),
  'tags, aborted': async () => {
    const ends = new AbortController();
    const pages = tm.tags(app, { signal: ends.signal });
    await pages.next();
    ends.abort();
    await failing(pages.next().then(() => pages.next()), 'aborted');
  },
  tag: () => tm.tag(`${app}:image`, 'latest'),
  untag: () => tm.untag(`${app}:image`),
  delete: () => tm.delete(`${app}@${digestOf(image)}`),
  putBlob: () => tm.putBlob(app, layer),
  putManifest: () => tm.putManifest(`${app}:image`, image),
  attach: () => tm.attach(`${app}@${digestOf(image)}`, { artifactType: 'application/x-mine', blobs: [{ content: layer }] }),
  'save, lists, load, remove': async () => {
    const kept = new ManifestList('r.example/app:kept', [inspected]);
    await tm.save(kept);
    assert.ok((await tm.lists()).length > 0);
    await tm.load(kept.reference);
    await tm.remove(kept.reference);
  },
};

/** Collects garbage, and what the engine holds for it: finalizers run after a collection, and give back what only the next one can collect. */
async function collect() {
  for (let times = 0; times < 2; times++) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The memory in use, once collecting gives nothing back any more: what is freed later would hide what is kept. */
async function memory() {
  for (let before = Infinity, times = 0; times < 10 && process.memoryUsage().heapUsed < before - 4096; times++) {
    before = process.memoryUsage().heapUsed;
    await collect();
  }
  const [engine, layers] = [initSync(), initLayers()].map(({ memory }) => memory.buffer.byteLength);
  return { heap: process.memoryUsage().heapUsed, engine, layers };
}

async function repeat(run, times) {
  for (let done = 1; done <= times; done++) {
    await run();
    if (done % collectedEvery === 0) await collect();
  }
}

/** The kinds of operations, each with its number. */
const kinds = [
  ...Object.entries(values).map(([name, run]) => ({ name, run, ...ofValues })),
  ...Object.entries(requests).map(([name, run]) => ({ name, run, ...(name.startsWith('file') ? ofLayers : ofRequests) })),
];

/** Tests every second kind of operation, from the one at `first`. */
export function testMemory(first) {
  for (const { name, run, warmUp, times, allowed } of kinds.filter((_, at) => at % 2 === first)) {
    test(`${times} operations leave memory as it was: ${name}`, async () => {
      await repeat(run, warmUp);
      let before = await memory();
      const grown = [];
      for (let round = 0; round < rounds; round++) {
        await repeat(run, times);
        const now = await memory();
        grown.push(Object.fromEntries(Object.entries(now).map(([of, bytes]) => [of, bytes - before[of]])));
        if (['heap', 'engine', 'layers'].every((of) => grown.some((round) => round[of] < allowed))) return;
        before = now;
      }
      assert.fail(`bytes more each time: ${JSON.stringify(grown)}`);
    });
  }
}
