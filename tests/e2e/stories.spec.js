// From an empty browser to a pushed list: with the keyboard alone, in Spanish, on a telephone.

import { add, build, entry, pushed, setPlatform } from './building.js';
import { putImage, readList } from './images.js';
import { expect, expectAccessible, expectNoSidewaysScroll, test } from './test.js';

test.use({ kind: 'distribution' });

async function twoImages(server, repo) {
  await putImage(server, repo, 'amd64', { os: 'linux', architecture: 'amd64' });
  await putImage(server, repo, 'arm', { os: 'linux', architecture: 'arm' });
  return ['amd64', 'arm'].map((tag) => `${server.host}/${repo}:${tag}`);
}

/** Presses Tab until what is wanted has the focus. */
async function tabTo(page, wanted) {
  for (let presses = 0; presses < 60; presses++) {
    if (await wanted.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error('Tab does not lead there');
}

test('with the keyboard alone', async ({ page, open, server }) => {
  const [amd64, arm] = await twoImages(server, 'keyboard/app');
  const list = `${server.host}/keyboard/app:v1`;
  await open();
  await tabTo(page, page.getByRole('link', { name: 'Lists', exact: true }));
  await page.keyboard.press('Enter');
  await tabTo(page, page.getByTestId('new-list'));
  await page.keyboard.type(list);
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('builder')).toBeVisible();
  await tabTo(page, page.getByTestId('add-input'));
  await page.keyboard.type(amd64);
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type(arm);
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('entry')).toHaveCount(2);
  await tabTo(page, entry(page, arm).getByTestId('platform'));
  await page.keyboard.press('Control+a');
  await page.keyboard.type('linux/arm/v7');
  await page.keyboard.press('Tab');
  await expect(entry(page, arm)).toHaveAttribute('data-platform', 'linux/arm/v7');
  await tabTo(page, page.getByTestId('builder').getByRole('link', { name: 'Push…' }));
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('push-start')).toBeEnabled();
  await tabTo(page, page.getByTestId('push-start'));
  await page.keyboard.press('Enter');
  const digest = await pushed(page);
  const back = await readList(server, 'keyboard/app:v1');
  expect(back.digest).toBe(digest);
  expect(back.json.manifests.map(({ platform }) => platform.variant)).toContain('v7');
});

test.describe('in Spanish', () => {
  test.use({ locale: 'es-ES' });
  test('every page speaks Spanish, from the list to the digest', async ({ page, open, server }) => {
    const images = await twoImages(server, 'espanol/app');
    await open('/lists');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Listas locales');
    await build(page, open, `${server.host}/espanol/app:v1`, images);
    await expect(page.getByRole('heading', { name: 'Añadir imágenes' })).toBeVisible();
    await expect(page.locator('[data-testid=finding][data-rule=arm-without-variant]')).toContainText('arm sin variante');
    await page.getByRole('button', { name: 'Poner la plataforma linux/arm/v7' }).click();
    await expect(entry(page, images[1])).toHaveAttribute('data-platform', 'linux/arm/v7');
    await page.getByRole('link', { name: 'Push…' }).click();
    await page.getByRole('button', { name: 'Push', exact: true }).click();
    const digest = await pushed(page);
    await expect(page.getByTestId('push-state')).toContainText('completado');
    expect((await readList(server, 'espanol/app:v1')).digest).toBe(digest);
    await open('/command');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Línea de comandos');
    await open(`/delete/${server.host}/espanol/app`);
    await expect(page.getByRole('button', { name: 'Mostrar plan' })).toBeVisible();
    await expectAccessible(page);
  });
});

test.describe('on a telephone', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true });
  test('a list is built and pushed at 390 pixels', async ({ page, open, server }) => {
    const images = await twoImages(server, 'phone/app');
    await open(`/build/${server.host}/phone/app:v1`);
    await add(page, images);
    await expect(page.getByTestId('entry')).toHaveCount(2);
    await setPlatform(page, images[1], 'linux/arm/v6');
    await expect(entry(page, images[1])).toHaveAttribute('data-platform', 'linux/arm/v6');
    await expectNoSidewaysScroll(page);
    await page.getByTestId('builder').getByRole('link', { name: 'Push…' }).tap();
    await page.getByTestId('push-start').tap();
    const digest = await pushed(page);
    await expectNoSidewaysScroll(page);
    expect((await readList(server, 'phone/app:v1')).digest).toBe(digest);
  });
});
