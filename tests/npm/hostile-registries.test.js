// Hostile registries: in every mode each call ends in time with an answer or a TallymanError, memory stays bounded, and
// credentials go nowhere but to the registry and its own token service.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Manifest, ManifestList, MemoryStore, Tallyman, TallymanError } from 'tallyman';
import { startDevRegistry } from '../e2e/servers.js';
import { failure } from './failure.js';

const mib = 1024 * 1024;
/** The longest that one call may take, in milliseconds. */
const longest = 120_000;
/** The most memory that the process may gain over all modes. */
const growth = 640 * mib;
/** The bytes of a blob, and the characters of names, that are read. Blobs have any size, so whoever wants no more leaves. */
const enough = 16 * mib;

const program = fileURLToPath(new URL('../../target/debug/tallyman-dev-registry', import.meta.url));
const { stderr } = await promisify(execFile)(program, ['--hostile', 'none']).catch((error) => error);
const modes = stderr.match(/the modes are ([a-z, -]+)/)?.[1].split(', ') ?? [];

/** Reads what an iteration gives, until there is enough. */
async function readAll(pieces, most = enough) {
  let length = 0;
  for await (const piece of pieces) {
    length += piece.length;
    if (length > most) break;
  }
}

/** The calls of a client, by their names. */
function calls(tm, host) {
  const [app, list] = [`${host}/evil/app:latest`, `${host}/evil/list:latest`];
  const content = new TextEncoder().encode('{}');
  const digest = 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a';
  return {
    inspect: () => tm.inspect(app),
    'inspect of a list': () => tm.inspect(list),
    'inspect for a platform': () => tm.inspect(list, { platform: 'linux/arm64' }),
    manifest: () => tm.manifest(app),
    head: () => tm.head(app),
    tags: () => readAll(tm.tags(`${host}/evil/app`)),
    // Tags are read to their end, which every list has; a caller may leave before.
    catalog: () => readAll(tm.catalog(host), 100_000),
    referrers: () => tm.referrers(app),
    blob: async () => readAll(await tm.blob(`${host}/evil/app`, digest)),
    'blob of a known size': async () => readAll(await tm.blob(`${host}/evil/app`, { digest, size: content.length })),
    'create and push': async () => {
      const made = await tm.create(`${host}/evil/app:made`, [app]);
      await tm.push(made);
    },
    push: () => {
      const made = new ManifestList(`${host}/evil/app:pushed`);
      made.add({ mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: 2, platform: { os: 'linux', architecture: 'amd64' } });
      return tm.push(made);
    },
    delete: () => tm.delete(`${host}/evil/app@${digest}`),
  };
}

describe('hostile registries', () => {
  const before = process.memoryUsage.rss();
  let [answers, errors, signedIn] = [0, 0, 0];

  test('there are modes to try', () => assert.ok(modes.length > 20, stderr));

  for (const mode of modes) {
    test(mode, async () => {
      const registry = await startDevRegistry('--hostile', mode, '--token', 'user:secret');
      try {
        const asked = new Set();
        const credentials = (name) => (asked.add(name), { username: 'user', password: 'secret' });
        const tm = new Tallyman({ credentials, store: new MemoryStore(), timeout: 400, attempts: 2 });
        const ends = Object.entries(calls(tm, registry.host)).map(async ([name, call]) => {
          const timer = new AbortController();
          const late = wait(longest, undefined, { signal: timer.signal }).then(() => assert.fail(`${name} did not end in time`));
          try {
            await Promise.race([call(), late]);
            answers += 1;
          } catch (error) {
            if (error instanceof assert.AssertionError) throw error;
            assert.ok(error instanceof TallymanError, `${name} ended with ${error?.stack ?? error}`);
            assert.notEqual(error.code, 'internal', `${name}: ${error.message}`);
            assert.ok(error.message.length < 100_000, `${name} has a message of ${error.message.length} characters`);
            assert.ok(!JSON.stringify(error).includes('secret'), `${name}: ${error.message}`);
            errors += 1;
          } finally {
            timer.abort();
            late.catch(() => {});
          }
        });
        await Promise.all(ends);
        assert.deepEqual([...asked].filter((name) => name !== registry.host), [], 'credentials are asked for by the registry alone');
        const requests = await (await fetch(`${registry.registry}/_requests`)).json();
        signedIn += requests.filter(({ storage, authorization }) => !storage && authorization).length;
        for (const request of requests.filter(({ storage }) => storage)) {
          const { authorization, path, query, body_bytes: sent } = request;
          const leaked = authorization || query.includes('secret') || (path === '/token' && sent > 0);
          assert.ok(!leaked, `credentials went elsewhere: ${JSON.stringify(request)}`);
        }
        const gained = process.memoryUsage.rss() - before;
        assert.ok(gained < growth, `the process gained ${Math.round(gained / mib)} MiB`);
      } finally {
        await registry.stop();
      }
    });
  }

  after(() => {
    // Neither everything failed nor everything went well, and credentials were there to be stolen.
    assert.ok(answers > 20 && errors > 100 && signedIn > 100, `${answers} answers, ${errors} errors, ${signedIn} with credentials`);
  });
});

test('the platforms of a list of many attestations are found in one pass, and once', () => {
  const of = (at) => `sha256:${at.toString(16).padStart(64, '0')}`;
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const images = Array.from({ length: 13_000 }, (_, at) => ({ mediaType, digest: of(at), size: 1, platform: { os: 'linux', architecture: 'amd64' } }));
  const attested = (digest) => ({ 'vnd.docker.reference.type': 'attestation-manifest', 'vnd.docker.reference.digest': digest });
  const attestations = images.map(({ digest }, at) => ({ mediaType, digest: of(at + images.length), size: 1, annotations: attested(digest) }));
  const manifest = Manifest.parse(JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [...images, ...attestations] }));
  assert.equal(manifest.entries.length, 26_000);
  const began = performance.now();
  const { platforms } = manifest;
  assert.ok(performance.now() - began < 1_000, 'it took longer than a second');
  assert.equal(manifest.platforms, platforms);
  assert.deepEqual([platforms.length, platforms.at(-1).attestations.map(({ digest }) => digest)], [images.length, [attestations.at(-1).digest]]);
});

test('an attestation that is too long to be read as a whole is not fetched', async () => {
  const registry = await startDevRegistry('--samples');
  const asked = [];
  const tm = new Tallyman({ onRequest: ({ method, url }) => asked.push(`${method} ${new URL(url).pathname}`) });
  const image = `${registry.host}/samples/hello:amd64`;
  const small = await tm.putBlob(image, '{}', { mediaType: 'application/spdx+json' });
  await tm.attach(image, { artifactType: 'application/spdx+json', blobs: [{ ...small, size: 64 * mib + 1 }] });
  const [attestation] = await tm.attestations(image);
  asked.length = 0;
  for (const read of [() => attestation.bytes(), () => attestation.json()]) {
    const { code, limit, message } = await failure(read);
    assert.deepEqual([code, limit], ['too-large', 64 * mib]);
    assert.match(message, /read them as a stream, blob\('.*\/samples\/hello', attestation\.blob\)/);
  }
  assert.deepEqual(asked, []);
  await registry.stop();
});
