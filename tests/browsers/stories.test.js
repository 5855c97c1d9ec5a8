// The main stories of the app, and the package's entries for pages, in Firefox and in WebKit.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { putImage, readList } from '../e2e/images.js';
import { startDevRegistry } from '../e2e/servers.js';
import { serveFolder } from '../e2e/site.js';
import { browsers } from './drivers.js';

const inProject = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const id = (name) => `[data-testid=${name}]`;
const entry = (image) => `${id('entry')}[data-image="${image}"]`;

let registry;
before(async () => (registry = await startDevRegistry('--samples', '--app', inProject('dist'), '--app-addr', '127.0.0.1:0')));
after(() => registry.stop());

const app = (path) => `${registry.app}#${path}`;

/** Puts an image into a repository of its own for each architecture. */
async function putImages(story, ...architectures) {
  await Promise.all(architectures.map((architecture) => putImage(registry, `${story}/${architecture}`, 'v1', { os: 'linux', architecture })));
  return architectures.map((architecture) => `${registry.host}/${story}/${architecture}:v1`);
}

/** Adds images, one after the other, to the list whose page is open. */
async function add(page, images) {
  for (const image of images) {
    await page.fill(id('add-input'), image);
    await page.press('Enter');
    await page.see(entry(image));
  }
}

/** Pushes the list whose push is planned on the page, and returns the digest that the page tells. */
async function push(page) {
  await page.click(`${id('push-start')}:enabled`);
  await page.see(`${id('push-state')}[data-phase=finished]`);
  return (await page.see(id('pushed-digest'))).digest;
}

// Each waits for its own pages about as long as it computes.
describe('the browsers', { concurrency: true }, () => {
  for (const browser of browsers) {
    const skip = !browser.isThere() && `${browser.name} is not installed`;
    describe(browser.name, { skip, concurrency: false }, () => {
      let running;
      before(async () => (running = await browser.start()));
      after(() => running.stop());
      const opened = async (t) => {
        const page = await running.open();
        t.after(() => page.close().catch(() => undefined));
        return page;
      };

      test('a list is typed, shown with its platforms, and each platform opens', async (t) => {
        const page = await opened(t);
        await page.goto(app('/'));
        await page.fill(id('reference-input'), `${registry.host}/samples/hello:latest`);
        await page.press('Enter');
        await page.see(id('digest-verified'));
        await page.count(id('platform-row'), 4);
        const { digest } = await page.see(id('manifest-digest'));
        assert.equal(digest, (await readList(registry, 'samples/hello:latest')).digest);
        await page.click(`${id('platform-row')}[data-platform="linux/arm64"] ${id('platform-digest')}`);
        await page.until('the page of the image', (before) => document.querySelector('[data-testid=manifest-digest]')?.dataset.digest !== before, digest);
        await page.see(id('digest-verified'));
        await page.run(() => history.back());
        await page.count(id('platform-row'), 4);
      });

      test('a list is built, annotated and pushed; the registry holds it', async (t) => {
        const images = await putImages(`${browser.name.toLowerCase()}-build`, 'amd64', 'arm');
        const repository = `${browser.name.toLowerCase()}-build/app`;
        const page = await opened(t);
        await page.goto(app(`/build/${registry.host}/${repository}:v1`));
        await add(page, images);
        await page.fill(`${entry(images[1])} ${id('platform')}`, 'linux/arm/v7');
        await page.press('Tab');
        await page.see(`${entry(images[1])}[data-platform="linux/arm/v7"]`);
        const shown = (await page.see(id('list-digest'))).digest;
        await page.goto(app(`/push/${registry.host}/${repository}:v1`));
        assert.equal(await push(page), shown);
        const back = await readList(registry, `${repository}:v1`);
        assert.equal(back.digest, shown);
        assert.deepEqual(back.json.manifests.map(({ platform }) => platform.variant).filter(Boolean), ['v7']);
      });

      test('a push that ends with its tab goes on in the next one', async (t) => {
        const slow = await startDevRegistry('--fault', 'latency,ms=1500,method=PUT,path=/v2/*/manifests/*');
        t.after(() => slow.stop());
        const story = `${browser.name.toLowerCase()}-resume`;
        const architectures = ['amd64', 'arm64', 's390x'];
        await Promise.all(architectures.map((architecture) => putImage(slow, `${story}/${architecture}`, 'v1', { os: 'linux', architecture })));
        const list = `${slow.host}/${story}/app:v1`;
        const page = await opened(t);
        await page.goto(app(`/build/${list}`));
        await add(page, architectures.map((architecture) => `${slow.host}/${story}/${architecture}:v1`));
        await page.goto(app(`/push/${list}`));
        await page.click(`${id('push-start')}:enabled`);
        await page.see(`${id('step')}[data-state=done]`);
        const next = await opened(t);
        await page.close();
        await next.goto(app(`/push/${list}`));
        await next.see(id('interrupted'));
        const digest = await push(next);
        assert.equal((await readList(slow, `${story}/app:v1`)).digest, digest);
      });

      test('two tabs show one list', async (t) => {
        const story = `${browser.name.toLowerCase()}-tabs`;
        const images = await putImages(story, 'amd64', 'arm64');
        const list = `${registry.host}/${story}/app:v1`;
        const [left, right] = [await opened(t), await opened(t)];
        await left.goto(app(`/build/${list}`));
        await add(left, images.slice(0, 1));
        await right.goto(app(`/build/${list}`));
        await right.see(entry(images[0]));
        await add(right, images.slice(1));
        await left.see(entry(images[1]));
        await right.click(`${entry(images[0])} ${id('remove')}`);
        await right.count(id('entry'), 1);
      });

      test('the app that was installed starts without its server, and local lists are edited', async (t) => {
        const site = await serveFolder(inProject('dist'));
        t.after(() => site.close());
        const story = `${browser.name.toLowerCase()}-offline`;
        const images = await putImages(story, 'amd64');
        const address = `${site.url}#/build/${registry.host}/${story}/app:v1`;
        const page = await opened(t);
        await page.goto(address);
        await add(page, images);
        await page.until('the service worker in charge', () => navigator.serviceWorker.controller !== null);
        await site.close();
        await page.reload();
        await page.see(entry(images[0]));
        await page.fill(`${entry(images[0])} ${id('platform')}`, 'linux/amd64/v3');
        await page.press('Tab');
        await page.see(`${entry(images[0])}[data-platform="linux/amd64/v3"]`);
      });

      test('a registry that asks for a password is signed in to, and the page goes on', async (t) => {
        const guarded = await startDevRegistry('--samples', '--basic', 'ann:secret', '--open-preflight');
        t.after(() => guarded.stop());
        const page = await opened(t);
        await page.goto(app(`/inspect/${guarded.host}/samples/hello:latest`));
        await page.see(`${id('error')}[data-code=unauthorized]`);
        await page.fill(`${id('sign-in-panel')} input[name=username]`, 'ann');
        await page.fill(`${id('sign-in-panel')} input[name=password]`, 'secret');
        await page.press('Enter');
        await page.see(id('digest-verified'));
        const stored = await page.run(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
        assert.doesNotMatch(stored, /secret/);
      });

      test('storage that the browser erased is begun anew', async (t) => {
        const story = `${browser.name.toLowerCase()}-erased`;
        const images = await putImages(story, 'amd64');
        const list = `${registry.host}/${story}/app:v1`;
        const page = await opened(t);
        await page.goto(app(`/build/${list}`));
        await add(page, images);
        // Safari does this after seven days without a visit.
        await page.goto(`${registry.app}config.json`);
        await page.run(() => {
          localStorage.clear();
          window.erased = [];
          for (const name of ['tallyman']) indexedDB.deleteDatabase(name).onsuccess = () => window.erased.push(name);
        });
        await page.until('the databases erased', () => window.erased.length === 1);
        await page.goto(app('/lists'));
        await page.see(id('new-list'));
        await page.count(id('list-row'), 0);
        await page.goto(app(`/build/${list}`));
        await add(page, images);
      });

      if (browser.private) test('a private window: a list is built and pushed', async (t) => {
        const own = await browser.start(browser.private);
        t.after(() => own.stop());
        const story = `${browser.name.toLowerCase()}-private`;
        const images = await putImages(story, 'amd64');
        const page = await own.open();
        await page.goto(app(`/build/${registry.host}/${story}/app:v1`));
        await add(page, images);
        await page.goto(app(`/push/${registry.host}/${story}/app:v1`));
        const digest = await push(page);
        assert.equal((await readList(registry, `${story}/app:v1`)).digest, digest);
      });

      /** Checks that images are shown, and that the page of the lists says how long they last. */
      const isShownWithoutStorage = async (page, at) => {
        await page.goto(at(`/inspect/${registry.host}/samples/hello:latest`));
        await page.see(id('digest-verified'));
        await page.count(id('platform-row'), 4);
        await page.goto(at('/lists'));
        const { text } = await page.see(id('store-refused'));
        assert.match(text, /until you leave or reload the page/);
        return text;
      };

      if (browser.refusing) test('a browser that refuses storage shows images, and says that lists last as long as the page', async (t) => {
        const own = await browser.start(browser.refusing);
        t.after(() => own.stop());
        assert.match(await isShownWithoutStorage(await own.open(), app), /refuses to store anything for this page/);
      });

      // As WebKit does in a frame of another site, and Safari where all cookies are blocked.
      test('a page whose storage throws shows images, and says that lists last as long as the page', async (t) => {
        const start = await readFile(inProject('dist/start.js'), 'utf8');
        const refuse = `for (const name of ['indexedDB', 'localStorage', 'sessionStorage', 'caches'])
          Object.defineProperty(window, name, { get() { throw new DOMException('The operation is insecure.', 'SecurityError'); } });\n`;
        const site = await serveFolder(inProject('dist'), { pages: new Map([['start.js', refuse + start]]) });
        t.after(() => site.close());
        const page = await opened(t);
        await isShownWithoutStorage(page, (path) => `${site.url}#${path}`);
      });

      test('the package inspects, builds and pushes in a page, and keeps lists', async (t) => {
        const story = `${browser.name.toLowerCase()}-package`;
        const images = await putImages(story, 'amd64', 'arm64');
        const script = `
          import { IndexedDbStore, Tallyman } from '/lib/web.js';
          const store = new IndexedDbStore('story');
          const tm = new Tallyman({ store, insecure: ['${registry.host}'] });
          const inspection = await tm.inspect('${registry.host}/samples/hello:latest');
          const list = await tm.create('${registry.host}/${story}/app:v1', ${JSON.stringify(images)});
          const { digest } = await tm.push(list);
          window.told = { kind: inspection.kind, digest, own: list.digest };
        `;
        const pages = new Map([['page.html', '<!doctype html><html lang="en"><title>A page</title><script type="module" src="page.js"></script>'], ['page.js', script]]);
        const site = await serveFolder(inProject('target/npm/tallyman'), { pages });
        t.after(() => site.close());
        const page = await opened(t);
        await page.goto(`${site.url}page.html`);
        const told = await page.until('the digest of the push', () => window.told);
        assert.equal(told.digest, (await readList(registry, `${story}/app:v1`)).digest);
      });

      test('the element shows a list', async (t) => {
        const body = `<tallyman-manifest reference="${registry.host}/samples/webapp:latest"></tallyman-manifest>`;
        const pages = new Map([['page.html', `<!doctype html><html lang="en"><title>A page</title><script type="module" src="element/index.js"></script>${body}`]]);
        const site = await serveFolder(inProject('target/npm/tallyman'), { pages });
        t.after(() => site.close());
        const page = await opened(t);
        await page.goto(`${site.url}page.html`);
        const text = await page.until('the platforms', () => {
          const text = document.querySelector('tallyman-manifest').shadowRoot?.textContent ?? '';
          return text.includes('linux/arm64') && text;
        });
        assert.match(text, /Digest verified/);
      });
    });
  }
});
