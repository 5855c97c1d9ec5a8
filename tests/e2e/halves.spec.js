// The app comes in two halves: what looks is loaded first, what makes comes when an address needs it.

import { expect, test } from './test.js';

test('the half that makes is loaded when it is needed, and links lead from one to the other and back', async ({ page, open, memory, complaints }) => {
  const asked = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  const reference = `${memory.host}/samples/hello:latest`;
  await open(`/inspect/${reference}`);
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  expect(asked.filter((path) => path.includes('workshop'))).toEqual([]);

  await page.evaluate((two) => (location.hash = `/compare/${two}`), `${reference}|${reference}`);
  await expect(page.getByTestId('compare-row').first()).toBeVisible();
  await expect(page.getByTestId('digest-verified')).toBeHidden();
  expect(asked.filter((path) => path.includes('workshop')).length).toBe(2);

  await page.getByRole('link', { name: 'Tallyman' }).click();
  await expect(page.getByTestId('sample-link').first()).toBeVisible();
  await expect(page.getByTestId('compare-row').first()).toBeHidden();
  await page.goBack();
  await expect(page.getByTestId('compare-row').first()).toBeVisible();
  await page.goBack();
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  expect(complaints).toEqual([]);
});
