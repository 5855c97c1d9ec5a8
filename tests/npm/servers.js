// A static server for pages, and the browser that opens them.

import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const { chromium } = createRequire(new URL('../package.json', import.meta.url))('@playwright/test');
const root = fileURLToPath(new URL('.', import.meta.url));

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.wasm': 'application/wasm',
};

/** Serves this folder; what is asked for with `?policy=…` comes with that Content-Security-Policy. */
export async function serve() {
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://localhost');
    const policy = searchParams.get('policy');
    try {
      const file = join(root, normalize(decodeURIComponent(pathname)));
      const body = await readFile(file);
      const headers = { 'content-type': types[extname(file)] ?? 'application/octet-stream' };
      response.writeHead(200, policy ? { ...headers, 'content-security-policy': policy } : headers).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, stop: () => new Promise((resolve) => server.close(resolve)) };
}

/** A headless Chromium. */
export const launch = () =>
  chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic'] });

/** Opens a page and gives what `read` finds there, with whatever the page complained about. */
export async function visit(browser, url, read = () => globalThis.result) {
  const page = await browser.newPage();
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  try {
    await page.goto(url, { waitUntil: 'load' });
    await page.waitForFunction(() => globalThis.result !== undefined, undefined, { timeout: 60_000 });
    return await page.evaluate(read);
  } catch (error) {
    throw new Error(`${url}: ${complaints.join('; ') || error.message}`, { cause: error });
  } finally {
    await page.close();
  }
}
