// The page of an index: its platforms, its graph, shared layers, and the output of the command line for it.

import { expect, expectAccessible, expectNoSidewaysScroll, inProject, test } from './test.js';

const LISTS = 'application/vnd.docker.distribution.manifest.list.v2+json,application/vnd.oci.image.index.v1+json';
const IMAGES = 'application/vnd.docker.distribution.manifest.v2+json,application/vnd.oci.image.manifest.v1+json';

/** A manifest as the registry has it. */
async function manifest(server, name, target) {
  const response = await fetch(`${server.registry}/v2/${name}/manifests/${target}`, { headers: { accept: `${LISTS},${IMAGES}` } });
  const text = await response.text();
  return { text, json: JSON.parse(text), digest: response.headers.get('docker-content-digest'), type: response.headers.get('content-type') };
}

for (const kind of ['memory', 'distribution']) {
  test.describe(`on ${kind}`, () => {
    test.use({ kind });

    test('choosing a platform changes the whole page and asks for nothing', async ({ page, open, server, complaints }) => {
      await open(`/inspect/${server.host}/samples/hello:latest`);
      await expect(page.getByTestId('total-size')).toBeVisible();
      await expect(page.locator('.skeleton')).toHaveCount(0);
      // Referrers of the images are requested after everything that the page shows at once.
      await page.waitForLoadState('networkidle');
      const index = await manifest(server, 'samples/hello', 'latest');
      const arm = index.json.manifests.find((entry) => entry.platform.architecture === 'arm64');

      const asked = [];
      page.on('request', (request) => {
        // The browser itself asks for the icon when it likes.
        if (!request.url().includes('/icon-')) asked.push(request.url());
      });
      const rows = page.getByTestId('platform-row');
      const chosen = rows.filter({ has: page.locator('[aria-current]') });
      await rows.getByRole('link', { name: 'linux/arm64' }).click();
      await expect(chosen).toHaveCount(1);
      await expect(chosen).toHaveAttribute('data-platform', 'linux/arm64');
      await expect(rows).toHaveCount(4);
      await expect(page.getByTestId('pull')).toContainText(`docker pull --platform linux/arm64 ${server.host}/samples/hello:latest`);
      await expect(page.getByTestId('pull-digest')).toContainText(`docker pull ${server.host}/samples/hello@${arm.digest}`);
      await expect(page.getByTestId('config-section')).toContainText('linux/arm64');
      const image = await manifest(server, 'samples/hello', arm.digest);
      await expect(page.getByTestId('layer-row')).toHaveCount(image.json.layers.length);
      expect(await page.getByTestId('raw-chosen').evaluate((raw) => raw.textContent)).toBe(image.text);
      await page.getByTestId('unfold').filter({ hasText: 'Structure' }).click();
      await expect(page.getByTestId('graph-tree').getByRole('treeitem')).toHaveCount(2);
      expect(asked).toEqual([]);

      // The choice is in the address, so that it can be sent, and back takes it away.
      expect(page.url()).toContain('platform=linux/arm64');
      await page.reload();
      await expect(chosen).toHaveAttribute('data-platform', 'linux/arm64');
      await page.goBack();
      await expect(chosen).toHaveCount(0);
      await expect(rows).toHaveCount(4);
      expect(complaints).toEqual([]);
    });

    test('every platform has its size and its date', async ({ page, open, server }) => {
      const index = await manifest(server, 'samples/hello', 'latest');
      await open(`/inspect/${server.host}/samples/hello:latest`);
      for (const [at, entry] of index.json.manifests.entries()) {
        const image = await manifest(server, 'samples/hello', entry.digest);
        const size = image.json.config.size + image.json.layers.reduce((sum, layer) => sum + layer.size, 0);
        const row = page.getByTestId('platform-row').nth(at);
        await expect(row).toContainText(size < 1000 ? `${size} B` : `${(size / 1000).toFixed(1)} kB`);
        await expect(row.locator('time')).toHaveAttribute('datetime', '2026-06-15T09:30:00Z');
      }
    });

    test('inspect and inspect --verbose are printed byte for byte', async ({ page, open, server }) => {
      const { json } = await manifest(server, 'samples/hello', 'latest');
      await open(`/inspect/${server.host}/samples/hello:latest`);
      const raw = page.getByTestId('raw-manifest');
      await page.getByRole('button', { name: 'inspect', exact: true }).click();
      const order = ({ mediaType, size, digest, platform }) => {
        const { architecture, os, variant } = platform;
        const version = platform['os.version'];
        return { mediaType, size, digest, platform: { architecture, os, ...(version && { 'os.version': version }), ...(variant && { variant }) } };
      };
      const brief = { schemaVersion: 2, mediaType: json.mediaType, manifests: json.manifests.map(order) };
      await expect.poll(() => raw.evaluate((raw) => raw.textContent)).toBe(`${JSON.stringify(brief, null, 3)}\n`);

      await page.getByRole('button', { name: 'inspect --verbose' }).click();
      const verbose = [];
      for (const entry of json.manifests) {
        const { text } = await manifest(server, 'samples/hello', entry.digest);
        const { mediaType, size, digest, platform } = order(entry);
        const image = JSON.parse(text);
        const blob = (descriptor) => ({ mediaType: descriptor.mediaType, size: descriptor.size, digest: descriptor.digest });
        verbose.push({
          Ref: `${server.host}/samples/hello:latest@${digest}`,
          Descriptor: { mediaType, digest, size, platform },
          Raw: Buffer.from(text).toString('base64'),
          SchemaV2Manifest: JSON.parse(text),
        });
        expect(image.layers.map(blob).length).toBeGreaterThan(0);
      }
      await expect.poll(() => raw.evaluate((raw) => raw.textContent)).toBe(`${JSON.stringify(verbose, null, '\t')}\n`);
    });
  });
}

test('the graph ties attestations to their images and shows what refers to the index', async ({ page, open, memory }) => {
  await open(`/inspect/${memory.host}/samples/webapp:1.4`);
  const tree = page.getByTestId('graph-tree');
  const items = tree.getByRole('treeitem');
  await expect(items).toHaveCount(8);
  const levels = async () => {
    const seen = [];
    for (const item of await items.all()) seen.push(`${await item.getAttribute('aria-level')} ${await item.locator('span:not(.soft):not(.tree-row__indent)').textContent()}`);
    return seen;
  };
  expect(await levels()).toEqual([
    '1 OCI image index',
    '2 linux/amd64',
    '3 Attestation of linux/amd64',
    '2 linux/arm64',
    '2 Nested OCI image index',
    '3 linux/s390x',
    ...(await levels()).slice(6),
  ]);
  expect((await levels()).slice(6).sort()).toEqual(['2 SBOM', '2 Signature']);
  await expect(page.getByTestId('platforms')).toHaveText('2');

  // By keyboard: to the attestation, and to its page.
  await tree.focus();
  for (const key of ['ArrowRight', 'ArrowRight']) await page.keyboard.press(key);
  await expect(page.getByTestId('graph-details')).toContainText('attestation-manifest');
  await page.keyboard.press('ArrowLeft');
  await expect(page.getByTestId('graph-details').locator('strong')).toHaveText('linux/amd64');

  // By pointer.
  await page.locator('svg .node', { hasText: 'Signature' }).click();
  await expect(page.getByTestId('graph-details')).toContainText('application/vnd.dev.cosign.artifact.sig.v1+json');
  await page.getByTestId('graph-details').getByRole('link', { name: 'Open' }).click();
  await expect(page.getByRole('region', { name: 'Summary' })).toContainText('Refers to');
  await page.goBack();

  // Referrers of the index come last.
  await expect(items).toHaveCount(8);
  await tree.focus();
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('region', { name: 'Summary' })).toContainText('Refers to');
});

test('the graph is also a tree to look at', async ({ page, open, memory }) => {
  await open(`/inspect/${memory.host}/samples/webapp:1.4`);
  await page.getByRole('button', { name: 'Tree' }).click();
  await expect(page.getByTestId('graph-tree').getByText('Attestation of linux/amd64')).toBeVisible();
  await expect(page.locator('svg .node')).toHaveCount(0);
  await expectAccessible(page);
});

test('layers that platforms share are told, with who uses them', async ({ page, open, memory }) => {
  const { json } = await manifest(memory, 'samples/webapp', '1.4');
  const images = json.manifests.filter((entry) => entry.platform?.os === 'linux' && entry.mediaType.includes('manifest'));
  const layers = [];
  for (const { digest } of images) layers.push((await manifest(memory, 'samples/webapp', digest)).json.layers.map((layer) => layer.digest));
  const shared = layers[0].filter((digest) => layers[1].includes(digest));
  expect(shared.length).toBeGreaterThan(0);
  await open(`/inspect/${memory.host}/samples/webapp:1.4`);
  const rows = page.getByTestId('shared-layers').locator('tbody tr');
  await expect(rows).toHaveCount(shared.length);
  for (const row of await rows.all()) {
    expect(shared).toContain(await row.getAttribute('data-digest'));
    await expect(row).toContainText('linux/amd64');
    await expect(row).toContainText('linux/arm64');
  }
});

test('the history stands beside the layers, steps without one included', async ({ page, open, memory }) => {
  await open(`/inspect/${memory.host}/samples/legacy:1`);
  await expect(page.getByTestId('layer-row')).toHaveCount(7);
  await expect(page.getByTestId('step-row')).toHaveCount(18);
  await expect(page.getByTestId('layer-row').nth(1)).toContainText('make part-3');
  await expect(page.getByTestId('step-row').first()).toContainText('ENV STEP_1=1');
});

for (const theme of ['light', 'dark']) {
  for (const [size, viewport] of [
    ['wide', { width: 1280, height: 800 }],
    ['narrow', { width: 390, height: 844 }],
    ['4k', { width: 3840, height: 2160 }],
  ]) {
    test.describe(`${theme}, ${size}`, () => {
      test.use({ colorScheme: theme, viewport });
      test('chosen platform: accessible, no sideways scroll', async ({ page, open, memory }) => {
        await open(`/inspect/${memory.host}/samples/webapp:1.4?platform=linux/amd64`);
        await expect(page.getByTestId('layer-row').first()).toBeVisible();
        await expect(page.locator('.skeleton')).toHaveCount(0);
        await page.screenshot({ path: inProject(`target/screenshots/chosen-${theme}-${size}.png`), fullPage: true });
        await expectNoSidewaysScroll(page);
        await expectAccessible(page);
      });
    });
  }
}
