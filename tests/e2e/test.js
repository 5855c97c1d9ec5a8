// Playwright's test with the servers: each worker starts its own once.

import AxeBuilder from '@axe-core/playwright';
import { test as base, expect } from '@playwright/test';
import { fileURLToPath } from 'node:url';

import { startAppOfNginx } from './nginx.js';
import { startDevRegistry, startDistribution } from './servers.js';

/** An absolute path out of one that begins at the project's folder. */
export const inProject = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

export { expect };

export const test = base.extend({
  /** The server of the app: the in-memory registry's own server, or `nginx`. */
  served: ['registry', { option: true, scope: 'worker' }],
  memory: [
    async ({ served }, use) => {
      const server = await startDevRegistry('--samples', '--app', inProject('dist'), '--app-addr', '127.0.0.1:0');
      const nginx = served === 'nginx' ? await startAppOfNginx(server.app) : undefined;
      await use({ ...server, app: nginx?.app ?? server.app });
      await nginx?.stop();
      await server.stop();
    },
    { scope: 'worker' },
  ],
  distribution: [
    async ({}, use) => {
      const server = await startDistribution();
      await use(server);
      await server.stop();
    },
    { scope: 'worker' },
  ],
  /** The registry that a test is about: `memory` or `distribution`. */
  kind: ['memory', { option: true }],
  server: async ({ kind, memory, distribution }, use) => {
    await use({ memory, distribution }[kind]);
  },
  /**
   * The errors that the page wrote to its console. Chromium itself writes a line for each answer of 400 and above,
   * and of two questions that the app asks about a tag, OCI's and Docker's, a registry may well refuse one; many have
   * no way to ask what refers to a manifest.
   */
  complaints: async ({ page }, use) => {
    const complaints = [];
    const isRefusedQuestion = (message) =>
      (message.text().startsWith('Failed to load resource') && /\/(manifests|referrers)\//.test(message.location().url)) ||
      /^Access to fetch at '[^']*\/referrers\//.test(message.text());
    page.on('console', (message) => {
      if (message.type() === 'error' && !isRefusedQuestion(message)) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    await use(complaints);
  },
  /** Opens the app, at the page behind `#`. */
  open: async ({ page, memory }, use) => {
    await use((path = '/') => page.goto(`${memory.app}#${path}`));
  },
});

/**
 * Fails where axe finds anything on the page. The app has no frames of other origins: "legacy" spares a second page for each
 * look, and only what is wrong is described. Both together halve the time. Each page is looked at in both themes, which differ in
 * their colours alone: the dark one is held against the rule about colours.
 */
export async function expectAccessible(page) {
  const isDark = await page.evaluate(() => matchMedia('(prefers-color-scheme: dark)').matches);
  const rules = isDark ? { runOnly: ['color-contrast'] } : {};
  const axe = new AxeBuilder({ page }).setLegacyMode(true).options({ resultTypes: ['violations'], ...rules });
  const { violations } = await axe.analyze();
  const told = violations.map(({ id, help, nodes }) => `${id}: ${help}\n  ${nodes.map((node) => node.html).join('\n  ')}`);
  expect(told).toEqual([]);
}

/** The same in both themes, wide as the page is and 320 px wide, where it may not be scrolled sideways either. */
export async function expectAccessibleThroughout(page) {
  const size = page.viewportSize();
  for (const width of [size.width, 320]) {
    await page.setViewportSize({ ...size, width });
    for (const colorScheme of ['dark', 'light']) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await expectAccessible(page);
    }
    await expectNoSidewaysScroll(page);
  }
  await page.setViewportSize(size);
}

/** Fails where the page can be scrolled sideways. */
export async function expectNoSidewaysScroll(page) {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  expect(content).toBeLessThanOrEqual(window);
}

/** Goes to the page of registries. Returns the milliseconds until it is there, as the page counts them. */
export const leave = (page) =>
  page.evaluate(
    () =>
      new Promise((resolve) => {
        const began = performance.now();
        const look = () => {
          if (document.querySelector('h1')?.textContent === 'Registries') resolve(performance.now() - began);
          else requestAnimationFrame(look);
        };
        location.hash = '/registries';
        look();
      }),
  );

/** Pastes as the keyboard does: the page sees the text with the ends of its lines, which a box of one line removes. */
export async function paste(page, testid, text) {
  await page.getByTestId(testid).evaluate((input, text) => {
    input.focus();
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', text);
    const event = new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true });
    if (input.dispatchEvent(event)) document.execCommand('insertText', false, text);
  }, text);
}
