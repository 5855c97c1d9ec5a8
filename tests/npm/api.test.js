// The API in Node: what the consumers' scenario does not come to.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { runInNewContext } from 'node:vm';
import * as tallyman from 'tallyman';
import {
  Attestation,
  BuiltList,
  Digest,
  FileStore,
  IndexedDbStore,
  Inspection,
  Manifest,
  ManifestList,
  MemoryStore,
  Platform,
  PushPlan,
  Reference,
  Tallyman,
  TallymanError,
  buildList,
  dockerCredentials,
  init,
  initSync,
  readLayer,
} from 'tallyman';
import { startDevRegistry } from '../e2e/servers.js';
import { failure } from './failure.js';
import { apart, twins } from './twins.js';

const program = fileURLToPath(new URL('node_modules/tallyman/bin/tallyman.js', import.meta.url));
const dockerImage = 'application/vnd.docker.distribution.manifest.v2+json';
const ociImage = 'application/vnd.oci.image.manifest.v1+json';
const sha256 = (bytes) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const digest = (digit) => `sha256:${String(digit).repeat(64)}`;

/** The error that some work ends in. */
describe('values', () => {
  test('references are filled in as Docker does, and those that are none are told why', async () => {
    for (const [text, full, familiar] of [
      ['alpine', 'docker.io/library/alpine:latest', 'alpine:latest'],
      ['acme/app:1', 'docker.io/acme/app:1', 'acme/app:1'],
      ['[::1]:5000/a/b', '[::1]:5000/a/b:latest', '[::1]:5000/a/b:latest'],
      [`r.io/a@${digest(1)}`, `r.io/a@${digest(1)}`, `r.io/a@${digest(1)}`],
    ]) {
      const reference = Reference.parse(text);
      assert.equal(String(reference), full);
      assert.equal(JSON.stringify(reference), `"${full}"`);
      assert.equal(reference.familiar, familiar);
      assert.equal(Reference.parse(reference), reference);
    }
    const { registry, repository, tag, digest: named, name } = Reference.parse(`r.io:5/a/b:t@${digest(2)}`);
    assert.deepEqual([registry, repository, tag, named, name], ['r.io:5', 'a/b', 't', digest(2), 'r.io:5/a/b']);
    assert.equal(String(Reference.parse('r.io/a:t').withTag('u')), 'r.io/a:u');
    assert.equal(String(Reference.parse('r.io/a:t').withDigest(digest(3))), `r.io/a@${digest(3)}`);
    assert.deepEqual([Reference.isValid('a:b'), Reference.isValid('a b')], [true, false]);
    const error = await failure(() => Reference.parse('r.io/UPPER'));
    assert.deepEqual([error.code, error.name], ['reference-invalid', 'TallymanError']);
    assert.match(error.message, /must be lowercase/);
  });

  test('digests are computed by each algorithm, of bytes and of streams', async () => {
    const bytes = new Uint8Array(100_000).map((_, at) => at % 251);
    for (const algorithm of ['sha256', 'sha384', 'sha512']) {
      const expected = `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
      assert.equal(Digest.of(bytes, algorithm), expected);
      assert.equal(await Digest.ofStream(new Blob([bytes]).stream(), { algorithm }), expected);
      assert.equal(await Digest.ofStream([bytes.subarray(0, 7), bytes.subarray(7)], { algorithm }), expected);
      assert.ok(Digest.matches(expected, bytes));
      assert.ok(!Digest.matches(expected, bytes.subarray(1)));
    }
    const parsed = Digest.parse(digest(4));
    assert.deepEqual([parsed.algorithm, parsed.hex, parsed.short, String(parsed)], ['sha256', '4'.repeat(64), '4'.repeat(12), digest(4)]);
    assert.equal((await failure(() => Digest.parse('sha256:xyz'))).code, 'digest-invalid');
    assert.equal((await failure(() => Digest.of('', 'md5'))).code, 'argument-invalid');
    const reason = await Digest.ofStream([bytes], { signal: AbortSignal.abort() }).catch(({ name, code }) => `${name} ${code}`);
    assert.equal(reason, 'AbortError aborted');
  });

  test('a stream that somebody has begun to read is refused', async () => {
    const read = new Response('content');
    await read.text();
    const halfRead = new Response('content');
    halfRead.body.getReader();
    const locked = new ReadableStream();
    locked.getReader();
    for (const stream of [read, halfRead, locked]) {
      for (const call of [() => Digest.ofStream(stream), () => readLayer(stream)]) {
        const { code, message } = await failure(call);
        assert.equal(code, 'argument-invalid');
        assert.match(message, /nobody has begun to read/);
      }
    }
  });

  test('a stream that says nothing more can be left', async () => {
    const bytes = new Uint8Array(16);
    let cancelled = false;
    const silent = new ReadableStream({ start: (controller) => controller.enqueue(bytes), cancel: () => void (cancelled = true) });
    const pieces = async function* () {
      yield bytes;
      await new Promise(() => {});
    };
    for (const stream of [silent, pieces()]) {
      const controller = new AbortController();
      setTimeout(() => controller.abort(), 50);
      const name = await Digest.ofStream(stream, controller).catch((error) => error.name);
      assert.equal(name, 'AbortError');
    }
    assert.ok(cancelled);
  });

  test('memory can be given back twice, and what is used behind that is told', async () => {
    const list = new ManifestList('r.io/app:v1', [{ mediaType: ociImage, digest: digest(1), size: 1, platform: Platform.parse('linux/amd64') }]);
    const plan = new Tallyman().plan(list);
    for (const [value, use] of [[list, () => list.bytes], [plan, () => plan.bytes]]) {
      value[Symbol.dispose]();
      value[Symbol.dispose]();
      const { code, message } = await failure(use);
      assert.deepEqual([code, /in use, found one that was disposed of/.test(message)], ['argument-invalid', true]);
    }
  });

  test('an error is made of its fields, whatever else stands in the data', async () => {
    const fields = { message: 'no', code: 'timeout', status: 503, url: 'https://r.io/' };
    const data = JSON.parse(`{"__proto__":{"a":1},"constructor":1,"toJSON":1,"retryable":false,"registryErrors":[],${JSON.stringify(fields).slice(1)}`);
    const error = TallymanError.from(data);
    assert.ok(error instanceof TallymanError && error.retryable && error.a === undefined);
    assert.deepEqual(error.toJSON(), { ...fields, name: 'TallymanError' });
  });

  test('platforms are read and written', async () => {
    assert.deepEqual(Platform.parse('linux/arm64'), { os: 'linux', architecture: 'arm64' });
    assert.equal(Platform.format(Platform.parse('linux/arm/v7')), 'linux/arm/v7');
    const windows = { os: 'windows', architecture: 'amd64', osVersion: '10.0.17763', osFeatures: ['win32k'] };
    assert.deepEqual(Platform.parse('windows(10.0.17763+win32k)/amd64'), windows);
    assert.deepEqual(Platform.parse('arm64'), { os: 'linux', architecture: 'arm64' });
    assert.equal((await failure(() => Platform.parse('linux'))).code, 'argument-invalid');
  });

  test('a manifest is its bytes, and what they say is made on demand', async () => {
    const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digest(1), size: 7 };
    const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: digest(2), size: 9 };
    const text = JSON.stringify({ schemaVersion: 2, mediaType: ociImage, config, layers: [layer], annotations: { a: 'b' }, x: 1 });
    const manifest = Manifest.parse(text);
    assert.deepEqual([manifest.kind, manifest.mediaType, manifest.digest, manifest.size], ['image', ociImage, sha256(text), text.length]);
    assert.deepEqual([manifest.config, manifest.layers, manifest.entries, manifest.annotations], [config, [layer], [], { a: 'b' }]);
    assert.equal(manifest.json.x, 1);
    assert.equal(manifest.toString(), text);
    const confused = await failure(() => Manifest.parse(text, { mediaType: dockerImage }));
    assert.deepEqual([confused.code, confused.expected, confused.found], ['manifest-invalid', dockerImage, ociImage]);
    assert.equal((await failure(() => Manifest.parse('[]'))).code, 'manifest-invalid');
    assert.equal(Manifest.parse('{"hello":1}').kind, 'unknown');
  });

  test('a list is built from descriptors, in their order, and rebuilt from its bytes', async () => {
    const windows = { os: 'windows', architecture: 'amd64', osVersion: '10.0.1', osFeatures: ['win32k'] };
    const entries = [
      { mediaType: ociImage, digest: digest(9), size: 1, platform: windows },
      { mediaType: dockerImage, digest: digest(1), size: 2, platform: { os: 'linux', architecture: 'arm', variant: 'v7' } },
    ];
    const built = buildList(entries);
    assert.equal(built.mediaType, 'application/vnd.oci.image.index.v1+json');
    assert.equal(built.digest, sha256(built.bytes));
    const { manifests } = JSON.parse(new TextDecoder().decode(built.bytes));
    assert.deepEqual(manifests[0].platform, { architecture: 'amd64', os: 'windows', 'os.version': '10.0.1', 'os.features': ['win32k'] });
    assert.deepEqual(Manifest.parse(built.bytes).entries, entries);
    assert.deepEqual(buildList(Manifest.parse(built.bytes)), built);
    const docker = 'application/vnd.docker.distribution.manifest.list.v2+json';
    assert.equal(buildList(entries, { mediaType: docker }).mediaType, docker);
    assert.equal((await failure(() => buildList([{ digest: 'x' }]))).code, 'argument-invalid');
  });

  test('a list is changed, and its bytes with it', async () => {
    const list = new ManifestList('r.io/app:v1');
    const empty = list.digest;
    list.add({ mediaType: dockerImage, digest: digest(2), size: 5, platform: { os: 'linux', architecture: 'amd64' } });
    list.add({ reference: 'r.io/other:v1', mediaType: dockerImage, digest: digest(1), size: 6 });
    assert.notEqual(list.digest, empty);
    assert.deepEqual([...list].map(({ reference }) => reference), [`r.io/app@${digest(2)}`, 'r.io/other:v1']);
    assert.equal((await failure(() => new Tallyman().plan(list))).code, 'platform-missing');
    list.annotate('r.io/other:v1', { os: 'linux', architecture: 'arm', variant: 'v7' });
    assert.deepEqual(list.entries[1].platform, { os: 'linux', architecture: 'arm', variant: 'v7' });
    assert.equal(list.digest, sha256(list.bytes));
    const wrong = await failure(() => list.annotate('r.io/other:v1', { os: 'beos' }));
    assert.deepEqual([wrong.code, wrong.os], ['platform-unsupported', 'beos']);
    const emptied = await failure(() => list.annotate('r.io/other:v1', { variant: '' }));
    assert.match(emptied.message, /a string that is not empty \(clear empties a field\) as variant/);
    const missing = await failure(() => list.annotate('r.io/nothing', {}));
    assert.deepEqual([missing.code, missing.image], ['image-not-in-list', 'r.io/nothing']);
    const image = { mediaType: dockerImage, digest: digest(3), size: 1 };
    list.add({ ...image, reference: 'r.io/one_name:1' });
    const taken = await failure(() => list.add({ ...image, reference: 'r.io/one/name:1' }));
    assert.deepEqual([taken.code, taken.added, taken.present], ['name-taken', 'r.io/one/name:1', 'r.io/one_name:1']);
    assert.equal(list.remove('r.io/other:v1'), true);
    assert.equal(list.remove('r.io/other:v1'), false);
    list[Symbol.dispose]();
    assert.equal((await failure(() => list.annotate('r.io/app', {}))).code, 'argument-invalid');
  });

  test('a list is an OCI index for its annotations until the last entry that has some is removed', () => {
    const list = new ManifestList('r.io/app:v1');
    const [first, second] = [1, 2].map((digit) => `r.io/app@${digest(digit)}`);
    for (const [digit, architecture] of [[1, 'amd64'], [2, 'arm64']]) {
      list.add({ mediaType: dockerImage, digest: digest(digit), size: 5, platform: { os: 'linux', architecture } });
    }
    const { mediaType } = list;
    list.annotate(first, { annotations: { a: '1' } });
    assert.equal(list.mediaType, 'application/vnd.oci.image.index.v1+json');
    assert.equal(list.remove(second), true);
    assert.equal(list.mediaType, 'application/vnd.oci.image.index.v1+json');
    list.add({ mediaType: dockerImage, digest: digest(2), size: 5, platform: { os: 'linux', architecture: 'arm64' } });
    assert.equal(list.remove(first), true);
    assert.equal(list.mediaType, mediaType);
  });
});

describe('the border', () => {
  const wrong = [undefined, null, 0, NaN, 1.5, true, '', Symbol('s'), [], {}, () => {}, new Date(0)];
  const tm = new Tallyman({ store: new MemoryStore() });
  const list = new ManifestList('r.io/app:v1');
  const reference = Reference.parse('r.io/app:v1');
  const platform = { os: 'linux', architecture: 'amd64' };
  const full = new ManifestList('127.0.0.1:1/app:v1', [{ mediaType: ociImage, digest: digest(1), size: 1, platform }]);
  const of = (call, ...fine) => [call, new Set(fine)];
  // Each function with a wrong first argument; those that are no fault of it are named.
  const calls = {
    'Reference.parse': of((value) => Reference.parse(value)),
    'Digest.parse': of((value) => Digest.parse(value)),
    'Digest.of': of((value) => Digest.of(value), ''),
    'Digest.ofLarge': of((value) => Digest.ofLarge(value), ''),
    'Digest.ofStream': of((value) => Digest.ofStream(value), wrong[8]),
    'Digest.matches': of((value) => Digest.matches(value, '')),
    'Platform.parse': of((value) => Platform.parse(value)),
    'Platform.format': of((value) => Platform.format(value), wrong[9]),
    'Manifest.parse': of((value) => Manifest.parse(value)),
    buildList: of((value) => buildList(value), wrong[8]),
    'new ManifestList': of((value) => new ManifestList(value)),
    'list.add': of((value) => list.add(value)),
    'list.remove': of((value) => list.remove(value)),
    'list.annotate': of((value) => list.annotate(value, {})),
    'change of list.annotate': of((value) => full.annotate(`127.0.0.1:1/app@${digest(1)}`, value), wrong[9]),
    'new Tallyman': of((value) => new Tallyman(value), undefined, wrong[9]),
    insecure: of((insecure) => new Tallyman({ insecure }), undefined, true, wrong[8], wrong[10]),
    credentials: of((credentials) => new Tallyman({ credentials }), undefined, wrong[10]),
    concurrency: of((concurrency) => new Tallyman({ concurrency }), undefined),
    timeout: of((timeout) => new Tallyman({ timeout }), undefined),
    store: of((store) => new Tallyman({ store }), undefined),
    trustTokenService: of((trustTokenService) => new Tallyman({ trustTokenService }), undefined, wrong[10]),
    fetch: of((fetch) => new Tallyman({ fetch }), undefined, wrong[10]),
    onRetry: of((onRetry) => new Tallyman({ onRetry }), undefined, wrong[10]),
    onRequest: of((onRequest) => new Tallyman({ onRequest }), undefined, wrong[10]),
    attempts: of((attempts) => new Tallyman({ attempts }), undefined),
    'new FileStore': of((value) => new FileStore(value)),
    'new IndexedDbStore': of((value) => new IndexedDbStore(value), undefined),
    dockerCredentials: of((value) => dockerCredentials(value), undefined, wrong[9]),
    'folder of dockerCredentials': of((folder) => dockerCredentials({ folder }), undefined),
    'env of dockerCredentials': of((env) => dockerCredentials({ env }), undefined, true),
    'reference.withTag': of((value) => reference.withTag(value)),
    'reference.withDigest': of((value) => reference.withDigest(value)),
    'reference.pin': of((value) => reference.pin(value)),
    'options of Manifest.parse': of((value) => Manifest.parse('{}', value), undefined, wrong[9]),
    'Manifest.from': of((value) => Manifest.from(value)),
    'Inspection.from': of((value) => Inspection.from(value)),
    'TallymanError.from': of((value) => TallymanError.from(value)),
    'algorithm of Digest.of': of((value) => Digest.of('', value), undefined),
    'algorithm of Digest.ofLarge': of((value) => Digest.ofLarge('', value), undefined),
    'options of Digest.ofStream': of((value) => Digest.ofStream([], value), undefined, wrong[9]),
    'bytes of Digest.matches': of((value) => Digest.matches(digest(1), value), ''),
    'options of buildList': of((value) => buildList([], value), undefined, wrong[9]),
    'entries of new ManifestList': of((value) => new ManifestList('r.io/app:v1', value), undefined, wrong[8]),
    'ManifestList.from': of((value) => ManifestList.from(value)),
    'options of list.add': of((value) => list.add({ mediaType: ociImage, digest: digest(1), size: 1 }, value), undefined, wrong[9]),
    'list.annotateIndex': of((value) => list.annotateIndex(value), wrong[9]),
    init: of((value) => init(value), undefined, wrong[9]),
    initSync: of((value) => initSync(value)),
    'new PushPlan': of((value) => new PushPlan(value)),
    'new Attestation': of((value) => new Attestation(value)),
    'new Inspection': of((value) => new Inspection(value)),
    'new Manifest': of((value) => new Manifest(value)),
    'new BuiltList': of((value) => new BuiltList(value)),
    readLayer: of((value) => readLayer(value), wrong[8]),
    'options of readLayer': of((value) => readLayer([], value), undefined, wrong[9]),
    'digest of readLayer': of((digest) => readLayer([], { digest }), undefined),
    'diffId of readLayer': of((diffId) => readLayer([], { diffId }), undefined),
    'size of readLayer': of((size) => readLayer([], { size }), undefined, 0),
    'limits of readLayer': of((limits) => readLayer([], { limits }), undefined, wrong[9]),
    'entries in limits of readLayer': of((entries) => readLayer([], { limits: { entries } }), undefined, 0),
    files: of((value) => tm.files(value)),
    'options of files': of((value) => tm.files('127.0.0.1:1/app', value), undefined, wrong[9]),
    'layer of files': of((layer) => tm.files('127.0.0.1:1/app', { layer }), undefined),
    'path of files': of((path) => tm.files('127.0.0.1:1/app', { path }), undefined),
    'limits of files': of((limits) => tm.files('127.0.0.1:1/app', { limits }), undefined, wrong[9]),
    file: of((value) => tm.file(value, '/etc/motd')),
    'path of file': of((value) => tm.file('127.0.0.1:1/app', value)),
    'options of file': of((value) => tm.file('127.0.0.1:1/app', '/etc/motd', value), undefined, wrong[9]),
    layerChanges: of((value) => tm.layerChanges(value)),
    'before of changes': of((value) => tm.changes(value, '127.0.0.1:1/app')),
    'after of changes': of((value) => tm.changes('127.0.0.1:1/app', value)),
    'platform of changes': of((platform) => tm.changes('127.0.0.1:1/app', '127.0.0.1:1/app', { platform }).next(), undefined),
    'platform of files': of((platform) => tm.files('127.0.0.1:1/app', { platform }).next(), undefined),
    'options of changes': of((value) => tm.changes('127.0.0.1:1/app', '127.0.0.1:1/app', value), undefined, wrong[9]),
    waste: of((value) => tm.waste(value)),
    resolve: of((value) => tm.resolve(value)),
    tree: of((value) => tm.tree(value)),
    'platform of tree': of((platform) => tm.tree('127.0.0.1:1/app', { platform }), undefined),
    findings: of((value) => tm.findings(value)),
    'options of findings': of((value) => tm.findings('127.0.0.1:1/app', value), undefined, wrong[9]),
    rateLimit: of((value) => tm.rateLimit(value)),
    planCopy: of((value) => tm.planCopy(value, 'r.io/app')),
    'target of planCopy': of((value) => tm.planCopy('r.io/app', value)),
    'platforms of planCopy': of((platforms) => tm.planCopy('127.0.0.1:1/a', '127.0.0.1:1/b', { platforms }), undefined, wrong[8]),
    'digestTags of copy': of((digestTags) => tm.copy('127.0.0.1:1/a', '127.0.0.1:1/b', { digestTags }), undefined, true),
    'neverOverwrite of copy': of((neverOverwrite) => tm.copy('127.0.0.1:1/a', '127.0.0.1:1/b', { neverOverwrite }), undefined, true),
    convert: of((value) => tm.convert(value, 'oci')),
    'format of convert': of((value) => tm.convert(full, value)),
    'options of convert': of((value) => tm.convert(full, 'oci', value), undefined, wrong[9]),
    'format of push': of((format) => tm.push(full, { format }), undefined),
    'subject of push': of((subject) => tm.push(full, { subject }), undefined),
    'artifactType of push': of((artifactType) => tm.push(full, { artifactType }), undefined),
    'neverOverwrite of push': of((neverOverwrite) => tm.push(full, { neverOverwrite }), undefined, true),
    'subject of plan': of((subject) => tm.plan(full, { subject }), undefined),
    'options of push': of((value) => tm.push(full, value), undefined, wrong[9]),
    apply: of((value) => tm.apply(value), wrong[8]),
    'dryRun of apply': of((dryRun) => tm.apply({ image: '127.0.0.1:1/app', images: [':v1'] }, { dryRun }), undefined, true),
    'onProgress of apply': of((onProgress) => tm.apply({ image: '127.0.0.1:1/app', images: [':v1'] }, { onProgress }), undefined, wrong[10]),
    duplicate: of((value) => tm.duplicate(value, 'r.io/app')),
    'name of duplicate': of((value) => tm.duplicate('r.io/app', value)),
    rename: of((value) => tm.rename(value, 'r.io/app')),
    'name of rename': of((value) => tm.rename('r.io/app', value)),
    'sort of tags': of((sort) => tm.tags('127.0.0.1:1/app', { sort }).next(), undefined),
    'limit of tags': of((limit) => tm.tags('127.0.0.1:1/app', { limit }).next(), undefined),
    'digestTags of tags': of((digestTags) => tm.tags('127.0.0.1:1/app', { digestTags }).next(), undefined, true),
    'clear of list.annotate': of((clear) => full.annotate(`127.0.0.1:1/app@${digest(1)}`, { clear }), undefined, wrong[8]),
    'anyPlatform of list.annotate': of((anyPlatform) => full.annotate(`127.0.0.1:1/app@${digest(1)}`, { anyPlatform }), undefined, true),
    'relative of create': of((relative) => tm.create('127.0.0.1:1/app', [], { relative }), undefined, true),
    'attestations of create': of((attestations) => tm.create('127.0.0.1:1/app', [], { attestations }), undefined, true),
    'image of create': of((image) => tm.create('127.0.0.1:1/app', [image])),
    'options of resolve': of((value) => tm.resolve('127.0.0.1:1/app', value), undefined, wrong[9]),
    attestations: of((value) => tm.attestations(value)),
    'left of diff': of((value) => tm.diff(value, 'r.io/app')),
    'right of diff': of((value) => tm.diff('r.io/app', value)),
    'source of copy': of((value) => tm.copy(value, 'r.io/app')),
    'target of copy': of((value) => tm.copy('r.io/app', value)),
    'platforms of copy': of((platforms) => tm.copy('127.0.0.1:1/a', '127.0.0.1:1/b', { platforms }), undefined, wrong[8]),
    'referrers of copy': of((referrers) => tm.copy('127.0.0.1:1/a', '127.0.0.1:1/b', { referrers }), undefined, true),
    'onProgress of copy': of((onProgress) => tm.copy('127.0.0.1:1/a', '127.0.0.1:1/b', { onProgress }), undefined, wrong[10]),
    tag: of((value) => tm.tag(value, 'x')),
    'tags of tag': of((value) => tm.tag('127.0.0.1:1/app', value), wrong[8]),
    untag: of((value) => tm.untag(value)),
    putBlob: of((value) => tm.putBlob(value, '')),
    'content of putBlob': of((value) => tm.putBlob('127.0.0.1:1/app', value), ''),
    'mediaType of putBlob': of((mediaType) => tm.putBlob('127.0.0.1:1/app', '', { mediaType }), undefined),
    putManifest: of((value) => tm.putManifest(value, '{}')),
    'content of putManifest': of((value) => tm.putManifest('127.0.0.1:1/app', value)),
    attach: of((value) => tm.attach(value, { artifactType: 'x/y' })),
    'options of attach': of((value) => tm.attach('127.0.0.1:1/app', value)),
    'blobs of attach': of((blobs) => tm.attach('127.0.0.1:1/app', { artifactType: 'x/y', blobs }), undefined, wrong[8]),
    'blob of attach': of((blob) => tm.attach('127.0.0.1:1/app', { artifactType: 'x/y', blobs: [blob] })),
    'pageSize of tags': of((pageSize) => tm.tags('127.0.0.1:1/app', { pageSize }).next(), undefined),
    'last of tags': of((last) => tm.tags('127.0.0.1:1/app', { last }).next(), undefined),
    'match of tags': of((match) => tm.tags('127.0.0.1:1/app', { match }).next(), undefined),
    'annotations of create': of((annotations) => tm.create('127.0.0.1:1/app', [], { annotations }), undefined, wrong[9]),
    'platforms of create': of((platforms) => tm.create('127.0.0.1:1/app', [], { platforms }), undefined, wrong[8]),
    'flatten of create': of((flatten) => tm.create('127.0.0.1:1/app', [], { flatten }), undefined, true),
    'options of plan': of((value) => tm.plan(full, value), undefined, wrong[9]),
    'tags of push': of((tags) => tm.push(full, { tags }), undefined, wrong[8]),
    'artifactType of referrers': of((artifactType) => tm.referrers('127.0.0.1:1/app', { artifactType }), undefined),
    inspect: of((value) => tm.inspect(value)),
    'platform of inspect': of((platform) => tm.inspect('127.0.0.1:1/app', { platform }), undefined),
    'signal of inspect': of((signal) => tm.inspect('127.0.0.1:1/app', { signal }), undefined),
    manifest: of((value) => tm.manifest(value)),
    head: of((value) => tm.head(value)),
    tags: of((value) => tm.tags(value).next()),
    catalog: of((value) => tm.catalog(value).next()),
    blob: of((value) => tm.blob(value, digest(1))),
    'digest of blob': of((value) => tm.blob('r.io/app', value)),
    referrers: of((value) => tm.referrers(value)),
    delete: of((value) => tm.delete(value)),
    create: of((value) => tm.create(value, [])),
    'images of create': of((value) => tm.create('r.io/app', value), wrong[8]),
    plan: of((value) => tm.plan(value)),
    push: of((value) => tm.push(value)),
    load: of((value) => tm.load(value)),
    save: of((value) => tm.save(value)),
    remove: of((value) => tm.remove(value)),
    forget: of((value) => tm.forget(value)),
  };
  for (const [name, [call, fine]] of Object.entries(calls)) {
    test(`${name} refuses what it does not take`, async () => {
      for (const value of wrong.filter((value) => !fine.has(value))) {
        const { code } = await failure(() => call(value));
        assert.ok(['argument-invalid', 'digest-invalid', 'list-file-invalid', 'manifest-invalid', 'reference-invalid'].includes(code), `${String(value)}: ${code}`);
      }
    });
  }

  test('every function and class that is exported is in the table, with each of its methods', () => {
    // Methods whose arguments cannot be wrong, and the methods of stores, which the engine calls.
    const free = ['next', 'toJSON', 'toString', 'constructor'];
    const stores = ['MemoryStore', 'FileStore', 'IndexedDbStore', 'Attestation', 'BuiltList', 'PushPlan'];
    const tested = Object.keys(calls).map((name) => name.split(' ').at(-1).split('.').at(-1));
    const methods = ([name, value]) => {
      if (typeof value !== 'function') return typeof value === 'object' ? Object.keys(value).filter((key) => typeof value[key] === 'function') : [];
      if (stores.includes(name)) return [];
      if (!/^class/.test(Function.prototype.toString.call(value))) return [name];
      const names = [...Object.getOwnPropertyNames(value.prototype), ...Object.getOwnPropertyNames(value)];
      const own = names.filter((key) => typeof (Object.getOwnPropertyDescriptor(value.prototype, key) ?? Object.getOwnPropertyDescriptor(value, key)).value === 'function');
      return own.filter((key) => !['of', 'copyOf', 'handleOf', 'isOwn', 'lacksManifests', 'serverOf', 'typedOf'].includes(key) || name === 'Digest');
    };
    const missing = Object.entries(tallyman).flatMap(methods).filter((name) => !free.includes(name) && !tested.includes(name));
    assert.deepEqual(missing, ['isValid', 'lists']);
  });

  test('objects of other classes are refused where names and values are expected', async () => {
    const entry = { mediaType: ociImage, digest: digest(1), size: 1 };
    const image = `127.0.0.1:1/app@${digest(1)}`;
    const calls = (other) => [
      () => new Tallyman(other),
      () => init(other),
      () => Manifest.parse('{}', other),
      () => Platform.format(other),
      () => readLayer([], { limits: other }),
      () => buildList([{ ...entry, annotations: other }]),
      () => list.add({ ...entry, annotations: other }),
      () => list.add({ ...entry, platform: other }),
      () => full.annotate(image, other),
      () => full.annotate(image, { annotations: other }),
      () => full.annotateIndex(other),
      () => tm.inspect('127.0.0.1:1/app', other),
      () => tm.tags('127.0.0.1:1/app', other),
      () => tm.copy('127.0.0.1:1/a', '127.0.0.1:1/b', other),
      () => tm.create('127.0.0.1:1/app', [], { annotations: other }),
      () => tm.attach('127.0.0.1:1/app', { artifactType: 'x/y', annotations: other }),
    ];
    const described = (other) => [
      () => tm.apply(other),
      () => tm.apply([other]),
      () => tm.apply({ image: '127.0.0.1:1/app', annotations: other }),
      () => tm.apply({ image: '127.0.0.1:1/app', images: [{ image: ':v1', platform: other }] }),
    ];
    const others = [new Map([['os', 'linux']]), new Set(), /^1/, new URLSearchParams('os=linux'), new Uint8Array(), Promise.resolve({}), new AbortController().signal];
    for (const call of [...others.flatMap((other) => [...calls(other), ...described(other)]), ...calls(new Date(0))]) {
      assert.equal((await failure(call)).code, 'argument-invalid', String(call));
    }
    for (const fine of [Object.assign(Object.create(null), platform), new (class { os = 'linux'; architecture = 'amd64'; })(), runInNewContext('({ os: "linux", architecture: "amd64" })'), new Proxy(platform, {})]) {
      assert.equal(Platform.format(fine), 'linux/amd64');
    }
    const aborted = new AbortController();
    aborted.abort();
    assert.equal((await failure(() => tm.inspect('127.0.0.1:1/app', aborted))).code, 'aborted');
  });

  test('options of another name, and registries in every form that names them', async () => {
    assert.equal((await failure(() => tm.inspect('r.io/app', { platfrom: 'linux/arm64' }))).code, 'argument-invalid');
    assert.equal((await failure(() => new Tallyman({ insecrue: true }))).code, 'argument-invalid');
    const schemesOf = async (insecure) => {
      const schemes = new Set();
      const fetch = (url) => {
        schemes.add(new URL(url).protocol);
        return Promise.reject(new Error('no way'));
      };
      await failure(() => new Tallyman({ insecure, fetch, attempts: 1 }).inspect('reg.example/app'));
      return schemes;
    };
    for (const insecure of ['other.example', ['other.example'], new Set(['other.example']), () => false]) {
      assert.deepEqual(await schemesOf(insecure), new Set(['https:']));
    }
    for (const insecure of ['Reg.Example', ['other.example', 'REG.example']]) {
      assert.ok((await schemesOf(insecure)).has('http:'), `${insecure} is asked without TLS`);
    }
    for (const insecure of ['https://reg.example', 'reg.example/', '10.0.0.0/8', '*.lan', 'user@reg.example', ['fine.example', 'a b']]) {
      assert.equal((await failure(() => new Tallyman({ insecure }))).code, 'argument-invalid');
    }
    for (const insecure of ['reg.example:443', 'reg.example:80', '[::1]:5000', 'LOCALHOST:5000', '10.0.0.1']) new Tallyman({ insecure });
  });

  test('elements that fail while they are read are told by an error with the failure as its cause', async () => {
    const own = new Error('mine');
    const failing = function* () {
      yield 'linux/amd64';
      throw own;
    };
    const tm = new Tallyman({ fetch: () => Promise.reject(new Error('no way')), attempts: 1 });
    for (const [name, call] of [
      ['insecure', () => new Tallyman({ insecure: failing() })],
      ['platforms', () => tm.create('r.io/app:list', ['r.io/app:1'], { platforms: failing() })],
      ['tags', () => tm.tag('r.io/app:1', failing())],
    ]) {
      const error = await failure(call);
      assert.deepEqual([error.code, error.cause], ['input-failed', own], name);
      assert.equal(error.message, `expected the elements of ${name}, which failed: mine`);
    }
  });

  test('a string alone is taken where several are, and a Digest where its text is', async () => {
    const known = digest(3);
    const reference = Reference.parse('127.0.0.1:1/app:t');
    assert.equal(String(reference.pin(Digest.parse(known))), `127.0.0.1:1/app:t@${known}`);
    assert.equal(String(reference.withDigest(Digest.parse(known))), `127.0.0.1:1/app@${known}`);
    const tm = new Tallyman({ attempts: 1 });
    for (const call of [
      () => tm.create('127.0.0.1:1/app', '127.0.0.1:1/app:amd64'),
      () => tm.copy('127.0.0.1:1/a', '127.0.0.1:1/b', { platforms: 'linux/amd64' }),
      () => tm.blob('127.0.0.1:1/app', Digest.parse(known)),
    ]) {
      const { code, reason, cause } = await failure(call);
      assert.deepEqual([code, reason ?? cause.reason], ['unreachable', 'refused']);
    }
  });

  test('an empty list of platforms does not stand for all of them', async () => {
    const tm = new Tallyman({ attempts: 1 });
    for (const platforms of [[], new Set()]) {
      for (const call of [
        () => tm.create('127.0.0.1:1/app', ['127.0.0.1:1/app:v1'], { platforms }),
        () => tm.copy('127.0.0.1:1/a', '127.0.0.1:1/b', { platforms }),
        () => tm.planCopy('127.0.0.1:1/a', '127.0.0.1:1/b', { platforms }),
      ]) {
        const { code, message } = await failure(call);
        assert.equal(code, 'argument-invalid');
        assert.match(message, /^expected at least one platform as platforms, found /);
      }
    }
  });

  test('an error of whatever cause is data that can be posted', () => {
    for (const [cause, told] of [[{ because: () => 1 }, {}], [10n, '10'], [() => 1, '() => 1'], [Symbol('s'), 'Symbol(s)'], [{ a: 1 }, { a: 1 }]]) {
      const data = new TallymanError({ code: 'aborted', message: 'm', cause }).toJSON();
      assert.deepEqual(structuredClone(data), { name: 'TallymanError', code: 'aborted', message: 'm', cause: told });
      JSON.stringify(data);
    }
  });

  test('a timeout is one that timers take', async () => {
    for (const timeout of [2 ** 31, 30 * 86_400_000]) {
      const { code, message } = await failure(() => new Tallyman({ timeout }));
      assert.equal(code, 'argument-invalid');
      assert.match(message, /^expected a time of at most 596 hours, in milliseconds, as timeout, found \d+$/);
    }
    assert.ok(new Tallyman({ timeout: 2 ** 31 - 1 }));
  });

  test('platforms are taken by the names of manifests, too, and unknown ones are refused', async () => {
    const entry = { mediaType: ociImage, digest: digest(1), size: 1, platform: { os: 'windows', architecture: 'amd64', 'os.version': '10.0.1' } };
    const made = new ManifestList('r.io/app:v1', [entry]);
    assert.equal(made.entries[0].platform.osVersion, '10.0.1');
    assert.equal((await failure(() => new ManifestList('r.io/app:v1', [{ ...entry, platform: { os: 'linux', arch: 'arm64' } }]))).code, 'argument-invalid');
    assert.equal((await failure(() => list.annotate('r.io/app', { osversion: '' }))).code, 'argument-invalid');
  });

  test('annotations of entries are kept in an OCI index and refused in a Docker list', async () => {
    const annotations = { 'vnd.docker.reference.type': 'attestation-manifest' };
    const entry = { digest: digest(1), size: 1, platform: { os: 'linux', architecture: 'amd64' }, annotations };
    const made = new ManifestList('r.io/app:v1', [{ ...entry, mediaType: ociImage }]);
    assert.deepEqual(JSON.parse(made.toString()).manifests[0].annotations, annotations);
    assert.equal((await failure(() => new ManifestList('r.io/app:v1', [{ ...entry, mediaType: dockerImage }]))).code, 'argument-invalid');
  });

  test('bytes of another realm are as good', () => {
    for (const made of ['new DataView(new ArrayBuffer(8))', 'new ArrayBuffer(8)', 'new Uint16Array(4)']) {
      assert.equal(Digest.of(runInNewContext(made)), Digest.of(new Uint8Array(8)), made);
    }
  });

  test('failures of a fetch are told by the words and codes of its runtime', async () => {
    for (const [thrown, code, reason] of [
      [new TypeError('error sending request: dns error: failed to lookup address information'), 'unreachable', 'dns'],
      [new TypeError('client error (Connect): invalid peer certificate: UnknownIssuer'), 'tls', undefined],
      [new TypeError('client error (Connect): tcp connect error: Connection reset by peer'), 'unreachable', 'reset'],
      [Object.assign(new TypeError('The TLS handshake failed'), { code: 'EPROTO' }), 'tls', undefined],
      [new TypeError('fetch failed', { cause: Object.assign(new Error('alert'), { code: 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE' }) }), 'tls', undefined],
      [
        new TypeError('fetch failed', {
          cause: Object.assign(new Error('Client network socket disconnected before secure TLS connection was established'), { code: 'ECONNRESET' }),
        }),
        'tls',
        'handshake',
      ],
      [new TypeError('client error (Connect): tls handshake eof'), 'tls', 'handshake'],
      [new TypeError('fetch failed'), 'unreachable', 'other'],
    ]) {
      const error = await failure(() => new Tallyman({ fetch: () => Promise.reject(thrown), attempts: 1 }).manifest('reg.example/app'));
      assert.deepEqual([error.code, ...(reason ? [error.reason] : [])], [code, ...(reason ? [reason] : [])], String(thrown));
    }
  });

  test('bytes that are not there any more are refused', async () => {
    const gone = (bytes) => (structuredClone(bytes, { transfer: [bytes.buffer] }), bytes);
    const shrinking = new ArrayBuffer(8, { maxByteLength: 8 });
    const behind = new Uint8Array(shrinking, 4, 4);
    shrinking.resize(2);
    const transferred = gone(new Uint8Array(8));
    for (const bytes of [transferred, transferred.buffer, gone(new DataView(new ArrayBuffer(8))), gone(new Float64Array(8)), behind]) {
      for (const work of [
        () => Digest.of(bytes),
        () => Digest.ofLarge(bytes),
        () => Digest.ofStream([bytes]),
        () => Digest.matches(digest(1), bytes),
        () => Manifest.parse(bytes),
        () => buildList(bytes),
        () => new Tallyman().putManifest('127.0.0.1:1/app', bytes),
        () => new Tallyman().putBlob('127.0.0.1:1/app', bytes),
        () => new Tallyman().attach('127.0.0.1:1/app', { artifactType: 'a/b', blobs: [{ content: bytes }] }),
      ]) {
        const { code, message } = await failure(work);
        assert.deepEqual([code, message], ['argument-invalid', 'expected bytes, found a buffer that was transferred or has shrunk'], String(work));
      }
    }
    assert.equal(Digest.of(new Uint8Array()), sha256(''));
    // Nor is what only looks like bytes.
    assert.equal((await failure(() => Digest.of(new Proxy(new Uint8Array(8), {})))).code, 'argument-invalid');
    class Own extends Uint8Array {
      get length() {
        throw new Error('not for you');
      }
    }
    assert.equal(Digest.of(new Own(8)), sha256(new Uint8Array(8)));
  });

  test('2 GiB are hashed as all bytes are', { timeout: 300_000 }, async () => {
    const size = 2 ** 31;
    const bytes = new Uint8Array(size);
    const hash = createHash('sha256');
    for (let at = 0; at < size; at += 2 ** 28) hash.update(bytes.subarray(at, at + 2 ** 28));
    const expected = `sha256:${hash.digest('hex')}`;
    assert.equal(Digest.of(bytes), expected);
    assert.equal(await Digest.ofLarge(bytes.buffer), expected);
    assert.equal(await Digest.ofStream([bytes]), expected);
  });

  test('bytes come in every form, streams too', async () => {
    const bytes = new TextEncoder().encode('hello');
    for (const form of [bytes, bytes.buffer, new DataView(bytes.buffer), Buffer.from(bytes), 'hello']) assert.equal(Digest.of(form), sha256(bytes));
    for (const form of [new Blob([bytes]), new Response(bytes), [bytes.buffer], new Blob([bytes]).stream()]) {
      assert.equal(await Digest.ofStream(form), sha256(bytes));
    }
  });

  test('a reference is pinned with its tag', () => {
    assert.equal(String(Reference.parse('r.io/a:t').pin(digest(3))), `r.io/a:t@${digest(3)}`);
  });
});

describe('with a registry', () => {
  let registry;
  let hello;

  before(async () => {
    registry = await startDevRegistry('--samples');
    hello = `${registry.host}/samples/hello`;
  });
  after(() => registry.stop());

  test('a plan tells its steps, and a push which of them is done', async () => {
    const tm = new Tallyman({ store: new MemoryStore() });
    const list = await tm.create(`${registry.host}/planned/hello:v1`, [`${hello}:amd64`, `${hello}:arm64`]);
    const plan = tm.plan(list);
    assert.equal(plan.steps.length, plan.stepCount);
    assert.equal(plan.steps, plan.steps);
    const { kind, digest: put, after: behind } = plan.steps.at(-1);
    assert.deepEqual([kind, put, behind.length > 0], ['put-list', list.digest, true]);
    const done = [];
    const pushed = await tm.push(plan, {
      onProgress: ({ kind, step, completed, total }) => {
        assert.equal(total, plan.stepCount);
        if (kind === 'done') assert.equal(done.push(step), completed);
      },
    });
    assert.equal(pushed.digest, list.digest);
    assert.deepEqual(new Set(done), new Set(plan.steps));
  });

  test('clients, lists, plans and streams that nobody holds are collected', async () => {
    const script = `
      import { ManifestList, Tallyman } from 'tallyman';
      const hello = '${hello}';
      const held = [];
      const hold = (value) => (held.push(new WeakRef(value)), value);
      for (let times = 0; times < 10; times++) {
        const tm = hold(new Tallyman());
        await tm.head(hello + ':latest');
        const image = await tm.inspect(hello + ':amd64');
        const list = hold(new ManifestList('r.io/app:v1', [image]));
        hold(list.digest && new Tallyman().plan(new ManifestList('${registry.host}/samples/app:v1', [image])));
        await hold(await tm.blob(hello, image.layers[0])).cancel();
        for await (const tag of tm.tags(hello)) { tag; break; }
      }
      for (let times = 0; times < 20; times++) { globalThis.gc(); await new Promise((resolve) => setTimeout(resolve, 10)); }
      // The last of each may still be on the stack.
      console.log(held.filter((each) => each.deref()).length);`;
    const { stdout } = await promisify(execFile)('node', ['--expose-gc', '--input-type=module', '-e', script], { cwd: fileURLToPath(new URL('.', import.meta.url)) });
    assert.ok(Number(stdout) <= 4, `${stdout.trim()} of 40 are alive`);
  });

  test('a manifest is deleted by its digest alone, and a tag by its name', async () => {
    const tm = new Tallyman();
    const app = `${registry.host}/deleted/app`;
    const { digest: known } = await tm.copy(`${hello}:amd64`, `${app}:latest`);
    for (const reference of [app, `${app}:latest`, `${app}:latest@${known}`, Reference.parse(`${app}:latest`).pin(known)]) {
      const error = await failure(() => tm.delete(reference));
      assert.deepEqual([error.code, error.reference], ['digest-needed', String(Reference.parse(reference))]);
      assert.match(error.message, /^expected a digest and no tag, .* or delete only the tag with untag\(\)$/);
    }
    // The tag that stands for none is not meant.
    for (const reference of [app, Reference.parse(app), `${app}@${known}`]) {
      const error = await failure(() => tm.untag(reference));
      assert.deepEqual([error.code, error.reference], ['tag-needed', String(Reference.parse(reference))]);
    }
    assert.equal((await tm.resolve(`${app}:latest`)).digest, known);
    await tm.untag(Reference.parse(app).withTag('latest'));
    assert.equal((await failure(() => tm.resolve(`${app}:latest`))).code, 'not-found');
    await tm.delete(`${app}@${known}`);
    assert.equal((await failure(() => tm.resolve(`${app}@${known}`))).code, 'not-found');
  });

  test('entries of lists and nodes of trees are descriptors for all that takes those', async () => {
    const tm = new Tallyman();
    const list = await tm.create(`${registry.host}/samples/hello:entries`, [`${hello}:amd64`, `${hello}:arm64`]);
    const { entries } = list;
    assert.equal(buildList(entries).digest, list.digest);
    const made = await tm.create(`${registry.host}/samples/hello:again`, entries);
    const platformsOf = (all) => new Map(all.map(({ digest, platform }) => [digest, platform]));
    assert.deepEqual(platformsOf(made.entries), platformsOf(entries));
    const elsewhere = await failure(() => tm.create(`${registry.host}/samples/other:v1`, entries));
    assert.equal(elsewhere.code, 'argument-invalid');
    assert.match(elsewhere.message, /expected descriptors of manifests in .*\/samples\/other, or names of images elsewhere, as images, found ".*\/samples\/hello/);
    const { digest } = await tm.push(list, { subject: entries[0], format: 'oci' });
    assert.equal((await tm.manifest(`${hello}@${digest}`)).subject.digest, entries[0].digest);
    const node = await tm.tree(`${hello}:amd64`);
    assert.equal(new ManifestList(`${hello}:node`, [{ ...node, platform: entries[0].platform }]).entries[0].digest, node.digest);
    assert.equal((await failure(() => buildList([{ ...entries[0], other: 1 }]))).code, 'argument-invalid');
  });

  test('a platform with a version or features is that of its own image', async () => {
    const versions = ['10.0.17763.1', '10.0.20348.1', '10.0.20348.2', '10.0.26100.1'];
    const made = new ManifestList(`${registry.host}/windows/app:v1`);
    const tm = new Tallyman();
    for (const [at, osVersion] of versions.entries()) {
      const config = await tm.putBlob(`${registry.host}/windows/app`, JSON.stringify({ os: 'windows', architecture: 'amd64', 'os.version': osVersion, rootfs: { type: 'layers', diff_ids: [] } }));
      const text = JSON.stringify({ schemaVersion: 2, mediaType: ociImage, config: { ...config, mediaType: 'application/vnd.oci.image.config.v1+json' }, layers: [] });
      const image = await tm.putManifest(`${registry.host}/windows/app:${at}`, text);
      made.add({ ...image, platform: { os: 'windows', architecture: 'amd64', osVersion, ...(at === 3 ? { osFeatures: ['win32k'] } : {}) } });
    }
    await tm.push(made);
    const { platforms } = await tm.inspect(made.reference);
    assert.equal(platforms.length, 4);
    for (const { platform, descriptor } of platforms) assert.equal((await tm.resolve(made.reference, { platform })).digest, descriptor.digest);
    const windows = { os: 'windows', architecture: 'amd64' };
    const of = async (platform) => (await tm.inspect(made.reference, { platform })).platform.osVersion;
    // Another update of the same build, the build alone, a feature.
    assert.equal(await of({ ...windows, osVersion: '10.0.17763.9' }), versions[0]);
    assert.match(await of({ ...windows, osVersion: '10.0.20348' }), /^10\.0\.20348\./);
    assert.equal(await of({ ...windows, osFeatures: ['win32k'] }), versions[3]);
    const error = await failure(() => of({ ...windows, osVersion: '10.0.9.1' }));
    assert.equal(error.code, 'platform-not-found');
    assert.match(error.message, /an image for windows\/amd64 10\.0\.9\.1 in .*, found .*windows\/amd64 10\.0\.17763\.1/);
    const single = await failure(() => tm.inspect(`${registry.host}/windows/app:0`, { platform: { ...windows, osVersion: versions[1] } }));
    assert.equal(single.code, 'platform-not-found');
    const list = await tm.create(`${registry.host}/windows/some:v1`, [made.reference], { platforms: [{ ...windows, osVersion: versions[0] }] });
    assert.deepEqual(list.entries.map(({ platform }) => platform.osVersion), [versions[0]]);
    for (const platform of [{ os: '', architecture: 'amd64', osVersion: '1' }, { os: 'windows', architecture: '', osFeatures: ['a'] }]) {
      assert.equal((await failure(() => of(platform))).code, 'argument-invalid');
    }
  });

  test('what fails says what, where and why', async () => {
    const tm = new Tallyman({ attempts: 1 });
    const missing = await failure(() => tm.inspect(`${hello}:none`));
    assert.deepEqual([missing.code, missing.status, missing.reference, missing.retryable], ['not-found', 404, `${hello}:none`, false]);
    assert.equal(missing.registryErrors[0].code, 'MANIFEST_UNKNOWN');
    const platform = await failure(() => tm.inspect(`${hello}:latest`, { platform: 'plan9/386' }));
    assert.deepEqual([platform.code, platform.platform, platform.platforms.length], ['platform-not-found', 'plan9/386', 4]);
    const single = await failure(() => tm.inspect(`${hello}:amd64`, { platform: 'linux/arm64' }));
    assert.deepEqual([single.code, single.platforms], ['platform-not-found', ['linux/amd64']]);
    const right = await tm.inspect(`${hello}:amd64`, { platform: 'linux/amd64' });
    assert.equal(right.reference, `${hello}:amd64`);
    const refused = await failure(() => tm.inspect('127.0.0.1:1/app'));
    assert.deepEqual([refused.code, refused.reason, refused.cause.code, refused.retryable], ['unreachable', 'refused', 'ECONNREFUSED', true]);
    const plain = await failure(() => new Tallyman({ insecure: false }).inspect(`${hello}:latest`));
    assert.equal(plain.code, 'plain-http-refused');
    const wrong = await failure(() => tm.inspect(`${hello}@${digest(0)}`));
    assert.equal(wrong.code, 'not-found');
    const isList = await failure(() => tm.create(`${hello}:made`, [`${hello}:latest`]));
    assert.deepEqual([isList.code, isList.reference], ['is-list', `${hello}:latest`]);
    const gone = await failure(() => tm.create(`${hello}:made`, [`${hello}:none`]));
    assert.deepEqual([gone.code, gone.cause.code, gone.cause.status], ['not-found', 'not-found', 404]);
  });

  test('an image has a platform and a config, whatever its config is', async () => {
    const tm = new Tallyman();
    const repository = `${registry.host}/samples/odd`;
    for (const [text, config] of [['{}', {}], ['null', {}], ['[1]', {}], ['1', {}], ['no JSON', {}], ['{"architecture":5}', { architecture: 5 }]]) {
      const described = await tm.putBlob(repository, text, { mediaType: 'application/vnd.oci.image.config.v1+json' });
      await tm.putManifest(`${repository}:v1`, JSON.stringify({ schemaVersion: 2, mediaType: ociImage, config: described, layers: [] }));
      const image = await tm.inspect(`${repository}:v1`);
      assert.deepEqual([image.kind, image.platform, image.config, String(Buffer.from(image.configBytes))], ['image', { os: '', architecture: '' }, config, text]);
      assert.deepEqual(JSON.parse(JSON.stringify(image)).config, config);
    }
  });

  test('a signal ends each sort of call, by its own reason', async () => {
    const tm = new Tallyman();
    const signal = AbortSignal.abort(new Error('enough'));
    for (const call of [
      () => tm.inspect(hello, { signal }),
      () => tm.manifest(hello, { signal }),
      () => tm.head(hello, { signal }),
      () => tm.tags(hello, { signal }).next(),
      () => tm.catalog(registry.host, { signal }).next(),
      () => tm.blob(hello, digest(1), { signal }),
      () => tm.referrers(hello, { signal }),
      () => tm.delete(hello, { signal }),
      () => tm.create(`${hello}:x`, [hello], { signal }),
    ]) {
      const { code, cause } = await failure(call);
      assert.deepEqual([code, cause.message], ['aborted', 'enough'], String(call));
    }
    const slow = await startDevRegistry('--samples', '--fault', 'latency,ms=60000');
    const late = await failure(() => tm.inspect(`${slow.host}/samples/hello:latest`, { signal: AbortSignal.timeout(50) }));
    assert.deepEqual([late.code, late.name], ['aborted', 'TimeoutError']);
    await slow.stop();
  });

  test('a blob that is not what its digest says ends in an error', async () => {
    const faulty = await startDevRegistry('--samples', '--fault', 'wrong-byte,path=/v2/*/blobs/*');
    const tm = new Tallyman({ attempts: 1 });
    const repository = `${faulty.host}/samples/hello`;
    const { layers } = await new Tallyman().inspect(`${hello}:latest`, { platform: 'linux/arm64' });
    const error = await failure(async () => Digest.ofStream(await tm.blob(repository, layers[0])));
    assert.ok(['digest-mismatch', 'size-mismatch'].includes(error.code), error.code);
    await faulty.stop();
  });

  test('a blob can be left half-way, and named by its reference alone', async () => {
    const tm = new Tallyman();
    const { layers } = await tm.inspect(`${hello}:latest`, { platform: 'linux/arm64' });
    const stream = await tm.blob(`${hello}@${layers[0].digest}`);
    await stream.cancel();
    assert.equal((await failure(() => tm.blob(hello))).code, 'argument-invalid');
    assert.equal((await failure(() => tm.blob(hello, digest(7)))).code, 'not-found');
  });

  test("a program's own fetch is used for everything", async () => {
    const seen = [];
    const fetch = (url, init) => {
      seen.push(`${init.method} ${new URL(url).pathname}`);
      return globalThis.fetch(url, init);
    };
    const tm = new Tallyman({ fetch });
    const inspected = await tm.inspect(`${hello}:latest`);
    assert.ok(inspected instanceof Inspection);
    assert.deepEqual(seen, ['GET /v2/samples/hello/manifests/latest']);
    const thrown = new Error('no way');
    const error = await failure(() => new Tallyman({ attempts: 1, fetch: () => Promise.reject(thrown) }).inspect(`${hello}:latest`));
    assert.deepEqual([error.code, error.cause], ['unreachable', thrown]);
  });

  test('repetitions are told', async () => {
    const flaky = await startDevRegistry('--samples', '--fault', 'server-error,times=1');
    const events = [];
    const tm = new Tallyman({ onRetry: (event) => events.push(event) });
    const { kind } = await tm.inspect(`${flaky.host}/samples/hello:latest`);
    assert.equal(kind, 'list');
    assert.equal(events.length, 1);
    assert.ok(events[0].error instanceof TallymanError && events[0].wait > 0 && events[0].attempt === 1);
    await flaky.stop();
  });

  test('what a callback for credentials throws is the cause', async () => {
    const thrown = new Error('the vault is shut');
    const tm = new Tallyman({ credentials: () => Promise.reject(thrown) });
    const error = await failure(() => tm.inspect(`${hello}:latest`));
    assert.deepEqual([error.code, error.registry, error.cause], ['credentials', registry.host, thrown]);
  });

  describe('stores', () => {
    const kept = new Map();
    const own = {
      names: async () => [...kept.keys()],
      load: async (list) => kept.get(list) && [...kept.get(list)],
      save: async (list, entries) => void kept.set(list, new Map(entries)),
      putEntry: async (list, [name, bytes]) => void kept.get(list).set(name, bytes),
      remove: async (list) => kept.delete(list),
    };
    let folder;
    before(async () => (folder = await mkdtemp(join(tmpdir(), 'tallyman-npm-'))));
    after(() => rm(folder, { recursive: true }));

    for (const [name, make] of [
      ['in memory', () => new MemoryStore()],
      ['in files', () => new FileStore(join(folder, 'manifests'))],
      ["of a program's own", () => own],
    ]) {
      test(`lists are kept ${name}`, async () => {
        const tm = new Tallyman({ store: make() });
        const { entries } = await tm.inspect(`${hello}:latest`);
        const [first, second] = entries.map((entry) => `${hello}@${entry.digest}`);
        const list = `${registry.host}/kept/app:v1`;
        const made = await tm.create(list, [first]);
        assert.deepEqual(await tm.lists(), [list]);
        assert.equal((await tm.load(list)).digest, made.digest);
        assert.equal((await failure(() => tm.create(list, [second]))).code, 'list-exists');
        const amended = await tm.create(list, [second], { amend: true });
        assert.equal(amended.length, 2);
        amended.annotate(first, { os: 'linux', architecture: 'arm', variant: 'v6' });
        await tm.save(amended);
        assert.deepEqual((await tm.load(list)).entries, amended.entries);
        const { digest } = await tm.push(list, { purge: true });
        assert.equal(digest, amended.digest);
        assert.deepEqual([await tm.lists(), await tm.load(list), await tm.remove(list)], [[], undefined, false]);
        assert.equal((await failure(() => tm.push(list))).code, 'list-unknown');
      });
    }

    test("calls at the same time lose nothing in a store of a program's own, whichever clients make them", async () => {
      const memory = new MemoryStore();
      const slowly = async (name, given) => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        return memory[name](...given);
      };
      const store = Object.fromEntries(Object.keys(own).map((name) => [name, (...given) => slowly(name, given)]));
      const [tm, other] = [new Tallyman({ store }), new Tallyman({ store })];
      const { entries } = await tm.inspect(`${hello}:latest`);
      const [first, second, third] = entries.map((entry) => `${hello}@${entry.digest}`);
      const [list, to, free] = ['v1', 'v2', 'v3'].map((tag) => `${registry.host}/together/app:${tag}`);
      const made = await Promise.allSettled([tm.create(list, [first]), other.create(list, [first])]);
      assert.deepEqual(made.map(({ status, reason }) => reason?.code ?? status).sort(), ['fulfilled', 'list-exists']);
      await Promise.all([tm.create(list, [first, second], { amend: true }), other.create(list, [third], { amend: true })]);
      const all = [first, second, third].sort();
      const kept = async (...names) => (await Promise.all(names.map((name) => tm.load(name)))).flatMap((list) => list?.entries.map(({ reference }) => reference) ?? []).sort();
      assert.deepEqual(await kept(list), all);
      await tm.create(to, [first]);
      await Promise.all([tm.create(to, [second, third], { amend: true }), other.rename(to, free)]);
      assert.deepEqual(await kept(to, free), all);
      const renamed = await Promise.allSettled([tm.rename(list, `${to}-new`), other.rename(free, `${to}-new`)]);
      assert.deepEqual(renamed.map(({ status, reason }) => reason?.code ?? status).sort(), ['fulfilled', 'list-exists']);
      // A change that fails keeps no other waiting.
      const { save } = store;
      store.save = () => Promise.reject(new Error('disk on fire'));
      assert.equal((await failure(() => tm.create(`${to}-more`, [first]))).code, 'store-failed');
      store.save = save;
      assert.equal((await other.create(`${to}-more`, [first])).length, 1);
    });

    test('a store in files takes names and bytes as they are to be, and leaves what is beside its folder', async () => {
      const place = join(folder, 'strict');
      const outside = join(place, 'outside');
      await mkdir(outside, { recursive: true });
      await writeFile(join(outside, 'secret'), 'secret');
      const store = new FileStore(join(place, 'manifests'));
      const [name, bytes] = ['r.io_app-1', Buffer.from('{}')];
      const entries = [['r.io_app-a', bytes]];
      await store.save(name, entries);
      const ofList = (list) => [
        () => store.load(list),
        () => store.save(list, []),
        () => store.add(list, []),
        () => store.edit(list, []),
        () => store.putEntry(list, entries[0]),
        () => store.remove(list),
        () => store.removeSeen(list, []),
        () => store.rename(list, 'r.io_new-1'),
        () => store.rename(name, list),
      ];
      const ofEntry = (entry) => [
        () => store.save(name, [entry]),
        () => store.add('r.io_new-1', [entry]),
        () => store.putEntry(name, entry),
        () => store.edit(name, [[entry[0], undefined, entry[1]]]),
        () => store.edit(name, [[entry[0], entry[1], undefined]]),
      ];
      const refused = async (calls, code) => {
        for (const call of calls) assert.equal((await failure(call)).code, code, String(call));
      };
      for (const list of ['..', '../outside', '/outside', 'a/b', 'a\\b', 'a\0b', '.hidden']) await refused(ofList(list), 'store-failed');
      for (const entry of ['..', '../../outside/secret', '.hidden']) await refused(ofEntry([entry, bytes]), 'store-failed');
      for (const wrong of [undefined, null, '', 1, {}, []]) await refused([...ofList(wrong), ...ofEntry([wrong, bytes])], 'argument-invalid');
      for (const wrong of [null, 1, {}, []]) await refused([...ofEntry(['r.io_app-a', wrong]), () => store.removeSeen(name, [['r.io_app-a', wrong]])], 'argument-invalid');
      for (const wrong of [undefined, null, 1, {}, [null], [1]]) await refused([() => store.save(name, wrong), () => store.edit(name, wrong), () => store.removeSeen(name, wrong)], 'argument-invalid');
      assert.equal(await readFile(join(outside, 'secret'), 'utf8'), 'secret');
      assert.deepEqual([await store.names(), (await store.load(name)).map(([name, bytes]) => [name, Buffer.from(bytes)])], [[name], entries]);
      await store.putEntry(name, ['r.io_app-a', new Uint16Array([0x7d7b]).buffer]);
      assert.deepEqual((await store.load(name))[0], ['r.io_app-a', new Uint8Array(bytes)]);
    });

    test('a list that was pushed is removed whatever was made of it, and kept if it was changed meanwhile', async () => {
      const store = new FileStore(join(folder, 'purged'));
      const tm = new Tallyman({ store });
      const { entries } = await tm.inspect(`${hello}:latest`);
      const [first, second] = entries.map((entry) => `${hello}@${entry.digest}`);
      const list = `${registry.host}/purged/app:v1`;
      for (const options of [{}, { format: 'oci' }, { format: 'docker' }, { artifactType: 'example/list' }, { subject: `${registry.host}/purged/app@${entries[0].digest}` }, { digestOnly: true }]) {
        await tm.create(list, [first], { oci: true });
        const { localList } = await tm.push(list, { ...options, copy: true, purge: true });
        assert.deepEqual([localList, await tm.load(list)], ['removed', undefined], JSON.stringify(options));
      }
      const planned = tm.plan(await tm.create(list, [first], { oci: true }), { copy: true, artifactType: 'example/list' });
      await tm.create(list, [second], { amend: true });
      assert.equal((await tm.push(planned, { purge: true })).localList, 'kept');
      assert.equal((await tm.load(list)).length, 2);
      assert.equal((await tm.push(planned)).localList, undefined);
    });

    // A store in which another program changes a list as soon as it was read.
    const raced = (Base) =>
      class extends Base {
        afterLoad;
        async load(list) {
          const found = await super.load(list);
          const change = this.afterLoad;
          this.afterLoad = undefined;
          await change?.();
          return found;
        }
      };
    for (const [name, Base, place] of [
      ['in memory', MemoryStore, () => undefined],
      ['in files', FileStore, () => join(folder, 'raced')],
    ]) {
      test(`what another program adds is neither removed after a push nor lost by a rename, ${name}`, async () => {
        const store = new (raced(Base))(place());
        const tm = new Tallyman({ store });
        const { entries } = await tm.inspect(`${hello}:latest`);
        const [first, second, third] = entries.map((entry) => `${hello}@${entry.digest}`);
        const [list, to] = ['v1', 'v2'].map((tag) => `${registry.host}/raced/app:${tag}`);
        await tm.create(list, [first]);
        const onProgress = ({ completed, total }) => {
          if (completed === total) store.afterLoad = () => tm.create(list, [second], { amend: true });
        };
        assert.equal((await tm.push(list, { copy: true, purge: true, onProgress })).localList, 'kept');
        const added = [first, second];
        assert.deepEqual((await tm.load(list)).entries.map(({ reference }) => reference).sort(), added.sort());
        store.afterLoad = async () => {
          await tm.create(list, [third], { amend: true });
          added.push(third);
        };
        await tm.rename(list, to);
        store.afterLoad = undefined;
        const kept = await Promise.all([list, to].map((name) => tm.load(name)));
        const found = new Set(kept.flatMap((list) => list?.entries.map(({ reference }) => reference) ?? []));
        assert.deepEqual([...found].sort(), added.sort());
        // Each method by itself.
        const [file] = await store.names();
        const seen = await store.load(file);
        assert.equal(await store.removeSeen(file, seen.slice(1)), false);
        assert.equal(await store.removeSeen(file, seen.map(([name, bytes]) => [name, bytes.slice(1)])), false);
        assert.equal(await store.removeSeen(file, [...seen, ['another', new Uint8Array()]]), false);
        assert.equal(await store.rename(file, file, to), 'taken');
        assert.equal(await store.rename('none', 'other', `${hello}:other`), 'gone');
        assert.deepEqual(await store.load(file), seen);
        assert.equal(await store.removeSeen(file, seen), true);
        assert.equal(await store.removeSeen(file, seen), false);
        assert.deepEqual(await tm.lists(), []);
      });
    }

    test('files are those of the command line, which reads them', async () => {
      const tm = new Tallyman({ store: new FileStore(join(folder, 'manifests')) });
      const { entries } = await tm.inspect(`${hello}:latest`);
      const list = `${registry.host}/shared/app:v1`;
      const made = await tm.create(list, [`${hello}@${entries[0].digest}`]);
      const [name] = await readdir(join(folder, 'manifests'));
      const [file] = await readdir(join(folder, 'manifests', name));
      const entry = JSON.parse(await readFile(join(folder, 'manifests', name, file), 'utf8'));
      assert.equal(entry.Descriptor.digest, entries[0].digest);
      const env = { ...process.env, TALLYMAN_CONFIG: folder };
      const { stdout } = await promisify(execFile)('node', [program, 'inspect', '--raw', list], { env });
      assert.equal(stdout, made.toString());
    });

    test('lists in memory that share a name as files are kept apart', async () => {
      const memory = new MemoryStore();
      assert.deepEqual(await twins(tallyman, memory), apart);
      // A store without the methods that a program may leave out.
      const fewer = { ...own, load: (...given) => memory.load(...given), remove: (...given) => memory.remove(...given), names: () => memory.names() };
      const tm = new Tallyman({ store: { ...fewer, save: (...given) => memory.save(...given), putEntry: (...given) => memory.putEntry(...given) } });
      for (const call of [() => tm.load('r.example/a_b:1'), () => tm.remove('r.example/a_b:1'), () => tm.rename('r.example/a_b:1', 'r.example/e:1'), () => tm.rename('r.example/c:1', 'r.example/a_b:1')]) {
        assert.equal((await failure(call)).code, 'name-taken', String(call));
      }
      assert.deepEqual(await tm.lists(), apart.lists);
    });

    test('each list that is named is there by that name, in every store', async () => {
      const memory = new MemoryStore();
      const withoutReferences = { ...own, load: (list) => memory.load(list), names: () => memory.names(), save: (list, entries) => memory.save(list, entries), remove: (list) => memory.remove(list) };
      for (const store of [new MemoryStore(), new FileStore(join(folder, 'named')), withoutReferences]) {
        const tm = new Tallyman({ store });
        // As files none of them tells where its repository ends.
        const lists = ['127.0.0.1:44479/app:4', 'docker.io/library/app:latest', 'r.example/a-b/c_d:v1-rc.2'];
        for (const list of lists) {
          const entry = { mediaType: ociImage, digest: digest(1), size: 7, platform: { os: 'linux', architecture: 'amd64' }, reference: `${Reference.parse(list).name}@${digest(1)}` };
          await tm.save(new ManifestList(list, [entry]));
        }
        const named = await tm.lists();
        assert.deepEqual(named.toSorted(), lists.toSorted());
        for (const list of named) assert.equal((await tm.load(list)).reference, list);
        for (const list of named) assert.equal(await tm.remove(list), true);
        assert.deepEqual(await tm.lists(), []);
      }
      // The likeliest name is another one, which the store tells from the list's own.
      const tm = new Tallyman({ store: memory });
      await tm.save(new ManifestList('r.example/a_b-c:1'));
      assert.deepEqual(await tm.lists(), ['r.example/a_b-c:1']);
      await mkdir(join(folder, 'named', 'No list'));
      assert.deepEqual(await new Tallyman({ store: new FileStore(join(folder, 'named')) }).lists(), []);
    });

    test('what a store gives may throw wherever it is read', { timeout: 20_000 }, async () => {
      const fault = new Error('a getter failed');
      const throwing = (target, name) => new Proxy(target, { get: (of, key) => { if (key === name) throw fault; return Reflect.get(of, key); } });
      const bytes = new Proxy(new Uint8Array(1), {});
      for (const names of [() => throwing(['a-1'], '0'), () => throwing(['a-1'], 'length')]) {
        assert.equal((await failure(() => new Tallyman({ store: { ...own, names } }).lists())).cause, fault);
      }
      for (const load of [() => throwing([['a', new Uint8Array()]], '0'), () => [throwing(['a', new Uint8Array()], '1')]]) {
        assert.equal((await failure(() => new Tallyman({ store: { ...own, load } }).load('r.example/app:1'))).cause, fault);
      }
      // The name of a list is in its entries.
      const unreadable = { ...own, names: () => ['r.example_a_b-1'], load: () => { throw fault; } };
      assert.equal((await failure(() => new Tallyman({ store: unreadable }).lists())).cause, fault);
      assert.equal((await failure(() => new Tallyman({ store: { ...own, load: () => [['a', bytes]] } }).load('r.example/app:1'))).code, 'argument-invalid');
    });

    test('a store that fails is told by its own words, and none at all too', async () => {
      const others = { add: () => true, edit: () => 'done', removeSeen: () => true, rename: () => 'done' };
      for (const thrown of [new Error('disk on fire'), 'disk on fire']) {
        for (const names of [() => { throw thrown; }, () => Promise.reject(thrown)]) {
          for (const more of [{}, others]) {
            const error = await failure(() => new Tallyman({ store: { ...own, ...more, names } }).lists());
            assert.deepEqual([error.code, error.message, error.cause], ['store-failed', 'disk on fire', thrown]);
          }
        }
      }
      const locked = new TallymanError({ code: 'denied', message: 'the vault is shut' });
      for (const store of [{ ...own, load: () => { throw locked; } }, { ...own, ...others, load: () => Promise.reject(locked) }]) {
        assert.equal(await failure(() => new Tallyman({ store }).load('r.example/app:1')), locked);
      }
      assert.equal((await failure(() => new Tallyman().lists())).code, 'store-missing');
    });
  });
});

describe('the engine', () => {
  const wasm = fileURLToPath(new URL('node_modules/tallyman/dist/tallyman.wasm', import.meta.url));
  /** The output of a program, which has a process of its own. */
  const run = async (script) => {
    const { stdout } = await promisify(execFile)('node', ['--input-type=module', '-e', script, wasm], { cwd: fileURLToPath(new URL('.', import.meta.url)) });
    return stdout.trim();
  };

  test('stays the one that was started while init was under way', async () => {
    const script = `import { readFileSync } from 'node:fs';
      import { ManifestList, init } from 'tallyman';
      const module = readFileSync(process.argv[1]);
      const starting = [init({ module }), init({ module })];
      for (let turn = 0; turn < 3; turn++) await null;
      const list = new ManifestList('r.io/app:v1');
      await Promise.all(starting);
      console.log(list.reference);`;
    assert.equal(await run(script), 'r.io/app:v1');
  });

  test('is needed to tell whether a string is a reference', async () => {
    const script = `import { readFileSync } from 'node:fs';
      import { Reference, initSync } from 'tallyman/slim';
      try {
        console.log(Reference.isValid('alpine'));
      } catch ({ code }) {
        console.log(code);
      }
      initSync({ module: readFileSync(process.argv[1]) });
      console.log(['alpine', 'A', 'alpine@sha256:x', '', 1].map((text) => Reference.isValid(text)).join());`;
    assert.equal(await run(script), 'not-initialized\ntrue,false,false,false,false');
  });

  test('hashes memory of each kind where the platform does it', async () => {
    const script = `import { Digest } from 'tallyman/slim';
      const text = new TextEncoder().encode('content');
      const copied = (buffer) => (new Uint8Array(buffer).set(text), buffer);
      const memory = [text, copied(new SharedArrayBuffer(7)), new Uint8Array(copied(new SharedArrayBuffer(7))), copied(new ArrayBuffer(7, { maxByteLength: 99 }))];
      const digests = await Promise.all(memory.map((bytes) => Digest.ofLarge(bytes)));
      console.log(new Set(digests).size, digests[0].slice(0, 7));`;
    assert.equal(await run(script), '1 sha256:');
  });

  test('is given by programs where the runtime compiles no wasm, as the error says', async () => {
    const script = `import { runInNewContext } from 'node:vm';
      WebAssembly.Module = runInNewContext('WebAssembly.Module', {}, { contextCodeGeneration: { strings: true, wasm: false } });
      const { Reference } = await import('tallyman');
      try {
        Reference.parse('alpine');
      } catch ({ code, message }) {
        console.log(code, message);
      }`;
    assert.match(await run(script), /^wasm-blocked .* init\(\{ module, client, extras, layers \}\) of tallyman\/slim .*disallowed by embedder/);
  });
});
