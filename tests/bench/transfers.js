// Layers from one registry to another, and from a tab into one.

import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startDistribution } from '../e2e/servers.js';
import { digestOf, fill } from '../replay/registry-contents.js';
import { startChromium, startFiles } from './browser.js';
import { startGateway } from './gateways.js';
import { compare, report } from './measure.js';
import { findPeers, measured, milliseconds, native, run, tallyman, withFolder } from './programs.js';

const [layers, layerSize, blobSize] = [10, 100e6, 250e6];
const types = { manifest: 'application/vnd.oci.image.manifest.v1+json', config: 'application/vnd.oci.image.config.v1+json', layer: 'application/vnd.oci.image.layer.v1.tar' };
const [from, to] = [await startDistribution({ samples: false }), await startDistribution({ samples: false })];
const { there, absent } = await findPeers();
let repositories = 0;
/** A place that nothing has been put to. */
const fresh = () => `${to.host}/copies/number-${repositories++}:v1`;

/** An image of `count` layers, of bytes that nothing compresses. */
function imageOf(repo, count, size) {
  const blob = (bytes) => ({ repo, bytes, digest: digestOf(bytes) });
  const contents = Array.from({ length: count }, () => blob(randomBytes(size)));
  const config = blob(Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: contents.map(({ digest }) => digest) } })));
  const descriptor = (mediaType, { digest, bytes }) => ({ mediaType, size: bytes.length, digest });
  const manifest = { schemaVersion: 2, mediaType: types.manifest, config: descriptor(types.config, config), layers: contents.map((layer) => descriptor(types.layer, layer)) };
  const bytes = Buffer.from(JSON.stringify(manifest));
  return { blobs: [config, ...contents], manifests: [{ repo, tag: 'v1', mediaType: types.manifest, digest: digestOf(bytes), bytes }] };
}

await fill(from.registry, imageOf('large/app', layers, layerSize));
const image = `${from.host}/large/app:v1`;
const [own, package_] = ['tallyman', 'tallyman of the npm package'];

await withFolder(async (folder) => {
  const memory = new Map();
  for (const { prepare, command } of there) for (const { host } of [from, to]) if (prepare) await run(command, prepare(host), folder);
  const copied = (name, command, args) => async () => {
    let megabytes;
    const value = await milliseconds(async () => ({ megabytes } = await measured(command, args(fresh()), folder)));
    memory.set(name, [...(memory.get(name) ?? []), megabytes]);
    return { value: value / 1000, note: `${Math.max(...memory.get(name)).toFixed(0)} MB of memory at most` };
  };
  const ours = (target) => ['copy', '--insecure', image, target];
  const peers = there.filter(({ copy }) => copy);
  const contestants = [
    { name: own, run: copied(own, native, ours) },
    { name: package_, run: copied(package_, tallyman, ours) },
    ...peers.map(({ name, command, copy }) => ({ name, peer: true, run: copied(name, command, (target) => copy(image, target)) })),
  ];
  const fastest = (of) => (peers.length ? Math.min(...peers.map(({ name }) => of(name).median)) : undefined);
  const title = `copy of ${layers} layers of ${layerSize / 1e6} MB, from one registry to another`;
  const cause = 'every blob is hashed and compared with its digest on the way, which takes half a second of a core for a gigabyte, as fast as the core can; imagetools passes the bytes on and leaves that to the registry. The two registries take the rest of the two cores';
  await compare({
    title,
    unit: 's',
    warmUp: true,
    contestants,
    absent: [...absent, ...there.filter(({ copy }) => !copy).map(({ name }) => `${name} (it copies nothing)`)],
    summary: (of) => [
      { what: title, ours: own, limit: fastest(of), terms: 'the fastest peer', cause },
      { what: "the same by the npm package's program", ours: package_, limit: fastest(of), terms: 'the fastest peer', cause: `${cause}; and in Node every piece passes through the script` },
    ],
  });
  report({
    title: `memory of that copy, the most that the process takes`,
    unit: 'MB',
    results: contestants.map(({ name, peer }) => ({ name, peer, values: memory.get(name).slice(1) })),
    summary: () => [
      { what: 'memory of that copy', ours: own, limit: 64, cause: 'pieces on their way of up to six layers' },
      { what: "memory of that copy by the npm package's program", ours: package_, limit: 120, cause: 'Node with the engine takes 55 MB before the first byte; the rest are pieces that it has sent and not given back yet' },
    ],
  });
});

// A blob that is in memory, into a registry: from a tab, and by programs that read it from a folder.
const large = imageOf('pushed', 1, blobSize);
const [chromium, files] = [await startChromium(), await startFiles()];
const gateway = await startGateway(to.registry, { tls: true });

/** A page of its own, with the library loaded; `work` is done in it, with the origin of the gateway where it asks that one. */
const inTab = (by) => async () => {
  const context = await chromium.newContext({ ignoreHTTPSErrors: true, serviceWorkers: 'block' });
  const page = await context.newPage();
  await files.open(page, by?.origin);
  const value = await page.evaluate(
    async ([target, size, by]) => {
      const through = by && ((url, init) => fetch(url.startsWith(by) ? url : url.replace(/^\w+:\/\/[^/]+/, by), init));
      const client = new tallyman.Tallyman({ insecure: !by, ...(through ? { fetch: through } : {}) });
      const bytes = new Uint8Array(size);
      for (let at = 0; at < size; at += 65536) crypto.getRandomValues(bytes.subarray(at, Math.min(size, at + 65536)));
      const blob = new Blob([bytes]);
      // The programs take it from the name of the file.
      const digest = await tallyman.Digest.ofLarge(bytes);
      const start = performance.now();
      await client.putBlob(target, blob, { digest });
      return (performance.now() - start) / 1000;
    },
    [fresh(), blobSize, by?.lab],
  );
  await context.close();
  return value;
};

await withFolder(async (folder) => {
  await writeLayout(folder, large);
  for (const { prepare, command } of there) if (prepare) await run(command, prepare(to.host), folder);
  const peers = there.filter(({ push }) => push);
  const pushed = (command, push) => async () => (await milliseconds(() => run(command, push(folder, fresh()), folder))) / 1000;
  const [tab, passed] = ['a tab of Chromium, over CORS', 'a tab of Chromium, through the gateway by HTTP/2'];
  const fastest = (of) => (peers.length ? Math.min(...peers.map(({ name }) => of(name).median)) : undefined);
  const title = `push of a blob of ${blobSize / 1e6} MB`;
  const cause = "a browser's process of the network sends what another of its processes keeps, by copies that a page cannot avoid; the hash, which crane leaves to the registry, is computed beside";
  await compare({
    title,
    unit: 's',
    warmUp: true,
    contestants: [
      { name: tab, run: inTab() },
      { name: passed, run: inTab(gateway) },
      ...peers.map(({ name, command, push }) => ({ name, peer: true, run: pushed(command, push) })),
    ],
    absent: [...absent, ...there.filter(({ push }) => !push).map(({ name }) => `${name} (it pushes no blobs from files)`)],
    summary: (of) => [
      { what: `${title} from a tab`, ours: tab, limit: fastest(of), terms: 'the fastest peer', cause },
      { what: `${title} from a tab through the gateway`, ours: passed, limit: fastest(of), terms: 'the fastest peer', cause: `${cause}; TLS and the gateway's own copy come on top` },
    ],
  });
});
await chromium.close();
await Promise.all([gateway.stop(), files.stop(), from.stop(), to.stop()]);

/** Writes an image as a folder in the layout of OCI. */
async function writeLayout(folder, { blobs, manifests: [manifest] }) {
  await mkdir(join(folder, 'blobs/sha256'), { recursive: true });
  for (const { digest, bytes } of [...blobs, manifest]) await writeFile(join(folder, 'blobs', digest.replace(':', '/')), bytes);
  const { mediaType, digest, bytes } = manifest;
  const annotations = { 'org.opencontainers.image.ref.name': 'latest' };
  await writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [{ mediaType, digest, size: bytes.length, annotations }] }));
}
