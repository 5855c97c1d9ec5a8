// The files of an image: read in the tab, as layers stream.

import { expect, test } from './test.js';

const row = (page, path) => page.locator(`[data-testid="file-row"][data-path="${path}"]`);
const whole = (page) => expect(page.getByTestId('files-whole')).toBeAttached({ timeout: 30_000 });

/** Opens the files of an image and waits until all layers are read. */
async function openFiles(page, open, reference, query = '') {
  await open(`/files/${reference}${query}`);
  await whole(page);
}

for (const kind of ['memory', 'distribution']) {
  test.describe(`on ${kind}`, () => {
    test.use({ kind });

    test('an image has a tree of files, with sizes, layers and the steps that made them', async ({ page, open, server, complaints }) => {
      await open(`/inspect/${server.host}/samples/files:1?platform=linux/amd64`);
      await page.getByTestId('files-link').click();
      await whole(page);
      await expect(page.getByTestId('files-number')).toHaveText('2,425');
      await expect(row(page, 'opt')).toContainText('7 files');
      await row(page, 'opt').click();
      await row(page, 'opt/app').click();
      await expect(row(page, 'opt/app/requests.log')).toContainText('COPY app /opt/app');
      await expect(row(page, 'opt/app')).toHaveAttribute('aria-level', '2');
      await expect(row(page, 'opt/app')).toHaveAttribute('aria-expanded', 'true');
      expect(complaints).toEqual([]);
    });
  });
}

test('files are searched as one types, and the address has what is searched', async ({ page, open, memory }) => {
  await openFiles(page, open, `${memory.host}/samples/files:1`);
  await page.getByTestId('files-search').fill('OS-REL');
  await expect(page.getByTestId('files-count')).toHaveText('2 found');
  await expect(row(page, 'usr/lib/os-release')).toBeVisible();
  await expect(row(page, 'etc/os-release')).toContainText('../usr/lib/os-release');
  await expect(page).toHaveURL(/search=OS-REL/);
  await page.reload();
  await expect(page.getByTestId('files-search')).toHaveValue('OS-REL');
  await expect(page.getByTestId('files-count')).toHaveText('2 found');
  await page.getByTestId('files-search').fill('doc/package-0001/');
  await expect(page.getByTestId('files-count')).toHaveText('2 found');
  await page.getByTestId('files-search').fill('no such thing');
  await expect(page.getByTestId('files-empty')).toBeVisible();
  await page.getByTestId('files-clear').click();
  await expect(row(page, 'bin')).toBeVisible();
});
