// Lists made, pushed and inspected with every round trip taking 50 ms.

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, startDistribution } from '../e2e/servers.js';
import { startChromium, startFiles } from './browser.js';
import { roundTripMs, startFarAway } from './far-away.js';
import { pushImages } from './images.js';
import { compare, leaveOut } from './measure.js';
import { dockerManifest, has, milliseconds, run, tallyman, withFolder } from './programs.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const registry = await startDistribution({ samples: false, quiet: true });
const far = await startFarAway(new URL(registry.registry).port);
const images = await pushImages(registry.registry, 8);
const [chromium, files] = [await startChromium(), await startFiles()];
const gateway = await startGateway(`http://${far.host}`);
let lists = 0;

/** What `work` takes with a list of a name that is new, and what went over the wire. */
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

/** `create`, then `push`, as two calls of a command line. */
const commandLines = (program) => () =>
  counted((list) =>
    withFolder((folder) =>
      milliseconds(async () => {
        await run(program, ['create', '--insecure', `${far.host}/${list}`, ...images.map((image) => `${far.host}/${image}`)], folder);
        await run(program, ['push', '--insecure', `${far.host}/${list}`], folder);
      }),
    ),
  );

const script = fileURLToPath(new URL('create-and-push.js', import.meta.url));
/** One program through the library: what it takes from its first call on, or from its start. */
const library = (fromItsStart, by) => () =>
  counted(async (list) => {
    const start = performance.now();
    const printed = await run([process.execPath, script], [JSON.stringify([far.host, list, images, by])]);
    return fromItsStart ? performance.now() - start : JSON.parse(printed).ms;
  });

/** A page of another origin than the registry's, opened anew, so that it knows nothing and has no connection. */
const inChromium = (by) => () =>
  counted(async (list) => {
    const context = await chromium.newContext();
    const page = await context.newPage();
    // The gateway serves the app and nothing else; what is measured comes from the files, on its origin.
    // (With a route set, preflights would be answered by Playwright.)
    const fulfil = async (route) => {
      const body = await readFile(join(root, new URL(route.request().url()).pathname));
      await route.fulfill({ body, contentType: 'text/javascript' });
    };
    if (by) await page.route(`${gateway.origin}/target/**`, fulfil);
    await page.goto(by ? gateway.origin : files.origin, { waitUntil: 'networkidle' });
    const value = await page.evaluate(
      async ([host, list, images, by]) => {
        const { Tallyman, init } = await import('/target/npm/tallyman/lib/index.js');
        await init();
        const through = by && ((url, init) => fetch(url.replace(/^\w+:\/\/[^/]+/, by), init));
        const client = new Tallyman({ insecure: true, ...(through ? { fetch: through } : {}) });
        const start = performance.now();
        await client.push(await client.create(`${host}/${list}`, images.map((image) => `${host}/${image}`)));
        return performance.now() - start;
      },
      [far.host, list, images, by],
    );
    await context.close();
    return value;
  });

const requestsOf = ({ note }) => Number(/^(\d+) requests/.exec(note)[1]);
const peers = [];
if (await has('docker')) peers.push({ name: 'docker manifest', peer: true, run: commandLines(dockerManifest) });
else leaveOut('docker manifest', 'there is no docker on this machine');
const [one, whole, two] = ['tallyman, the library in Node', 'the same with the start of the program', 'tallyman, two command lines'];
const [page, passed, passedPage] = ['tallyman in Chromium, over CORS', 'tallyman in Node, through the gateway', 'tallyman in Chromium, through the gateway'];

await compare({
  title: `create and push of 8 images, ${roundTripMs} ms a round trip`,
  unit: 'ms',
  contestants: [
    { name: one, run: library(false) },
    { name: whole, run: library(true) },
    { name: two, run: commandLines(tallyman) },
    { name: page, run: inChromium() },
    { name: passed, run: library(false, gateway.lab) },
    { name: passedPage, run: inChromium(gateway.lab) },
    ...peers,
  ],
  targets: (of) => [
    ['the library takes at most 500 ms', of(one).median <= 500],
    ['the library makes at most 60 requests', requestsOf(of(one)) <= 60],
    ['two command lines take at most 900 ms', of(two).median <= 900],
    ['a page takes at most 1500 ms', of(page).median <= 1500],
    ['the library through the gateway takes at most 600 ms', of(passed).median <= 600],
    ['a page through the gateway takes at most 600 ms', of(passedPage).median <= 600],
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
  const folder = await mkdtemp(join(tmpdir(), 'tallyman-bench-'));
  await far.take();
  const there = await milliseconds(() => run(program, args(far.host), folder));
  const note = inWords(await far.take());
  const here = await milliseconds(() => run(program, args(registry.host), folder));
  await rm(folder, { recursive: true });
  return { value: (there - here) / roundTripMs, note: `${note}; ${Math.round(there)} ms in all` };
};
const verbose = (host) => ['inspect', '--insecure', '--verbose', `${host}/team/app:all`];
const others = [];
if (await has('docker')) others.push({ name: 'docker manifest inspect --verbose', peer: true, run: looked(dockerManifest, verbose) });
if (await has('skopeo')) {
  const all = (host) => ['inspect', '--tls-verify=false', `docker://${host}/team/app:v0`];
  others.push({ name: 'skopeo inspect, of one image alone', peer: true, run: looked(['skopeo'], all) });
} else leaveOut('skopeo', 'it is not on this machine');
await compare({
  title: 'inspect --verbose of a list of 10, connecting and the attempt at TLS counted',
  unit: 'round trips',
  contestants: [{ name: 'tallyman inspect --verbose', run: looked(tallyman, verbose) }, ...others],
  targets: (of) => [['at most 4 round trips', Math.round(of('tallyman inspect --verbose').median) <= 4]],
});

/** The gateway, with the registry at `url` as `lab`. */
async function startGateway(url) {
  const program = join(root, 'target/release/tallyman-gateway');
  const port = await freePort();
  const child = spawn(program, ['--registry', `lab=${url}`, '--listen', `127.0.0.1:${port}`], { stdio: 'ignore' });
  const origin = `http://127.0.0.1:${port}`;
  for (let tries = 0; !(await fetch(origin).catch(() => undefined)); tries++) {
    if (tries === 200) throw new Error(`nothing answers at ${origin}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { origin, lab: `${origin}/r/lab`, stop: () => child.kill() };
}

await chromium.close();
gateway.stop();
await files.stop();
await far.stop();
await registry.stop();
