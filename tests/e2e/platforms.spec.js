// Indexes of hundreds and thousands of platforms.

import { putIndex } from './large-index.js';
import { startDevRegistry } from './servers.js';
import { expect, expectAccessible, expectNoSidewaysScroll, leave, test } from './test.js';

for (const [count, images] of [[300, 300], [10_000, 40]]) {
  test(`${count} platforms: rows in a window, what is in sight is fetched, and leaving is immediate`, async ({ page, open }) => {
    test.setTimeout(90_000);
    const registry = await startDevRegistry();
    await putIndex(registry.registry, 'scale/index', count, images);
    const asked = [];
    page.on('request', (request) => request.url().startsWith(registry.registry) && request.method() !== 'OPTIONS' && asked.push(request.url()));
    // The work of a task, by what it changes: a busy machine makes that no more. `cargo xtask bench scale` has the milliseconds.
    await page.addInitScript(() => {
      window.most = 0;
      const count = (node) => 1 + [...node.childNodes].reduce((sum, child) => sum + count(child), 0);
      const added = (changes) => changes.flatMap(({ addedNodes }) => [...addedNodes]).reduce((sum, node) => sum + count(node), 0);
      // All changes of a task come together.
      new MutationObserver((changes) => (window.most = Math.max(window.most, added(changes)))).observe(document, { childList: true, subtree: true });
    });
    await open(`/inspect/${registry.host}/scale/index:many`);
    await expect(page.getByTestId('platform-row').first()).toContainText('linux/cpu0');
    await expect(page.getByTestId('platform-row').first().locator('time')).toBeVisible();
    await expect(page.getByTestId('count')).toHaveText(count.toLocaleString('en-GB'));
    expect(await page.getByTestId('platform-row').count()).toBeLessThan(60);
    // Two requests for a row in sight, and those for the index itself.
    expect(asked.length).toBeLessThan(90);
    expect(await page.evaluate(() => document.documentElement.scrollHeight)).toBeLessThan(2500);

    await page.locator('.window').evaluate((list) => (list.scrollTop = list.scrollHeight / 2));
    await expect(page.getByTestId('platform-row').nth(12).locator('time')).toBeVisible();
    await page.getByTestId('filter').fill(`cpu${count - 1}`);
    await expect(page.getByTestId('platform-row')).toHaveCount(1);
    await page.getByTestId('platform-row').getByRole('link').click();
    await expect(page.getByTestId('layer-row')).toHaveCount(1);
    expect(await leave(page)).toBeLessThan(1500);
    expect(await page.evaluate(() => window.most)).toBeLessThan(3000);

    await page.goBack();
    await page.goBack();
    await expect(page.getByTestId('filter')).toHaveValue(`cpu${count - 1}`);
    await page.getByTestId('filter').fill('');
    await expectAccessible(page);
    await page.setViewportSize({ width: 390, height: 844 });
    await expectNoSidewaysScroll(page);
    await registry.stop();
  });
}

test('the config of a platform that could not be fetched is asked for again when its row is in sight', async ({ page, open }) => {
  const registry = await startDevRegistry();
  await putIndex(registry.registry, 'scale/index', 300, 300);
  const get = async (reference, kind) =>
    (await fetch(`${registry.registry}/v2/scale/index/manifests/${reference}`, { headers: { accept: `application/vnd.oci.image.${kind}.v1+json` } })).json();
  const { manifests } = await get('many', 'index');
  const { config } = await get(manifests[0].digest, 'manifest');
  const refused = new RegExp(`/blobs/${config.digest}$`);
  await page.route(refused, (route) => route.fulfill({ status: 403, headers: { 'access-control-allow-origin': '*' } }));
  await open(`/inspect/${registry.host}/scale/index:many`);
  const row = page.locator('[data-platform="linux/cpu0"]');
  await expect(row.getByTestId('no-date')).toHaveText(/could not be fetched: .*403/);
  await page.unroute(refused);
  for (const far of [true, false]) {
    await page.locator('.window').evaluate((list, far) => (list.scrollTop = far ? list.scrollHeight : 0), far);
    await expect(row).toHaveCount(far ? 0 : 1);
  }
  await expect(row.locator('time')).toBeVisible();
  await registry.stop();
});
