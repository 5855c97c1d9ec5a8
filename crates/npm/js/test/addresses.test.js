// Addresses that a registry names, read by one parser: credentials arrive nowhere but at the registry and its own token service.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { before, test } from 'node:test';

const registry = 'registry.example:5000';
const image = `${registry}/acme/app:1`;
const secret = 'S3CRET';
const encoded = Buffer.from(`ann:${secret}`).toString('base64');

let Tallyman;
before(async () => ({ Tallyman } = await import('../../../../target/npm/tallyman/lib/node.js')));

/** Pieces of addresses about which parsers have disagreed. */
const pieces = [
  'http', 'https', 'HTTP', 'Https', 'ftp', 'javascript', 'file', 'data', 'blob', ':', '/', '//', '///', '\\', '\\\\', '@', '?', '#', '%', '%2f', '%5c', '%40', '%00',
  'registry.example:5000', 'registry.example', 'REGISTRY.example', 'registry.example.', 'thief.test', 'thief.test:5000', 'registry.example.thief.test', 'thiefregistry.example',
  '127.0.0.1', '0x7f.1', '[::1]', '[::ffff:127.0.0.1]', '2130706433', ':80', ':443', ':5000', ':0', ':99999', 'user', 'user:pass', '..', '.', ' ', 'ü', '。', '\u00ad', 'x=y', 'localhost', '*', '|', '^', ';', '&', '<', '>',
];
const beginnings = ['', 'http://', 'https://', 'http:\\\\', 'http:/', 'https:', 'http:\\\\thief.test\\x?x://registry.example:5000/', '//', '/\\', '\\\\'];

/** Generated addresses, and mutations of usual ones; the same in every run. */
function* addresses(count) {
  let state = 7;
  const below = (limit) => (state = (state * 48271) % 2147483647) % limit;
  const pick = (from) => from[below(from.length)];
  const usual = ['https://registry.example:5000/token', 'http://registry.example/token?a=b', '/token', 'token', 'https://auth.registry.example/token', 'https://thief.test/token', 'http://registry.example:5000@thief.test/'];
  yield* usual;
  for (let at = usual.length; at < count; at++) {
    if (below(2)) {
      yield pick(beginnings) + Array.from({ length: below(8) }, () => pick(pieces)).join('');
      continue;
    }
    let text = pick(usual);
    for (let change = 1 + below(3); change > 0; change--) {
      const place = below(text.length + 1);
      text = text.slice(0, place) + (below(3) ? pick(pieces) : '') + text.slice(place + below(2));
    }
    yield text;
  }
}

/** The address that Node's own parser reads; `undefined` where there is none that may be asked. */
function parsed(text, base) {
  let url;
  try {
    url = new URL(text, base);
  } catch {
    return undefined;
  }
  const isUsable = /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
  url.hash = '';
  return isUsable ? url : undefined;
}

/** The hosts that a registry's credentials may go to: its own on any port, and those above and below. */
function isOfTheSite(host) {
  const own = 'registry.example';
  return host === own || host.endsWith(`.${own}`);
}

/** A client over `answer(url, init)`, which may return nothing for 404; `sent` collects the requests. */
function clientOf(credentials, answer) {
  const sent = [];
  const client = new Tallyman({
    insecure: true,
    attempts: 1,
    credentials: () => credentials,
    async fetch(url, init) {
      const body = init.body === undefined ? '' : Buffer.from(init.body).toString();
      sent.push({ url, method: init.method, text: JSON.stringify([...new Headers(init.headers)]) + body });
      return answer(url, init) ?? new Response('', { status: 404 });
    },
  });
  return { client, sent };
}

const holdsSecret = ({ url, text }) => [secret, encoded].some((word) => url.includes(word) || text.includes(word));
// A header's value is what HTTP can carry: bytes, each of which is a character of its own to JavaScript.
const isHeader = (text) => /^[^\x00-\x1f\x7f]*$/.test(text) && text === text.trim();
const inHeader = (text) => Buffer.from(text).toString('latin1');

for (const [kind, credentials] of [['a password', { username: 'ann', password: secret }], ['a refresh token', { identityToken: secret }]]) {
  test(`${kind} goes to the token service that Node's parser finds, and only on the registry's own site`, async () => {
    let asked = 0;
    for (const realm of addresses(1500)) {
      if (!isHeader(realm)) continue;
      const quoted = realm.replace(/["\\]/g, '\\$&');
      const { client, sent } = clientOf(credentials, (url) =>
        new URL(url).host === registry && new URL(url).pathname.startsWith('/v2/')
          ? new Response('', { status: 401, headers: { 'WWW-Authenticate': `Bearer realm="${inHeader(quoted)}",service="s"` } })
          : undefined,
      );
      await client.manifest(image).catch(() => {});
      const base = sent[0].url.startsWith('https:') ? `https://${registry}/v2/` : `http://${registry}/v2/`;
      const expected = parsed(realm, base);
      const others = sent.filter(({ url }) => !url.includes('/v2/acme/app/') && !url.endsWith('/v2/'));
      for (const request of others) {
        asked += 1;
        const url = new URL(request.url);
        assert.ok(expected, `${JSON.stringify(realm)} is no address, and ${request.url} was asked`);
        assert.equal(url.origin + url.pathname, expected.origin + expected.pathname, JSON.stringify(realm));
        assert.ok(request.url.startsWith(expected.href), `${JSON.stringify(realm)}: ${request.url}`);
      }
      for (const request of sent.filter(holdsSecret)) assert.ok(isOfTheSite(new URL(request.url).hostname), `${JSON.stringify(realm)}: ${request.url}`);
    }
    assert.ok(asked > 100, `only ${asked} of the addresses were asked`);
  });
}

test('redirects of a token service take no credentials to another site', async () => {
  let followed = 0;
  for (const location of addresses(1500)) {
    if (!isHeader(location)) continue;
    const realm = `https://${registry}/token`;
    const { client, sent } = clientOf({ username: 'ann', password: secret }, (url) => {
      const { host, pathname } = new URL(url);
      if (host === registry && pathname.startsWith('/v2/')) return new Response('', { status: 401, headers: { 'WWW-Authenticate': `Bearer realm="${realm}",service="s"` } });
      return host === registry && pathname === '/token' ? new Response('', { status: 307, headers: { Location: inHeader(location) } }) : undefined;
    });
    await client.manifest(image).catch(() => {});
    const at = sent.findIndex(({ url }) => new URL(url).pathname === '/token');
    const next = sent[at + 1];
    if (next) {
      followed += 1;
      const expected = parsed(location, sent[at].url);
      assert.equal(next.url, expected?.href, JSON.stringify(location));
    }
    for (const request of sent.filter(holdsSecret)) assert.ok(isOfTheSite(new URL(request.url).hostname), `${JSON.stringify(location)}: ${request.url}`);
  }
  assert.ok(followed > 100, `only ${followed} were followed`);
});

test("redirects, links and locations of the registry take its credentials to no other origin", async () => {
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', config: { mediaType: 'a/b', digest: `sha256:${'1'.repeat(64)}`, size: 2 }, layers: [] });
  const digest = `sha256:${createHash('sha256').update(manifest).digest('hex')}`;
  for (const location of addresses(600)) {
    if (!isHeader(location)) continue;
    const { client, sent } = clientOf({ username: 'ann', password: secret }, (url, { method, headers }) => {
      const { host, pathname, search } = new URL(url);
      if (host !== registry) return undefined;
      if (!new Headers(headers).has('authorization')) return new Response('', { status: 401, headers: { 'WWW-Authenticate': 'Basic realm="r"' } });
      if (pathname.endsWith('/tags/list')) return new Response('{"name":"acme/app","tags":["a"]}', search.includes('n=1000') ? { headers: { Link: `<${inHeader(location)}>; rel="next"` } } : {});
      if (pathname.endsWith('/uploads/')) return new Response('', { status: 202, headers: { Location: inHeader(location) } });
      if (method === 'GET' && pathname.includes('/blobs/')) return new Response('', { status: 307, headers: { Location: inHeader(location) } });
      return method === 'GET' && pathname.includes('/manifests/') ? new Response(manifest, { headers: { 'Content-Type': 'application/vnd.oci.image.manifest.v1+json', 'Docker-Content-Digest': digest } }) : undefined;
    });
    const tags = async () => {
      for await (const _ of client.tags(`${registry}/acme/app`));
    };
    await Promise.all([tags(), client.inspect(image)].map((work) => work.catch(() => {})));
    for (const request of sent.filter(holdsSecret)) {
      assert.equal(new URL(request.url).host, registry, `${JSON.stringify(location)}: ${request.url}`);
    }
  }
});
