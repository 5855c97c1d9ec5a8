// Registries that ask who one is, and their settings.

import { createServer } from 'node:http';

import { add, build } from './building.js';
import { putImage, readBack } from './images.js';
import { startDevRegistry } from './servers.js';
import { expect, expectAccessible, expectAccessibleThroughout, expectNoSidewaysScroll, inProject, test } from './test.js';

/** A registry that asks everyone for a name and a password, or for a token. */
const guarded = (flag, ...more) => startDevRegistry('--samples', flag, 'ann:secret', '--open-preflight', ...more);

async function signIn(page, { user = 'ann', password = 'secret', keep } = {}) {
  const dialog = page.getByTestId('sign-in-panel');
  await dialog.locator('input[name=username]').fill(user);
  await dialog.locator('input[name=password]').fill(password);
  if (keep) await dialog.getByText(keep).click();
  await dialog.getByRole('button', { name: 'Sign in', exact: true }).click();
}

for (const flag of ['--basic', '--token']) {
  test(`a page that asks for a login goes on after it: ${flag}`, async ({ page, open }) => {
    const registry = await guarded(flag);
    await open(`/inspect/${registry.host}/samples/hello:latest`);
    await expect(page.getByTestId('error')).toHaveAttribute('data-code', 'unauthorized');
    await expect(page.getByRole('heading', { name: `Sign in to ${registry.host}` })).toBeVisible();
    await signIn(page, { password: 'wrong' });
    await expect(page.getByTestId('sign-in-refused')).toBeVisible();
    await expectAccessible(page);
    await signIn(page);
    await expect(page.getByTestId('digest-verified')).toBeVisible();
    await expect(page.getByTestId('toast').first()).toContainText(`Signed in to ${registry.host}`);

    // In memory alone: nothing is stored, and a reload forgets it.
    const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
    expect(stored).not.toContain('secret');
    await page.reload();
    await expect(page.getByTestId('error')).toHaveAttribute('data-code', 'unauthorized');
    await registry.stop();
  });
}

test('kept for the session, stored, and signed out', async ({ page, context, open }) => {
  const registry = await guarded('--basic');
  const path = `/inspect/${registry.host}/samples/alpine:3.22`;
  await open(path);
  await signIn(page, { keep: 'until you close this tab' });
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  await page.reload();
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  const other = await context.newPage();
  await other.goto(page.url());
  await expect(other.getByTestId('error')).toHaveAttribute('data-code', 'unauthorized');

  await other.getByText('in this browser, until I sign out').click();
  await expect(other.getByTestId('stored-warning')).toContainText('plain text');
  await signIn(other);
  await expect(other.getByTestId('digest-verified')).toBeVisible();
  const third = await context.newPage();
  await third.goto(page.url());
  await expect(third.getByTestId('digest-verified')).toBeVisible();

  await third.goto(`${new URL(page.url()).origin}/#/registries`);
  // It is listed though it has no settings, and where it has none there is nothing to remove.
  const card = third.locator(`[data-host="${registry.host}"]`);
  await expect(card.getByTestId('signed-in')).toHaveText('signed in as ann, stored in this browser');
  await expect(card.getByRole('button', { name: 'Remove' })).toHaveCount(0);
  await card.getByTestId('sign-out').click();
  await expect(card).toHaveCount(0);
  expect(await third.evaluate(() => JSON.stringify({ ...localStorage }))).not.toContain('secret');
  // So is every tab that used what was stored; the one that was signed in by itself still is.
  await expect(other.getByTestId('error')).toHaveAttribute('data-code', 'unauthorized');
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  await registry.stop();
});

test('credentials that are tried leave those that are kept where they are, whatever the registry says', async ({ page, context, open }) => {
  const registry = await guarded('--basic');
  const path = `/inspect/${registry.host}/samples/alpine:3.22`;
  await open(path);
  await signIn(page, { keep: 'in this browser, until I sign out' });
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  const other = await context.newPage();
  await other.goto(page.url());
  await expect(other.getByTestId('digest-verified')).toBeVisible();
  // Something that these credentials do not open.
  const headers = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'WWW-Authenticate', 'www-authenticate': 'Basic realm="other"' };
  await page.route(/\/v2\/samples\/hello\//, (route) => route.fulfill({ status: 401, headers }));
  await open(`/inspect/${registry.host}/samples/hello:latest`);
  await expect(page.getByTestId('sign-in-panel')).toBeVisible();

  const stored = () => page.evaluate(() => JSON.stringify({ ...localStorage }));
  const before = await stored();
  const held = [];
  await page.route(/\/v2\/$/, (route) => held.push(route));
  await signIn(page, { user: 'bob', password: 'wrong' });
  await expect.poll(() => held.length).toBe(1);
  expect(await stored()).toBe(before);
  await page.unroute(/\/v2\/$/);
  await held.pop().continue();
  await expect(page.getByTestId('sign-in-refused')).toBeVisible();
  expect(await stored()).toBe(before);
  await open(path);
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  await expect(other.getByTestId('digest-verified')).toBeVisible();
  await registry.stop();
});

test('a page that comes back from the back/forward cache hears of what other tabs did meanwhile', async ({ page, context, open }) => {
  const registry = await guarded('--basic');
  await open(`/inspect/${registry.host}/samples/alpine:3.22`);
  await signIn(page, { keep: 'in this browser, until I sign out' });
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  // The app gets no event for changes of its own page.
  const comesBack = (stored) =>
    page.evaluate((stored) => {
      localStorage.clear();
      for (const [key, value] of Object.entries(stored)) localStorage.setItem(key, value);
      dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
    }, stored);
  await comesBack(await page.evaluate(() => ({ ...localStorage })));
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  const verified = () => expect(page.getByTestId('digest-verified')).toBeVisible();
  const refused = () => expect(page.getByTestId('error')).toHaveAttribute('data-code', 'unauthorized');
  const signedIn = (user, password) => ({ [`credentials ${registry.host}`]: JSON.stringify({ user, password }) });
  await comesBack({});
  await refused();
  // Two users sign in meanwhile.
  await comesBack(signedIn('ann', 'secret'));
  await verified();
  // Content of the user before is removed at once, not when the registry answers.
  const held = [];
  let holds = true;
  await page.route(/\/v2\//, (route) => (holds ? held.push(route) : route.continue()));
  await comesBack(signedIn('bob', 'terces'));
  await expect(page.getByTestId('digest-verified')).toHaveCount(0);
  await expect.poll(() => held.length).toBeGreaterThan(0);
  holds = false;
  for (const route of held) await route.continue();
  await refused();
  await comesBack(signedIn('ann', 'secret'));
  await verified();
  // The same without a break: the other tab's sign-out and sign-in are both over when this one hears of them.
  const other = await context.newPage();
  await other.goto(new URL(page.url()).origin);
  await other.evaluate((stored) => {
    const [[key, value]] = Object.entries(stored);
    localStorage.removeItem(key);
    localStorage.setItem(key, value);
  }, signedIn('bob', 'terces'));
  await refused();
  await open('/registries');
  await comesBack({ registries: JSON.stringify([{ host: 'r.example', readOnly: true }]) });
  await expect(page.locator('[data-host="r.example"]')).toContainText('read only');
  await registry.stop();
});

/** Adds a registry to the page of registries. */
async function addRegistry(page, host) {
  await page.getByRole('button', { name: 'Add a registry' }).click();
  await page.locator('input[name=host]').fill(host);
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.locator(`[data-host="${host}"]`)).toBeVisible();
}

test('signing out removes what came from the registry, on a page that has asked it for nothing, too', async ({ page, open }) => {
  const registry = await guarded('--basic');
  await open(`/inspect/${registry.host}/samples/alpine:3.22`);
  await signIn(page, { keep: 'in this browser, until I sign out' });
  const digest = await page.getByTestId('manifest-digest').getAttribute('data-digest');
  const path = `/inspect/${registry.host}/samples/alpine@${digest}`;
  await open(path);
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  await open('/registries');
  await page.reload();
  await page.locator(`[data-host="${registry.host}"]`).getByTestId('sign-out').click();
  await expect(page.locator(`[data-host="${registry.host}"]`)).toHaveCount(0);
  await open(path);
  await expect(page.getByTestId('error')).toHaveAttribute('data-code', 'unauthorized');
  await registry.stop();
});

test('registries that two tabs add are there in both, and after a reload', async ({ page, context, open }) => {
  await open('/registries');
  const other = await context.newPage();
  await other.goto(page.url());
  await addRegistry(page, 'one.example');
  await addRegistry(other, 'two.example');
  await page.reload();
  for (const tab of [page, other]) {
    for (const host of ['one.example', 'two.example']) await expect(tab.locator(`[data-host="${host}"]`)).toBeVisible();
  }
  // A list removed in one tab is not restored by the other.
  await page.locator('[data-host="one.example"]').getByRole('button', { name: 'Remove' }).click();
  await expect(page.locator('[data-host="one.example"]')).toHaveCount(0);
  await expect(other.locator('[data-host="one.example"]')).toHaveCount(0);
  await addRegistry(other, 'three.example');
  await page.reload();
  await expect(page.locator('[data-host="three.example"]')).toBeVisible();
  await expect(page.locator('[data-host="one.example"]')).toHaveCount(0);
});

test('the form of one registry has nothing that was typed for another', async ({ page, open, memory }) => {
  // Of a list's images, the first by name is asked for first.
  const [one, two] = [await guarded('--basic'), await guarded('--basic')].sort((a, b) => (a.host < b.host ? -1 : 1));
  const panel = page.getByTestId('sign-in-panel');
  const asks = (registry) => expect(panel.getByRole('heading', { name: `Sign in to ${registry.host}` })).toBeVisible();
  const isEmpty = async () => {
    for (const name of ['username', 'password']) await expect(panel.locator(`input[name=${name}]`)).toHaveValue('');
    await expect(panel.getByRole('button', { name: 'Sign in', exact: true })).toBeEnabled();
  };
  await open(`/build/${memory.host}/sign-in/two:1`);
  await add(page, [one, two].map(({ host }) => `${host}/samples/alpine:3.22`));
  await expect(page.getByTestId('pending').getByRole('alert')).toHaveCount(2);
  await asks(one);
  await signIn(page);
  await asks(two);
  await isEmpty();
  await signIn(page);
  await expect(panel).toHaveCount(0);
  await expect(page.getByTestId('pending')).toHaveCount(0);

  // While a password is typed for the first, another image of the second is refused.
  await page.reload();
  await asks(one);
  await panel.locator('input[name=username]').fill('ann');
  await panel.locator('input[name=password]').fill('secret');
  await add(page, [`${two.host}/samples/hello:amd64`]);
  await asks(two);
  await isEmpty();
  await one.stop();
  await two.stop();
});

test('a sign-in that does not open what was wanted leaves the form to other credentials', async ({ page, open, server }) => {
  await page.route(/\/v2\/sign-in\/denied\/manifests\//, (route) => route.fulfill({ status: 403, headers: { 'access-control-allow-origin': '*' } }));
  await putImage(server, 'sign-in/image', '1', { os: 'linux', architecture: 'amd64' });
  await build(page, open, `${server.host}/sign-in/denied:1`, [`${server.host}/sign-in/image:1`]);
  const panel = page.getByTestId('sign-in-panel');
  await signIn(page);
  await expect(page.getByTestId('toast').first()).toContainText(`Signed in to ${server.host}`);
  await expect(panel.locator('input[name=password]')).toHaveValue('');
  await expect(panel.getByRole('button', { name: 'Sign in', exact: true })).toBeEnabled();
  await expect(panel).not.toContainText('Signing in');
});

/** A token service on another site than the registry's: what it was asked, and with which credentials. */
async function tokenServiceElsewhere() {
  const asked = [];
  let registry;
  const server = createServer(async (request, response) => {
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Access-Control-Allow-Headers', 'Authorization');
    if (request.method === 'OPTIONS') return response.end();
    const { authorization } = request.headers;
    asked.push(authorization);
    const answer = await fetch(new URL(request.url, registry.registry), { headers: authorization ? { authorization } : {} });
    response.writeHead(answer.status, { 'Content-Type': 'application/json' });
    response.end(await answer.text());
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  // Another host than 127.0.0.1, though the same machine.
  const realm = `http://localhost:${server.address().port}/token`;
  registry = await guarded('--token', '--token-realm', realm);
  return {
    asked,
    realm,
    registry,
    async stop() {
      server.closeAllConnections();
      server.close();
      await registry.stop();
    },
  };
}

test('credentials go to a token service on another site after a question that names both, and not before', async ({ page, open }) => {
  const { asked, realm, registry, stop } = await tokenServiceElsewhere();
  const credentials = () => asked.filter(Boolean);
  await open(`/inspect/${registry.host}/samples/hello:latest`);
  await expect(page.getByTestId('sign-in-panel')).toBeVisible();
  // A visitor without credentials asks there as Docker does, and is refused.
  expect(credentials()).toEqual([]);
  // Nothing of that is under way any more.
  await page.waitForLoadState('networkidle');
  const before = asked.length;

  await signIn(page);
  const question = page.getByTestId('foreign-realm');
  await expect(question).toContainText(registry.host);
  await expect(question).toContainText(realm);
  await expectAccessibleThroughout(page);
  // Said no: nothing was sent there, and nobody is signed in.
  expect(asked.length).toBe(before);
  const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
  expect(stored).not.toContain('secret');
  expect(stored).not.toContain(realm);

  // Asked again, as nothing was agreed to; and then they go there, and nowhere else.
  await page.reload();
  await expect(page.getByTestId('error')).toHaveAttribute('data-code', 'unauthorized');
  expect(credentials()).toEqual([]);
  await signIn(page);
  await expect(question).toBeVisible();
  expect(credentials()).toEqual([]);
  await question.getByRole('button').click();
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  expect(new Set(credentials())).toEqual(new Set([`Basic ${Buffer.from('ann:secret').toString('base64')}`]));

  // The consent holds for that address alone, and is not asked again.
  await page.reload();
  await signIn(page);
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  await stop();
});

test('two registries at once, each with its own credentials, which go nowhere else', async ({ page, open, memory }) => {
  const registry = await guarded('--basic');
  const leaked = [];
  page.on('request', (request) => {
    if (new URL(request.url()).host !== registry.host && request.headers().authorization) leaked.push(request.url());
  });
  await open(`/inspect/${registry.host}/samples/hello:latest`);
  await signIn(page);
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  await page.getByTestId('reference-input').fill(`${memory.host}/samples/hello:latest`);
  await page.getByTestId('reference-input').press('Enter');
  await expect(page.getByRole('link', { name: memory.host, exact: true })).toBeVisible();
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  await page.goBack();
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  expect(leaked).toEqual([]);
  await registry.stop();
});

test('settings of a registry are stored, changed, removed and brought back', async ({ page, open }) => {
  await open('/registries');
  await page.getByRole('button', { name: 'Add a registry' }).click();
  await page.locator('input[name=host]').fill('not a host');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.locator('dialog[open]')).toContainText('Expected a host');
  await page.locator('input[name=host]').fill('lab.example:5000');
  await page.locator('input[name=insecure]').check();
  await page.locator('input[name=read-only]').check();
  await page.getByRole('button', { name: 'Save' }).click();
  const card = page.locator('[data-host="lab.example:5000"]');
  await expect(card).toContainText('read only');
  await page.reload();
  await expect(card).toContainText('insecure');
  await card.getByRole('button', { name: 'Settings' }).click();
  await page.locator('input[name=insecure]').uncheck();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(card).not.toContainText('insecure');
  await card.getByRole('button', { name: 'Remove' }).click();
  await expect(card).toHaveCount(0);
  await page.getByTestId('toast').getByRole('button', { name: 'Undo' }).click();
  await expect(card).toContainText('read only');
  // Adding it once more does not touch them.
  await page.getByRole('button', { name: 'Add a registry' }).click();
  await page.locator('input[name=host]').fill('https://lab.example:5000/');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.locator('dialog[open]')).toContainText('in the list already');
  await expect(page.locator('input[name=host]')).toHaveAttribute('aria-invalid', 'true');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(card).toContainText('read only');
});

test('the focus stays among the registries when one is removed by keyboard', async ({ page, open, memory }) => {
  await open('/registries');
  await addRegistry(page, '0.example');
  await page.locator('[data-host="0.example"]').getByRole('button', { name: 'Remove' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.locator('[data-host="0.example"]')).toHaveCount(0);
  await expect(page.locator(`[data-host="${memory.host}"]`).getByRole('link', { name: memory.host })).toBeFocused();
});

test('a registry that was removed comes back with its sign-in', async ({ page, open }) => {
  const registry = await guarded('--basic');
  const path = `/inspect/${registry.host}/samples/alpine:3.22`;
  await open(path);
  await signIn(page, { keep: 'in this browser, until I sign out' });
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  await open('/registries');
  await addRegistry(page, registry.host);
  const card = page.locator(`[data-host="${registry.host}"]`);
  await card.getByRole('button', { name: 'Remove' }).click();
  await expect(card).toHaveCount(0);
  expect(await page.evaluate(() => JSON.stringify({ ...localStorage }))).not.toContain('secret');
  await page.getByTestId('toast').getByRole('button', { name: 'Undo' }).click();
  await expect(card.getByTestId('signed-in')).toHaveText('signed in as ann, stored in this browser');
  await open(path);
  await page.reload();
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  await registry.stop();
});

test('nothing is pushed to a registry that is read only, copied to it or deleted from it, by whatever page', async ({ page, open, memory }) => {
  const repo = `${memory.host}/read-only/app`;
  await putImage(memory, 'read-only/app', 'amd64', { os: 'linux', architecture: 'amd64' });
  await build(page, open, `${repo}:1`, [`${repo}:amd64`]);
  const written = [];
  page.on('request', (request) => ['GET', 'HEAD', 'OPTIONS'].includes(request.method()) || written.push(`${request.method()} ${request.url()}`));
  await open('/registries');
  const card = page.locator(`[data-host="${memory.host}"]`);
  await card.getByRole('button', { name: 'Settings' }).click();
  await page.locator('input[name=read-only]').check();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(card).toContainText('read only');

  await open(`/push/${repo}:1`);
  await expect(page.getByTestId('push-forbidden')).toContainText(`do not allow pushes to ${memory.host}`);
  await expect(page.getByTestId('plan')).toBeVisible();
  await expect(page.getByTestId('push-start')).toHaveCount(0);
  await expectAccessibleThroughout(page);
  await open(`/copy/${repo}:amd64|${repo}:2`);
  await page.getByTestId('copy-plan').click();
  await expect(page.getByTestId('push-forbidden')).toBeVisible();
  await expect(page.getByTestId('copy-start')).toHaveCount(0);
  await open(`/delete/${repo}|amd64`);
  await expect(page.getByTestId('delete-forbidden')).toBeVisible();

  await open('/command');
  const ran = page.getByTestId('ran');
  for (const line of [`push ${repo}:1`, `copy ${repo}:amd64 ${repo}:2`, `untag ${repo}:amd64`]) {
    const before = await ran.count();
    await page.getByTestId('command-input').fill(`tallyman ${line}`);
    await page.getByTestId('command-input').press('Enter');
    await expect(ran.nth(before), line).toHaveAttribute('data-exit', '1');
    await expect(ran.nth(before).getByTestId('stderr'), line).toContainText(`have ${memory.host} as read only`);
  }
  expect(written).toEqual([]);
  expect((await readBack(memory.registry, 'read-only/app:amd64')).status).toBe(200);
});

test('a gateway of one\'s own is used as soon as it is set', async ({ page, open }) => {
  const silent = await startDevRegistry('--samples', '--no-cors');
  const elsewhere = await startDevRegistry('--samples');
  await open(`/inspect/${silent.host}/samples/hello:latest`);
  await expect(page.getByTestId('error')).toHaveAttribute('data-code', 'cors');
  await page.getByRole('link', { name: 'Settings of this registry' }).click();
  await page.getByRole('button', { name: 'Add a registry' }).click();
  await page.locator('input[name=host]').fill(silent.host);
  await page.locator('input[name=gateway]').fill(elsewhere.registry);
  await page.getByRole('button', { name: 'Save' }).click();
  const asked = page.waitForRequest((request) => request.url().startsWith(`${elsewhere.registry}/v2/samples/hello/manifests/`));
  await page.goBack();
  await asked;
  await silent.stop();
  await elsewhere.stop();
});

test('a gateway at no address is refused by the form, and one that was saved earlier sends nothing to the registry', async ({ page, open, memory }) => {
  await open('/registries');
  await page.locator(`[data-host="${memory.host}"]`).getByRole('button', { name: 'Settings' }).click();
  const gateway = page.locator('input[name=gateway]');
  const save = () => page.getByRole('button', { name: 'Save' }).click();
  for (const wrong of ['localhost:8080', 'http://', 'localhost/r/lab', 'gw.example/r/lab', 'http://[gate/', 'ftp://gw.example/', 'https://ann:pw@gw.example/', 'r/lab?a=b']) {
    await gateway.fill(wrong);
    await save();
    await expect(gateway, wrong).toHaveAttribute('aria-invalid', 'true');
    await expect(page.locator('dialog[open]')).toContainText('Expected a URL such as');
  }
  await expectAccessible(page);
  for (const right of [' https://gw.example/r/lab ', 'http://localhost:8080', 'r/lab/', '/v2/lab', '../lab', '']) {
    await gateway.fill(right);
    await save();
    await expect(page.locator('dialog[open]')).toHaveCount(0);
    await page.locator(`[data-host="${memory.host}"]`).getByRole('button', { name: 'Settings' }).click();
    await expect(gateway).toHaveValue(right.trim());
  }

  const asked = [];
  page.on('request', (request) => /\/v2\//.test(request.url()) && asked.push(request.url()));
  await page.evaluate((host) => localStorage.setItem('registries', JSON.stringify([{ host, gateway: 'http://[gate/' }])), memory.host);
  await page.reload();
  await open(`/inspect/${memory.host}/samples/hello:latest`);
  await expect(page.getByTestId('error')).toContainText('as the gateway of');
  expect(asked).toEqual([]);
});

for (const theme of ['light', 'dark']) {
  for (const [size, viewport] of [
    ['wide', { width: 1280, height: 800 }],
    ['narrow', { width: 390, height: 844 }],
  ]) {
    test.describe(`${theme}, ${size}`, () => {
      test.use({ colorScheme: theme, viewport });
      test('registries and sign-in: accessible, no sideways scroll', async ({ page, open, memory }) => {
        await open('/registries');
        await expect(page.getByTestId('registry').first()).toBeVisible();
        await page.screenshot({ path: inProject(`target/screenshots/registries-${theme}-${size}.png`) });
        await expectNoSidewaysScroll(page);
        await expectAccessible(page);
        await page.getByTestId('sign-in').first().click();
        await expect(page.getByTestId('sign-in-dialog')).toContainText(memory.host);
        await page.screenshot({ path: inProject(`target/screenshots/sign-in-${theme}-${size}.png`) });
        await expectAccessible(page);
      });
    });
  }
}
