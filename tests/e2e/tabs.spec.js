// Two tabs write or push the same local list at the same time.

import { readFile } from 'node:fs/promises';

import { build, pushed } from './building.js';
import { putImage } from './images.js';
import { expect, inProject, test } from './test.js';

const origin = 'http://tabs.test';
const types = { js: 'text/javascript', wasm: 'application/wasm' };

test('a list that two tabs write 500 times each is one that one of them wrote whole', async ({ context }) => {
  await context.route(`${origin}/**`, async (route) => {
    const name = new URL(route.request().url()).pathname.slice(1);
    if (!name) return route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>A tab</title>' });
    const body = await readFile(inProject(`target/e2e-tab/${name}`));
    return route.fulfill({ contentType: types[name.split('.').pop()], body });
  });
  const tabs = await Promise.all([context.newPage(), context.newPage()]);
  for (const tab of tabs) {
    await tab.goto(`${origin}/`);
    await tab.evaluate(async () => {
      window.store = await import('/tab.js');
      await window.store.default();
    });
  }
  for (let round = 0; round < 10; round++) {
    await Promise.all(tabs.map((tab, number) => tab.evaluate((number) => window.store.write(number, 50), number)));
    const writer = await tabs[round % 2].evaluate(() => window.store.writer(2));
    expect([0, 1]).toContain(writer);
  }
});

test('a list that another tab pushes is not pushed a second time until that has ended', async ({ context, page, open, server }) => {
  await putImage(server, 'tabs/image', '1', { os: 'linux', architecture: 'amd64' });
  const held = [];
  await page.route(/\/v2\/tabs\/app\/manifests\/1/, (route) => (route.request().method() === 'PUT' ? held.push(route) : route.continue()));
  await build(page, open, `${server.host}/tabs/app:1`, [`${server.host}/tabs/image:1`]);
  await page.getByRole('link', { name: 'Push…' }).click();
  await expect(page.getByTestId('push-start')).toBeEnabled();
  const [before, after] = [await context.newPage(), await context.newPage()];
  await before.goto(page.url());
  await expect(before.getByTestId('push-start')).toBeEnabled();
  await page.getByTestId('push-start').click();
  await expect.poll(() => held.length).toBe(1);

  await after.goto(page.url());
  await before.getByTestId('push-start').click();
  for (const other of [before, after]) {
    await expect(other.getByTestId('push-standing')).toHaveText('Another push or copy to this reference is running.');
    await expect(other.getByTestId('push-start')).toHaveCount(0);
    await expect(other.getByTestId('interrupted')).toHaveCount(0);
    await expect(other.getByTestId('push-state')).toHaveCount(0);
  }
  await held[0].continue();
  await pushed(page);
  for (const other of [before, after]) {
    await expect(other.getByTestId('push-standing')).toContainText('already is exactly this list');
    await expect(other.getByTestId('push-start')).toBeEnabled();
  }

  // A tab that is closed in the middle leaves the rest to the others.
  await page.getByRole('button', { name: 'Push again' }).click();
  await page.getByTestId('push-skip').uncheck();
  await page.getByTestId('push-start').click();
  await expect.poll(() => held.length).toBe(2);
  await after.reload();
  await expect(after.getByTestId('push-standing')).toHaveText('Another push or copy to this reference is running.');
  await page.close();
  await expect(after.getByTestId('interrupted')).toBeVisible();
  await after.getByTestId('push-start').click();
  await pushed(after);
});

test('a list that another tab renames or removes is told of as that, with the way to it', async ({ context, page, open, server }) => {
  await putImage(server, 'tabs/gone', '1', { os: 'linux', architecture: 'amd64' });
  const [list, renamed] = ['v1', 'v2'].map((tag) => `${server.host}/tabs/gone:${tag}`);
  await build(page, open, list, [`${server.host}/tabs/gone:1`]);
  const other = await context.newPage();
  await other.goto(`${new URL(page.url()).origin}/#/lists`);
  const row = (name) => other.locator(`[data-testid=list][data-name="${name}"]`);
  await row(list).getByTestId('rename').click();
  await other.getByTestId('new-name').fill(renamed);
  await other.getByTestId('new-name').press('Enter');
  const gone = page.getByTestId('list-gone');
  await expect(gone).toContainText(`${list} was removed or renamed.`);
  await expect(page.getByText('No images yet.')).toHaveCount(0);
  await gone.getByRole('link', { name: renamed }).click();
  await expect(page.getByTestId('entry')).toHaveCount(1);
  await expect(gone).toHaveCount(0);
  await row(renamed).getByTestId('remove-list').click();
  await expect(gone).toContainText(`${renamed} was removed or renamed.`);
  await expect(gone.getByRole('link')).toHaveText(['Local lists']);
  await other.getByTestId('toast').getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByTestId('entry')).toHaveCount(1);
  await expect(gone).toHaveCount(0);
});

test('a copy to a reference that another tab copies to is not made at the same time', async ({ context, page, open, server }) => {
  await putImage(server, 'tabs/copied', '1', { os: 'linux', architecture: 'amd64' });
  const held = [];
  await page.route(/\/v2\/tabs\/copied\/manifests\/2/, (route) => (route.request().method() === 'PUT' ? held.push(route) : route.continue()));
  await open(`/copy/${server.host}/tabs/copied:1|${server.host}/tabs/copied:2`);
  const other = await context.newPage();
  await other.goto(page.url());
  for (const tab of [page, other]) {
    await tab.getByTestId('copy-plan').click();
    await expect(tab.getByTestId('copy-start')).toBeVisible();
  }
  await page.getByTestId('copy-start').click();
  await expect.poll(() => held.length).toBe(1);
  await other.getByTestId('copy-start').click();
  await expect(other.getByTestId('copy-failed')).toContainText(`another push or copy to ${server.host}/tabs/copied:2 is running`);
  await held[0].continue();
  await expect(page.getByTestId('copy-done')).toBeVisible();
  await other.getByRole('button', { name: 'Retry' }).click();
  await expect(other.getByTestId('copy-same')).toBeVisible();
});

test('saving the settings of a registry changes what was changed in its form, and undoes nothing that another tab has set meanwhile', async ({ context, page, open }) => {
  await open('/registries');
  const other = await context.newPage();
  await other.goto(page.url());
  const card = (tab) => tab.locator('[data-host="lab.example"]');
  const settings = (tab) => card(tab).getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Add a registry' }).click();
  await page.locator('input[name=host]').fill('lab.example');
  await page.getByRole('button', { name: 'Save' }).click();

  await settings(page);
  await page.locator('input[name=gateway]').fill('https://one.example/');
  await settings(other);
  await other.locator('input[name=gateway]').fill('https://two.example/');
  await other.locator('input[name=read-only]').check();
  await other.getByRole('button', { name: 'Save' }).click();
  await expect(card(page)).toContainText('read only');
  await expect(page.locator('input[name=gateway]')).toHaveValue('https://one.example/');
  await page.getByRole('button', { name: 'Save' }).click();
  for (const tab of [page, other]) {
    await expect(tab.locator('dialog[open]')).toHaveCount(0);
    await expect(card(tab)).toContainText('read only');
    await settings(tab);
    await expect(tab.locator('input[name=gateway]')).toHaveValue('https://one.example/');
    await expect(tab.locator('input[name=read-only]')).toBeChecked();
  }
});
