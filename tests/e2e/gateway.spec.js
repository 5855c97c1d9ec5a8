// The app served by the gateway: registries that a browser may not read are read through it.

import { spawn } from 'node:child_process';

import { freePort, startDevRegistry } from './servers.js';
import { expect, inProject, test } from './test.js';

/** Starts the gateway before `registry`, and waits until it answers. */
async function startGateway(registry) {
  const port = await freePort();
  const args = ['--registry', `lab=${registry.registry}`, '--listen', `127.0.0.1:${port}`];
  const child = spawn(inProject('target/debug/tallyman-gateway'), args, { stdio: 'ignore' });
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 100; tries++) {
    const response = await fetch(`${url}/healthz`).catch(() => undefined);
    if (response?.ok) return { url, stop: () => child.kill() };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the gateway does not answer');
}

test('a registry without CORS headers is explored and inspected through the gateway', async ({ page, complaints }) => {
  const silent = await startDevRegistry('--samples', '--no-cors');
  const gateway = await startGateway(silent);
  const strangers = new Set();
  page.on('request', (request) => {
    const { origin } = new URL(request.url());
    if (origin !== gateway.url) strangers.add(origin);
  });
  await page.goto(gateway.url);
  await page.getByRole('link', { name: silent.host }).click();
  await page.getByRole('link', { name: 'samples/hello' }).click();
  await page.getByRole('link', { name: /^latest/ }).click();
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  await expect(page.getByTestId('platform-row')).toHaveCount(4);
  await expect(page.locator('.skeleton')).toHaveCount(0);

  // A link that is opened anew finds its way as well, and so does a tab that comes back.
  await page.reload();
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  expect([...strangers]).toEqual([]);
  expect(complaints).toEqual([]);
  gateway.stop();
  await silent.stop();
});
