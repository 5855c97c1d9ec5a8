// Two manifests side by side.

import { createHash } from 'node:crypto';

import { putImage, readBack } from './images.js';
import { expect, expectAccessible, expectNoSidewaysScroll, inProject, test } from './test.js';

test('two images differ in what differs, and in nothing else', async ({ page, open, memory, complaints }) => {
  await open(`/compare/${memory.host}/samples/hello:amd64|${memory.host}/samples/hello:armv7`);
  const config = page.getByRole('region', { name: 'Config' });
  await expect(config.locator('tr.differs th', { hasText: 'Platform' })).toHaveCount(1);
  await expect(config.locator('tr.differs')).not.toHaveCount(0);
  await expect(page.getByRole('region', { name: 'Layers' })).toContainText('left only');
  expect(complaints).toEqual([]);
});

test('a list compared with itself is the same, with another it is not', async ({ page, open, memory }) => {
  const list = `${memory.host}/samples/hello:latest`;
  await open(`/compare/${list}|${memory.host}/samples/hello:1.2`);
  await expect(page.getByRole('region', { name: 'Platforms' })).toContainText('the same');
  await expect(page.locator('tr.differs')).toHaveCount(0);

  await page.getByLabel('Right').fill(`${memory.host}/samples/webapp:1.4`);
  await page.getByRole('button', { name: 'Compare' }).click();
  await expect(page.locator('tr.differs').first()).toBeVisible();
  const left = await page.getByLabel('Left').inputValue();
  await page.getByRole('button', { name: 'Swap' }).click();
  await expect(page.getByLabel('Right')).toHaveValue(left);
  await page.goBack();
  await expect(page.getByLabel('Left')).toHaveValue(left);
});

test('what is typed is swapped too', async ({ page, open, memory }) => {
  const [left, right] = ['1.4', '1.3'].map((tag) => `${memory.host}/samples/webapp:${tag}`);
  await open(`/compare/${left}|`);
  await page.getByLabel('Right').fill(right);
  await page.getByRole('button', { name: 'Swap' }).click();
  await expect(page.getByTestId('loading')).toHaveCount(0);
  await expect(page.locator('tr.differs').first()).toBeVisible();
  await expect(page.getByLabel('Left')).toHaveValue(right);
  await expect(page.getByLabel('Right')).toHaveValue(left);
});

test('images that were rebuilt are compared from the comparison of their lists', async ({ page, open, memory }) => {
  await open(`/compare/${memory.host}/samples/webapp:1.4|${memory.host}/samples/webapp:1.3`);
  await page.getByRole('link', { name: 'Compare the images for linux/arm64' }).click();
  await expect(page.getByRole('region', { name: 'Environment' }).locator('tr.differs')).toContainText('1.3.0');
});

test('of two lists the lists and the manifests of their images are fetched, and of two images their configs', async ({ page, open, memory }) => {
  const asked = [];
  page.on('request', (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith('/v2/')) asked.push(pathname.replace('/v2/samples/', ''));
  });
  const all = () => [...new Set(asked)].sort();
  await open(`/compare/${memory.host}/samples/webapp:1.4|${memory.host}/samples/webapp:1.3`);
  await page.getByRole('link', { name: 'Compare the images for linux/arm64' }).waitFor();
  await page.waitForLoadState('networkidle');
  await expect(page.getByRole('row', { name: /Compressed size/ })).toContainText(/MB.*MB/);
  const manifests = all();
  expect(manifests.slice(0, 2)).toEqual(['webapp/manifests/1.3', 'webapp/manifests/1.4']);
  expect(manifests.slice(2)).toHaveLength(4);
  expect(manifests.filter((path) => path.includes('/blobs/'))).toEqual([]);
  asked.length = 0;
  await page.getByRole('link', { name: 'Compare the images for linux/arm64' }).click();
  await expect(page.getByRole('region', { name: 'Environment' })).toBeVisible();
  await page.waitForLoadState('networkidle');
  expect(all().map((path) => path.split('/')[1])).toEqual(['blobs', 'blobs']);
});

test('what cannot be fetched is told beside what can', async ({ page, open, memory }) => {
  await open(`/compare/${memory.host}/samples/hello:latest|${memory.host}/samples/nothing:1`);
  await expect(page.getByTestId('error')).toHaveAttribute('data-code', 'not-found');
});

test('failures of both sides stand apart, and artifacts are named', async ({ page, open, memory }) => {
  const host = memory.host;
  await open(`/compare/${host}/samples/nosuch:1|${host}/samples/nosuch:2`);
  await expect(page.getByTestId('error')).toHaveCount(2);
  const boxes = await page.locator('.sides, [data-testid=error]').evaluateAll((all) => all.map((element) => element.getBoundingClientRect()).map(({ top, bottom }) => ({ top, bottom })));
  for (const [at, box] of boxes.slice(1).entries()) expect(box.top - boxes[at].bottom).toBeGreaterThanOrEqual(12);
  await open(`/compare/${host}/samples/chart:0.3.0|${host}/samples/alpine:3.22`);
  const kind = page.getByTestId('compare-row').filter({ hasText: 'Kind' });
  await expect(kind).toContainText('Helm chart');
  await expect(kind).toHaveClass(/differs/);
});

test('values that are written alike are told apart where they differ', async ({ page, open, memory }) => {
  const image = (tag, created, Entrypoint, bytes) => {
    const config = { os: 'linux', architecture: 'amd64', created, config: { Entrypoint, ExposedPorts: { '80/tcp': {} } } };
    return putImage(memory, 'compare/alike', tag, config, 'alike', [Buffer.alloc(bytes)]);
  };
  await image('1', '2024-01-01T12:00:05Z', ['sh', '-c', 'a b'], 100_010);
  await image('2', '2024-01-01T12:00:55Z', ['sh', '-c', 'a', 'b'], 100_020);
  const name = `${memory.host}/compare/alike`;
  await open(`/compare/${name}:1|${name}:2`);
  const row = (title) => page.locator('tr', { has: page.getByRole('rowheader', { name: title }) }).filter({ visible: true });
  const isTold = async (title, left, right) => {
    await expect(row(title)).toHaveClass('differs');
    await expect(row(title).getByRole('cell')).toHaveText([left, right]);
  };
  await isTold(/^Entry point/, "sh -c 'a b'", 'sh -c a b');
  await isTold(/^Created/, '2024-01-01T12:00:05Z', '2024-01-01T12:00:55Z');
  await isTold(/^Compressed/, /^100,\d\d\d bytes$/, /^100,\d\d\d bytes$/);
  await expect(row(/^Ports/)).not.toHaveClass('differs');
  // Neither has one.
  await expect(row(/^User/)).toHaveCount(0);
});

test('a blob cannot be compared, and there is a way to its page', async ({ page, open, memory }) => {
  await putImage(memory, 'compare/blob', '1', { os: 'linux', architecture: 'amd64' });
  const { config } = JSON.parse((await readBack(memory.registry, 'compare/blob:1')).bytes);
  const name = `${memory.host}/compare/blob`;
  await open(`/compare/${name}@${config.digest}|${name}:1`);
  await expect(page.getByTestId('error')).toHaveAttribute('data-code', 'blob');
  await expect(page.getByTestId('loading')).toHaveCount(0);
  await page.getByTestId('suggestions').getByRole('link').click();
  await expect(page.getByTestId('raw-blob')).toContainText('amd64');
});

test('a config that does not come is told with a way to try again, and one that is late has its place', async ({ page, open, memory }) => {
  for (const tag of ['left', 'right']) {
    await putImage(memory, `compare/${tag}`, '1', { os: 'linux', architecture: 'amd64', config: { User: tag } });
  }
  const held = [];
  const headers = { 'access-control-allow-origin': '*' };
  await page.route(/\/v2\/compare\/left\/blobs\//, (route) => route.fulfill({ status: 404, headers, json: { errors: [{ code: 'BLOB_UNKNOWN' }] } }));
  await page.route(/\/v2\/compare\/right\/blobs\//, (route) => held.push(route));
  await open(`/compare/${memory.host}/compare/left:1|${memory.host}/compare/right:1`);
  const config = page.getByRole('region', { name: 'Config' });
  await expect(config.getByTestId('error')).toContainText(`The config of ${memory.host}/compare/left:1 could not be read`);
  await expect(config.locator('[aria-busy=true] .skeleton')).toHaveCount(1);
  await expect.poll(() => held.length).toBe(1);
  await page.unroute(/\/v2\/compare\/right\/blobs\//);
  await held[0].continue();
  await expect(config.locator('.skeleton')).toHaveCount(0);
  await expectAccessible(page);
  await page.unroute(/\/v2\/compare\/left\/blobs\//);
  await config.getByRole('button', { name: 'Try again' }).click();
  await expect(config.locator('tr.differs', { hasText: 'User' }).getByRole('cell')).toHaveText(['left', 'right']);
});

test('images of 20,000 layers each are compared', async ({ page, open, memory }) => {
  const layers = (side) =>
    Array.from({ length: 20_000 }, (_, at) => {
      const content = at % 2 ? 'both' : side;
      return { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: `sha256:${createHash('sha256').update(`${content} ${at}`).digest('hex')}`, size: 1 };
    });
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const config = { mediaType: 'application/vnd.oci.empty.v1+json', digest: `sha256:${createHash('sha256').update('{}').digest('hex')}`, size: 2 };
  await page.route(/\/v2\/compare\/many\/manifests\//, (route) => {
    const body = JSON.stringify({ schemaVersion: 2, mediaType, config, layers: layers(new URL(route.request().url()).pathname) });
    return route.fulfill({ headers: { 'access-control-allow-origin': '*', 'content-type': mediaType }, body });
  });
  await open(`/compare/${memory.host}/compare/many:1|${memory.host}/compare/many:2`);
  const region = page.getByRole('region', { name: 'Layers' });
  await expect(region).toContainText('20000 differences', { timeout: 15_000 });
  await expect(region.getByTestId('compare-row')).toHaveCount(1000);
  await expect(region).toContainText('… and 29,000 more rows');
});

for (const theme of ['light', 'dark']) {
  for (const [size, viewport] of [
    ['wide', { width: 1280, height: 800 }],
    ['narrow', { width: 390, height: 844 }],
  ]) {
    test.describe(`${theme}, ${size}`, () => {
      test.use({ colorScheme: theme, viewport });
      test('compare: accessible, no sideways scroll', async ({ page, open, memory }) => {
        await open(`/compare/${memory.host}/samples/webapp:1.4|${memory.host}/samples/webapp:1.3`);
        await expect(page.locator('tr.differs').first()).toBeVisible();
        await page.screenshot({ path: inProject(`target/screenshots/compare-${theme}-${size}.png`) });
        await expectNoSidewaysScroll(page);
        await expectAccessible(page);
      });
    });
  }
}
