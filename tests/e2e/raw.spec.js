// The raw text: folded, searched, followed, however large it is.

import { createHash } from 'node:crypto';

import { startDevRegistry } from './servers.js';
import { expect, expectAccessible, test } from './test.js';

const INDEX = 'application/vnd.oci.image.index.v1+json';

/** Pushes an index as it is. */
async function push(registry, name, tag, text) {
  const put = await fetch(`${registry}/v2/${name}/manifests/${tag}`, { method: 'PUT', body: text, headers: { 'content-type': INDEX } });
  expect(put.status).toBe(201);
}

test('lines fold without a byte lost', async ({ page, open, memory }) => {
  await open(`/inspect/${memory.host}/samples/webapp:1.4`);
  const raw = page.getByTestId('raw-manifest');
  await expect(page.getByTestId('shared-layers')).toBeVisible();
  await expect(page.getByTestId('raw-search')).toBeVisible();
  await expect(page.locator('.skeleton')).toHaveCount(0);
  const whole = await raw.evaluate((raw) => raw.textContent);
  const lines = raw.locator('.raw__line');
  const count = await lines.count();
  await lines.filter({ hasText: '"annotations": {' }).first().getByRole('button').click();
  expect(await lines.count()).toBeLessThan(count);
  await expect(raw).not.toContainText('org.opencontainers.image.title');
  await page.getByTestId('raw-fold').selectOption('1');
  await expect(lines).toHaveCount((JSON.parse(whole) && Object.keys(JSON.parse(whole)).length) + 4);
  await page.getByTestId('raw-fold').selectOption('0');
  expect(await raw.evaluate((raw) => raw.textContent)).toBe(whole);
});

test('a search finds, counts, opens what is folded, and goes round', async ({ page, open, memory }) => {
  await open(`/inspect/${memory.host}/samples/webapp:1.4`);
  await expect(page.getByTestId('shared-layers')).toBeVisible();
  await expect(page.getByTestId('raw-search')).toBeVisible();
  await expect(page.locator('.skeleton')).toHaveCount(0);
  await page.getByTestId('raw-fold').selectOption('1');
  await page.getByTestId('raw-search').fill('ARM64');
  await expect(page.getByTestId('raw-found')).toHaveText('1 of 1');
  await expect(page.locator('mark.is-current')).toHaveText('arm64');
  await page.getByTestId('raw-search').fill('"digest"');
  await expect(page.getByTestId('raw-found')).toHaveText('1 of 4');
  // With this one, an input method takes what is composed.
  await page.getByTestId('raw-search').dispatchEvent('keydown', { key: 'Enter', isComposing: true });
  await page.getByTestId('raw-search').press('Enter');
  await expect(page.getByTestId('raw-found')).toHaveText('2 of 4');
  await page.getByTestId('raw-search').press('Shift+Enter');
  await page.getByTestId('raw-search').press('Shift+Enter');
  await expect(page.getByTestId('raw-found')).toHaveText('4 of 4');
  await page.getByTestId('raw-search').fill('nothing of the sort');
  await expect(page.getByTestId('raw-found')).toHaveText('not found');
  await expectAccessible(page);
});

test('every digest leads to what it names: manifests, configs, layers', async ({ page, open, memory }) => {
  await open(`/inspect/${memory.host}/samples/alpine:3.22`);
  const links = page.getByTestId('raw-manifest').getByRole('link');
  await expect(links).toHaveCount(4);
  const digest = await links.first().textContent();
  await links.first().click();
  await expect(page.getByTestId('manifest-digest')).toHaveAttribute('data-digest', JSON.parse(digest));
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  await expect(page.getByTestId('raw-blob')).toContainText('minirootfs');
  await page.goBack();
  await links.nth(2).click();
  await expect(page.getByRole('region', { name: 'Summary' })).toContainText('3.1 MB');
});

test('a text without line breaks is broken at its structure, and stays what it is', async ({ page, open }) => {
  const registry = await startDevRegistry();
  const manifests = [];
  const annotations = Object.fromEntries(Array.from({ length: 60 }, (_, number) => [`key-${number}`, `value ${number}`]));
  const text = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests, annotations });
  await push(registry.registry, 'compact', '1', text);
  await open(`/inspect/${registry.host}/compact:1`);
  const raw = page.getByTestId('raw-manifest');
  await expect(raw.locator('.raw__line')).toHaveCount(67);
  expect(await raw.evaluate((raw) => raw.textContent)).toBe(text);
  await registry.stop();
});

test('a manifest of 4 MiB is shown, searched and scrolled with few elements', async ({ page, open }) => {
  const registry = await startDevRegistry();
  const annotations = {};
  for (let number = 0; number < 40_000; number++) annotations[`key-${number}`] = createHash('sha256').update(String(number)).digest('hex');
  const text = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [], annotations }, null, 2);
  expect(text.length).toBeGreaterThan(3_300_000);
  await push(registry.registry, 'large', '1', text);
  await open(`/inspect/${registry.host}/large:1`);
  const raw = page.getByTestId('raw-manifest');
  await expect(raw).toContainText('key-3');
  expect(await raw.locator('.raw__line').count()).toBeLessThan(200);
  await page.getByTestId('raw-search').fill(annotations['key-39999']);
  await expect(page.getByTestId('raw-found')).toHaveText('1 of 1');
  await expect(raw.locator('mark.is-current')).toBeVisible();
  await expect(raw).toContainText('"key-39999"');
  await registry.stop();
});
