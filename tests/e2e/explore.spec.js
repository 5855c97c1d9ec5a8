// A registry's repositories and a repository's tags.

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
      const latest = page.getByRole('link', { name: /^latest/ });
      for (const platform of ['linux/amd64', 'linux/arm/v7', 'linux/arm64', 'windows/amd64']) {
        await expect(latest).toContainText(platform);
      }
      await latest.click();
      await expect(page.getByTestId('digest-verified')).toBeVisible();
      await page.goBack();
      await expect(page.getByTestId('count')).toHaveText(`${tags.length} tags`);
      expect(complaints).toEqual([]);
    });
  });
}

test('100,000 repositories and 20,000 tags stream in and filter; only what is on screen is asked for', async ({ page, open }) => {
  const large = await startDevRegistry('--synthetic', '100000,20000');
  await open(`/explore/${large.host}`);
  await expect(page.locator('.window__rows li').first()).toBeVisible();
  await expect(page.getByTestId('count')).toHaveText('100,001 repositories', { timeout: 20_000 });
  expect(await page.locator('.window__rows li').count()).toBeLessThan(80);
  await page.locator('.window').evaluate((list) => (list.scrollTop = list.scrollHeight));
  await expect(page.getByRole('link', { name: 'synthetic/r0099999' })).toBeVisible();
  await page.getByTestId('filter').fill('r0054321');
  await expect(page.getByTestId('count')).toHaveText('1 of 100,001 repositories');

  await open(`/explore/${large.host}/scale/many-tags`);
  await expect(page.getByTestId('count')).toHaveText('20,000 tags', { timeout: 20_000 });
  await expect(page.getByTestId('tag').first()).toHaveText('t0019999');
  const asked = await (await fetch(`${large.registry}/_requests`)).json();
  expect(asked.filter(({ path }) => path.includes('/manifests/')).length).toBeLessThan(200);
  await large.stop();
});

test('a registry that shows no catalog says what to do instead', async ({ page, open, memory }) => {
  await page.route(`${memory.registry}/v2/_catalog*`, (route) =>
    route.fulfill({ status: 405, headers: { 'access-control-allow-origin': '*' }, body: '{"errors":[{"code":"UNSUPPORTED"}]}' }),
  );
  await open(`/explore/${memory.host}`);
  await expect(page.getByTestId('error')).toContainText('does not show its repositories');
  await expect(page.getByTestId('error')).toContainText('Type the name of one');
});

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
          await expect(page.locator('.window__rows li').first()).toBeVisible();
          await expect(page.locator('.skeleton')).toHaveCount(0);
          await page.screenshot({ path: inProject(`target/screenshots/${name}-${theme}-${size}.png`) });
          await expectNoSidewaysScroll(page);
          await expectAccessible(page);
        });
      }
    });
  }
}
