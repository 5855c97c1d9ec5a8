// Chromium, with pages that can import what was built and what stands in this folder.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { endAtSignals } from '../e2e/child-processes.js';
import config from '../e2e/playwright.config.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const types = { '.css': 'text/css', '.html': 'text/html', '.js': 'text/javascript', '.json': 'application/json', '.wasm': 'application/wasm' };
const page = '<!doctype html><title>measuring</title>';

/** Starts Chromium as the tests start it. It ends with this process, which it leaves to handle signals. */
export function startChromium() {
  endAtSignals();
  return chromium.launch({ ...config.use.launchOptions, headless: true, handleSIGHUP: false, handleSIGINT: false, handleSIGTERM: false });
}

/** Notes the tasks of a page that take over 50 ms in its `longTasks`: when each began and how long it took, in milliseconds. */
export const noteLongTasks = (page) =>
  page.addInitScript(() => {
    globalThis.longTasks = [];
    const note = ({ startTime, duration }) => longTasks.push([Math.round(startTime), Math.round(duration)]);
    new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type: 'longtask', buffered: true });
  });

/**
 * Waits until a page has what `selector` selects. By the protocol alone: what Playwright puts into a page to look at it is a task of
 * some 50 ms.
 */
export function seen(control, selector) {
  const expression = `new Promise((resolve) => {
    const look = () => (document.querySelector(${JSON.stringify(selector)}) ? resolve() : requestAnimationFrame(look));
    look();
  })`;
  return control.send('Runtime.evaluate', { expression, awaitPromise: true });
}

/** Serves the project's files, and at `/` an empty page whose clock is as fine as browsers allow. */
export async function startFiles() {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://files');
    const headers = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'credentialless' };
    if (pathname === '/') return response.writeHead(200, { ...headers, 'Content-Type': types['.html'] }).end(page);
    const bytes = await readFile(join(root, normalize(pathname))).catch(() => undefined);
    if (!bytes) return response.writeHead(404).end();
    response.writeHead(200, { ...headers, 'Content-Type': types[extname(pathname)] ?? 'application/octet-stream' }).end(bytes);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {
    origin,
    /** Opens a page with the library loaded as `tallyman`, on the origin of a gateway `by` if one is given. */
    async open(page, by) {
      const built = `${by ?? origin}/target/**`;
      // The gateway serves the app and nothing else; what is measured comes from the files, on its origin.
      const fulfil = async (route) => {
        const body = await readFile(join(root, new URL(route.request().url()).pathname));
        await route.fulfill({ body, contentType: 'text/javascript' });
      };
      if (by) await page.route(built, fulfil);
      await page.goto(by ?? origin, { waitUntil: 'networkidle' });
      await page.evaluate(async () => {
        globalThis.tallyman = await import('/target/npm/tallyman/lib/index.js');
        await tallyman.init();
      });
      // While a route is set, every request goes by way of Playwright.
      if (by) await page.unroute(built);
    },
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
