// Rules of all pages: loaded files and their origin, the language, and the ways to open a reference.

import { gzipSync } from 'node:zlib';

import { expect, expectAccessible, expectNoSidewaysScroll, inProject, test } from './test.js';

/**
 * The largest number of bytes, gzipped, that a first visit loads: HTML, CSS, JavaScript and wasm (183.5 KiB today; builds of two machines
 * differ by half a per cent).
 */
const FIRST_LOAD_MAX = 185 * 1024;
/** The same for a visit that begins with a link to a manifest (496 KiB today). */
const FIRST_MANIFEST_MAX = 500 * 1024;

/** Everything that the page loads from the server of the app, by address. */
function loads(page) {
  const bodies = [];
  page.on('response', (response) => bodies.push(response.body().then((body) => [response.url(), body])));
  return () => Promise.all(bodies);
}

/** Their sizes, gzipped. */
const gzipped = (loaded) => loaded.map(([url, body]) => [url, gzipSync(body, { level: 9 }).length]);
const sum = (sizes) => sizes.reduce((total, [, size]) => total + size, 0);

test('the first load stays within its bound, and comes from the server of the app alone', async ({ page, memory }) => {
  const all = loads(page);
  await page.goto(memory.app);
  await expect(page.getByTestId('sample-link').first()).toBeVisible();
  await page.waitForLoadState('networkidle');
  const loaded = await all();
  for (const [url] of loaded) expect(url.startsWith(memory.app)).toBe(true);
  const kinds = loaded.map(([url]) => url.replace(/\?.*/, '').split('.').pop());
  for (const kind of ['css', 'js', 'wasm']) expect(kinds).toContain(kind);
  const sizes = gzipped(loaded);
  expect(sum(sizes), JSON.stringify(sizes)).toBeLessThanOrEqual(FIRST_LOAD_MAX);
});

test('a link to a manifest loads what shows it and no more', async ({ page, memory }) => {
  const all = loads(page);
  await page.goto(`${memory.app}#/inspect/${memory.host}/samples/webapp:1.4`);
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  await page.waitForLoadState('networkidle');
  const sizes = gzipped((await all()).filter(([url]) => url.startsWith(memory.app)));
  expect(sum(sizes), JSON.stringify(sizes)).toBeLessThanOrEqual(FIRST_MANIFEST_MAX);
});

test('no request goes to any host but the app\'s and the registry\'s', async ({ page, open, memory }) => {
  const hosts = new Set();
  page.on('request', (request) => hosts.add(new URL(request.url()).host));
  await open(`/inspect/${memory.host}/samples/webapp:1.4`);
  await expect(page.getByTestId('shared-layers')).toBeVisible();
  await expect(page.locator('.skeleton')).toHaveCount(0);
  await open(`/explore/${memory.host}/samples/webapp`);
  await expect(page.locator('[data-tag="1.4"] time')).toBeVisible();
  expect([...hosts].sort()).toEqual([new URL(memory.app).host, memory.host].sort());
});

test('Ctrl-K opens anything anywhere: typed, pasted, recent, a registry, a digest alone', async ({ page, open, memory }) => {
  await open(`/inspect/${memory.host}/samples/hello:latest`);
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  const digest = await page.getByTestId('manifest-digest').getAttribute('data-digest');
  await page.keyboard.press('Control+k');
  const input = page.getByTestId('open-input');
  await expect(input).toBeFocused();
  await expectAccessible(page);
  await input.fill(`docker buildx imagetools inspect --raw ${memory.host}/samples/alpine:3.22`);
  await input.press('Enter');
  // The page below has layers too: a step that is still to come would close what is opened now.
  await expect(page).toHaveURL(/samples\/alpine:3\.22/);
  await expect(page.getByRole('region', { name: 'Layers' })).toBeVisible();

  await page.keyboard.press('Control+k');
  await input.fill('hello');
  await expect(page.getByRole('listbox', { name: 'Suggestions' }).getByRole('option')).toHaveCount(2);
  await input.press('ArrowDown');
  await input.press('Enter');
  await expect(page.getByTestId('manifest-digest')).toHaveAttribute('data-digest', digest);

  await page.keyboard.press('Meta+k');
  await input.fill(memory.host);
  await input.press('Enter');
  await expect(page.getByRole('tree', { name: 'Repositories' })).toBeVisible();

  // A digest alone is looked for in the repository that is open, else in those that were.
  await page.keyboard.press('Control+k');
  await input.fill(digest);
  await input.press('Enter');
  const suggestion = page.getByTestId('suggestions').getByRole('link', { name: `samples/hello@${digest}` });
  await suggestion.click();
  await expect(page.getByTestId('manifest-digest')).toHaveAttribute('data-digest', digest);
  await page.keyboard.press('Control+k');
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('open-dialog')).toBeHidden();
});

test('what was looked at is on the start page, until it is forgotten', async ({ page, open, memory }) => {
  await open(`/inspect/${memory.host}/samples/hello:latest`);
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  await open(`/inspect/${memory.host}/samples/nothing:1`);
  await expect(page.getByTestId('error')).toBeVisible();
  await open('/');
  const recents = page.getByTestId('recents');
  await expect(recents.getByRole('link')).toHaveText([`${memory.host}/samples/hello:latest`]);
  await recents.getByRole('link').click();
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  await page.goBack();
  await page.getByRole('button', { name: 'Clear recent' }).focus();
  await page.keyboard.press('Enter');
  await expect(recents).toHaveCount(0);
  await expect(page.getByRole('heading', { level: 1 })).toBeFocused();
});

test('an image without the tag latest leads to the repository\'s tags', async ({ page, open, memory }) => {
  await open(`/inspect/${memory.host}/samples/legacy`);
  await page.getByRole('link', { name: 'See the repository\'s tags' }).click();
  await expect(page.getByTestId('count')).toHaveText('1 tag');
});

test.describe('in Spanish', () => {
  test.use({ locale: 'es-ES' });

  test('the browser\'s language is spoken, with its numbers and dates, and another can be chosen', async ({ page, open, memory }) => {
    await open(`/inspect/${memory.host}/samples/alpine:3.22`);
    await expect(page.locator('html')).toHaveAttribute('lang', 'es');
    await expect(page.getByRole('region', { name: 'Resumen' })).toContainText('3,1 MB');
    await expect(page.getByRole('region', { name: 'Resumen' })).toContainText('3.148.872 bytes');
    await expect(page.getByTestId('config-section')).toContainText('15 jun 2026');
    await page.getByTestId('language').selectOption('en');
    await expect(page.locator('html')).toHaveAttribute('lang', 'en');
    await expect(page.getByRole('region', { name: 'Summary' })).toContainText('3,148,872 bytes');
    await page.reload();
    await expect(page.getByRole('region', { name: 'Summary' })).toBeVisible();
  });

  // Words that every page in English has some of. What registries and commands say is theirs, and stays; so do the field's terms
  // that Spanish documentation leaves in English: manifest, tag, digest, push.
  const english = /\b(the|of|and|is|not|with|this|layers?|platforms?|registry|repositories|settings|created|open|sign in|missing|size)\b/i;

  for (const [name, path, ready] of [
    ['start', () => '/', '[data-testid=sample-link]'],
    ['repositories', (host) => `/explore/${host}`, '[data-row]'],
    ['tags', (host) => `/explore/${host}/samples/webapp`, '[data-tag="1.4"] time'],
    ['index', (host) => `/inspect/${host}/samples/webapp:1.4`, '[data-testid=shared-layers]'],
    ['chosen', (host) => `/inspect/${host}/samples/hello:latest?platform=windows/amd64`, '[data-testid=layer-row]'],
    ['sparse', (host) => `/inspect/${host}/samples/sparse:1`, 'tr.missing'],
    ['files', (host) => `/files/${host}/samples/files:1?path=opt/app/requests.log`, '[data-testid=file-text] .code-line__text'],
    ['schema1', (host) => `/inspect/${host}/samples/schema1:old`, '[data-testid=finding]'],
    ['compare', (host) => `/compare/${host}/samples/hello:amd64|${host}/samples/hello:armv7`, 'tr.differs'],
    ['missing', (host) => `/inspect/${host}/samples/nothing:1`, '[data-testid=error]'],
    ['invalid', () => '/inspect/NO', '[data-testid=error]'],
    ['registries', () => '/registries', '[data-testid=registry]'],
    ['nowhere', () => '/nowhere', '[data-testid=error]'],
  ]) {
    test(`${name} has no English in it`, async ({ page, open, memory }) => {
      await open(path(memory.host));
      await expect(page.locator(ready).first()).toBeVisible();
      await expect(page.locator('.skeleton')).toHaveCount(0);
      await page.screenshot({ path: inProject(`target/screenshots/${name}-es.png`), fullPage: true });
      const said = await page.evaluate(() => {
        const copy = document.body.cloneNode(true);
        for (const foreign of copy.querySelectorAll('code, pre, .raw, [lang=en], .samples, .layer-step, .facts .facts, script')) foreign.remove();
        const labels = [...copy.querySelectorAll('[aria-label], [title], [placeholder]')].flatMap((element) => ['aria-label', 'title', 'placeholder'].map((name) => element.getAttribute(name) ?? ''));
        const pieces = [];
        const walk = document.createTreeWalker(copy, NodeFilter.SHOW_TEXT);
        while (walk.nextNode()) pieces.push(walk.currentNode.textContent);
        return [...pieces, ...labels].filter((text) => text.trim());
      });
      const isName = (text) => /^[\w./:@-]+$/.test(text.trim()) || text.includes('127.0.0.1') || text.startsWith('org.opencontainers');
      expect(said.filter((text) => english.test(text) && !isName(text))).toEqual([]);
      await expectAccessible(page);
      await expectNoSidewaysScroll(page);
    });
  }
});

test.describe('with reduced motion', () => {
  test.use({ contextOptions: { reducedMotion: 'reduce' } });
  test('nothing moves by itself', async ({ page, open, memory }) => {
    await page.route(`${memory.registry}/**`, () => {});
    await open(`/inspect/${memory.host}/samples/hello:latest`);
    await expect(page.locator('.skeleton').first()).toBeVisible();
    const moving = await page.evaluate(() => document.getAnimations().filter((animation) => animation.playState === 'running').length);
    expect(moving).toBe(0);
  });
});

test('the bar does not cover what the keyboard goes to', async ({ page, open, memory }) => {
  await page.setViewportSize({ width: 1280, height: 500 });
  await open(`/inspect/${memory.host}/samples/alpine:3.22`);
  await expect(page.getByTestId('raw-search')).toBeVisible();
  const links = page.locator('main').getByRole('link');
  await links.last().focus();
  const covered = [];
  for (let back = await links.count(); back > 0; back--) {
    await page.keyboard.press('Shift+Tab');
    covered.push(
      await page.evaluate(() => {
        const [element, bar] = [document.activeElement, document.querySelector('.bar')];
        const isCovered = !bar.contains(element) && element.getBoundingClientRect().top < bar.getBoundingClientRect().bottom;
        return isCovered && element.outerHTML;
      }),
    );
  }
  expect(covered.filter(Boolean)).toEqual([]);
});

test('where the system sets the colours, what is pressed and what is suggested are seen all the same', async ({ page, open, memory }) => {
  await page.emulateMedia({ forcedColors: 'active' });
  await open(`/inspect/${memory.host}/samples/webapp:1.4`);
  const grounds = (all) => all.evaluateAll((all) => new Set(all.map((one) => getComputedStyle(one).backgroundColor)).size);
  const ways = page.getByTestId('graph').locator('[aria-pressed]');
  await expect(ways).toHaveCount(2);
  expect(await grounds(ways)).toBe(2);
  await page.keyboard.press('Control+k');
  await page.getByTestId('open-input').fill('webapp');
  const options = page.getByRole('listbox', { name: 'Suggestions' }).getByRole('option');
  await expect(options).toHaveCount(2);
  await page.keyboard.press('ArrowDown');
  await expect.poll(() => grounds(options)).toBe(2);
});

test('a page without a secure context copies all the same', async ({ page, open, memory }) => {
  await page.addInitScript(() => {
    Object.defineProperty(window, 'isSecureContext', { value: false });
    document.addEventListener('copy', () => (window.copied = document.activeElement.value));
  });
  await open(`/inspect/${memory.host}/samples/hello:latest`);
  const digest = await page.getByTestId('manifest-digest').getAttribute('data-digest');
  await page.getByTestId('manifest-digest').getByRole('button').first().click();
  await expect.poll(() => page.evaluate(() => window.copied)).toBe(digest);
});

test('on a telephone the search button opens a dialog with its box, at its place and with the focus', async ({ page, open, memory }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await open('/lists');
  await page.getByTestId('open-anything').click();
  const input = page.getByTestId('open-input');
  await expect(input).toBeFocused();
  const [box, dialog] = [await input.boundingBox(), await page.getByTestId('open-dialog').boundingBox()];
  expect(box.width).toBeGreaterThan(250);
  expect(box.x + box.width).toBeLessThanOrEqual(dialog.x + dialog.width);
  await input.fill(`${memory.host}/samples/hello:latest`);
  await input.press('Enter');
  await expect(page.getByTestId('digest-verified')).toBeVisible();
});

test('Back closes the dialog that opens anything', async ({ page, open }) => {
  await open('/lists');
  await expect(page.getByTestId('new-list')).toBeVisible();
  await page.getByRole('link', { name: 'Registries' }).first().click();
  await expect(page.getByTestId('registry').first()).toBeVisible();
  await page.keyboard.press('Control+k');
  await expect(page.getByTestId('open-input')).toBeFocused();
  await page.goBack();
  await expect(page.getByTestId('new-list')).toBeVisible();
  await expect(page.locator('dialog[open]')).toHaveCount(0);
});

test('settings that never come keep nothing back for long', async ({ page, open }) => {
  await page.route(/config\.json/, () => {});
  await page.goto('about:blank');
  await open('/');
  await expect(page.getByTestId('settings-fault')).toContainText('has not sent it');
  await expect(page.getByTestId('reference-input')).toBeVisible();
});

test('settings that a server does not give are said, except where it has none', async ({ page, open }) => {
  for (const status of [502, 401, 404]) {
    await page.unroute('**/config.json');
    await page.route('**/config.json', (route) => route.fulfill({ status, contentType: 'text/html', body: '<html>' }));
    await page.goto('about:blank');
    await open('/');
    await expect(page.getByTestId('reference-input')).toBeVisible();
    const said = status === 404 ? [] : [new RegExp(`the server answered ${status}`)];
    await expect(page.getByTestId('settings-fault')).toHaveText(said);
  }
});

test('a setting that names no registry is said', async ({ page, open }) => {
  await page.route('**/config.json', (route) => route.fulfill({ contentType: 'application/json', body: '{"registries": ["ghcr.io", "https://quay.io/"]}' }));
  await open('/');
  await expect(page.getByTestId('settings-fault')).toContainText('registries[1], found "https://quay.io/"');
});

test('settings that cannot be read are said, and the app works with the defaults', async ({ page, open }) => {
  await page.route('**/config.json', (route) => route.fulfill({ contentType: 'application/json', body: '{"title": "Ours",}' }));
  await open('/');
  await expect(page.getByTestId('settings-fault')).toContainText('config.json');
  await expect(page.getByTestId('reference-input')).toBeVisible();
});

test('a page without a place of its own has a title of its own', async ({ page, open, memory }) => {
  for (const [path, title] of [
    ['/nowhere/at/all', 'There is no page at this address · Tallyman'],
    ['/import/broken', 'Import lists · Tallyman'],
  ]) {
    await open(`/explore/${memory.host}/samples/hello`);
    await expect(page).toHaveTitle(/samples\/hello/);
    await open(path);
    await expect(page).toHaveTitle(title);
  }
  await open('/nowhere/at/all');
  await expect(page.getByTestId('error')).toContainText('No page has the address #/nowhere/at/all.');
  await expect(page.getByTestId('error').getByRole('link')).toHaveText(['Go to the start page', 'Lists', 'Registries']);
});
