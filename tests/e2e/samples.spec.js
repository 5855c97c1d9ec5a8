// The samples that live in the app: on any static host, without a registry, and offline.

import { readFile } from 'node:fs/promises';

import { text } from '../../web/samples.mjs';
import { serveFolder } from './site.js';
import { expect, expectAccessible, expectNoSidewaysScroll, inProject, test } from './test.js';

/** The files in dist/, and nothing else. */
async function startStatic() {
  const site = await serveFolder(inProject('dist'));
  return { url: site.url.replace(/\/$/, ''), stop: site.close };
}

test('the samples are what their script makes', async () => {
  expect(await readFile(inProject('web/samples.json'), 'utf8')).toBe(text());
});

test('on a static host, samples are opened from the start page; a list is built of them', async ({ page }) => {
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  const host = await startStatic();
  const strangers = new Set();
  page.on('request', (request) => new URL(request.url()).origin !== host.url && strangers.add(request.url()));
  await page.goto(host.url);
  await page.getByTestId('sample-link').filter({ hasText: 'nginx' }).click();
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  await expect(page.getByTestId('platform-row').filter({ hasText: 'linux/arm64' }).first()).toContainText('MB');
  await expect(page.locator('.skeleton')).toHaveCount(0);

  await page.goto(`${host.url}/#/explore/samples.example`);
  await expect(page.getByTestId('count')).toHaveText('5 repositories');
  await page.getByRole('link', { name: 'golang' }).click();
  await expect(page.locator('[data-tag="1.25"]')).toContainText('windows/amd64');

  await page.goto(`${host.url}/#/inspect/samples.example/team/app:2.0.0-rc.1`);
  await expect(page.getByTestId('finding').first()).toBeVisible();
  await page.goto(`${host.url}/#/inspect/samples.example/charts/podinfo:6.9.1`);
  await expect(page.locator('.title')).toContainText('Helm chart');

  await page.goto(`${host.url}/#/inspect/samples.example/team/app:1.4.2`);
  await page.getByTestId('edit-as-list').click();
  await expect(page.getByTestId('entry')).toHaveCount(2);
  expect([...strangers]).toEqual([]);
  expect(complaints).toEqual([]);
  await host.stop();
});

test.describe('installed', () => {
  test.use({ serviceWorkers: 'allow' });

  test('samples open offline, also those that were not looked at before', async ({ page, context }) => {
    const host = await startStatic();
    await page.goto(host.url);
    await page.evaluate(() => navigator.serviceWorker.ready);
    await page.reload();
    await context.setOffline(true);
    await page.goto(`${host.url}/#/inspect/samples.example/golang:1.25`);
    await expect(page.getByTestId('digest-verified')).toBeVisible();
    await expect(page.getByTestId('platform-row')).toHaveCount(4);
    await host.stop();
  });
});

for (const colorScheme of ['light', 'dark']) {
  test(`pages of samples are accessible and fit, ${colorScheme}`, async ({ page }) => {
    test.setTimeout(150_000);
    const host = await startStatic();
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const pages = { start: '/', index: '/inspect/samples.example/nginx:1.29', image: '/inspect/samples.example/alpine:3.22?platform=linux/amd64', faults: '/inspect/samples.example/team/app:2.0.0-rc.1', chart: '/inspect/samples.example/charts/podinfo:6.9.1', tags: '/explore/samples.example/alpine', catalog: '/explore/samples.example', copy: '/copy/samples.example/nginx:1.29' };
    const [wide, narrow] = [{ width: 1280, height: 800 }, { width: 390, height: 844 }];
    for (const [name, path] of Object.entries(pages)) {
      await page.setViewportSize(wide);
      await page.goto(`${host.url}/#${path}`);
      await page.reload();
      for (const [size, viewport] of [['wide', wide], ['narrow', narrow]]) {
        await page.setViewportSize(viewport);
        await expect(page.locator('h1').first()).toBeVisible();
        await expect(page.locator('.skeleton')).toHaveCount(0);
        await page.screenshot({ path: inProject(`target/screenshots/sample-${name}-${colorScheme}-${size}.png`) });
        await expectAccessible(page);
        await expectNoSidewaysScroll(page);
      }
    }
    await host.stop();
  });
}
