// How much has to be loaded, and how soon there is something to see: Chromium, nothing cached, a CPU slowed down four times.

import { readFile, readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { startDevRegistry } from '../e2e/servers.js';
import { limits } from '../npm/limits.js';
import { startChromium } from './browser.js';
import { compare, report } from './measure.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const slowdown = 4;
const viewport = { width: 1280, height: 800 };

/** Sizes of files together: as they are, with gzip, with brotli. Sizes do not vary, so one look counts for all. */
async function sizes(paths) {
  const contents = await Promise.all(paths.map((path) => readFile(join(root, path))));
  const sum = (size) => contents.reduce((total, bytes) => total + size(bytes), 0) / 1000;
  return {
    raw: sum((bytes) => bytes.length),
    gzip: sum((bytes) => gzipSync(bytes, { level: 9 }).length),
    brotli: sum((bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length),
  };
}

async function weigh(title, all, targets, summary) {
  const weighed = await Promise.all(all.map(async ({ paths, ...one }) => ({ ...one, ...(await sizes(paths)) })));
  report({
    title,
    unit: 'kB with gzip',
    results: weighed.map(({ name, peer, raw, gzip, brotli }) => ({
      name,
      peer,
      values: [gzip],
      note: `${raw.toFixed(1)} kB as it is, ${brotli.toFixed(1)} kB with brotli`,
    })),
    targets,
    summary,
  });
}

const built = 'target/npm/tallyman/dist';
// Kilobytes, as the tests of the package have it.
const gate = Math.round(limits.wasm / 1000);
const zod = (await Promise.all(['classic', 'core'].map((part) => scripts(`tests/bench/node_modules/zod/v4/${part}`)))).flat();
await weigh(
  'the npm package',
  [
    { name: 'tallyman, the wasm of the library', paths: [`${built}/tallyman.wasm`] },
    { name: "tallyman, the wasm of the library's client", paths: [`${built}/client.wasm`] },
    { name: 'tallyman, the wasm that reads layers', paths: [`${built}/layers.wasm`] },
    { name: 'tallyman, the wasm of the command line', paths: [`${built}/command-line.wasm`] },
    { name: 'zod, its classic form and its core', peer: true, paths: zod },
    { name: 'hash-wasm, its one file', peer: true, paths: ['tests/bench/node_modules/hash-wasm/dist/index.umd.min.js'] },
  ],
  (of) => [[`the wasm of the library has at most ${gate} kB with gzip, without that of its client`, of('tallyman, the wasm of the library').median <= gate]],
);

async function scripts(folder) {
  return (await readdir(join(root, folder))).filter((file) => file.endsWith('.js')).map((file) => `${folder}/${file}`);
}

const app = (await readdir(join(root, 'dist'), { recursive: true })).map((file) => `dist/${file}`);
const ending = (...ends) => app.filter((file) => ends.some((end) => file.endsWith(end)));
await weigh(
  'the app',
  [
    { name: 'tallyman, all files together', paths: ending('.html', '.js', '.css', '.wasm', '.json', '.svg') },
    { name: 'tallyman, all but wasm', paths: ending('.html', '.js', '.css', '.json', '.svg') },
    ...ending('.wasm').map((path) => ({ name: `tallyman, ${path.replace(/-?[0-9a-f]{12,}/, '')}`, paths: [path] })),
  ],
  () => [],
  () => [{ what: 'all files of the app', ours: 'tallyman, all files together', limit: 800, cause: 'the chunks for lists with their editor and YAML, for the command line, and the worker that reads files of images are three quarters; no page loads all of them' }],
);

/** A page with nothing but a word, by the same rules: how fast any page can be here. */
async function startBlank() {
  const server = createServer((_request, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><p>Tallyman'));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}/`, stop: () => server.close() };
}

const registry = await startDevRegistry('--samples', '--app', join(root, 'dist'), '--app-addr', '127.0.0.1:0');
const blank = await startBlank();
const chromium = await startChromium();
/** The longest task of each time that a page was opened, by the page's name: 0 where none took more than 50 ms. */
const longest = new Map();

/**
 * Opens a page in a browser context of its own, and gives what `measured` says of it. The page is steered by the protocol alone: what
 * Playwright puts into a page to look at it takes tasks of 50 ms of its own.
 */
async function opened(name, url, shown, measured) {
  const context = await chromium.newContext({ viewport });
  const found = await visit(context, url, shown, slowdown);
  await context.close();
  longest.set(name, [...(longest.get(name) ?? []), Math.max(0, ...found.tasks.map(([, duration]) => duration))]);
  const long = found.tasks.map(([start, duration]) => `${duration.toFixed(0)} at ${start.toFixed(0)}`);
  return { value: measured(found), note: long.length ? `long tasks: ${long.join(', ')}` : 'no long task' };
}

/** Gives what a new page of a context sees until a second after `shown` is on the screen, on a CPU slowed down `rate` times. */
async function visit(context, url, shown, rate) {
  const control = await context.newCDPSession(await context.newPage());
  await control.send('Emulation.setCPUThrottlingRate', { rate });
  await Promise.all([control.send('Runtime.enable'), control.send('Page.enable'), control.send('Runtime.addBinding', { name: 'tell' })]);
  const told = new Promise((resolve) => control.on('Runtime.bindingCalled', ({ payload }) => resolve(JSON.parse(payload))));
  await control.send('Page.addScriptToEvaluateOnNewDocument', { source: `(${watch})(${JSON.stringify(shown)})` });
  await control.send('Page.navigate', { url });
  return told;
}

/** Runs in the page: tells what it has seen a second after `shown` is on the screen. */
function watch(shown) {
  const tasks = [];
  const keep = (list) => tasks.push(...list.getEntries().map(({ startTime, duration }) => [startTime, duration]));
  new PerformanceObserver(keep).observe({ type: 'longtask', buffered: true });
  const tell = (at) => {
    const [paint] = performance.getEntriesByName('first-contentful-paint');
    globalThis.tell(JSON.stringify({ tasks, shown: at, paint: paint.startTime }));
  };
  const look = () => {
    if (!document.querySelector(shown)) return requestAnimationFrame(look);
    // The document's content is on the screen with the next frame.
    return requestAnimationFrame(() =>
      setTimeout(() => {
        const at = performance.now();
        setTimeout(() => tell(at), 1000);
      }),
    );
  };
  look();
}

/** Files of the app that a page with nothing cached asks for until a second after `shown` is on the screen. */
async function loaded(url, shown) {
  const context = await chromium.newContext({ viewport, serviceWorkers: 'block' });
  const page = await context.newPage();
  const paths = new Set();
  page.on('request', (request) => {
    const { origin, pathname } = new URL(request.url());
    if (origin === new URL(registry.app).origin) paths.add(pathname.endsWith('/') ? `${pathname}index.html` : pathname);
  });
  await page.goto(url, { waitUntil: 'commit' });
  await page.locator(shown).first().waitFor();
  await page.waitForTimeout(1000);
  await context.close();
  return [...paths].map((path) => `dist${path}`);
}

const page = (name, url, shown, peer = false) => (measured) => ({ name, peer, bound: peer, run: () => opened(name, url, shown, measured) });
const [startShown, linkShown] = ['[data-testid=reference-input]', '[data-testid=platform-row]'];
// The program takes over text that was typed and sent before it arrived.
const fieldShown = `[data-testid=first-input], ${startShown}`;
const link = `${registry.app}#/inspect/${registry.host}/samples/hello:latest`;
const field = page('tallyman, the field of the start page', registry.app, fieldShown);
const start = page('tallyman, the start page', registry.app, startShown);
const list = page('tallyman, an inspected list', link, linkShown);
const empty = page('an empty page', blank.url, 'p', true);
const paint = ({ paint }) => paint;
const shown = ({ shown }) => shown;
const about = `4× slower CPU, nothing cached`;

const [ofStart, ofLink] = ['tallyman, the start page', 'tallyman, a link to a manifest'];
await weigh(
  'what a page loads, nothing cached',
  [
    { name: ofStart, paths: await loaded(registry.app, startShown) },
    { name: ofLink, paths: await loaded(link, linkShown) },
  ],
  () => [],
  () => [
    { what: 'the start page', ours: ofStart, limit: 200, cause: 'the frame, and the components that it is made of' },
    { what: 'a link to a manifest', ours: ofLink, limit: 350, cause: 'the client of registries (a fifth), the page of images and what reads manifests come on top of the frame' },
  ],
);

await compare({
  title: `navigation to the first useful paint, ${about}`,
  unit: 'ms',
  warmUp: true,
  contestants: [start(paint), empty(paint)],
});
longest.clear();
const loads = 10;
await compare({
  title: `navigation to a page that can be used, ${about}`,
  unit: 'ms',
  runs: loads,
  contestants: [field(shown), start(shown), list(shown), empty(shown)],
  summary: () => {
    const cause = 'browsers compile each function of the 390 KB of wasm when it is first called, on the slowed CPU; an empty page takes a sixth of a second of it';
    return [
      { what: 'start page takes what is typed, CPU slowed down 4 times', ours: 'tallyman, the field of the start page', limit: 500, cause: 'an empty page takes a third of it on the slowed CPU; the rest is styles, the first script and the fonts that are looked up' },
      { what: 'start page with its program, CPU slowed down 4 times', ours: 'tallyman, the start page' },
      { what: 'inspected list shown, CPU slowed down 4 times', ours: 'tallyman, an inspected list', limit: 900, cause: `${cause}; then two requests one after the other` },
    ];
  },
});
const ours = [...longest].filter(([name]) => ['tallyman, the start page', 'tallyman, an inspected list'].includes(name));
report({
  title: `loads with a task over 50 ms until a second after that, ${about}`,
  unit: `of ${loads} loads`,
  results: ours.map(([name, values]) => ({ name, values: [values.filter(Boolean).length], note: `the longest took ${Math.max(...values).toFixed(0)} ms` })),
  summary: () => ours.map(([name]) => ({ what: `loads with a task over 50 ms: ${name.replace('tallyman, ', '')}`, ours: name, limit: 1, cause: "the tasks are named beside the loads; one that begins at the same time in most loads is ours, others are the machine's" })),
});

/** The time until the start page shows `what` to somebody who was there before: the service worker has it. */
async function secondVisit(what, rate) {
  const context = await chromium.newContext({ viewport });
  const first = await context.newPage();
  await first.goto(registry.app);
  await first.waitForFunction(async () => (await navigator.serviceWorker.ready).active?.state === 'activated');
  await first.close();
  const found = await visit(context, registry.app, what, rate);
  await context.close();
  return found.shown;
}

const [typed, again, slowly] = ['tallyman, its field', 'tallyman, its program', 'tallyman, its program on a 4× slower CPU'];
await compare({
  title: 'navigation to a start page that can be used, second visit',
  unit: 'ms',
  runs: 9,
  warmUp: true,
  contestants: [
    { name: typed, run: () => secondVisit(fieldShown, 1) },
    { name: again, run: () => secondVisit(startShown, 1) },
    { name: slowly, run: () => secondVisit(startShown, slowdown) },
  ],
  summary: () => [
    { what: 'second visit takes what is typed', ours: typed, limit: 200, cause: 'the page itself is what takes so long' },
    { what: 'second visit with its program', ours: again, limit: 200, cause: 'compiled wasm is kept by the browser from the second load on; starting it is what is left' },
    { what: 'second visit with its program, CPU slowed down 4 times', ours: slowly },
  ],
});

await chromium.close();
await registry.stop();
blank.stop();
