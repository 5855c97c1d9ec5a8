// Chromium, with pages that can import what was built and what stands in this folder.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import config from '../e2e/playwright.config.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const types = { '.css': 'text/css', '.html': 'text/html', '.js': 'text/javascript', '.json': 'application/json', '.wasm': 'application/wasm' };
const page = '<!doctype html><title>measuring</title>';

/** Starts Chromium as the tests start it. */
export const startChromium = () => chromium.launch({ ...config.use.launchOptions, headless: true });

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
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
