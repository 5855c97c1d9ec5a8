// Features of the command line, from a program: copies, tags, blobs, attachments, attestations, differences, credentials.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setImmediate as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Digest, FileStore, Manifest, ManifestList, MediaType, MemoryStore, Reference, Tallyman, dockerCredentials } from 'tallyman';
import { startDevRegistry } from '../e2e/servers.js';
import { failure } from './failure.js';
import { startRegistries } from './registries.js';

const { registry, other, hello, webapp } = await startRegistries();
const tm = new Tallyman({ store: new MemoryStore() });

describe('looking', () => {
  test('a reference is resolved to a descriptor, of a list to that of a platform', async () => {
    const requests = [];
    const client = new Tallyman({ onRequest: ({ method, status }) => requests.push(`${method} ${status}`) });
    const list = await client.resolve(`${webapp}:1.4`);
    const inspection = await tm.inspect(`${webapp}:1.4`);
    assert.deepEqual([list.digest, list.mediaType, list.size], [inspection.digest, inspection.mediaType, inspection.bytes.length]);
    assert.deepEqual(requests, ['HEAD 200']);
    const arm64 = await tm.resolve(`${webapp}:1.4`, { platform: 'linux/arm64' });
    assert.equal(arm64.digest, inspection.entries.find(({ platform }) => platform?.architecture === 'arm64').digest);
    const { digest } = inspection.entries.find(({ mediaType }) => mediaType.includes('index'));
    const nested = await tm.inspect(`${webapp}@${digest}`);
    const s390x = await tm.resolve(`${webapp}:1.4`, { platform: 'linux/s390x' });
    assert.equal(s390x.digest, nested.entries.find(({ platform }) => platform?.architecture === 's390x').digest);
    assert.equal((await failure(() => tm.resolve(`${webapp}:1.4`, { platform: 'plan9/386' }))).code, 'platform-not-found');
    assert.equal(String(Reference.parse(`${webapp}:1.4`).pin(list.digest)), `${webapp}:1.4@${list.digest}`);
  });

  test('a digest in a reference is that of what it names, also where the tag has moved or HEAD is refused', async () => {
    const moving = `${registry.host}/samples/moving`;
    const { digest } = await tm.copy(`${hello}:amd64`, `${moving}:v1`);
    const pinned = `${moving}:v1@${digest}`;
    assert.equal((await tm.resolve(pinned)).digest, digest);
    const other = await tm.copy(`${hello}:arm64`, `${moving}:v1`);
    const moved = await failure(() => tm.resolve(pinned));
    assert.deepEqual([moved.code, moved.expected, moved.found], ['digest-mismatch', digest, other.digest]);
    const list = await tm.create(`${moving}:list`, [`${moving}:v1`], { oci: true });
    assert.equal((await failure(() => tm.push(list, { subject: pinned }))).code, 'digest-mismatch');
    assert.equal((await failure(() => tm.manifest(`${moving}:list`))).code, 'not-found');

    const fetch = (url, init) => (init.method === 'HEAD' ? new Response(null, { status: 405 }) : globalThis.fetch(url, init));
    assert.deepEqual(await new Tallyman({ fetch }).resolve(`${moving}:v1`), await tm.resolve(`${moving}:v1`));
    const missing = await failure(() => new Tallyman({ fetch }).resolve(`${moving}:none`));
    assert.deepEqual([missing.code, missing.status], ['not-found', 404]);
    assert.equal(missing.registryErrors[0].code, 'MANIFEST_UNKNOWN');
  });

  test('tags come in pages of one size, behind one of them, and chosen by a pattern', async () => {
    const urls = [];
    const client = new Tallyman({ onRequest: ({ url }) => urls.push(new URL(url).search) });
    const tags = async (options) => {
      const found = [];
      for await (const tag of client.tags(webapp, options)) found.push(tag);
      return found;
    };
    const all = await tags();
    urls.length = 0;
    assert.deepEqual(await tags({ pageSize: 2 }), all);
    assert.equal(urls.length, Math.ceil(all.length / 2));
    assert.equal(urls[0], '?n=2');
    assert.deepEqual(await tags({ last: all[1] }), all.slice(2));
    const match = Object.freeze(/^1\.4/g);
    assert.deepEqual(await tags({ match }), all.filter((tag) => tag.startsWith('1.4')));
    const own = /^1/y;
    own.lastIndex = 7;
    await tags({ match: own });
    assert.equal(own.lastIndex, 7);
  });

  test('every request is told, with status, time and headers', async () => {
    const events = [];
    const client = new Tallyman({ attempts: 1, onRequest: (event) => events.push(event) });
    await client.manifest(`${hello}:latest`);
    await failure(() => client.manifest('127.0.0.1:1/app'));
    // A listener has no say.
    const throwing = new Tallyman({ onRequest: () => assert.fail('a log that is full') });
    assert.equal((await throwing.manifest(`${hello}:amd64`)).kind, 'image');
    const [answered, failed] = events;
    assert.deepEqual([answered.method, new URL(answered.url).pathname, answered.status], ['GET', '/v2/samples/hello/manifests/latest', 200]);
    assert.ok(answered.ms >= 0 && answered.headers['docker-content-digest'].startsWith('sha256:'));
    assert.deepEqual([failed.status, failed.error.code], [undefined, 'ECONNREFUSED']);
  });

  test('headers of a response are told by names in lower case, those that come several times with all their values', async () => {
    const server = createServer((request, response) => {
      response.writeHead(200, { 'Docker-Content-Digest': `sha256:${'1'.repeat(64)}`, 'Content-Type': MediaType.ociManifest, Warning: ['299 - "one"', '299 - "two"'] }).end();
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    for (const options of [{}, { fetch: (url, init) => fetch(url, init) }]) {
      const events = [];
      await new Tallyman({ ...options, onRequest: (event) => events.push(event) }).head(`127.0.0.1:${server.address().port}/app:1`);
      const { headers } = events.at(-1);
      assert.deepEqual([headers.warning, headers['content-type'], headers.Warning], ['299 - "one", 299 - "two"', MediaType.ociManifest, undefined]);
    }
    server.closeAllConnections();
    server.close();
  });

  test('attestations are found in the list, among the referrers and under tags of cosign', async () => {
    const { digest } = await tm.resolve(`${webapp}:1.4`, { platform: 'linux/amd64' });
    const payload = await tm.putBlob(webapp, '{"critical":{}}', { mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json' });
    const config = await tm.putBlob(webapp, '{}');
    const signature = { schemaVersion: 2, mediaType: MediaType.ociManifest, config: { ...config, mediaType: MediaType.ociConfig }, layers: [payload] };
    await tm.putManifest(`${webapp}:${digest.replace(':', '-')}.sig`, JSON.stringify(signature));
    const found = await tm.attestations(`${webapp}:1.4`, { platform: 'linux/amd64' });
    const told = found.map(({ kind, source, predicateType }) => `${kind} ${source} ${predicateType}`).sort();
    assert.deepEqual(told, [
      'provenance index https://slsa.dev/provenance/v0.2',
      'sbom referrers undefined',
      'signature cosign-tag undefined',
      'signature referrers undefined',
    ]);
    const provenance = found.find(({ kind }) => kind === 'provenance');
    assert.equal(provenance.subject, digest);
    assert.equal((await provenance.json()).predicateType, 'https://slsa.dev/provenance/v0.2');
    assert.equal(new TextDecoder().decode(await found.find(({ source }) => source === 'cosign-tag').bytes()), '{"critical":{}}');
    assert.deepEqual(await tm.attestations(`${hello}:latest`), []);
  });

  test('two manifests are compared by entries and layers', async () => {
    const lists = await tm.diff(`${webapp}:1.3`, `${webapp}:1.4`);
    assert.equal(lists.same, false);
    assert.ok(lists.entries.some(({ kind, left, right }) => kind === 'changed' && left.platform.architecture === right.platform.architecture));
    assert.ok(lists.entries.some(({ kind, left }) => kind === 'added' && left === undefined));
    const images = await tm.diff(`${webapp}:1.3`, `${webapp}:1.4`, { platform: 'linux/amd64' });
    assert.deepEqual([images.entries, new Set(images.layers.map(({ kind }) => kind)).has('same')], [[], true]);
    assert.equal((await tm.diff(`${webapp}:1.4`, `${webapp}:latest`)).same, true);
  });

  test('a layer is the same under the media types of Docker and OCI', async () => {
    const repository = `${registry.host}/compared/app`;
    const put = async (tag, image, configType, layerType) => {
      const config = await tm.putBlob(repository, '{"os":"linux","architecture":"amd64"}', { mediaType: configType });
      const layer = await tm.putBlob(repository, 'a layer', { mediaType: layerType });
      const described = ({ mediaType, digest, size }) => ({ mediaType, digest: String(digest), size });
      const manifest = { schemaVersion: 2, mediaType: image, config: described(config), layers: [described(layer)] };
      await tm.putManifest(`${repository}:${tag}`, JSON.stringify(manifest));
    };
    const docker = 'application/vnd.docker.image.rootfs.diff.tar.gzip';
    const oci = 'application/vnd.oci.image.layer.v1.tar+gzip';
    await put('docker', 'application/vnd.docker.distribution.manifest.v2+json', 'application/vnd.docker.container.image.v1+json', docker);
    await put('oci', 'application/vnd.oci.image.manifest.v1+json', 'application/vnd.oci.image.config.v1+json', oci);
    const { layers } = await tm.diff(`${repository}:docker`, `${repository}:oci`);
    assert.deepEqual(layers.map(({ kind, left, right }) => [kind, left?.mediaType, right?.mediaType]), [['same', docker, oci]]);
  });

  test('an artifact is one, with its type and the bytes of its config', async () => {
    const chart = await tm.inspect(`${registry.host}/samples/chart:0.3.0`);
    assert.deepEqual([chart.kind, chart.config, chart.platform], ['artifact', undefined, undefined]);
    assert.ok(JSON.parse(new TextDecoder().decode(chart.configBytes)).name);
    const [sbom] = await tm.referrers(`${webapp}:1.4`, { artifactType: 'application/spdx+json' });
    const attached = await tm.inspect(`${webapp}@${sbom.digest}`);
    assert.deepEqual([attached.kind, attached.artifactType, attached.configBytes], ['artifact', 'application/spdx+json', undefined]);
  });
});

describe('bringing content into registries', () => {
  test('a list is copied to another registry with all of it, and progress tells the bytes', async () => {
    const [events, put] = [[], []];
    const target = `${other.host}/copied/webapp:1.4`;
    const noting = new Tallyman({ onRequest: ({ method, url }) => method === 'PUT' && put.push(url) });
    const copied = await noting.copy(`${webapp}:1.4`, target, { referrers: true, onProgress: (event) => events.push(event) });
    const source = await tm.resolve(`${webapp}:1.4`);
    assert.deepEqual([copied.reference, copied.digest, copied.mediaType, copied.size], [target, source.digest, source.mediaType, source.size]);
    assert.equal((await tm.resolve(target)).digest, source.digest);
    const last = events.at(-1);
    assert.deepEqual([events[0].kind, last.completed, last.bytes], ['planned', last.total, copied.bytes]);
    assert.ok(copied.bytes > 0 && copied.bytes <= last.totalBytes && copied.manifests > 4);
    // The referrers come along, and are counted; the index that lists them is none of them.
    assert.equal(copied.manifests, put.filter((url) => /\/manifests\/(?!sha256-)/.test(url)).length);
    assert.ok(events.filter(({ kind }) => kind === 'planned').length > 1);
    assert.equal((await tm.referrers(target)).length, (await tm.referrers(`${webapp}:1.4`)).length);
    // Existing content is not sent again.
    assert.equal((await tm.copy(`${webapp}:1.4`, target)).bytes, 0);
  });

  test('of a list the images for some platforms are copied, with their attestations and nothing else', async () => {
    const one = await tm.copy(`${webapp}:1.4`, `${other.host}/one/webapp:1.4`, { platforms: ['linux/arm64'] });
    assert.equal(one.digest, (await tm.resolve(`${webapp}:1.4`, { platform: 'linux/arm64' })).digest);
    const two = `${other.host}/two/webapp:1.4`;
    await tm.copy(`${webapp}:1.4`, two, { platforms: ['linux/amd64', { os: 'linux', architecture: 'arm64' }] });
    const [whole, part] = [await tm.inspect(`${webapp}:1.4`), await tm.inspect(two)];
    assert.deepEqual(part.annotations, whole.annotations);
    assert.deepEqual(part.entries, whole.entries.filter(({ mediaType }) => mediaType !== MediaType.ociIndex));
    assert.equal(part.platforms[0].attestations.length, 1);
    const missing = await failure(() => tm.copy(`${webapp}:1.4`, two, { platforms: ['linux/amd64', 'plan9/386'] }));
    assert.equal(missing.code, 'platform-not-found');
  });

  test('a manifest gets further tags, and loses one', async () => {
    const { digest } = await tm.tag(`${hello}:amd64`, ['one', 'two']);
    assert.deepEqual([(await tm.resolve(`${hello}:one`)).digest, (await tm.resolve(`${hello}:two`)).digest], [digest, digest]);
    await tm.untag(`${hello}:one`);
    assert.equal((await failure(() => tm.resolve(`${hello}:one`))).code, 'not-found');
    assert.equal((await tm.resolve(`${hello}:two`)).digest, digest);
    assert.equal((await failure(() => tm.untag(hello))).code, 'tag-needed');
  });

  test('blobs and manifests are put as they are, and attached', async () => {
    const repository = `${other.host}/made/artifact`;
    const config = await tm.putBlob(repository, '{}', { mediaType: MediaType.ociEmpty });
    const layer = await tm.putBlob(repository, new Blob(['some text']), { mediaType: 'text/plain' });
    assert.deepEqual([layer.mediaType, layer.size], ['text/plain', 9]);
    const text = JSON.stringify({ schemaVersion: 2, mediaType: MediaType.ociManifest, config, layers: [layer] });
    const put = await tm.putManifest(`${repository}:v1`, text);
    assert.equal(put.digest, Manifest.parse(text).digest);
    assert.equal((await tm.manifest(`${repository}:v1`)).toString(), text);
    const wrong = await failure(() => tm.putManifest(`${repository}@sha256:${'0'.repeat(64)}`, text));
    assert.equal(wrong.code, 'argument-invalid');

    const annotations = { 'org.opencontainers.image.title': 'sbom.json' };
    const attached = await tm.attach(`${repository}:v1`, { artifactType: 'application/spdx+json', blobs: [{ content: '{"spdx":1}', annotations }, layer] });
    // This registry does not list referrers by itself.
    const [found] = await tm.referrers(`${repository}:v1`);
    assert.deepEqual([found.digest, found.artifactType], [attached.digest, 'application/spdx+json']);
    const manifest = await tm.manifest(`${repository}@${attached.digest}`);
    assert.equal(manifest.subject.digest, put.digest);
    assert.deepEqual(manifest.layers.map(({ mediaType }) => mediaType), ['application/spdx+json', 'text/plain']);
    const [sbom] = await tm.attestations(`${repository}:v1`);
    assert.deepEqual([sbom.kind, await sbom.json()], ['sbom', { spdx: 1 }]);
  });

  test('operations of one client at the same time write nothing twice and lose nothing', async () => {
    const repository = `${other.host}/made/at-the-same-time`;
    const uploads = [];
    const client = new Tallyman({
      onRequest: ({ method, url }) => method === 'PUT' && uploads.push(new URL(url).searchParams.get('digest') ?? new URL(url).pathname),
    });
    await Promise.all(['v1', 'v2', 'v3'].map((tag) => client.copy(`${hello}:amd64`, `${repository}:${tag}`)));
    const types = Array.from({ length: 8 }, (_, number) => `application/x${number}`);
    await Promise.all(types.map((artifactType) => client.attach(`${repository}:v1`, { artifactType, blobs: [{ content: 'the same' }] })));
    const found = await client.referrers(`${repository}:v1`);
    assert.deepEqual(found.map(({ artifactType }) => artifactType).sort(), types);
    const written = uploads.filter((name) => !name.includes('/manifests/sha256-'));
    assert.deepEqual(written, [...new Set(written)]);
  });

  test('an attachment that fails sends nothing more, and a few blobs at a time', async () => {
    const begun = [];
    let underWay = 0;
    const fetch = async (url, init) => {
      if (init.method !== 'POST') return globalThis.fetch(url, init);
      begun.push(url);
      if (begun.length === 3) return Response.json({ errors: [{ code: 'DENIED', message: 'no' }] }, { status: 403 });
      underWay += 1;
      await new Promise((_resolve, reject) => init.signal.addEventListener('abort', () => reject(init.signal.reason))).finally(() => (underWay -= 1));
    };
    const blobs = Array.from({ length: 8 }, (_, number) => ({ content: `blob ${number}` }));
    const client = new Tallyman({ fetch, attempts: 1 });
    const { code } = await failure(() => client.attach(`${hello}:amd64`, { artifactType: 'a/b', blobs }));
    await pause();
    assert.deepEqual([code, begun.length, underWay], ['denied', 3, 0]);

    // Nothing is uploaded for a subject that is not there, or beside a descriptor that is none.
    const sent = [];
    const noting = new Tallyman({ onRequest: ({ method }) => sent.push(method), attempts: 1 });
    const absent = await failure(() => noting.attach(`${hello}:absent`, { artifactType: 'a/b', blobs }));
    assert.deepEqual([absent.code, sent.includes('POST')], ['not-found', false]);
    sent.length = 0;
    for (const wrong of [{ digest: 'nonsense' }, { urls: 'x' }, { data: 5 }]) {
      const descriptor = { mediaType: 'x/y', digest: Digest.of('x'), size: 1, ...wrong };
      const { code } = await failure(() => noting.attach(`${hello}:amd64`, { artifactType: 'a/b', blobs: [...blobs, descriptor] }));
      assert.match(code, /^(argument|digest)-invalid$/);
    }
    assert.deepEqual(sent, []);

    // They stand in the order in which they were given.
    const { digest } = await tm.attach(`${hello}:amd64`, { artifactType: 'a/b', blobs });
    const { layers } = await tm.manifest(`${hello}@${digest}`);
    assert.deepEqual(layers.map((layer) => layer.digest), blobs.map(({ content }) => Digest.of(content)));
  });

  test('nothing is sent for a push whose terms are wrong', async () => {
    const asked = [];
    const client = new Tallyman({ onRequest: ({ method }) => asked.push(method) });
    const subjected = new ManifestList(`${hello}:subjected`, [await tm.inspect(`${hello}:amd64`)]);
    const badTag = await failure(() => client.push(subjected, { tags: ['fine', 'bad tag'], subject: `${hello}:amd64` }));
    assert.match(badTag.message, /bad tag/);
    assert.deepEqual(asked, []);
    const list = await tm.create(`${hello}:terms`, [`${hello}:amd64`]);
    for (const wrong of [{ copy: 'yes' }, { digestOnly: 1 }, { artifactType: '' }, { format: 'oci2' }, { subject: 1 }]) {
      const { code } = await failure(() => client.push(list, { subject: `${hello}:arm64`, ...wrong }));
      assert.equal(code, 'argument-invalid', JSON.stringify(wrong));
    }
    assert.deepEqual(asked, []);
  });

  test('a list is pushed under several tags, or by its digest alone, and images of other registries come along', async () => {
    const target = `${other.host}/pushed/app:v1`;
    const list = await tm.create(target, [`${hello}:amd64`, `${hello}:arm64`]);
    assert.equal((await failure(() => tm.push(list))).code, 'other-registry');
    const pushed = await tm.push(list, { copy: true, tags: ['v1.2', 'latest'] });
    assert.deepEqual([pushed.tags, pushed.reference], [['v1', 'v1.2', 'latest'], target]);
    for (const tag of pushed.tags) assert.equal((await tm.resolve(`${other.host}/pushed/app:${tag}`)).digest, list.digest);
    const quiet = new ManifestList(`${other.host}/pushed/app:untagged`, list.entries.map(({ reference, ...entry }) => entry));
    const alone = await tm.push(quiet, { digestOnly: true });
    assert.deepEqual([alone.tags, alone.reference], [[], `${other.host}/pushed/app@${quiet.digest}`]);
    assert.equal((await failure(() => tm.resolve(`${other.host}/pushed/app:untagged`))).code, 'not-found');
    assert.equal((await tm.resolve(`${other.host}/pushed/app@${alone.digest}`)).digest, quiet.digest);
    const plan = tm.plan(quiet, { digestOnly: true });
    assert.equal((await failure(() => tm.push(plan, { digestOnly: true }))).code, 'argument-invalid');
  });

  test('a push goes on when its plan is disposed of, and tells each tag once', async () => {
    const target = `${other.host}/disposed/app:v1`;
    const list = await tm.create(target, [`${hello}:amd64`]);
    const plan = tm.plan(list, { copy: true });
    const expected = { reference: target, digest: list.digest, mediaType: list.mediaType, tags: ['v1', 'v2'], losses: [] };
    const steps = [];
    const onProgress = ({ step }) => {
      if (step) steps.push(step.kind);
      plan[Symbol.dispose]();
    };
    assert.deepEqual(await tm.push(plan, { tags: ['v1', 'v2', 'v2'], onProgress }), expected);
    assert.ok(steps.includes('put-list'), steps.join());
    assert.equal((await failure(() => tm.push(plan))).code, 'argument-invalid');
  });

  test('what is saved, converted or pushed is as it was at the call', async () => {
    const name = `${registry.host}/taken/app`;
    for (const arch of ['amd64', 'arm64']) await tm.copy(`${hello}:${arch}`, `${name}:${arch}`);
    const { digest: subject } = await tm.resolve(`${name}:amd64`);
    const store = new MemoryStore();
    const client = new Tallyman({ store });
    const bytes = Buffer.from((await tm.manifest(`${name}:amd64`)).bytes);
    const { digest } = await tm.resolve(`${name}:amd64`);
    const put = tm.putManifest(`${name}:put`, bytes);
    bytes.fill(32);
    assert.equal((await put).digest, digest);
    const spoils = [(list) => list.remove(`${name}:arm64`), (list) => list[Symbol.dispose]()];
    for (const spoil of spoils) {
      for (const [way, call] of Object.entries({
        save: async (list) => (await client.save(list), client.load(name)),
        convert: (list) => tm.convert(list, 'oci'),
        push: (list) => tm.push(list),
        'push of a form': (list) => tm.push(list, { format: 'oci' }),
        'push with a subject': (list) => tm.push(list, { format: 'oci', subject: `${name}@${subject}` }),
        'push of a plan': (list) => {
          const plan = tm.plan(list);
          const pushed = tm.push(plan);
          plan[Symbol.dispose]();
          return pushed;
        },
      })) {
        const make = async () => new ManifestList(name, await Promise.all(['amd64', 'arm64'].map((arch) => tm.inspect(`${name}:${arch}`))));
        const [list, same] = [await make(), await make()];
        const under = call(list);
        spoil(list);
        assert.equal((await under).digest, (await call(same)).digest, way);
      }
    }
  });

  test('lists are sources of a list: their images, some of them, or as they are', async () => {
    const client = new Tallyman();
    const annotations = { 'org.opencontainers.image.description': 'an app' };
    const flat = await client.create(`${webapp}:flat`, [`${webapp}:1.4`], { flatten: true, annotations });
    assert.equal(flat.mediaType, MediaType.ociIndex);
    assert.deepEqual(flat.annotations, annotations);
    assert.ok(flat.entries.some((entry) => entry.annotations?.['vnd.docker.reference.type'] === 'attestation-manifest'));
    const some = await client.create(`${webapp}:some`, [`${webapp}:1.4`], { platforms: ['linux/arm64'] });
    assert.deepEqual(some.entries.map(({ platform }) => platform.architecture), ['arm64']);
    const nested = await client.create(`${webapp}:nested`, [`${webapp}:1.4`], { nest: true });
    assert.deepEqual(nested.entries.map(({ mediaType }) => mediaType), [MediaType.ociIndex]);
    assert.equal((await client.push(nested)).digest, nested.digest);
    assert.equal((await failure(() => client.create(`${webapp}:x`, [`${webapp}:1.4`]))).code, 'is-list');
    const oci = await client.create(`${hello}:oci`, [`${hello}:amd64`], { oci: true });
    assert.equal(oci.mediaType, MediaType.ociIndex);

    const moved = `${registry.host}/samples/moved`;
    await tm.copy(`${hello}:amd64`, `${moved}:app`);
    const first = await tm.create(`${moved}:list`, [`${moved}:app`]);
    await tm.copy(`${hello}:arm64`, `${moved}:app`);
    const refreshed = await tm.create(`${moved}:list`, [], { refresh: true });
    assert.notEqual(refreshed.entries[0].digest, first.entries[0].digest);
  });
});

describe('lists that a registry has', () => {
  test('a list is read with the same bytes and digest, and pushed as it is, whatever is in it', async () => {
    for (const reference of [`${webapp}:1.4`, `${hello}:latest`, `${webapp}:1.3`]) {
      const inspection = await tm.inspect(reference);
      const list = ManifestList.from(inspection);
      assert.deepEqual([list.digest, list.toString(), list.mediaType], [inspection.digest, inspection.manifest.toString(), inspection.mediaType]);
      assert.equal(tm.plan(list).digest, inspection.digest);
      assert.equal((await tm.push(list, { tags: ['again'] })).digest, inspection.digest);
      assert.deepEqual(list.annotations, inspection.annotations);
    }
    assert.equal((await failure(async () => ManifestList.from(await tm.inspect(`${hello}:amd64`)))).code, 'argument-invalid');
  });

  test('it is changed and kept with all that stands in it', async () => {
    const inspection = await tm.inspect(`${webapp}:1.4`);
    const list = ManifestList.from(inspection);
    const [{ reference }] = list.entries;
    list.annotate(reference, { variant: 'v3', annotations: { team: 'web' } });
    assert.notEqual(list.digest, inspection.digest);
    const { manifests, annotations } = JSON.parse(list.toString());
    assert.deepEqual(annotations, inspection.annotations);
    const digests = (entries) => entries.map(({ digest }) => digest).sort();
    assert.deepEqual(digests(manifests), digests(inspection.entries));
    assert.equal(manifests.find(({ digest }) => reference.endsWith(digest)).annotations.team, 'web');
    const attestation = manifests.find((entry) => entry.annotations?.['vnd.docker.reference.type']);
    assert.ok(attestation);
    assert.equal((await tm.push(list, { digestOnly: true })).digest, list.digest);

    const entry = inspection.entries[0];
    const withSubject = JSON.stringify({ schemaVersion: 2, mediaType: MediaType.ociIndex, artifactType: 'application/x-list', manifests: [], subject: { mediaType: entry.mediaType, digest: entry.digest, size: entry.size } });
    await tm.putManifest(`${webapp}:subject`, withSubject);
    const subject = ManifestList.from(await tm.inspect(`${webapp}:subject`));
    assert.equal(subject.toString(), withSubject);
    subject.add({ ...entry, annotations: { team: 'web' } });
    subject.annotateIndex({ a: 'b' });
    const changed = JSON.parse(subject.toString());
    assert.deepEqual([changed.subject, changed.annotations, changed.artifactType], [JSON.parse(withSubject).subject, { a: 'b' }, 'application/x-list']);
    assert.equal(changed.manifests[0].annotations.team, 'web');
    // Keys in no order of ours, two entries, and a member that nobody knows.
    const layout = `{"manifests": ${JSON.stringify(inspection.entries.slice(0, 2).map(({ mediaType, digest, size, platform }) => ({ digest, size, mediaType, platform })))},\n"x": 1, "schemaVersion": 2, "mediaType": "${MediaType.ociIndex}"}`;
    await tm.putManifest(`${webapp}:layout`, layout);
    const own = ManifestList.from(await tm.inspect(`${webapp}:layout`));
    const folder = await mkdtemp(join(tmpdir(), 'tallyman-lists-'));
    for (const store of [new MemoryStore(), new FileStore(folder)]) {
      const keeping = new Tallyman({ store });
      for (const list of [own, subject]) {
        await keeping.save(list);
        const kept = await keeping.load(list.reference);
        assert.deepEqual([kept.toString(), kept.digest], [list.toString(), list.digest]);
      }
      assert.equal((await keeping.push(own.reference)).digest, own.digest);
      assert.equal((await keeping.push(subject)).digest, subject.digest);
    }
    await rm(folder, { recursive: true });
  });

  test('a list in a list is taken where it is asked for', async () => {
    const inspection = await tm.inspect(`${webapp}:1.4`);
    const list = new ManifestList(`${webapp}:nested2`);
    assert.equal((await failure(() => list.add(inspection))).code, 'is-list');
    assert.equal((await failure(() => new ManifestList(`${webapp}:x`, inspection.entries))).code, 'is-list');
    list.add(inspection, { nest: true });
    assert.deepEqual([list.length, list.mediaType], [1, MediaType.ociIndex]);
  });
});

describe('credentials', () => {
  test('they are asked for again after a refusal, with the reason, and when they expire', async () => {
    for (const flag of ['--basic', '--token']) {
      const guarded = await startDevRegistry('--samples', flag, 'user:secret');
      const reference = `${guarded.host}/samples/hello:latest`;
      const asked = [];
      const client = new Tallyman({
        attempts: 1,
        credentials: (registry, { refused }) => {
          asked.push(refused);
          return { username: 'user', password: refused ? 'secret' : 'expired' };
        },
      });
      await client.inspect(reference);
      await client.inspect(reference, { platform: 'linux/arm64' });
      assert.deepEqual(asked.map((refused) => refused?.status), [undefined, 401]);
      assert.ok(asked[1].message);

      let calls = 0;
      const expiring = new Tallyman({ credentials: () => ({ username: 'user', password: 'secret', expiresAt: ++calls < 3 ? Date.now() - 1 : new Date(Date.now() + 60_000) }) });
      for (let times = 0; times < 5; times++) await expiring.head(reference);
      assert.equal(calls, 3);

      for (const [credentials, told] of [[undefined, 'none'], [() => ({ username: 'user', password: 'wrong' }), 'refused']]) {
        const error = await failure(() => new Tallyman({ attempts: 1, credentials }).inspect(reference));
        assert.deepEqual([error.credentials, typeof error.hint], [told, 'string'], `${flag} ${error.code}: ${error.message}`);
      }
      const names = await failure(() => new Tallyman({ attempts: 1 }).catalog(guarded.host).next());
      assert.deepEqual([names.registry, names.credentials, /dockerCredentials/.test(names.hint)], [guarded.host, 'none', true], names.message);
      const half = await failure(() => new Tallyman({ attempts: 1, credentials: () => ({ username: 'user' }) }).inspect(reference));
      assert.equal(half.code, 'credentials');
      await guarded.stop();
    }
  });

  test('in base64 they may have line breaks, and those that no header can hold are an error that says so', async (t) => {
    const guarded = await startDevRegistry('--samples', '--basic', 'user:secret');
    t.after(() => guarded.stop());
    const reference = `${guarded.host}/samples/hello:latest`;
    const encoded = Buffer.from('user:secret').toString('base64');
    for (const text of [encoded, `${encoded}\n`, `${encoded.slice(0, 5)}\r\n${encoded.slice(5)}`]) {
      assert.equal((await new Tallyman({ attempts: 1, credentials: () => ({ encoded: text }) }).inspect(reference)).kind, 'list');
    }
    for (const [credentials, message] of [
      [{ encoded: '\0' }, /expected user:password in base64, found no base64/],
      [{ token: 'abc\n' }, /expected a token that a header can hold/],
    ]) {
      const requests = [];
      const client = new Tallyman({ attempts: 1, credentials: () => credentials, onRequest: ({ headers, status }) => requests.push([headers.authorization, status]) });
      const error = await failure(() => client.inspect(reference));
      assert.deepEqual([error.code, error.registry, requests.length < 2], ['credentials', guarded.host, true], error.message);
      assert.match(error.message, message);
    }
  });

  test('a token service is told the user name of each form', async () => {
    for (const credentials of [{ username: 'usér', password: 'secret' }, { username: 'usér', encoded: 'dXPpcjpzZWNyZXQ=' }]) {
      const asked = [];
      const fetch = (url) => {
        asked.push(new URL(url));
        return Promise.resolve(new Response('', { status: 401, headers: { 'www-authenticate': 'Bearer realm="https://reg.example/token",service="reg"' } }));
      };
      await failure(() => new Tallyman({ attempts: 1, fetch, credentials: () => credentials }).head('reg.example/app:v1'));
      assert.deepEqual(asked.filter(({ pathname }) => pathname === '/token').map(({ searchParams }) => searchParams.get('account')), ['usér']);
    }
  });

  test("those of Docker's configuration, of helpers and of the environment", async () => {
    const guarded = await startDevRegistry('--samples', '--basic', 'user:secret');
    const folder = await mkdtemp(join(tmpdir(), 'tallyman-docker-'));
    const reference = `${guarded.host}/samples/hello:latest`;
    const config = JSON.stringify({ auths: { [guarded.host]: { auth: Buffer.from('user:secret').toString('base64') } } });
    const { PATH } = process.env;
    try {
      await writeFile(join(folder, 'config.json'), config);
      await new Tallyman({ credentials: dockerCredentials({ folder }) }).inspect(reference);
      await writeFile(join(folder, 'docker-credential-own'), '#!/bin/sh\necho \'{"Username":"user","Secret":"secret"}\'\n', { mode: 0o755 });
      await writeFile(join(folder, 'config.json'), JSON.stringify({ credHelpers: { [guarded.host]: 'own' } }));
      process.env.PATH = `${folder}:${PATH}`;
      await new Tallyman({ credentials: dockerCredentials({ folder }) }).inspect(reference);
      process.env.DOCKER_CONFIG = folder;
      await new Tallyman({ credentials: dockerCredentials() }).inspect(reference);
      process.env.DOCKER_AUTH_CONFIG = config;
      await new Tallyman({ credentials: dockerCredentials({ env: true }) }).inspect(reference);
      assert.equal(await dockerCredentials({ folder })('nobody.example', {}), undefined);
      delete process.env.DOCKER_AUTH_CONFIG;
      const of = async (auth) => {
        await writeFile(join(folder, 'config.json'), JSON.stringify({ auths: { [guarded.host]: auth } }));
        return dockerCredentials({ folder })(guarded.host, {});
      };
      const { auth } = JSON.parse(config).auths[guarded.host];
      assert.deepEqual(await of({ identitytoken: 'refresh' }), { identityToken: 'refresh' });
      assert.deepEqual(await of({ registrytoken: 'token' }), { token: 'token' });
      const encoded = Buffer.from('us\xe9r:secret', 'latin1').toString('base64');
      assert.deepEqual(await of({ auth: encoded }), { username: 'us\ufffdr', encoded });
      assert.deepEqual(await of({ auth: encoded, identitytoken: 'refresh' }), { identityToken: 'refresh', username: 'us\ufffdr', encoded });
      assert.deepEqual(await of({ auth, identitytoken: 'refresh' }), { identityToken: 'refresh', username: 'user', password: 'secret' });
      // This registry asks for the name and the password.
      await new Tallyman({ credentials: dockerCredentials({ folder }) }).inspect(reference);
    } finally {
      process.env.PATH = PATH;
      delete process.env.DOCKER_CONFIG;
      delete process.env.DOCKER_AUTH_CONFIG;
      await rm(folder, { recursive: true });
      await guarded.stop();
    }
  });

  test('a variable with a configuration that cannot be read is told as that, and no file is read in its place', async () => {
    const script = "import { dockerCredentials } from 'tallyman'; console.log(await dockerCredentials({ env: true })('reg.example', {}));";
    const options = { cwd: fileURLToPath(new URL('.', import.meta.url)), env: { ...process.env, DOCKER_AUTH_CONFIG: 'no JSON' } };
    const { stdout, stderr } = await promisify(execFile)('node', ['--input-type=module', '-e', script], options);
    assert.equal(stdout, 'undefined\n');
    assert.match(stderr, /^WARNING: [^\n]*DOCKER_AUTH_CONFIG[^\n]* could not be read completely: [^\n]*\n$/);
    assert.doesNotMatch(stderr, /\.docker|auth\.json/);
  });
});
