// Navigation: Back restores the page as it was left, another language changes words alone, a theme stays, and a sign-out ends the session.

import { build, entry } from './building.js';
import { startGateway, USERS } from './gateway.js';
import { putImage } from './images.js';
import { startDevRegistry } from './servers.js';
import { expect, test } from './test.js';

test('Back brings filter, order, selection and place of 2,000 tags back; so does a reload', async ({ page, open }) => {
  const large = await startDevRegistry('--synthetic', '10,2000');
  await open(`/explore/${large.host}/scale/many-tags`);
  await expect(page.getByTestId('count')).toHaveText('2,000 tags');
  await page.getByTestId('sort').selectOption('up');
  await page.getByTestId('filter').fill('t0001');
  await expect(page.getByTestId('count')).toHaveText('1,000 of 2,000 tags');
  await page.locator('[data-tag=t0001001]').click();
  await page.locator('[data-tag=t0001003]').click();
  await page.locator('.window').evaluate((list) => (list.scrollTop = 9000));
  const row = page.locator('[data-row]').nth(10);
  // The rows of that place, not those that stood there before.
  await expect(row).not.toHaveAttribute('data-tag', 't0001010');
  const tag = await row.getAttribute('data-tag');
  const top = await page.locator('.window').evaluate((list) => list.scrollTop);
  await row.getByTestId('tag').click();
  await expect(page.getByTestId('digest-verified')).toBeVisible();

  const isBack = async () => {
    await expect(page.getByTestId('filter')).toHaveValue('t0001');
    await expect(page.getByTestId('sort')).toHaveValue('up');
    await expect(page.getByTestId('count')).toHaveText('1,000 of 2,000 tags');
    await expect(page.locator(`[data-tag=${tag}]`)).toBeInViewport();
    expect(await page.locator('.window').evaluate((list) => list.scrollTop)).toBe(top);
    await expect(page.getByTestId('actions')).toContainText('2');
  };
  await page.goBack();
  await isBack();
  await page.reload();
  await isBack();

  // A page that is opened anew begins anew.
  await open('/');
  await open(`/explore/${large.host}/scale/many-tags`);
  await expect(page.getByTestId('count')).toHaveText('2,000 tags');
  await expect(page.getByTestId('filter')).toHaveValue('');
  await large.stop();
});

test('Back brings folds and the place on the page back, and a new page begins at its top', async ({ page, open, memory }) => {
  await page.setViewportSize({ width: 1280, height: 500 });
  // Its own: what other tests put into theirs would push the samples out of sight.
  const samples = await startDevRegistry('--samples');
  await open(`/explore/${samples.host}`);
  await page.getByRole('treeitem', { name: /^samples/ }).first().click();
  const hello = page.getByRole('treeitem', { name: 'samples/hello', exact: true });
  await expect(hello).toHaveCount(0);
  await page.getByRole('link', { name: 'Registries' }).first().click();
  await page.goBack();
  await expect(page.getByRole('treeitem', { name: /^samples/ }).first()).toHaveAttribute('aria-expanded', 'false');
  await expect(hello).toHaveCount(0);
  await samples.stop();

  await open(`/inspect/${memory.host}/samples/webapp:1.4`);
  await expect(page.getByTestId('graph')).toBeVisible();
  await page.getByRole('button', { name: 'Tree' }).click();
  await page.getByTestId('raw-fold').first().selectOption({ index: 1 });
  const link = page.getByTestId('platform-digest').first();
  const scrolled = () => page.evaluate(() => scrollY);
  const top = await scrolled();
  await page.mouse.wheel(0, 700);
  await expect.poll(scrolled).toBeGreaterThan(Math.max(top, 1000));
  // The wheel moves the page for some time.
  let before;
  await expect.poll(async () => before === (before = await scrolled())).toBe(true);
  await link.evaluate((element) => element.click());
  await expect(page.getByTestId('layer-row').first()).toBeVisible();
  await expect.poll(scrolled).toBe(0);
  await page.goBack();
  await expect(page.getByTestId('graph')).toBeVisible();
  await expect.poll(scrolled).toBe(before);
  await expect(page.getByRole('button', { name: 'Tree' })).toHaveAttribute('aria-pressed', 'true');
  await expect(page.getByTestId('raw-fold').first()).not.toHaveValue('0');
});

/** Sends a catalog of `pages` pages, 40 repositories each. Those behind the page `until` wait. */
async function sendCatalog(page, registry) {
  const catalog = { pages: 12, until: Infinity };
  await page.route(`${registry}/v2/_catalog*`, async (route) => {
    const number = Number(new URL(route.request().url()).searchParams.get('last') ?? 0) + 1;
    await expect.poll(() => number <= catalog.until).toBe(true);
    const headers = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'Link' };
    if (number < catalog.pages) headers.link = `</v2/_catalog?n=40&last=${number}>; rel="next"`;
    await route.fulfill({ headers, json: { repositories: Array.from({ length: 40 }, (_, at) => `page-${number}-${at}`) } });
  });
  return catalog;
}

const place = (page) => page.locator('.window').evaluate((list) => list.scrollTop);

/** Leaves a list of 480 repositories far down, for one of them. */
async function leaveFarDown(page, open, memory) {
  await open(`/explore/${memory.host}`);
  await expect(page.getByTestId('count')).toHaveText('480 repositories');
  await page.locator('.window').evaluate((list) => (list.scrollTop = list.scrollHeight));
  const last = page.getByRole('treeitem', { name: 'page-12-39' });
  await expect(last).toBeVisible();
  await last.getByRole('link').click();
  await expect(page.getByTestId('error')).toBeVisible();
}

test('Back to a list that comes slowly goes to its place, until somebody scrolls', async ({ page, open, memory }) => {
  const catalog = await sendCatalog(page, memory.registry);
  await leaveFarDown(page, open, memory);
  catalog.until = 1;
  await page.goBack();
  const count = (number) => expect(page.getByTestId('count')).toContainText(`${number} repositories`);
  await count(40);
  const top = await place(page);
  // An earlier answer is drawn with the next page.
  await page.waitForTimeout(300);
  catalog.until = 2;
  await count(80);
  await expect.poll(() => place(page)).toBeGreaterThan(top);

  await page.locator('.window').hover();
  const before = await place(page);
  await page.mouse.wheel(0, -300);
  await expect.poll(() => place(page)).toBeLessThan(before);
  let chosen;
  await expect.poll(async () => chosen === (chosen = await place(page))).toBe(true);
  catalog.until = Infinity;
  await count(480);
  expect(await place(page)).toBe(chosen);
});

test('Back to a list that has become shorter holds no place in it', async ({ page, open, memory }) => {
  const catalog = await sendCatalog(page, memory.registry);
  await leaveFarDown(page, open, memory);
  catalog.pages = 2;
  await page.goBack();
  const count = page.getByTestId('count');
  await expect(count).toHaveText('80 repositories');
  await expect.poll(() => place(page)).toBeGreaterThan(0);
  await page.getByTestId('filter').fill('page-1');
  await expect(count).toHaveText('40 of 80 repositories');
  await page.locator('.window').evaluate((list) => (list.scrollTop = 0));
  await page.getByTestId('filter').fill('');
  await expect(count).toHaveText('80 repositories');
  expect(await place(page)).toBe(0);
  // The new place is kept.
  await page.locator('.window').evaluate((list) => (list.scrollTop = 200));
  await page.getByRole('treeitem', { name: /^page-1-/ }).nth(12).getByRole('link').click();
  await expect(page.getByTestId('error')).toBeVisible();
  await page.goBack();
  await expect.poll(() => place(page)).toBe(200);
});

test('another language changes words, and nothing else', async ({ page, open, memory, server, complaints }) => {
  await open(`/explore/${memory.host}/samples/hello`);
  await page.getByTestId('filter').fill('la');
  await page.locator('[data-tag=latest]').click();
  await page.getByTestId('reference-input').fill('half-typed');
  await expect(page.locator('.skeleton')).toHaveCount(0);
  await page.waitForLoadState('networkidle');
  let asked = 0;
  page.on('request', (request) => (asked += request.url().startsWith(memory.registry)));
  await page.getByTestId('language').selectOption('es');
  await expect(page.getByTestId('count')).toContainText('1 de 6');
  await expect(page.getByTestId('filter')).toHaveValue('la');
  await expect(page.getByTestId('reference-input')).toHaveValue('half-typed');
  await expect(page.locator('[data-tag=latest]')).toHaveAttribute('aria-selected', 'true');
  expect(asked).toBe(0);

  const image = `${server.host}/place/app:1`;
  await putImage(server, 'place/app', '1', { os: 'linux', architecture: 'amd64' });
  await build(page, open, `${server.host}/place/app:list`, [image]);
  await entry(page, image).getByTestId('more').click();
  await page.getByTestId('add-input').fill('not yet added');
  await page.getByTestId('language').selectOption('en');
  await expect(page.getByTestId('add-button')).toContainText('Add');
  await expect(page.getByTestId('add-input')).toHaveValue('not yet added');
  await expect(page.getByTestId('os-version')).toBeVisible();

  await open('/command');
  const line = page.getByTestId('command-input');
  await line.fill('tallyman insp');
  await page.getByTestId('language').selectOption('es');
  await expect(page).toHaveTitle(/^Línea de/);
  await expect(line).toHaveValue('tallyman insp');
  expect(complaints).toEqual([]);
});

test('what is typed on any page stays in another language', async ({ page, open, memory }) => {
  const image = `${memory.host}/samples/hello:latest`;
  for (const [path, ready] of [
    [`/inspect/${image}`, '[data-testid=raw-search]'],
    [`/explore/${memory.host}/samples/hello`, '[data-tag=latest] time'],
    ['/lists', '[data-testid=new-list]'],
    [`/build/${memory.host}/place/typed:1`, '[data-testid=add-input]'],
    ['/command', '[data-testid=command-input]'],
    [`/copy/${image}`, 'main input'],
    [`/compare/${image}|${memory.host}/samples/hello:arm64`, '[data-testid=compare-form] input'],
  ]) {
    await open(path);
    await page.locator(ready).first().waitFor();
    const fields = page.locator('main, header').locator('input[type=text], input[type=search], textarea').filter({ visible: true });
    const count = await fields.count();
    expect(count, path).toBeGreaterThan(0);
    for (let at = 0; at < count; at++) await fields.nth(at).fill(`typed ${at}`);
    const typed = () => fields.evaluateAll((all) => all.map((field) => field.value));
    const before = await typed();
    await page.getByTestId('language').selectOption('es');
    await expect(page.locator('html')).toHaveAttribute('lang', 'es');
    expect(await typed(), path).toEqual(before);
    await page.getByTestId('language').selectOption('en');
    await expect(page.locator('html')).toHaveAttribute('lang', 'en');
    expect(await typed(), path).toEqual(before);
  }
});

test('an explanation changes its language, too', async ({ page, open, memory }) => {
  await open(`/inspect/${memory.host}/samples/nothing:1`);
  await expect(page.getByTestId('error')).toContainText('has no');
  await page.getByTestId('language').selectOption('es');
  await expect(page.getByTestId('error')).toContainText('no tiene');
});

test('a theme is chosen beside the language, and stays', async ({ page, open, memory }) => {
  await page.emulateMedia({ colorScheme: 'light' });
  await open('/');
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.getByTestId('theme').selectOption('dark');
  await expect.poll(ground).not.toBe(light);
  await page.reload();
  await expect(page.getByTestId('theme')).toHaveValue('dark');
  await expect.poll(ground).not.toBe(light);
  await page.getByTestId('theme').selectOption('auto');
  await expect.poll(ground).toBe(light);
  await page.getByTestId('theme').selectOption('light');
  await page.emulateMedia({ colorScheme: 'dark' });
  expect(await ground()).toBe(light);
});

test.describe('at a gateway with sessions', () => {
  test.use({ httpCredentials: { username: 'user', password: 'secret' } });

  test('signing out ends the session, and nothing is kept behind it', async ({ page, memory }) => {
    const gateway = await startGateway(`[sign_in]\nhtpasswd = 'FOLDER/users'\n[[registries]]\nname = 'lab'\nurl = '${memory.registry}'`, { users: USERS });
    await page.goto(gateway.url);
    await expect(page.getByTestId('gateway-sign-out')).toBeVisible();
    // Content that was seen, a filter, a manifest that was pasted, credentials of a registry, a layer that was read; a local list
    // is the person's own.
    await page.goto(`${gateway.url}/#/explore/${memory.host}/samples/hello`);
    await page.getByTestId('filter').fill('amd');
    await expect(page.locator('[data-tag=amd64]')).toBeVisible();
    await page.goto(`${gateway.url}/#/inspect/${memory.host}/samples/hello:amd64`);
    await expect(page.getByTestId('config-section')).toBeVisible();
    await expect.poll(() => page.evaluate(async () => (await (await caches.open('tallyman-content-1')).keys()).length)).toBeGreaterThan(0);
    await page.goto(`${gateway.url}/#/registries`);
    await page.evaluate(async (host) => {
      for (const store of [localStorage, sessionStorage]) store.setItem(`credentials ${host}`, '{"user":"ann","password":"pw"}');
      sessionStorage.setItem('tallyman.pasted.sha256:1', '{}');
      localStorage.setItem('own', 'kept');
      await (await caches.open('tallyman-layers-1')).put(`https://content.invalid/${host}/app/sha256:1`, new Response('layer'));
      await (await caches.open('tallyman-settings@/')).put('config.json', new Response('{}'));
    }, memory.host);
    const kinds = /^(credentials|last-seen|recent|tallyman\.pasted|entry \d+ filter)/;
    const stored = async () => {
      const names = await page.evaluate(() => Object.keys({ ...localStorage, ...sessionStorage }));
      return [...new Set(names.map((name) => kinds.exec(name)?.[1].replace(/ .*/, '')).filter(Boolean))].sort();
    };
    expect(await stored()).toEqual(['credentials', 'entry', 'last-seen', 'recent', 'tallyman.pasted']);
    const [session] = (await page.context().cookies()).filter(({ name }) => name.includes('tallyman-session'));
    const ended = page.waitForResponse((response) => response.url().endsWith('/sign-out'));
    const left = page.waitForEvent('domcontentloaded');
    await page.getByTestId('gateway-sign-out').click();
    expect((await ended).status()).toBe(204);
    await left;
    expect(await stored()).toEqual([]);
    expect(await page.evaluate(() => localStorage.getItem('own'))).toBe('kept');
    const kept = await page.evaluate(async () => {
      const texts = [];
      for (const name of (await caches.keys()).filter((name) => /^tallyman-(content|layers|settings)/.test(name))) {
        const cache = await caches.open(name);
        for (const request of await cache.keys()) texts.push(`${name} ${await (await cache.match(request)).text()}`);
      }
      return texts;
    });
    // The page that came back may have been sent its settings anew.
    expect(kept.filter((text) => !/^tallyman-settings@\/ \{"/.test(text))).toEqual([]);
    const held = await fetch(`${gateway.url}/config.json`, { headers: { cookie: `${session.name}=${session.value}` } });
    expect(held.status).toBe(401);
    await gateway.stop();
  });
});

test('an app without sessions has no sign-out', async ({ page, open }) => {
  await open('/');
  await expect(page.getByTestId('theme')).toBeVisible();
  await expect(page.getByTestId('gateway-sign-out')).toHaveCount(0);
});
