// Commands beyond Docker's, in the real program, against the in-memory registry and Distribution.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startBackend } from '../../../../../tests/replay/backends.js';
import { contents, done, makeConfig, manifest, run, startMemory } from './support.js';

const sha256 = (bytes) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const index = 'application/vnd.oci.image.index.v1+json';

for (const kind of ['memory', 'distribution']) {
  describe(`on ${kind}`, () => {
    let backend;
    const target = { host: undefined };
    before(async () => {
      backend = await startBackend(kind);
      target.host = `127.0.0.1:${backend.port}`;
    });
    after(() => backend.stop());

    test('a list is copied from another registry with all that it points to, and then needs nothing', async (t) => {
      const [config, source] = [makeConfig(t), await startMemory(t, '--samples')];
      const [from, to] = [`${source}/samples/hello:latest`, `${target.host}/copied/hello:v1`];
      const plan = await done(config, ['copy', '--insecure', '--dry-run', from, to]);
      assert.match(plan, /copy sha256:[0-9a-f]{64}, 744 bytes, from .*samples\/hello, unless it is there/);
      const digest = await done(config, ['copy', '--insecure', from, to]);
      const [original, copied] = await Promise.all([manifest(source, 'samples/hello', 'latest'), manifest(target.host, 'copied/hello', 'v1')]);
      assert.deepEqual(copied, original);
      assert.equal(digest.trim(), sha256(copied.bytes));
      for (const { digest } of JSON.parse(copied.bytes).manifests) {
        const image = await manifest(target.host, 'copied/hello', digest);
        assert.equal(sha256(image.bytes), digest);
        for (const blob of [JSON.parse(image.bytes).config, ...JSON.parse(image.bytes).layers]) {
          const response = await fetch(`http://${target.host}/v2/copied/hello/blobs/${blob.digest}`);
          assert.equal(sha256(Buffer.from(await response.arrayBuffer())), blob.digest);
        }
      }
      const again = JSON.parse(await done(config, ['copy', '--insecure', '--json', from, to]));
      assert.deepEqual([again.manifests, again.blobs], [{ total: 5, put: 0 }, { checked: 0, bytesTransferred: 0 }]);
      assert.match(await done(config, ['copy', '--insecure', '--dry-run', from, to]), /is already up to date/);

      const mounted = JSON.parse(await done(config, ['copy', '--insecure', '--json', to, `${target.host}/mounted/hello:v2`]));
      assert.deepEqual([mounted.manifests, mounted.blobs.bytesTransferred], [{ total: 5, put: 5 }, 0], 'within a registry nothing is transferred');
      const tagged = JSON.parse(await done(config, ['copy', '--insecure', '--json', to, `${target.host}/copied/hello:v3`]));
      assert.deepEqual(tagged.manifests, { total: 5, put: 1 }, 'within a repository a tag is all there is to put');
    });

    test('one platform of a list is copied alone', async (t) => {
      const [config, source] = [makeConfig(t), await startMemory(t, '--samples')];
      const from = `${source}/samples/hello`;
      const digest = await done(config, ['copy', '--insecure', '--platform=linux/arm64', from, `${target.host}/one/hello:arm`]);
      assert.equal(digest, await done(config, ['digest', '--insecure', '--platform=linux/arm64', from]));
      const copied = await manifest(target.host, 'one/hello', 'arm');
      assert.equal(sha256(copied.bytes), digest.trim());
      const failed = await run(config, ['copy', '--insecure', '--platform=plan9/386', from, `${target.host}/one/hello:arm`]);
      assert.equal(failed.code, 3);
      assert.match(failed.stderr, /^expected an image for plan9\/386 in .*, found linux\/amd64, linux\/arm\/v7, /);
    });

    test('a blob of many parts goes through in pieces', async (t) => {
      const [config, source] = [makeConfig(t), await startMemory(t)];
      const layer = randomBytes(20 * 1024 * 1024 + 17);
      const from = await putImage(source, 'big/app', 'v1', { os: 'linux', architecture: 'amd64' }, layer);
      const copied = JSON.parse(await done(config, ['copy', '--insecure', '--json', `${source}/big/app:v1`, `${target.host}/big/copy:v1`]));
      assert.equal(copied.digest, from);
      assert.ok(copied.blobs.bytesTransferred >= layer.length);
      const response = await fetch(`http://${target.host}/v2/big/copy/blobs/${sha256(layer)}`);
      assert.equal(sha256(Buffer.from(await response.arrayBuffer())), sha256(layer));
    });

    test('a blob that is not what it should be is refused, and nothing is put', async (t) => {
      const [config, source] = [makeConfig(t), await startMemory(t, '--fault', 'wrong-byte,path=/v2/*/blobs/*')];
      await putImage(source, 'bad/app', 'v1', { os: 'linux', architecture: 'amd64' }, randomBytes(100));
      const failed = await run(config, ['copy', '--insecure', '--json', `${source}/bad/app:v1`, `${target.host}/bad/copy:v1`]);
      assert.equal(failed.code, 1);
      assert.equal(JSON.parse(failed.stderr).error.code, 'digest-mismatch', failed.stderr);
      const answer = await fetch(`http://${target.host}/v2/bad/copy/manifests/v1`);
      assert.equal(answer.status, 404);
    });

    test('a list of images of other registries is pushed when asked, and refused as Docker does when not', async (t) => {
      const [config, source] = [makeConfig(t), await startMemory(t, '--samples')];
      const list = `${target.host}/joined/app:v1`;
      await done(config, ['create', '--insecure', list, `${source}/samples/hello:amd64`, `${source}/samples/hello:arm64`]);
      const refused = await run(config, ['push', '--insecure', list]);
      assert.equal(refused.stderr, `cannot use source images from a different registry than the target image: ${source} != ${target.host}\n`);
      const pushed = JSON.parse(await done(config, ['push', '--insecure', '--copy', '--json', list]));
      const { bytes } = await manifest(target.host, 'joined/app', 'v1');
      assert.equal(pushed.digest, sha256(bytes));
      for (const { digest } of JSON.parse(bytes).manifests) assert.equal(sha256((await manifest(target.host, 'joined/app', digest)).bytes), digest);
    });

    test('tags and repositories are listed', async (t) => {
      const [config, source] = [makeConfig(t), await startMemory(t, '--samples')];
      for (const tag of ['v1', 'v2']) await done(config, ['copy', '--insecure', `${source}/samples/hello:amd64`, `${target.host}/listed/app:${tag}`]);
      assert.equal(await done(config, ['tags', '--insecure', `${target.host}/listed/app`]), 'v1\nv2\n');
      assert.deepEqual(JSON.parse(await done(config, ['tags', '--insecure', '--json', `${target.host}/listed/app`])), ['v1', 'v2']);
      assert.ok((await done(config, ['catalog', '--insecure', target.host])).split('\n').includes('listed/app'));
    });

    test('a manifest is deleted by digest alone, and what is no digest is refused with the way out', async (t) => {
      const [config, source] = [makeConfig(t), await startMemory(t, '--samples')];
      const to = `${target.host}/deleted/app`;
      const digest = (await done(config, ['copy', '--insecure', `${source}/samples/hello:amd64`, `${to}:v1`])).trim();
      const refused = await run(config, ['delete', '--insecure', `${to}:v1`]);
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /expected REPOSITORY@DIGEST, found .*deleted\/app:v1: .*`tallyman untag`/);
      // Distribution 2.8 deletes no tag alone, and says so.
      const untagged = await run(config, ['untag', '--insecure', `${to}:v1`]);
      assert.equal(untagged.code, 1);
      assert.match(untagged.stderr, /cannot delete the tag .*\n.*tallyman delete /);
      assert.equal(await done(config, ['delete', '--insecure', `${to}@${digest}`]), `Deleted ${to}@${digest}\n`);
      const gone = await run(config, ['digest', '--insecure', `${to}:v1`]);
      assert.equal(gone.code, 3);
    });
  });
}

test('lists as sources come in flattened, and into OCI indexes with their attestations and annotations', async (t) => {
  const [config, host] = [makeConfig(t), await startMemory(t, '--samples')];
  const list = `${host}/samples/flat:v1`;
  const refused = await run(config, ['create', '--insecure', list, `${host}/samples/hello`]);
  assert.equal(refused.stderr, `${host}/samples/hello:latest is a manifest list\n`);
  await done(config, ['create', '--insecure', '--flatten', list, `${host}/samples/hello`, `${host}/samples/hello:amd64`]);
  await done(config, ['push', '--insecure', list]);
  const [flat, hello] = await Promise.all(['flat', 'hello'].map((name) => manifest(host, `samples/${name}`, name === 'flat' ? 'v1' : 'latest')));
  const entries = ({ bytes }) => JSON.parse(bytes).manifests.map(({ digest, platform }) => ({ digest, platform }));
  for (const entry of entries(hello)) assert.ok(entries(flat).some((other) => JSON.stringify(other) === JSON.stringify(entry)));
  assert.equal(entries(flat).length, entries(hello).length + 1, 'the image that was named by tag is an entry of its own');

  const webapp = await manifest(host, 'samples/webapp', 'latest');
  const attestations = JSON.parse(webapp.bytes).manifests.filter(({ annotations }) => annotations?.['vnd.docker.reference.type']);
  assert.ok(attestations.length > 0, 'the samples have attestations');
  await done(config, ['create', '--insecure', '--flatten', '--no-attestations', `${host}/samples/plain:v1`, `${host}/samples/webapp`]);
  await done(config, ['create', '--insecure', '--flatten', `${host}/samples/usual:v1`, `${host}/samples/webapp`]);
  await done(config, ['create', '--insecure', '--flatten', '--oci', `${host}/samples/full:v1`, `${host}/samples/webapp`]);
  for (const [name, kept] of [['plain', 0], ['usual', attestations.length], ['full', attestations.length]]) {
    await done(config, ['push', '--insecure', '--purge', `${host}/samples/${name}:v1`]);
    const pushed = JSON.parse((await manifest(host, `samples/${name}`, 'v1')).bytes);
    assert.ok(pushed.manifests.filter(({ annotations }) => annotations).length >= kept);
    assert.equal(pushed.manifests.filter(({ platform }) => platform.os === 'unknown').length, kept, name);
  }
});

test('an OCI index is made where asked, with annotations of the index and of entries, and both survive the store', async (t) => {
  const [config, host] = [makeConfig(t), await startMemory(t, '--samples')];
  const [list, amd64, arm64] = [`${host}/samples/hello:ours`, `${host}/samples/hello:amd64`, `${host}/samples/hello:arm64`];
  await done(config, ['create', '--insecure', '--annotation', 'org.example.title=<ours>', list, amd64]);
  await done(config, ['annotate', list, amd64, '--annotation', 'org.example.entry=a=b']);
  await done(config, ['create', '--insecure', '--amend', '--annotation=org.example.more=1', list, arm64]);
  await done(config, ['annotate', list, arm64, '--variant', 'v8']);
  const shown = await done(config, ['inspect', list]);
  const plan = JSON.parse(await done(config, ['push', '--dry-run', '--json', list]));
  await done(config, ['push', '--insecure', list]);
  const { bytes, mediaType } = await manifest(host, 'samples/hello', 'ours');
  assert.equal(`${bytes}\n`, shown, 'what is shown is what is pushed');
  assert.equal(plan.steps.at(-1).digest, sha256(bytes));
  const pushed = JSON.parse(bytes);
  assert.deepEqual([mediaType, pushed.mediaType], [index, index]);
  assert.deepEqual(pushed.annotations, { 'org.example.more': '1', 'org.example.title': '<ours>' });
  assert.deepEqual(pushed.manifests.map(({ annotations, platform }) => [annotations, platform.variant]), [[{ 'org.example.entry': 'a=b' }, undefined], [undefined, 'v8']]);

  // Without any of it the same images make Docker's own list.
  await done(config, ['create', '--insecure', `${host}/samples/hello:theirs`, amd64, arm64]);
  assert.ok(!Object.entries(contents(config)).some(([file, text]) => file.includes('theirs') && text.includes('Tallyman')));
});

test('stale images are fetched anew on demand, and keep what was said of them', async (t) => {
  const [config, host] = [makeConfig(t), await startMemory(t)];
  const [list, image] = [`${host}/a/app:list`, `${host}/a/app:arm`];
  const first = await putImage(host, 'a/app', 'arm', { os: 'linux', architecture: 'arm' }, Buffer.from('first'));
  await done(config, ['create', '--insecure', list, image]);
  await done(config, ['annotate', list, image, '--variant', 'v7']);
  const second = await putImage(host, 'a/app', 'arm', { os: 'linux', architecture: 'arm' }, Buffer.from('second'));
  const entry = async () => JSON.parse(await done(config, ['inspect', list])).manifests[0];
  await done(config, ['create', '--insecure', '--amend', list, image]);
  assert.equal((await entry()).digest, first, 'Docker leaves it');
  await done(config, ['create', '--insecure', '--refresh', list]);
  assert.deepEqual([(await entry()).digest, (await entry()).platform.variant], [second, 'v7']);
  const missing = await run(config, ['create', '--insecure', '--refresh', `${host}/a/app:none`]);
  assert.deepEqual([missing.code, missing.stderr], [1, `No such manifest: ${host}/a/app:none\n`]);
});

test('a digest is that of the input, of a file of any length, and of a manifest', async (t) => {
  const config = makeConfig(t);
  assert.equal(await done(config, ['digest'], { input: 'hello' }), `${sha256('hello')}\n`);
  assert.equal(await done(config, ['digest', '-'], { input: '' }), `${sha256('')}\n`);
  const bytes = randomBytes(5 * 1024 * 1024 + 1);
  const file = join(config, 'file');
  writeFileSync(file, bytes);
  assert.deepEqual(JSON.parse(await done(config, ['digest', '--json', file])), { digest: sha256(bytes), size: bytes.length });
  // Of a manifest that is signed in schema 1 it is that of what is signed.
  const content = '{\n   "schemaVersion": 1,\n   "name": "a"\n}';
  const signature = { protected: Buffer.from('{"formatLength":39,"formatTail":"Cn0"}').toString('base64url') };
  const signed = content.replace('\n}', `,\n   "signatures": [${JSON.stringify(signature)}]\n}`);
  assert.equal(await done(config, ['digest'], { input: signed }), `${sha256(content)}\n`);
  const missing = await run(config, ['digest', '-f', 'no-such-file'], { cwd: config });
  assert.deepEqual([missing.code, missing.stderr], [1, 'open no-such-file: no such file or directory\n']);
  const folder = await run(config, ['digest', './'], { cwd: config });
  assert.deepEqual([folder.code, folder.stderr], [1, 'read ./: is a directory\n']);
});

test('referrers are listed by type, size and digest', async (t) => {
  const [config, host] = [makeConfig(t), await startMemory(t)];
  const subject = await putImage(host, 'r/app', 'v1', { os: 'linux', architecture: 'amd64' }, Buffer.from('layer'));
  assert.equal(await done(config, ['referrers', '--insecure', `${host}/r/app:v1`]), '');
  const size = (await manifest(host, 'r/app', 'v1')).bytes.length;
  const subjectDescriptor = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: subject, size };
  const digest = await putImage(host, 'r/app', 'sbom', {}, Buffer.from('an sbom'), { subject: subjectDescriptor, artifactType: 'application/spdx+json' });
  const lines = (await done(config, ['referrers', '--insecure', `${host}/r/app:v1`])).trim().split('\n');
  assert.match(lines[0], /^TYPE +SIZE  DIGEST$/);
  assert.match(lines[1], new RegExp(`^application/spdx\\+json +\\d+  ${digest}$`));
  const [entry] = JSON.parse(await done(config, ['referrers', '--insecure', '--json', `${host}/r/app:v1`]));
  assert.deepEqual([entry.digest, entry.artifactType], [digest, 'application/spdx+json']);
  assert.equal(await done(config, ['referrers', '--insecure', '--artifact-type', 'other/type', `${host}/r/app:v1`]), '');
});

test('a tag is deleted alone where the registry can', async (t) => {
  const [config, host] = [makeConfig(t), await startMemory(t, '--samples')];
  const digest = (await done(config, ['digest', '--insecure', `${host}/samples/hello:1.2`])).trim();
  assert.equal(await done(config, ['untag', '--insecure', `${host}/samples/hello:1.2`]), `Untagged ${host}/samples/hello:1.2\n`);
  assert.equal((await done(config, ['digest', '--insecure', `${host}/samples/hello@${digest}`])).trim(), digest);
  const gone = await run(config, ['digest', '--insecure', '--json', `${host}/samples/hello:1.2`]);
  assert.equal(JSON.parse(gone.stderr).error.code, 'not-found');
  for (const wrong of [`${host}/samples/hello`, `${host}/samples/hello@${digest}`]) {
    const refused = await run(config, ['untag', '--insecure', wrong]);
    assert.match(refused.stderr, /^expected a tag and no digest, found /);
  }
});

test('ours asks again where Docker gives up', async (t) => {
  const config = makeConfig(t);
  const host = await startMemory(t, '--samples', '--fault', 'server-error,times=2');
  assert.match(await done(config, ['digest', '--insecure', `${host}/samples/hello`]), /^sha256:/);
  const dockers = await startMemory(t, '--samples', '--fault', 'server-error,times=1');
  assert.equal((await run(config, ['inspect', '--insecure', `${dockers}/samples/hello`])).code, 1);
});

test('an image without a registry is asked of Docker Hub, as Docker does', async (t) => {
  const config = makeConfig(t);
  const asked = [];
  // A proxy that lets nothing through, and tells what it was asked for.
  const { createServer } = await import('node:http');
  const proxy = createServer().on('connect', (request, socket) => {
    asked.push(request.url);
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  t.after(() => proxy.close());
  const env = { HTTPS_PROXY: `http://127.0.0.1:${proxy.address().port}`, NO_PROXY: '' };
  const failed = await run(config, ['inspect', 'alpine'], { env });
  assert.equal(failed.code, 1);
  assert.deepEqual([...new Set(asked)], ['registry-1.docker.io:443']);
});

/** Puts an OCI image; its digest. */
async function putImage(host, repository, tag, config, layer, more = {}) {
  const put = async (bytes) => {
    const begun = await fetch(`http://${host}/v2/${repository}/blobs/uploads/`, { method: 'POST' });
    const location = new URL(begun.headers.get('location'), `http://${host}`);
    location.searchParams.set('digest', sha256(bytes));
    const ended = await fetch(location, { method: 'PUT', body: bytes, headers: { 'content-type': 'application/octet-stream' } });
    assert.equal(ended.status, 201);
    return { digest: sha256(bytes), size: bytes.length };
  };
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const described = {
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...(await put(Buffer.from(JSON.stringify(config)))) },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...(await put(layer)) }],
  };
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...described, ...more }));
  const response = await fetch(`http://${host}/v2/${repository}/manifests/${tag}`, { method: 'PUT', body: bytes, headers: { 'content-type': mediaType } });
  assert.equal(response.status, 201);
  return sha256(bytes);
}
