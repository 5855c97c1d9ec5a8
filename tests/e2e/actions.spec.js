// From the page of an image or a list: edited as a new list, added to a list, tagged and copied, compared; artifacts by kind.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { fill } from '../replay/registry-contents.js';
import { putImage, readBack } from './images.js';
import { startDevRegistry } from './servers.js';
import { expect, expectAccessible, expectNoSidewaysScroll, test } from './test.js';

const LINUX = { os: 'linux', architecture: 'amd64', config: {} };

test('a list is edited as a new one of the same name, with all its platforms', async ({ page, open, server }) => {
  await open(`/inspect/${server.host}/samples/hello:latest`);
  await page.getByTestId('edit-as-list').click();
  await expect(page.getByTestId('list-name')).toHaveText(`${server.host}/samples/hello:latest`);
  await expect(page.getByTestId('entry')).toHaveCount(4);
  expect(page.url()).not.toContain('|');
});

test('a list that is there is not replaced by a new one: it is opened as it is, or the images are added', async ({ page, open, server }) => {
  const image = `${server.host}/samples/hello:latest`;
  const edit = async () => {
    await open(`/inspect/${image}`);
    await page.getByTestId('edit-as-list').click();
  };
  await edit();
  await expect(page.getByTestId('entry')).toHaveCount(4);
  await page.getByTestId('entry').first().getByTestId('remove').click();
  await expect(page.getByTestId('entry')).toHaveCount(3);
  const field = page.getByTestId('platform').first();
  await field.fill('linux/s390x');
  await field.press('Tab');
  const edited = page.locator('[data-testid=entry][data-platform="linux/s390x"]');
  await expect(edited).toHaveCount(1);

  await edit();
  const offer = page.getByTestId('link-offer');
  await expect(offer).toContainText(`There is already a local list named ${image}`);
  await expect(page.getByTestId('entry')).toHaveCount(3);
  await expectAccessible(page);
  await offer.getByRole('button', { name: 'Open it as it is' }).click();
  await expect(offer).toHaveCount(0);
  await expect(edited).toHaveCount(1);
  await expect(page.getByTestId('entry')).toHaveCount(3);
  expect(page.url()).not.toContain('|');

  await edit();
  await offer.getByRole('button', { name: 'Add the images' }).click();
  await expect(page.getByTestId('entry')).toHaveCount(4);
  await expect(edited).toHaveCount(0);

  // A new list that is named gets no name that is taken, either.
  await open(`/build/|${server.host}/samples/alpine:3.22`);
  await page.getByTestId('name-input').fill(image);
  await page.getByTestId('name-input').press('Enter');
  await expect(offer).toContainText('There is already a local list');
  await expect(page.getByTestId('entry')).toHaveCount(4);
});

test('an image is added to a list that is there', async ({ page, open, server }) => {
  const [repo, image] = ['actions/add', `${server.host}/actions/add:amd64`];
  await putImage(server, repo, 'amd64', LINUX);
  await putImage(server, repo, 'arm64', { ...LINUX, architecture: 'arm64' });
  await open(`/build/${server.host}/${repo}:all`);
  await page.getByTestId('add-input').fill(`${server.host}/${repo}:arm64`);
  await page.getByTestId('add-button').click();
  await expect(page.getByTestId('entry')).toHaveCount(1);
  await open(`/inspect/${image}`);
  await page.getByTestId('image-actions').getByRole('link', { name: 'Add to a list' }).click();
  await page.getByTestId('add-to-list').filter({ hasText: `${repo}:all` }).click();
  await expect(page.locator(`[data-testid=entry][data-image="${image}"]`)).toBeVisible();
  await expect(page.getByTestId('entry')).toHaveCount(2);
});

test('an image gets another tag, and a list is copied to another repository', async ({ page, open, server, complaints }) => {
  const digest = await putImage(server, 'actions/copy', '1', LINUX);
  const copy = async (from, to) => {
    await open(`/inspect/${server.host}/${from}`);
    await page.getByTestId('image-actions').getByRole('link', { name: 'Tag or copy' }).click();
    await expect(page.getByTestId('copy-source')).toHaveText(`${server.host}/${from}`);
    await page.getByTestId('copy-target').fill(`${server.host}/${to}`);
    await page.getByTestId('copy-plan').click();
  };
  await copy('actions/copy:1', 'actions/copy:stable');
  await page.getByTestId('copy-start').click();
  await expect(page.getByTestId('copy-digest')).toHaveAttribute('data-digest', digest);
  expect((await readBack(server.registry, 'actions/copy:stable')).digest).toBe(digest);

  // It is there now: nothing is copied a second time.
  await copy('actions/copy:1', 'actions/copy:stable');
  await expect(page.getByTestId('copy-same')).toBeVisible();

  await copy('samples/hello:latest', 'actions/promoted:1');
  await page.getByTestId('copy-start').click();
  await expect(page.getByTestId('copy-done')).toBeVisible();
  await page.getByTestId('copy-done').getByRole('link', { name: 'Inspect the copy' }).click();
  await expect(page.getByTestId('platform-row')).toHaveCount(4);
  expect(complaints).toEqual([]);
});

test('a copy says what its target stands for before, names its steps by what they put, and goes on after a sign-in', async ({ page, open, server }) => {
  const name = `${server.host}/actions/standing`;
  await putImage(server, 'actions/standing', 'a', LINUX);
  const old = await putImage(server, 'actions/standing', 'latest', LINUX);
  await open(`/copy/${name}:a|${name}:new`);
  await page.getByTestId('copy-plan').click();
  await expect(page.getByTestId('copy-standing')).toHaveText(`${name}:new is new in the registry.`);
  await open(`/copy/${name}:a|${name}:latest`);
  await page.getByTestId('copy-plan').click();
  await expect(page.getByTestId('copy-standing')).toHaveText(`${name}:latest points to ${old.slice(0, 19)}… now; the copy moves it.`);
  await expect(page.getByTestId('step')).toHaveText([/Push the manifest of/]);

  const headers = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'WWW-Authenticate', 'www-authenticate': 'Basic realm="standing"' };
  await page.route(/\/v2\/actions\/standing\/manifests\/latest$/, (route) =>
    route.request().method() === 'PUT' && !route.request().headers().authorization ? route.fulfill({ status: 401, headers }) : route.continue(),
  );
  await page.getByTestId('copy-start').click();
  const panel = page.getByTestId('sign-in-panel');
  await panel.locator('input[name=username]').fill('ann');
  await panel.locator('input[name=password]').fill('secret');
  await panel.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByTestId('copy-done')).toContainText(`${name}:latest`);
});

test('a copy that cannot be planned says why', async ({ page, open, server }) => {
  await open(`/copy/${server.host}/samples/hello:latest|${server.host}/UPPER:1`);
  await page.getByTestId('copy-plan').click();
  await expect(page.getByTestId('copy-failed')).toContainText('UPPER');
});

test('the page of another copy has nothing of the one before, planned or late', async ({ page, open, server }) => {
  for (const tag of ['a', 'b']) await putImage(server, 'actions/other', tag, LINUX);
  const [a, b] = ['a', 'b'].map((tag) => `${server.host}/actions/other:${tag}`);
  await open(`/copy/${a}`);
  await page.getByTestId('copy-target').fill(`${server.host}/actions/other:of-a`);
  await page.getByTestId('copy-plan').click();
  await expect(page.getByTestId('copy-start')).toBeVisible();
  await open(`/copy/${b}`);
  await expect(page.getByTestId('copy-source')).toHaveText(b);
  await expect(page.getByTestId('copy-start')).toHaveCount(0);

  // The plan comes when another page is shown.
  const held = [];
  await page.route(/\/v2\/actions\/other\/manifests\/late/, (route) => held.push(route));
  await page.getByTestId('copy-target').fill(`${server.host}/actions/other:late`);
  await page.getByTestId('copy-plan').click();
  await expect.poll(() => held.length).toBeGreaterThan(0);
  await open(`/copy/${a}|${server.host}/actions/other:new`);
  await expect(page.getByTestId('copy-source')).toHaveText(a);
  await expect(page.getByTestId('copy-target')).toHaveValue(`${server.host}/actions/other:new`);
  await Promise.all(held.map((route) => route.continue().catch(() => undefined)));
  await page.getByTestId('copy-plan').click();
  await expect(page.getByTestId('copy-start')).toBeVisible();
  await page.getByTestId('copy-start').click();
  await expect(page.getByTestId('copy-done')).toContainText('actions/other:new');
  expect((await readBack(server.registry, 'actions/other:new')).digest).toBe((await readBack(server.registry, 'actions/other:a')).digest);
});

test('a copy goes to the target that is shown: typing another one drops the plan, made or late', async ({ page, open, server }) => {
  await putImage(server, 'actions/retyped', '1', LINUX);
  const target = (tag) => `${server.host}/actions/retyped:${tag}`;
  const start = page.getByTestId('copy-start');
  await open(`/copy/${target('1')}`);
  await page.getByTestId('copy-target').fill(target('old'));
  await page.getByTestId('copy-plan').click();
  await expect(start).toBeVisible();
  await page.getByTestId('copy-target').fill(target('late'));
  await expect(start).toHaveCount(0);

  const held = [];
  await page.route(/\/v2\/actions\/retyped\/manifests\/late/, (route) => held.push(route));
  await page.getByTestId('copy-plan').click();
  await expect.poll(() => held.length).toBeGreaterThan(0);
  await page.getByTestId('copy-target').fill(target('new'));
  await Promise.all(held.map((route) => route.continue().catch(() => undefined)));
  await expect(page.locator('.copy__stage')).toBeEmpty();
  await page.getByTestId('copy-plan').click();
  await start.click();
  await expect(page.getByTestId('copy-done')).toContainText(target('new'));
  for (const tag of ['old', 'late']) expect((await readBack(server.registry, `actions/retyped:${tag}`)).status).toBe(404);
});

test('by keyboard, the focus stays on the page when a copy, a push or a deletion is planned and made', async ({ page, open, server }) => {
  await putImage(server, 'actions/focus', '1', LINUX);
  const name = `${server.host}/actions/focus`;
  const press = async (testid) => {
    await page.getByTestId(testid).focus();
    await page.keyboard.press('Enter');
  };
  const heading = page.getByRole('heading', { level: 1 });
  await open(`/copy/${name}:1|${name}:2`);
  await press('copy-plan');
  await expect(page.getByTestId('copy-start')).toBeVisible();
  await expect(page.getByTestId('copy-plan')).toBeFocused();
  await press('copy-start');
  await expect(page.getByTestId('copy-done')).toBeVisible();
  await expect(heading).toBeFocused();

  await open(`/build/${name}:list`);
  await page.getByTestId('add-input').fill(`${name}:1`);
  await page.getByTestId('add-button').click();
  await page.getByTestId('builder').getByRole('link', { name: 'Push…' }).click();
  await expect(page.getByTestId('push-start')).toBeEnabled();
  await press('push-start');
  await expect(page.getByTestId('outcome')).toBeVisible();
  await expect(heading).toBeFocused();
  await press('purge-now');
  await expect(page.getByTestId('outcome')).toContainText('is removed');
  await expect(page.getByRole('heading', { name: /^Pushed/ })).toBeFocused();

  await open(`/delete/${name}|2`);
  await expect(page.locator('[data-testid=tag][data-tag="2"]')).toBeChecked();
  await expect(page.getByTestId('delete-plan')).toBeEnabled();
  await press('delete-plan');
  await expect(page.getByTestId('delete-run')).toBeVisible();
  await expect(heading).toBeFocused();
  await page.getByTestId('delete-confirm').fill('actions/focus');
  await press('delete-run');
  await expect(page.getByTestId('delete-done')).toBeVisible();
  await expect.poll(() => page.evaluate(() => document.activeElement !== document.body)).toBe(true);
});

test('a copy goes on while another page is looked at, is asked about before the browser leaves, and is cancelled', async ({ page, open, server }) => {
  await putImage(server, 'actions/long', '1', LINUX);
  const address = `/copy/${server.host}/actions/long:1|${server.host}/actions/kept:1`;
  const held = [];
  await page.route(/\/v2\/actions\/kept\/manifests\/1$/, (route) => (route.request().method() === 'PUT' ? held.push(route) : route.continue()));
  const isAsked = () => page.evaluate(() => !window.dispatchEvent(new Event('beforeunload', { cancelable: true })));
  const start = async () => {
    await page.getByTestId('copy-plan').click();
    await page.getByTestId('copy-start').click();
    await expect.poll(() => held.length).toBe(1);
    await expect(page.getByTestId('copy-running')).toBeVisible();
  };
  await open(address);
  expect(await isAsked()).toBe(false);
  await start();
  expect(await isAsked()).toBe(true);
  await open('/lists');
  await open(address);
  await expect(page.getByTestId('copy-running')).toBeVisible();
  await page.getByTestId('copy-cancel').click();
  await expect(page.getByTestId('copy-cancelled')).toContainText('Cancelled after');
  await expect.poll(isAsked).toBe(false);
  await held.pop().abort().catch(() => undefined);
  expect((await readBack(server.registry, 'actions/kept:1')).status).toBe(404);

  await page.getByTestId('copy-resume').click();
  await expect.poll(() => held.length).toBe(1);
  await open('/lists');
  await held.pop().continue();
  await expect.poll(isAsked).toBe(false);
  await open(address);
  await expect(page.getByTestId('copy-done')).toContainText('actions/kept:1');
});

test('a copy that fails says how far it came, and its rest is done by another try', async ({ page, open, server }) => {
  await putImage(server, 'actions/broken', '1', LINUX);
  const target = await startDevRegistry('--fault', 'server-error,path=/v2/*/manifests/*,method=PUT,status=400,times=1');
  await open(`/copy/${server.host}/actions/broken:1|${target.host}/actions/broken:1`);
  await page.getByTestId('copy-plan').click();
  await page.getByTestId('copy-start').click();
  const failed = page.getByTestId('copy-failed');
  await expect(failed).toContainText('Copy failed: 3 of 4 steps done, 1 failed.');
  await expect(failed).toContainText(`${target.host}/actions/broken:1 is unchanged in the registry.`);
  await expect(page.getByTestId('step').and(page.locator('[data-state=done]'))).toHaveCount(3);
  await expect(page.getByTestId('step').and(page.locator('[data-state=failed]'))).toHaveCount(1);
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Retry failed steps' }).click();
  await expect(page.getByTestId('copy-done')).toBeVisible();
  expect((await readBack(target.registry, 'actions/broken:1')).status).toBe(200);
  await target.stop();
});

/** Puts an index of two images under `repo:all`, the images under their architectures, and returns its digest. */
async function putIndex(server, repo) {
  const entries = [];
  for (const architecture of ['amd64', 'arm64']) {
    const digest = await putImage(server, repo, architecture, { ...LINUX, architecture });
    const { bytes } = await readBack(server.registry, `${repo}:${architecture}`);
    entries.push({ mediaType: 'application/vnd.oci.image.manifest.v1+json', size: bytes.length, digest, platform: { architecture, os: 'linux' } });
  }
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests: entries }));
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  await fill(server.registry, { blobs: [], manifests: [{ repo, tag: 'all', mediaType, digest, bytes }] });
  return digest;
}

/** The places where actions are offered: the tag that they are about, and the way to the bar that has them. */
const PLACES = {
  image: {
    tag: 'amd64',
    bar: async (page, open, name) => {
      await open(`/inspect/${name}:amd64`);
      return page.getByTestId('image-actions');
    },
  },
  index: {
    tag: 'all',
    bar: async (page, open, name) => {
      await open(`/inspect/${name}:all`);
      return page.getByTestId('image-actions');
    },
  },
  'tag list': {
    tag: 'all',
    bar: async (page, open, name) => {
      await open(`/explore/${name}`);
      await page.locator('[data-tag="all"] .tick').click();
      return page.getByTestId('actions');
    },
  },
};

for (const [place, { tag, bar }] of Object.entries(PLACES)) {
  const platforms = tag === 'all' ? 2 : 1;

  test.describe(`from the page of an ${place}`.replace('an tag', 'a tag'), () => {
    const set = async (server, action) => {
      const repo = `actions/${place.replace(' ', '-')}-${action}`;
      return { repo, name: `${server.host}/${repo}`, digest: await putIndex(server, repo) };
    };

    test('a new list is made', async ({ page, open, server }) => {
      const { name } = await set(server, 'edit');
      await (await bar(page, open, name)).getByTestId('edit-as-list').click();
      await expect(page.getByTestId('list-name')).toHaveText(`${name}:${tag}`);
      await expect(page.getByTestId('entry')).toHaveCount(platforms);
    });

    test('a list gets the images', async ({ page, open, server }) => {
      const { name } = await set(server, 'add');
      await (await bar(page, open, name)).getByRole('link', { name: 'Add to a list' }).click();
      await page.getByTestId('name-input').fill(`${name}:new`);
      await page.getByRole('button', { name: 'Build a list' }).click();
      await expect(page.getByTestId('list-name')).toHaveText(`${name}:new`);
      await expect(page.getByTestId('entry')).toHaveCount(platforms);
    });

    test('another tag is given', async ({ page, open, server }) => {
      const { repo, name } = await set(server, 'tag');
      await (await bar(page, open, name)).getByRole('link', { name: 'Tag or copy' }).click();
      await page.getByTestId('copy-target').fill(`${name}:stable`);
      await page.getByTestId('copy-plan').click();
      await page.getByTestId('copy-start').click();
      await expect(page.getByTestId('copy-done')).toBeVisible();
      const [before, after] = [await readBack(server.registry, `${repo}:${tag}`), await readBack(server.registry, `${repo}:stable`)];
      expect(after.digest).toBe(before.digest);
    });

    test('another registry gets a copy, with plan and progress', async ({ page, open, server, distribution }) => {
      const { repo, name } = await set(server, 'copy');
      await (await bar(page, open, name)).getByRole('link', { name: 'Tag or copy' }).click();
      await page.getByTestId('copy-target').fill(`${distribution.host}/${repo}:1`);
      await page.getByTestId('copy-plan').click();
      const steps = page.getByTestId('copy-steps').getByTestId('step');
      // Of each image two layers and the config, the layer below both once; the manifests; the index.
      await expect(steps).toHaveCount(tag === 'all' ? 8 : 4);
      await expect(steps.first()).toContainText(`from ${name}`);

      // Held at its last step, the copy shows which steps are done.
      let release;
      const held = new Promise((resolve) => (release = resolve));
      await page.route(`${distribution.registry}/v2/${repo}/manifests/1`, async (route) => {
        if (route.request().method() === 'PUT') await held;
        await route.continue();
      });
      await page.getByTestId('copy-start').click();
      await expect(steps.last()).toHaveAttribute('data-state', 'running');
      await expect(page.locator('[data-testid=step][data-state=done]')).toHaveCount(tag === 'all' ? 7 : 3);
      release();
      await expect(page.getByTestId('copy-done')).toBeVisible();
      const [before, after] = [await readBack(server.registry, `${repo}:${tag}`), await readBack(distribution.registry, `${repo}:1`)];
      expect(after.digest).toBe(before.digest);
    });

    test('it is compared', async ({ page, open, server }) => {
      const { name } = await set(server, 'compare');
      await (await bar(page, open, name)).getByRole('link', { name: 'Compare' }).click();
      await page.getByRole('textbox', { name: 'Right' }).fill(`${name}:arm64`);
      await page.getByRole('textbox', { name: 'Right' }).press('Enter');
      await expect(page.locator('main')).toContainText('difference');
    });

    test('the tag is deleted', async ({ page, open, server }) => {
      const { repo, name } = await set(server, 'delete');
      await (await bar(page, open, name)).getByRole('link', { name: 'Delete…' }).click();
      await expect(page.locator(`[data-testid=tag][data-tag="${tag}"]`)).toBeChecked();
      await page.getByTestId('delete-plan').click();
      await page.getByTestId('delete-confirm').fill(repo);
      await page.getByTestId('delete-run').click();
      await expect(page.getByTestId('delete-done')).toBeVisible();
      expect((await readBack(server.registry, `${repo}:${tag}`)).status).toBe(404);
      expect((await readBack(server.registry, `${repo}:arm64`)).status).toBe(200);
    });
  });
}

test('a manifest is downloaded as it is, and inspected in the command line', async ({ page, open, server }) => {
  await open(`/inspect/${server.host}/samples/hello:latest`);
  const coming = page.waitForEvent('download');
  await page.getByTestId('download').click();
  const download = await coming;
  expect(download.suggestedFilename()).toBe('hello-latest.json');
  const { bytes } = await readBack(server.registry, 'samples/hello:latest');
  expect(await readFile(await download.path())).toEqual(Buffer.from(bytes));

  await page.getByTestId('image-actions').getByRole('link', { name: 'Command line' }).click();
  await expect(page.getByTestId('command-input')).toHaveValue(`tallyman inspect --insecure ${server.host}/samples/hello:latest`);
  // An address types a line and never runs it.
  await expect(page.getByTestId('ran')).toHaveCount(0);
  await page.getByTestId('command-input').press('Enter');
  await expect(page.getByTestId('ran')).toHaveAttribute('data-exit', '0');
  await expect(page.getByTestId('terminal')).toContainText('"manifests"');
});

test('the pull line names the tag, the digest stands below it, other tools are a choice', async ({ page, open, server }) => {
  const digest = await putImage(server, 'actions/pull', '1', LINUX);
  const name = `${server.host}/actions/pull`;
  await open(`/inspect/${name}:1`);
  await expect(page.getByTestId('pull').locator('code')).toHaveText(`docker pull ${name}:1`);
  await expect(page.getByTestId('pull-digest').locator('code')).toHaveText(`docker pull ${name}@${digest}`);
  await page.getByTestId('pull-tool').selectOption('Dockerfile');
  await expect(page.getByTestId('pull').locator('code')).toHaveText(`FROM ${name}:1`);
  await expect(page.getByTestId('pull-digest').locator('code')).toHaveText(`FROM ${name}@${digest}`);
});

test('artifacts are called what they are, with the tool that pulls them', async ({ page, open, server }) => {
  const put = async (repo, config, layer, title) => {
    const blob = (mediaType, bytes) => ({ mediaType, digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`, size: bytes.length, bytes });
    const [configBlob, layerBlob] = [blob(config, Buffer.from('{}')), blob(layer, Buffer.from(repo))];
    const described = ({ mediaType, digest, size }) => ({ mediaType, digest, size });
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const layers = [{ ...described(layerBlob), annotations: { 'org.opencontainers.image.title': title } }];
    const manifest = blob(mediaType, Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config: described(configBlob), layers })));
    await fill(server.registry, {
      blobs: [configBlob, layerBlob].map(({ digest, bytes }) => ({ repo, digest, bytes })),
      manifests: [{ repo, tag: '1.0.0', mediaType, digest: manifest.digest, bytes: manifest.bytes }],
    });
  };
  await put('actions/chart', 'application/vnd.cncf.helm.config.v1+json', 'application/vnd.cncf.helm.chart.content.v1.tar+gzip', 'chart-1.0.0.tgz');
  await open(`/inspect/${server.host}/actions/chart:1.0.0`);
  await expect(page.locator('.title')).toContainText('Helm chart');
  await expect(page.getByTestId('pull').locator('code')).toHaveText(`helm pull oci://${server.host}/actions/chart --version 1.0.0`);
  await expect(page.getByTestId('layer-row')).toContainText('chart-1.0.0.tgz');
  await expect(page.getByTestId('edit-as-list')).toHaveCount(0);
  // In the row of its tag, and where it has been copied.
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await open(`/explore/${server.host}/actions/chart/`);
  await expect(page.getByTestId('artifact')).toHaveText('Helm chart');
  await page.getByRole('button', { name: /pull command/i }).first().click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(`helm pull oci://${server.host}/actions/chart --version 1.0.0`);
  await open(`/copy/${server.host}/actions/chart:1.0.0`);
  await page.getByTestId('copy-target').fill(`https://${server.host}/actions/chart:2.0.0`);
  await page.getByTestId('copy-plan').click();
  await page.getByTestId('copy-start').click();
  await expect(page.locator('.copy__stage')).toContainText(`helm pull oci://${server.host}/actions/chart --version 2.0.0`);
  await expect(page.locator('main')).not.toContainText('docker pull');

  await put('actions/cache', 'application/vnd.buildkit.cacheconfig.v0', 'application/vnd.oci.image.layer.v1.tar+gzip', 'layer');
  await open(`/inspect/${server.host}/actions/cache:1.0.0`);
  await expect(page.locator('.title')).toContainText('Build cache');
  await expect(page.getByTestId('pull')).toContainText('--cache-from');
  await expect(page.locator('main')).not.toContainText('docker pull');
});

for (const colorScheme of ['light', 'dark']) {
  test(`copying is accessible and fits, ${colorScheme}`, async ({ page, open, server }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await open(`/copy/${server.host}/samples/hello:latest|${server.host}/actions/look-${colorScheme}:1`);
    await page.getByTestId('copy-plan').click();
    await expect(page.getByTestId('copy-cost')).toBeVisible();
    await expectAccessible(page);
    await page.setViewportSize({ width: 390, height: 844 });
    await expectNoSidewaysScroll(page);
  });
}
