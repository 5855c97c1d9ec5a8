// The form of the start page before there is a program: nothing that is typed, pasted or sent meanwhile is lost.

import { createHash } from 'node:crypto';

import { expect, paste, test } from './test.js';

/** Opens the start page without its program. Returns a function that answers for it: as the server does, or with `answer`. */
async function openWithoutProgram(page, app) {
  let come;
  const answered = new Promise((resolve) => (come = resolve));
  await page.route(/tallyman-web[^/]*\.wasm$/, async (route) => {
    const answer = await answered;
    await (answer ? route.fulfill(answer) : route.continue());
  });
  await page.goto(app);
  await expect(page.getByTestId('first-input')).toBeFocused();
  return come;
}

for (const [locale, title] of Object.entries({ 'en-GB': 'Inspect an image', 'es-MX': 'Inspeccionar una imagen' })) {
  test.describe(locale, () => {
    test.use({ locale });

    test(`what is typed before the program comes is kept, and nothing moves, ${locale}`, async ({ page, memory, complaints }) => {
      const come = await openWithoutProgram(page, memory.app);
      await expect(page.getByRole('heading', { level: 1 })).toHaveText(title);
      await page.keyboard.type('alpine:3');
      await page.keyboard.press('Shift+ArrowLeft');
      const look = () =>
        page.evaluate(() => {
          const shown = [...document.querySelectorAll('.hero > h1, .hero > p, .hero input, .hero [type=submit]')];
          return shown.map((element) => {
            const { x, y, width, height } = element.getBoundingClientRect();
            const attributes = ['aria-label', 'placeholder', 'autocapitalize', 'autocorrect', 'spellcheck'].map((name) => element.getAttribute(name));
            return [element.textContent, x, y, width, height, ...attributes];
          });
        });
      await expect(page.locator('.hero__hint')).toBeVisible();
      const before = await look();
      come();
      const input = page.getByTestId('reference-input');
      await expect(input).toBeFocused();
      await expect(page.getByTestId('first-input')).toHaveCount(0);
      expect(await look()).toEqual(before);
      await page.keyboard.type('2');
      await expect(input).toHaveValue('alpine:2');
      expect(complaints).toEqual([]);
    });
  });
}

test('the form has the language and the theme that were chosen', async ({ page, memory }) => {
  await page.goto(memory.app);
  await page.getByTestId('theme').selectOption('dark');
  await page.getByTestId('language').selectOption('es');
  const come = await openWithoutProgram(page, memory.app);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Inspeccionar una imagen');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  come();
  await expect(page.getByTestId('reference-input')).toBeFocused();
});

test('Enter before the program comes opens what was typed', async ({ page, memory }) => {
  const come = await openWithoutProgram(page, memory.app);
  await page.keyboard.type(`docker pull ${memory.host}/samples/hello:latest`);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('search')).toHaveAttribute('aria-busy', 'true');
  come();
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  await expect(page.locator('.title')).toContainText('samples/hello');
});

test('what is typed after Enter is not sent', async ({ page, memory }) => {
  const come = await openWithoutProgram(page, memory.app);
  await page.keyboard.type('alpine');
  await page.keyboard.press('Enter');
  await page.keyboard.type(':3');
  come();
  await expect(page.getByTestId('reference-input')).toHaveValue('alpine:3');
  await expect(page.getByTestId('sample-link').first()).toBeVisible();
  expect(new URL(page.url()).hash).toBe('#/');
});

test('a manifest that is pasted before the program comes is opened, byte for byte', async ({ page, memory }) => {
  const come = await openWithoutProgram(page, memory.app);
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [] }, null, 3);
  await paste(page, 'first-input', manifest);
  come();
  await expect(page.locator('main')).toContainText(createHash('sha256').update(manifest).digest('hex').slice(0, 12));
});

test('another page that is asked for meanwhile is the one that comes', async ({ page, memory }) => {
  const come = await openWithoutProgram(page, memory.app);
  await page.keyboard.type('alpine');
  await page.evaluate(() => (location.hash = '#/lists'));
  come();
  await expect(page.getByTestId('import-files')).toBeAttached();
  await expect(page.getByTestId('first-input')).toHaveCount(0);
});

test('where the program does not come, what was typed is still there', async ({ page, memory }) => {
  const come = await openWithoutProgram(page, memory.app);
  await page.keyboard.type('alpine:3');
  come({ status: 404, body: 'gone' });
  await expect(page.locator('[data-code="not-started"]')).toContainText('alpine:3');
});

test('neither a password nor JSON that is typed gets into the address', async ({ page, open, memory }) => {
  await open('/');
  const box = page.getByTestId('reference-input');
  await box.fill('{"schemaVersion":2,"manifests":[{"digest":"x"');
  await box.press('Enter');
  await expect.poll(() => box.evaluate((input) => input.validationMessage)).toContain('Expected a manifest');
  expect(page.url()).not.toContain('schemaVersion');
  await box.fill(`user:hunter2@${memory.host}/samples/alpine:3.22`);
  await box.press('Enter');
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  expect(`${page.url()} ${await page.title()}`).not.toContain('hunter2');
  await expect(page.locator('body')).not.toContainText('hunter2');
});
