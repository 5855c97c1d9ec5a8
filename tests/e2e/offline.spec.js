// The installed app: it starts without network, and a new version announces itself and takes over whole.

import { cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, request as ask } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { add, entry, setPlatform } from './building.js';
import { startGateway } from './gateway.js';
import { putImage } from './images.js';
import { startDevRegistry } from './servers.js';
import { serveFolder } from './site.js';
import { expect, expectAccessibleThroughout, inProject, test as base } from './test.js';

/** A server of its own for each test, so that a test can put a new version there: under a path, as behind a proxy. */
const test = base.extend({
  site: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'tallyman-served-'));
    await cp(inProject('dist'), folder, { recursive: true });
    const site = await serveFolder(folder, { prefix: '/tools/tallyman/' });
    await use({ folder, ...site });
    await site.close();
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

test('the app starts again, without network too, where the server redirects from its page to the folder', async ({ page, context }) => {
  const site = await serveFolder(inProject('dist'), { prefix: '/tools/', isPretty: true });
  await page.goto(site.url);
  await ready(page);
  await controlled(page);
  await page.reload();
  await expect(page.getByTestId('reference-input')).toBeVisible();
  await context.setOffline(true);
  await site.close();
  await page.reload();
  await expect(page.getByTestId('offline')).toBeVisible();
});

/** Waits until the manifests, configs and tags that a page has seen are kept, so many of them. */
const kept = (page, count) =>
  expect.poll(() => page.evaluate(async () => (await (await caches.open('tallyman-content-1')).keys()).length)).toBeGreaterThanOrEqual(count);

/** The content of the page of a list of four images. */
async function shown(page) {
  await expect(page.getByTestId('platform-row')).toHaveCount(4);
  await expect(page.locator('.skeleton')).toHaveCount(0);
  const digest = await page.getByTestId('manifest-digest').getAttribute('data-digest');
  return { digest, sizes: await page.getByTestId('platform-row').allTextContents(), total: await page.getByTestId('total-size').getAttribute('data-bytes') };
}

test('without network an image that was looked at is shown as it was, and marked; one that was not is said to be out of reach', async ({ page, context, site, server }) => {
  const image = `${server.host}/samples/hello:latest`;
  await page.goto(`${site.url}#/inspect/${image}`);
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  const before = await shown(page);
  await ready(page);
  await controlled(page);
  // The list and its tag, four images and their configs.
  await kept(page, 9);
  await context.setOffline(true);
  await site.close();
  await page.reload();
  await expect(page.getByTestId('digest-kept')).toHaveText('Kept from an earlier visit');
  await expect(page.getByTestId('digest-verified')).toHaveCount(0);
  await expect(page.getByTestId('offline')).toContainText('only what was opened before');
  expect(await shown(page)).toEqual(before);
  await expectAccessibleThroughout(page);

  // By its digest it cannot be anything else.
  await page.evaluate((digest) => (location.hash = location.hash.replace(':latest', `@${digest}`)), before.digest);
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  expect(await shown(page)).toEqual(before);

  await page.evaluate((other) => (location.hash = `/inspect/${other}`), `${server.host}/samples/hello:1.2`);
  await expect(page.getByTestId('error')).toContainText('samples/hello:1.2 is not available offline');

  // With the network the registry's word counts again.
  await context.setOffline(false);
  await expect(page.getByTestId('offline')).toHaveCount(0);
  await page.evaluate((image) => (location.hash = `/inspect/${image}`), image);
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  await expect(page.getByTestId('digest-kept')).toHaveCount(0);
});

test('the app of a gateway starts without it, with its settings and what was looked at through it', async ({ page, context }) => {
  const silent = await startDevRegistry('--samples', '--no-cors');
  const gateway = await startGateway(`[[registries]]\nname = 'lab'\nurl = '${silent.registry}'\n`);
  await page.goto(`${gateway.url}/#/inspect/${silent.host}/samples/hello:latest`);
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  const before = await shown(page);
  await ready(page);
  await controlled(page);
  await kept(page, 9);
  // The settings as the service worker got them: the first page came without it.
  await page.reload();
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  await context.setOffline(true);
  await gateway.stop();
  await page.reload();
  await expect(page.getByTestId('digest-kept')).toBeVisible();
  expect(await shown(page)).toEqual(before);
  await page.getByRole('link', { name: 'Tallyman' }).click();
  await expect(page.getByRole('link', { name: silent.host, exact: true })).toBeVisible();
  await silent.stop();
});

const listening = (server) => new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${server.address().port}`)));

/** A proxy in front of `site` that signs everybody in who comes to its page, on an origin of its own, and has one session for all. */
async function signingProxy(site) {
  const signedIn = { is: true, asks: (response, page) => response.writeHead(302, { location: page }).end() };
  const page = createServer((request, response) => {
    const back = new URL(request.url, 'http://localhost').searchParams.get('back');
    response.writeHead(200, { 'content-type': 'text/html' }).end(`<a href="${back}">Ann</a>`);
  });
  const pages = await listening(page);
  const proxy = createServer((request, response) => {
    if (request.url.includes('signed-in=ann')) signedIn.is = true;
    if (!signedIn.is) {
      const back = `${url}${request.url}${request.url.includes('?') ? '&' : '?'}signed-in=ann`;
      return signedIn.asks(response, `${pages}/?back=${encodeURIComponent(back)}`);
    }
    const { method, headers } = request;
    const passed = ask(new URL(request.url, site), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    // At the end the server behind it goes first, or the page.
    passed.on('error', () => response.destroy());
    request.pipe(passed);
  });
  const url = await listening(proxy);
  const stop = () => [proxy, page].forEach((server) => server.close().closeAllConnections());
  return { url, signedIn, stop };
}

for (const [how, asks] of [
  ['redirects to another origin', undefined],
  ['answers 401', (response) => response.writeHead(401, { 'content-type': 'text/html' }).end('<html>')],
  ['answers 403 with its page', (response) => response.writeHead(403, { 'content-type': 'text/html' }).end('<html>')],
  ['answers 200 with its page', (response) => response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<html>')],
]) {
  test(`a session that ended at a proxy which ${how} is said, with the way to a new one`, async ({ page }) => {
    const silent = await startDevRegistry('--samples', '--no-cors');
    const gateway = await startGateway(`[[registries]]\nname = 'lab'\nurl = '${silent.registry}'\n`);
    const { url, signedIn, stop } = await signingProxy(gateway.url);
    await page.goto(url);
    await ready(page);
    await controlled(page);
    // The settings as the service worker got them.
    await page.reload();
    await expect(page.getByRole('link', { name: silent.host, exact: true })).toBeVisible();

    const { asks: redirects } = signedIn;
    Object.assign(signedIn, { is: false, asks: asks ?? redirects });
    // The app of the next day comes from what the browser keeps.
    await page.reload();
    await page.evaluate((place) => (location.hash = place), `/inspect/${silent.host}/samples/hello:latest`);
    await expect(page.getByTestId('session-ended')).toBeVisible();
    await expect(page.getByTestId('error')).toContainText('session at the server of this app has ended');
    await expect(page.getByTestId('sign-in-panel')).toHaveCount(0);

    // The proxy answers who asks it for a page.
    signedIn.asks = redirects;
    await page.getByRole('link', { name: 'Sign in again' }).click();
    await page.getByRole('link', { name: 'Ann' }).click();
    await page.evaluate((place) => (location.hash = place), `/inspect/${silent.host}/samples/hello:latest`);
    await expect(page.getByTestId('digest-verified')).toBeVisible();
    await expect(page.getByTestId('session-ended')).toHaveCount(0);
    expect(new URL(page.url()).search).not.toContain('sign-in');
    stop();
    await gateway.stop();
    await silent.stop();
  });
}

/** A page whose service worker has kept the settings that a server has, with the title Ours, and that server's folder of `pages`. */
async function withKeptSettings(page, served) {
  const pages = new Map([['config.json', '{"title": "Ours"}']]);
  const site = await serveFolder(inProject('dist'), { pages, ...served });
  await page.goto(site.url);
  await ready(page);
  await controlled(page);
  await page.reload();
  await expect(page.getByRole('link', { name: 'Ours' })).toBeVisible();
  await expect(page.getByTestId('settings-fault')).toHaveCount(0);
  return { site, pages };
}

test('while the server fails, the app has the settings that it had last, says so, and takes those of now when they are fetched again', async ({ page }) => {
  const failing = new Map();
  const { site, pages } = await withKeptSettings(page, { failing });
  const fault = page.getByTestId('settings-fault');
  for (const [status, why] of [
    [502, 'the server answered 502'],
    [200, 'a page came in its place'],
    [403, 'the server answered 403'],
    [503, 'the server answered 503'],
  ]) {
    failing.set('config.json', status);
    await page.reload();
    await expect(page.getByRole('link', { name: 'Ours' })).toBeVisible();
    await expect(fault).toContainText(`those of an earlier visit are used: ${why}`);
  }
  await expectAccessibleThroughout(page);
  const again = fault.getByRole('button', { name: 'Try again' });
  failing.set('config.json', 500);
  await again.click();
  await expect(fault).toContainText('answered 500');
  failing.clear();
  pages.set('config.json', '{"title": "Newer", "registries": ["registry.example"]}');
  await again.click();
  await expect(fault).toHaveCount(0);
  await expect(page.getByRole('link', { name: 'Newer' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'registry.example', exact: true })).toBeVisible();
  pages.set('config.json', '{"title": "Ours",}');
  await page.reload();
  await expect(fault).toContainText('so the defaults are used');
  pages.set('config.json', '{"title": "Ours"}');
  await again.click();
  await expect(page.getByRole('link', { name: 'Ours' })).toBeVisible();
  await expect(fault).toHaveCount(0);
  await site.close();
});

test('a server that is gone, or takes requests and does not answer, leaves the settings that it had last, which is said', async ({ page }) => {
  const silent = new Set();
  const { site } = await withKeptSettings(page, { silent });
  const fault = page.getByTestId('settings-fault');
  silent.add('config.json');
  await page.reload();
  await expect(page.getByRole('link', { name: 'Ours' })).toBeVisible();
  await expect(fault).toContainText('has not sent it for 3 seconds');
  await site.close();
  await page.reload();
  await expect(page.getByRole('link', { name: 'Ours' })).toBeVisible();
  await expect(fault).toContainText('those of an earlier visit are used: the server does not answer');
});

for (const [what, fault] of [
  ['cannot be written', (cache) => (cache.put = (name) => Promise.reject(new DOMException(name, 'QuotaExceededError')))],
  ['cannot be read', (cache) => (cache.match = () => Promise.reject(new DOMException('', 'UnknownError')))],
]) {
  test(`settings hold as the server sends them where those that are kept ${what}`, async ({ page }) => {
    const isOfSettings = `const open = CacheStorage.prototype.open;
      const isFaulty = async (cache) => (await cache.match('config.json')) !== undefined;
      CacheStorage.prototype.open = async function (name) {
        const cache = await open.call(this, name);
        if (name.startsWith('tallyman-settings') && (await isFaulty(cache))) (${fault})(cache);
        return cache;
      };`;
    const pages = new Map([['config.json', '{"title": "Older"}']]);
    pages.set('sw.js', `${isOfSettings}\n${await readFile(inProject('dist/sw.js'))}`);
    const site = await serveFolder(inProject('dist'), { pages });
    await page.goto(site.url);
    await ready(page);
    await controlled(page);
    await page.reload();
    await expect(page.getByRole('link', { name: 'Older' })).toBeVisible();
    pages.set('config.json', '{"title": "Newer"}');
    await page.reload();
    await expect(page.getByRole('link', { name: 'Newer' })).toBeVisible();
    await site.close();
  });
}

/** The same app with another line in its page is another version. */
async function serveNewVersion(site) {
  const index = await readFile(join(site.folder, 'index.html'), 'utf8');
  await writeFile(join(site.folder, 'index.html'), index.replace('<meta name="color-scheme"', '<meta name="version" content="new" /><meta name="color-scheme"'));
  const worker = await readFile(join(site.folder, 'sw.js'), 'utf8');
  await writeFile(join(site.folder, 'sw.js'), worker.replace(/VERSION = '\w+'/, "VERSION = 'ffffffffffffffff'"));
}

const update = (page) => page.evaluate(() => navigator.serviceWorker.getRegistration().then((registration) => registration.update()));

test('a new version announces itself, waits, and takes over whole', async ({ page, site }) => {
  await page.goto(site.url);
  await ready(page);
  await controlled(page);
  await expect(page.getByTestId('new-version')).toHaveCount(0);

  await serveNewVersion(site);
  await update(page);
  await expect(page.getByTestId('new-version')).toBeVisible();
  const version = () => page.locator('meta[name=version]').count();
  await page.reload();
  expect(await version(), 'the old version stays whole until somebody says so').toBe(0);
  await page.getByTestId('new-version').getByRole('button').click();
  await expect.poll(version).toBe(1);
  await expect(page.getByTestId('new-version')).toHaveCount(0);
  const scope = new URL(site.url).pathname;
  expect(await page.evaluate(() => caches.keys())).toContain(`tallyman-ffffffffffffffff@${scope}`);
});

/** Has the browser look for a new version, and gives what becomes of it. */
const outcome = (page) =>
  page.evaluate(async () => {
    const registration = await navigator.serviceWorker.getRegistration();
    // A version that is refused is neither installing nor waiting any more when the browser has looked.
    const found = new Promise((resolve) => registration.addEventListener('updatefound', () => resolve(registration.installing), { once: true }));
    await registration.update();
    const worker = await found;
    if (worker.state === 'installing') await new Promise((resolve) => worker.addEventListener('statechange', resolve, { once: true }));
    return worker.state;
  });

test('a new version is taken once all that the server sends is of that version', async ({ page, site }) => {
  await page.goto(site.url);
  await ready(page);
  await controlled(page);
  await serveNewVersion(site);
  const index = await readFile(join(site.folder, 'index.html'), 'utf8');
  const wasm = (await readdir(site.folder)).find((name) => name.startsWith('split_lists'));
  for (const [file, sent] of [
    // The start page in place of a file that is not there yet; a page, and a script, of the version before.
    [wasm, index],
    ['index.html', index.replace(/tallyman-web-\w+\.js/g, 'tallyman-web-0.js')],
    ['start.js', '// An older one.'],
  ]) {
    const right = await readFile(join(site.folder, file));
    await writeFile(join(site.folder, file), sent);
    expect(await outcome(page), file).toBe('redundant');
    await writeFile(join(site.folder, file), right);
  }
  await expect(page.getByTestId('new-version')).toHaveCount(0);
  expect(await outcome(page)).toBe('installed');
  await expect(page.getByTestId('new-version')).toBeVisible();
});

test('a new version that one tab takes is announced in the others, and taken there by a reload', async ({ page, context, site }) => {
  test.slow();
  await page.goto(site.url);
  await ready(page);
  await controlled(page);
  const [heard, deaf] = [await context.newPage(), await context.newPage()];
  // One does not hear of the version that waits.
  await deaf.addInitScript(() => Object.defineProperty(ServiceWorkerRegistration.prototype, 'waiting', { get: () => null }));
  for (const tab of [heard, deaf]) {
    await tab.goto(site.url);
    await controlled(tab);
  }
  // Each looks for versions once it has been there for a second.
  await deaf.evaluate(() => new Promise((resolve) => setTimeout(resolve, 1500)));
  await serveNewVersion(site);
  await update(page);
  // The version is fetched whole first, which takes a while where three tabs and other tests have the machine.
  for (const tab of [page, heard]) await expect(tab.getByTestId('new-version')).toBeVisible({ timeout: 30_000 });
  await expect(deaf.getByTestId('new-version')).toHaveCount(0);
  await page.getByTestId('new-version').getByRole('button').click();
  for (const tab of [page, heard, deaf]) {
    if (tab !== page) await tab.getByTestId('new-version').getByRole('button').click();
    await expect.poll(() => tab.locator('meta[name=version]').count()).toBe(1);
    await expect(tab.getByTestId('new-version')).toHaveCount(0);
  }
});

test('the app can be installed', async ({ page, site }) => {
  await page.goto(site.url);
  const address = await page.locator('link[rel=manifest]').evaluate((link) => link.href);
  expect(address).toBe(`${site.url}manifest.webmanifest`);
  const manifest = await (await page.request.get(address)).json();
  expect(manifest).toMatchObject({ name: 'Tallyman', start_url: './', scope: './', display: 'standalone' });
  for (const { src } of manifest.icons) expect((await page.request.get(new URL(src, address).href)).status()).toBe(200);
});
