// nginx in front: of the app's files and a registry with a password, and of gateways below a path.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { startGateway, startWithPassword } from './gateway.js';
import { makeCertificate, startNginx } from './nginx.js';
import { freePort, startDevRegistry, startDistribution } from './servers.js';
import { expect, test } from './test.js';

test.use({
  ignoreHTTPSErrors: true,
  launchOptions: async ({ launchOptions }, use) => {
    await use({ ...launchOptions, args: [...launchOptions.args, '--host-resolver-rules=MAP *.example.com 127.0.0.1'] });
  },
});

/** Serves dist/ and, on another name, `registry`, by the example for those who do without a gateway. */
async function startStatic(registry) {
  const port = await freePort();
  const names = { page: `https://tallyman.example.com:${port}`, registry: `https://registry.example.com:${port}` };
  const nginx = await startNginx('static.conf', port, async (folder) => {
    const { key, certificate } = makeCertificate(folder, '*.example.com');
    const settings = { registries: [`registry.example.com:${port}`] };
    await writeFile(join(folder, 'config.json'), JSON.stringify(settings));
    return [
      ['listen 443 ssl', `listen 127.0.0.1:${port} ssl`],
      ['https://tallyman.example.com', names.page],
      ['https://registry.example.com', names.registry],
      ['/etc/nginx/tls/example.com.pem', certificate],
      ['/etc/nginx/tls/example.com.key', key],
      ['/srv/tallyman/dist', join(folder, 'dist')],
      ['http://127.0.0.1:5000', registry],
      // The operator's own config.json; the one in dist/ names no registry.
      ['location / {', `location = /config.json { root ${folder}; }\n    location / {`],
    ];
  });
  return { ...names, host: `registry.example.com:${port}`, ...nginx };
}

test('the app that nginx serves explores and inspects a registry to which nginx adds what browsers need', async ({ page, complaints }) => {
  // This registry sends headers of its own, too, and twice the same one is as bad as none.
  const distribution = await startDistribution();
  const nginx = await startStatic(distribution.registry);
  const response = await page.goto(nginx.page);
  const headers = response.headers();
  expect(headers['content-security-policy']).toContain("script-src 'self' 'wasm-unsafe-eval';");
  expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
  expect(headers).toMatchObject({
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cache-control': 'no-cache',
  });
  const wasm = page.waitForResponse(/_bg\.wasm$/);
  await page.reload();
  expect((await wasm).headers()).toMatchObject({
    'content-type': 'application/wasm',
    'content-encoding': 'gzip',
    'cache-control': 'public, max-age=31536000, immutable',
    'x-content-type-options': 'nosniff',
  });
  await page.getByRole('link', { name: nginx.host }).click();
  await page.getByRole('link', { name: 'samples/hello' }).click();
  await page.getByRole('link', { name: 'latest', exact: true }).click();
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  await expect(page.getByTestId('platform-row')).toHaveCount(4);
  await expect(page.locator('.skeleton')).toHaveCount(0);
  expect(complaints).toEqual([]);
  await nginx.stop();
  await distribution.stop();
});

test('a registry with a password answers pages only where nginx answers the preflight for it', async ({ page }) => {
  const registry = await startWithPassword();
  const nginx = await startStatic(registry.url);
  await page.goto(nginx.page);
  const ask = ({ url, headers, method }) =>
    fetch(url, { headers, method }).then(
      (response) => ({ status: response.status, challenge: response.headers.get('www-authenticate') }),
      (error) => String(error),
    );
  const authorization = `Basic ${Buffer.from('user:secret').toString('base64')}`;
  const url = `${nginx.registry}/v2/`;
  expect(await page.evaluate(ask, { url, headers: { authorization } })).toMatchObject({ status: 200 });
  expect(await page.evaluate(ask, { url, headers: { authorization: 'Basic wrong' } })).toMatchObject({ status: 401 });
  expect(await page.evaluate(ask, { url, headers: {} })).toMatchObject({ status: 401, challenge: expect.stringContaining('Basic realm=') });
  const upload = { url: `${nginx.registry}/v2/a/blobs/uploads/`, method: 'POST', headers: { authorization, 'content-type': 'application/json' } };
  expect(await page.evaluate(ask, upload)).toMatchObject({ status: 202 });
  // Without nginx the preflight itself is refused.
  const preflight = await fetch(`${registry.url}/v2/`, { method: 'OPTIONS' });
  expect(preflight.status).toBe(401);
  await nginx.stop();
  await registry.stop();
});

test('a gateway below a path of a site with TLS serves the app and its registries', async ({ page, complaints }) => {
  const silent = await startDevRegistry('--samples', '--no-cors');
  const gateway = await startGateway(`
hosts = ['registry.example.com']
trusted_proxies = ['127.0.0.0/8']
title = 'Our images'
theme = 'dark'
[[registries]]
name = 'lab'
url = '${silent.registry}'
host = 'images.example.com'`);
  const port = await freePort();
  const address = new URL(gateway.url).host;
  const nginx = await startNginx('gateways.conf', port, (folder) => {
    const { key, certificate } = makeCertificate(folder, 'registry.example.com');
    return [
      ['listen 443 ssl', `listen 127.0.0.1:${port} ssl`],
      ['/etc/nginx/tls/registry.example.com.pem', certificate],
      ['/etc/nginx/tls/registry.example.com.key', key],
      ['server 10.0.0.11:8080;', `server ${address};`],
      ['server 10.0.0.12:8080;', ''],
      ['server 10.0.0.13:8080;', ''],
    ];
  });
  const outside = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(`https://registry.example.com:${port}/tallyman/`)) outside.push(request.url());
  });
  await page.goto(`https://registry.example.com:${port}/tallyman/`);
  await expect(page.getByRole('banner')).toContainText('Our images');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await page.getByRole('link', { name: 'images.example.com' }).click();
  await page.getByRole('link', { name: 'samples/hello' }).click();
  await page.getByRole('link', { name: 'latest', exact: true }).click();
  await expect(page.getByTestId('digest-verified')).toBeVisible();
  await expect(page.locator('.skeleton')).toHaveCount(0);
  expect(outside).toEqual([]);
  expect(complaints).toEqual([]);
  await nginx.stop();
  await gateway.stop();
  await silent.stop();
});
