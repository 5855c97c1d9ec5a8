// Stories from an empty browser to a pushed list, against real Distribution.

import { readFileSync } from 'node:fs';

import { add, build, entry, push, pushed, setPlatform } from './building.js';
import { putImage, readList } from './images.js';
import { note } from './notes.js';
import { expect, expectAccessible, expectNoSidewaysScroll, inProject, test } from './test.js';
import { fileName } from '../replay/local-store.js';
import { fromFolder } from '../replay/scenarios.js';
import { fill, readBack } from '../replay/registry-contents.js';

test.use({ kind: 'distribution' });

const platforms = {
  amd64: { os: 'linux', architecture: 'amd64' },
  arm64: { os: 'linux', architecture: 'arm64' },
  arm: { os: 'linux', architecture: 'arm' },
  s390x: { os: 'linux', architecture: 's390x' },
  windows: { os: 'windows', architecture: 'amd64', 'os.version': '10.0.20348.1' },
};

/** Five images, each in a repository of its own. */
async function fiveImages(server, story) {
  const names = Object.keys(platforms);
  await Promise.all(names.map((name) => putImage(server, `${story}/${name}`, 'v1', platforms[name])));
  return names.map((name) => `${server.host}/${story}/${name}:v1`);
}

test('five images of five repositories, one annotated, become a list; it is amended and pushed again', async ({ page, open, server, complaints }) => {
  const images = await fiveImages(server, 'five');
  const list = `${server.host}/five/app:v1`;
  await build(page, open, list, images.slice(0, 5));
  const arm = images[2];
  await setPlatform(page, arm, 'linux/arm/v7');
  await expect(entry(page, arm)).toHaveAttribute('data-platform', 'linux/arm/v7');
  const shown = await page.getByTestId('list-digest').getAttribute('data-digest');
  await page.getByTestId('unfold').click();
  const text = await page.getByTestId('list-bytes').evaluate((raw) => raw.textContent);

  const digest = await push(page);
  expect(digest).toBe(shown);
  const back = await readList(server, 'five/app:v1');
  expect(back.digest).toBe(digest);
  expect(back.bytes.toString()).toBe(text);
  expect(back.json.manifests.map(({ platform }) => platform.variant).filter(Boolean)).toEqual(['v7']);
  await expect(page.getByTestId('outcome')).toContainText(`docker pull ${server.host}/five/app@${digest}`);
  for (const { digest } of back.json.manifests) {
    await expect(page.getByTestId('outcome')).toContainText(`${server.host}/five/app@${digest}`);
  }

  // Amended: one goes, one comes. Only what is new is sent.
  await putImage(server, 'five/riscv', 'v1', { os: 'linux', architecture: 'riscv64' });
  await open(`/build/${list}`);
  await entry(page, images[3]).getByTestId('remove').click();
  await add(page, [`${server.host}/five/riscv:v1`]);
  await expect(entry(page, `${server.host}/five/riscv:v1`)).toBeVisible();
  await page.getByTestId('builder').getByRole('link', { name: 'Push…' }).click();
  await expect(page.getByTestId('push-standing')).toContainText('the push moves it');
  await expect(page.locator('[data-testid=step][data-state=present]')).not.toHaveCount(0);
  await page.getByTestId('push-start').click();
  const second = await pushed(page);
  expect((await readList(server, 'five/app:v1')).digest).toBe(second);
  expect(second).not.toBe(digest);
  expect(complaints.filter((line) => !line.includes('404'))).toEqual([]);
});

test('an image that has moved is stale, and taken as it is now', async ({ page, open, server }) => {
  const image = `${server.host}/stale/app:edge`;
  const old = await putImage(server, 'stale/app', 'edge', platforms.amd64, 'old');
  await build(page, open, `${server.host}/stale/app:1`, [image]);
  await expect(entry(page, image).getByTestId('entry-state')).toHaveAttribute('data-state', 'fresh');
  const now = await putImage(server, 'stale/app', 'edge', platforms.amd64, 'new');
  await page.getByTestId('check-again').click();
  await expect(entry(page, image).getByTestId('entry-state')).toHaveAttribute('data-state', 'stale');
  await expect(entry(page, image)).toHaveAttribute('data-digest', old);
  await entry(page, image).getByTestId('refresh').click();
  await expect(entry(page, image)).toHaveAttribute('data-digest', now);
  await expect(entry(page, image).getByTestId('entry-state')).toHaveAttribute('data-state', 'fresh');
  const digest = await push(page);
  const back = await readList(server, 'stale/app:1');
  expect([back.digest, back.json.manifests[0].digest]).toEqual([digest, now]);
});

test('an image that is missing keeps nothing else back, and can be tried again', async ({ page, open, server }) => {
  await putImage(server, 'missing/app', 'amd64', platforms.amd64);
  const [there, missing] = ['amd64', 'arm64'].map((tag) => `${server.host}/missing/app:${tag}`);
  await open(`/build/${server.host}/missing/app:1`);
  await add(page, [missing, there]);
  await expect(entry(page, there)).toBeVisible();
  const pending = page.locator(`[data-testid=pending][data-image="${missing}"]`);
  await expect(pending.getByRole('alert')).toContainText('has no missing/app:arm64');
  await putImage(server, 'missing/app', 'arm64', platforms.arm64);
  await pending.getByTestId('retry').click();
  await expect(entry(page, missing)).toBeVisible();
  await expect(page.getByTestId('pending')).toHaveCount(0);
  const digest = await push(page);
  expect((await readList(server, 'missing/app:1')).digest).toBe(digest);
});

test('a registry that fails in the middle of a push: what was done stays done, the rest is made up for', async ({ page, open, server }) => {
  const images = await fiveImages(server, 'fails');
  await build(page, open, `${server.host}/fails/app:v1`, images);
  let refuses = true;
  await page.route(/\/v2\/fails\/app\/manifests\/sha256:/, (route) => {
    if (route.request().method() !== 'PUT' || !refuses) return route.continue();
    const body = JSON.stringify({ errors: [{ code: 'DENIED', message: 'out of order' }] });
    return route.fulfill({ status: 403, contentType: 'application/json', headers: { 'access-control-allow-origin': '*' }, body });
  });
  await page.getByTestId('builder').getByRole('link', { name: 'Push…' }).click();
  await page.getByTestId('push-start').click();
  await expect(page.getByTestId('push-state')).toHaveAttribute('data-phase', 'failed');
  await expect(page.getByTestId('push-error')).toContainText('out of order');
  await expect(page.locator('[data-testid=step][data-state=failed]')).not.toHaveCount(0);
  const done = await page.locator('[data-testid=step][data-state=done]').count();
  expect(done).toBeGreaterThan(0);
  refuses = false;
  const mounts = [];
  page.on('request', (request) => request.method() === 'POST' && mounts.push(request.url()));
  await page.getByTestId('push-retry').click();
  const digest = await pushed(page);
  expect((await readList(server, 'fails/app:v1')).digest).toBe(digest);
  expect(mounts, 'mounts that succeeded are not made again').toEqual([]);
});

test('a push that wants a sign-in goes on when it is done, unless its page was left by then', async ({ page, open, server }) => {
  await putImage(server, 'left/app', 'amd64', platforms.amd64);
  await build(page, open, `${server.host}/left/app:v1`, [`${server.host}/left/app:amd64`]);
  const headers = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'WWW-Authenticate', 'www-authenticate': 'Basic realm="left"' };
  let refuses = true;
  let written = 0;
  await page.route(/\/v2\/left\/app\/manifests\/v1$/, (route) => {
    if (route.request().method() !== 'PUT') return route.continue();
    written++;
    return refuses ? route.fulfill({ status: 401, headers }) : route.continue();
  });
  await page.getByTestId('builder').getByRole('link', { name: 'Push…' }).click();
  await page.getByTestId('push-start').click();
  const signIn = async () => {
    const panel = page.getByTestId('sign-in-panel');
    await panel.locator('input[name=username]').fill('ann');
    await panel.locator('input[name=password]').fill('secret');
    await panel.getByRole('button', { name: 'Sign in', exact: true }).click();
  };
  const held = [];
  await expect(page.getByTestId('sign-in-panel')).toBeVisible();
  await page.route(/\/v2\/$/, (route) => held.push(route));
  const before = written;
  await signIn();
  await expect.poll(() => held.length).toBe(1);
  refuses = false;
  await page.getByRole('link', { name: 'Lists', exact: true }).click();
  await page.unroute(/\/v2\/$/);
  await held.pop().continue();
  await expect(page.getByTestId('toast')).toContainText('Signed in');
  await page.goBack();
  await expect(page.getByTestId('push-state')).toHaveAttribute('data-phase', 'failed');
  expect(written).toBe(before);
  await signIn();
  await pushed(page);
});

test('a reload at every step: the list, its platforms, and a push in its middle are found again', async ({ page, open, server }) => {
  const images = await fiveImages(server, 'reload');
  const list = `${server.host}/reload/app:v1`;
  await build(page, open, list, images);
  await page.reload();
  for (const image of images) await expect(entry(page, image)).toBeVisible();
  await setPlatform(page, images[2], 'linux/arm/v6');
  await expect(entry(page, images[2])).toHaveAttribute('data-platform', 'linux/arm/v6');
  await page.reload();
  await expect(entry(page, images[2])).toHaveAttribute('data-platform', 'linux/arm/v6');
  await page.getByTestId('builder').getByRole('link', { name: 'Push…' }).click();
  await expect(page.getByTestId('push-start')).toBeEnabled();
  await page.reload();

  // The first manifest is put, the others get no answer: the browser goes away in the middle.
  let answered = 0;
  const hold = (route) => (route.request().method() === 'PUT' && answered++ > 0 ? undefined : route.continue());
  await page.route(/\/v2\/reload\/app\/manifests\/sha256:/, hold);
  await page.getByTestId('push-start').click();
  const progress = () => page.locator('[data-testid=step][data-state=done]').count();
  await expect.poll(progress).toBeGreaterThan(6);
  const asked = page.waitForEvent('dialog').then((dialog) => dialog.accept());
  await page.reload();
  await asked;
  await page.unroute(/\/v2\/reload\/app\/manifests\/sha256:/, hold);
  await expect(page.getByTestId('interrupted')).toBeVisible();
  expect((await readList(server, 'reload/app:v1')).status).toBe(404);
  await page.getByTestId('push-start').click();
  const digest = await pushed(page);
  expect((await readList(server, 'reload/app:v1')).digest).toBe(digest);
  await page.reload();
  await expect(page.getByTestId('interrupted')).toHaveCount(0);
  await expect(page.getByTestId('push-standing')).toContainText('already is exactly this list');
});

/** Removes from the registry what a push has put beside the list `repo`, and returns how many manifests that were. */
async function lose(server, repo) {
  let lost = 0;
  for (const name of Object.keys(platforms)) {
    const { digest } = await readList(server, `${repo}/${name}:v1`);
    const answer = await fetch(`${server.registry}/v2/${repo}/app/manifests/${digest}`, { method: 'DELETE' });
    lost += Number(answer.status === 202);
  }
  return lost;
}

test('what an interrupted push had done and the registry has no more is made again, and all of it where nothing is to be skipped', async ({ page, open, server }) => {
  const images = await fiveImages(server, 'lost');
  const list = `${server.host}/lost/app:v1`;
  await build(page, open, list, images);
  let answered = 0;
  const hold = (route) => (route.request().method() === 'PUT' && answered++ > 0 ? undefined : route.continue());
  await page.route(/\/v2\/lost\/app\/manifests\/sha256:/, hold);
  await page.getByTestId('builder').getByRole('link', { name: 'Push…' }).click();
  await page.getByTestId('push-start').click();
  const done = page.locator('[data-testid=step][data-state=done]');
  // All but the list and the four manifests without an answer, in what is kept as well.
  const before = (await page.getByTestId('step').count()) - 5;
  await expect(done).toHaveCount(before);
  const noted = async () => JSON.parse((await note(page, `push ${fileName(list)}`)) ?? '{}').done?.length;
  await expect.poll(noted).toBe(before);
  expect(await lose(server, 'lost')).toBe(1);
  const asked = page.waitForEvent('dialog').then((dialog) => dialog.accept());
  await page.reload();
  await asked;
  await page.unroute(/\/v2\/lost\/app\/manifests\/sha256:/, hold);
  await expect(page.getByTestId('interrupted')).toBeVisible();
  await expect(done).toHaveCount(before - 1);
  await page.getByTestId('push-skip').uncheck();
  await expect(done).toHaveCount(0);
  await expect(page.getByTestId('interrupted')).toHaveCount(0);
  await page.getByTestId('push-skip').check();
  await page.getByTestId('push-start').click();
  const digest = await pushed(page);
  expect((await readList(server, 'lost/app:v1')).digest).toBe(digest);
});

test('what a push had done and the registry has lost before a retry is made again', async ({ page, open, server }) => {
  const images = await fiveImages(server, 'relost');
  await build(page, open, `${server.host}/relost/app:v1`, images);
  let refuses = true;
  await page.route(/\/v2\/relost\/app\/manifests\/v1/, (route) => {
    if (route.request().method() !== 'PUT' || !refuses) return route.continue();
    const json = { errors: [{ code: 'UNKNOWN', message: 'out of order' }] };
    return route.fulfill({ status: 400, headers: { 'access-control-allow-origin': '*' }, json });
  });
  await page.getByTestId('builder').getByRole('link', { name: 'Push…' }).click();
  await page.getByTestId('push-start').click();
  await expect(page.getByTestId('push-state')).toHaveAttribute('data-phase', 'failed');
  expect(await lose(server, 'relost')).toBe(5);
  refuses = false;
  await page.getByTestId('push-retry').click();
  const digest = await pushed(page);
  expect((await readList(server, 'relost/app:v1')).digest).toBe(digest);
});

test('a push is paused, goes on, and is cancelled', async ({ page, open, server }) => {
  const images = await fiveImages(server, 'pause');
  await build(page, open, `${server.host}/pause/app:v1`, images);
  const held = [];
  let holds = true;
  await page.route(/\/v2\/pause\/app\/blobs\/uploads\//, (route) => (holds ? held.push(route) : route.continue()));
  const release = () => Promise.all(held.splice(0).map((route) => route.continue()));
  await page.getByTestId('builder').getByRole('link', { name: 'Push…' }).click();
  await page.getByTestId('push-start').click();
  await expect.poll(() => held.length).toBeGreaterThan(0);
  await page.getByTestId('push-pause').click();
  await expect(page.getByTestId('push-state')).toHaveAttribute('data-phase', 'paused');
  holds = false;
  await release();
  await expect(page.locator('[data-testid=step][data-state=running]')).toHaveCount(0);
  expect((await readList(server, 'pause/app:v1')).status).toBe(404);
  await page.getByTestId('push-go-on').click();
  const digest = await pushed(page);
  expect((await readList(server, 'pause/app:v1')).digest).toBe(digest);

  // Cancelled, the name is not moved.
  await open(`/build/${server.host}/pause/app:v1`);
  await entry(page, images[0]).getByTestId('remove').click();
  await page.getByTestId('builder').getByRole('link', { name: 'Push…' }).click();
  await page.route(/\/v2\/pause\/app\/manifests\/v1/, (route) => (route.request().method() === 'PUT' ? undefined : route.continue()));
  await page.getByTestId('push-start').click();
  await page.getByTestId('push-cancel').click();
  await expect(page.getByTestId('push-state')).toHaveAttribute('data-phase', 'cancelled');
  expect((await readList(server, 'pause/app:v1')).digest).toBe(digest);
});

test('a list that is changed while it is pushed is kept, though it was to be removed', async ({ page, open, server }) => {
  const images = await fiveImages(server, 'kept');
  const list = `${server.host}/kept/app:v1`;
  await build(page, open, list, images);
  const held = [];
  await page.route(/\/v2\/kept\/app\/manifests\/v1/, (route) => (route.request().method() === 'PUT' ? held.push(route) : route.continue()));
  await page.getByTestId('builder').getByRole('link', { name: 'Push…' }).click();
  await page.getByTestId('push-purge').check();
  await page.getByTestId('push-start').click();
  await expect.poll(() => held.length).toBe(1);
  await page.getByRole('link', { name: 'Lists' }).first().click();
  await page.getByRole('link', { name: list }).click();
  await entry(page, images[0]).getByTestId('remove').click();
  await expect(entry(page, images[0])).toHaveCount(0);
  const changed = await page.getByTestId('list-digest').getAttribute('data-digest');
  await held[0].continue();
  await expect(page.getByTestId('toast').first()).toContainText('The local list was changed meanwhile, so it is kept');
  expect((await readList(server, 'kept/app:v1')).digest).not.toBe(changed);
  await page.reload();
  await expect(page.getByTestId('list-digest')).toHaveAttribute('data-digest', changed);
});

test('what is changed during a push is not offered for removal afterwards; a list that is removed then comes back with its history', async ({ page, open, server }) => {
  const images = await fiveImages(server, 'during');
  const list = `${server.host}/during/app:v1`;
  await build(page, open, list, images);
  const held = [];
  const hold = (route) => (route.request().method() === 'PUT' ? held.push(route) : route.continue());
  await page.route(/\/v2\/during\/app\/manifests\/v1/, hold);
  const toPush = () => page.getByTestId('builder').getByRole('link', { name: 'Push…' }).click();
  await toPush();
  await page.getByTestId('push-start').click();
  await expect.poll(() => held.length).toBe(1);
  await page.locator('.trail').getByRole('link', { name: list }).click();
  await entry(page, images[0]).getByTestId('remove').click();
  await expect(entry(page, images[0])).toHaveCount(0);
  await toPush();
  await held[0].continue();
  await pushed(page);
  const outcome = page.getByTestId('outcome');
  await expect(outcome).toContainText('The local list was changed meanwhile, so it is kept');
  await expect(outcome).not.toContainText('docker manifest rm');
  await expect(page.getByTestId('purge-now')).toHaveCount(0);

  await page.unroute(/\/v2\/during\/app\/manifests\/v1/, hold);
  await outcome.getByRole('button', { name: 'Push again' }).click();
  await page.getByTestId('push-start').click();
  const digest = await pushed(page);
  await page.getByTestId('purge-now').click();
  await expect(outcome).toContainText('The local list is removed');
  await page.getByTestId('toast').getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByTestId('purge-now')).toBeVisible();
  await page.locator('.trail').getByRole('link', { name: list }).click();
  await expect(page.getByTestId('list-digest')).toHaveAttribute('data-digest', digest);
  await page.getByTestId('undo').click();
  await expect(entry(page, images[0])).toBeVisible();
});

test('a list that cannot be read after its push is not said to be removed', async ({ page, open, server }) => {
  await putImage(server, 'unread/app', 'amd64', platforms.amd64);
  await build(page, open, `${server.host}/unread/app:v1`, [`${server.host}/unread/app:amd64`]);
  await push(page);
  await page.evaluate(
    () =>
      new Promise((resolve) => {
        const opening = indexedDB.open('tallyman');
        opening.onsuccess = () => {
          const entries = opening.result.transaction('entries', 'readwrite').objectStore('entries');
          entries.openCursor().onsuccess = ({ target }) => target.result?.update(new Uint8Array([0x7b]));
          entries.transaction.oncomplete = () => resolve(opening.result.close());
        };
      }),
  );
  await page.getByRole('link', { name: 'Lists', exact: true }).click();
  await page.goBack();
  const outcome = page.getByTestId('outcome');
  await expect(outcome.locator('.panel__foot').getByRole('status')).toContainText('JSON');
  await expect(outcome).not.toContainText('The local list is removed');
});

test('a list that gets another name leaves what was noted of its pushes behind', async ({ page, open, server }) => {
  const images = await fiveImages(server, 'notes');
  const [list, renamed] = ['v1', 'v2'].map((tag) => `${server.host}/notes/app:${tag}`);
  await build(page, open, list, images);
  await push(page);
  await page.getByRole('link', { name: 'Lists', exact: true }).click();
  const row = (name) => page.locator(`[data-testid=list][data-name="${name}"]`);
  const named = async (from, testid, to) => {
    await row(from).getByTestId(testid).click();
    await page.getByTestId('new-name').fill(to);
    await page.getByTestId('new-name').press('Enter');
    await expect(row(to)).toBeVisible();
  };
  await expect(row(list).getByTestId('list-state')).toHaveText('pushed');
  await named(list, 'rename', renamed);
  await named(renamed, 'duplicate', list);
  for (const name of [list, renamed]) await expect(row(name).getByTestId('list-state')).toHaveText('not pushed yet');

  // A push that is interrupted: another list of the name has nothing to do with it.
  await open(`/push/${renamed}`);
  let answered = 0;
  const hold = (route) => (route.request().method() === 'PUT' && answered++ > 0 ? undefined : route.continue());
  await page.route(/\/v2\/notes\/app\/manifests\/sha256:/, hold);
  await page.getByTestId('push-skip').uncheck();
  await page.getByTestId('push-start').click();
  await expect.poll(() => page.locator('[data-testid=step][data-state=done]').count()).toBeGreaterThan(6);
  const asked = page.waitForEvent('dialog').then((dialog) => dialog.accept());
  await page.reload();
  await asked;
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await expect(page.getByTestId('interrupted')).toBeVisible();
  await page.getByRole('link', { name: 'Lists', exact: true }).click();
  const third = `${server.host}/notes/app:v3`;
  await named(renamed, 'rename', third);
  await named(third, 'duplicate', renamed);
  await open(`/push/${renamed}`);
  await expect(page.getByTestId('push-standing')).toContainText('is new in the registry');
  await expect(page.getByTestId('interrupted')).toHaveCount(0);
});

test('a folder that the Docker CLI wrote is brought in, annotated and pushed: the digest is the recorded one', async ({ page, open, server }) => {
  const folder = 'tests/fixtures/docker-manifest/cli-28.2.2/other-repos-and-purge';
  const recorded = readFileSync(inProject(`${folder}/digest.txt`), 'utf8').trim();
  await fill(server.registry, fromFolder(inProject(folder)).contents);
  // The recorded host is another one: the same folder, as the Docker CLI would have written it for this registry.
  const { movedStore } = await import('./docker-folder.js');
  const store = await movedStore(inProject(`${folder}/steps/01-create/store`), '127.0.0.1:5077', server.host);
  try {
    await open('/lists');
    await page.getByTestId('import-folder').setInputFiles(store.path);
    await expect(page.getByTestId('offer-name')).toHaveValue(`${server.host}/demo/app:2`);
    await page.getByTestId('import-button').click();
    await page.getByRole('link', { name: `${server.host}/demo/app:2` }).click();
    const arm = `${server.host}/parts/linux-arm-v7:v1`;
    await setPlatform(page, arm, 'linux/arm/v6');
    await expect(entry(page, arm)).toHaveAttribute('data-platform', 'linux/arm/v6');
    await expect(page.getByTestId('list-digest')).toHaveAttribute('data-digest', recorded);
    await page.getByTestId('builder').getByRole('link', { name: 'Push…' }).click();
    await page.getByTestId('push-purge').check();
    await page.getByTestId('push-start').click();
    expect(await pushed(page)).toBe(recorded);
    expect((await readBack(server.registry, 'demo/app:2')).digest).toBe(recorded);
    await open('/lists');
    await expect(page.getByTestId('no-lists')).toBeVisible();
  } finally {
    await store.remove();
  }
});

test('a list that cannot be pushed says why, and leads back', async ({ page, open, server }) => {
  await putImage(server, 'refused/app', 'x', { architecture: 'amd64' });
  const list = `${server.host}/refused/app:1`;
  await build(page, open, list, [`${server.host}/refused/app:x`]);
  await page.getByTestId('builder').getByRole('link', { name: 'Push…' }).click();
  await expect(page.getByTestId('push-refused')).toContainText('must have an OS and Architecture');
  await page.getByRole('link', { name: 'Back to the list' }).click();
  await expect(page.getByTestId('builder')).toBeVisible();
});

for (const colorScheme of ['light', 'dark']) {
  test(`plan and outcome are accessible and fit, ${colorScheme}`, async ({ page, open, server }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const story = `look-${colorScheme}`;
    const images = await fiveImages(server, story);
    await build(page, open, `${server.host}/${story}/app:v1`, images);
    await page.getByTestId('builder').getByRole('link', { name: 'Push…' }).click();
    await expect(page.getByTestId('push-start')).toBeEnabled();
    await expectAccessible(page);
    await page.setViewportSize({ width: 390, height: 844 });
    await expectNoSidewaysScroll(page);
    await page.getByTestId('push-start').click();
    await pushed(page);
    await expectNoSidewaysScroll(page);
    await expectAccessible(page);
  });
}
