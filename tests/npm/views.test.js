// Fields of manifests, read as Docker reads them, from bytes that do not change.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Digest, Inspection, Manifest, ManifestList, Tallyman, TallymanError, buildList } from 'tallyman';
import { startDevRegistry } from '../e2e/servers.js';

const ociIndex = 'application/vnd.oci.image.index.v1+json';
const ociImage = 'application/vnd.oci.image.manifest.v1+json';
const ociConfig = 'application/vnd.oci.image.config.v1+json';
const encoded = (value) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
const digest = (digit) => `sha256:${String(digit).repeat(64)}`;
const image = (digit, architecture = 'amd64') => ({ mediaType: ociImage, digest: digest(digit), size: 7, platform: { os: 'linux', architecture } });
const digests = (descriptors) => descriptors.map(({ digest }) => digest);

/** Runs `use` with a client and the address of a registry. */
async function withRegistry(use) {
  const registry = await startDevRegistry();
  try {
    await use(new Tallyman(), registry.host);
  } finally {
    await registry.stop();
  }
}

/** Puts an image with that manifest, its config and its layers, which it completes. */
async function putImage(tm, repository, config, manifest = {}, configType = ociConfig) {
  const described = await tm.putBlob(repository, encoded(config), { mediaType: configType });
  return tm.putManifest(`${repository}:image`, encoded({ schemaVersion: 2, mediaType: ociImage, config: described, layers: [], ...manifest }));
}

describe('names of members count in any case, and the last of several', () => {
  test('in lists', () => {
    const [one, two] = [JSON.stringify([image(1)]), JSON.stringify([image(2)])];
    for (const [members, expected] of [
      [`"manifests":${one},"Manifests":${two}`, digest(2)],
      [`"Manifests":${two},"manifests":${one}`, digest(1)],
      [`"MANIFESTS":${one}`, digest(1)],
      [`"manifests":${two},"manifests":${one}`, digest(1)],
    ]) {
      const list = Manifest.parse(encoded(`{"schemaVersion":2,"mediaType":"${ociIndex}",${members}}`), { mediaType: ociIndex });
      assert.deepEqual([list.kind, digests(list.entries)], ['list', [expected]], members);
      assert.deepEqual(digests(list.platforms.map(({ descriptor }) => descriptor)), [expected], members);
    }
    const entry = `{"MediaType":"${ociImage}","Digest":"${digest(3)}","Size":5,"Platform":{"OS":"linux","Architecture":"arm","Variant":"v7","OS.version":"1"},"Annotations":{"Key":"value"},"ArtifactType":"a/b"}`;
    const list = Manifest.parse(encoded(`{"manifests":[${entry}],"Annotations":{"A":"1","a":"2"},"ArtifactType":"c/d","Subject":${JSON.stringify(image(4))}}`), { mediaType: ociIndex });
    const platform = { os: 'linux', architecture: 'arm', variant: 'v7', osVersion: '1' };
    assert.deepEqual(list.entries, [{ mediaType: ociImage, digest: digest(3), size: 5, platform, annotations: { Key: 'value' }, artifactType: 'a/b' }]);
    assert.deepEqual([list.annotations, list.artifactType, list.subject.digest], [{ A: '1', a: '2' }, 'c/d', digest(4)]);
    // The bytes themselves are another matter.
    assert.ok('Subject' in list.json && !('subject' in list.json));
  });

  test('in images and their configs', async () => {
    const config = '{"OS":"linux","Architecture":"arm64","Config":{"env":["A=1"],"Labels":{"Env":"kept"}},"RootFS":{"Diff_IDs":[]},"history":[{"Created_By":"x"}],"Own":{"A":1,"a":2}}';
    const described = { mediaType: ociConfig, digest: Digest.of(config), size: config.length };
    const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: digest(5), size: 5 };
    const manifest = JSON.stringify({ schemaVersion: 2, mediaType: ociImage, Config: described, Layers: [layer] });
    const fetch = async (url) => new Response(url.includes('/manifests/') ? manifest : config, { headers: { 'content-type': ociImage } });
    const found = await new Tallyman({ fetch }).inspect('r.example/app:1');
    assert.deepEqual([found.kind, found.manifest.config, found.layers], ['image', described, [layer]]);
    assert.equal(found.contentSize, described.size + layer.size);
    assert.deepEqual(found.config, {
      os: 'linux',
      architecture: 'arm64',
      config: { Env: ['A=1'], Labels: { Env: 'kept' } },
      rootfs: { diff_ids: [] },
      history: [{ created_by: 'x' }],
      Own: { A: 1, a: 2 },
    });
    assert.equal(found.platform.architecture, found.config.architecture);
  });

  test('in manifests of an unknown kind', () => {
    const artifact = Manifest.parse(encoded({ ArtifactType: 'a/b', Annotations: { a: 'b' }, Subject: image(1) }), { mediaType: 'application/vnd.oci.artifact.manifest.v1+json' });
    assert.deepEqual([artifact.kind, artifact.artifactType, artifact.annotations, artifact.subject.digest], ['unknown', 'a/b', { a: 'b' }, digest(1)]);
    const unknown = Manifest.parse(encoded({ manifests: [image(1)] }), { mediaType: 'a/b' });
    assert.deepEqual([unknown.kind, unknown.entries, unknown.platforms], ['unknown', [], []]);
    const odd = Manifest.parse(encoded({ artifactType: 5, annotations: 'none', subject: [] }), { mediaType: 'a/b' });
    assert.deepEqual([odd.artifactType, odd.annotations, odd.subject, odd.entries, odd.layers, odd.config], [undefined, {}, undefined, [], [], undefined]);
  });
});

describe('a manifest is that of the bytes that were given', () => {
  const text = JSON.stringify({ schemaVersion: 2, mediaType: ociIndex, manifests: [image(1)] });
  const expected = Digest.of(text);

  test('though they change or are transferred later', () => {
    for (const spoil of [(bytes) => bytes.fill(0), (bytes) => structuredClone(bytes, { transfer: [bytes.buffer] })]) {
      const bytes = encoded(text);
      const given = Manifest.parse(bytes);
      spoil(bytes);
      assert.deepEqual([given.digest, digests(given.entries), String(given)], [expected, [digest(1)], text]);
    }
  });

  test('and has memory of its own, whatever they are in', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(text.length));
    shared.set(encoded(text));
    for (const bytes of [shared, Buffer.from(text), shared.buffer]) {
      const given = Manifest.parse(bytes);
      assert.ok(given.bytes.buffer instanceof ArrayBuffer);
      assert.equal(given.bytes.buffer.byteLength, text.length);
      assert.deepEqual([given.digest, String(given)], [expected, text]);
    }
  });

  test('its entries and those of a list are not changed without effect', () => {
    const manifest = Manifest.parse(text);
    const list = new ManifestList('r.example/app', [{ ...image(1), annotations: { a: 'b' }, platform: { os: 'windows', architecture: 'amd64', osFeatures: ['x'] } }]);
    for (const [entries, entry] of [[manifest.entries, manifest.entries[0]], [list.entries, list.entries[0]]]) {
      assert.throws(() => (entry.platform.variant = 'v8'), TypeError);
      assert.throws(() => (entry.size = 8), TypeError);
      assert.throws(() => entries.push(entry), TypeError);
    }
    assert.throws(() => (list.entries[0].annotations.a = 'c'), TypeError);
    assert.throws(() => list.entries[0].platform.osFeatures.push('y'), TypeError);
    // They are taken wherever descriptors are.
    assert.equal(new ManifestList('r.example/app', manifest.entries).length, 1);
    assert.deepEqual(digests(Manifest.parse(buildList(list.entries).bytes).entries), [digest(1)]);
  });

  test('a copy of an inspection has its own config', () => {
    const config = encoded({ os: 'linux', architecture: 'amd64' });
    const manifest = { bytes: encoded({ schemaVersion: 2, mediaType: ociImage, config: { mediaType: ociConfig, digest: Digest.of(config), size: config.length }, layers: [] }), mediaType: ociImage };
    const inspection = Inspection.from({ reference: 'r.example/app:1', manifest, platform: { os: 'linux', architecture: 'amd64' }, configBytes: config });
    config.fill(0);
    assert.equal(inspection.config.os, 'linux');
  });
});

test('an artifact that was inspected has its type in a list, which is pushed', () =>
  withRegistry(async (tm, host) => {
    const app = `${host}/app`;
    const helm = 'application/vnd.cncf.helm.config.v1+json';
    for (const [config, configType, manifest, artifactType] of [
      [{}, helm, {}, helm],
      [{}, 'application/vnd.oci.empty.v1+json', { artifactType: 'a/b' }, 'a/b'],
      [{}, ociConfig, { artifactType: 'a/b' }, 'a/b'],
    ]) {
      const { digest } = await putImage(tm, app, config, manifest, configType);
      const artifact = await tm.inspect(`${app}@${digest}`);
      const list = new ManifestList(`${app}:list`, [artifact]);
      assert.deepEqual(list.entries.map(({ artifactType, platform }) => [artifactType, platform]), [[artifactType, undefined]]);
      await tm.push(list);
      const [entry] = (await tm.inspect(`${app}:list`)).entries;
      assert.deepEqual([entry.digest, entry.artifactType, entry.platform], [digest, artifactType, undefined]);
    }
    // An image keeps its platform, whatever type it says.
    const { digest } = await putImage(tm, app, { os: 'linux', architecture: 'amd64' }, { artifactType: 'a/b' });
    const [entry] = new ManifestList(`${app}:list`, [await tm.inspect(`${app}@${digest}`)]).entries;
    assert.deepEqual([entry.platform, entry.artifactType], [{ os: 'linux', architecture: 'amd64' }, undefined]);
  }));

test('an error about an entry without a platform says what an artifact has in its place', () =>
  withRegistry(async (tm, host) => {
    const { mediaType, digest, size } = await putImage(tm, `${host}/app`, {}, { artifactType: 'a/b' }, 'c/d');
    const list = await tm.create(`${host}/app:list`, [{ mediaType, digest, size, artifactType: 'a/b' }]);
    list.annotate(`${host}/app@${digest}`, { os: 'linux', anyPlatform: true });
    assert.throws(() => tm.plan(list), (error) => error instanceof TallymanError && error.code === 'platform-missing' && /artifactType/.test(error.hint));
  }));
