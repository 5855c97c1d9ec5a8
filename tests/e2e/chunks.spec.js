// The app comes in chunks: the frame and the start page first, the rest when an address needs it.

import { expect, test } from './test.js';

/** The chunks that the page asks for, by name. */
function chunksOf(page) {
  const asked = new Set();
  page.on('request', (request) => {
    const chunk = /\/split_(\w+)-[0-9a-f]+\.wasm$/.exec(new URL(request.url()).pathname);
    if (chunk) asked.add(chunk[1]);
  });
  return () => [...asked].sort();
}

test('a chunk is loaded when an address needs it, and once', async ({ page, open, memory, complaints }) => {
  const chunks = chunksOf(page);
  const reference = `${memory.host}/samples/hello:latest`;
  await open('/');
  await expect(page.getByTestId('sample-link').first()).toBeVisible();
  expect(chunks()).toEqual([]);

  await page.evaluate((reference) => (location.hash = `/inspect/${reference}`), reference);
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  expect(chunks()).toEqual(['inspect']);

  await page.evaluate((two) => (location.hash = `/compare/${two}`), `${reference}|${reference}`);
  await expect(page.getByTestId('compare-row').first()).toBeVisible();
  await expect(page.getByTestId('digest-verified')).toBeHidden();
  expect(chunks()).toEqual(['inspect', 'lists']);

  await page.evaluate(() => (location.hash = '/command'));
  await expect(page.getByTestId('command-input')).toBeVisible();
  expect(chunks()).toEqual(['command', 'inspect', 'lists']);
  await page.goBack();
  await expect(page.getByTestId('compare-row').first()).toBeVisible();

  let again = 0;
  page.on('request', (request) => (again += /\.wasm$/.test(request.url())));
  await page.getByRole('link', { name: 'Tallyman' }).click();
  await expect(page.getByTestId('sample-link').first()).toBeVisible();
  await page.goBack();
  await expect(page.getByTestId('compare-row').first()).toBeVisible();
  await page.goBack();
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  expect(again).toBe(0);
  expect(complaints).toEqual([]);
});

test('a chunk that cannot be had is said, and tried again when somebody wishes', async ({ page, open, memory }) => {
  await open('/');
  await expect(page.getByTestId('sample-link').first()).toBeVisible();
  await page.route('**/split_explore-*.wasm', (route) => route.abort());
  await page.evaluate((host) => (location.hash = `/explore/${host}`), memory.host);
  const error = page.locator('[data-code="not-loaded"]');
  await expect(error).toBeVisible();

  // Other pages are as they were, and the failure stays with its own.
  await page.getByRole('link', { name: 'Registries' }).first().click();
  await expect(error).toBeHidden();
  await page.goBack();
  await expect(error).toBeVisible();
  await page.unroute('**/split_explore-*.wasm');
  await error.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('tree', { name: 'Repositories' })).toBeVisible();
});

test('whenever a chunk comes, its pages have what surrounds them', async ({ browser, memory }) => {
  // Before, between or after the steps in which the frame is drawn, which are made longer here.
  const delays = Array.from({ length: 8 }, (_, at) => at * 100);
  const context = await browser.newContext();
  await Promise.all(
    delays.map(async (delay) => {
      const page = await context.newPage();
      await page.addInitScript(() => (globalThis.scheduler.yield = () => new Promise((resolve) => setTimeout(resolve, 200))));
      await page.route('**/split_lists-*.wasm', async (route) => {
        await new Promise((resolve) => setTimeout(resolve, delay));
        await route.continue();
      });
      await page.goto(`${memory.app}#/lists`);
      await expect(page.getByTestId('import-files')).toBeAttached();
    }),
  );
  await context.close();
});

test('a chunk that comes for a page leaves what is around the page as it is', async ({ page, open }) => {
  await open('/registries');
  await page.getByRole('button', { name: 'Add a registry' }).click();
  await page.locator('input[name=host]').fill('lab.example:5000');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.locator('[data-host="lab.example:5000"]').getByRole('button', { name: 'Remove' }).click();
  await expect(page.getByTestId('toast')).toBeVisible();
  await page.getByTestId('reference-input').fill('half-typed');
  await page.evaluate(() => (window.before = document.querySelector('header.bar')));
  await page.evaluate(() => (location.hash = '/lists'));
  await expect(page.getByTestId('import-files')).toBeAttached();
  await page.evaluate(() => (location.hash = '/command'));
  await expect(page.getByTestId('command-input')).toBeVisible();
  expect(await page.evaluate(() => window.before === document.querySelector('header.bar'))).toBe(true);
  await expect(page.getByTestId('reference-input')).toHaveValue('half-typed');
  await expect(page.getByTestId('toast').getByRole('button', { name: 'Undo' })).toBeVisible();
});

test('a chunk that comes for a page that was left leaves the page that is shown as it is', async ({ page, open, memory }) => {
  await open(`/explore/${memory.host}/samples/hello`);
  await expect(page.getByTestId('filter')).toBeVisible();
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await page.route('**/split_lists-*.wasm', async (route) => {
    await held;
    await route.continue();
  });
  await page.getByRole('link', { name: 'Lists', exact: true }).click();
  await expect(page.getByTestId('loading')).toBeVisible();
  await page.goBack();
  const filter = page.getByTestId('filter');
  await filter.fill('la');
  const element = await filter.elementHandle();
  const come = page.waitForResponse(/split_lists-.*\.wasm$/);
  release();
  await (await come).finished();
  // Until it would have been drawn.
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 500)));
  await expect(filter).toBeFocused();
  expect(await element.evaluate((element) => element.isConnected)).toBe(true);
  await page.getByRole('link', { name: 'Lists', exact: true }).click();
  await expect(page.getByTestId('import-files')).toBeAttached();
});

for (const [what, answer] of Object.entries({
  'is missing': { status: 404, body: 'not found' },
  'is answered with the start page': { status: 200, contentType: 'text/html', body: '<!doctype html><title>Tallyman</title>' },
  'is cut short': { status: 200, contentType: 'application/wasm', body: Buffer.from([0, 97, 115, 109, 1, 0, 0]) },
})) {
  test(`a page whose program ${what} says so`, async ({ page, open }) => {
    await page.route(/tallyman-web[^/]*\.wasm$/, (route) => route.fulfill(answer));
    await open('/');
    const error = page.locator('[data-code="not-started"]');
    await expect(error).toContainText('The app could not be loaded');
    await page.unroute(/tallyman-web[^/]*\.wasm$/);
    await error.getByRole('button', { name: 'Reload' }).click();
    await expect(page.getByTestId('reference-input')).toBeVisible();
  });
}

test('a page without even its first script says so after some seconds', async ({ page, open }) => {
  await page.route(/start\.js/, (route) => route.fulfill({ status: 404, body: 'gone' }));
  await open('/');
  const late = page.getByTestId('late');
  await expect(late).toBeHidden();
  await expect(late).toBeVisible({ timeout: 25_000 });
  await expect(late).toContainText('Reload the page');
});

test('a browser without WebAssembly is told', async ({ page, open }) => {
  await page.addInitScript(() => delete globalThis.WebAssembly);
  await open('/');
  await expect(page.locator('[data-code="no-webassembly"]')).toContainText('does not run WebAssembly');
});
