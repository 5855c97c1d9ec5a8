// Large registries and long lists.

import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { putIndex } from '../e2e/large-index.js';
import { megabytesOfPages } from '../e2e/memory.js';
import { startDevRegistry } from '../e2e/servers.js';
import { noteLongTasks, seen, startChromium, startFiles } from './browser.js';
import { pushImages } from './images.js';
import { compare } from './measure.js';
import { run } from './programs.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const [repositories, tags, fairTags] = [100_000, 1_000_000, 20_000];
const startLarge = (of) => startDevRegistry('--synthetic', `${repositories},${of}`, '--app', join(root, 'dist'), '--app-addr', '127.0.0.1:0');
const [large, fair] = [await startLarge(tags), await startLarge(fairTags)];
const files = await startFiles();
const chromium = await startChromium();

/**
 * A page in a context of its own; `ready` is a selector that shows its first rows, `box` what scrolls, `whole` the text that stands
 * there when all has come, which it `waits` for.
 */
async function open({ url, ready, box, whole, waits }, look) {
  const context = await chromium.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await noteLongTasks(page);
  const control = await context.newCDPSession(page);
  const start = performance.now();
  await page.goto(url);
  await seen(control, ready);
  const firstRows = performance.now() - start;
  const { result } = await control.send('Runtime.evaluate', { expression: 'longTasks', returnByValue: true });
  await page.locator('body').waitFor();
  await page.evaluate((own) => new Promise((resolve) => setTimeout(() => resolve((longTasks = own)))), result.value);
  if (waits) await page.getByText(whole).first().waitFor({ timeout: 60_000 });
  const value = await look({ page, box, whole, firstRows });
  await context.close();
  return value;
}

/** Milliseconds of work in a frame, of which 95 in 100 take no more, while the whole list is scrolled through. */
const scroll = ({ page, box }) =>
  page.locator(box).evaluate(async (box) => {
    const [frames, work] = [240, []];
    const { port1, port2 } = new MessageChannel();
    const done = () => new Promise((resolve) => (port1.onmessage = resolve));
    for (let frame = 1; frame <= frames; frame++) {
      box.scrollTop = ((box.scrollHeight - box.clientHeight) * frame) / frames;
      // The frame begins, and with it come the events of scrolling.
      const begun = await new Promise((resolve) =>
        addEventListener('scroll', () => resolve(performance.now()), { once: true, capture: true }),
      );
      await new Promise((resolve) => requestAnimationFrame(resolve));
      const painted = done();
      // Comes when style, layout and paint of this frame are done.
      port2.postMessage(0);
      await painted;
      work.push(performance.now() - begun);
    }
    return work.sort((a, b) => a - b)[Math.floor(frames * 0.95)];
  });

/** Milliseconds of the longest task while all comes, and while somebody filters and sorts; nothing where none takes over 50. */
async function longest({ page, whole }) {
  const filter = page.getByTestId('filter');
  const type = async (text) => {
    await filter.pressSequentially(text, { delay: 30 });
    await filter.fill('');
  };
  await type('00012');
  await page.getByText(whole).first().waitFor({ timeout: 60_000 });
  await type('0099');
  const sort = page.getByTestId('sort');
  if (await sort.count()) for (const order of ['up', 'date', 'down']) await sort.selectOption(order);
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 300)));
  const tasks = await page.evaluate(() => longTasks);
  const note = tasks.length ? `tasks over 50 ms: ${tasks.map(([start, took]) => `${took} at ${start}`).join(', ')}` : 'no task over 50 ms';
  return { value: Math.max(0, ...tasks.map(([, took]) => took)), note };
}

const inWords = (count) => count.toLocaleString('en-GB');
// A page that keeps a row for each takes minutes for a hundred thousand: it is compared where it can be.
const places = [
  { registry: large, of: `${inWords(repositories)} repositories`, path: '', rows: `${inWords(repositories + 1)} repositories` },
  { registry: large, of: `${inWords(tags)} tags`, path: '/scale/many-tags', rows: `${inWords(tags)} tags` },
  { registry: fair, of: `${inWords(fairTags)} tags`, path: '/scale/many-tags', rows: `${inWords(fairTags)} tags`, isFair: true },
];
for (const { registry, of, path, rows, isFair } of places) {
  const ours = { url: `${registry.app}#/explore/${registry.host}${path}`, ready: '[data-row]', box: '.window', whole: rows };
  const everyRow = {
    url: `${files.origin}/tests/bench/every-row.html?${new URLSearchParams({ registry: registry.registry, path })}`,
    ready: 'li',
    box: 'ul',
    whole: rows,
  };
  const [all, allRows] = [ours, everyRow].map((page) => ({ ...page, waits: true }));
  const [us, peer] = ['tallyman', 'a page that keeps a row for each'];
  const side = (title, unit, look, [own, others], targets, limit) =>
    compare({
      title: `${of}: ${title}`,
      unit,
      contestants: [
        { name: us, run: () => open(own, look) },
        ...(isFair ? [{ name: peer, peer: true, run: () => open(others, look) }] : []),
      ],
      targets,
      summary: () => [{ what: `${of}: ${title}`, ours: us, limit, cause: 'what a page does for rows that are in view' }],
    });
  await side('time to the first rows', 'ms', ({ firstRows }) => firstRows, [ours, everyRow], (of) => [
    ['within a second', of(us).median <= 1000],
  ], 1000);
  await compare({
    title: `${of}: the longest task while they come and are filtered and sorted`,
    unit: 'ms',
    contestants: [{ name: us, run: () => open(ours, longest) }],
    targets: (of) => [['no task of more than 50 ms', of(us).most <= 50]],
  });
  await side('work in a frame while scrolling, 95th percentile', 'ms', scroll, [all, allRows], (of) => [
    ['at most 16 ms', of(us).median <= 16],
  ], 16);
  await side('memory when all is there', 'MB', () => megabytesOfPages(chromium), [all, allRows], (of) => [
    ['at most 200 MB', of(us).most <= 200],
  ], 200);
}

await fair.stop();

const platforms = 10_000;
await putIndex(large.registry, 'scale/index', platforms, 40);

/** Milliseconds of the longest task while an index is opened, scrolled, filtered, a platform is chosen, and the page is left. */
async function walked({ page, box }) {
  const last = `cpu${platforms - 1}`;
  const rows = page.getByTestId('platform-row');
  await page.locator(box).evaluate((list) => (list.scrollTop = list.scrollHeight / 2));
  await rows.nth(12).locator('time').waitFor();
  await page.getByTestId('filter').fill(last);
  await rows.getByRole('link', { name: last }).first().click();
  await page.getByTestId('layer-row').first().waitFor();
  await page.getByRole('link', { name: 'Registries' }).first().click();
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 300)));
  const tasks = await page.evaluate(() => longTasks);
  const note = tasks.length ? `tasks over 50 ms: ${tasks.map(([start, took]) => `${took} at ${start}`).join(', ')}` : 'no task over 50 ms';
  return { value: Math.max(0, ...tasks.map(([, took]) => took)), note };
}

const index = { url: `${large.app}#/inspect/${large.host}/scale/index:many`, ready: '[data-testid=platform-row] time', box: '.window' };
await compare({
  title: `an index of ${platforms} platforms: the longest task while it is opened, scrolled, filtered and left`,
  unit: 'ms',
  contestants: [{ name: 'tallyman', run: () => open(index, walked) }],
  targets: (of) => [['no task of more than 50 ms', of('tallyman').median <= 50]],
  summary: () => [{ what: `an index of ${inWords(platforms)} platforms: the longest task`, ours: 'tallyman', limit: 50, cause: 'one frame draws what the filter leaves' }],
});
await chromium.close();
await files.stop();
await large.stop();

const registry = await startDevRegistry();
const counts = [50, 500];
const images = await pushImages(registry.registry, Math.max(...counts));
let lists = 0;

/** The output of a program beside this one, given the references of `count` images and whatever else it `takes`. */
async function ran(script, count, takes, ...options) {
  const given = takes(images.slice(0, count));
  return JSON.parse(await run([process.execPath, ...options, fileURLToPath(new URL(script, import.meta.url))], [JSON.stringify(given)], registry.folder));
}

const list = (count, ...options) => ran('create-and-push.js', count, (images) => [registry.host, `lists/number-${lists++}:v1`, images], ...options);
const named = (count) => `tallyman, ${count} entries`;
const push = (count, what, ...options) => ({ name: named(count), run: async () => what(await list(count, ...options), count) });
const pushes = (...given) => counts.map((count) => push(count, ...given));
await compare({
  title: 'create and push, for each entry',
  unit: 'ms',
  contestants: pushes(({ ms }, count) => ms / count),
  targets: (of) => [['an entry of 500 costs no more than one and a half of 50', of(named(500)).median <= 1.5 * of(named(50)).median]],
});

const collecting = '--expose-gc';
await compare({
  title: 'memory of create and push, the most that the process takes',
  unit: 'MB',
  contestants: pushes(({ megabytes }) => megabytes),
  targets: (of) => [['500 entries take at most 1.3 times as much as 50', of(named(500)).median <= 1.3 * of(named(50)).median]],
});
const { requests } = await list(500, collecting);
const alone = `fetch alone, as many requests (${requests})`;
const peer = async () => (await ran('requests-alone.js', 500, (images) => [registry.host, images, requests, 16])).megabytes;
await compare({
  title: 'memory of create and push beside fetch alone, the most that the process takes',
  unit: 'MB',
  contestants: [push(500, ({ megabytes }) => megabytes), { name: alone, peer: true, run: peer }],
  targets: (of) => [['no more than as many requests by fetch alone', of(named(500)).median <= of(alone).median]],
});
await compare({
  title: 'memory of create and push, the most that is in use',
  unit: 'MB',
  contestants: pushes(({ alive }) => alive, collecting),
  targets: (of) => [['500 entries take at most 1.3 times as much as 50', of(named(500)).median <= 1.3 * of(named(50)).median]],
});
await registry.stop();
