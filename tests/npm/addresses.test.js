// Generated and mutated addresses in the place of realms, redirects, locations and links: credentials follow those alone
// that are at the registry by the reading of the URL standard's parser, `new URL`.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManifestList, Tallyman, TallymanError } from 'tallyman';
import { failure } from './failure.js';

const count = Number(process.env.TALLYMAN_ADDRESSES ?? 400);
const registry = 'registry.example:5000';
const pieces = [
  'http', 'https', 'HTTP', 'ftp', 'javascript', 'file', 'data', ':', '/', '//', '\\', '\\\\', '@', '?', '#', '%', '%2f', '%40', '%5c', '.',
  '..', ' ', '\t', ':80', ':443', ':5000', 'user:p', 'x=y', 'thief.example', 'registry.example', 'REGISTRY.example', 'registry.example:5000',
  'token', 'v2', '127.0.0.1', '0x7f.1', '[::1]', '[::ffff:1.2.3.4]', 'localhost', 'xn--', 'ü', '。', '／', '|', '^', '*', '"', ',', ';', '<',
];
const starts = ['', 'http://', 'https://', 'http:\\\\', 'https:/', '//', '\\\\', 'http://registry.example:5000/', 'http:\\\\thief.example\\x?://registry.example:5000/'];

/** Numbers that look random and are the same in every run. */
function numbers(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** An address that parsers may read differently. */
function address(below) {
  const text = starts[below(starts.length)] + Array.from({ length: below(7) }, () => pieces[below(pieces.length)]).join('');
  // Bytes of a header.
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** Returns `true` if a URL is the registry's own: its host, or one below or above it. */
function isOwn(url) {
  const { protocol, hostname, username, password } = new URL(url);
  const own = hostname === 'registry.example' || hostname.endsWith('.registry.example') || hostname === 'example';
  return own && (protocol === 'http:' || protocol === 'https:') && !username && !password;
}

/** Answers of a registry, by the place in which they have an address. */
const places = {
  realm: (text) => (path) => path.startsWith('/v2/') && [401, { 'www-authenticate': `Bearer realm="${text.replaceAll('"', '')}",service="r"` }],
  redirect: (text) => () => [307, { location: text }],
  location: (text) => (path, method) => (method === 'POST' ? [202, { location: text }] : [404, {}]),
  link: (text) => () => [200, { link: `<${text}>; rel="next"`, 'content-type': 'application/json' }, '{"tags":["a"]}'],
};

const secrets = ['secret', 'dXNlcjpzZWNyZXQ=', 'an-identity-token'];
const known = [{ username: 'user', password: 'secret' }, { identityToken: 'an-identity-token' }];

for (const [place, answers] of Object.entries(places)) {
  test(`an address as ${place} gets credentials if it is the registry's by the URL standard`, async () => {
    const below = numbers(0x7a11);
    const wrong = [];
    let [own, withCredentials] = [0, 0];
    for (let at = 0; at < count; at++) {
      const text = address(below);
      const answer = answers(text);
      const fetch = async (url, { method = 'GET', headers, body }) => {
        // Only what the parser writes is sent, so that nothing reads it in another way.
        if (new URL(url).href !== url) wrong.push(`${JSON.stringify(text)} was sent as ${url}`);
        const sent = JSON.stringify([url, headers, body && new TextDecoder().decode(body)]);
        const hasCredentials = secrets.some((secret) => sent.includes(secret)) || /authorization/i.test(JSON.stringify(headers));
        if (hasCredentials && !isOwn(url)) wrong.push(`${JSON.stringify(text)} took credentials to ${url}`);
        withCredentials += hasCredentials;
        own += isOwn(url);
        const { pathname, host } = new URL(url);
        // Signed-in requests get further, but for the tests of realms.
        const wants = place !== 'realm' && host === registry && !/authorization/i.test(JSON.stringify(headers));
        const [status, named, content] = wants ? [401, { 'www-authenticate': 'Basic realm="r"' }] : answer(pathname, method) || [200, {}, '{}'];
        return new Response(status === 204 ? null : (content ?? '{}'), { status, headers: named });
      };
      const tm = new Tallyman({ credentials: () => known[at % 2 && place === 'realm' ? 1 : 0], insecure: true, attempts: 1, timeout: 1000, fetch });
      const list = new ManifestList(`${registry}/app:v1`);
      const image = { mediaType: 'application/vnd.oci.image.manifest.v1+json', size: 2, platform: { os: 'linux', architecture: 'amd64' } };
      list.add({ ...image, digest: `sha256:${'1'.repeat(64)}` });
      const calls = [
        () => tm.head(`${registry}/app:v1`),
        async () => {
          for await (const _ of tm.tags(`${registry}/app`));
        },
        () => tm.push(list),
      ];
      for (const call of calls) {
        await call().catch((error) => {
          if (!(error instanceof TallymanError)) throw error;
        });
      }
    }
    assert.deepEqual(wrong, []);
    const least = place === 'realm' ? count / 20 : count;
    assert.ok(own > count && withCredentials > least, `${own} requests to the registry, ${withCredentials} with credentials`);
  });
}

describe('a registry whose name is no host of a URL is told by each call', () => {
  const hosts = ['reg.example:99999', '10.0.0.256:5000', 'xn--a.example', '[::1::2]:5000'];
  const ignored = () => undefined;
  for (const [door, options] of [
    ["by Node's own requests", {}],
    ['by a fetch of the program', { fetch: (url, init) => fetch(url, init) }],
    ['where the program has a function insecure', { insecure: ignored, onRequest: ignored, credentials: ignored }],
  ]) {
    test(door, { timeout: 60_000 }, async () => {
      for (const host of hosts) {
        const tm = new Tallyman({ attempts: 1, ...options });
        const name = `${host}/app:1`;
        const calls = ['head', 'manifest', 'resolve', 'inspect', 'referrers', 'tree', 'findings', 'attestations', 'untag'].map((call) => () => tm[call](name));
        calls.push(() => tm.tags(`${host}/app`).next(), () => tm.catalog(host).next(), () => tm.copy(name, `${host}/copy:1`), () => tm.putBlob(name, 'content'));
        for (const call of [...calls, ...calls]) {
          const { code, message } = await failure(call);
          assert.deepEqual([code, message.includes(`://${host}/v2/`), message.endsWith('Invalid URL')], ['unreachable', true, true], message);
        }
      }
    });
  }

  test('where a function insecure throws what has no words', { timeout: 60_000 }, async () => {
    const insecure = () => {
      throw Object.create(null);
    };
    for (const host of ['reg.example:99999', 'reg.example']) {
      const tm = new Tallyman({ attempts: 1, insecure, fetch: () => Promise.reject(new Error('no way')) });
      for (const _ of [1, 2]) {
        const { code, message } = await failure(() => tm.resolve(`${host}/app:1`));
        assert.deepEqual([code, message], ['argument-invalid', `the option insecure failed for ${host}: no text`]);
      }
    }
  });
});
