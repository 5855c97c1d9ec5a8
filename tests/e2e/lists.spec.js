// All local lists: named, copied, removed and brought back, handed on.

import { copyFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

import { Uint8ArrayReader, Uint8ArrayWriter, ZipReader, ZipWriter } from '@zip.js/zip.js';

import { add, build, entry, setPlatform, takenOver } from './building.js';
import { movedStore } from './docker-folder.js';
import { putImage, readBack } from './images.js';
import { startDevRegistry } from './servers.js';
import { expect, expectAccessible, expectAccessibleThroughout, expectNoSidewaysScroll, inProject, test } from './test.js';

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
  await expect(row(page, list).getByTestId('list-state')).toHaveText('not pushed yet');

  const copy = `${server.host}/lists/copy:1`;
  await row(page, list).getByTestId('duplicate').click();
  await page.getByRole('dialog').getByTestId('new-name').fill(list);
  await page.getByTestId('new-name').press('Enter');
  await expect(page.getByRole('dialog').getByRole('alert')).toContainText('already');
  await page.getByTestId('new-name').fill(copy);
  await expect(page.getByRole('dialog').getByTestId('commands')).toContainText(`tallyman duplicate ${list} ${copy}`);
  await expect(page.getByRole('dialog').getByTestId('commands')).toContainText('docker manifest has no line for this');
  await page.getByTestId('new-name').press('Enter');
  await expect(row(page, copy)).toContainText('2 entries');

  const renamed = `${server.host}/lists/other:2`;
  await row(page, list).getByTestId('rename').click();
  await page.getByTestId('new-name').fill(renamed);
  await expect(page.getByRole('dialog').getByTestId('commands')).toContainText(`tallyman rename ${list} ${renamed}`);
  await expectAccessible(page);
  await page.getByTestId('new-name').press('Enter');
  await expect(row(page, renamed)).toBeVisible();
  await expect(row(page, list)).toHaveCount(0);
  await expect(page.getByTestId('commands')).toContainText(`tallyman rename ${list} ${renamed}`);

  await row(page, renamed).getByTestId('remove-list').click();
  await expect(row(page, renamed)).toHaveCount(0);
  await expect(page.getByTestId('commands').locator('code')).toHaveText([`tallyman rm ${renamed}`, `docker manifest rm ${renamed}`]);
  await expectAccessible(page);
  await page.getByTestId('toast').getByRole('button', { name: 'Undo' }).click();
  await row(page, renamed).getByRole('link', { name: renamed }).click();
  await expect(page.getByTestId('list-digest')).toHaveAttribute('data-digest', digest);
});

test('the start page names the lists that were changed last, in every tab, without opening the database', async ({ context, page, open, memory, server }) => {
  const named = (page) => page.getByTestId('local-lists').getByRole('link');
  await open('/');
  await expect(page.getByTestId('sample-link').first()).toBeVisible();
  await expect(page.getByTestId('local-lists')).toHaveCount(0);
  const list = await aList(page, open, server, 'start/app');
  const other = await context.newPage();
  await other.addInitScript(() => {
    window.opened = [];
    const { open } = indexedDB;
    IDBFactory.prototype.open = function (...given) {
      window.opened.push(given[0]);
      return open.apply(this, given);
    };
  });
  await other.goto(memory.app);
  await expect(named(other)).toHaveText([list, 'Manage lists']);

  // From the lists to the start page at once: what was removed is not there, and comes back with the list.
  await open('/lists');
  const [file] = await Promise.all([page.waitForEvent('download'), row(page, list).getByTestId('export').click()]);
  await row(page, list).getByTestId('remove-list').click();
  await page.getByRole('link', { name: 'Tallyman' }).click();
  await expect(page.getByTestId('sample-link').first()).toBeVisible();
  for (const tab of [page, other]) await expect(tab.getByTestId('local-lists')).toHaveCount(0);
  expect(await page.evaluate(() => localStorage.getItem('lists'))).toBeNull();
  await page.getByTestId('toast').getByRole('button', { name: 'Undo' }).click();
  for (const tab of [page, other]) await expect(named(tab)).toHaveText([list, 'Manage lists']);

  // More than there is room for: their number is told. The one that was changed last is the first.
  const text = await readFile(await file.path(), 'utf8');
  const more = Array.from({ length: 9 }, (_, number) => `${server.host}/start/more:${number}`);
  const files = more.map((name, number) => ({ name: `${number}.json`, mimeType: 'application/json', buffer: Buffer.from(text.replaceAll(list, name)) }));
  await open('/lists');
  await page.getByTestId('import-files').setInputFiles(files);
  await page.getByRole('button', { name: 'Import 9 lists' }).click();
  await expect(page.getByTestId('list')).toHaveCount(10);
  await row(page, list).getByTestId('duplicate').click();
  await page.getByTestId('new-name').fill(`${server.host}/start/copy:1`);
  await page.getByTestId('new-name').press('Enter');
  await expect(named(other)).toHaveCount(9);
  await expect(named(other).first()).toHaveText(`${server.host}/start/copy:1`);
  await expect(named(other).last()).toHaveText('All 11 lists');
  await expectAccessibleThroughout(other);
  expect(await other.evaluate(() => window.opened)).toEqual([]);
  const lines = (await other.evaluate(() => localStorage.getItem('lists'))).split('\n');
  expect(lines[0]).toBe('11');
  expect(lines.slice(1)).toEqual((await named(other).allTextContents()).slice(0, -1));
  await named(other).first().click();
  await expect(other.getByTestId('builder')).toBeVisible();
  await expect(other).toHaveURL(/#\/build\/127\.0\.0\.1:\d+\/start\/copy:1$/);
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
    const { context } = await takenOver(browser, bring, list, digest);
    await context.close();
  }
  const text = await readFile(await file.path(), 'utf8');
  expect(text).toMatch(/^\{"tallyman":1,/);
  expect(text).not.toMatch(/auth|password|token/i);

  await page.goto(address.slice(0, -40));
  await expect(page.getByTestId('link-broken').getByRole('link', { name: 'Lists' })).toBeVisible();
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
});

test('a file is dropped onto the page', async ({ page, open, server }) => {
  const list = await aList(page, open, server, 'dropped/app');
  await open('/lists');
  const [file] = await Promise.all([page.waitForEvent('download'), row(page, list).getByTestId('export').click()]);
  await row(page, list).getByTestId('remove-list').click();
  await expect(row(page, list)).toHaveCount(0);
  const text = await readFile(await file.path(), 'utf8');
  await page.evaluate((text) => {
    const data = new DataTransfer();
    data.items.add(new File([text], 'list.json'));
    document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
  }, text);
  await expect(page.getByTestId('offer-name')).toHaveValue(list);
  await page.getByTestId('import-button').click();
  await expect(row(page, list)).toContainText('2 entries');
});

/** The recorded folder of a list that the Docker CLI made, as if it had been made for `server`. */
const recordedFolder = (server) => movedStore(inProject(`${recorded}/steps/01-create/store`), '127.0.0.1:5077', server.host);
const recorded = 'tests/fixtures/docker-manifest/cli-28.2.2/other-repos-and-purge';

/** The digest of the recorded list before anything was annotated: that of an import of the folder itself. */
async function importedDigest(page, list) {
  await page.getByTestId('import-button').click();
  await page.getByRole('link', { name: list }).click();
  return page.getByTestId('list-digest').getAttribute('data-digest');
}

test('the folder of the Docker CLI is dropped onto the page', async ({ page, open, server }) => {
  const store = await recordedFolder(server);
  const list = `${server.host}/demo/app:2`;
  try {
    await open('/lists');
    await page.getByTestId('import-folder').setInputFiles(store.path);
    await expect(page.getByTestId('offer-name')).toHaveValue(list);
    const digest = await importedDigest(page, list);
    await open('/lists');
    await row(page, list).getByTestId('remove-list').click();
    await expect(row(page, list)).toHaveCount(0);

    // A drop that a script makes has no folders: the browser itself has to be told of it.
    const browser = await page.context().newCDPSession(page);
    const data = { items: [], files: [store.path], dragOperationsMask: 1 };
    const { x, y, width, height } = await page.getByTestId('import').boundingBox();
    for (const type of ['dragEnter', 'dragOver']) {
      await browser.send('Input.dispatchDragEvent', { type, x: x + width / 2, y: y + height / 2, data });
    }
    await expect(page.locator('.add--over')).toBeVisible();
    await browser.send('Input.dispatchDragEvent', { type: 'drop', x: x + width / 2, y: y + height / 2, data });
    await expect(page.getByTestId('offer-name')).toHaveValue(list);
    await expect(page.locator('.add--over')).toHaveCount(0);
    expect(await importedDigest(page, list)).toBe(digest);
  } finally {
    await store.remove();
  }
});

/** A zip archive of a folder, made as zip programs make them. */
async function zipped(folder, options = {}) {
  const writer = new ZipWriter(new Uint8ArrayWriter(), { level: 6, ...options });
  for (const file of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const path = join(file.parentPath, file.name);
    await writer.add(`manifests/${relative(folder, path)}`, new Uint8ArrayReader(await readFile(path)));
  }
  return Buffer.from(await writer.close());
}

test('an archive that a zip program made is taken; a broken or an encrypted one is refused, and nothing is lost', async ({ page, open, server }) => {
  const store = await recordedFolder(server);
  const list = `${server.host}/demo/app:2`;
  const bring = (buffer) => page.getByTestId('import-files').setInputFiles({ name: 'manifests.zip', mimeType: 'application/zip', buffer });
  try {
    const archive = await zipped(store.path);
    const entries = await new ZipReader(new Uint8ArrayReader(archive)).getEntries();
    expect(entries.map(({ compressionMethod }) => compressionMethod)).toEqual(entries.map(() => 8));
    await open('/lists');
    await bring(archive);
    await expect(page.getByTestId('offer-name')).toHaveValue(list);
    const digest = await importedDigest(page, list);
    await open('/lists');

    const broken = Buffer.from(archive);
    broken.fill(0, 100, 140);
    const encrypted = await zipped(store.path, { password: 'secret', zipCrypto: true });
    // Says of itself that it is small, and is not.
    const bomb = await zipped(store.path);
    const [first] = entries;
    bomb.writeUInt32LE(first.uncompressedSize - 1, bomb.indexOf('PK\x01\x02') + 24);
    for (const [bytes, why] of [
      [broken, 'the archive is damaged'],
      [archive.subarray(0, archive.length - 100), 'expected a zip archive'],
      [encrypted, 'encrypted: unpack the archive with its password'],
      [bomb, 'the archive is damaged'],
    ]) {
      await bring(bytes);
      await expect(page.getByTestId('refused')).toContainText('manifests.zip');
      await expect(page.getByTestId('refused')).toContainText(why);
      await expect(row(page, list)).toBeVisible();
      await page.reload();
    }
    await page.getByRole('link', { name: list }).click();
    await expect(page.getByTestId('list-digest')).toHaveAttribute('data-digest', digest);
  } finally {
    await store.remove();
  }
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
  await expect(page.getByTestId('store-refused')).toContainText('a newer one');

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

for (const [what, end, reason] of [
  ['deletes', () => indexedDB.deleteDatabase('tallyman'), "the browser's database was deleted"],
  ['closes', () => window.connections.forEach((connection) => connection.dispatchEvent(new Event('close', connection.close()))), 'the browser has closed its database'],
]) {
  test(`a database that the browser ${what} while it is used is told as such`, async ({ page, open, server }) => {
    await page.addInitScript(() => {
      const { open } = IDBFactory.prototype;
      window.connections = [];
      IDBFactory.prototype.open = function (...given) {
        const opening = open.apply(this, given);
        opening.addEventListener('success', () => window.connections.push(opening.result));
        return opening;
      };
    });
    await page.goto('about:blank');
    await aList(page, open, server, `ended/${what}`);
    await page.evaluate(end);
    await putImage(server, `ended/${what}`, 'more', { os: 'linux', architecture: 's390x' });
    await add(page, [`${server.host}/ended/${what}:more`]);
    await expect(page.getByTestId('pending').getByRole('alert')).toContainText(`${reason}: nothing was changed; reload this page`);
  });
}

for (const [what, open] of Object.entries({
  refuses: () => {
    throw new DOMException('no', 'SecurityError');
  },
  // A request that nothing ever comes of: the app waits for some seconds.
  'never opens': () => new EventTarget(),
})) {
  test(`a browser that ${what} storage keeps lists until the page is left, and says so`, async ({ page, memory, server }) => {
    await page.addInitScript(`IDBFactory.prototype.open = ${open}`);
    const repo = `session/${what.replaceAll(' ', '-')}`;
    const [list, image] = [`${server.host}/${repo}:1`, `${server.host}/${repo}:amd64`];
    await putImage(server, repo, 'amd64', { os: 'linux', architecture: 'amd64' });
    await page.goto(`${memory.app}#/build/${list}`);
    await expect(page.getByTestId('store-refused')).toContainText('until you leave or reload the page');
    await page.getByTestId('add-input').fill(image);
    await page.getByTestId('add-button').click();
    await setPlatform(page, image, 'linux/amd64/v3');
    await expect(entry(page, image)).toHaveAttribute('data-platform', 'linux/amd64/v3');
    await page.getByTestId('undo').click();
    await expect(entry(page, image)).toHaveAttribute('data-platform', 'linux/amd64');

    // Every page of the same visit has it: the command line, the page of lists, the push.
    await page.getByRole('link', { name: 'Command line' }).first().click();
    await page.getByTestId('command-input').fill(`tallyman annotate ${list} ${image} --variant v2`);
    await page.getByTestId('command-input').press('Enter');
    await expect(page.getByTestId('ran').last()).toHaveAttribute('data-exit', '0');
    await page.getByRole('link', { name: 'Lists', exact: true }).click();
    await expect(page.getByTestId('list')).toHaveCount(1);
    await page.getByRole('link', { name: list }).click();
    await expect(entry(page, image)).toHaveAttribute('data-platform', 'linux/amd64/v2');
    await page.getByTestId('builder').getByRole('link', { name: 'Push…' }).click();
    await page.getByTestId('push-start').click();
    await expect(page.getByTestId('push-state')).toHaveAttribute('data-phase', 'finished');
    expect((await readBack(server.registry, `${repo}:1`)).status).toBe(200);

    await page.goto('about:blank');
    await page.goto(`${memory.app}#/lists`);
    await expect(page.getByTestId('no-lists')).toBeVisible();
  });
}

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
    for (const width of [901, 720, 390]) {
      await page.setViewportSize({ width, height: 844 });
      await expectNoSidewaysScroll(page);
      // A panel cuts off what it has no room for.
      for (const button of await page.getByTestId('list').getByRole('button').all()) {
        expect(await button.evaluate((button) => button.getBoundingClientRect().right <= button.closest('.panel').getBoundingClientRect().right)).toBe(true);
      }
    }
    await expectAccessible(page);
  });
}

test('a file for tallyman apply is imported, its images fetched, and exported again', async ({ page, open, server }) => {
  for (const architecture of ['amd64', 'arm']) await putImage(server, 'files/app', `1-${architecture}`, { os: 'linux', architecture });
  const list = `${server.host}/files/app:1`;
  const yaml = (images) => Buffer.from(`image: ${list}\nimages:\n${images.map((image) => `  - ${image}\n`).join('')}`);
  const file = (buffer) => ({ name: 'lists.yaml', mimeType: 'application/yaml', buffer });
  await open('/lists');
  await page.getByTestId('import-files').setInputFiles(file(yaml([':1-none'])));
  await expect(page.getByTestId('unfetched')).toContainText(`${list} could not be fetched`);
  await page.getByTestId('import-files').setInputFiles(file(yaml([':1-amd64', `{ image: '${server.host}/files/app:1-arm', platform: linux/arm/v7 }`])));
  await page.getByRole('button', { name: 'Import it' }).click();
  await expect(row(page, list)).toContainText('linux/arm/v7');
  const [saved] = await Promise.all([page.waitForEvent('download'), page.getByTestId('export-list-file').click()]);
  const { lists } = JSON.parse(await readFile(await saved.path(), 'utf8'));
  expect(lists.map(({ image }) => image)).toEqual([list]);
  expect(lists[0].images).toEqual([
    { image: `${server.host}/files/app:1-amd64`, platform: { os: 'linux', architecture: 'amd64' } },
    { image: `${server.host}/files/app:1-arm`, platform: { os: 'linux', architecture: 'arm', variant: 'v7' } },
  ]);
  // The same file makes the same list.
  await row(page, list).getByTestId('remove-list').click();
  await page.getByTestId('import-files').setInputFiles({ name: 'lists.json', mimeType: 'application/json', buffer: await readFile(await saved.path()) });
  await expect(page.getByTestId('offer-name')).toHaveValue(list);
  await expect(page.getByTestId('offer')).toContainText('2 entries');
});

test('of a file for tallyman apply, the lists that came are offered, and the others are fetched after a sign-in or another try', async ({ page, open, server }) => {
  const registry = await startDevRegistry('--samples', '--basic', 'ann:secret', '--open-preflight');
  await putImage(server, 'offer/app', 'a', { os: 'linux', architecture: 'amd64' });
  const list = (host, tag, image) => `  - image: ${host}/offer/list:${tag}\n    images:\n      - ${host}/${image}\n`;
  const text = `lists:\n${list(registry.host, 'guarded', 'samples/alpine:3.22')}${list(server.host, 'late', 'offer/app:b')}${list(server.host, 'there', 'offer/app:a')}`;
  await open('/lists');
  await page.getByTestId('import-files').setInputFiles({ name: 'lists.yaml', mimeType: 'application/yaml', buffer: Buffer.from(text) });
  const names = () => page.getByTestId('offer-name').evaluateAll((fields) => fields.map((field) => field.value.split(':').pop()));
  await expect.poll(names).toEqual(['there']);
  await expect(page.getByTestId('unfetched')).toHaveCount(2);
  await expectAccessible(page);
  // A name that was corrected stays.
  await page.getByTestId('offer-name').fill(`${server.host}/offer/list:mine`);
  await page.getByTestId('offer-name').press('Tab');
  await putImage(server, 'offer/app', 'b', { os: 'linux', architecture: 'arm64' });
  await page.getByTestId('fetch-again').click();
  await expect.poll(names).toEqual(['mine', 'late']);
  await expect(page.getByTestId('unfetched')).toContainText(`${registry.host}/offer/list:guarded could not be fetched`);
  // Lists that are imported leave the others to be fetched.
  await page.getByTestId('import-button').click();
  await expect(row(page, `${server.host}/offer/list:mine`)).toBeVisible();
  const panel = page.getByTestId('sign-in-panel');
  await panel.locator('input[name=username]').fill('ann');
  await panel.locator('input[name=password]').fill('secret');
  await panel.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect.poll(names).toEqual(['guarded']);
  await expect(page.getByTestId('unfetched')).toHaveCount(0);
  await page.getByTestId('import-button').click();
  await expect(row(page, `${registry.host}/offer/list:guarded`)).toBeVisible();
  await registry.stop();
});

test('fields for the name of a list take addresses and commands', async ({ page, open, server }) => {
  const list = await aList(page, open, server, 'lists/typed');
  for (const text of [`https://${list}`, `docker manifest create ${list} ${server.host}/lists/typed:amd64`]) {
    await open('/lists');
    await page.getByTestId('new-list').fill(text);
    await page.getByTestId('new-list').press('Enter');
    await expect(page.getByTestId('list-name')).toHaveText(list);
  }
  await open('/lists');
  const renamed = `${server.host}/lists/typed:2`;
  await row(page, list).getByTestId('rename').click();
  await page.getByTestId('new-name').fill(`docker://${renamed}`);
  await expect(page.getByRole('dialog').getByTestId('commands')).toContainText(`tallyman rename ${list} ${renamed}`);
  await page.getByTestId('new-name').press('Enter');
  await expect(row(page, renamed)).toBeVisible();
});

test('files that are read say so, and the ones that were brought last are offered, whichever are slower', async ({ page, open, server }) => {
  for (const tag of ['slow', 'fast']) await putImage(server, 'bring/app', tag, { os: 'linux', architecture: 'amd64' });
  let release;
  const released = new Promise((resolve) => (release = resolve));
  await page.route(/\/v2\/bring\/app\/manifests\/slow$/, async (route) => {
    await released;
    await route.continue();
  });
  const list = (tag) => `${server.host}/bring/list:${tag}`;
  const bring = (tag) =>
    page.getByTestId('import-files').setInputFiles({
      name: 'lists.yaml',
      mimeType: 'application/yaml',
      buffer: Buffer.from(`image: ${list(tag)}\nimages:\n  - ${server.host}/bring/app:${tag}\n`),
    });
  await open('/lists');
  await bring('slow');
  await expect(page.getByTestId('import').getByRole('status')).toHaveText('Reading the files …');
  const isLeft = page.waitForEvent('requestfailed', (request) => request.url().endsWith('/manifests/slow'));
  await bring('fast');
  await expect(page.getByTestId('offer-name')).toHaveValue(list('fast'));
  await isLeft;
  release();
  await expect(page.getByTestId('offer-name')).toHaveValue(list('fast'));
  await page.getByTestId('import-button').click();
  await expect(row(page, list('fast'))).toBeVisible();
  await expect(page.getByTestId('offer')).toHaveCount(0);
});

test('files that are not read are named with the reason, and keep no other out', async ({ page, open, server }) => {
  const list = await aList(page, open, server, 'unread/app');
  await open('/lists');
  const [file] = await Promise.all([page.waitForEvent('download'), row(page, list).getByTestId('export').click()]);
  await row(page, list).getByTestId('remove-list').click();
  await expect(row(page, list)).toHaveCount(0);
  const folder = await mkdtemp(join(tmpdir(), 'tallyman-files-'));
  try {
    const [large, good, gone] = ['a-large.bin', 'b-list.json', 'c-gone.json'].map((name) => join(folder, name));
    await writeFile(large, '');
    await truncate(large, 65_000_000);
    await copyFile(await file.path(), good);
    await copyFile(await file.path(), gone);
    await page.evaluate(() => {
      const { arrayBuffer } = Blob.prototype;
      Blob.prototype.arrayBuffer = function () {
        if (this.name === 'c-gone.json') return Promise.reject(new DOMException('the file has moved', 'NotFoundError'));
        return arrayBuffer.call(this);
      };
    });
    await page.getByTestId('import-files').setInputFiles([large, good, gone]);
    await expect(page.getByTestId('offer-name')).toHaveValue(list);
    await expect(page.getByTestId('refused')).toContainText('Not read: 2');
    await expect(page.getByText('a-large.bin: exceeds the limit of 64.0 MB for one import')).toBeVisible();
    await expect(page.getByText('c-gone.json: the browser could not read it (the file has moved)')).toBeVisible();
    await expectAccessible(page);
    await page.getByTestId('import-button').click();
    await expect(row(page, list)).toContainText('2 entries');

    await page.getByTestId('import-files').setInputFiles([large]);
    await expect(page.getByTestId('refused')).toContainText('a-large.bin: exceeds the limit of 64.0 MB');
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a list that is imported leaves the offer; the others stay with the names that were typed', async ({ page, open, server }) => {
  const taken = await aList(page, open, server, 'partly/app');
  await open('/lists');
  const [file] = await Promise.all([page.waitForEvent('download'), row(page, taken).getByTestId('export').click()]);
  const text = await readFile(await file.path(), 'utf8');
  const [fresh, typed, later] = ['b', 'typed', 'later'].map((tag) => `${server.host}/partly/app:${tag}`);
  const files = [fresh, taken, `${server.host}/partly/app:c`];
  await page.getByTestId('import-files').setInputFiles(
    files.map((name, number) => ({ name: `${number}.json`, mimeType: 'application/json', buffer: Buffer.from(text.replaceAll(taken, name)) })),
  );
  const names = page.getByTestId('offer-name');
  await expect(names).toHaveCount(3);
  await names.nth(2).fill(typed);
  await names.nth(1).fill(`${taken} `);
  await page.getByTestId('import-button').click();
  await expect(row(page, fresh)).toBeVisible();
  await expect(row(page, typed)).toBeVisible();
  await expect(names).toHaveCount(1);
  await expect(names).toHaveValue(`${taken} `);
  const alerts = page.getByTestId('offer').getByRole('alert');
  await expect(alerts).toHaveText([new RegExp(`${taken} already exists`)]);
  await page.getByTestId('import-button').click();
  await expect(alerts).toHaveText([new RegExp(`${taken} already exists`)]);
  await names.fill(later);
  await page.getByTestId('import-button').focus();
  await page.keyboard.press('Enter');
  await expect(row(page, later)).toBeVisible();
  await expect(page.getByTestId('offer')).toHaveCount(0);
  await expect(page.getByRole('heading', { name: 'Import lists' })).toBeFocused();
});

test('the focus stays at the place of a list that is removed or renamed by keyboard, and of a message', async ({ page, open, server }) => {
  const list = await aList(page, open, server, 'focus/app');
  const named = (tag) => `${server.host}/focus/app:${tag}`;
  await open('/lists');
  const duplicate = async (to) => {
    await row(page, list).getByTestId('duplicate').focus();
    await page.keyboard.press('Enter');
    await page.getByTestId('new-name').fill(named(to));
    await page.getByTestId('new-name').press('Enter');
    await expect(row(page, named(to))).toBeVisible();
    await expect(row(page, list).getByTestId('duplicate')).toBeFocused();
  };
  await duplicate('2');
  await duplicate('3');

  // Behind the others by its new name.
  await row(page, list).getByTestId('rename').focus();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).focus();
  await page.keyboard.press('Enter');
  await expect(row(page, list).getByTestId('rename')).toBeFocused();
  await page.keyboard.press('Enter');
  await page.getByTestId('new-name').fill(named('9'));
  await page.getByTestId('new-name').press('Enter');
  await expect(row(page, named('9')).getByTestId('rename')).toBeFocused();
  await expect(row(page, list)).toHaveCount(0);

  const remove = (tag) => row(page, named(tag)).getByTestId('remove-list');
  await remove('3').focus();
  await page.keyboard.press('Enter');
  await expect(remove('9')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(remove('2')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Local lists', level: 1 })).toBeFocused();

  const close = (at) => page.getByTestId('toast').nth(at).getByRole('button', { name: 'Close' });
  await expect(page.getByTestId('toast')).toHaveCount(3);
  await close(1).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('toast')).toHaveCount(2);
  await expect(close(1)).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(close(0)).toBeFocused();
  await page.getByTestId('toast').getByRole('button', { name: 'Undo' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('toast')).toHaveCount(0);
  await expect(page.getByRole('heading', { name: 'Local lists', level: 1 })).toBeFocused();
});
