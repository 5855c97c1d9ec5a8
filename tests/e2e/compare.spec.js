// Two manifests side by side.

import { expect, expectAccessible, expectNoSidewaysScroll, inProject, test } from './test.js';

test('two images differ in what differs, and in nothing else', async ({ page, open, memory, complaints }) => {
  await open(`/compare/${memory.host}/samples/hello:amd64|${memory.host}/samples/hello:armv7`);
  const config = page.getByRole('region', { name: 'Config' });
  await expect(config.locator('tr.differs th', { hasText: 'Platform' })).toHaveCount(1);
  await expect(config.locator('tr.differs')).not.toHaveCount(0);
  await expect(page.getByRole('region', { name: 'Layers' })).toContainText('left only');
  expect(complaints).toEqual([]);
});

test('a list compared with itself is the same, with another it is not', async ({ page, open, memory }) => {
  const list = `${memory.host}/samples/hello:latest`;
  await open(`/compare/${list}|${memory.host}/samples/hello:1.2`);
  await expect(page.getByRole('region', { name: 'Platforms' })).toContainText('the same');
  await expect(page.locator('tr.differs')).toHaveCount(0);

  await page.getByLabel('Right').fill(`${memory.host}/samples/webapp:1.4`);
  await page.getByRole('button', { name: 'Compare' }).click();
  await expect(page.locator('tr.differs').first()).toBeVisible();
  const left = await page.getByLabel('Left').inputValue();
  await page.getByRole('button', { name: 'Swap' }).click();
  await expect(page.getByLabel('Right')).toHaveValue(left);
  await page.goBack();
  await expect(page.getByLabel('Left')).toHaveValue(left);
});

test('what is typed is swapped too', async ({ page, open, memory }) => {
  const [left, right] = ['1.4', '1.3'].map((tag) => `${memory.host}/samples/webapp:${tag}`);
  await open(`/compare/${left}|`);
  await page.getByLabel('Right').fill(right);
  await page.getByRole('button', { name: 'Swap' }).click();
  await expect(page.getByTestId('loading')).toHaveCount(0);
  await expect(page.locator('tr.differs').first()).toBeVisible();
  await expect(page.getByLabel('Left')).toHaveValue(right);
  await expect(page.getByLabel('Right')).toHaveValue(left);
});

test('images that were rebuilt are compared from the comparison of their lists', async ({ page, open, memory }) => {
  await open(`/compare/${memory.host}/samples/webapp:1.4|${memory.host}/samples/webapp:1.3`);
  await page.getByRole('link', { name: 'Compare the images for linux/arm64' }).click();
  await expect(page.getByRole('region', { name: 'Environment' }).locator('tr.differs')).toContainText('1.3.0');
});

test('of two lists nothing is fetched but the lists, and of two images their configs', async ({ page, open, memory }) => {
  const asked = [];
  page.on('request', (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith('/v2/')) asked.push(pathname.replace('/v2/samples/', ''));
  });
  const all = () => [...new Set(asked)].sort();
  await open(`/compare/${memory.host}/samples/webapp:1.4|${memory.host}/samples/webapp:1.3`);
  await page.getByRole('link', { name: 'Compare the images for linux/arm64' }).waitFor();
  await page.waitForLoadState('networkidle');
  expect(all()).toEqual(['webapp/manifests/1.3', 'webapp/manifests/1.4']);
  asked.length = 0;
  await page.getByRole('link', { name: 'Compare the images for linux/arm64' }).click();
  await expect(page.getByRole('region', { name: 'Environment' })).toBeVisible();
  await page.waitForLoadState('networkidle');
  expect(all().map((path) => path.split('/')[1])).toEqual(['blobs', 'blobs', 'manifests', 'manifests']);
});

test('what cannot be fetched is told beside what can', async ({ page, open, memory }) => {
  await open(`/compare/${memory.host}/samples/hello:latest|${memory.host}/samples/nothing:1`);
  await expect(page.getByTestId('error')).toHaveAttribute('data-code', 'not-found');
});

for (const theme of ['light', 'dark']) {
  for (const [size, viewport] of [
    ['wide', { width: 1280, height: 800 }],
    ['narrow', { width: 390, height: 844 }],
  ]) {
    test.describe(`${theme}, ${size}`, () => {
      test.use({ colorScheme: theme, viewport });
      test('compare: accessible, no sideways scroll', async ({ page, open, memory }) => {
        await open(`/compare/${memory.host}/samples/webapp:1.4|${memory.host}/samples/webapp:1.3`);
        await expect(page.locator('tr.differs').first()).toBeVisible();
        await page.screenshot({ path: inProject(`target/screenshots/compare-${theme}-${size}.png`) });
        await expectNoSidewaysScroll(page);
        await expectAccessible(page);
      });
    });
  }
}
