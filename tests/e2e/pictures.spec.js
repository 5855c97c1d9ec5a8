// The pictures of the documents, made from the app as it is.

import { stat, writeFile } from 'node:fs/promises';

import { animation } from './animation.js';
import { add, build, entry, pushed } from './building.js';
import { putImage } from './images.js';
import { expect, inProject, test } from './test.js';

const picture = (page, name) => page.screenshot({ path: inProject(`tests/e2e/screenshots/${name}.png`) });

test('a push, for the documents', async ({ page, open, memory }) => {
  const platforms = { amd64: { architecture: 'amd64' }, arm64: { architecture: 'arm64', variant: 'v8' }, s390x: { architecture: 's390x' } };
  for (const [name, platform] of Object.entries(platforms)) await putImage(memory, `acme/${name}`, '1.4', { os: 'linux', ...platform });
  const list = `${memory.host}/acme/app:1.4`;
  await build(page, open, list, Object.keys(platforms).map((name) => `${memory.host}/acme/${name}:1.4`));
  await page.getByTestId('builder').getByRole('link', { name: 'Push…' }).click();
  await expect(page.getByTestId('push-start')).toBeEnabled();
  await picture(page, 'push');
});

test('the tags of a repository, for the documents', async ({ page, open, memory }) => {
  await open(`/explore/${memory.host}/samples/webapp`);
  await expect(page.getByTestId('tag').first()).toBeVisible();
  await expect(page.locator('.skeleton')).toHaveCount(0);
  await picture(page, 'tags');
});

test('the files of an image, for the documents', async ({ page, open, memory }) => {
  await open(`/files/${memory.host}/samples/files:1`);
  await expect(page.getByTestId('files-whole')).toBeAttached({ timeout: 30_000 });
  for (const path of ['opt', 'opt/app', 'opt/app/requests.log']) await page.locator(`[data-testid="file-row"][data-path="${path}"]`).click();
  await expect(page.getByTestId('file-text')).toContainText('request 1 took');
  await page.evaluate(() => scrollTo(0, 0));
  await picture(page, 'files');
});

test.describe('the animation', () => {
  test.use({ viewport: { width: 960, height: 600 } });

  test('a list is built and pushed, for the documents', async ({ page, open, memory }) => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    const platforms = { amd64: { architecture: 'amd64' }, arm64: { architecture: 'arm64', variant: 'v8' }, armv7: { architecture: 'arm' } };
    for (const [name, platform] of Object.entries(platforms)) await putImage(memory, `acme/web-${name}`, '2.0', { os: 'linux', ...platform });
    const images = Object.keys(platforms).map((name) => `${memory.host}/acme/web-${name}:2.0`);
    const list = `${memory.host}/acme/web:2.0`;
    const frames = [];
    const frame = async (seconds) => frames.push({ png: await page.screenshot(), seconds });

    await open('/lists');
    await page.getByTestId('new-list').fill(list);
    await frame(2);
    await page.getByTestId('new-list').press('Enter');
    await page.getByTestId('add-input').fill(images.join('\n'));
    await frame(2);
    await add(page, images);
    for (const image of images) await expect(entry(page, image).getByTestId('entry-state')).toHaveAttribute('data-state', 'fresh');
    await frame(2);
    await page.getByRole('button', { name: 'Set platform to linux/arm/v7' }).scrollIntoViewIfNeeded();
    await frame(2);
    await page.getByRole('button', { name: 'Set platform to linux/arm/v7' }).click();
    await expect(entry(page, images[2])).toHaveAttribute('data-platform', 'linux/arm/v7');
    await page.evaluate(() => scrollTo(0, 0));
    await frame(2);
    await page.getByTestId('builder').getByRole('link', { name: 'Push…' }).click();
    await expect(page.getByTestId('push-start')).toBeEnabled();
    await frame(2.5);
    await page.getByTestId('push-start').click();
    const digest = await pushed(page);
    await frame(3);
    await page.getByRole('link', { name: 'Inspect' }).click();
    await expect(page.getByTestId('manifest-digest')).toHaveAttribute('data-digest', digest);
    await expect(page.locator('.skeleton')).toHaveCount(0);
    await frame(3);

    const file = inProject('docs/build-and-push.png');
    await writeFile(file, animation(frames));
    expect((await stat(file)).size).toBeLessThan(900_000);
    // It plays: a browser knows its size, and more than one frame.
    const shown = await page.evaluate(async (bytes) => {
      const decoder = new ImageDecoder({ type: 'image/png', data: Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0)) });
      await decoder.tracks.ready;
      const { image } = await decoder.decode({ frameIndex: decoder.tracks.selectedTrack.frameCount - 1 });
      return [decoder.tracks.selectedTrack.frameCount, image.displayWidth, image.displayHeight];
    }, animation(frames).toString('base64'));
    expect(shown).toEqual([frames.length, 960, 600]);
  });
});
