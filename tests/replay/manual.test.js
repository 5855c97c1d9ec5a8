// The examples of Docker's manual page, typed one after the other.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { command } from './program.js';
import { startBackend } from './backends.js';
import { digestOf, fill, readBack } from './registry-contents.js';

const [program, ...first] = command;
const dockerManifest = 'application/vnd.docker.distribution.manifest.v2+json';

/** An image of its own for each platform, in a repository of its own. */
function image(repo, os, architecture) {
  const blob = (text) => ({ repo, bytes: Buffer.from(text), digest: digestOf(Buffer.from(text)) });
  const layer = blob(`layer of ${repo}`);
  const config = blob(JSON.stringify({ architecture, os, rootfs: { type: 'layers', diff_ids: [layer.digest] } }));
  const described = ({ bytes, digest }, mediaType) => ({ mediaType, size: bytes.length, digest });
  const manifest = {
    schemaVersion: 2,
    mediaType: dockerManifest,
    config: described(config, 'application/vnd.docker.container.image.v1+json'),
    layers: [described(layer, 'application/vnd.docker.image.rootfs.diff.tar.gzip')],
  };
  const bytes = Buffer.from(JSON.stringify(manifest, undefined, 3));
  return { blobs: [layer, config], manifest: { repo, tag: 'v1', mediaType: dockerManifest, digest: digestOf(bytes), bytes } };
}

for (const kind of ['distribution', 'memory']) {
  describe(`the manual page's examples, on ${kind}`, () => {
    // The page's `arm` image says amd64, as images that were built on another machine do; hence its `annotate`.
    const images = [
      image('coolapp-ppc64le-linux', 'linux', 'ppc64le'),
      image('coolapp-arm-linux', 'linux', 'amd64'),
      image('coolapp-amd64-linux', 'linux', 'amd64'),
      image('coolapp-amd64-windows', 'windows', 'amd64'),
    ];
    let backend, host, home;
    before(async () => {
      backend = await startBackend(kind);
      host = `127.0.0.1:${backend.port}`;
      home = mkdtempSync(join(tmpdir(), 'tallyman-manual-'));
      const blobs = images.flatMap((image) => image.blobs);
      await fill(`http://${host}`, { blobs, manifests: images.map((image) => image.manifest) });
    });
    after(async () => {
      rmSync(home, { recursive: true });
      await backend.stop();
    });

    const tallyman = (...args) =>
      new Promise((resolve) => {
        execFile(program, [...first, ...args], { env: { PATH: process.env.PATH, TALLYMAN_CONFIG: home } }, (error, stdout, stderr) =>
          resolve({ exit: error?.code ?? 0, stdout, stderr }),
        );
      });
    const done = async (...args) => {
      const outcome = await tallyman(...args);
      assert.equal(outcome.exit, 0, outcome.stderr);
      assert.equal(outcome.stderr, '');
      return outcome.stdout;
    };

    test('a list of four repositories is created, annotated, inspected, pushed and inspected', async () => {
      const list = `${host}/coolapp:v1`;
      const sources = images.map(({ manifest }) => `${host}/${manifest.repo}:v1`);
      assert.equal(await done('create', '--insecure', list, ...sources), `Created manifest list ${list}\n`);

      // Local lists need no network.
      assert.equal(await done('annotate', list, `${host}/coolapp-arm-linux:v1`, '--arch', 'arm'), '');
      const local = await done('inspect', list);
      const platforms = JSON.parse(local).manifests.map(({ platform: { os, architecture } }) => `${os}/${architecture}`);
      assert.deepEqual(platforms, ['linux/amd64', 'windows/amd64', 'linux/arm', 'linux/ppc64le']);
      const one = JSON.parse(await done('inspect', '--verbose', list, `${host}/coolapp-arm-linux:v1`));
      assert.equal(one.Descriptor.platform.architecture, 'arm');

      const pushed = await done('push', '--insecure', list);
      const lines = pushed.trimEnd().split('\n');
      assert.equal(lines.length, 5);
      for (const line of lines.slice(0, 4)) {
        assert.match(line, new RegExp(`^Pushed ref ${host}/coolapp@(sha256:[0-9a-f]{64}) with digest: \\1$`));
      }
      const served = await readBack(`http://${host}`, 'coolapp:v1');
      assert.equal(served.digest, lines[4]);
      assert.equal(`${served.bytes}\n`, local, 'what was shown is what was pushed');

      await done('rm', list);
      assert.equal(await done('inspect', '--insecure', list), local);
      const all = JSON.parse(await done('inspect', '--verbose', '--insecure', list));
      assert.deepEqual(all.map(({ Descriptor }) => Descriptor.digest), JSON.parse(local).manifests.map(({ digest }) => digest));
    });

    test('a single image is inspected', async () => {
      const [{ manifest }] = images;
      const shown = await done('inspect', '--insecure', `${host}/${manifest.repo}:v1`);
      assert.deepEqual(JSON.parse(shown), JSON.parse(manifest.bytes));
      const verbose = JSON.parse(await done('inspect', '--verbose', '--insecure', `${host}/${manifest.repo}:v1`));
      assert.equal(verbose.Descriptor.digest, manifest.digest);
      assert.equal(Buffer.from(verbose.Raw, 'base64').toString(), manifest.bytes.toString());
    });

    test('a private registry that speaks plain HTTP needs --insecure, and the message says so', async () => {
      const refused = await tallyman('create', `${host}/private:1`, `${host}/coolapp-amd64-linux:v1`);
      assert.equal(refused.exit, 1);
      assert.match(refused.stderr, /--insecure/);
      assert.equal((await tallyman('inspect', `${host}/private:1`)).exit, 1, 'nothing was left behind');
    });

    test('a dry run says what a push would do, and does none of it', async () => {
      const list = `${host}/planned:1`;
      await done('create', '--insecure', list, `${host}/coolapp-amd64-linux:v1`);
      const plan = await done('push', '--dry-run', list);
      for (const { digest } of images[2].blobs) assert.ok(plan.includes(digest), plan);
      assert.equal((await readBack(`http://${host}`, 'planned:1')).status, 404);
    });
  });
}
