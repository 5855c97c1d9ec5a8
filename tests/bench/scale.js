// Large registries and long lists.

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { startDevRegistry } from '../e2e/servers.js';
import { startChromium, startFiles } from './browser.js';
import { pushImages } from './images.js';
import { compare } from './measure.js';
import { run } from './programs.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const [repositories, tags] = [100_000, 20_000];
const large = await startDevRegistry('--synthetic', `${repositories},${tags}`, '--app', join(root, 'dist'), '--app-addr', '127.0.0.1:0');
const files = await startFiles();
const chromium = await startChromium();

/** A page in a context of its own; `ready` is a selector that shows its first rows, `box` what scrolls. */
async function open({ url, ready, box, whole }, look) {
  const context = await chromium.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  const start = performance.now();
  await page.goto(url);
  await page.locator(ready).first().waitFor();
  const firstRows = performance.now() - start;
  if (whole) await page.getByText(whole).first().waitFor({ timeout: 60_000 });
  const value = await look({ page, box, firstRows });
  await context.close();
  return value;
}

/** Milliseconds of work in a frame, of which 95 in 100 take no more, while the whole list is scrolled through. */
const scroll = ({ page, box }) =>
  page.locator(box).evaluate(async (box) => {
    const [frames, work] = [240, []];
    const { port1, port2 } = new MessageChannel();
    const done = () => new Promise((resolve) => (port1.onmessage = resolve));
    for (let frame = 0; frame < frames; frame++) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
      const begun = performance.now();
      box.scrollTop = (box.scrollHeight * frame) / frames;
      const painted = done();
      // Comes when style, layout and paint of this frame are done.
      port2.postMessage(0);
      await painted;
      work.push(performance.now() - begun);
    }
    return work.sort((a, b) => a - b)[Math.floor(frames * 0.95)];
  });

/** Megabytes that the page's process holds. */
async function memory({ page }) {
  const browser = await chromium.newBrowserCDPSession();
  const { processInfo } = await browser.send('SystemInfo.getProcessInfo');
  await browser.detach();
  const renderers = processInfo.filter(({ type }) => type === 'renderer');
  const sizes = await Promise.all(
    renderers.map(async ({ id }) => {
      const status = await readFile(`/proc/${id}/status`, 'utf8').catch(() => '');
      return Number(/^RssAnon:\s*(\d+)/m.exec(status)?.[1] ?? 0) / 1000;
    }),
  );
  await page.evaluate(() => 0);
  return Math.max(...sizes);
}

const places = [
  { of: `${repositories} repositories`, path: '', rows: (repositories + 1).toLocaleString('en-GB') + ' repositories' },
  { of: `${tags} tags`, path: '/scale/many-tags', rows: `${tags.toLocaleString('en-GB')} tags` },
];
for (const { of, path, rows } of places) {
  const ours = { url: `${large.app}#/explore/${large.host}${path}`, ready: '[data-row]', box: '.window' };
  const all = { ...ours, whole: rows };
  const everyRow = {
    url: `${files.origin}/tests/bench/every-row.html?${new URLSearchParams({ registry: large.registry, path })}`,
    ready: 'li',
    box: 'ul',
  };
  const allRows = { ...everyRow, whole: rows };
  // A hundred thousand rows take such a page minutes: it is compared where it can be.
  const isFair = path !== '';
  const [us, peer] = ['tallyman', 'a page that keeps a row for each'];
  const side = (title, unit, look, [own, others], targets) =>
    compare({
      title: `${of}: ${title}`,
      unit,
      contestants: [
        { name: us, run: () => open(own, look) },
        ...(isFair ? [{ name: peer, peer: true, run: () => open(others, look) }] : []),
      ],
      targets,
    });
  await side('time to the first rows', 'ms', ({ firstRows }) => firstRows, [ours, everyRow]);
  await side('work in a frame while scrolling, 95th percentile', 'ms', scroll, [all, allRows], (of) => [
    ['at most 16 ms', of(us).median <= 16],
  ]);
  await side('memory when all is there', 'MB', memory, [all, allRows]);
}
await chromium.close();
await files.stop();
await large.stop();

const registry = await startDevRegistry();
const counts = [50, 500];
const images = await pushImages(registry.registry, Math.max(...counts));
let lists = 0;
const list = (count, what) => async () => {
  const given = JSON.stringify([registry.host, `lists/number-${lists++}:v1`, images.slice(0, count)]);
  const script = fileURLToPath(new URL('create-and-push.js', import.meta.url));
  const found = JSON.parse(await run([process.execPath, script], [given], registry.folder));
  return what(found, count);
};
const named = (count) => `tallyman, ${count} entries`;
const sides = (what) => counts.map((count) => ({ name: named(count), run: list(count, what) }));
await compare({
  title: 'create and push, for each entry',
  unit: 'ms',
  contestants: sides(({ ms }, count) => ms / count),
  targets: (of) => [['an entry of 500 costs no more than one and a half of 50', of(named(500)).median <= 1.5 * of(named(50)).median]],
});
await compare({
  title: 'memory of create and push, the most',
  unit: 'MB',
  contestants: sides(({ megabytes }) => megabytes),
  targets: (of) => [['500 entries take at most 1.3 times as much as 50', of(named(500)).median <= 1.3 * of(named(50)).median]],
});
await registry.stop();
