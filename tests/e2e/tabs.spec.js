// Two tabs write the same local list at the same time.

import { readFile } from 'node:fs/promises';

import { expect, inProject, test } from './test.js';

const origin = 'http://tabs.test';
const types = { js: 'text/javascript', wasm: 'application/wasm' };

test('a list that two tabs write 500 times each is one that one of them wrote whole', async ({ context }) => {
  await context.route(`${origin}/**`, async (route) => {
    const name = new URL(route.request().url()).pathname.slice(1);
    if (!name) return route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>A tab</title>' });
    const body = await readFile(inProject(`target/e2e-tab/${name}`));
    return route.fulfill({ contentType: types[name.split('.').pop()], body });
  });
  const tabs = await Promise.all([context.newPage(), context.newPage()]);
  for (const tab of tabs) {
    await tab.goto(`${origin}/`);
    await tab.evaluate(async () => {
      window.store = await import('/tab.js');
      await window.store.default();
    });
  }
  for (let round = 0; round < 10; round++) {
    await Promise.all(tabs.map((tab, number) => tab.evaluate((number) => window.store.write(number, 50), number)));
    const writer = await tabs[round % 2].evaluate(() => window.store.writer(2));
    expect([0, 1]).toContain(writer);
  }
});
