// The app served by the gateway: registries that a browser may not read are read through it.

import { startGateway, startWithPassword, USERS } from './gateway.js';
import { startDevRegistry } from './servers.js';
import { expect, test } from './test.js';

const lab = (registry, more = '') => `[[registries]]\nname = 'lab'\nurl = '${registry}'\n${more}`;

/** Goes from the start page to a verified image. */
async function explore(page, host) {
  await page.getByRole('link', { name: host }).click();
  await page.getByRole('link', { name: 'samples/hello' }).click();
  await page.getByRole('link', { name: 'latest', exact: true }).click();
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  await expect(page.getByTestId('platform-row')).toHaveCount(4);
  await expect(page.locator('.skeleton')).toHaveCount(0);
}

test('a registry without CORS headers is explored and inspected through the gateway', async ({ page, complaints }) => {
  const silent = await startDevRegistry('--samples', '--no-cors');
  const gateway = await startGateway(lab(silent.registry));
  const [strangers, asked] = [new Set(), []];
  page.on('request', (request) => {
    const { origin, pathname } = new URL(request.url());
    if (origin !== gateway.url) strangers.add(origin);
    asked.push(pathname);
  });
  await page.goto(gateway.url);
  await explore(page, silent.host);

  // A link that is opened anew finds its way as well, and so does a tab that comes back.
  asked.length = 0;
  await page.reload();
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  // Two short requests in place of a long one are for registries that answer the page itself, after a preflight.
  expect(asked.filter((path) => path.endsWith('/manifests/latest'))).toHaveLength(1);
  expect([...strangers]).toEqual([]);
  expect(complaints).toEqual([]);
  await gateway.stop();
  await silent.stop();
});

test('the files of an image are read through the gateway, under its policy', async ({ page, complaints }) => {
  const silent = await startDevRegistry('--samples', '--no-cors');
  const gateway = await startGateway(lab(silent.registry));
  await page.goto(`${gateway.url}/#/files/${silent.host}/samples/files:1?path=opt/app/logo.png`);
  await expect(page.getByTestId('files-whole')).toBeAttached({ timeout: 30_000 });
  await expect.poll(() => page.getByTestId('file-picture').evaluate((picture) => picture.naturalWidth)).toBeGreaterThan(0);
  expect(complaints).toEqual([]);
  await gateway.stop();
  await silent.stop();
});

test.describe('with a sign-in of its own', () => {
  test.use({ httpCredentials: { username: 'user', password: 'secret' } });

  test('the gateway lets the app reach a registry with the user of the gateway', async ({ page, complaints }) => {
    const registry = await startWithPassword();
    const own = "username = 'user'\npassword_file = 'FOLDER/password'";
    const gateway = await startGateway(`[sign_in]\nhtpasswd = 'FOLDER/users'\n${lab(registry.url, own)}`, {
      users: USERS,
      password: 'secret',
    });
    await page.goto(gateway.url);
    const asked = page.waitForRequest(/\/r\/lab\/v2\/samples\/hello\/manifests\//);
    await explore(page, registry.host);
    // By the cookie the browser stays in, whatever stands in Authorization.
    expect(await (await asked).headerValue('cookie')).toContain('tallyman-session=');
    expect(complaints).toEqual([]);
    await gateway.stop();
    await registry.stop();
  });
});

test('a password that a registry wants is asked for by the app, not by the browser', async ({ page }) => {
  const registry = await startWithPassword();
  const gateway = await startGateway(lab(registry.url));
  const challenges = [];
  page.on('response', (response) => {
    if (response.status() === 401) challenges.push(response.headerValue('www-authenticate'));
  });
  await page.goto(`${gateway.url}/#/inspect/${registry.host}/samples/hello:latest`);
  await expect(page.getByTestId('error')).toHaveAttribute('data-code', 'unauthorized');
  // A browser that saw a challenge by this name would open its own window.
  await expect.poll(() => challenges.length).toBeGreaterThan(0);
  expect((await Promise.all(challenges)).filter((challenge) => challenge !== null)).toEqual([]);

  const dialog = page.getByTestId('sign-in-panel');
  await dialog.locator('input[name=username]').fill('user');
  await dialog.locator('input[name=password]').fill('secret');
  const asked = page.waitForRequest(/\/r\/lab\/v2\/samples\/hello\/manifests\//);
  await dialog.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  expect(await (await asked).headerValue('authorization')).toBeNull();
  await gateway.stop();
  await registry.stop();
});

test('what a registry keeps at a storage is fetched there by the page, which shows nothing but what it asks for', async ({ page, complaints }) => {
  const registry = await startDevRegistry('--samples', '--no-cors', '--fault', 'redirect-blobs');
  const fetched = async (path) => fetch(`${registry.registry}/v2/samples/hello/${path}`, { redirect: 'manual' });
  const { config } = await (await fetched('manifests/amd64')).json();
  const storage = new URL((await fetched(`blobs/${config.digest}`)).headers.get('location')).host;
  const gateway = await startGateway(lab(registry.registry, `redirects = 'pass'\nstorage_hosts = ['${storage}']`));
  await page.addInitScript((host) => sessionStorage.setItem(`credentials ${host}`, '{"user":"ann","password":"pw"}'), registry.host);
  const asked = [];
  page.on('request', (request) => {
    if (new URL(request.url()).host === storage) asked.push(request);
  });
  await page.goto(`${gateway.url}/#/inspect/${registry.host}/samples/hello:amd64`);
  await expect(page.getByTestId('config-section')).toBeVisible();
  await expect(page.locator('.skeleton')).toHaveCount(0);
  expect(asked.length).toBeGreaterThan(0);
  for (const request of asked) {
    const names = Object.keys(await request.allHeaders());
    expect(names.filter((name) => /tallyman|authorization|cookie/.test(name))).toEqual([]);
  }
  expect(complaints).toEqual([]);
  await gateway.stop();
  await registry.stop();
});

test('a registry that the gateway does not have is said to be out of reach, and who can change that', async ({ page }) => {
  const known = await startDevRegistry('--samples', '--no-cors');
  const other = await startDevRegistry('--samples');
  const gateway = await startGateway(lab(known.registry));
  await page.goto(`${gateway.url}/#/inspect/${other.host}/samples/hello:latest`);
  const error = page.getByTestId('error');
  await expect(error.locator('h1')).toHaveText(`This app may not send requests to ${other.host}`);
  await expect(error).toContainText('Ask whoever runs it to add this one.');
  await error.getByTestId('detail').click();
  await expect(error.getByText(`the gateway that serves this page reaches ${known.host}`)).toBeVisible();
  await gateway.stop();

  // Where its configuration opens the way, the app takes it.
  const open = await startGateway(`connect = ['${other.registry}']\n${lab(known.registry)}`);
  await page.goto(`${open.url}/#/inspect/${other.host}/samples/hello:latest`);
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  await open.stop();
  await other.stop();
  await known.stop();
});

test('an app that is served elsewhere is told a gateway by its settings', async ({ page, memory }) => {
  const silent = await startDevRegistry('--samples', '--no-cors');
  const gateway = await startGateway(`origins = ['${new URL(memory.app).origin}']\n${lab(silent.registry)}`);
  const settings = { registries: [{ host: silent.host, path: `${gateway.url}/r/lab/` }] };
  await page.route('**/config.json', (route) => route.fulfill({ json: settings }));
  await page.goto(memory.app);
  await explore(page, silent.host);
  await gateway.stop();
  await silent.stop();
});

test('what somebody set of a registry stands over the settings of the server, and nothing else', async ({ page, memory }) => {
  let settings = {};
  await page.route('**/config.json', (route) => route.fulfill({ json: settings }));
  await page.goto(`${memory.app}#/registries`);
  await page.getByRole('button', { name: 'Add a registry' }).click();
  await page.locator('input[name=host]').fill('lab.example');
  await page.locator('input[name=insecure]').check();
  await page.getByRole('button', { name: 'Save' }).click();
  const card = page.locator('[data-host="lab.example"]');
  await expect(card).toContainText('insecure');

  // The server names it later, by one path and then by another.
  for (const [path, readOnly] of [['r/lab/', true], ['r/prod/', false]]) {
    settings = { registries: [{ host: 'lab.example', path, readOnly }] };
    await page.reload();
    await expect(card).toContainText('configured on this server');
    await card.getByRole('button', { name: 'Settings' }).click();
    await expect(page.locator('input[name=gateway]')).toHaveValue(path);
    await expect(page.locator('input[name=read-only]')).toBeChecked({ checked: readOnly });
    await expect(page.locator('input[name=insecure]')).toBeChecked();
    // Saved as it is, nothing of the server's becomes the person's.
    await page.getByRole('button', { name: 'Save' }).click();
  }
  await card.getByRole('button', { name: 'Remove' }).click();
  await expect(card).not.toContainText('insecure');
  await expect(card).toContainText('configured on this server');
  await expect(card.getByRole('button', { name: 'Remove' })).toHaveCount(0);
});
