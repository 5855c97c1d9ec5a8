// Results as people and programs read them: JSON, util.inspect, copies, types.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect, promisify } from 'node:util';
import { runInNewContext } from 'node:vm';
import { Inspection, Manifest, ManifestList, Tallyman, TallymanError, buildList } from 'tallyman';
import { startDevRegistry } from '../e2e/servers.js';

let registry;
let image;
let index;
const tm = new Tallyman({ attempts: 1 });

before(async () => {
  registry = await startDevRegistry('--samples');
  index = await tm.inspect(`${registry.host}/samples/webapp:1.4`);
  image = await tm.inspect(`${registry.host}/samples/webapp:1.4`, { platform: 'linux/arm64' });
});
after(() => registry?.stop());

describe('results', () => {
  test('JSON has what people look for, and no bytes', () => {
    const json = JSON.parse(JSON.stringify(image));
    assert.deepEqual(Object.keys(json).slice(0, 5), ['reference', 'kind', 'mediaType', 'digest', 'size']);
    assert.deepEqual([json.digest, json.platform.architecture, json.layers.length], [image.digest, 'arm64', image.layers.length]);
    assert.equal(json.config.config.User, 'web');
    const list = JSON.parse(JSON.stringify(index));
    assert.deepEqual([list.digest, list.entries.length, list.layers], [index.digest, 4, undefined]);
    const made = new ManifestList('r.io/app:v1', [image]);
    assert.deepEqual(JSON.parse(JSON.stringify(made)), { reference: 'r.io/app:v1', mediaType: made.mediaType, digest: made.digest, size: made.bytes.length, annotations: {}, entries: JSON.parse(JSON.stringify(made.entries)) });
    const plan = JSON.parse(JSON.stringify(tm.plan(ManifestList.from(index))));
    assert.deepEqual([plan.digest, plan.steps.length], [index.digest, 1]);
    const built = buildList(index.entries);
    assert.deepEqual(JSON.parse(JSON.stringify(built)), { mediaType: built.mediaType, digest: built.digest, size: built.bytes.length });
    for (const each of [image, index, made, built, image.manifest]) assert.ok(!JSON.stringify(each).includes('"0":'));
  });

  test('the console shows the digest, and no bytes', () => {
    for (const [value, name] of [[image, 'Inspection'], [image.manifest, 'Manifest'], [ManifestList.from(index), 'ManifestList'], [buildList(index.manifest), 'BuiltList'], [tm.plan(ManifestList.from(index)), 'PushPlan']]) {
      const shown = inspect(value);
      assert.ok(shown.startsWith(name) && shown.includes(value.digest ?? index.digest), shown);
      assert.ok(!shown.includes('Uint8Array'), shown);
    }
  });

  test('copies for workers and messages become results again', async () => {
    const copy = Inspection.from(structuredClone(image));
    assert.deepEqual([copy.digest, copy.config, copy.platform, copy.kind], [image.digest, image.config, image.platform, 'image']);
    assert.equal(Manifest.from(structuredClone(index.manifest)).digest, index.digest);
    // Bytes of another realm, as test environments have them.
    const elsewhere = runInNewContext('(bytes) => Uint8Array.from(bytes)');
    const foreign = Inspection.from({ ...structuredClone(image), manifest: { mediaType: image.mediaType, bytes: elsewhere(image.bytes) }, configBytes: elsewhere(image.configBytes) });
    assert.deepEqual([foreign.digest, foreign.config], [image.digest, image.config]);
    assert.equal(buildList(elsewhere(index.bytes)).digest, buildList(index.manifest).digest);
    assert.deepEqual(structuredClone(image.toJSON()), image.toJSON());
    assert.deepEqual(structuredClone(index.entries), index.entries);
    const error = await tm.inspect(`${registry.host}/samples/webapp:none`).catch((error) => error);
    const above = new TallymanError({ code: 'store-failed', message: 'no', cause: error });
    assert.equal(TallymanError.from(structuredClone(above.toJSON())).cause.code, 'not-found');
    // A copy of the error itself has no code.
    assert.throws(() => TallymanError.from(structuredClone(error)), { code: 'argument-invalid', message: /error\.toJSON\(\)/ });
    for (const copied of [TallymanError.from(JSON.parse(JSON.stringify(error))), TallymanError.from(structuredClone(error.toJSON()))]) {
      assert.ok(copied instanceof TallymanError);
      assert.deepEqual([copied.code, copied.message, copied.status, copied.reference], [error.code, error.message, 404, error.reference]);
    }
  });

  test('a list tells its platforms, with the attestations of each', () => {
    assert.deepEqual(index.platforms.map(({ platform, attestations }) => `${platform.os}/${platform.architecture} ${attestations.length}`), ['linux/amd64 1', 'linux/arm64 0']);
    assert.deepEqual(image.platforms, []);
  });

  test('the platforms of a list are those that can be asked for', () => {
    const [mediaType, nested] = ['application/vnd.oci.image.manifest.v1+json', 'application/vnd.oci.image.index.v1+json'];
    const entry = (number, more) => ({ mediaType, digest: `sha256:${String(number).repeat(64)}`, size: 1, ...more });
    const attests = { 'vnd.docker.reference.type': 'attestation-manifest', 'vnd.docker.reference.digest': entry(1).digest };
    const unknown = { os: 'unknown', architecture: 'unknown' };
    const manifests = [
      entry(1, { platform: { os: 'linux', architecture: 'amd64' } }),
      entry(2, { mediaType: nested, platform: { os: 'linux', architecture: 'riscv64' } }),
      entry(3, { platform: { os: 'unknown', architecture: 'amd64' } }),
      entry(4, { platform: { os: 'linux', architecture: 'unknown' } }),
      entry(5, { platform: unknown }),
      entry(6, { platform: unknown, annotations: attests }),
      entry(7),
    ];
    const manifest = Manifest.parse(JSON.stringify({ schemaVersion: 2, mediaType: nested, manifests }));
    assert.deepEqual(
      manifest.platforms.map(({ platform, descriptor, attestations }) => [platform.os, platform.architecture, descriptor.digest.at(-1), attestations.map(({ digest }) => digest.at(-1))]),
      [['linux', 'amd64', '1', ['6']], ['unknown', 'amd64', '3', []], ['linux', 'unknown', '4', []]],
    );
    assert.ok(manifest.platforms.every(({ descriptor }) => manifest.entries.includes(descriptor)));
  });
});

describe('types', () => {
  const here = fileURLToPath(new URL('.', import.meta.url));
  const folder = join(here, 'consumers/types');
  const types = join(here, '../node_modules/@types');
  const compile = async (name, text, ...options) => {
    mkdirSync(folder, { recursive: true });
    const file = join(folder, name);
    writeFileSync(file, text);
    const strict = ['--strict', '--noEmit', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--noPropertyAccessFromIndexSignature', '--skipLibCheck', 'false', '--module', 'NodeNext'];
    try {
      await promisify(execFile)(join(here, 'node_modules/.bin/tsc'), [...strict, ...options, file], { cwd: here });
    } catch ({ stdout }) {
      assert.fail(stdout);
    }
  };
  after(() => rmSync(folder, { recursive: true, force: true }));

  const text = `
    import { MediaType, Tallyman, init, type Annotations, type Descriptor, type Platform, type PlatformChange } from 'tallyman';
    const tm = new Tallyman({ credentials: undefined, onRetry: undefined });
    declare const signal: AbortSignal | undefined;
    const found = await tm.inspect('alpine', { signal });
    if (found.kind === 'image') {
      const user: string | undefined = found.config.config?.User;
      const os: string = found.platform.os;
      const config: Descriptor = found.manifest.config;
      console.log(user, os, config.digest, found.configBytes.length);
    } else if (found.kind === 'list') {
      const none: undefined = found.config;
      for (const { platform, descriptor } of found.platforms) console.log(platform.os, descriptor.digest, none);
      // @ts-expect-error: what a list has is not changed without effect
      for (const { platform } of found.entries) if (platform) platform.variant = 'v8';
    } else if (found.kind === 'artifact') {
      const bytes: Uint8Array | undefined = found.configBytes;
      console.log(bytes, found.artifactType);
    }
    const annotations: Annotations = { 'org.opencontainers.image.title': 'app', mine: 'too' };
    const platform: Platform = { os: 'linux', architecture: 'amd64', variant: undefined };
    const change: PlatformChange = { ...platform, annotations: undefined, anyPlatform: undefined };
    await init({ module: undefined, client: undefined });
    console.log(change);
    const type: MediaType = MediaType.ociIndex;
    const other: MediaType = 'application/x-mine';
    console.log(annotations, type, other, new Response(await tm.blob('alpine', 'sha256:0')));
    // @ts-expect-error: an option of another name
    await tm.inspect('alpine', { platfrom: 'linux/arm64' });`;

  test('kinds narrow, in Node without the types of browsers', () =>
    compile('node.mts', text, '--target', 'ES2022', '--lib', 'ES2023', '--types', 'node', '--typeRoots', types));

  test('streams pipe under the strictest settings, and events of the element have their details', () =>
    compile(
      'page.mts',
      `${text}
      const plain = (await tm.blob('alpine', 'sha256:0')).pipeThrough(new DecompressionStream('gzip'));
      console.log(plain);
      import { TallymanManifest } from 'tallyman/element';
      const element: TallymanManifest = document.createElement('tallyman-manifest');
      element.addEventListener('load', ({ detail }) => console.log(detail.inspection.digest));
      element.addEventListener('select', ({ detail }) => console.log(detail.open));
      element.addEventListener('click', ({ clientX }) => console.log(clientX));`,
      '--target', 'ES2022', '--lib', 'ES2023,DOM,DOM.Iterable,DOM.AsyncIterable',
    ));

  test('attributes, properties and events of the element are typed in the JSX of React', () =>
    compile(
      'component.tsx',
      `
      import { Tallyman } from 'tallyman';
      import 'tallyman/react';
      const tm = new Tallyman();
      export const right = <tallyman-manifest reference="alpine" platform="linux/arm64" client={tm} heading-level={2} id="image"
        onload={({ detail }) => console.log(detail.inspection.digest)} onerror={({ detail }) => console.log(detail.error)} />;
      // @ts-expect-error: no text
      export const number = <tallyman-manifest reference={1} />;
      // @ts-expect-error: one of two words
      export const word = <tallyman-manifest reference="alpine" loading="soon" />;
      // @ts-expect-error: a name that it does not have
      export const unknown = <tallyman-manifest refrence="alpine" />;`,
      '--target', 'ES2022', '--lib', 'ES2023,DOM,DOM.Iterable,DOM.AsyncIterable', '--jsx', 'react-jsx',
    ));
});
