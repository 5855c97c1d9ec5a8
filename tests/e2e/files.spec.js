// The files of an image: read in the tab, as layers stream.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { gzipSync } from 'node:zlib';

import { lazyLayer } from '../npm/archives.js';
import { fill } from '../replay/registry-contents.js';
import { expect, expectAccessible, expectAccessibleThroughout, test } from './test.js';

const OCI = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
};

const digestOf = (bytes) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** An archive of `files`: name and content, and the zeros of a hole before that, if any. */
function tar(files) {
  const blocks = [];
  for (const [name, content, hole = 0] of files) {
    const bytes = Buffer.from(content);
    const header = Buffer.alloc(512);
    header.write(name);
    const octal = (value, at, length) => header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at);
    octal(0o644, 100, 8);
    octal(0, 108, 8);
    octal(0, 116, 8);
    octal(bytes.length, 124, 12);
    octal(0, 136, 12);
    header.write('        ', 148);
    header.write(hole ? 'S' : '0', 156);
    header.write(hole ? 'ustar  \0' : 'ustar\0' + '00', 257);
    if (hole) {
      octal(hole, 386, 12);
      octal(bytes.length, 398, 12);
      octal(hole + bytes.length, 483, 12);
    }
    octal(
      header.reduce((sum, byte) => sum + byte, 0),
      148,
      7,
    );
    blocks.push(header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512));
  }
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

/** Puts an image of `layers` (each a list of files) into a registry. The manifest may lie about their `sizes`. */
async function putFiles(server, repo, tag, layers, { sizes = [], platform = { os: 'linux', architecture: 'amd64' } } = {}) {
  const archives = layers.map(tar);
  const blobs = archives.map((bytes) => gzipSync(bytes));
  const config = Buffer.from(
    JSON.stringify({
      ...platform,
      rootfs: { type: 'layers', diff_ids: archives.map(digestOf) },
      history: layers.map((_, number) => ({ created_by: `COPY layer-${number + 1} /` })),
    }),
  );
  const described = (mediaType, bytes) => ({ mediaType, digest: digestOf(bytes), size: bytes.length });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI.manifest,
      config: described(OCI.config, config),
      layers: blobs.map((bytes, number) => ({ ...described(OCI.layer, bytes), ...(sizes[number] && { size: sizes[number] }) })),
    }),
  );
  await fill(server.registry, {
    blobs: [config, ...blobs].map((bytes) => ({ repo, digest: digestOf(bytes), bytes })),
    manifests: [{ repo, tag, mediaType: OCI.manifest, digest: digestOf(manifest), bytes: manifest }],
  });
  return { reference: `${server.host}/${repo}:${tag}`, digest: digestOf(manifest), size: manifest.length, layers: blobs.map(digestOf), blobs };
}

/** Puts an index into a registry. Its `entries` are images of the repository, each with the platform that the index names, if any. */
async function putIndex(server, repo, tag, entries) {
  const manifests = entries.map(([{ digest, size }, platform]) => ({ mediaType: OCI.manifest, digest, size, ...(platform && { platform }) }));
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI.index, manifests }));
  await fill(server.registry, { blobs: [], manifests: [{ repo, tag, mediaType: OCI.index, digest: digestOf(bytes), bytes }] });
  return `${server.host}/${repo}:${tag}`;
}

/** Puts an image of one layer with a table of contents into a registry. */
async function putLazy(server, repo, tag, { bytes, annotations, diffId }) {
  const config = Buffer.from(JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [diffId] } }));
  const described = (mediaType, bytes) => ({ mediaType, digest: digestOf(bytes), size: bytes.length });
  const layers = [{ ...described(OCI.layer, bytes), annotations }];
  const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI.manifest, config: described(OCI.config, config), layers }));
  await fill(server.registry, {
    blobs: [config, bytes].map((bytes) => ({ repo, digest: digestOf(bytes), bytes })),
    manifests: [{ repo, tag, mediaType: OCI.manifest, digest: digestOf(manifest), bytes: manifest }],
  });
  return `${server.host}/${repo}:${tag}`;
}

/**
 * A server in front of a registry. A layer in `changes` has other `bytes`, or `halts` in its middle until it is let through, or `asks` for a
 * name and password, or `fails` and is to be asked for again later. `asked` has the names of what was asked for.
 */
async function startBetween(server, changes) {
  let letThrough, leave;
  const asked = [];
  const through = new Promise((resolve) => (letThrough = resolve));
  const left = new Promise((resolve) => (leave = resolve));
  const between = createServer(async (request, response) => {
    const answer = await fetch(`${server.registry}${request.url}`, { method: request.method, headers: { accept: request.headers.accept ?? '*/*' } });
    const cors = { 'access-control-allow-origin': '*', 'access-control-allow-headers': 'authorization, *', 'access-control-expose-headers': '*' };
    // In a browser's cache, requests for one address share what comes: the tests count those that are sent.
    const fresh = { 'cache-control': 'no-store' };
    const headers = Object.fromEntries(['content-type', 'docker-content-digest'].map((name) => [name, answer.headers.get(name)]).filter(([, value]) => value));
    const name = request.url.split('/').pop();
    const { bytes = Buffer.from(await answer.arrayBuffer()), halts, asks, fails } = changes[name] ?? {};
    if (request.method === 'GET') asked.push(name);
    if (fails && request.method === 'GET') return response.writeHead(500, { ...cors, 'retry-after': '30' }).end();
    const isAsking = asks && request.headers.authorization !== `Basic ${Buffer.from(asks).toString('base64')}`;
    if (isAsking && request.method !== 'OPTIONS') {
      return response.writeHead(401, { ...cors, 'www-authenticate': 'Basic realm="between"' }).end();
    }
    response.writeHead(answer.status, { ...headers, ...cors, ...fresh });
    if (!halts) return response.end(bytes);
    response.on('close', leave);
    response.write(bytes.subarray(0, bytes.length / 2));
    await through;
    response.end(bytes.subarray(bytes.length / 2));
  });
  await new Promise((resolve) => between.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${between.address().port}`,
    asked,
    letThrough,
    left,
    stop() {
      between.closeAllConnections();
      return new Promise((resolve) => between.close(resolve));
    },
  };
}

const row = (page, path) => page.locator(`[data-testid="file-row"][data-path="${path}"]`);
/** Has layers fetched again that the browser keeps. */
const forgetLayers = (page) =>
  page.evaluate(async () => {
    const cache = await caches.open('tallyman-layers-1');
    for (const key of await cache.keys()) await cache.delete(key);
  });

/** Waits until the browser keeps so many layers. */
const keeps = (page, count) =>
  expect
    .poll(() => page.evaluate(async () => (await (await caches.open('tallyman-layers-1')).keys()).filter(({ url }) => url.endsWith('?used')).length), { timeout: 30_000 })
    .toBe(count);

/** Marks the files on screen: the mark is gone once they are drawn from nothing. */
const mark = (page) => page.locator('.files').evaluate((files) => files.classList.add('is-marked-by-the-test'));
const marked = (page) => page.locator('.files.is-marked-by-the-test');

const whole = (page) => expect(page.getByTestId('files-whole')).toBeAttached({ timeout: 30_000 });

/** Opens the files of an image and waits until all layers are read. */
async function openFiles(page, open, reference, query = '') {
  await open(`/files/${reference}${query}`);
  await whole(page);
}

for (const kind of ['memory', 'distribution']) {
  test.describe(`on ${kind}`, () => {
    test.use({ kind });

    test('an image has a tree of files, with sizes, layers and the steps that made them', async ({ page, open, server, complaints }) => {
      await open(`/inspect/${server.host}/samples/files:1?platform=linux/amd64`);
      await page.getByTestId('files-link').click();
      await whole(page);
      await expect(page.getByTestId('files-number')).toHaveText('2,425');
      await expect(row(page, 'opt')).toContainText('7 files');
      await row(page, 'opt').click();
      await row(page, 'opt/app').click();
      await expect(row(page, 'opt/app/requests.log')).toContainText('COPY app /opt/app');
      await expect(row(page, 'opt/app')).toHaveAttribute('aria-level', '2');
      await expect(row(page, 'opt/app')).toHaveAttribute('aria-expanded', 'true');
      expect(complaints).toEqual([]);
    });
  });
}

test('files are searched as one types, and the address has what is searched', async ({ page, open, memory }) => {
  await openFiles(page, open, `${memory.host}/samples/files:1`);
  await page.getByTestId('files-search').fill('OS-REL');
  await expect(page.getByTestId('files-count')).toHaveText('2 found');
  await expect(row(page, 'usr/lib/os-release')).toBeVisible();
  await expect(row(page, 'etc/os-release')).toContainText('../usr/lib/os-release');
  await expect(page).toHaveURL(/search=OS-REL/);
  await page.reload();
  await expect(page.getByTestId('files-search')).toHaveValue('OS-REL');
  await expect(page.getByTestId('files-count')).toHaveText('2 found');
  await page.getByTestId('files-search').fill('doc/package-0001/');
  await expect(page.getByTestId('files-count')).toHaveText('2 found');
  await page.getByTestId('files-search').fill('no such thing');
  await expect(page.getByTestId('files-empty')).toBeVisible();
  await page.getByTestId('files-clear').click();
  await expect(row(page, 'bin')).toBeVisible();
});

test('layers, kinds of changes, owners, setuid and sizes filter the rows', async ({ page, open, memory }) => {
  await openFiles(page, open, `${memory.host}/samples/files:1`);
  const paths = () => page.getByTestId('file-row').evaluateAll((rows) => rows.map((row) => row.dataset.path));
  await page.getByTestId('files-layer').nth(2).click();
  await expect(row(page, 'etc/motd')).toHaveAttribute('data-change', 'changed');
  await expect(row(page, 'var/cache/packages.db')).toHaveAttribute('data-change', 'removed');
  await expect(row(page, 'usr/share/doc/package-0000/README')).toHaveAttribute('data-change', 'added');
  await page.getByTestId('files-removed').click();
  await expect(page.getByTestId('files-count')).toHaveText('3 found');
  await expect(page).toHaveURL(/layer=3&changes=removed/);
  await page.getByTestId('files-layer-all').click();
  await expect(page.getByTestId('files-count')).toHaveText('3 found');
  await page.getByTestId('files-clear').click();
  await page.getByTestId('files-setid').click();
  await expect(page.getByTestId('files-count')).toHaveText('1 found');
  expect(await paths()).toEqual(['bin', 'bin/su']);
  await page.getByTestId('files-clear').click();
  await page.getByTestId('files-size').selectOption('10000');
  await expect.poll(paths).toEqual(['bin', 'bin/busybox', 'opt', 'opt/app', 'opt/app/requests.log']);
  await page.getByTestId('files-largest').click();
  await expect.poll(async () => (await paths())[0]).toBe('opt');
  await page.getByTestId('files-clear').click();
  await page.getByTestId('files-owner').selectOption('0:0');
  await expect(page.getByTestId('files-count')).toHaveText('2,425 found');
});

test('each layer has what it changes and wastes, the image its efficiency', async ({ page, open, memory }) => {
  await openFiles(page, open, `${memory.host}/samples/files:1`);
  const facts = page.getByTestId('files-layer-facts');
  await expect(facts.first()).toContainText('50.1 kB wasted');
  await expect(facts.nth(2)).toContainText('1 added, 1 changed, 3 removed');
  await expect(page.getByTestId('files-wasted')).toHaveText('50.1 kB');
  await expect(page.getByTestId('files-efficiency')).toHaveText(/^\d+(\.\d)?%$/);
  await page.getByTestId('files-facts').locator('summary').click();
  await expect(page.getByTestId('files-wasted-paths').locator('li').first()).toContainText('var/cache/packages.db');
});

test('a file opens in place: text, JSON, a picture, bytes', async ({ page, open, memory }) => {
  await openFiles(page, open, `${memory.host}/samples/files:1`, '?path=opt/app/requests.log');
  await expect(page.getByTestId('file-text')).toContainText('request 1 took');
  await expect(page.getByTestId('file-step')).toHaveText('COPY app /opt/app # buildkit');
  // Only the lines on screen exist.
  expect(await page.getByTestId('file-text').locator('.code-line').count()).toBeLessThan(120);
  await page.getByTestId('file-text').evaluate((lines) => lines.scrollTo(0, lines.scrollHeight));
  await expect(page.getByTestId('file-text')).toContainText('request 500 took');
  await row(page, 'opt/app/settings.json').click();
  await expect(page.getByTestId('file-json')).toContainText('"listen"');
  await row(page, 'opt/app/logo.png').click();
  await expect(page.getByTestId('file-picture')).toHaveAttribute('src', /^data:image\/png;base64,/);
  await expect.poll(() => page.getByTestId('file-picture').evaluate((picture) => picture.naturalWidth)).toBeGreaterThan(0);
  await page.getByTestId('file-as-bytes').click();
  await expect(page.getByTestId('file-hex')).toContainText('89 50 4e 47');
  await row(page, 'opt/app/data.bin').click();
  await expect(page.getByTestId('file-hex')).toContainText('00000010');
  await page.getByTestId('files-search').fill('etc/os-release');
  await row(page, 'etc/os-release').click();
  await expect(page.getByTestId('file-text')).toContainText('Sample Linux');
  await expect(page.getByTestId('file-viewer')).toContainText('usr/lib/os-release');
  await page.reload();
  await expect(page.getByTestId('file-text')).toContainText('Sample Linux');
  await page.getByTestId('file-viewer').press('Escape');
  await expect(page.getByTestId('file-viewer')).toHaveCount(0);
  await page.goBack();
  await expect(page.getByTestId('file-text')).toContainText('Sample Linux');
});

test('Escape in the search of a file removes what is typed, and closes the file after that', async ({ page, open, memory }) => {
  await openFiles(page, open, `${memory.host}/samples/files:1`, '?path=opt/app/settings.json');
  const search = page.getByTestId('file-viewer').getByTestId('raw-search');
  await search.fill('listen');
  await search.press('Escape');
  await expect(search).toHaveValue('');
  await search.press('Escape');
  await expect(page.getByTestId('file-viewer')).toHaveCount(0);
});

test('names and contents of files do nothing', async ({ page, open, memory }) => {
  const turned = 'photo\u202egnp.exe';
  const { reference } = await putFiles(memory, 'files/hostile', '1', [
    [
      [turned, 'MZ'],
      ['<script>document.title = 1</script>', '<b>bold</b>'],
      ['100%41', 'a name with a percent sign'],
    ],
  ]);
  const asked = [];
  page.on('request', (request) => asked.push(new URL(request.url()).host));
  page.on('dialog', () => asked.push('a dialog'));
  await openFiles(page, open, reference);
  await expect(page.getByText('photo\\u{202e}gnp.exe')).toBeVisible();
  await row(page, '<script>document.title = 1<').click();
  await row(page, '<script>document.title = 1</script>').click();
  await expect(page.getByTestId('file-text')).toContainText('<b>bold</b>');
  await row(page, turned).click();
  await expect(page.getByTestId('file-text')).toContainText('MZ');
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('file-download').click()]);
  expect(download.suggestedFilename()).toBe('photo_gnp.exe');
  await row(page, '100%2541').click();
  await expect(page.getByTestId('file-text')).toContainText('percent');
  await openFiles(page, open, `${memory.host}/samples/files:1`, '?path=opt/app/drawing.svg');
  await expect(page.getByTestId('file-text')).toContainText('tracker.example');
  await row(page, 'opt/app/<img src=x onerror=alert(1)>.txt').click();
  await expect(page.getByTestId('file-text')).toContainText('A name with markup.');
  await row(page, 'opt/app/index.html').click();
  await expect(page.getByTestId('file-text')).toContainText("document.title = 'run by a page'");
  await expect(page).toHaveTitle(/Tallyman$/);
  expect([...new Set(asked)].sort()).toEqual([new URL(memory.app).host, memory.host].sort());
});

test('rows are there while a layer comes, and reading ends at once when it is cancelled', async ({ page, open, memory }) => {
  const noise = createHash('sha512').update('noise').digest();
  const content = (number) => Buffer.concat(Array.from({ length: 600 }, (_, at) => createHash('sha512').update(noise).update(`${number} ${at}`).digest()));
  const files = Array.from({ length: 40 }, (_, number) => [`data/${String(number).padStart(2, '0')}`, content(number)]);
  const { layers } = await putFiles(memory, 'files/slow', '1', [files]);
  const slow = await startBetween(memory, { [layers[0]]: { halts: true } });
  await open(`/files/${slow.host}/files/slow:1`);
  await expect(row(page, 'data')).toBeVisible();
  const progress = page.getByRole('progressbar', { name: 'Layers read' });
  await expect(progress).toBeVisible();
  await expect(page.getByTestId('files-read')).toHaveText(/^\d.* of .* \(\d+%\)$/);
  await expect.poll(() => progress.evaluate(({ value }) => value)).toBeGreaterThan(0);
  await page.getByTestId('files-cancel').click();
  await expect(page.getByTestId('files-cancelled')).toBeVisible();
  await slow.left;
  await expect(row(page, 'data')).toBeVisible();
  slow.letThrough();
  await page.getByTestId('files-resume').click();
  await whole(page);
  await expect(page.getByTestId('files-number')).toHaveText('41');
  await slow.stop();
});

test('a layer that is not what the manifest says is refused, and the others are shown', async ({ page, open, memory }) => {
  const { layers, blobs } = await putFiles(memory, 'files/lie', '1', [[['good', '1']], [['bad', '2']]]);
  // The time in the header of gzip: what it decompresses to stays the same.
  const other = Buffer.from(blobs[1]);
  other[4] ^= 1;
  const lying = await startBetween(memory, { [layers[1]]: { bytes: other } });
  await open(`/files/${lying.host}/files/lie:1`);
  const problem = page.getByTestId('error');
  await expect(problem).toHaveAttribute('data-code', 'digest-mismatch');
  await expect(row(page, 'good')).toBeVisible();
  await expect(row(page, 'bad')).toHaveCount(0);
  await expectAccessible(page);
  await lying.stop();
});

test('a layer that was opened is not fetched again', async ({ page, open, memory }) => {
  await openFiles(page, open, `${memory.host}/samples/files:1`);
  const kept = () =>
    page.evaluate(async () => {
      const keys = await (await caches.open('tallyman-layers-1')).keys();
      return keys.filter(({ url }) => url.endsWith('?used')).length;
    });
  await expect.poll(kept, { timeout: 30_000 }).toBe(3);
  const index = await (await fetch(`${memory.registry}/v2/samples/files/manifests/1`, { headers: { accept: 'application/vnd.oci.image.index.v1+json' } })).json();
  const image = await (await fetch(`${memory.registry}/v2/samples/files/manifests/${index.manifests[0].digest}`, { headers: { accept: OCI.manifest } })).json();
  const fetched = [];
  page.on('request', (request) => fetched.push(request.url()));
  await page.reload();
  await whole(page);
  await expect(page.getByTestId('files-kept')).toHaveCount(3);
  await page.getByTestId('files-search').fill('settings.json');
  await row(page, 'opt/app/settings.json').click();
  await expect(page.getByTestId('file-json')).toContainText('listen');
  for (const { digest } of image.layers) expect(fetched.filter((url) => url.includes(digest))).toEqual([]);
});

test('"Try now" sends what waits for its time, and leaves the rest as it is', async ({ page, open, memory }) => {
  const { layers } = await putFiles(memory, 'files/failing', '1', [[['first', '1']], [['second', '2']]]);
  const changes = { [layers[1]]: { fails: true } };
  const failing = await startBetween(memory, changes);
  await open(`/files/${failing.host}/files/failing:1`);
  await expect(row(page, 'first')).toBeVisible();
  const notice = page.getByTestId('notice');
  await expect(notice).toContainText(/trying again in [12]\d s/);
  await mark(page);
  changes[layers[1]] = {};
  await notice.getByTestId('try-now').click();
  await whole(page);
  await expect(row(page, 'second')).toBeVisible();
  await expect(marked(page)).toHaveCount(1);
  expect(failing.asked.filter((name) => name === layers[0])).toHaveLength(1);
  await failing.stop();
});

test('a sign-out starts the pages of its registry over, and no others', async ({ page, open, memory }) => {
  const { reference, layers } = await putFiles(memory, 'files/apart', '1', [[['file', '1']]]);
  const between = await startBetween(memory, {});
  await openFiles(page, open, reference.replace(memory.host, between.host));
  await keeps(page, 1);
  await mark(page);
  const asked = between.asked.length;
  const signOut = (host) => page.evaluate((host) => dispatchEvent(new StorageEvent('storage', { key: `credentials ${host}` })), host);
  await signOut('other.example');
  await page.waitForTimeout(500);
  expect(between.asked).toHaveLength(asked);
  await expect(marked(page)).toHaveCount(1);
  await signOut(between.host);
  await expect(marked(page)).toHaveCount(0);
  await whole(page);
  expect(between.asked).toContain(layers[0]);
  expect(between.asked.length).toBeGreaterThan(asked);
  await between.stop();
});

test('a layer that asks for a login waits for it, and the image is read on', async ({ page, open, memory }) => {
  const { layers } = await putFiles(memory, 'files/guarded', '1', [[['open', '1']], [['guarded', '2']]]);
  const guarded = await startBetween(memory, { [layers[1]]: { asks: 'ann:secret' } });
  await open(`/files/${guarded.host}/files/guarded:1`);
  const dialog = page.getByTestId('sign-in-panel');
  await expect(dialog).toBeVisible();
  await expect(row(page, 'open')).toBeVisible();
  await expect(row(page, 'guarded')).toHaveCount(0);
  // The failure is told in another language without being tried again.
  const before = guarded.asked.length;
  const title = page.getByTestId('error').getByRole('heading').first();
  await expect(title).toContainText('requires sign-in');
  await page.getByTestId('language').selectOption('es');
  await expect(title).not.toContainText('requires sign-in');
  await page.getByTestId('language').selectOption('en');
  await expect(title).toContainText('requires sign-in');
  expect(guarded.asked).toHaveLength(before);
  await mark(page);
  await dialog.locator('input[name=username]').fill('ann');
  await dialog.locator('input[name=password]').fill('secret');
  await dialog.getByRole('button', { name: 'Sign in', exact: true }).click();
  await whole(page);
  await expect(row(page, 'guarded')).toBeVisible();
  await expect(marked(page)).toHaveCount(1);
  expect(guarded.asked.filter((name) => name === layers[0])).toHaveLength(1);
  await guarded.stop();
});

test('an image whose layers are kept is shown without its registry', async ({ page, open, memory }) => {
  const { digest } = await putFiles(memory, 'files/offline', '1', [[['first', 'one']], [['second', 'two']]]);
  const between = await startBetween(memory, {});
  await openFiles(page, open, `${between.host}/files/offline@${digest}`);
  const kept = () => page.evaluate(async () => (await (await caches.open('tallyman-layers-1')).keys()).filter(({ url }) => url.endsWith('?used')).length);
  await expect.poll(kept, { timeout: 30_000 }).toBe(2);
  await between.stop();
  await page.reload();
  await whole(page);
  await row(page, 'second').click();
  await expect(page.getByTestId('file-text')).toContainText('two');
});

test('of a layer with a table of contents that and the files that are opened are fetched alone', async ({ page, open, memory }) => {
  const files = { 'etc/motd': 'hello\n', 'usr/noise': 'noise '.repeat(20_000), 'usr/settings.json': '{"listen": 80}' };
  for (const form of ['estargz', 'zstd:chunked']) {
    const lazy = lazyLayer(form, files, 50_000);
    const reference = await putLazy(memory, 'files/lazy', form.slice(0, 4), lazy);
    const ranges = [];
    const watch = (request) => request.url().endsWith(digestOf(lazy.bytes)) && request.method() === 'GET' && ranges.push(request.headers().range);
    page.on('request', watch);
    await openFiles(page, open, reference);
    await expect(page.getByTestId('files-by-contents')).toBeVisible();
    await page.getByTestId('files-search').fill('settings.json');
    await row(page, 'usr/settings.json').click();
    await expect(page.getByTestId('file-json')).toContainText('listen');
    const [part] = ranges.slice(lazy.contents.length);
    expect(ranges).toEqual([...lazy.contents, part]);
    expect(part).toMatch(new RegExp(`^bytes=${lazy.starts['usr/settings.json']}-`));
    page.off('request', watch);
  }
});

test('many bytes of layers are read when somebody asks for them, and one layer alone', async ({ page, open, memory }) => {
  const { layers } = await putFiles(memory, 'files/large', '1', [[['good', '1']], [['large', '2']]], { sizes: [undefined, 300_000_000] });
  const fetched = [];
  page.on('request', (request) => fetched.push(...layers.filter((digest) => request.url().endsWith(digest))));
  await open(`/files/${memory.host}/files/large:1`);
  await expect(page.getByTestId('files-held')).toContainText('300 MB');
  await expectAccessible(page);
  expect(fetched).toEqual([]);
  await page.getByTestId('files-layer').first().click();
  await expect(row(page, 'good')).toBeVisible();
  expect(fetched).toEqual([layers[0]]);
  await expect(page.getByTestId('files-held')).toBeVisible();
  await page.getByTestId('files-read-all').click();
  // It is not as large as the manifest says.
  await expect(page.getByTestId('error')).toHaveAttribute('data-code', 'size-mismatch');
  await expect(page.getByTestId('files-held')).toHaveCount(0);
  expect(fetched).toContain(layers[1]);
});

test('of the layers that are kept, those that were not used for longest make room', async ({ page, open, memory }) => {
  await open('/');
  const name = (layer) => `https://content.invalid/${memory.host}/files/kept/sha256:${layer.repeat(64)}`;
  await page.evaluate(
    async (names) => {
      const cache = await caches.open('tallyman-layers-1');
      for (const [number, name] of names.entries()) {
        await cache.put(name, new Response('bytes', { headers: { 'content-length': '300000000' } }));
        await cache.put(`${name}?used`, new Response(String(number + 1)));
      }
    },
    [name('a'), name('b')],
  );
  const { reference, layers } = await putFiles(memory, 'files/kept', '1', [[['file', '1']]]);
  await openFiles(page, open, reference);
  const kept = () =>
    page.evaluate(async () => {
      const keys = await (await caches.open('tallyman-layers-1')).keys();
      return keys.map(({ url }) => url.split('/').pop()).sort();
    });
  const used = (digest) => [digest, `${digest}?used`];
  await expect.poll(kept, { timeout: 30_000 }).toEqual([...used(`sha256:${'b'.repeat(64)}`), ...used(layers[0])].sort());
});

test('two images side by side: files that differ, and the lines of a text', async ({ page, open, memory }) => {
  const left = await putFiles(memory, 'files/pair', '1', [
    [
      ['same', '1'],
      ['etc/conf', 'one\ntwo\nthree\n'],
      ['gone', 'x'],
    ],
  ]);
  const right = await putFiles(memory, 'files/pair', '2', [
    [
      ['same', '1'],
      ['etc/conf', 'one\n2\nthree\n'],
      ['new', 'y'],
    ],
  ]);
  await open(`/compare/${left.reference}|${right.reference}`);
  await page.getByRole('link', { name: 'Compare files' }).click();
  await expect(row(page, 'new')).toHaveAttribute('data-change', 'added');
  await expect(row(page, 'gone')).toHaveAttribute('data-change', 'removed');
  await expect(row(page, 'same')).toHaveCount(0);
  await row(page, 'etc/conf').click();
  await expect(page.locator('p[data-testid="file-difference"]')).toHaveText('1 line added, 1 line removed');
  await expect(page.getByRole('region', { name: 'Content of etc/conf' }).locator('.is-added')).toContainText('2');
  await expectAccessible(page);
  await page.getByTestId('files-added').click();
  await expect(page.getByTestId('files-count')).toHaveText('1 found');
});

test('of two images, the file of the other one is saved only where the one on the right has none', async ({ page, open, memory }) => {
  const left = await putFiles(memory, 'files/saved', '1', [[['conf', 'one'], ['gone.txt', 'x']]]);
  const right = await putFiles(memory, 'files/saved', '2', [[['conf', 'two'], ['new', 'y']]]);
  const changes = {};
  const between = await startBetween(memory, changes);
  await open(`/files/${between.host}/files/saved:1|${between.host}/files/saved:2?path=conf`);
  await expect(page.locator('p[data-testid="file-difference"]')).toBeVisible();
  await keeps(page, 2);
  await forgetLayers(page);
  // Neither what the manifest says, nor the other image's.
  const other = Buffer.from(right.blobs[0]);
  other[4] ^= 1;
  changes[right.layers[0]] = { bytes: other };
  const saved = [];
  page.on('download', (download) => saved.push(download.suggestedFilename()));
  await page.getByTestId('file-download').click();
  await expect(page.getByTestId('file-failed')).toHaveAttribute('data-code', 'digest-mismatch');
  expect(saved).toEqual([]);
  await row(page, 'gone.txt').click();
  await expect(page.getByTestId('file-text')).toContainText('x');
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('file-download').click()]);
  expect(download.suggestedFilename()).toBe('gone.txt');
  expect(left.layers[0]).not.toBe(right.layers[0]);
  await between.stop();
});

test('a sparse file is saved with its holes', async ({ page, open, memory }) => {
  const hole = 40 * 2 ** 20 + 5;
  const { reference } = await putFiles(memory, 'files/sparse', '1', [[['lastlog', 'data', hole]]]);
  await openFiles(page, open, reference);
  await row(page, 'lastlog').click();
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('file-download').click()]);
  const saved = await readFile(await download.path());
  expect(saved.equals(Buffer.concat([Buffer.alloc(hole), Buffer.from('data')]))).toBe(true);
});

test('a file that is left while it opens is fetched no further', async ({ page, open, memory }) => {
  const noise = (name) => Buffer.concat(Array.from({ length: 3000 }, (_, at) => createHash('sha512').update(`${name} ${at}`).digest()));
  const { layers } = await putFiles(memory, 'files/left', '1', [[['first', noise('first')], ['second', noise('second')]]]);
  const changes = {};
  const between = await startBetween(memory, changes);
  await openFiles(page, open, `${between.host}/files/left:1`);
  await keeps(page, 1);
  await forgetLayers(page);
  changes[layers[0]] = { halts: true };
  const count = () => between.asked.filter((name) => name === layers[0]).length;
  await row(page, 'first').click();
  await expect.poll(count).toBe(2);
  await row(page, 'second').click();
  await expect.poll(count).toBe(3);
  await between.left;
  between.letThrough();
  await expect(page.getByTestId('file-hex')).toBeVisible();
  await between.stop();
});

test('images of one platform are told apart, on the page of the index and on that of its files', async ({ page, open, memory }) => {
  const entries = [];
  for (const version of ['10.0.1', '10.0.2']) {
    const platform = { os: 'windows', architecture: 'amd64', 'os.version': version };
    entries.push([await putFiles(memory, 'files/windows', version, [[[`only-${version}`, version]]], { platform }), platform]);
  }
  const reference = await putIndex(memory, 'files/windows', 'all', entries);
  await open(`/inspect/${reference}`);
  await page.getByTestId('platform-row').nth(1).getByRole('link', { name: 'windows/amd64 10.0.2' }).click();
  await page.getByTestId('files-link').click();
  await whole(page);
  await expect(row(page, 'only-10.0.2')).toBeVisible();
  await expect(page.getByTestId('files-platform').locator('option')).toHaveText(['windows/amd64 10.0.1', 'windows/amd64 10.0.2']);
  await expect(page.getByTestId('files-platform')).toHaveValue(entries[1][0].digest);
  await page.getByTestId('files-compare-platform').selectOption({ label: 'windows/amd64 10.0.1' });
  await expect(row(page, 'only-10.0.1')).toHaveAttribute('data-change', 'added');
  await expect(row(page, 'only-10.0.2')).toHaveAttribute('data-change', 'removed');
  // An address of before.
  await openFiles(page, open, reference, '?platform=windows/amd64');
  await expect(row(page, 'only-10.0.1')).toBeVisible();
});

test('of an index without platforms, the image that an address names is read alone', async ({ page, open, memory }) => {
  const entries = [];
  for (const architecture of ['s390x', 'arm64', 'amd64']) {
    const platform = { os: 'linux', architecture };
    entries.push([await putFiles(memory, 'files/bare', architecture, [[[`only-${architecture}`, architecture]]], { platform })]);
  }
  const reference = await putIndex(memory, 'files/bare', 'all', entries);
  const fetched = [];
  page.on('request', (request) => fetched.push(request.url()));
  for (const [query, architecture] of [['?platform=linux/arm64', 'arm64'], [`?platform=${entries[0][0].digest}`, 's390x'], ['', 'amd64']]) {
    fetched.length = 0;
    await openFiles(page, open, reference, query);
    await expect(row(page, `only-${architecture}`)).toBeVisible();
    for (const [{ layers }] of entries.filter(([{ reference }]) => !reference.endsWith(architecture))) expect(fetched.filter((url) => url.includes(layers[0]))).toEqual([]);
    await expect(page.getByTestId('files-platform').locator('option')).toHaveText(['linux/s390x', 'linux/arm64', 'linux/amd64']);
  }
});

test('two platforms of an index side by side', async ({ page, open, memory }) => {
  const asked = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  const manifests = () => asked.filter((path) => /\/(manifests|referrers)\/sha256/.test(path)).length;
  await openFiles(page, open, `${memory.host}/samples/files:1`);
  // The manifest of the image that is shown, and of no other.
  expect(manifests()).toBe(1);
  await page.getByTestId('files-compare-platform').selectOption({ index: 1 });
  await expect(row(page, 'Files/hello.exe')).toHaveAttribute('data-change', 'added');
  await expect(row(page, 'bin/su')).toHaveAttribute('data-change', 'removed');
  expect(manifests()).toBe(2);
});

/** Puts an index of images, each of which has a file that is named after its architecture. */
async function putPlatforms(server, repo, architectures) {
  const entries = [];
  for (const architecture of architectures) {
    const platform = { os: 'linux', architecture };
    entries.push([await putFiles(server, repo, architecture, [[[`only-${architecture}`, architecture]]], { platform }), platform]);
  }
  return { reference: await putIndex(server, repo, 'all', entries), entries };
}

/** Puts an index of descriptors into a registry, and returns its descriptor. */
async function putDescriptors(server, repo, tag, manifests) {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI.index, manifests }));
  await fill(server.registry, { blobs: [], manifests: [{ repo, tag, mediaType: OCI.index, digest: digestOf(bytes), bytes }] });
  return { mediaType: OCI.index, digest: digestOf(bytes), size: bytes.length };
}

test('the platforms of two images go where the images go', async ({ page, open, memory }) => {
  const { reference } = await putPlatforms(memory, 'files/swapped', ['amd64', 'arm64', 's390x']);
  const differ = async (removed, added) => {
    await expect(row(page, `only-${added}`)).toHaveAttribute('data-change', 'added');
    await expect(row(page, `only-${removed}`)).toHaveAttribute('data-change', 'removed');
  };
  await open(`/files/${reference}|${reference}?platform=linux/arm64&platform_right=linux/s390x`);
  await differ('arm64', 's390x');
  await page.getByRole('button', { name: 'Swap' }).click();
  await differ('s390x', 'arm64');
  // Of the side without one, it is that of most machines.
  await open(`/files/${reference}|${reference}?platform_right=linux/arm64`);
  await differ('amd64', 'arm64');
  await page.getByRole('button', { name: 'Swap' }).click();
  await differ('arm64', 'amd64');
  await page.getByRole('button', { name: 'Compare', exact: true }).click();
  await differ('arm64', 'amd64');
  // Another image is compared with the platform that is shown.
  const other = await putFiles(memory, 'files/swapped', 'other', [[['other', '1']]]);
  await openFiles(page, open, reference, '?platform=linux/s390x');
  await page.getByRole('link', { name: 'Another image' }).click();
  await page.getByLabel('Right').fill(other.reference);
  await page.getByRole('button', { name: 'Compare', exact: true }).click();
  await expect(row(page, 'other')).toHaveAttribute('data-change', 'added');
  await expect(row(page, 'only-s390x')).toHaveAttribute('data-change', 'removed');
});

test('a platform that does not come is told with its reason, tried again and left for another one', async ({ page, open, memory }) => {
  const { entries } = await putPlatforms(memory, 'files/sparse', ['amd64', 'arm64', 's390x']);
  const changes = { [entries[1][0].digest]: { asks: 'ann:secret' } };
  const sparse = await startBetween(memory, changes);
  await fetch(`${memory.registry}/v2/files/sparse/manifests/${entries[2][0].digest}`, { method: 'DELETE' });
  await open(`/files/${sparse.host}/files/sparse:all?platform=linux/arm64`);
  await expect(page.getByTestId('error')).toContainText('401');
  await expect(page.getByTestId('sign-in-panel')).toBeVisible();
  await page.getByTestId('files-platform').selectOption('linux/s390x');
  await expect(page.getByTestId('error')).toHaveAttribute('data-code', 'not-found');
  await page.getByTestId('files-platform').selectOption('linux/amd64');
  await whole(page);
  await page.getByTestId('files-platform').selectOption('linux/arm64');
  await expect(page.getByTestId('error')).toBeVisible();
  delete changes[entries[1][0].digest];
  await page.getByRole('button', { name: 'Try again' }).click();
  await whole(page);
  await expect(row(page, 'only-arm64')).toBeVisible();
  await sparse.stop();
});

test('an index without images leads to the indexes that it names', async ({ page, open, memory }) => {
  const { entries } = await putPlatforms(memory, 'files/nested', ['amd64', 'arm64']);
  const described = entries.map(([{ digest, size }, platform]) => ({ mediaType: OCI.manifest, digest, size, platform }));
  const inner = await putDescriptors(memory, 'files/nested', 'inner', described);
  await putDescriptors(memory, 'files/nested', 'outer', [inner]);
  await open(`/files/${memory.host}/files/nested:outer?platform=linux/arm64`);
  await page.getByTestId('nested').getByRole('link').click();
  await whole(page);
  await expect(row(page, 'only-arm64')).toBeVisible();
});

test('an index without entries has no files', async ({ page, open, memory }) => {
  await putDescriptors(memory, 'files/empty', '1', []);
  await open(`/files/${memory.host}/files/empty:1`);
  await expect(page.getByTestId('no-image')).toBeVisible();
});

test('an image for Windows shows its folders as they are', async ({ page, open, memory }) => {
  await openFiles(page, open, `${memory.host}/samples/files:1`);
  await page.getByTestId('files-platform').selectOption({ index: 1 });
  await expect(row(page, 'Hives')).toBeVisible();
  await row(page, 'Files').click();
  await expect(row(page, 'Files/hello.exe')).toBeVisible();
});

test('keys walk the tree, open directories and files', async ({ page, open, memory }) => {
  await openFiles(page, open, `${memory.host}/samples/files:1`);
  const tree = page.getByRole('treegrid', { name: 'Files' });
  // The rows of the whole image, not those of its first layers.
  await expect(row(page, 'etc')).toHaveAttribute('id', 'files-1');
  await tree.focus();
  await tree.press('ArrowDown');
  await expect(row(page, 'etc')).toHaveClass(/is-active/);
  await tree.press('ArrowRight');
  await expect(row(page, 'etc')).toHaveAttribute('aria-expanded', 'true');
  await tree.press('ArrowRight');
  await expect(tree).toHaveAttribute('aria-activedescendant', /.+/);
  await expect(row(page, 'etc/motd')).toHaveClass(/is-active/);
  await tree.press('Enter');
  await expect(page.getByTestId('file-text')).toContainText('Welcome to the sample, changed.');
  await page.getByTestId('file-close').click();
  await tree.press('ArrowLeft');
  await expect(row(page, 'etc')).toHaveClass(/is-active/);
  await tree.press('ArrowLeft');
  await expect(row(page, 'etc')).toHaveAttribute('aria-expanded', 'false');
});

test('an artifact has no files', async ({ page, open, memory }) => {
  await open(`/files/${memory.host}/samples/chart:0.3.0`);
  await expect(page.getByTestId('no-image')).toBeVisible();
});

test('few rows exist, however many files there are', async ({ page, open, memory }) => {
  await openFiles(page, open, `${memory.host}/samples/files:1`);
  await page.getByTestId('files-expand').click();
  await expect(page.getByTestId('files-count')).toHaveText('2,425 rows');
  const tree = page.getByTestId('files');
  await expect(tree).toHaveAttribute('aria-rowcount', '2426');
  await tree.focus();
  await tree.press('End');
  await expect(page.locator('[data-testid="file-row"][aria-rowindex="2426"]')).toBeVisible();
  expect(await page.getByTestId('file-row').count()).toBeLessThan(80);
});

test('the page of files is accessible, wide and narrow, in both themes', async ({ page, open, memory }) => {
  // The page is looked at four times, with all that is on it.
  test.slow();
  await openFiles(page, open, `${memory.host}/samples/files:1`, '?path=opt/app/requests.log');
  await expect(page.getByTestId('file-text')).toContainText('request 1 took');
  await expectAccessibleThroughout(page);
});
