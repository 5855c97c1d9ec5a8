// Registries that want a sign-in in the middle of an action, speak plain HTTP, say nothing, limit, or are a web page.

import { createServer } from 'node:http';

import { build, entry } from './building.js';
import { describe, putImage, putIndex } from './images.js';
import { startDevRegistry } from './servers.js';
import { expect, expectAccessible, test } from './test.js';

// The last file: its tests share nothing, and whoever has nothing else to do takes one.
test.describe.configure({ mode: 'parallel' });

// A registry by a name that is not loopback's.
test.use({
  launchOptions: async ({ launchOptions }, use) => {
    await use({ ...launchOptions, args: [...launchOptions.args, '--host-resolver-rules=MAP reg.test 127.0.0.1'] });
  },
});

const LINUX = { os: 'linux', architecture: 'amd64', config: {} };

/** A registry that everybody may read, and that wants ann's password for everything else: in front of `behind`. */
async function guardedWrites(behind) {
  const wanted = `Basic ${Buffer.from('ann:secret').toString('base64')}`;
  return startServer(async (request, response) => {
    const isRead = ['GET', 'HEAD'].includes(request.method) && request.url !== '/v2/';
    if (!isRead && request.headers.authorization !== wanted) {
      response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="writes"', 'Content-Type': 'application/json' });
      return response.end('{"errors":[{"code":"UNAUTHORIZED","message":"sign in to change something"}]}');
    }
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { host, authorization, connection, ...headers } = request.headers;
    const answer = await fetch(new URL(request.url, behind), { method: request.method, headers, body: chunks.length ? Buffer.concat(chunks) : undefined, redirect: 'manual' });
    const kept = [...answer.headers].filter(([name]) => !['content-length', 'transfer-encoding', 'content-encoding', 'connection', 'access-control-allow-origin'].includes(name));
    response.writeHead(answer.status, Object.fromEntries(kept));
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
}

/** A server whose answers pages of all origins may read. */
async function startServer(answer) {
  const server = createServer((request, response) => {
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Access-Control-Allow-Methods', 'GET, HEAD, PUT, POST, PATCH, DELETE, OPTIONS');
    response.setHeader('Access-Control-Allow-Headers', 'Authorization, Accept, Content-Type, Content-Range');
    response.setHeader('Access-Control-Expose-Headers', 'WWW-Authenticate, Docker-Content-Digest, Location, Link, Retry-After, Range');
    if (request.method === 'OPTIONS') return response.end();
    return answer(request, response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { host: `127.0.0.1:${port}`, port, registry: `http://127.0.0.1:${port}`, stop };
}

async function signIn(page) {
  const panel = page.getByTestId('sign-in-panel');
  await panel.locator('input[name=username]').fill('ann');
  await panel.locator('input[name=password]').fill('secret');
  await panel.getByRole('button', { name: 'Sign in', exact: true }).click();
}

test('a push that wants a sign-in goes on after it; so do a copy and a deletion', async ({ page, open }) => {
  const behind = await startDevRegistry();
  await putImage(behind, 'guarded/app', 'one', LINUX);
  const registry = await guardedWrites(behind.registry);
  const image = `${registry.host}/guarded/app:one`;
  await build(page, open, `${registry.host}/guarded/app:list`, [image]);
  await page.getByTestId('builder').getByRole('link', { name: /^Push…$/ }).click();
  await page.getByTestId('push-start').click();
  await expect(page.getByTestId('push-state')).toHaveAttribute('data-phase', 'failed');
  await expectAccessible(page);
  await signIn(page);
  await expect(page.getByTestId('push-state')).toHaveAttribute('data-phase', 'finished');

  await page.reload();
  await open(`/copy/${image}|${registry.host}/guarded/app:copy`);
  await page.reload();
  await page.getByTestId('copy-plan').click();
  await page.getByTestId('copy-start').click();
  await expect(page.getByTestId('copy-failed')).toBeVisible();
  await signIn(page);
  await page.getByTestId('copy-start').or(page.getByTestId('copy-done')).first().waitFor();
  if (await page.getByTestId('copy-start').isVisible()) await page.getByTestId('copy-start').click();
  await expect(page.getByTestId('copy-done')).toBeVisible();

  await open(`/delete/${registry.host}/guarded/app|copy`);
  await page.reload();
  await page.getByTestId('how-untag').check();
  await page.getByTestId('delete-plan').click();
  await page.getByTestId('delete-confirm').fill('guarded/app');
  await page.getByTestId('delete-run').click();
  await signIn(page);
  await expect(page.getByTestId('delete-done')).toBeVisible();
  const { tags } = await (await fetch(`${behind.registry}/v2/guarded/app/tags/list`)).json();
  expect(tags.sort()).toEqual(['list', 'one']);
  registry.stop();
  await behind.stop();
});

test('an image of a private registry is added to a list after a sign-in', async ({ page, open, server }) => {
  const registry = await startDevRegistry('--samples', '--basic', 'ann:secret', '--open-preflight');
  const image = `${registry.host}/samples/alpine:3.22`;
  await open(`/build/${server.host}/troubles/add:1`);
  await page.getByTestId('add-input').fill(image);
  await page.getByTestId('add-button').click();
  await expect(page.getByTestId('pending')).toHaveClass(/failed/);
  await signIn(page);
  await expect(entry(page, image)).toBeVisible();
  await expect(page.getByTestId('sign-in-panel')).toHaveCount(0);
  await registry.stop();
});

test('what fails is told in the words of the app on every page, and what the registry said is in the details', async ({ page, open, memory }) => {
  const missing = `${memory.host}/samples/alpine:nosuch`;
  const said = `${memory.host} has no samples/alpine:nosuch`;
  const isToldIn = async (place) => {
    await expect(place.locator('.reason strong')).toHaveText(said);
    await expect(place.getByText(/MANIFEST_UNKNOWN/)).toBeHidden();
    await place.getByText('Details').click();
    await expect(place.getByText(/MANIFEST_UNKNOWN/)).toBeVisible();
    await expectAccessible(page);
  };
  await open(`/build/${memory.host}/troubles/words:1`);
  await page.getByTestId('add-input').fill(`${missing}\n${memory.host}/UPPER`);
  await page.getByTestId('add-button').click();
  await isToldIn(page.locator(`[data-testid=pending][data-image="${missing}"]`));
  await expect(page.getByTestId('pending').last()).toContainText('is not an image reference');
  await open(`/copy/${missing}|${memory.host}/troubles/words:2`);
  await page.getByTestId('copy-plan').click();
  await expect(page.getByTestId('copy-failed')).toContainText('Nothing was copied');
  await isToldIn(page.getByTestId('copy-failed'));
});

test('a push that fails for a new tag says what is true of it, and what the registry said', async ({ page, open, memory }) => {
  const list = `${memory.host}/troubles/failing:1`;
  await build(page, open, list, [`${memory.host}/samples/alpine:3.22`]);
  await page.route(/\/v2\/troubles\/failing\//, (route) =>
    ['PUT', 'POST'].includes(route.request().method())
      ? route.fulfill({ status: 403, headers: { 'access-control-allow-origin': '*' }, json: { errors: [{ code: 'DENIED', message: 'read-only' }] } })
      : route.continue(),
  );
  await page.getByTestId('builder').getByRole('link', { name: /^Push…$/ }).click();
  await page.getByTestId('push-start').click();
  const state = page.getByTestId('push-state');
  await expect(state).toContainText(`${list} is unchanged in the registry.`);
  await expect(state).toContainText('0 B sent');
  await expect(page.getByTestId('push-error')).toContainText('You do not have access to');
});

test('of a repository that is not there, or wants a sign-in, the page for deletions shows the failure alone', async ({ page, open, memory }) => {
  await open(`/delete/${memory.host}/nosuch/repo`);
  await expect(page.getByTestId('error')).toContainText('has no tags');
  for (const id of ['delete-tags', 'delete-plan', 'how-untag']) await expect(page.getByTestId(id)).toHaveCount(0);
  const registry = await startDevRegistry('--samples', '--basic', 'ann:secret', '--open-preflight');
  await open(`/delete/${registry.host}/samples/hello`);
  await signIn(page);
  await expect(page.getByTestId('delete-tags')).toContainText('latest');
  await registry.stop();
});

test('a catalog that wants a sign-in says so first, and shows it afterwards', async ({ page, open }) => {
  const registry = await startDevRegistry('--samples', '--basic', 'ann:secret', '--open-preflight');
  await open(`/explore/${registry.host}`);
  await expect(page.getByTestId('error').getByRole('heading', { level: 1 })).toHaveText(`${registry.host} requires sign-in`);
  await signIn(page);
  await expect(page.getByRole('link', { name: 'samples/hello' })).toBeVisible();
  await registry.stop();
});

test('a registry that speaks plain HTTP is recognised, and used after a click', async ({ page, open }) => {
  const registry = await startDevRegistry('--samples');
  const host = `reg.test:${new URL(registry.registry).port}`;
  await open(`/inspect/${host}/samples/hello:latest`);
  const offer = page.getByTestId('plain-http');
  await expect(offer).toContainText(`${host} answers over plain HTTP`);
  await expectAccessible(page);
  await offer.getByRole('button').click();
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  await page.reload();
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  await registry.stop();
});

test('a registry that never answers is told after some seconds, with what is waited for', async ({ page, open }) => {
  const registry = await startServer(() => {});
  await open(`/explore/${registry.host}`);
  await expect(page.getByTestId('slow')).toContainText(`${registry.host} has not answered GET /v2/_catalog`);
  await open(`/inspect/${registry.host}/team/app:1`);
  await expect(page.getByTestId('slow')).toContainText('GET /v2/team/app/manifests/1');
  await expect(page.getByTestId('slow').getByRole('button')).toBeVisible();
  registry.stop();
});

test('a rate limit is counted down, and the request can be sent now', async ({ page, open }) => {
  const behind = await startDevRegistry('--samples');
  let isLimited = true;
  const registry = await startServer(async (request, response) => {
    if (isLimited) {
      response.writeHead(429, { 'Retry-After': '30', 'Content-Type': 'application/json' });
      return response.end('{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}');
    }
    // A request that meets a connection that is just being closed is sent again by the app.
    const answer = await fetch(new URL(request.url, behind.registry), { headers: { accept: request.headers.accept ?? '*/*' } }).catch(() => undefined);
    if (!answer) return response.destroy();
    const names = ['content-type', 'docker-content-digest'].filter((name) => answer.headers.has(name));
    response.writeHead(answer.status, Object.fromEntries(names.map((name) => [name, answer.headers.get(name)])));
    return response.end(Buffer.from(await answer.arrayBuffer()));
  });
  await open(`/inspect/${registry.host}/samples/hello:latest`);
  const notice = page.getByTestId('notice');
  await expect(notice).toContainText(/trying again in (30|[12]\d) s/);
  const seconds = async () => Number(/trying again in (\d+) s/.exec(await notice.textContent())?.[1]);
  const before = await seconds();
  await expect.poll(seconds).toBeLessThan(before);
  isLimited = false;
  await notice.getByTestId('try-now').click();
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  registry.stop();
  await behind.stop();
});

/** Has the page refuse requests of `method` to an address until it is let through. */
async function limit(page, method, address) {
  let isLimited = true;
  await page.route(address, (route) => {
    if (!isLimited || route.request().method() !== method) return route.continue();
    const headers = { 'access-control-allow-origin': '*', 'access-control-expose-headers': '*', 'retry-after': '30' };
    return route.fulfill({ status: 429, headers, json: { errors: [{ code: 'TOOMANYREQUESTS', message: 'slow down' }] } });
  });
  return () => (isLimited = false);
}

test('a push and a row of tags that a rate limit holds up go on at once after "Try now"', async ({ page, open, memory }) => {
  const repo = `${memory.host}/limited/app`;
  await putImage(memory, 'limited/app', 'amd64', LINUX);
  const lift = await limit(page, 'PUT', '**/v2/limited/app/manifests/1');
  const liftRow = await limit(page, 'GET', '**/v2/limited/app/manifests/amd64');
  const notice = page.getByTestId('notice');

  await open(`/explore/${repo}`);
  await expect(notice).toContainText(/trying again in (30|[12]\d) s/);
  liftRow();
  await notice.getByTestId('try-now').click();
  await expect(page.locator('[data-tag=amd64] .tag-row__size')).toHaveAttribute('data-bytes', /[1-9]/);
  await expect(notice).toBeEmpty();

  await build(page, open, `${repo}:1`, [`${repo}:amd64`]);
  await page.getByTestId('builder').getByRole('link', { name: 'Push…' }).click();
  await page.getByTestId('push-start').click();
  await expect(notice).toContainText(/trying again in (30|[12]\d) s/);
  lift();
  await notice.getByTestId('try-now').click();
  await expect(page.getByTestId('push-state')).toHaveAttribute('data-phase', 'finished');
  await expect(notice).toBeEmpty();
});

for (const [name, status, told] of [
  ['a web page', 200, 'did not answer as a registry'],
  ['a web page with 404', 404, 'did not answer as a registry'],
  ['a gateway\'s 504', 504, 'returned a server error'],
]) {
  test(`in place of a registry, ${name}`, async ({ page, open }) => {
    const registry = await startServer((_, response) => {
      response.writeHead(status, { 'Content-Type': 'text/html' });
      response.end('<!doctype html><title>Sign in to the proxy</title>');
    });
    for (const path of ['', '/team/app']) {
      await open(`/explore/${registry.host}${path}`);
      await expect(page.getByTestId('error').getByRole('heading', { level: 1 })).toHaveText(`${registry.host} ${told}`, { timeout: 20_000 });
    }
    registry.stop();
  });
}

test('a refusal, a page of HTML and an empty answer in place of a manifest are told apart', async ({ page, open, memory }) => {
  const answers = {
    html: { status: 200, contentType: 'text/html', body: '<html>Sign in to the network</html>', said: 'did not answer as a registry' },
    empty: { status: 200, body: '', said: 'did not answer as a registry' },
    refused: { status: 400, contentType: 'application/json', body: '{"errors":[{"code":"NAME_INVALID","message":"bad"}]}', said: 'rejected the request' },
    broken: { status: 200, contentType: 'application/json', body: '{"schemaVersion":2,', said: 'is not a valid manifest' },
  };
  for (const [repo, { said, ...answer }] of Object.entries(answers)) {
    await page.route(`**/v2/troubles/${repo}/manifests/*`, (route) => route.fulfill({ headers: { 'access-control-allow-origin': '*' }, ...answer }));
    await open(`/inspect/${memory.host}/troubles/${repo}:1`);
    await expect(page.getByTestId('error')).toContainText(said);
    await expect(page.getByTestId('error').getByRole('button', { name: 'Try again' })).toBeVisible();
  }
});

test('a repository without tags says why it may still be listed, and offers nothing to filter', async ({ page, open, memory }) => {
  await page.route('**/v2/troubles/gone/tags/list*', (route) =>
    route.fulfill({ headers: { 'access-control-allow-origin': '*' }, contentType: 'application/json', body: '{"name":"troubles/gone","tags":null}' }),
  );
  await open(`/explore/${memory.host}/troubles/gone`);
  await expect(page.getByTestId('no-tags')).toContainText('after its last tag is deleted');
  await expect(page.getByTestId('filter')).toHaveCount(0);
});

test('dates on which nothing was made are marked, and are not the oldest', async ({ page, open, server }) => {
  const dates = { fixed: '1970-01-01T00:00:00Z', eighties: '1980-01-01T00:00:01Z', zero: '0001-01-01T00:00:00Z', future: '2199-01-01T00:00:00Z', words: 'yesterday', real: '2024-05-01T10:00:00Z' };
  for (const [tag, created] of Object.entries(dates)) await putImage(server, 'troubles/dates', tag, { ...LINUX, created });
  await open(`/explore/${server.host}/troubles/dates`);
  await expect(page.getByTestId('unreal-date')).toHaveCount(5);
  const cut = page.getByTestId('unreal-date').filter({ visible: true });
  expect(await cut.evaluateAll((all) => all.filter((badge) => badge.getBoundingClientRect().right > badge.closest('[role=gridcell]').getBoundingClientRect().right).length)).toBe(0);
  await page.getByTestId('sort').selectOption('date');
  await expect(page.getByTestId('tag').first()).toHaveText('real');
  await open(`/inspect/${server.host}/troubles/dates:fixed`);
  await expect(page.getByTestId('unreal-date').first()).toBeVisible();
  await open(`/inspect/${server.host}/troubles/dates:real`);
  await expect(page.getByTestId('config-section')).toContainText('2024');
  await expect(page.getByTestId('unreal-date')).toHaveCount(0);
});

test('a config that is no config is told from one that did not come', async ({ page, open, server }) => {
  await putImage(server, 'troubles/config', 'odd', { architecture: 5 });
  await open(`/explore/${server.host}/troubles/config`);
  await expect(page.getByTestId('no-date')).toContainText('unreadable');
  await expect(page.getByTestId('no-date')).toHaveAttribute('title', /^could not be read: /);
});

test('a long name leaves the other columns in sight', async ({ page, open, memory }) => {
  await putImage(memory, 'troubles/long', 'amd64', LINUX);
  const { mediaType, digest, size } = await describe(memory, 'troubles/long:amd64');
  const entries = ['amd64', 'x'.repeat(300)].map((architecture) => ({ mediaType, digest, size, platform: { os: 'linux', architecture } }));
  await putIndex(memory, 'troubles/long', '1', entries);
  await open(`/inspect/${memory.host}/troubles/long:1`);
  const rows = page.getByTestId('platform-row');
  await expect(rows).toHaveCount(2);
  await expect(rows.last().locator('td').last()).toBeInViewport({ ratio: 1 });
  expect(await page.evaluate(() => [...document.querySelectorAll('.panel')].filter((panel) => panel.scrollWidth > panel.clientWidth).length)).toBe(0);
});

test('two copies of the app on one origin keep apart, and say that they want origins of their own', async ({ page, memory }) => {
  const server = await startServer(async (request, response) => {
    const answer = await fetch(new URL(request.url.replace(/^\/(one|two)\//, '/'), memory.app));
    response.writeHead(answer.status, { 'Content-Type': answer.headers.get('content-type') ?? 'application/octet-stream' });
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  await page.goto(`${server.registry}/one/#/registries`);
  await expect(page.getByTestId('shared-origin')).toContainText(server.registry);
  await page.getByRole('button', { name: 'Add a registry' }).click();
  await page.locator('input[name=host]').fill('lab.example:5000');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.locator('[data-host="lab.example:5000"]')).toBeVisible();
  await page.getByTestId('theme').selectOption('dark');
  await build(page, (path) => page.goto(`${server.registry}/one/#${path}`), `${memory.host}/troubles/apart:1`, [`${memory.host}/samples/alpine:3.22`]);

  await page.goto(`${server.registry}/two/#/registries`);
  await expect(page.getByTestId('shared-origin')).toBeVisible();
  await expect(page.locator('[data-host="lab.example:5000"]')).toHaveCount(0);
  await expect(page.getByTestId('theme')).toHaveValue('auto');
  await page.goto(`${server.registry}/two/#/lists`);
  await expect(page.getByText('No lists yet')).toBeVisible();

  await page.goto(`${server.registry}/one/#/lists`);
  await expect(page.getByRole('link', { name: `${memory.host}/troubles/apart:1` })).toBeVisible();
  server.stop();
});

test('an app with an origin of its own does not speak of it', async ({ page, open }) => {
  await open('/registries');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Registries');
  await expect(page.getByTestId('shared-origin')).toHaveCount(0);
});
