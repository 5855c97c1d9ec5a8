// A folder served as static files, as any web server does it.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';

const types = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
};

/**
 * Serves `folder` below `prefix`, and `pages` (name to HTML or JavaScript) beside it, until it is closed. With `isPretty` the page has the
 * address of the folder alone. Files in `failing` (name to status) are not sent; requests for those in `silent` are not answered.
 */
export async function serveFolder(folder, { prefix = '/', pages = new Map(), failing = new Map(), silent = new Set(), headers = {}, isPretty = false } = {}) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const name = pathname.startsWith(prefix) ? pathname.slice(prefix.length) : pathname.slice(1);
    if (isPretty && name === 'index.html') {
      response.writeHead(308, { location: prefix }).end();
      return;
    }
    const file = name === '' ? 'index.html' : name;
    if (silent.has(file)) return;
    if (failing.has(file)) {
      response.writeHead(failing.get(file), { 'content-type': 'text/html' }).end('<html>');
      return;
    }
    const body = pages.get(file) ?? (await readFile(join(folder, file)).catch(() => undefined));
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': types[extname(file)] ?? 'text/plain', 'cache-control': 'no-cache', ...headers });
    response.end(body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}${prefix}`,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
