// A registry that plays malice: the page stays responsive, says a sentence, gives credentials to nobody else, and shows
// markup as text.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { startGateway } from './gateway.js';
import { putImage, readBack } from './images.js';
import { startDevRegistry } from './servers.js';
import { expect, expectAccessible, inProject, leave, test } from './test.js';

const SECRET = 'a-secret-of-the-registry';
/** Milliseconds for which a page may not answer, on a machine that does other things as well. */
const PAUSE_MAX = 2500;
/** Characters that turn text or hide, and control characters but for those that part lines and words. */
const TURNING = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/u;
/** Milliseconds after which somebody who waits has been told something. */
const TOLD_WITHIN = 20_000;

/** The names of all modes, as the refusal of a wrong one lists them. */
async function modes() {
  const refused = await promisify(execFile)(inProject('target/debug/tallyman-dev-registry'), ['--hostile', 'none']).catch((error) => error);
  const [, names] = /the modes are ([a-z, -]+)/.exec(refused.stderr);
  return names.split(', ').map((name) => name.trim());
}

/** Elements that say something to whoever looks: a failure, a wait, a notice, or the content itself. */
const TOLD = [
  '[data-testid=error]',
  '[data-testid=slow]',
  '[data-testid=notice] button',
  '[data-testid=manifest-digest]',
  '[data-testid=config-section]',
  '[data-testid=platform-row]',
  '[data-row]',
  '.empty',
  '.alert',
].join(', ');

/** Modes in which nothing comes: the pages compute nothing, and wait side by side. */
const SILENT = ['silence', 'stalled-bodies'];

const known = await modes();

test('there are hostile modes', () => {
  expect(known.length).toBeGreaterThan(20);
});

for (const mode of known) {
  test(`against ${mode}`, async ({ context, memory }) => {
    test.setTimeout(150_000);
    const registry = await startDevRegistry('--hostile', mode);
    const leaks = [];
    const errors = [];
    const visit = async (path) => {
      const page = await context.newPage();
      page.on('request', (request) => {
        const sent = `${request.url()} ${request.headers().authorization ?? ''} ${request.postData() ?? ''}`;
        const isSecret = sent.includes(SECRET) || sent.includes(Buffer.from(`ann:${SECRET}`).toString('base64'));
        if (isSecret && new URL(request.url()).host !== registry.host) leaks.push(request.url());
      });
      page.on('pageerror', (error) => errors.push(String(error)));
      await page.addInitScript(
        ([host, secret]) => {
          sessionStorage.setItem(`credentials ${host}`, JSON.stringify({ user: 'ann', password: secret }));
          window.longest = 0;
          let last = performance.now();
          setInterval(() => {
            window.longest = Math.max(window.longest, performance.now() - last);
            last = performance.now();
          }, 50);
        },
        [registry.host, SECRET],
      );
      const [kind, ...rest] = path.split('/');
      await page.goto(`${memory.app}#/${[kind, registry.host, ...rest].join('/')}`);
      await expect(page.locator('main').locator(TOLD).or(page.locator('[data-testid=notice] button')).first(), path).toBeVisible({ timeout: TOLD_WITHIN });
      // The page goes on: another address is opened, and this one left at once.
      expect(await leave(page), `${path} is left at once`).toBeLessThan(PAUSE_MAX);
      expect(await page.evaluate(() => window.longest), path).toBeLessThan(PAUSE_MAX);
      expect(await page.evaluate(() => document.querySelectorAll('main :is(script, iframe, img, object, embed, [onerror], [onload])').length)).toBe(0);
      await page.close();
    };
    const paths = ['inspect/evil/app:latest', 'inspect/evil/list:latest', 'explore', 'explore/evil/app'];
    if (SILENT.includes(mode)) await Promise.all(paths.map(visit));
    else for (const path of paths) await visit(path);
    expect(leaks).toEqual([]);
    expect(errors).toEqual([]);
    await registry.stop();
  });
}

test('markup and control characters are read as text', async ({ page, open }) => {
  const registry = await startDevRegistry('--hostile', 'markup');
  await open(`/inspect/${registry.host}/evil/app:latest`);
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  await expect(page.locator('main')).toContainText('<');
  expect(await page.evaluate(() => document.querySelector('main script, main img, main iframe'))).toBeNull();
  await registry.stop();

  const turning = await startDevRegistry('--hostile', 'control-characters');
  await open(`/inspect/${turning.host}/evil/app:latest`);
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  const shown = await page.locator('main').innerText();
  expect(shown).not.toMatch(TURNING);
  await turning.stop();
});

test('names of repositories and tags show the characters that turn or hide text, in the listings and on the page of one', async ({ page, open }) => {
  const registry = await startDevRegistry('--hostile', 'control-characters');
  for (const [path, rows] of [['', 'treeitem'], ['/evil/app', 'row']]) {
    await open(`/explore/${registry.host}${path}`);
    const named = page.getByRole(rows).filter({ hasText: '\\u{' });
    await expect(named.first()).toBeVisible();
    const held = await page.locator('main').evaluate((main) => `${main.innerText}${[...main.querySelectorAll('[title], [aria-label]')].map((element) => `${element.title}${element.ariaLabel}`).join('')}`);
    expect(held).not.toMatch(TURNING);
    await expectAccessible(page);
  }
  await expect(page.locator('.tag-row__platforms', { hasText: 'not a valid tag name' }).first()).toBeVisible();
  await open(`/explore/${registry.host}/evil/one\u202etwo`);
  const error = page.getByTestId('error');
  await expect(error.locator('h1')).toContainText('one\\u{202e}two');
  await expect.poll(() => page.title()).toContain('one\\u{202e}two');
  expect(`${await error.innerText()}${await page.title()}`).not.toMatch(TURNING);
  await registry.stop();
});

test('pages of a list that repeat or stay empty are told as that; so are responses that are cut off or too large', async ({ page, open }) => {
  for (const [flags, path, code, said] of [
    [['--hostile', 'circular-pages'], 'explore', 'protocol', 'did not send the whole list'],
    [['--hostile', 'empty-pages'], 'explore', 'protocol', 'did not send the whole list'],
    [['--hostile', 'endless-bodies'], 'inspect', 'too-large', 'is too large'],
    [['--samples', '--fault', 'truncate,path=/v2/*/manifests/*'], 'inspect', 'broken-off', 'was cut off'],
  ]) {
    const registry = await startDevRegistry(...flags);
    const image = flags.includes('--samples') ? 'samples/hello:latest' : 'evil/app:latest';
    await open(`/${path}/${registry.host}${path === 'inspect' ? `/${image}` : ''}`);
    const error = page.getByTestId('error');
    await expect(error).toHaveAttribute('data-code', code, { timeout: TOLD_WITHIN });
    await expect(error.locator('h1'), flags.join(' ')).toContainText(said);
    // The reason is beside the advice, and not in its place.
    await expect(error.getByTestId('detail')).not.toHaveAttribute('open', '');
    await expect(error).not.toContainText('web page');
    await registry.stop();
  }
});

test('a catalog without an end is stopped by a button', async ({ page, open }) => {
  const registry = await startDevRegistry('--hostile', 'endless-pages');
  await open(`/explore/${registry.host}`);
  await page.getByTestId('stop-listing').click({ timeout: TOLD_WITHIN });
  await expect(page.getByTestId('count')).toContainText('stopped');
  await expect(page.getByTestId('stop-listing')).toHaveCount(0);
  await expect(page.getByRole('treeitem').first()).toBeVisible();
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.getByTestId('filter').fill('nothing-has-this-name');
  await expect(page.locator('.empty')).toBeVisible();
  expect(asked).toEqual([]);
  await registry.stop();
});

test('uploads that a registry sends to one of the gateway do not go by way of the gateway', async ({ page }) => {
  const evil = await startDevRegistry('--hostile', 'locations-elsewhere');
  // The place that it names is the gateway's registry.
  const begun = await fetch(`${evil.registry}/v2/evil/copy/blobs/uploads/`, { method: 'POST' });
  const { origin } = new URL(begun.headers.get('location'));
  const gateway = await startGateway(`connect = ['${evil.registry}']\n[[registries]]\nname = 'lab'\nurl = '${origin}'\ndelete = true`);
  const asked = [];
  page.on('request', (request) => asked.push(`${request.method()} ${new URL(request.url()).pathname}`));
  await page.goto(`${gateway.url}/#/command`);
  await page.getByTestId('command-input').fill(`tallyman copy ${evil.host}/evil/app:latest ${evil.host}/evil/copy:1`);
  await page.getByTestId('command-input').press('Enter');
  await expect(page.getByTestId('ran')).toHaveAttribute('data-exit', '1');
  expect(asked.filter((line) => line.startsWith('POST /v2/evil/copy/blobs/uploads/')).length).toBeGreaterThan(0);
  expect(asked.filter((line) => line.includes('/r/lab/'))).toEqual([]);
  await gateway.stop();
  await evil.stop();
});

test('a platform that a registry makes up is part of no command', async ({ page, open, memory }) => {
  const digest = await putImage(memory, 'hostile/platform', 'image', { os: 'linux', architecture: 'amd64' });
  const { bytes } = await readBack(memory.registry, 'hostile/platform:image');
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const platform = { os: 'linux', architecture: 'amd64', variant: 'v1;touch /tmp/x;#' };
  const manifests = [{ mediaType: JSON.parse(bytes).mediaType, digest, size: bytes.length, platform }];
  const put = await fetch(`${memory.registry}/v2/hostile/platform/manifests/1`, {
    method: 'PUT',
    headers: { 'content-type': mediaType },
    body: JSON.stringify({ schemaVersion: 2, mediaType, manifests }),
  });
  expect(put.status).toBe(201);
  const name = `${memory.host}/hostile/platform`;
  await open(`/inspect/${name}:1?platform=${encodeURIComponent('linux/amd64/v1;touch /tmp/x;#')}`);
  await expect(page.getByTestId('pull').locator('code')).toHaveText(`docker pull ${name}@${digest}`);
  await expect(page.getByTestId('pull-digest')).toHaveCount(0);
});
