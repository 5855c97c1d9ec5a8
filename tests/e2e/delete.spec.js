// Tags are taken out of a registry: planned, every tag named that goes, confirmed, done.

import { putImage, readBack } from './images.js';
import { startDevRegistry } from './servers.js';
import { expect, expectAccessible, expectNoSidewaysScroll, test } from './test.js';

const linux = { os: 'linux', architecture: 'amd64' };

const choose = (page, tag) => page.locator(`[data-testid=tag][data-tag="${tag}"]`).check();

test.describe('on Distribution 2.8, which deletes by digest alone', () => {
  test.use({ kind: 'distribution' });
  test('a tag cannot be taken off; by digest every tag that goes with it is named', async ({ page, open, server }) => {
    const repo = 'delete/two';
    for (const tag of ['1', '1.0', 'latest']) await putImage(server, repo, tag, linux, 'same');
    await putImage(server, repo, '2', linux, 'other');
    await open(`/delete/${server.host}/${repo}|1`);
    await expect(page.locator('[data-testid=tag][data-tag="1"]')).toBeChecked();
    await page.getByTestId('how-manifests').check();
    await page.getByTestId('how-untag').check();
    await page.getByTestId('delete-plan').click();
    await expect(page.getByTestId('delete-run')).toBeDisabled();
    await page.getByTestId('delete-confirm').fill(repo);
    await page.getByTestId('delete-run').click();
    await expect(page.getByTestId('cannot-untag')).toBeVisible();
    expect((await readBack(server.registry, `${repo}:1`)).status).toBe(200);

    await expect(page.getByTestId('commands')).toContainText(`tallyman untag --insecure ${server.host}/${repo}:1`);

    await page.getByTestId('delete-by-digest').click();
    await expect(page.getByTestId('commands')).toContainText(`tallyman delete --insecure ${server.host}/${repo}@sha256:`);
    await expect(page.getByTestId('commands')).toContainText('docker manifest has no line for this');
    await expect(page.getByTestId('unchosen')).toContainText('latest, 1.0');
    await page.getByTestId('delete-confirm').fill(repo);
    await page.getByTestId('delete-run').click();
    await expect(page.getByTestId('delete-done')).toContainText('3 tags removed');
    for (const tag of ['1', '1.0', 'latest']) expect((await readBack(server.registry, `${repo}:${tag}`)).status).toBe(404);
    expect((await readBack(server.registry, `${repo}:2`)).status).toBe(200);
  });

  test('who chooses no way gets the one that the registry takes; a link asks the registry for nothing but what it reads', async ({ page, open, server }) => {
    const repo = 'delete/usual';
    await putImage(server, repo, '1', linux, 'same');
    const writing = [];
    page.on('request', (request) => {
      if (!['GET', 'HEAD', 'OPTIONS'].includes(request.method())) writing.push(`${request.method()} ${request.url()}`);
    });
    await open(`/delete/${server.host}/${repo}|1`);
    await expect(page.locator('[data-testid=tag][data-tag="1"]')).toBeChecked();
    await expect(page.getByTestId('how-untag')).toBeChecked();
    expect(writing).toEqual([]);
    await page.getByTestId('delete-plan').click();
    await expect(page.getByTestId('commands')).toContainText(`tallyman delete --insecure ${server.host}/${repo}@sha256:`);
    expect((await readBack(server.registry, `${repo}:1`)).status).toBe(200);
  });
});

test.describe('on a registry that can take off a tag', () => {
  test.use({ kind: 'memory' });
  test('several tags are taken off at once, and what they stood for stays', async ({ page, open, server }) => {
    const repo = 'delete/tags';
    const digest = await putImage(server, repo, 'a', linux, 'same');
    for (const tag of ['b', 'c']) await putImage(server, repo, tag, linux, 'same');
    await open(`/delete/${server.host}/${repo}`);
    await choose(page, 'a');
    await choose(page, 'b');
    await page.getByTestId('delete-plan').click();
    await expect(page.getByTestId('delete-step')).toHaveCount(2);
    await expect(page.getByTestId('commands')).toContainText(`tallyman untag --insecure ${server.host}/${repo}:a ${server.host}/${repo}:b`);
    await page.getByTestId('delete-confirm').fill(repo);
    await page.getByTestId('delete-run').click();
    await expect(page.getByTestId('delete-done')).toContainText('2 tags removed');
    expect((await readBack(server.registry, `${repo}:a`)).status).toBe(404);
    expect((await readBack(server.registry, `${repo}:c`)).digest).toBe(digest);
  });

  test('by digest every tag goes that stands for it, each named before; one that somebody else took off is no failure', async ({ page, open, server }) => {
    const repo = 'delete/digest';
    const digest = await putImage(server, repo, 'a', linux, 'same');
    for (const tag of ['b', 'c']) await putImage(server, repo, tag, linux, 'same');
    await putImage(server, repo, 'd', linux, 'other');
    await open(`/delete/${server.host}/${repo}|d`);
    await page.getByTestId('delete-plan').click();
    await expect(page.getByTestId('delete-step')).toHaveCount(1);
    const gone = await fetch(`${server.registry}/v2/${repo}/manifests/d`, { method: 'DELETE' });
    expect(gone.status).toBe(202);
    await page.getByTestId('delete-confirm').fill(repo);
    await page.getByTestId('delete-run').click();
    await expect(page.getByTestId('delete-done')).toContainText('1 tag removed');

    await open(`/delete/${server.host}/${repo}|a`);
    await page.getByTestId('how-manifests').check();
    await page.getByTestId('delete-plan').click();
    await expect(page.getByTestId('delete-step')).toHaveCount(1);
    await expect(page.getByTestId('unchosen')).toContainText('b, c');
    await expect(page.getByTestId('commands')).toContainText(`tallyman delete --insecure ${server.host}/${repo}@${digest}`);
    await page.getByTestId('delete-confirm').fill(repo);
    await page.getByTestId('delete-run').click();
    await expect(page.getByTestId('delete-done')).toContainText('3 tags removed');
    for (const tag of ['a', 'b', 'c']) expect((await readBack(server.registry, `${repo}:${tag}`)).status).toBe(404);
    expect((await readBack(server.registry, `${repo}@${digest}`)).status).toBe(404);
  });

  test('a tag that has moved since the plan is left alone, and so is a digest to which another tag has moved; the new plan names it', async ({ page, open, server }) => {
    const repo = 'delete/moved';
    const digest = await putImage(server, repo, 'old', linux, 'one');
    await putImage(server, repo, 'prod', linux, 'two');
    const plan = async (way) => {
      await open('/lists');
      await open(`/delete/${server.host}/${repo}|old`);
      await page.getByTestId(way).check();
      await page.getByTestId('delete-plan').click();
      await page.getByTestId('delete-confirm').fill(repo);
    };
    await plan('how-untag');
    await putImage(server, repo, 'old', linux, 'three');
    await page.getByTestId('delete-run').click();
    await expect(page.getByTestId('delete-step')).toContainText('old has moved since the plan');
    expect((await readBack(server.registry, `${repo}:old`)).status).toBe(200);

    await putImage(server, repo, 'old', linux, 'one');
    await plan('how-manifests');
    await putImage(server, repo, 'prod', linux, 'one');
    await page.getByTestId('delete-run').click();
    await expect(page.getByTestId('delete-step')).toContainText('prod has moved since the plan');
    for (const tag of ['old', 'prod']) expect((await readBack(server.registry, `${repo}:${tag}`)).digest).toBe(digest);

    await page.getByTestId('delete-replan').click();
    await expect(page.getByTestId('unchosen')).toContainText('prod');
    await page.getByTestId('delete-confirm').fill(repo);
    await page.getByTestId('delete-run').click();
    await expect(page.getByTestId('delete-done')).toContainText('2 tags removed');
  });

  test('of a pinned image that digest is deleted, wherever its tag has moved; an image without a tag is deleted by digest, too', async ({ page, open, server }) => {
    const repo = 'delete/pinned';
    const old = await putImage(server, repo, 'v1', linux, 'one');
    await putImage(server, repo, 'keep', linux, 'one');
    const now = await putImage(server, repo, 'v1', linux, 'two');
    await open(`/inspect/${server.host}/${repo}:v1@${old}`);
    await page.getByRole('link', { name: 'Delete…' }).click();
    await expect(page.locator(`[data-testid=digest][data-tag="${old}"]`)).toBeChecked();
    await expect(page.getByTestId('how-untag')).toHaveCount(0);
    await page.getByTestId('delete-plan').click();
    await expect(page.getByTestId('commands')).toContainText(`tallyman delete --insecure ${server.host}/${repo}@${old}`);
    await expect(page.getByTestId('unchosen')).toContainText('keep');
    await page.getByTestId('delete-confirm').fill(repo);
    await page.getByTestId('delete-run').click();
    await expect(page.getByTestId('delete-done')).toContainText('1 tag removed');
    expect((await readBack(server.registry, `${repo}@${old}`)).status).toBe(404);
    expect((await readBack(server.registry, `${repo}:v1`)).digest).toBe(now);

    const untagged = await putImage(server, repo, '', linux, 'three');
    await open(`/inspect/${server.host}/${repo}@${untagged}`);
    await page.getByRole('link', { name: 'Delete…' }).click();
    await page.getByTestId('delete-plan').click();
    await page.getByTestId('delete-confirm').fill(repo);
    await expect(page.getByTestId('delete-run')).toHaveText('Delete 1 image');
    await page.getByTestId('delete-run').click();
    await expect(page.getByTestId('delete-done')).toContainText('1 image deleted');
    expect((await readBack(server.registry, `${repo}@${untagged}`)).status).toBe(404);
  });

  test('a deletion goes on while another page is looked at, is asked about before the browser leaves, is stopped and continued', async ({ page, open, server }) => {
    const repo = 'delete/stopped';
    for (const tag of ['a', 'b', 'c']) await putImage(server, repo, tag, linux, 'same');
    const statuses = () => Promise.all(['a', 'b', 'c'].map(async (tag) => (await readBack(server.registry, `${repo}:${tag}`)).status));
    const isAsked = () => page.evaluate(() => !window.dispatchEvent(new Event('beforeunload', { cancelable: true })));
    const held = [];
    await page.route(/\/v2\/delete\/stopped\/manifests\/a$/, (route) => (route.request().method() === 'DELETE' ? held.push(route) : route.continue()));
    const address = `/delete/${server.host}/${repo}|a|b|c`;
    await open(address);
    await page.getByTestId('delete-plan').click();
    await page.getByTestId('delete-confirm').fill(repo);
    expect(await isAsked()).toBe(false);
    await page.getByTestId('delete-run').click();
    await expect.poll(() => held.length).toBe(1);
    expect(await isAsked()).toBe(true);
    await open('/lists');
    await open(address);
    await expect(page.getByTestId('delete-running')).toContainText('0 of 3 steps');
    await expectAccessible(page);
    await page.getByTestId('delete-stop').click();
    await expect(page.getByTestId('delete-stop')).toBeDisabled();
    await held.pop().continue();
    await expect(page.getByTestId('delete-stopped')).toContainText('Stopped after 1 of 3 steps');
    expect(await statuses()).toEqual([404, 200, 200]);
    expect(await isAsked()).toBe(false);
    await page.getByTestId('delete-go-on').click();
    await expect(page.getByTestId('delete-done')).toContainText('3 tags removed');
    expect(await statuses()).toEqual([404, 404, 404]);
  });

  test('nothing is planned before all tags are listed: those that go with a digest could not be named', async ({ page, open, server }) => {
    const repo = 'delete/slow';
    for (const tag of ['a', 'b']) await putImage(server, repo, tag, linux, 'same');
    let release;
    const released = new Promise((resolve) => (release = resolve));
    await page.route(new RegExp(`/v2/${repo}/tags/list`), async (route) => {
      const isFirst = !route.request().url().includes('last=');
      if (!isFirst) await released;
      const headers = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'Link' };
      if (isFirst) headers.link = `</v2/${repo}/tags/list?n=1&last=a>; rel="next"`;
      await route.fulfill({ headers, json: { name: repo, tags: isFirst ? ['a'] : ['b'] } });
    });
    await open(`/delete/${server.host}/${repo}|a`);
    await page.getByTestId('how-manifests').check();
    await expect(page.locator('[data-testid=tag][data-tag="a"]')).toBeChecked();
    await expect(page.getByTestId('delete-plan')).toBeDisabled();
    release();
    await page.getByTestId('delete-plan').click();
    await expect(page.getByTestId('unchosen')).toContainText('b');
  });

  test('a plan is of what is chosen: it is made anew when something else is, also while it is made', async ({ page, open, server }) => {
    const repo = 'delete/changed';
    const [a, b] = [await putImage(server, repo, 'a', linux, 'one'), await putImage(server, repo, 'b', linux, 'other')];
    const held = [];
    await page.route(/\/v2\/delete\/changed\/manifests\/a$/, (route) => (route.request().method() === 'HEAD' ? held.push(route) : route.continue()));
    await open(`/delete/${server.host}/${repo}|a`);
    await page.getByTestId('how-manifests').check();
    const planning = page.getByTestId('delete-plan').locator('xpath=..').getByRole('status');
    for (const change of [() => page.getByTestId('how-untag').check(), () => page.getByTestId('how-manifests').check(), () => choose(page, 'b')]) {
      await page.getByTestId('delete-plan').click();
      await expect(planning).toBeVisible();
      await expect.poll(() => held.length).toBeGreaterThan(0);
      await change();
      await expect(planning).toHaveCount(0);
      await held.pop().continue();
    }
    await page.locator('[data-testid=tag][data-tag=a]').uncheck();
    await page.unroute(/\/v2\/delete\/changed\/manifests\/a$/);
    await page.getByTestId('delete-plan').click();
    await expect(page.getByTestId('delete-step')).toHaveCount(1);
    await expect(page.getByTestId('commands')).toContainText(b);
    await expect(page.getByTestId('commands')).not.toContainText(a);
  });

  test('tags are planned by digest where a registry refuses HEAD', async ({ page, open, server }) => {
    const repo = 'delete/no-head';
    const digest = await putImage(server, repo, 'a', linux);
    const headers = { 'access-control-allow-origin': '*' };
    await page.route(/\/v2\/delete\/no-head\/manifests\//, (route) => (route.request().method() === 'HEAD' ? route.fulfill({ status: 405, headers }) : route.continue()));
    await open(`/delete/${server.host}/${repo}|a`);
    await page.getByTestId('how-manifests').check();
    await page.getByTestId('delete-plan').click();
    await expect(page.getByTestId('commands')).toContainText(`@${digest}`);
  });

  test('where the settings forbid it, nothing can be deleted', async ({ page, open, server }) => {
    await page.route('**/config.json', (route) => route.fulfill({ json: { features: { delete: false } } }));
    await open(`/delete/${server.host}/samples/hello`);
    await expect(page.getByTestId('delete-forbidden')).toBeVisible();
    await expect(page.getByTestId('delete-plan')).toHaveCount(0);

    const repo = 'delete/forbidden';
    await putImage(server, repo, 'a', linux);
    await open('/command');
    await page.getByTestId('command-input').fill(`tallyman untag ${server.host}/${repo}:a`);
    await page.getByTestId('command-input').press('Enter');
    await expect(page.getByTestId('stderr')).toContainText(`do not allow deletions from ${server.host}`);
    expect((await readBack(server.registry, `${repo}:a`)).status).toBe(200);
  });

  test('of many tags it is said how many are not shown, and the filter finds them as it does in the list of tags', async ({ page, open }) => {
    const large = await startDevRegistry('--synthetic', '10,2000');
    await open(`/delete/${large.host}/scale/many-tags`);
    await expect(page.getByTestId('more-tags')).toHaveText('… and 1,500 more: use the filter to find them');
    await expect(page.getByTestId('tag')).toHaveCount(500);
    await page.getByTestId('delete-filter').fill(' T000000 ');
    await expect(page.getByTestId('tag')).toHaveCount(10);
    await expect(page.getByTestId('more-tags')).toHaveCount(0);
    await large.stop();
  });

  for (const colorScheme of ['light', 'dark']) {
    test(`choice and plan are accessible and fit, ${colorScheme}`, async ({ page, open, server }) => {
      await page.emulateMedia({ colorScheme });
      const repo = `delete/look-${colorScheme}`;
      for (const tag of ['1', '2']) await putImage(server, repo, tag, linux, 'same');
      await open(`/delete/${server.host}/${repo}|1`);
      await expect(page.getByTestId('tag')).toHaveCount(2);
      await expectAccessible(page);
      await page.getByTestId('how-manifests').check();
      await page.getByTestId('delete-plan').click();
      await expect(page.getByTestId('unchosen')).toBeVisible();
      await page.setViewportSize({ width: 390, height: 844 });
      await expectNoSidewaysScroll(page);
      await expectAccessible(page);
    });
  }
});

test.describe('on a registry', () => {
  test.use({ kind: 'memory' });
  const remove = async (page, open, server, repo) => {
    await open(`/delete/${server.host}/${repo}|1`);
    await page.getByTestId('delete-plan').click();
    await page.getByTestId('delete-confirm').fill(repo);
    await page.getByTestId('delete-run').click();
  };

  test('that has deletion switched off, the setting is named', async ({ page, open, server }) => {
    const repo = 'delete/off';
    await putImage(server, repo, '1', linux, 'same');
    await page.route(/\/v2\/delete\/off\/manifests\//, (route) =>
      route.request().method() === 'DELETE'
        ? route.fulfill({
            status: 405,
            headers: { 'access-control-allow-origin': '*', 'content-type': 'application/json' },
            body: '{"errors":[{"code":"UNSUPPORTED","message":"The operation is unsupported."}]}',
          })
        : route.continue(),
    );
    await open(`/delete/${server.host}/${repo}|1`);
    await page.getByTestId('delete-plan').click();
    await expect(page.getByTestId('deletion-off')).toContainText('storage.delete.enabled');
    await expect(page.getByTestId('delete-plan')).toBeEnabled();
    await expect(page.getByTestId('delete-confirm')).toHaveCount(0);
  });

  test('that wants a sign-in, nothing is deleted once the page was left before it ended', async ({ page, open, server }) => {
    const repo = 'delete/left';
    await putImage(server, repo, '1', linux, 'same');
    const headers = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'WWW-Authenticate', 'www-authenticate': 'Basic realm="left"' };
    let deletions = 0;
    await page.route(/\/v2\/delete\/left\/manifests\/1$/, (route) => {
      if (route.request().method() !== 'DELETE') return route.continue();
      deletions++;
      return route.fulfill({ status: 401, headers });
    });
    await remove(page, open, server, repo);
    const panel = page.getByTestId('sign-in-panel');
    await panel.locator('input[name=username]').fill('ann');
    await panel.locator('input[name=password]').fill('secret');
    const held = [];
    await page.route(/\/v2\/$/, (route) => held.push(route));
    const before = deletions;
    await panel.getByRole('button', { name: 'Sign in', exact: true }).click();
    await expect.poll(() => held.length).toBe(1);
    await open('/lists');
    await expect(page.getByTestId('no-lists')).toBeVisible();
    await held.pop().continue();
    await expect(page.getByTestId('toast')).toContainText('Signed in');
    await open(`/delete/${server.host}/${repo}|1`);
    await expect(page.getByTestId('delete-plan')).toBeVisible();
    expect(deletions).toBe(before);
  });

  for (const [name, headers] of [
    ['late', { 'access-control-allow-origin': '*' }],
    // A proxy that knows no CORS; without any such header Playwright adds one.
    ['late-by-proxy', { 'access-control-allow-origin': 'https://another.example' }],
  ]) {
    test(`that does the work and answers 504, what is true is said: ${name}`, async ({ page, open, server }) => {
      const repo = `delete/${name}`;
      await putImage(server, repo, '1', linux, 'same');
      await page.route(new RegExp(`/v2/${repo}/manifests/1$`), async (route) => {
        if (route.request().method() !== 'DELETE') return route.continue();
        await route.fetch();
        return route.fulfill({ status: 504, headers, body: 'late' });
      });
      await remove(page, open, server, repo);
      await expect(page.getByTestId('delete-done')).toContainText('1 tag');
    });
  }
});
