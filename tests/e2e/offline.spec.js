// The installed app: it starts without network, and a new version announces itself and takes over whole.

import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';

import { add, entry, setPlatform } from './building.js';
import { putImage } from './images.js';
import { expect, inProject, test as base } from './test.js';

const types = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm', '.css': 'text/css', '.svg': 'image/svg+xml', '.json': 'application/json', '.webmanifest': 'application/manifest+json' };

/** A server of its own for each test, so that a test can put a new version there: under a path, as behind a proxy. */
const test = base.extend({
  site: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'tallyman-served-'));
    await cp(inProject('dist'), folder, { recursive: true });
    const server = createServer(async (request, response) => {
      const path = new URL(request.url, 'http://localhost').pathname.replace(/^\/tools\/tallyman\//, '');
      const file = path === '' ? 'index.html' : path;
      const body = await readFile(join(folder, file)).catch(() => undefined);
      response.writeHead(body ? 200 : 404, { 'content-type': types[extname(file)] ?? 'text/plain', 'cache-control': 'no-cache' });
      response.end(body);
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${server.address().port}/tools/tallyman/`;
    await use({ folder, url, close: () => server.closeAllConnections() || new Promise((resolve) => server.close(resolve)) });
    server.close();
    server.closeAllConnections();
    await rm(folder, { recursive: true });
  },
});

test.use({ serviceWorkers: 'allow', kind: 'distribution' });

const ready = (page) => page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
const controlled = (page) => expect.poll(() => page.evaluate(() => navigator.serviceWorker.controller !== null)).toBe(true);

test('without network the app starts and local lists are edited', async ({ page, context, site, server }) => {
  await putImage(server, 'offline/app', 'amd64', { os: 'linux', architecture: 'amd64' });
  const image = `${server.host}/offline/app:amd64`;
  const list = `${server.host}/offline/app:1`;
  await page.goto(`${site.url}#/build/${list}`);
  await add(page, [image]);
  await expect(entry(page, image)).toBeVisible();
  await ready(page);
  await controlled(page);
  await context.setOffline(true);
  await site.close();
  await page.reload();
  await expect(page.getByTestId('offline')).toBeVisible();
  await expect(entry(page, image)).toBeVisible();
  await setPlatform(page, image, 'linux/amd64/v3');
  await expect(entry(page, image)).toHaveAttribute('data-platform', 'linux/amd64/v3');
  await page.reload();
  await expect(entry(page, image)).toHaveAttribute('data-platform', 'linux/amd64/v3');
});

test('a new version announces itself, waits, and takes over whole', async ({ page, site }) => {
  await page.goto(site.url);
  await ready(page);
  await controlled(page);
  await expect(page.getByTestId('new-version')).toHaveCount(0);

  // The same app with another title is another version.
  const index = await readFile(join(site.folder, 'index.html'), 'utf8');
  await writeFile(join(site.folder, 'index.html'), index.replace('<meta name="color-scheme"', '<meta name="version" content="new" /><meta name="color-scheme"'));
  const worker = await readFile(join(site.folder, 'sw.js'), 'utf8');
  await writeFile(join(site.folder, 'sw.js'), worker.replace(/VERSION = '\w+'/, "VERSION = 'ffffffffffffffff'"));
  await page.evaluate(() => navigator.serviceWorker.getRegistration().then((registration) => registration.update()));
  await expect(page.getByTestId('new-version')).toBeVisible();
  const version = () => page.locator('meta[name=version]').count();
  await page.reload();
  expect(await version(), 'the old version stays whole until somebody says so').toBe(0);
  await page.getByTestId('new-version').getByRole('button').click();
  await expect.poll(version).toBe(1);
  await expect(page.getByTestId('new-version')).toHaveCount(0);
  expect(await page.evaluate(() => caches.keys())).toContain('tallyman-ffffffffffffffff');
});

test('the app can be installed', async ({ page, site }) => {
  await page.goto(site.url);
  const address = await page.locator('link[rel=manifest]').evaluate((link) => link.href);
  expect(address).toBe(`${site.url}manifest.webmanifest`);
  const manifest = await (await page.request.get(address)).json();
  expect(manifest).toMatchObject({ name: 'Tallyman', start_url: './', scope: './', display: 'standalone' });
  for (const { src } of manifest.icons) expect((await page.request.get(new URL(src, address).href)).status()).toBe(200);
});
