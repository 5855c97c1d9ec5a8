// The custom element, in a page of its own under a strict policy.

import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { gzipSync } from 'node:zlib';

import ts from 'typescript';

import { startDevRegistry } from './servers.js';
import { expect, expectAccessible, expectNoSidewaysScroll, inProject, test as base } from './test.js';

const types = { '.css': 'text/css', '.js': 'text/javascript', '.wasm': 'application/wasm', '.html': 'text/html' };
const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src *";

const test = base.extend({
  /** The registry alone: the pages are the tests' own. */
  memory: [
    async ({}, use) => {
      const server = await startDevRegistry('--samples');
      await use(server);
      await server.stop();
    },
    { scope: 'worker' },
  ],
  /** Serves the package as static files, and pages that use the element; its address. */
  site: [
    async ({}, use) => {
      const pages = new Map();
      const server = createServer((asked, answer) => {
        const { pathname } = new URL(asked.url, 'http://localhost');
        const page = pages.get(pathname);
        answer.setHeader('content-security-policy', policy);
        answer.setHeader('content-type', types[extname(pathname)] ?? 'text/plain');
        if (page !== undefined) return answer.end(page);
        createReadStream(inProject(`target/npm/tallyman${pathname}`)).on('error', () => answer.writeHead(404).end()).pipe(answer);
      });
      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
      await use({ url: `http://127.0.0.1:${server.address().port}`, pages });
      server.closeAllConnections();
      server.close();
    },
    { scope: 'worker' },
  ],
  /** Opens a page with this body; its script comes from the site, as the policy wants it. */
  show: async ({ page, site }, use) => {
    let number = 0;
    await use(async (body, { style = '', script = '' } = {}) => {
      const name = `/page-${(number += 1)}`;
      site.pages.set(`${name}.js`, `import '/element/index.js';\nwindow.heard = [];\nfor (const name of ['load', 'error', 'select']) document.addEventListener(name, ({ type, target, detail }) => target.localName === 'tallyman-manifest' && heard.push([type, detail]), true);\n${script}`);
      site.pages.set('/page.css', `body { margin: 0; padding: 16px; } main { max-width: 900px; margin: auto; } ${style}`);
      site.pages.set(`${name}.html`, `<!doctype html><html lang="en"><title>A dashboard</title><meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/page.css"><script type="module" src="${name}.js"></script><main><h1>Dashboard</h1><h2>Images</h2>${body}</main></html>`);
      await page.goto(`${site.url}${name}.html`);
    });
  },
});

const ociImage = 'application/vnd.oci.image.manifest.v1+json';
const ociIndex = 'application/vnd.oci.image.index.v1+json';

/** Serves manifests and blobs to a page as the repository `odd/app` of `r.example`, and notes what it is asked for. */
class OddRegistry {
  asked = [];
  #contents = new Map();

  constructor(page) {
    page.route('https://r.example/v2/**', (route) => {
      const path = new URL(route.request().url()).pathname.replace('/v2/odd/app/', '');
      const { body, mediaType } = this.#contents.get(path) ?? {};
      const headers = { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*', 'content-type': mediaType ?? 'application/json' };
      this.asked.push(path);
      return route.fulfill(body === undefined ? { status: 404, headers, body: '{}' } : { headers, body });
    });
  }

  put(kind, mediaType, content, tag) {
    const body = typeof content === 'string' ? content : JSON.stringify(content);
    const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`;
    for (const name of [digest, tag]) this.#contents.set(`${kind}/${name}`, { body, mediaType });
    return { mediaType, digest, size: body.length };
  }

  image(config, tag) {
    const described = this.put('blobs', 'application/vnd.oci.image.config.v1+json', config);
    return this.put('manifests', ociImage, { schemaVersion: 2, mediaType: ociImage, config: described, layers: [] }, tag);
  }
}

const themes = ['light', 'dark'];
const style = ':root { color-scheme: light dark; } body { background: Canvas; color: CanvasText; }';

for (const colorScheme of themes) {
  for (const [width, height] of [[1280, 800], [390, 844]]) {
    test(`a list, its images and an image are shown, accessible, ${colorScheme}, ${width} wide`, async ({ page, memory, show, complaints }) => {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme });
      await show(`<tallyman-manifest reference="${memory.host}/samples/webapp"></tallyman-manifest>`, { style });
      const element = page.locator('tallyman-manifest');
      await expect(element.getByRole('heading', { level: 3 })).toHaveText(`${memory.host}/samples/webapp:latest`);
      await expect(element.getByText('Digest verified', { exact: true })).toBeVisible();
      await expect(element.getByRole('status')).toContainText('Loaded');
      const first = element.getByRole('button', { name: 'linux/amd64' });
      await expect(first).toHaveAttribute('aria-expanded', 'false');
      await expect(element.getByRole('row', { name: /linux\/amd64/ })).toContainText(/[0-9.]+ (B|kB|MB)/);
      await first.focus();
      await page.keyboard.press('Enter');
      await expect(first).toHaveAttribute('aria-expanded', 'true');
      await expect(element.getByRole('table', { name: /layers?$/ })).toBeVisible();
      await expectAccessible(page);
      await expectNoSidewaysScroll(page);
      await page.screenshot({ path: inProject(`target/e2e/element-${colorScheme}-${width}.png`), fullPage: true });
      await page.keyboard.press('Enter');
      await expect(element.getByRole('table', { name: /layers?$/ })).toBeHidden();
      const heard = await page.evaluate(() => window.heard.map(([type, detail]) => [type, detail.open]));
      expect(heard).toEqual([['load', undefined], ['select', true], ['select', false]]);
      expect(complaints).toEqual([]);
    });
  }
}

test('a failure is told, and another try helps', async ({ page, memory, show }) => {
  let broken = true;
  await page.route('**/v2/samples/hello/**', (route) => (broken ? route.fulfill({ status: 404, headers: { 'access-control-allow-origin': '*' }, body: '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}' }) : route.continue()));
  await show(`<tallyman-manifest reference="${memory.host}/samples/hello:amd64"></tallyman-manifest>`, { style });
  const alert = page.locator('tallyman-manifest').getByRole('alert');
  await expect(alert).toContainText('This could not be loaded');
  await expect(alert).toHaveAttribute('data-code', 'not-found');
  for (const colorScheme of themes) {
    await page.emulateMedia({ colorScheme });
    await expectAccessible(page);
  }
  broken = false;
  await alert.getByRole('button', { name: 'Try again' }).click();
  await expect(page.locator('tallyman-manifest').getByRole('table', { name: /layers?$/ })).toBeVisible();
  expect(await page.evaluate(() => window.heard.map(([type]) => type))).toEqual(['error', 'load']);
});

test('an image whose config is not as it should be is shown all the same', async ({ page, show }) => {
  const odd = new OddRegistry(page);
  odd.image({ os: 'linux', architecture: 'amd64', config: { Entrypoint: '/bin/sh', Cmd: ['-c', 'date'] } }, 'text');
  odd.image('none', 'none');
  await show('<tallyman-manifest reference="r.example/odd/app:text"></tallyman-manifest><tallyman-manifest reference="r.example/odd/app:none"></tallyman-manifest>');
  const [text, none] = [page.locator('tallyman-manifest').first(), page.locator('tallyman-manifest').last()];
  await expect(text.getByText('/bin/sh', { exact: true })).toBeVisible();
  await expect(text.getByText('-c date', { exact: true })).toBeVisible();
  await expect(none.getByText('Digest verified', { exact: true })).toBeVisible();
});

test('an image of a list that could not be opened is opened by another try', async ({ page, memory, show }) => {
  let isBroken = true;
  await page.route('**/blobs/**', (route) => (isBroken ? route.abort() : route.continue()));
  await show('<tallyman-manifest></tallyman-manifest>', {
    script: `import { Tallyman } from '/lib/web.js';
      const element = document.querySelector('tallyman-manifest');
      element.client = new Tallyman({ attempts: 1 });
      element.reference = ${JSON.stringify(`${memory.host}/samples/hello`)};`,
  });
  const element = page.locator('tallyman-manifest');
  const [first, second] = ['linux/amd64', 'linux/arm64'].map((name) => element.getByRole('button', { name }));
  for (const button of [first, second]) await button.click();
  await expect(element.getByRole('alert')).toHaveCount(2);
  isBroken = false;
  // The button, and the row that is opened again.
  await element.getByRole('alert').first().getByRole('button', { name: 'Try again' }).click();
  for (let times = 0; times < 2; times++) await second.click();
  await expect(element.getByRole('table', { name: /layers?$/ })).toHaveCount(2);
  await expect(element.getByRole('alert')).toHaveCount(0);
  expect(await page.evaluate(() => window.heard.map(([type]) => type))).toEqual(['load', 'select', 'select', 'select', 'select']);
});

test('the size of an image far down in a list is shown when it is opened', async ({ page, show }) => {
  const odd = new OddRegistry(page);
  const image = { ...odd.image({ os: 'linux', architecture: 'riscv64' }), platform: { os: 'linux', architecture: 'riscv64' } };
  const others = Array.from({ length: 32 }, (_, at) => ({ mediaType: ociImage, digest: `sha256:${String(at).padStart(64, '0')}`, size: 2, platform: { os: 'linux', architecture: 'arm', variant: `v${at}` } }));
  odd.put('manifests', ociIndex, { schemaVersion: 2, mediaType: ociIndex, manifests: [...others, image] }, 'many');
  await show('<tallyman-manifest reference="r.example/odd/app:many"></tallyman-manifest>');
  const element = page.locator('tallyman-manifest');
  const size = element.locator('tr.row').filter({ hasText: 'linux/riscv64' }).locator('td.number');
  await expect(size).toBeVisible();
  await expect(size).toHaveText('');
  expect(odd.asked).not.toContain(`manifests/${image.digest}`);
  await element.getByRole('button', { name: 'linux/riscv64' }).click();
  await expect(size).toHaveText(/^\d+ B$/);
});

test('of a list what attests an image is named as that, and all else is opened', async ({ page, show }) => {
  const odd = new OddRegistry(page);
  const platform = { os: 'unknown', architecture: 'amd64' };
  const image = { ...odd.image({ ...platform, config: { User: 'half' } }), platform };
  const attests = { 'vnd.docker.reference.type': 'attestation-manifest', 'vnd.docker.reference.digest': image.digest };
  const attestation = { ...odd.image({ os: 'unknown', architecture: 'unknown' }), platform: { os: 'unknown', architecture: 'unknown' }, annotations: attests };
  odd.put('manifests', ociIndex, { schemaVersion: 2, mediaType: ociIndex, manifests: [attestation, image] }, 'half');
  await show('<tallyman-manifest reference="r.example/odd/app:half"></tallyman-manifest>');
  const element = page.locator('tallyman-manifest');
  await expect(element.locator('tr.row')).toHaveCount(2);
  await expect(element.locator('tr.row').last()).toContainText('attestation of');
  await element.getByRole('button', { name: 'unknown/amd64' }).click();
  await expect(element.getByText('half', { exact: true })).toBeVisible();
});

test('equal credentials change nothing, and the latest function is asked', async ({ page, show }) => {
  const guarded = await startDevRegistry('--samples', '--basic', 'user:secret', '--open-preflight');
  try {
    const asked = [];
    page.on('request', (request) => request.url().includes('/v2/') && asked.push(request.url()));
    await show('<tallyman-manifest></tallyman-manifest>', {
      script: `import { Tallyman } from '/lib/web.js';
        window.element = document.querySelector('tallyman-manifest');
        window.client = new Tallyman();
        window.secret = () => ({ username: 'user', password: 'secret' });
        element.registryCredentials = secret();
        element.reference = ${JSON.stringify(`${guarded.host}/samples/hello:amd64`)};`,
    });
    const element = page.locator('tallyman-manifest');
    const settled = async (number) => {
      await expect.poll(() => page.evaluate(() => window.heard?.length)).toBe(number);
      return asked.length;
    };
    let before = await settled(1);
    await expect(element.getByRole('status')).toContainText('Loaded');
    await page.evaluate(() => (element.registryCredentials = secret()));
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 200)));
    expect([asked.length, await page.evaluate(() => window.heard.length)]).toEqual([before, 1]);

    // A function is something else. Its credentials have always expired, so that each request asks for them.
    await page.evaluate(() => (element.registryCredentials = () => ({ ...secret(), expiresAt: 0 })));
    before = await settled(2);
    await page.evaluate(() => {
      window.calls = 0;
      element.registryCredentials = () => ({ ...secret(), expiresAt: window.calls++ });
    });
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 200)));
    expect([asked.length, await page.evaluate(() => window.calls)]).toEqual([before, 0]);
    await page.evaluate((reference) => (element.reference = reference), `${guarded.host}/samples/hello:arm64`);
    await settled(3);
    expect(await page.evaluate(() => window.calls)).toBeGreaterThan(0);

    // Wrong ones are told. Others in their place are not tried by themselves, but by another try.
    await page.evaluate(() => (element.registryCredentials = undefined));
    before = await settled(4);
    await page.evaluate(() => (element.registryCredentials = () => undefined));
    before = await settled(5);
    await page.evaluate(() => (element.registryCredentials = secret));
    await element.getByRole('button', { name: 'Try again' }).click();
    await settled(6);
    await expect(element.getByRole('status')).toContainText('Loaded');

    // The same client again.
    await page.evaluate(() => (element.client = client));
    before = await settled(7);
    await page.evaluate(() => (element.client = client));
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 200)));
    expect([asked.length, await page.evaluate(() => window.heard.length)]).toEqual([before, 7]);
  } finally {
    await guarded.stop();
  }
});

test('a library that could not be loaded is loaded by another try', async ({ page, memory, show }) => {
  let isBroken = true;
  await page.route('**/lib/index.js', (route) => (isBroken ? route.abort() : route.continue()));
  await show(`<tallyman-manifest reference="${memory.host}/samples/hello:amd64"></tallyman-manifest>`);
  const alert = page.locator('tallyman-manifest').getByRole('alert');
  await expect(alert).toContainText('This could not be loaded');
  isBroken = false;
  await alert.getByRole('button', { name: 'Try again' }).click();
  await expect(page.locator('tallyman-manifest').getByRole('table', { name: /layers?$/ })).toBeVisible();
});

test('properties that are unset unset their attributes', async ({ page, memory, show }) => {
  await show(`<tallyman-manifest platform="linux/arm64" reference="${memory.host}/samples/hello"></tallyman-manifest>`);
  const element = page.locator('tallyman-manifest');
  await expect(element.getByRole('status')).toContainText('Loaded');
  await page.evaluate(() => Object.assign(document.querySelector('tallyman-manifest'), { reference: undefined, platform: undefined }));
  await expect(element).toContainText('No reference is set.');
  const read = () => ['reference', 'platform'].map((name) => [document.querySelector('tallyman-manifest')[name], document.querySelector('tallyman-manifest').hasAttribute(name)]);
  expect(await page.evaluate(read)).toEqual([['', false], ['', false]]);
  expect(await page.evaluate(() => window.heard.map(([type]) => type))).toEqual(['load']);
});

test('another level of the heading, or another way of loading, asks for nothing', async ({ page, memory, show }) => {
  const asked = [];
  page.on('request', (request) => request.url().includes('/v2/') && asked.push(request.url()));
  await show(`<tallyman-manifest reference="${memory.host}/samples/hello:amd64"></tallyman-manifest>`);
  const element = page.locator('tallyman-manifest');
  await expect(element.getByRole('status')).toContainText('Loaded');
  const before = asked.length;
  await page.evaluate(() => {
    const element = document.querySelector('tallyman-manifest');
    element.setAttribute('heading-level', '2');
    element.setAttribute('loading', 'eager');
  });
  await expect(element.getByRole('heading', { level: 2 })).toHaveText(`${memory.host}/samples/hello:amd64`);
  await expect(element.getByRole('table', { name: /layers?$/ })).toBeVisible();
  expect(asked.length).toBe(before);
  expect(await page.evaluate(() => window.heard.map(([type]) => type))).toEqual(['load']);
});

test('what is not seen is not loaded, and what is eager is', async ({ page, memory, show }) => {
  const asked = [];
  page.on('request', (request) => request.url().includes('/v2/') && asked.push(request.url()));
  await show(
    `<tallyman-manifest loading="eager" reference="${memory.host}/samples/hello:arm64"></tallyman-manifest><div class="tall"></div>
     <tallyman-manifest id="far" reference="${memory.host}/samples/alpine"></tallyman-manifest>`,
    { style: '.tall { height: 5000px; }' },
  );
  await expect(page.locator('tallyman-manifest').first().getByRole('status')).toContainText('Loaded');
  expect(asked.filter((url) => url.includes('samples/alpine'))).toEqual([]);
  await page.locator('#far').scrollIntoViewIfNeeded();
  await expect(page.locator('#far').getByRole('status')).toContainText('Loaded');
});

test('a change of the reference gives up what is under way', async ({ page, memory, show }) => {
  const failed = [];
  page.on('requestfailed', (request) => failed.push(request.url()));
  let waiting;
  const arrived = new Promise((resolve) => (waiting = resolve));
  await page.route('**/v2/samples/hello/**', () => waiting());
  await show(`<tallyman-manifest reference="${memory.host}/samples/hello"></tallyman-manifest>`);
  await arrived;
  await page.evaluate((host) => (document.querySelector('tallyman-manifest').reference = `${host}/samples/alpine:latest`), memory.host);
  const element = page.locator('tallyman-manifest');
  await expect(element.getByRole('heading')).toHaveText(`${memory.host}/samples/alpine:latest`);
  await expect(element.getByRole('status')).toContainText('Loaded');
  expect(await page.evaluate(() => window.heard.map(([type]) => type))).toEqual(['load']);
  expect(failed.some((url) => url.includes('samples/hello'))).toBe(true);
});

test('a client, credentials and a platform are taken', async ({ page, memory, show }) => {
  await show(`<tallyman-manifest platform="linux/arm64"></tallyman-manifest>`, {
    script: `import { Tallyman } from '/lib/web.js';
      const element = document.querySelector('tallyman-manifest');
      element.client = new Tallyman({ fetch: (...asked) => { window.asked = (window.asked ?? 0) + 1; return fetch(...asked); } });
      element.reference = ${JSON.stringify(`${memory.host}/samples/hello`)};`,
  });
  const element = page.locator('tallyman-manifest');
  await expect(element.getByRole('status')).toContainText('Docker image');
  await expect(element).toContainText('linux/arm64');
  expect(await page.evaluate(() => window.asked)).toBeGreaterThan(1);
});

test('a theme is set by custom properties and parts', async ({ page, memory, show }) => {
  await show(`<tallyman-manifest reference="${memory.host}/samples/hello"></tallyman-manifest>`, {
    style: 'tallyman-manifest { --tallyman-accent: rgb(1, 2, 3); --tallyman-radius: 0px; } tallyman-manifest::part(title) { letter-spacing: 3px; }',
  });
  const element = page.locator('tallyman-manifest');
  await expect(element.getByRole('button', { name: 'linux/amd64' })).toHaveCSS('color', 'rgb(1, 2, 3)');
  await expect(element.getByRole('heading')).toHaveCSS('letter-spacing', '3px');
  await expect(element.locator('section')).toHaveCSS('border-radius', '0px');
});

test('the element and all that it loads are under 50 KiB gzipped beside the engine', async () => {
  const scripts = (folder, keep) => readdirSync(inProject(`target/npm/tallyman/${folder}`)).filter((name) => name.endsWith('.js') && keep(name)).map((name) => `${folder}/${name}`);
  const elsewhere = ['node.js', 'node-gunzip.js', 'deno.js', 'slim.js', 'web.js', 'workerd.js'];
  const loaded = [...scripts('element', () => true), ...scripts('lib', (name) => !elsewhere.includes(name)), ...scripts('dist', (name) => name === 'tallyman.js')];
  // 49.0 KB, of which the checks of arguments are 3 and the files of images 6: to load those later takes a second script, of which
  // bundlers have to be told. As it is shipped, but for the comments, which whoever serves it takes out.
  const compilerOptions = { removeComments: true, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
  const texts = loaded.map((file) => ts.transpileModule(readFileSync(inProject(`target/npm/tallyman/${file}`), 'utf8'), { compilerOptions }).outputText);
  expect(loaded.length).toBeGreaterThan(15);
  expect(gzipSync(texts.join('\n')).length).toBeLessThan(50 * 1024);
});
