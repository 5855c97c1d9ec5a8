// Lists made, pushed and inspected with every round trip taking 50 ms.

import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../e2e/child-processes.js';
import { startDistribution } from '../e2e/servers.js';
import { startChromium, startFiles } from './browser.js';
import { roundTripMs, startFarAway } from './far-away.js';
import { startGateway } from './gateways.js';
import { pushImages } from './images.js';
import { compare, leaveOut } from './measure.js';
import { dockerManifest, findPeers, milliseconds, native, run, tallyman, withFolder } from './programs.js';

const { there, absent } = await findPeers();
const registry = await startDistribution({ samples: false });
const far = await startFarAway(new URL(registry.registry).port);
const images = await pushImages(registry.registry, 8);
const [chromium, files] = [await startChromium(), await startFiles()];
const gateway = await startGateway(`http://${far.host}`);
const secureGateway = await startGateway(`http://${far.host}`, { tls: true });
let lists = 0;

/** The time that `work` takes with a list of a new name, and the requests and bytes that went over the wire. */
async function counted(work) {
  const list = `lists/number-${lists++}:v1`;
  await far.take();
  const value = await work(list);
  return { value, note: inWords(await far.take()) };
}

const inWords = ({ requests, preflights, connections, tls }) =>
  [`${requests} requests`, preflights && `${preflights} of them preflights`, tls && `${tls} attempts at TLS`, `${connections} connections`]
    .filter(Boolean)
    .join(', ');

/** A list made and pushed by the command lines that `make` gives. */
const commandLines = (program, make, prepare) => () =>
  counted((list) =>
    withFolder(async (folder) => {
      if (prepare) await run(program, prepare(far.host), folder);
      return milliseconds(async () => {
        for (const line of make(`${far.host}/${list}`, images.map((image) => `${far.host}/${image}`))) await run(program, line, folder);
      });
    }),
  );
const twoLines = (list, all) => [['create', '--insecure', list, ...all], ['push', '--insecure', list]];
const oneLine = (list, all) => [['create', '--insecure', '--push', list, ...all]];

const script = fileURLToPath(new URL('create-and-push.js', import.meta.url));
/** One program through the library: what it takes from its first call on, or from its start. */
const library = (fromItsStart, by) => () =>
  counted(async (list) => {
    const start = performance.now();
    const printed = await run([process.execPath, script], [JSON.stringify([far.host, list, images, by])]);
    return fromItsStart ? performance.now() - start : JSON.parse(printed).ms;
  });

/**
 * A page of another origin than the registry's, or of the gateway `by` which it asks, opened anew, so that it knows nothing and has
 * no connection but that of the page itself.
 */
const inChromium = (by) => () =>
  counted(async (list) => {
    const context = await chromium.newContext({ ignoreHTTPSErrors: true, serviceWorkers: 'block' });
    const page = await context.newPage();
    await files.open(page, by?.origin);
    const { ms, protocols } = await page.evaluate(
      async ([host, list, images, by]) => {
        const through = by && ((url, init) => fetch(url.replace(/^\w+:\/\/[^/]+/, by), init));
        const client = new tallyman.Tallyman({ insecure: !by, ...(through ? { fetch: through } : {}) });
        performance.clearResourceTimings();
        const start = performance.now();
        await client.push(await client.create(`${host}/${list}`, images.map((image) => `${host}/${image}`)));
        const ms = performance.now() - start;
        return { ms, protocols: [...new Set(performance.getEntriesByType('resource').map(({ nextHopProtocol }) => nextHopProtocol))] };
      },
      [far.host, list, images, by?.lab],
    );
    await context.close();
    if (by && protocols.join() !== by.protocol) throw new Error(`expected the page to speak ${by.protocol}, found ${protocols}`);
    return ms;
  });

const requestsOf = ({ note }) => Number(/^(\d+) requests/.exec(note)[1]);
/** The contestants that can do it: some versions of some programs cannot with this registry. The others are named in `without`. */
async function able(contestants, without) {
  const found = [];
  for (const contestant of contestants) {
    try {
      await contestant.run();
      found.push(contestant);
    } catch (error) {
      leaveOut(contestant.name, error.message.trim().split('\n').at(-1));
      without.push(`${contestant.name} (it fails)`);
    }
  }
  return found;
}
const makers = there.filter(({ make }) => make).map(({ name, command, make, prepare }) => ({ name, peer: true, run: commandLines(command, make, prepare) }));
const peers = await able(makers, absent);
const [one, whole, two] = ['tallyman, the library in Node', 'the same with the start of the program', 'tallyman of the npm package, two command lines'];
const [ours, ourOne] = ['tallyman, two command lines', 'tallyman, create --push'];
const [page, passed] = ['tallyman in Chromium, over CORS', 'tallyman in Node, through the gateway'];
// Browsers speak HTTP/2 with TLS alone. Without it they have six connections, and one request at a time on each.
const [securePage, plainPage] = ['tallyman in Chromium, through the gateway by HTTP/2', 'tallyman in Chromium, through the gateway by HTTP/1.1'];

await compare({
  title: `create and push of 8 images, ${roundTripMs} ms a round trip`,
  unit: 'ms',
  contestants: [
    { name: ours, run: commandLines(native, twoLines) },
    { name: ourOne, run: commandLines(native, oneLine) },
    { name: one, run: library(false) },
    { name: whole, run: library(true) },
    { name: two, run: commandLines(tallyman, twoLines) },
    { name: page, run: inChromium() },
    { name: passed, run: library(false, gateway.lab) },
    { name: securePage, run: inChromium(secureGateway) },
    { name: plainPage, run: inChromium(gateway) },
    ...peers,
  ],
  absent: [...absent, ...there.filter(({ make }) => !make).map(({ name }) => `${name} (it makes no lists)`)],
  summary: () => {
    const title = `create and push of 8 images, ${roundTripMs} ms a round trip`;
    const cause = 'seven round trips depend on each other; the rest is what the registry takes to mount 32 blobs and to check 9 manifests, on the cores of the program';
    return [
      { what: title, ours, limit: 500, cause },
      { what: 'the same by one command line', ours: ourOne },
      { what: "the same by the npm package's program, two command lines", ours: two },
      { what: 'the same in a tab, over CORS', ours: page },
      { what: 'the same in a tab, through the gateway', ours: securePage },
    ];
  },
  targets: (of) => [
    ['two command lines take at most 500 ms', of(ours).median <= 500],
    ['the library takes at most 500 ms', of(one).median <= 500],
    ['the library makes at most 60 requests', requestsOf(of(one)) <= 60],
    ['two command lines of the npm package take at most 900 ms', of(two).median <= 900],
    ['a page takes at most 1500 ms', of(page).median <= 1500],
    ['the library through the gateway takes at most 600 ms', of(passed).median <= 600],
    ['a page through the gateway with TLS, so by HTTP/2, takes at most 600 ms', of(securePage).median <= 600],
  ],
});

// A list of ten images in one repository, looked at with everything that there is to see.
const ten = await pushImages(registry.registry, 10, { together: true });
await withFolder(async (folder) => {
  const { host } = registry;
  await run(tallyman, ['create', '--insecure', `${host}/team/app:all`, ...ten.map((image) => `${host}/${image}`)], folder);
  await run(tallyman, ['push', '--insecure', `${host}/team/app:all`], folder);
});
/** A program that asks `far` for the list. Its own start is no round trip, so that what it takes without any is taken off. */
const looked = (program, args) => async () => {
  const folder = await temporaryFolder('tallyman-bench-');
  await far.take();
  const there = await milliseconds(() => run(program, args(far.host), folder));
  const counts = await far.take();
  const here = await milliseconds(() => run(program, args(registry.host), folder));
  await rm(folder, { recursive: true });
  const note = `${counts.rounds} one after another; ${inWords(counts)}; ${Math.round(there)} ms in all`;
  return { value: (there - here) / roundTripMs, note };
};
const roundsOf = ({ note }) => Number(/^(\d+) one after another/.exec(note)[1]);
const verbose = (host) => ['inspect', '--insecure', '--verbose', `${host}/team/app:all`];
const others = [];
const hasPeer = (wanted) => there.some(({ name }) => name === wanted);
if (hasPeer('docker')) others.push({ name: 'docker manifest inspect --verbose', peer: true, run: looked(dockerManifest, verbose) });
if (hasPeer('skopeo')) {
  const all = (host) => ['inspect', '--tls-verify=false', `docker://${host}/team/app:v0`];
  others.push({ name: 'skopeo inspect, of one image alone', peer: true, run: looked(['skopeo'], all) });
}
await compare({
  title: 'inspect --verbose of a list of 10, connecting and the attempt at TLS counted',
  unit: 'round trips',
  contestants: [{ name: 'tallyman inspect --verbose', run: looked(native, verbose) }, { name: 'the same by the npm package', run: looked(tallyman, verbose) }, ...others],
  absent: absent.filter((name) => ['docker', 'skopeo'].includes(name)),
  summary: () => [{ what: 'round trips of inspect --verbose of a list of 10', ours: 'tallyman inspect --verbose', limit: 4.5, terms: '4', cause: 'the start of the program counts with the first' }],
  targets: (of) => [
    ['at most 4 round trips', Math.round(of('tallyman inspect --verbose').median) <= 4],
    ['at most 4 round trips one after another on the wire', roundsOf(of('tallyman inspect --verbose')) <= 4],
  ],
});

// The same repository copied into another registry, with its list and the list's images.
const tags = ten.length + 1;
const mirror = await startDistribution({ samples: false });
const farMirror = await startFarAway(new URL(mirror.registry).port);
const copied = (program, args, prepare) => () =>
  withFolder(async (folder) => {
    if (prepare) for (const { host } of [far, farMirror]) await run(program, prepare(host), folder);
    await farMirror.take();
    const target = `${farMirror.host}/copies/number-${lists++}`;
    const value = await milliseconds(() => run(program, args(`${far.host}/team/app`, target), folder));
    return { value, note: inWords(await farMirror.take()) };
  });
const ofTags = (from, to) => ['copy', '--insecure', '--all-tags', from, to];
const copiers = there.filter(({ copyTags }) => copyTags).map(({ name, command, copyTags, prepare }) => ({ name, peer: true, run: copied(command, copyTags, prepare) }));
const withoutCopy = absent.filter((name) => ['crane', 'skopeo'].includes(name));
const tagPeers = await able(copiers, withoutCopy);
const [ownTags, packageTags] = ['tallyman copy --all-tags', 'the same by the npm package'];
await compare({
  title: `copy of a repository of ${tags} tags into another registry, ${roundTripMs} ms a round trip`,
  unit: 'ms',
  contestants: [
    { name: ownTags, run: copied(native, ofTags) },
    { name: packageTags, run: copied(tallyman, ofTags) },
    ...tagPeers,
  ],
  absent: withoutCopy,
  summary: () => [
    { what: `copy of a repository of ${tags} tags, ${roundTripMs} ms a round trip`, ours: ownTags },
    { what: "the same by the npm package's program", ours: packageTags },
  ],
});

await chromium.close();
await Promise.all([gateway.stop(), secureGateway.stop()]);
await files.stop();
await Promise.all([far.stop(), farMirror.stop()]);
await Promise.all([registry.stop(), mirror.stop()]);
