// Lists made, pushed and inspected with every round trip taking 50 ms.

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { listens } from '../e2e/nginx.js';
import { freePort, startDistribution } from '../e2e/servers.js';
import { selfSigned } from '../replay/certificate.js';
import { startChromium, startFiles } from './browser.js';
import { roundTripMs, startFarAway } from './far-away.js';
import { pushImages } from './images.js';
import { compare, leaveOut } from './measure.js';
import { dockerManifest, has, milliseconds, run, tallyman, withFolder } from './programs.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
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

/**
 * A page of another origin than the registry's, or of the gateway `by` which it asks, opened anew, so that it knows nothing and has
 * no connection but that of the page itself.
 */
const inChromium = (by) => () =>
  counted(async (list) => {
    const context = await chromium.newContext({ ignoreHTTPSErrors: true, serviceWorkers: 'block' });
    const page = await context.newPage();
    const built = `${by?.origin ?? files.origin}/target/**`;
    // The gateway serves the app and nothing else; what is measured comes from the files, on its origin.
    const fulfil = async (route) => {
      const body = await readFile(join(root, new URL(route.request().url()).pathname));
      await route.fulfill({ body, contentType: 'text/javascript' });
    };
    if (by) await page.route(built, fulfil);
    await page.goto(by ? by.origin : files.origin, { waitUntil: 'networkidle' });
    await page.evaluate(async () => {
      globalThis.tallyman = await import('/target/npm/tallyman/lib/index.js');
      await tallyman.init();
    });
    // While a route is set, every request goes by way of Playwright.
    if (by) await page.unroute(built);
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
const peers = [];
if (await has('docker')) peers.push({ name: 'docker manifest', peer: true, run: commandLines(dockerManifest) });
else leaveOut('docker manifest', 'there is no docker on this machine');
const [one, whole, two] = ['tallyman, the library in Node', 'the same with the start of the program', 'tallyman, two command lines'];
const [page, passed] = ['tallyman in Chromium, over CORS', 'tallyman in Node, through the gateway'];
// Browsers speak HTTP/2 with TLS alone. Without it they have six connections, and one request at a time on each.
const [securePage, plainPage] = ['tallyman in Chromium, through the gateway by HTTP/2', 'tallyman in Chromium, through the gateway by HTTP/1.1'];

await compare({
  title: `create and push of 8 images, ${roundTripMs} ms a round trip`,
  unit: 'ms',
  contestants: [
    { name: one, run: library(false) },
    { name: whole, run: library(true) },
    { name: two, run: commandLines(tallyman) },
    { name: page, run: inChromium() },
    { name: passed, run: library(false, gateway.lab) },
    { name: securePage, run: inChromium(secureGateway) },
    { name: plainPage, run: inChromium(gateway) },
    ...peers,
  ],
  targets: (of) => [
    ['the library takes at most 500 ms', of(one).median <= 500],
    ['the library makes at most 60 requests', requestsOf(of(one)) <= 60],
    ['two command lines take at most 900 ms', of(two).median <= 900],
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
  const folder = await mkdtemp(join(tmpdir(), 'tallyman-bench-'));
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
if (await has('docker')) others.push({ name: 'docker manifest inspect --verbose', peer: true, run: looked(dockerManifest, verbose) });
if (await has('skopeo')) {
  const all = (host) => ['inspect', '--tls-verify=false', `docker://${host}/team/app:v0`];
  others.push({ name: 'skopeo inspect, of one image alone', peer: true, run: looked(['skopeo'], all) });
} else leaveOut('skopeo', 'it is not on this machine');
await compare({
  title: 'inspect --verbose of a list of 10, connecting and the attempt at TLS counted',
  unit: 'round trips',
  contestants: [{ name: 'tallyman inspect --verbose', run: looked(tallyman, verbose) }, ...others],
  targets: (of) => [
    ['at most 4 round trips', Math.round(of('tallyman inspect --verbose').median) <= 4],
    ['at most 4 round trips one after another on the wire', roundsOf(of('tallyman inspect --verbose')) <= 4],
  ],
});

/** The gateway, with the registry at `url` as `lab`; with TLS, by a certificate that nobody else has signed. */
async function startGateway(url, { tls = false } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'tallyman-bench-'));
  const [config, certificate, key] = ['gateway.toml', 'certificate.pem', 'key.pem'].map((name) => join(folder, name));
  const port = await freePort();
  const lines = [`listen = '127.0.0.1:${port}'`, `[[registries]]`, `name = 'lab'`, `url = '${url}'`];
  if (tls) {
    const made = selfSigned();
    await Promise.all([writeFile(certificate, made.cert), writeFile(key, made.key)]);
    lines.push('[tls]', `certificate = '${certificate}'`, `key = '${key}'`);
  }
  await writeFile(config, lines.join('\n'));
  const child = spawn(join(root, 'target/release/tallyman-gateway'), ['--config', config], { stdio: 'ignore' });
  await listens(port, child);
  const origin = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`;
  const stop = () => {
    child.kill();
    return rm(folder, { recursive: true });
  };
  return { origin, lab: `${origin}/r/lab`, protocol: tls ? 'h2' : 'http/1.1', stop };
}

await chromium.close();
await Promise.all([gateway.stop(), secureGateway.stop()]);
await files.stop();
await far.stop();
await registry.stop();
