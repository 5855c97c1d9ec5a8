// All local lists: named, copied, removed and brought back, handed on.

import { readFile } from 'node:fs/promises';

import { build } from './building.js';
import { putImage } from './images.js';
import { expect, expectAccessible, expectNoSidewaysScroll, test } from './test.js';

test.use({ kind: 'distribution' });

/** A list with two images, built in the page. */
async function aList(page, open, server, repo, tag = '1') {
  const images = ['amd64', 'arm64'].map((tag) => `${server.host}/${repo}:${tag}`);
  await putImage(server, repo, 'amd64', { os: 'linux', architecture: 'amd64' });
  await putImage(server, repo, 'arm64', { os: 'linux', architecture: 'arm64' });
  const list = `${server.host}/${repo}:${tag}`;
  await build(page, open, list, images);
  return list;
}

const row = (page, name) => page.locator(`[data-testid=list][data-name="${name}"]`);

test('lists are renamed, duplicated, removed, and brought back', async ({ page, open, server }) => {
  const list = await aList(page, open, server, 'lists/app');
  const digest = await page.getByTestId('list-digest').getAttribute('data-digest');
  await open('/lists');
  await expect(row(page, list)).toContainText('2 entries');
  await expect(row(page, list)).toContainText('linux/arm64');
  await expect(row(page, list).getByTestId('list-state')).toHaveText('not pushed');

  const copy = `${server.host}/lists/copy:1`;
  await row(page, list).getByTestId('duplicate').click();
  await page.getByRole('dialog').getByTestId('new-name').fill(list);
  await page.getByTestId('new-name').press('Enter');
  await expect(page.getByRole('dialog').getByRole('alert')).toContainText('already');
  await page.getByTestId('new-name').fill(copy);
  await page.getByTestId('new-name').press('Enter');
  await expect(row(page, copy)).toContainText('2 entries');

  const renamed = `${server.host}/lists/other:2`;
  await row(page, list).getByTestId('rename').click();
  await page.getByTestId('new-name').fill(renamed);
  await page.getByTestId('new-name').press('Enter');
  await expect(row(page, renamed)).toBeVisible();
  await expect(row(page, list)).toHaveCount(0);

  await row(page, renamed).getByTestId('remove-list').click();
  await expect(row(page, renamed)).toHaveCount(0);
  await page.getByTestId('toast').getByRole('button', { name: 'Undo' }).click();
  await row(page, renamed).getByRole('link', { name: renamed }).click();
  await expect(page.getByTestId('list-digest')).toHaveAttribute('data-digest', digest);
});

test('a list goes out as a file, an archive and a link, and comes back the same, without credentials', async ({ page, open, server, browser, memory }) => {
  const list = await aList(page, open, server, 'handed/app');
  const digest = await page.getByTestId('list-digest').getAttribute('data-digest');
  await open('/lists');
  const [file] = await Promise.all([page.waitForEvent('download'), row(page, list).getByTestId('export').click()]);
  const [archive] = await Promise.all([page.waitForEvent('download'), page.getByTestId('export-all').click()]);
  expect(archive.suggestedFilename()).toBe('tallyman-lists.zip');
  await row(page, list).getByTestId('link').click();
  const address = await page.getByTestId('link-address').textContent();
  expect(address.length).toBeLessThan(6000);

  for (const bring of [
    async (other) => {
      await other.goto(`${memory.app}#/lists`);
      await other.getByTestId('import-files').setInputFiles(await file.path());
    },
    async (other) => {
      await other.goto(`${memory.app}#/lists`);
      await other.getByTestId('import-files').setInputFiles(await archive.path());
    },
    (other) => other.goto(address),
  ]) {
    const context = await browser.newContext();
    const other = await context.newPage();
    await bring(other);
    await expect(other.getByTestId('offer-name')).toHaveValue(list);
    await other.getByTestId('import-button').click();
    await other.getByRole('link', { name: list }).click();
    await expect(other.getByTestId('list-digest')).toHaveAttribute('data-digest', digest);
    await context.close();
  }
  const text = await readFile(await file.path(), 'utf8');
  expect(text).toMatch(/^\{"tallyman":1,/);
  expect(text).not.toMatch(/auth|password|token/i);

  await page.goto(address.slice(0, -40));
  await expect(page.getByTestId('link-broken')).toBeVisible();
});

test('a folder is dropped onto the page', async ({ page, open, server }) => {
  const list = await aList(page, open, server, 'dropped/app');
  await open('/lists');
  const [file] = await Promise.all([page.waitForEvent('download'), row(page, list).getByTestId('export').click()]);
  await row(page, list).getByTestId('remove-list').click();
  await expect(row(page, list)).toHaveCount(0);
  const text = await readFile(await file.path(), 'utf8');
  // A drop that a script makes has files but no folders: the browser gives those to people alone.
  await page.evaluate((text) => {
    const data = new DataTransfer();
    data.items.add(new File([text], 'list.json'));
    document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
  }, text);
  await expect(page.getByTestId('offer-name')).toHaveValue(list);
  await page.getByTestId('import-button').click();
  await expect(row(page, list)).toContainText('2 entries');
});

test('a newer version of the database, and a full disk, are told as such', async ({ page, open, server }) => {
  await open('/lists');
  await expect(page.getByTestId('no-lists')).toBeVisible();
  await page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const opening = indexedDB.open('tallyman', 99);
        opening.onsuccess = () => {
          opening.result.close();
          resolve();
        };
        opening.onerror = reject;
      }),
  );
  await page.reload();
  await expect(page.getByTestId('store-failed')).toContainText('a newer one');

  await page.evaluate(() => indexedDB.deleteDatabase('tallyman'));
  await page.addInitScript(() => {
    IDBObjectStore.prototype.put = function () {
      throw new DOMException('no room', 'QuotaExceededError');
    };
  });
  await putImage(server, 'full/app', 'amd64', { os: 'linux', architecture: 'amd64' });
  await page.goto('about:blank');
  await open(`/build/${server.host}/full/app:1`);
  await page.getByTestId('add-input').fill(`${server.host}/full/app:amd64`);
  await page.getByTestId('add-button').click();
  await expect(page.getByTestId('pending').getByRole('alert')).toContainText('storage full');
});

test('a tab that holds an older database is waited for, and the page says so', async ({ context, page, open, memory }) => {
  const older = await context.newPage();
  await older.goto(`${memory.app}config.json`);
  await older.evaluate(
    () =>
      new Promise((resolve) => {
        const opening = indexedDB.open('tallyman', 1);
        opening.onupgradeneeded = () => ['lists', 'entries'].forEach((name) => opening.result.createObjectStore(name));
        opening.onsuccess = () => {
          window.held = opening.result;
          resolve();
        };
      }),
  );
  await open('/lists');
  await expect(page.getByTestId('blocked')).toBeVisible();
  await older.evaluate(() => window.held.close());
  await expect(page.getByTestId('no-lists')).toBeVisible();
});

for (const colorScheme of ['light', 'dark']) {
  test(`the page of lists is accessible and fits, ${colorScheme}`, async ({ page, open, server }) => {
    await page.emulateMedia({ colorScheme });
    await open('/lists');
    await expect(page.getByTestId('no-lists')).toBeVisible();
    await expectAccessible(page);
    await aList(page, open, server, `look/${colorScheme}`);
    await open('/lists');
    await expect(page.getByTestId('list')).toHaveCount(1);
    await expectAccessible(page);
    await page.setViewportSize({ width: 390, height: 844 });
    await expectNoSidewaysScroll(page);
    await expectAccessible(page);
  });
}
