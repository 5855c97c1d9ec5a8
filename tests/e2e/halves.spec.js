// The app comes in two halves: what looks is loaded first, what makes comes when an address needs it.

import { expect, expectAccessible, test } from './test.js';

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

test('a half that could not be loaded says so, and is tried again without a new page', async ({ page, open, memory }) => {
  let asked = 0;
  for (const [refused, file] of [[1, '**/workshop.js*'], [2, '**/workshop_bg.wasm']]) {
    let left = refused;
    await page.route(file, (route) => {
      asked += 1;
      return left-- > 0 ? route.abort() : route.continue();
    });
  }
  await open('/');
  await expect(page.getByTestId('sample-link').first()).toBeVisible();
  await page.evaluate(() => (window.same = true));
  await page.getByRole('link', { name: 'Lists', exact: true }).click();
  const alert = page.locator('#workshop').getByRole('alert');
  await expect(alert).toContainText('could not be loaded');
  // The module was refused; now it comes, and its wasm is refused.
  await alert.getByRole('button', { name: 'Try again' }).click();
  await expect.poll(() => asked).toBe(3);
  await expect(alert).toContainText('could not be loaded');
  await expectAccessible(page);

  // Other pages work meanwhile, and the next way there tries again.
  await alert.getByRole('link', { name: 'Start page' }).click();
  await expect(page.getByTestId('sample-link').first()).toBeVisible();
  await expect(alert).toHaveCount(0);
  await page.getByRole('link', { name: 'Lists', exact: true }).click();
  await expect(alert).toContainText('could not be loaded');
  await page.evaluate((two) => (location.hash = `/compare/${two}`), `${memory.host}/samples/hello:latest|${memory.host}/samples/hello:1.2`);
  await expect(page.getByTestId('compare-row').first()).toBeVisible();
  await expect(alert).toHaveCount(0);
  expect(await page.evaluate(() => window.same)).toBe(true);
});
