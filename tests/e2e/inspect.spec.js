// A reference is typed, Enter is pressed, and the page says what the registry holds.

import { createHash } from 'node:crypto';

import { digestOf, fill } from '../replay/registry-contents.js';
import { putImage } from './images.js';
import { expect, expectAccessible, expectNoSidewaysScroll, inProject, paste, test } from './test.js';

const TYPES = [
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
].join(',');

/** The registry's own answer, fetched without the app. */
async function truth(server, name, target) {
  const response = await fetch(`${server.registry}/v2/${name}/manifests/${target}`, { headers: { accept: TYPES } });
  expect(response.status).toBe(200);
  const text = await response.text();
  return { text, digest: response.headers.get('docker-content-digest'), type: response.headers.get('content-type'), json: JSON.parse(text) };
}

async function type(page, reference) {
  await page.getByTestId('reference-input').fill(reference);
  await page.getByTestId('reference-input').press('Enter');
}

/** The elements of every good page, whatever the manifest. */
async function expectShown(page, { text, digest, type: mediaType }) {
  await expect(page.getByTestId('manifest-digest')).toHaveAttribute('data-digest', digest);
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  await expect(page.getByTestId('media-type')).toHaveText(mediaType);
  await expect(page.getByTestId('manifest-size')).toHaveAttribute('data-bytes', String(Buffer.byteLength(text)));
  expect(await page.getByTestId('raw-manifest').evaluate((raw) => raw.textContent)).toBe(text);
}

for (const kind of ['memory', 'distribution']) {
  test.describe(`on ${kind === 'memory' ? 'the in-memory registry' : 'CNCF Distribution'}`, () => {
    test.use({ kind });
    test('a Docker list shows its platforms, and each opens', async ({ page, open, complaints, server }) => {
      const list = await truth(server, 'samples/hello', 'latest');
      await open();
      await type(page, `${server.host}/samples/hello:latest`);
      await expectShown(page, list);
      const platforms = ['linux/amd64', 'linux/arm/v7', 'linux/arm64', 'windows/amd64'];
      for (const platform of platforms) {
        await expect(page.locator(`[data-testid=platform-row][data-platform="${platform}"]`)).toHaveCount(1);
      }
      await expect(page.getByTestId('platform-row')).toHaveCount(list.json.manifests.length);

      for (const entry of list.json.manifests) {
        const { os, architecture, variant } = entry.platform;
        const name = [os, architecture, variant].filter(Boolean).join('/');
        await page.locator(`[data-testid=platform-row][data-platform="${name}"]`).getByTestId('platform-digest').click();
        await expect(page.getByTestId('manifest-digest')).toHaveAttribute('data-digest', entry.digest);
        await expect(page.getByTestId('digest-verified')).toBeVisible();
        await expect(page.getByTestId('platforms')).toContainText(name);
        await page.goBack();
        await expectShown(page, list);
      }
      expect(complaints).toEqual([]);
    });

    test('an OCI index shows annotations, attestation and nested index apart from its platforms', async ({ page, open, complaints, server }) => {
      const index = await truth(server, 'samples/webapp', '1.4');
      await open();
      await type(page, `${server.host}/samples/webapp:1.4`);
      await expectShown(page, index);
      for (const [key, value] of Object.entries(index.json.annotations)) {
        const annotations = page.getByRole('region', { name: 'Annotations' });
        await expect(annotations).toContainText(key);
        await expect(annotations).toContainText(value);
      }
      const others = page.getByRole('region', { name: 'Other entries' });
      await expect(others.getByText('Attestation of linux/amd64')).toBeVisible();
      await expect(page.getByTestId('platforms')).toHaveText('2');

      const nested = index.json.manifests.find((entry) => entry.mediaType.includes('index'));
      await others.getByRole('link', { name: 'Nested OCI image index' }).click();
      await expect(page.getByTestId('manifest-digest')).toHaveAttribute('data-digest', nested.digest);
      await expect(page.getByTestId('platform-row').first()).toBeVisible();
      expect(complaints).toEqual([]);
    });

    for (const [about, name, tag] of [
      ['OCI', 'samples/alpine', '3.22'],
      ['Docker', 'samples/legacy', '1'],
    ]) {
      test(`a single ${about} image shows platform, config and layers`, async ({ page, open, complaints, server }) => {
        const image = await truth(server, name, tag);
        const blob = await fetch(`${server.registry}/v2/${name}/blobs/${image.json.config.digest}`);
        const config = await blob.json();
        await open();
        await type(page, `${server.host}/${name}:${tag}`);
        await expectShown(page, image);
        await expect(page.getByTestId('platforms')).toContainText(`${config.os}/${config.architecture}`);
        const rows = page.getByTestId('layer-row');
        await expect(rows).toHaveCount(image.json.layers.length);
        for (const [at, layer] of image.json.layers.entries()) {
          await expect(rows.nth(at)).toHaveAttribute('data-digest', layer.digest);
          await expect(rows.nth(at)).toHaveAttribute('data-bytes', String(layer.size));
        }
        const section = page.getByTestId('config-section');
        for (const line of [...(config.config.Env ?? []), ...(config.config.Cmd ?? []).slice(-1)]) {
          await expect(section).toContainText(line);
        }
        expect(complaints).toEqual([]);
      });
    }

    test('what the registry does not hold is not found', async ({ page, open, server }) => {
      for (const reference of ['samples/hello:no-such-tag', 'no/such/repository:1', `samples/hello@sha256:${'0'.repeat(64)}`]) {
        await open(`/inspect/${server.host}/${reference}`);
        await expect(page.getByTestId('error')).toHaveAttribute('data-code', 'not-found');
        await expect(page.getByTestId('error')).toContainText(server.host);
      }
    });

    test('by digest, with and without a tag', async ({ page, open, server }) => {
      const list = await truth(server, 'samples/hello', 'latest');
      for (const target of [`@${list.digest}`, `:latest@${list.digest}`]) {
        await open(`/inspect/${server.host}/samples/hello${target}`);
        await expectShown(page, list);
      }
      const [, other] = list.json.manifests;
      await open(`/inspect/${server.host}/samples/hello:latest@${other.digest}`);
      await expect(page.getByTestId('manifest-digest')).toHaveAttribute('data-digest', other.digest);
      await expect(page.getByTestId('tag-moved')).toContainText(list.digest);
    });
  });
}

test('the address holds the reference: reload, link, back and forward give the same page', async ({ page, context, open, memory }) => {
  await open();
  await type(page, `${memory.host}/samples/hello:latest`);
  const digest = await page.getByTestId('manifest-digest').getAttribute('data-digest');
  expect(new URL(page.url()).hash).toBe(`#/inspect/${memory.host}/samples/hello:latest`);

  await page.reload();
  await expect(page.getByTestId('manifest-digest')).toHaveAttribute('data-digest', digest);
  await expect(page.getByTestId('reference-input')).toHaveValue(`${memory.host}/samples/hello:latest`);

  const other = await context.newPage();
  await other.goto(page.url());
  await expect(other.getByTestId('manifest-digest')).toHaveAttribute('data-digest', digest);
  await expect(other).toHaveTitle(`${memory.host}/samples/hello:latest · Tallyman`);

  await type(page, `${memory.host}/samples/alpine:3.22`);
  await expect(page.getByTestId('manifest-digest')).not.toHaveAttribute('data-digest', digest);
  await page.goBack();
  await expect(page.getByTestId('manifest-digest')).toHaveAttribute('data-digest', digest);
  await page.goForward();
  await expect(page.getByTestId('manifest-digest')).not.toHaveAttribute('data-digest', digest);
  await page.goBack();
  await page.goBack();
  await expect(page.getByTestId('sample-link').first()).toBeVisible();
});

test('a pasted manifest is shown byte for byte, and nothing is sent', async ({ page, open, memory }) => {
  const { text, digest, json } = await truth(memory, 'samples/hello', 'latest');
  await open('/');
  const sent = [];
  page.on('request', (request) => sent.push(request.url()));
  for (const [testid, pasted, hash] of [
    ['reference-input', text, digest],
    // Terminal output ends with a newline.
    ['reference-input', `${text}\n`, `sha256:${createHash('sha256').update(`${text}\n`).digest('hex')}`],
  ]) {
    await paste(page, testid, pasted);
    await expect(page.getByTestId('manifest-digest')).toContainText(hash);
    await expect(page.getByTestId('pasted')).toBeVisible();
    await expect(page.getByTestId('platform-row')).toHaveCount(json.manifests.length);
    await expect(page.locator('.skeleton')).toHaveCount(0);
  }
  await expect(page.getByText('docker pull')).toHaveCount(0);
  const why = (text) => expect(page.getByTestId('platform-row').first()).toContainText(text);
  await why('the pasted text holds the manifest alone');
  await page.getByTestId('language').selectOption('es');
  await why('el texto pegado solo contiene el manifest');
  await page.getByTestId('language').selectOption('en');
  await page.reload();
  await expect(page.getByTestId('platform-row')).toHaveCount(json.manifests.length);
  expect(sent.filter((url) => url.includes('/v2/'))).toEqual([]);
  await open('/');
  await expect(page.getByTestId('sample-link').first()).toBeVisible();
  await expect(page.getByTestId('recents')).toHaveCount(0);
  await page.keyboard.press('Control+k');
  await paste(page, 'open-input', JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', config: json.manifests[0], layers: [] }));
  await expect(page.getByTestId('pasted')).toBeVisible();
});

test('a manifest is opened out of what is around it, and JSON that is none is named and not kept', async ({ page, open, memory }) => {
  const { text, digest, json } = await truth(memory, 'samples/hello', 'latest');
  const verbose = (architecture) => {
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const config = { ...json.manifests[0], mediaType: 'application/vnd.oci.image.config.v1+json', platform: undefined };
    const OCIManifest = { schemaVersion: 2, mediaType, config, layers: [], annotations: { architecture } };
    const bytes = JSON.stringify(OCIManifest);
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    const Descriptor = { mediaType, digest, size: bytes.length, platform: { os: 'linux', architecture } };
    return { Ref: `${memory.host}/samples/hello@${digest}`, Descriptor, OCIManifest };
  };
  for (const [pasted, hash] of [
    ['```json\n' + text + '\n```', digest],
    [`\ufeff${text}`, digest],
    [JSON.stringify(verbose('amd64'), null, '\t'), verbose('amd64').Descriptor.digest],
  ]) {
    await open('/');
    await paste(page, 'reference-input', pasted);
    await expect(page.getByTestId('manifest-digest')).toContainText(hash);
  }
  // A list comes with its images.
  await open('/');
  await paste(page, 'reference-input', JSON.stringify([verbose('amd64'), verbose('arm64')]));
  await expect(page.getByTestId('pasted')).toBeVisible();
  await expect(page.getByTestId('platform-row')).toHaveCount(2);
  await page.goto(`${page.url().split('#')[0]}#/inspect/pasted.example/manifest@${verbose('arm64').Descriptor.digest}`);
  await expect(page.getByTestId('manifest-digest')).toContainText(verbose('arm64').Descriptor.digest);

  const kept = () => page.evaluate(() => Object.keys(sessionStorage).filter((key) => key.includes('pasted')).length);
  const said = (testid) => () => page.getByTestId(testid).evaluate((input) => input.validationMessage);
  const before = await kept();
  for (const [pasted, found] of [
    ['{"auths":{"ghcr.io":{"auth":"bWU6cHc="}}}', 'looks like Docker\'s config.json'],
    ['{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}', 'looks like the config of an image'],
    ['{"hello":1}', 'without schemaVersion'],
    [text.trimEnd().slice(0, -5), 'not complete or not valid'],
  ]) {
    await open('/');
    await paste(page, 'reference-input', pasted);
    await expect.poll(said('reference-input')).toContain(found);
    await expect(page.getByTestId('reference-input')).toHaveValue('');
    await page.keyboard.press('Control+k');
    await paste(page, 'open-input', pasted);
    await expect.poll(said('open-input')).toContain(found);
    await page.getByTestId('open-input').fill('alpine');
    expect(await said('open-input')()).toBe('');
    await page.keyboard.press('Escape');
  }
  expect(await kept()).toBe(before);
  // JSON that names an image in a line of its own is about that.
  await open('/');
  await paste(page, 'reference-input', `{\n  "name": "web",\n  "image": "${memory.host}/samples/hello:latest",\n  "cpu": 1\n}`);
  await expect(page.getByTestId('reference-input')).toHaveValue(`${memory.host}/samples/hello:latest`);
});

test('of a pasted file, the image that it names first is opened', async ({ page, open, memory }) => {
  const image = `${memory.host}/samples/hello:latest`;
  for (const text of [
    `# syntax=docker/dockerfile:1\nARG V=1\nFROM ${image} AS build\nRUN make\n`,
    `services:\n  web:\n    image: "${image}"\n    ports: ["80:80"]\n`,
  ]) {
    await open('/');
    await paste(page, 'reference-input', text);
    await expect(page.getByTestId('reference-input')).toHaveValue(image);
    await page.keyboard.press('Enter');
    await expect(page.getByTestId('digest-verified')).toBeVisible();
  }
});

test('a pasted command line opens the image that it is about', async ({ page, open, memory }) => {
  await open();
  await type(page, `docker pull --platform linux/arm64 ${memory.host}/samples/hello:latest`);
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  await expect(page.getByTestId('reference-input')).toHaveValue(`${memory.host}/samples/hello:latest`);
});

test('a sample of the start page opens', async ({ page, open }) => {
  await open();
  const sample = page.getByTestId('sample-link').first();
  const reference = await sample.locator('code').textContent();
  await sample.click();
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  await expect(page.getByTestId('reference-input')).toHaveValue(reference);
});

test('a child that is missing is greyed, and nothing else', async ({ page, open, memory }) => {
  await open(`/inspect/${memory.host}/samples/sparse:1`);
  const index = await truth(memory, 'samples/sparse', '1');
  await expect(page.getByTestId('platform-row')).toHaveCount(index.json.manifests.length);
  await expect(page.locator('tr.missing')).toHaveCount(1);
  await expect(page.locator('tr.missing')).toContainText('not in the registry');
});

test('a child that could not be fetched is told from one that is missing, with the reason', async ({ page, open, memory }) => {
  const index = await truth(memory, 'samples/hello', 'latest');
  const [{ digest }] = index.json.manifests;
  const headers = { 'access-control-allow-origin': '*' };
  await page.route(new RegExp(`/manifests/${digest}$`), (route) => route.fulfill({ status: 403, headers }));
  await open(`/inspect/${memory.host}/samples/hello:latest`);
  await expect(page.locator('tr.missing')).toHaveCount(1);
  await expect(page.locator('tr.missing')).toContainText(/could not be fetched: .*403/);
  await expect(page.locator('.graph__picture')).toContainText('not fetched');
  await expect(page.locator('.graph__picture')).not.toContainText('missing');
  await expectNoSidewaysScroll(page);
  await page.setViewportSize({ width: 390, height: 844 });
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);
});

test('a platform whose config could not be fetched has the reason in place of its date', async ({ page, open, memory }) => {
  const index = await truth(memory, 'samples/hello', 'latest');
  const image = await truth(memory, 'samples/hello', index.json.manifests[0].digest);
  const headers = { 'access-control-allow-origin': '*' };
  await page.route(new RegExp(`/blobs/${image.json.config.digest}$`), (route) => route.fulfill({ status: 403, headers }));
  await open(`/inspect/${memory.host}/samples/hello:latest`);
  await expect(page.getByTestId('platform-row').locator('time')).toHaveCount(index.json.manifests.length - 1);
  await expect(page.getByTestId('platform-row').first().getByTestId('no-date')).toHaveText(/could not be fetched: .*403/);
  await expectAccessible(page);
  await page.setViewportSize({ width: 390, height: 844 });
  await expectNoSidewaysScroll(page);
});

test('schema 1 is named, an artifact is shown raw', async ({ page, open, memory }) => {
  await open(`/inspect/${memory.host}/samples/schema1:old`);
  await expect(page.getByRole('region', { name: 'Schema 1' })).toContainText('a manifest list cannot hold it');
  const chart = await truth(memory, 'samples/chart', '0.3.0');
  await open(`/inspect/${memory.host}/samples/chart:0.3.0`);
  await expectShown(page, chart);
});

test('what refers to an index is named by its kind, else by its type, of which every character is seen', async ({ page, open, memory }) => {
  const [manifest, index] = ['manifest', 'index'].map((kind) => `application/vnd.oci.image.${kind}.v1+json`);
  const turned = 'application/vnd.acme.\u202ethgir';
  const empty = Buffer.from('{}');
  const descriptor = (mediaType, bytes, more) => ({ mediaType, digest: digestOf(bytes), size: bytes.length, ...more });
  const pushed = [];
  const push = (mediaType, tag, json) => {
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...json }));
    pushed.push({ repo: 'types/app', tag, mediaType, digest: digestOf(bytes), bytes });
    return bytes;
  };
  const artifact = (artifactType, more) => ({ artifactType, config: descriptor('application/vnd.oci.empty.v1+json', empty), layers: [descriptor(turned, empty)], ...more });
  const entry = push(manifest, 'entry', artifact(turned));
  const list = push(index, '1', { manifests: [descriptor(manifest, entry, { artifactType: turned })] });
  for (const type of ['application/vnd.acme.design+json', 'application/vnd.in-toto+json', turned]) {
    push(manifest, '', artifact(type, { subject: descriptor(index, list) }));
  }
  await fill(memory.registry, { blobs: [{ repo: 'types/app', digest: digestOf(empty), bytes: empty }], manifests: pushed });

  await open(`/inspect/${memory.host}/types/app:1`);
  const items = page.getByTestId('graph-tree').getByRole('treeitem');
  await expect(items).toHaveCount(5);
  const names = await items.evaluateAll((items) => items.map((item) => item.querySelector('span:not(.tree-row__indent)').textContent));
  const shown = 'application/vnd.acme.\\u{202e}thgir';
  expect(names.slice(2).sort()).toEqual(['Attestation', 'application/vnd.acme.design+json', shown].sort());
  const turns = () => page.locator('main').evaluate((main) => main.outerHTML.includes('\u202e'));
  await page.getByRole('button', { name: 'Tree' }).click();
  await items.filter({ hasText: shown }).first().click();
  await expect(page.getByTestId('graph-details').locator('dd').getByText(shown)).toBeVisible();
  expect(await turns()).toBe(false);
  await open(`/inspect/${memory.host}/types/app:entry`);
  await expect(page.getByTestId('layer-row')).toContainText(shown);
  await expect(page.getByTestId('raw-search')).toBeVisible();
  expect(await turns()).toBe(false);
});

test('four failures have four messages', async ({ page, open, memory }) => {
  const { freePort, startDevRegistry } = await import('./servers.js');
  const silent = await startDevRegistry('--samples', '--no-cors');
  const down = `127.0.0.1:${await freePort()}`;
  const messages = new Set();
  for (const [reference, code, said] of [
    ['Not A Reference', 'reference-invalid', 'must be lowercase'],
    ['127.0.0.1:5000/app:', 'reference-invalid', 'expected a tag after the colon'],
    [`${memory.host}/samples/nothing:latest`, 'not-found', memory.host],
    [`${down}/samples/hello:latest`, 'unreachable', down],
    [`${silent.host}/samples/hello:latest`, 'cors', 'Access-Control-Allow-Origin'],
  ]) {
    await open();
    await type(page, reference);
    const error = page.getByTestId('error');
    await expect(error).toHaveAttribute('data-code', code);
    await expect(error).toContainText(said);
    messages.add(await error.locator('h1').textContent());
  }
  expect(messages.size).toBe(5);
  await silent.stop();
});

test('a registry that stumbles is asked again, and the page says so', async ({ page, open }) => {
  const { startDevRegistry } = await import('./servers.js');
  const stumbling = await startDevRegistry('--samples', '--fault', 'server-error,times=2,status=503');
  await open(`/inspect/${stumbling.host}/samples/hello:latest`);
  await expect(page.getByTestId('notice')).toContainText('trying again in');
  await expect(page.getByTestId('notice')).toContainText(`${stumbling.host} returned a server error`);
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  await expect(page.getByTestId('notice')).toBeEmpty({ timeout: 500 });
  await stumbling.stop();
});

test('the notice of another try is in the language of the app, and leaves with its request', async ({ page, open }) => {
  const { startDevRegistry } = await import('./servers.js');
  const cut = await startDevRegistry('--samples', '--fault', 'truncate,path=/v2/*/manifests/*');
  await open('/lists');
  await page.getByTestId('language').selectOption('es');
  await open(`/inspect/${cut.host}/samples/hello:latest`);
  const notice = page.getByTestId('notice');
  await expect(notice).toContainText(/El intento 3 falló; se repite en \d,\d s: La respuesta de \S+ se cortó/);
  await expect(page.getByTestId('error')).toBeVisible();
  await expect(notice).toBeEmpty({ timeout: 500 });
  await cut.stop();
});

test('the lines to paste name this page', async ({ page, open }) => {
  const { startDevRegistry } = await import('./servers.js');
  const silent = await startDevRegistry('--samples', '--no-cors');
  await open(`/inspect/${silent.host}/samples/hello:latest`);
  const pastes = page.getByTestId('paste');
  await expect(pastes).toHaveCount(5);
  for (const paste of await pastes.all()) await expect(paste).toContainText(new URL(page.url()).origin);
  await expectAccessible(page);
  await silent.stop();
});

test('the page reads well by keyboard alone', async ({ page, open, memory }) => {
  await open(`/inspect/${memory.host}/samples/hello:latest`);
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to the content' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.locator('#content')).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: memory.host, exact: true })).toBeFocused();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await expect(page.getByTestId('edit-as-list')).toBeFocused();
});

for (const theme of ['light', 'dark']) {
  for (const [size, viewport] of [
    ['wide', { width: 1280, height: 800 }],
    ['narrow', { width: 390, height: 844 }],
    ['least', { width: 320, height: 640 }],
  ]) {
    test.describe(`${theme}, ${size}`, () => {
      test.use({ colorScheme: theme, viewport });
      for (const [name, path, ready] of [
        ['start', () => '/', 'sample-link'],
        ['list', (host) => `/inspect/${host}/samples/hello:latest`, 'digest-verified'],
        ['index', (host) => `/inspect/${host}/samples/webapp:1.4`, 'digest-verified'],
        ['image', (host) => `/inspect/${host}/samples/alpine:3.22`, 'layer-row'],
        ['missing', (host) => `/inspect/${host}/samples/nothing:1`, 'error'],
        ['invalid', () => '/inspect/NO', 'error'],
        ['nowhere', () => '/nowhere', 'error'],
      ]) {
        test(`${name}: accessible, no sideways scroll`, async ({ page, open, memory }) => {
          await open(path(memory.host));
          await expect(page.getByTestId(ready).first()).toBeVisible();
          await expect(page.locator('.skeleton')).toHaveCount(0);
          await page.screenshot({ path: inProject(`target/screenshots/${name}-${theme}-${size}.png`) });
          if (process.env.UPDATE_SCREENSHOTS && `${name}-${theme}-${size}` === 'list-light-wide') {
            await page.screenshot({ path: inProject('tests/e2e/screenshots/inspect-list.png') });
          }
          await expectNoSidewaysScroll(page);
          await expectAccessible(page);
        });
      }
    });
  }
}

test('nothing jumps while a page loads', async ({ page, open, memory }) => {
  await page.addInitScript(() => {
    window.shifts = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts += entry.value;
    }).observe({ type: 'layout-shift', buffered: true });
  });
  for (const name of ['hello:latest', 'alpine:3.22']) {
    await open(`/inspect/${memory.host}/samples/${name}`);
    await page.reload();
    await expect(page.getByTestId('digest-verified')).toBeVisible();
    await expect(page.locator('.skeleton')).toHaveCount(0);
    // Columns of sizes settle as the platforms come, and the panel below gives way: some 0.02, by the order of the answers.
    expect(await page.evaluate(() => window.shifts)).toBeLessThan(0.05);
  }
});

test('a pinned reference is fetched by its digest, and a tag that has moved since is said', async ({ page, open, memory }) => {
  const server = memory;
  const old = await putImage(server, 'pinned/app', '1', { os: 'linux', architecture: 'amd64' }, 'old');
  const now = await putImage(server, 'pinned/app', '1', { os: 'linux', architecture: 'amd64' }, 'new');
  await open(`/inspect/${server.host}/pinned/app:1@${old}`);
  await expect(page.getByTestId('manifest-digest')).toHaveAttribute('data-digest', old);
  await expect(page.getByTestId('tag-moved')).toContainText(now);
});
