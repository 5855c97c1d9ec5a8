// Programs beside a registry on the same machine: how soon they have started, and how soon they have shown a list.

import { startDistribution } from '../e2e/servers.js';
import { digestOf, fill } from '../replay/registry-contents.js';
import { pushImages } from './images.js';
import { compare } from './measure.js';
import { findPeers, milliseconds, native, run, tallyman, withFolder } from './programs.js';

const listType = 'application/vnd.docker.distribution.manifest.list.v2+json';
const runs = 21;
const { there, absent } = await findPeers();
const [own, package_, node] = ['tallyman', 'tallyman of the npm package', 'node -e 0'];

await withFolder(async (folder) => {
  const timed = (command, args) => () => milliseconds(() => run(command, args, folder));
  await compare({
    title: 'A program that tells its version',
    unit: 'ms',
    runs,
    warmUp: true,
    contestants: [{ name: own, run: timed(native, ['version']) }, ...there.map(({ name, alone, version }) => ({ name, peer: true, run: timed(alone, version) }))],
    absent,
    summary: () => [{ what: 'start of the native program', ours: own, limit: 10, cause: 'the machine was busy: the program itself computes for some 3 ms' }],
  });
  await compare({
    title: 'The program of the npm package tells its version',
    unit: 'ms',
    runs,
    warmUp: true,
    contestants: [{ name: package_, run: timed(tallyman, ['version']) }, { name: node, peer: true, run: timed([process.execPath], ['-e', '0']) }],
    summary: (of) => [
      { what: "start of the npm package's program", ours: package_, limit: 1.3 * of(node).median, terms: `1.3 × ${node}`, cause: 'Node reads two files more than without a program; what is above that is the noise of the machine' },
    ],
  });
});

const registry = await startDistribution({ samples: false });
const { host } = registry;
const images = await pushImages(registry.registry, 8, { together: true });
await withFolder(async (folder) => {
  const list = 'team/app:all';
  await fill(registry.registry, { blobs: [], manifests: [await listOf(images)] });
  for (const { prepare, command } of there) if (prepare) await run(command, prepare(host), folder);
  const shown = (command, args) => async () => {
    let printed;
    const value = await milliseconds(async () => (printed = await run(command, args, folder)));
    if (!printed.includes(listType)) throw new Error(`${command.join(' ')} ${args.join(' ')} shows no list: ${printed}`);
    return value;
  };
  const ours = ['inspect', '--raw', '--insecure', `${host}/${list}`];
  await compare({
    title: 'inspect of a list of 8, beside the registry',
    unit: 'ms',
    runs,
    warmUp: true,
    contestants: [
      { name: own, run: shown(native, ours) },
      { name: package_, run: shown(tallyman, ours) },
      ...there.map(({ name, command, inspect }) => ({ name, peer: true, run: shown(command, inspect(`${host}/${list}`)) })),
    ],
    absent,
    summary: (of) => [
      {
        what: 'inspect beside a registry',
        ours: own,
        limit: there.some(({ name }) => name === 'crane') ? 1.5 * of('crane').median : undefined,
        terms: '1.5 × crane',
        cause: 'the attempt at TLS goes beside the request, and both are of one process: see the page of limits',
      },
      { what: "inspect by the npm package's program", ours: package_ },
    ],
  });
});
await registry.stop();

/** A list of `references` in one repository, as a registry keeps it. */
async function listOf(references) {
  const manifests = [];
  for (const [at, reference] of references.entries()) {
    const [repo, tag] = reference.split(':');
    const type = 'application/vnd.docker.distribution.manifest.v2+json';
    const found = Buffer.from(await (await fetch(`${registry.registry}/v2/${repo}/manifests/${tag}`, { headers: { accept: type } })).arrayBuffer());
    manifests.push({ mediaType: type, size: found.length, digest: digestOf(found), platform: { os: 'linux', architecture: `cpu${at}` } });
  }
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: listType, manifests }));
  return { repo: 'team/app', tag: 'all', mediaType: listType, digest: digestOf(bytes), bytes };
}
