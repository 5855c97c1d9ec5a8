// Lists with images of another registry: they are copied where somebody wants that, and pushed with the list.

import { build, entry, pushed } from './building.js';
import { putImage, readList } from './images.js';
import { startDevRegistry } from './servers.js';
import { expect, expectAccessibleThroughout, test } from './test.js';

test.use({ kind: 'distribution' });

const platforms = { amd64: { os: 'linux', architecture: 'amd64' }, arm64: { os: 'linux', architecture: 'arm64' } };

/** A list on Distribution with one image of its own registry and one of the in-memory one. */
async function mixed(page, open, { server, memory, story }) {
  await putImage(server, `${story}/near`, 'v1', platforms.amd64);
  await putImage(memory, `${story}/far`, 'v1', platforms.arm64);
  const images = [`${server.host}/${story}/near:v1`, `${memory.host}/${story}/far:v1`];
  const list = `${server.host}/${story}/app:v1`;
  await build(page, open, list, images);
  return { images, list };
}

const toPush = (page) => page.getByTestId('builder').getByRole('link', { name: 'Push…' }).click();

/** Types a line into the command line's page and waits for its end. */
async function typed(page, line) {
  const ran = page.getByTestId('ran');
  const before = await ran.count();
  await page.getByTestId('command-input').fill(line);
  await page.getByTestId('command-input').press('Enter');
  await expect(ran.nth(before)).toHaveAttribute('data-exit', '0');
  return (await ran.nth(before).getByTestId('stdout').allTextContents()).join('');
}

/** All blobs of the images in a list, asked for in the list's own repository. */
async function blobsThere(server, repo, list) {
  const blobs = [];
  for (const { digest } of list.json.manifests) {
    const image = await readList(server, `${repo}@${digest}`);
    blobs.push(...[image.json.config, ...image.json.layers].map(({ digest }) => digest));
  }
  return Promise.all(blobs.map(async (digest) => (await fetch(`${server.registry}/v2/${repo}/blobs/${digest}`, { method: 'HEAD' })).status));
}

test('an image of another registry is copied where it is wanted: the digest is the command line\'s, and its blobs are there', async ({ page, open, server, memory, complaints }) => {
  const { images, list } = await mixed(page, open, { server, memory, story: 'copied' });
  await expect(page.getByTestId('command-lines')).toContainText(`tallyman push --insecure --copy ${list}`);
  await toPush(page);
  const offer = page.getByTestId('copy-offer');
  await expect(offer).toContainText(`One image is in another registry than ${server.host}: ${memory.host}`);
  await expect(offer).toContainText(/At most \d+ requests and [\d.]+ \w+/);
  await expect(page.getByTestId('push-start')).toHaveCount(0);
  await expectAccessibleThroughout(page);
  await page.getByTestId('push-copy').check();
  await expect(page.getByTestId('plan')).toContainText(`from ${memory.host}/copied/far`);
  await expect(page.getByTestId('commands')).toContainText(`tallyman push --insecure --copy ${list}`);
  await expect(page.getByTestId('commands')).toContainText('docker manifest has no line for this');
  await expectAccessibleThroughout(page);
  await page.getByTestId('push-start').click();
  const digest = await pushed(page);
  const back = await readList(server, 'copied/app:v1');
  expect(back.digest).toBe(digest);
  expect(await blobsThere(server, 'copied/app', back)).toEqual(Array(6).fill(200));

  await open('/command');
  await typed(page, `tallyman create --insecure ${server.host}/copied/again:v1 ${images.join(' ')}`);
  const printed = await typed(page, `tallyman push --insecure --copy --progress=false ${server.host}/copied/again:v1`);
  expect(printed.trimEnd().split('\n').at(-1)).toBe(digest);
  expect(complaints.filter((line) => !line.includes('404'))).toEqual([]);
});

test('copying that fails is tried again, is paused, goes on after a reload, and makes nothing twice', async ({ page, open, server, memory }) => {
  const { list } = await mixed(page, open, { server, memory, story: 'resumed' });
  const layers = /\/v2\/resumed\/far\/blobs\//;
  let allowed = 1;
  const fetched = [];
  await page.route(layers, (route) => {
    if (route.request().method() !== 'GET') return route.continue();
    fetched.push(route.request().url());
    if (allowed-- > 0) return route.continue();
    return route.fulfill({ status: 403, headers: { 'access-control-allow-origin': '*' }, json: { errors: [{ code: 'DENIED', message: 'out of order' }] } });
  });
  await toPush(page);
  await page.getByTestId('push-copy').check();
  await page.getByTestId('push-start').click();
  await expect(page.getByTestId('push-state')).toHaveAttribute('data-phase', 'failed');
  await expect(page.getByTestId('push-error')).toContainText('out of order');
  const [first] = fetched.splice(0);
  expect((await readList(server, 'resumed/app:v1')).status).toBe(404);

  // The page goes away and comes back: the copy is still wanted, and goes on from where it was.
  await page.reload();
  await expect(page.getByTestId('push-copy')).toBeChecked();
  await expect(page.getByTestId('interrupted')).toBeVisible();
  await page.getByTestId('push-start').click();
  await expect(page.getByTestId('push-state')).toHaveAttribute('data-phase', 'failed');
  expect(fetched).not.toContain(first);

  // Held in a blob's middle, then gone on with.
  await page.unroute(layers);
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await page.route(layers, async (route) => {
    await held;
    await route.continue();
  });
  await page.getByTestId('push-retry').click();
  await page.getByTestId('push-pause').click();
  await expect(page.getByTestId('push-state')).toHaveAttribute('data-phase', 'paused');
  release();
  await page.getByTestId('push-go-on').click();
  const digest = await pushed(page);
  const back = await readList(server, 'resumed/app:v1');
  expect(back.digest).toBe(digest);
  expect(await blobsThere(server, 'resumed/app', back)).toEqual(Array(6).fill(200));
  await open(`/build/${list}`);
  await expect(entry(page, `${memory.host}/resumed/far:v1`)).toBeVisible();
});

test('a large blob says how far it has come', async ({ page, open, server }) => {
  const slow = await startDevRegistry('--fault', 'slow-body,bytes_per_second=3000000,method=GET,path=/v2/large/far/blobs/*');
  const size = 6_000_000;
  await putImage(slow, 'large/far', 'v1', platforms.arm64, 'large', [Buffer.alloc(size, 'x')]);
  await build(page, open, `${server.host}/large/app:v1`, [`${slow.host}/large/far:v1`]);
  await toPush(page);
  await page.getByTestId('push-copy').check();
  await page.getByTestId('push-start').click();
  const come = () => page.locator('[data-testid=step][data-state=running]').filter({ hasText: / \/ 6(\.0)? MB/ });
  await expect(come()).toContainText(/[1-5](\.\d+)? MB \/ 6/);
  await pushed(page);
  await slow.stop();
});

test.describe('in Spanish', () => {
  test.use({ locale: 'es-ES' });
  test('a copy is cancelled: the name is not moved', async ({ page, open, server, memory }) => {
    await mixed(page, open, { server, memory, story: 'cancelled' });
    await page.route(/\/v2\/cancelled\/far\/blobs\//, () => undefined);
    await toPush(page);
    await expect(page.getByTestId('copy-offer')).toContainText('Una imagen está en otro registro');
    await page.getByTestId('push-copy').check();
    await page.getByTestId('push-start').click();
    await page.getByTestId('push-cancel').click();
    await expect(page.getByTestId('push-state')).toHaveAttribute('data-phase', 'cancelled');
    expect((await readList(server, 'cancelled/app:v1')).status).toBe(404);
  });
});
