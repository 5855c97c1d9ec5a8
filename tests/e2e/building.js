// Shared steps on the pages on which lists are built and pushed.

import { expect } from './test.js';

/** The row of an image on the page of a list. */
export const entry = (page, image) => page.locator(`[data-testid=entry][data-image="${image}"]`);

/** Types images into the box and adds them. */
export async function add(page, images) {
  await page.getByTestId('add-input').fill(images.join('\n'));
  await page.getByTestId('add-button').click();
}

/** Opens the page of a list, adds images, and waits until they are in it. */
export async function build(page, open, list, images) {
  await open(`/build/${list}`);
  await add(page, images);
  for (const image of images) await expect(entry(page, image)).toBeVisible();
}

/** Writes a platform into an image's row. */
export async function setPlatform(page, image, platform) {
  const field = entry(page, image).getByTestId('platform');
  await field.fill(platform);
  await field.press('Tab');
}

/** Pushes the list whose page is open: waits for the plan, pushes, and gives the digest. */
export async function push(page) {
  await page.getByTestId('builder').getByRole('link', { name: 'Push…' }).click();
  await page.getByTestId('push-start').click();
  return pushed(page);
}

/** The digest of a push that has come to its end. */
export async function pushed(page) {
  await expect(page.getByTestId('push-state')).toHaveAttribute('data-phase', 'finished');
  return page.getByTestId('pushed-digest').getAttribute('data-digest');
}

/** A list that somebody else's browser takes over, when `bring` has brought it there: the page that shows it, with its digest. */
export async function takenOver(browser, bring, list, digest) {
  const context = await browser.newContext();
  const other = await context.newPage();
  await bring(other);
  await expect(other.getByTestId('offer-name')).toHaveValue(list);
  await other.getByTestId('import-button').click();
  await other.getByRole('link', { name: list }).click();
  await expect(other.getByTestId('list-digest')).toHaveAttribute('data-digest', digest);
  return { other, context };
}
