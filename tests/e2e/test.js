// Playwright's test with the servers: each worker starts its own once.

import AxeBuilder from '@axe-core/playwright';
import { test as base, expect } from '@playwright/test';
import { fileURLToPath } from 'node:url';

import { startDevRegistry, startDistribution } from './servers.js';

const dist = fileURLToPath(new URL('../../dist', import.meta.url));

export { expect };

export const test = base.extend({
  memory: [
    async ({}, use) => {
      const server = await startDevRegistry('--samples', '--app', dist, '--app-addr', '127.0.0.1:0');
      await use(server);
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
  /** What the page wrote to its console as an error; a test that expects none says so with `quiet`. */
  complaints: async ({ page }, use) => {
    const complaints = [];
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    await use(complaints);
  },
  /** Opens the app, at the page behind `#`. */
  open: async ({ page, memory }, use) => {
    await use((path = '/') => page.goto(`${memory.app}#${path}`));
  },
});

/** Fails where axe finds anything on the page. */
export async function expectAccessible(page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const told = violations.map(({ id, help, nodes }) => `${id}: ${help}\n  ${nodes.map((node) => node.html).join('\n  ')}`);
  expect(told).toEqual([]);
}

/** Fails where the page can be scrolled sideways. */
export async function expectNoSidewaysScroll(page) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(over).toBe(0);
}
