// A registry's repositories and a repository's tags.

import { putImage } from './images.js';
import { megabytesOfPages } from './memory.js';
import { startDevRegistry } from './servers.js';
import { expect, expectAccessible, expectNoSidewaysScroll, inProject, test } from './test.js';

for (const kind of ['memory', 'distribution']) {
  test.describe(`on ${kind}`, () => {
    test.use({ kind });
    test('from a registry to a repository, a tag and its manifest', async ({ page, open, server, complaints }) => {
      await open();
      await page.getByTestId('reference-input').fill(server.host);
      await page.getByTestId('reference-input').press('Enter');
      const { repositories } = await (await fetch(`${server.registry}/v2/_catalog?n=1000`)).json();
      await expect(page.getByTestId('count')).toHaveText(`${repositories.length} repositories`);
      await page.getByTestId('filter').fill('HELLO');
      await expect(page.getByTestId('count')).toHaveText(`1 of ${repositories.length} repositories`);
      await page.getByRole('link', { name: 'samples/hello' }).click();

      const { tags } = await (await fetch(`${server.registry}/v2/samples/hello/tags/list`)).json();
      await expect(page.getByTestId('count')).toHaveText(`${tags.length} tags`);
      const latest = page.locator('[data-tag=latest]');
      for (const platform of ['linux/amd64', 'linux/arm/v7', 'linux/arm64']) {
        await expect(latest).toContainText(platform);
      }
      await expect(latest.getByText('+1')).toHaveAttribute('title', /windows\/amd64 [\d.]+ {2}\d/);
      await latest.getByRole('link').click();
      await expect(page.getByTestId('digest-verified')).toBeVisible();
      await page.goBack();
      await expect(page.getByTestId('count')).toHaveText(`${tags.length} tags`);
      expect(complaints).toEqual([]);
    });
  });
}

test('100,000 repositories and 20,000 tags stream in and filter; only what is on screen is asked for', async ({ page, open, browser }) => {
  const large = await startDevRegistry('--synthetic', '100000,20000');
  await open(`/explore/${large.host}`);
  await expect(page.locator('[data-row]').first()).toBeVisible();
  await page.getByTestId('filter').fill('r0000123');
  await expect(page.getByRole('link', { name: 'synthetic/r0000123' })).toBeVisible();
  await page.getByTestId('filter').fill('');
  await expect(page.getByTestId('count')).toHaveText('100,001 repositories', { timeout: 20_000 });
  expect(await page.locator('[data-row]').count()).toBeLessThan(80);
  await page.locator('.window').evaluate((list) => (list.scrollTop = list.scrollHeight));
  await expect(page.getByRole('link', { name: 'synthetic/r0099999' })).toBeVisible();
  await page.getByTestId('filter').fill('r0054321');
  await expect(page.getByTestId('count')).toHaveText('1 of 100,001 repositories');
  expect(await megabytesOfPages(browser)).toBeLessThan(150);

  await open(`/explore/${large.host}/scale/many-tags`);
  await expect(page.getByTestId('count')).toHaveText('20,000 tags', { timeout: 20_000 });
  await expect(page.getByTestId('tag').first()).toHaveText('t0019999');
  const asked = await (await fetch(`${large.registry}/_requests`)).json();
  expect(asked.filter(({ path }) => path.includes('/manifests/')).length).toBeLessThan(200);
  expect(await megabytesOfPages(browser)).toBeLessThan(150);
  await large.stop();
});

test('what was done in a row stays with it: rows that come into sight say nothing of it', async ({ page, open }) => {
  const large = await startDevRegistry('--synthetic', '10,2000');
  await open(`/explore/${large.host}/scale/many-tags`);
  await expect(page.getByTestId('count')).toHaveText('2,000 tags');
  const rows = page.locator('[data-tag]');
  const scroll = (top) => page.locator('.window').evaluate((box, top) => (box.scrollTop = top), top);
  // Scrolling a little leaves the elements of what stays in sight.
  const fifth = await rows.nth(5).elementHandle();
  const name = await rows.nth(5).getAttribute('data-tag');
  await scroll(100);
  await expect(page.locator('#tags-22')).toBeAttached();
  expect(await fifth.evaluate((element) => element.isConnected && element.dataset.tag)).toBe(name);
  const areKnown = () => expect(rows.nth(10).getByRole('button').first()).toBeVisible();
  // Rows that are known by then: buttons take the place of buttons.
  await scroll(60_000);
  await areKnown();
  await scroll(0);
  // A row whose elements one takes over that is in sight and known.
  await rows.nth(10).getByRole('button', { name: 'Copy the pull command' }).click();
  await expect(rows.nth(10).getByText('copied')).toBeAttached();
  await rows.nth(1).locator('.tag-row__pick').click();
  for (const top of [60_000, 60_420, 30_000]) {
    await scroll(top);
    await expect(page.locator(`[data-tag="${name}"]`)).toHaveCount(0);
    await areKnown();
    await expect(rows.getByText('copied')).toHaveCount(0);
    await expect(page.locator('.is-picked, .is-active')).toHaveCount(0);
    const tags = await rows.evaluateAll((rows) => rows.map((row) => [row.dataset.tag, row.querySelector('[data-testid=tag]').textContent, Number(row.id.replace('tags-', '')), row.getAttribute('aria-rowindex')]));
    const first = tags[0][2];
    expect(tags.map(([, , at]) => at)).toEqual(tags.map((_, at) => first + at));
    expect(tags.every(([tag, shown, at, index]) => tag === shown && Number(index) === at + 2)).toBe(true);
  }
  await large.stop();
});

test('a filter typed while names come shows those that fit, and later ones in their places', async ({ page, open, memory }) => {
  let release;
  const released = new Promise((resolve) => (release = resolve));
  await page.route(`${memory.registry}/v2/_catalog*`, async (route) => {
    const isFirst = !route.request().url().includes('last=');
    if (!isFirst) await released;
    const headers = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'Link' };
    if (isFirst) headers.link = '</v2/_catalog?n=1000&last=b>; rel="next"';
    await route.fulfill({ headers, json: { repositories: isFirst ? ['b/ten-10', 'b/ten-9', 'b/two'] : ['a/ten', 'b/ten-2'] } });
  });
  await open(`/explore/${memory.host}`);
  const names = () => page.locator('[data-row] a').evaluateAll((links) => links.map((link) => link.getAttribute('aria-label')));
  await page.getByTestId('filter').fill('ten');
  await expect.poll(names).toEqual(['b/ten-9', 'b/ten-10']);
  await expect(page.getByTestId('count')).toContainText('so far');
  release();
  await expect.poll(names).toEqual(['a/ten', 'b/ten-2', 'b/ten-9', 'b/ten-10']);
  await expect(page.getByTestId('count')).toHaveText('4 of 5 repositories');
});

test('while tags come, those whose rows stay in sight are asked for, and not one after another that others push away', async ({ page, open, memory }) => {
  const pages = 8;
  const asked = [];
  let release;
  await page.route(`${memory.registry}/v2/growing/tags/**`, async (route) => {
    const number = Number(new URL(route.request().url()).searchParams.get('last')?.split('.')[0] ?? 0) + 1;
    if (number > 1) await new Promise((resolve) => (release = resolve));
    const headers = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'Link' };
    if (number < pages) headers.link = `</v2/growing/tags/list?n=40&last=${number}.39>; rel="next"`;
    const tags = Array.from({ length: 40 }, (_, at) => `${number}.${at}`);
    await route.fulfill({ headers, json: { name: 'growing', tags: number === 1 ? [...tags, '9.0'] : tags } });
  });
  await page.route(`${memory.registry}/v2/growing/manifests/*`, (route) => {
    asked.push(route.request().url().split('/').at(-1));
    return route.fulfill({ status: 404, headers: { 'access-control-allow-origin': '*' }, json: { errors: [{ code: 'MANIFEST_UNKNOWN' }] } });
  });
  await open(`/explore/${memory.host}/growing`);
  for (let number = 1; number < pages; number++) {
    await expect(page.locator(`[data-tag="${number}.39"]`)).toBeVisible();
    // Rows that are there for this long are asked for once all names have come.
    await page.waitForTimeout(300);
    if (number === 4) expect(asked).toContain('9.0');
    release();
  }
  const seen = asked.length;
  await expect(page.getByTestId('count')).toHaveText(`${pages * 40 + 1} tags`);
  await expect.poll(() => asked).toContain(`${pages}.39`);
  expect(seen).toBeLessThan(24);
});

test('a registry that shows no catalog says what to do instead', async ({ page, open, memory }) => {
  await page.route(`${memory.registry}/v2/_catalog*`, (route) =>
    route.fulfill({ status: 405, headers: { 'access-control-allow-origin': '*' }, body: '{"errors":[{"code":"UNSUPPORTED"}]}' }),
  );
  await open(`/explore/${memory.host}`);
  await expect(page.getByTestId('error')).toContainText('does not list its repositories');
  await expect(page.getByTestId('error')).toContainText('Enter the name of a repository');
  await page.getByRole('textbox', { name: 'Repository', exact: true }).fill('samples/hello');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('count')).toHaveText('6 tags');
  // With its host in front and a tag behind it, it is an image there.
  await open(`/explore/${memory.host}`);
  await page.getByRole('textbox', { name: 'Repository', exact: true }).fill(`${memory.host}/samples/hello:latest`);
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  expect(new URL(page.url()).hash).toBe(`#/inspect/${memory.host}/samples/hello:latest`);
});

test('namespaces fold, and the whole tree is walked by keyboard', async ({ page, open }) => {
  // A registry of its own: other tests push to the one that they share, and a long tree has rows out of sight.
  const registry = await startDevRegistry('--samples');
  await open(`/explore/${registry.host}`);
  const item = (name) => page.getByRole('treeitem', { name, exact: true });
  await expect(item('samples/hello')).toHaveAttribute('aria-level', '2');
  await page.getByRole('treeitem', { name: /^samples/ }).first().click();
  await expect(item('samples/hello')).toHaveCount(0);
  await page.getByTestId('fold-all').click();
  await expect(item('samples/hello')).toHaveCount(1);

  const tree = page.getByRole('tree', { name: 'Repositories' });
  await tree.focus();
  await page.keyboard.press('Home');
  const library = page.getByRole('treeitem', { name: /^library/ }).first();
  const row = await library.getAttribute('id');
  await expect(tree).toHaveAttribute('aria-activedescendant', row);
  await page.keyboard.press('ArrowLeft');
  await expect(library).toHaveAttribute('aria-expanded', 'false');
  // A key acts on the rows that are shown, which are made anew after each fold.
  await page.keyboard.press('ArrowRight');
  await expect(library).toHaveAttribute('aria-expanded', 'true');
  const first = await item('library/busybox').getAttribute('id');
  await page.keyboard.press('ArrowRight');
  await expect(tree).toHaveAttribute('aria-activedescendant', first);
  await page.keyboard.press('ArrowLeft');
  await expect(tree).toHaveAttribute('aria-activedescendant', row);
  await page.keyboard.press('ArrowDown');
  await expect(tree).toHaveAttribute('aria-activedescendant', first);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'library/busybox' })).toBeVisible();
  await registry.stop();
});

test('a tag says what it points to: sizes, date, digest, aliases', async ({ page, open, memory }) => {
  const accept = 'application/vnd.docker.distribution.manifest.list.v2+json,application/vnd.docker.distribution.manifest.v2+json';
  const get = async (path) => fetch(`${memory.registry}/v2/samples/hello/${path}`, { headers: { accept } });
  const list = await get('manifests/latest');
  const digest = list.headers.get('docker-content-digest');
  let total = 0;
  for (const entry of (await list.json()).manifests) {
    const image = await (await get(`manifests/${entry.digest}`)).json();
    total += image.config.size + image.layers.reduce((sum, layer) => sum + layer.size, 0);
  }
  await open(`/explore/${memory.host}/samples/hello`);
  const latest = page.locator('[data-tag=latest]');
  await expect(latest.locator('.tag-row__size')).toHaveAttribute('data-bytes', String(total));
  await expect(latest.locator('code')).toHaveAttribute('title', digest);
  await expect(latest.locator('time')).toHaveAttribute('datetime', '2026-06-15T09:30:00Z');
  await expect(latest.getByTestId('alias')).toContainText('the same as 1.2');
  await expect(page.locator('[data-tag="1.2"]').getByTestId('alias')).toContainText('the same as latest');
});

test('one child that is not there greys its platform, and nothing else', async ({ page, open, memory }) => {
  await open(`/explore/${memory.host}/samples/sparse`);
  const row = page.locator('[data-tag="1"]');
  await expect(row.getByTestId('missing-platform')).toHaveText('linux/arm64: not in the registry');
  await expect(row).toContainText('linux/amd64');
  await expect(row.locator('time')).toBeVisible();
});

test('what could not be fetched is said with the reason, and asked for again when its row is in sight', async ({ page, open, memory }) => {
  const accept = 'application/vnd.docker.distribution.manifest.list.v2+json';
  const list = await (await fetch(`${memory.registry}/v2/samples/hello/manifests/latest`, { headers: { accept } })).json();
  // The tag amd64 has the same manifest as the list.
  const refused = new RegExp(`/v2/samples/hello/manifests/(windows|amd64|${list.manifests[0].digest})$`);
  await page.route(refused, (route) => route.fulfill({ status: 403, headers: { 'access-control-allow-origin': '*' } }));
  await open(`/explore/${memory.host}/samples/hello`);
  const [windows, latest] = ['windows', 'latest'].map((tag) => page.locator(`[data-tag=${tag}]`));
  await expect(windows).toContainText(/could not be fetched: .*403/);
  const left = (row) => row.locator('.tag-row__platforms').evaluate((cell) => cell.getBoundingClientRect().left);
  expect(await left(windows)).toBe(await left(latest));
  await expect(latest.getByTestId('missing-platform')).toHaveText(/could not be fetched: .*403/);
  await expectAccessible(page);
  await page.unroute(refused);
  const filter = page.getByTestId('filter');
  await expect(async () => {
    for (const text of ['w', '']) {
      await filter.fill(text);
      await expect(windows).toBeVisible();
    }
    await expect(windows.getByText('windows/amd64')).toBeVisible({ timeout: 1000 });
    await expect(latest.getByTestId('missing-platform')).toHaveCount(0, { timeout: 1000 });
  }).toPass();
});

test('a date of which the config could not be fetched is told with the reason, and asked for again', async ({ page, open, memory }) => {
  const accept = 'application/vnd.docker.distribution.manifest.v2+json,application/vnd.oci.image.manifest.v1+json';
  const image = await (await fetch(`${memory.registry}/v2/samples/hello/manifests/windows`, { headers: { accept } })).json();
  const refused = new RegExp(`/v2/samples/hello/blobs/${image.config.digest}$`);
  await page.route(refused, (route) => route.fulfill({ status: 403, headers: { 'access-control-allow-origin': '*' } }));
  await open(`/explore/${memory.host}/samples/hello`);
  const row = page.locator('[data-tag=windows]');
  await expect(row.getByTestId('no-date')).toHaveText(/could not be fetched: .*403/);
  await page.getByTestId('sort').selectOption('date');
  await expect(page.getByTestId('dating')).toContainText('5 of 6 dates loaded');
  await expect(page.getByTestId('dating').getByRole('button')).toHaveCount(0);
  await expectAccessible(page);
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 844 });
    await expect(row.getByTestId('tag')).toBeVisible();
    await expectNoSidewaysScroll(page);
  }
  await page.unroute(refused);
  await expect(async () => {
    for (const text of ['w', '']) {
      await page.getByTestId('filter').fill(text);
      await expect(row).toBeVisible();
    }
    await expect(row.locator('time')).toBeVisible({ timeout: 1000 });
  }).toPass();
  await expect(row).toContainText('windows/amd64');
  await expect(page.getByTestId('dating')).toContainText('6 of 6 dates loaded');
});

test('tags are picked by click, with Shift and by keyboard, and compared', async ({ page, open, memory }) => {
  await open(`/explore/${memory.host}/samples/hello`);
  const picked = () => page.locator('[data-row][aria-selected=true]').evaluateAll((rows) => rows.map((row) => row.dataset.tag));
  const tick = (tag) => page.locator(`[data-tag="${tag}"] .tick`);
  await tick('windows').click();
  await tick('armv7').click({ modifiers: ['Shift'] });
  expect(await picked()).toEqual(['windows', 'latest', 'armv7']);
  await tick('latest').click();
  expect(await picked()).toEqual(['windows', 'armv7']);

  const grid = page.getByRole('grid', { name: 'Tags' });
  await grid.focus();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Home');
  await page.keyboard.press('Space');
  await page.keyboard.press('Shift+ArrowDown');
  await page.keyboard.press('Shift+ArrowDown');
  await page.keyboard.press('Shift+ArrowUp');
  // Versions stand above words.
  expect(await picked()).toEqual(['1.2', 'windows']);
  await page.keyboard.press('Control+a');
  expect((await picked()).length).toBe(6);
  await expectAccessible(page);
  await page.getByTestId('actions').getByRole('button', { name: 'Clear selection' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('actions')).toHaveCount(0);
  await expect(page.getByRole('heading', { name: 'samples/hello', level: 1 })).toBeFocused();
  await tick('amd64').click();
  await tick('arm64').click();
  await page.getByTestId('actions').getByRole('link', { name: 'Compare' }).click();
  await expect(page.getByRole('region', { name: 'Config' })).toBeVisible();
});

test('where the system sets the colours, what is selected and where the keyboard is are seen all the same', async ({ page, open, memory }) => {
  await page.emulateMedia({ forcedColors: 'active' });
  await open(`/explore/${memory.host}/samples/hello`);
  await page.locator('[data-tag=latest] .tick').click();
  await page.getByRole('grid', { name: 'Tags' }).focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowDown');
  await expect(page.locator('#tags-1')).toHaveClass(/is-active/);
  const ground = (tag) => page.locator(`[data-tag="${tag}"] .tick`).evaluate((tick) => getComputedStyle(tick).backgroundColor);
  expect(await ground('latest')).not.toBe(await ground('windows'));
  const outlines = await page.locator('[data-row]').evaluateAll((rows) => rows.map((row) => getComputedStyle(row).outlineStyle));
  expect(outlines).toEqual(['none', 'solid', 'none', 'none', 'none', 'none']);
});

test('Enter and the space bar on a button in a row are for the button, and not for the row that is active', async ({ page, open, memory }) => {
  await open(`/explore/${memory.host}/samples/hello`);
  const row = page.locator('[data-tag="windows"]');
  for (const [name, key] of [['Copy the digest', 'Enter'], ['Copy the pull command', 'Space']]) {
    const button = row.getByRole('button', { name });
    await button.focus();
    await page.keyboard.press(key);
    await expect(button.getByRole('status')).not.toBeEmpty();
  }
  await expect(page.locator('[data-row][aria-selected=true]')).toHaveCount(0);
  await expect(page.getByRole('grid', { name: 'Tags' })).toBeVisible();
  // The arrows are for the table wherever they are pressed in it.
  await page.keyboard.press('ArrowDown');
  await expect(page.locator('#tags-1')).toHaveClass(/is-active/);
});

test('tags that are listed again while some are picked: the same are picked, and what is gone is not', async ({ page, open, server, complaints }) => {
  const repo = 'explore/again';
  for (const tag of ['a', 'b', 'c', 'd']) await putImage(server, repo, tag, { os: 'linux', architecture: 'amd64' }, 'same');
  let [listed, isWhole, asked] = [['a', 'b', 'c', 'd'], false, 0];
  await page.route(new RegExp(`/v2/${repo}/tags/list`), (route) => {
    asked += 1;
    const headers = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'Link' };
    if (route.request().url().includes('last=')) return route.fulfill({ status: 404, headers, json: { errors: [{ code: 'NAME_UNKNOWN' }] } });
    if (!isWhole) headers.link = `</v2/${repo}/tags/list?n=4&last=d>; rel="next"`;
    return route.fulfill({ headers, json: { name: repo, tags: listed } });
  });
  await open(`/explore/${server.host}/${repo}`);
  const picked = () => page.locator('[data-row][aria-selected=true]').evaluateAll((rows) => rows.map((row) => row.dataset.tag));
  await expect(page.getByTestId('error')).toBeVisible();
  for (const tag of ['a', 'c', 'd']) await page.locator(`[data-tag="${tag}"] .tick`).click();
  expect(await picked()).toEqual(['d', 'c', 'a']);
  await expect(page.locator('[data-row] .tag-row__digest code')).toHaveCount(4);

  // Other tags come before the picked ones now, and one of these is gone.
  const again = page.getByTestId('error').getByRole('button', { name: 'Try again' });
  listed = ['0', 'c', 'd'];
  await again.click();
  await expect(page.locator('[data-row][data-tag="0"]')).toBeVisible();
  await expect(page.getByTestId('error')).toBeVisible();
  expect(await picked()).toEqual(['d', 'c']);

  // A failure is told in another language without being tried again.
  const before = asked;
  const title = await page.getByTestId('error').getByRole('heading').textContent();
  await page.getByRole('combobox', { name: 'Language' }).selectOption('es');
  await expect(page.getByTestId('error').getByRole('heading')).not.toHaveText(title);
  await page.getByRole('combobox', { name: 'Idioma' }).selectOption('en');
  await expect(page.getByTestId('error').getByRole('heading')).toHaveText(title);
  expect(asked).toBe(before);

  isWhole = true;
  await again.click();
  await expect(page.getByTestId('error')).toHaveCount(0);
  await expect(page.getByTestId('actions')).toContainText('2 selected');
  expect(await picked()).toEqual(['d', 'c']);
  await page.getByTestId('actions').getByRole('link', { name: 'Delete…' }).click();
  await expect(page).toHaveURL(/again\|c\|d$/);
  expect(complaints.filter((line) => !line.includes('404'))).toEqual([]);
});

test('a range of tags whose start is filtered out is selected as far as it is shown', async ({ page, open, memory, complaints }) => {
  await open(`/explore/${memory.host}/samples/hello`);
  const picked = () => page.locator('[data-row][aria-selected=true]').evaluateAll((rows) => rows.map((row) => row.dataset.tag));
  await expect(page.locator('[data-row]')).toHaveCount(6);
  await page.getByRole('grid', { name: 'Tags' }).focus();
  await page.keyboard.press('End');
  await expect(page.locator('#tags-5')).toHaveClass(/is-active/);
  await page.getByTestId('filter').fill('arm');
  await expect(page.locator('[data-row]')).toHaveCount(2);
  await page.getByRole('grid', { name: 'Tags' }).focus();
  await page.keyboard.press('Shift+Home');
  expect(await picked()).toEqual(await page.locator('[data-row]').evaluateAll((rows) => rows.map((row) => row.dataset.tag)));
  expect(complaints).toEqual([]);
});

/** Pushes a small image under `tag`, made at `created`. */
async function pushDated(registry, repository, tag, created) {
  const { createHash } = await import('node:crypto');
  const config = JSON.stringify({ os: 'linux', architecture: 'amd64', created, config: {}, rootfs: { type: 'layers', diff_ids: [] } });
  const digest = `sha256:${createHash('sha256').update(config).digest('hex')}`;
  const begun = await fetch(`${registry}/v2/${repository}/blobs/uploads/`, { method: 'POST' });
  const place = new URL(begun.headers.get('location'), registry);
  place.searchParams.set('digest', digest);
  const put = await fetch(place, { method: 'PUT', body: config, headers: { 'content-type': 'application/octet-stream' } });
  expect(put.status).toBe(201);
  const type = 'application/vnd.oci.image.manifest.v1+json';
  const descriptor = { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size: config.length };
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: type, config: descriptor, layers: [] });
  const pushed = await fetch(`${registry}/v2/${repository}/manifests/${tag}`, { method: 'PUT', body: manifest, headers: { 'content-type': type } });
  expect(pushed.status).toBe(201);
}

for (const kind of ['memory', 'distribution']) {
  test.describe(`on ${kind}`, () => {
    test.use({ kind });
    test('tags are sorted as people count, and by date', async ({ page, open, server }) => {
      const dates = { v9: '2024-03-01T00:00:00Z', v10: '2023-01-01T00:00:00Z', latest: '2025-05-05T00:00:00Z', v2: '2020-02-02T00:00:00Z' };
      for (const [tag, created] of Object.entries(dates)) await pushDated(server.registry, 'dates/app', tag, created);
      await open(`/explore/${server.host}/dates/app`);
      const tags = () => page.getByTestId('tag').allTextContents();
      await expect.poll(tags).toEqual(['v10', 'v9', 'v2', 'latest']);
      await page.getByTestId('sort').selectOption('up');
      await expect.poll(tags).toEqual(['latest', 'v2', 'v9', 'v10']);
      await page.getByTestId('sort').selectOption('date');
      await expect.poll(tags).toEqual(['latest', 'v9', 'v10', 'v2']);
      await expect(page.getByTestId('dating')).toContainText('4 of 4 dates loaded');
    });
  });
}

for (const theme of ['light', 'dark']) {
  for (const [size, viewport] of [
    ['wide', { width: 1280, height: 800 }],
    ['narrow', { width: 390, height: 844 }],
  ]) {
    test.describe(`${theme}, ${size}`, () => {
      test.use({ colorScheme: theme, viewport });
      for (const [name, path] of [
        ['repositories', (host) => `/explore/${host}`],
        ['tags', (host) => `/explore/${host}/samples/hello`],
      ]) {
        test(`${name}: accessible, no sideways scroll`, async ({ page, open, memory }) => {
          await open(path(memory.host));
          await expect(page.locator('[data-row]').first()).toBeVisible();
          await expect(page.locator('.skeleton')).toHaveCount(0);
          await page.screenshot({ path: inProject(`target/screenshots/${name}-${theme}-${size}.png`) });
          await expectNoSidewaysScroll(page);
          await expectAccessible(page);
        });
      }
    });
  }
}
