// Browsers ask before a page of the public network reaches the computer that it runs on, and may be told no.

import config from './playwright.config.js';
import { freePort, startDevRegistry } from './servers.js';
import { expect, expectAccessibleThroughout, inProject, test } from './test.js';

test('a page that may not reach this computer says so and what allows it, and goes on once it may', async ({ playwright, memory }, { project }) => {
  const port = await freePort();
  const server = await startDevRegistry('--app', inProject('dist'), '--app-addr', `127.0.0.1:${port}`);
  const silent = `127.0.0.1:${await freePort()}`;
  const { locale, serviceWorkers } = project.use;
  // The whole browser, as the question is asked by its window.
  const { launchOptions } = config.use;
  // To this browser the server of the app is on the public network; registries are where they are.
  const args = [...launchOptions.args, `--ip-address-space-overrides=127.0.0.1:${port}=public`];
  const browser = await playwright.chromium.launch({ ...launchOptions, args });
  const context = await browser.newContext({ locale, serviceWorkers });
  const page = await context.newPage();
  const { targetInfo } = await (await context.newCDPSession(page)).send('Target.getTargetInfo');
  const session = await browser.newBrowserCDPSession();
  const answer = (setting, name = 'loopback-network') =>
    session.send('Browser.setPermission', {
      permission: { name },
      setting,
      origin: new URL(server.app).origin,
      browserContextId: targetInfo.browserContextId,
    });

  await answer('denied');
  let requests = 0;
  page.on('response', (response) => (requests += new URL(response.url()).host === memory.host));
  await page.goto(`${server.app}#/inspect/${memory.host}/samples/hello:latest`);
  const error = page.getByTestId('error');
  await expect(error).toHaveAttribute('data-code', 'local-network-denied');
  await expect(error).toContainText(`does not let this page reach ${memory.host}`);
  await expect(error).toContainText('Allow it in the browser\'s settings for this page');
  expect(requests).toBe(0);
  await expectAccessibleThroughout(page);

  // An address that is not known to be local is not called so: the setting is one reason among others.
  await answer('denied', 'local-network');
  await page.goto(`${server.app}#/inspect/registry.invalid/acme/app:1`);
  await expect(error).toHaveAttribute('data-code', 'unreachable');
  await expect(error).toContainText('No registry answers at registry.invalid');
  await expect(error.getByRole('listitem')).toHaveCount(4);
  await expect(error.getByRole('listitem').last()).toContainText('does not let this page reach the local network');
  await page.goto(`${server.app}#/inspect/${memory.host}/samples/hello:latest`);
  await expect(error).toHaveAttribute('data-code', 'local-network-denied');

  await answer('granted');
  await error.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  // Where it may and nothing answers, that is what it says.
  await page.goto(`${server.app}#/inspect/${silent}/samples/hello:latest`);
  await expect(error).toHaveAttribute('data-code', 'unreachable');
  await browser.close();
  await server.stop();
});
