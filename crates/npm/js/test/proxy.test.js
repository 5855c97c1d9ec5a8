import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proxyFor } from '../node/proxy.js';

const proxy = 'http://proxy.test:3128/';
const both = { HTTP_PROXY: 'http://plain.test:1', HTTPS_PROXY: proxy };

for (const [url, env, expected] of [
  ['https://ghcr.io/v2/', {}, undefined],
  ['https://ghcr.io/v2/', both, proxy],
  ['http://ghcr.io/v2/', both, 'http://plain.test:1/'],
  ['https://ghcr.io/v2/', { https_proxy: proxy }, proxy],
  ['https://ghcr.io/v2/', { HTTPS_PROXY: 'proxy.test:3128' }, proxy],
  ['https://ghcr.io/v2/', { HTTPS_PROXY: '' }, undefined],
  ['https://localhost:5000/v2/', both, undefined],
  ['https://127.0.0.9:5000/v2/', both, undefined],
  ['https://[::1]:5000/v2/', both, undefined],
  ['https://ghcr.io/v2/', { ...both, NO_PROXY: '*' }, undefined],
  ['https://ghcr.io/v2/', { ...both, NO_PROXY: 'docker.io, GHCR.io' }, undefined],
  ['https://pkg.ghcr.io/v2/', { ...both, NO_PROXY: 'ghcr.io' }, undefined],
  ['https://notghcr.io/v2/', { ...both, NO_PROXY: 'ghcr.io' }, proxy],
  ['https://ghcr.io/v2/', { ...both, NO_PROXY: '.ghcr.io' }, proxy],
  ['https://pkg.ghcr.io/v2/', { ...both, NO_PROXY: '.ghcr.io' }, undefined],
  ['https://pkg.ghcr.io/v2/', { ...both, NO_PROXY: '*.ghcr.io' }, undefined],
  ['https://ghcr.io/v2/', { ...both, NO_PROXY: 'ghcr.io:443' }, undefined],
  ['https://ghcr.io:5000/v2/', { ...both, NO_PROXY: 'ghcr.io:443' }, proxy],
  ['https://10.1.2.3/v2/', { ...both, NO_PROXY: '10.0.0.0/8' }, undefined],
  ['https://11.1.2.3/v2/', { ...both, NO_PROXY: '10.0.0.0/8,no/sense,10.0.0.0/99' }, proxy],
  ['https://[fd00::1]/v2/', { ...both, NO_PROXY: 'fd00::/8' }, undefined],
  ['https://[fd00::1]:5000/v2/', { ...both, NO_PROXY: '[fd00::1]:5000' }, undefined],
  ['https://10.1.2.3/v2/', { ...both, NO_PROXY: '10.1.2.3' }, undefined],
]) {
  test(`${url} with ${JSON.stringify(env)} goes ${expected ? `through ${expected}` : 'straight'}`, () => {
    assert.equal(proxyFor(new URL(url), env)?.href, expected);
  });
}
