// The pictures of the documents, made from the app as it is.

import { build } from './building.js';
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
