// Values of the calling program that fail while they are read, come from another realm, or are not what they look like; and texts of
// registries in messages.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { Digest, Manifest, ManifestList, PushPlan, Reference, Tallyman, TallymanError, buildList, readLayer } from 'tallyman';
import { startDevRegistry } from '../e2e/servers.js';
import { failure } from './failure.js';

const own = new Error('mine');
const digest = `sha256:${'1'.repeat(64)}`;
const entry = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: 2, platform: { os: 'linux', architecture: 'amd64' } };
const fails = () => {
  throw own;
};
/** An object with the fields of `value`, of which one fails. */
const failing = (name, value = {}) => Object.defineProperty({ ...value }, name, { get: fails, enumerable: true });
const json = (body, type = 'application/vnd.oci.image.manifest.v1+json') => new Response(body, { headers: { 'content-type': type } });
const silent = () => new Tallyman({ fetch: () => Promise.reject(new Error('no way')), attempts: 1 });
const each = async (items) => {
  for await (const item of items) assert.ok(item);
};

describe('what fails while it is read', () => {
  const tm = silent();
  const list = () => new ManifestList('r.io/app:list', [entry]);
  for (const [name, call] of [
    ['an option of a call', () => tm.head('r.io/app', failing('signal'))],
    ['an option of a client', () => new Tallyman(failing('credentials'))],
    ['a method of a store', () => new Tallyman({ store: failing('names') })],
    ['a limit', () => readLayer([], { limits: failing('entries') })],
    ['a descriptor of a blob', () => tm.blob('r.io/app', failing('digest'))],
    ['a blob of an attachment', () => tm.attach('r.io/app', { artifactType: 'a/b', blobs: [failing('content')] })],
    ['a descriptor in a list', () => new ManifestList('r.io/app', [failing('size', entry)])],
    ['a descriptor of a new list', () => tm.create('r.io/app', [failing('reference', entry)])],
    ['a subject', () => tm.plan(list(), { subject: failing('reference', entry) })],
    ['annotations', () => list().annotateIndex(failing('a'))],
    ['a platform', () => tm.resolve('r.io/app', { platform: failing('os') })],
    ['a change', () => list().annotate(`r.io/app@${digest}`, failing('os'))],
    ['descriptors', () => buildList((function* () { yield entry; throw own; })())],
    ['a copy of a manifest', () => Manifest.from(failing('bytes'))],
    ['the data of an error', () => TallymanError.from(failing('code'))],
    ['the iterator of a stream', () => Digest.ofStream({ [Symbol.asyncIterator]: fails })],
    ['the iterator of a layer', () => each(readLayer({ [Symbol.asyncIterator]: fails }))],
  ]) {
    test(`${name} is the cause of an error of the package`, async () => {
      const { code, message, cause } = await failure(call);
      assert.deepEqual([code, cause], ['input-failed', own]);
      assert.match(message, /^expected .*, which failed: mine$/);
    });
  }

  test('an iterator that gives no results is told by an error of the package', async () => {
    const { code } = await failure(() => Digest.ofStream({ [Symbol.asyncIterator]: () => ({ next: async () => undefined }) }));
    assert.equal(code, 'input-failed');
  });

  test('Proxies that fail end every method in an error of the package', async () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const trap = () => fails();
    const failed = new Proxy({}, { get: trap, has: trap, ownKeys: trap, getPrototypeOf: trap });
    const withStore = new Tallyman({ attempts: 1, store: new (await import('tallyman')).MemoryStore(), fetch: () => Promise.reject(own) });
    const names = Object.getOwnPropertyNames(Tallyman.prototype).filter((name) => name !== 'constructor');
    assert.ok(names.length > 30);
    for (const name of names) {
      for (const value of [proxy, failed]) {
        for (const given of [[value], ['r.io/app:1', value], ['r.io/app:1', 'r.io/app:2', value]]) {
          const call = () => {
            const result = withStore[name](...given);
            return result?.[Symbol.asyncIterator] ? each(result) : result;
          };
          // A method that takes fewer arguments does not look at the last one.
          await Promise.resolve().then(call).catch((error) => assert.ok(error instanceof TallymanError, `${name}: ${error}`));
        }
      }
    }
  });

  test('a Proxy or a copy of an instance is refused as such', async () => {
    const plan = tm.plan(list());
    for (const [value, call, name] of [
      [Reference.parse('r.io/app'), (reference) => tm.head(reference), 'Reference'],
      [Reference.parse('r.io/app'), (reference) => Reference.parse(reference), 'Reference'],
      [list(), (made) => tm.push(made), 'ManifestList'],
      [list(), (made) => tm.plan(made), 'ManifestList'],
      [plan, (made) => tm.push(made), 'PushPlan'],
    ]) {
      for (const other of [new Proxy(value, {}), Object.assign(Object.create(Object.getPrototypeOf(value)), {})]) {
        const { code, message } = await failure(() => call(other));
        assert.deepEqual([code, message], ['argument-invalid', `expected a ${name} itself, found a Proxy or a copy of one`]);
      }
    }
    assert.ok(plan instanceof PushPlan);
  });
});

describe('values of another realm', () => {
  test('dates and patterns are taken', async () => {
    let asked = 0;
    const fetch = async (url, { headers }) => {
      const isKnown = new Headers(headers).has('authorization');
      return isKnown ? json('{"tags":["a1","b1"]}', 'application/json') : new Response('', { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } });
    };
    const credentials = () => {
      asked += 1;
      return { username: 'user', password: 'secret', expiresAt: runInNewContext('new Date(Date.now() + 60000)') };
    };
    const tm = new Tallyman({ fetch, credentials, attempts: 1 });
    const found = [];
    for await (const tag of tm.tags('r.io/app', { match: runInNewContext('/^a/') })) found.push(tag);
    assert.deepEqual([found, asked], [['a1'], 1]);
  });

  test('errors keep their words', async () => {
    const thrown = runInNewContext('new TypeError("from elsewhere")');
    const error = await failure(() => Digest.ofStream({ [Symbol.asyncIterator]: () => { throw thrown; } }));
    assert.equal(error.message, 'expected a stream of bytes, which failed: from elsewhere');
    assert.deepEqual(error.toJSON().cause, { name: 'TypeError', message: 'from elsewhere' });
  });
});

test('what a callback throws is told in words, whatever it is', async () => {
  const fetch = async () => new Response('', { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } });
  for (const [thrown, words] of [
    [undefined, 'undefined'],
    [Symbol('s'), 'Symbol(s)'],
    [{ message: 'no keychain' }, 'no keychain'],
    [{ a: 1 }, '[object Object]'],
    [Object.create(null), 'no text'],
    [runInNewContext('new Error("from elsewhere")'), 'from elsewhere'],
  ]) {
    const store = { names: () => { throw thrown; }, load() {}, save() {}, putEntry() {}, remove() {} };
    const tm = new Tallyman({ fetch, store, attempts: 1, credentials: () => Promise.reject(thrown) });
    const { code, message, cause } = await failure(() => tm.manifest('r.io/app:1'));
    assert.deepEqual([code, message], ['credentials', `expected credentials for r.io: ${words}`]);
    if (thrown !== undefined) assert.equal(cause, thrown);
    assert.ok((await failure(() => tm.lists())).message.endsWith(words));
  }
});

describe("a program's own fetch", () => {
  test('is the cause of a body that fails', async () => {
    const thrown = new Error('the tape is torn', { cause: new Error('worn') });
    const body = () => new ReadableStream({ pull: (controller) => controller.error(thrown) });
    const tm = new Tallyman({ attempts: 1, fetch: async () => json(body()) });
    const { code, message, cause } = await failure(() => tm.manifest('r.io/app:1'));
    assert.deepEqual([code, cause], ['broken-off', thrown]);
    assert.match(message, /the tape is torn$/);
    const stream = await failure(async () => new Response(await tm.blob('r.io/app', { digest, size: 5 })).text());
    assert.deepEqual([stream.code, stream.cause], ['broken-off', thrown]);
  });

  test('that returns something wrong is not asked again', async () => {
    for (const [answer, message] of [
      [() => ({ status: '200', headers: [], body: null }), /expected a Response with status and headers/],
      [() => ({ status: 200.5, headers: [], body: null }), /expected a Response with status and headers/],
      [() => ({ status: 1000, headers: [], body: null }), /expected a Response with status and headers/],
      [() => ({ status: 200, headers: [5], body: null }), /the option fetch failed/],
      [() => ({ status: 200, headers: new Headers(), body: ['text'] }), /expected pieces of bytes, found string$/],
    ]) {
      const asked = [];
      const waits = [];
      const fetch = async (url) => {
        asked.push(url);
        return answer();
      };
      const tm = new Tallyman({ fetch, insecure: false, onRetry: ({ wait }) => waits.push(wait) });
      const { code, retryable, message: said } = await failure(() => tm.manifest('r.io/app:1'));
      assert.deepEqual([code, retryable, waits, asked.length], ['argument-invalid', false, [], 1], said);
      assert.match(said, message);
    }
  });
});

test('errors that are their own cause have a JSON, and are told from others', async () => {
  const cyclic = new TallymanError({ code: 'unreachable', message: 'm' });
  cyclic.cause = cyclic;
  assert.equal(JSON.parse(JSON.stringify(cyclic)).cause.cause.message, 'm');
  assert.equal(cyclic.retryable, true);
  const other = new TallymanError({ code: 'internal', message: 'm' });
  other.cause = other;
  assert.equal(other.retryable, false);
  const data = { code: 'internal', message: 'm' };
  data.cause = data;
  assert.equal(TallymanError.from(data).cause.message, 'm');
  const fetch = async () => new Response('', { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } });
  const { code, cause } = await failure(() => new Tallyman({ fetch, attempts: 1, credentials: () => Promise.reject(cyclic) }).head('r.io/app:1'));
  assert.deepEqual([code, cause], ['credentials', cyclic]);
});

describe('messages', () => {
  let registry;
  before(async () => {
    registry = await startDevRegistry('--samples', '--hostile', 'control-characters');
  });
  after(() => registry?.stop());

  test('have nothing that steers a terminal, which a registry sent', async () => {
    const tm = new Tallyman({ attempts: 1 });
    const { message, body } = await failure(() => tm.putBlob(`${registry.host}/evil/app`, 'hello'));
    assert.ok(message.includes(String.raw`\x1b]0;owned\x07`), message);
    assert.doesNotMatch(message, /[\p{Cc}\u202e]/u);
    // The registry's own text is in the fields.
    assert.ok(body.includes('\u001b') || body.includes(String.raw`\u001b`), body);
  });

  test('name the image whose manifest cannot be read, and the option that is wrong', async () => {
    const tm = new Tallyman({ attempts: 1, fetch: async () => json('null') });
    for (const call of [() => tm.manifest('r.io/app:1'), () => tm.inspect('r.io/app:1'), () => tm.resolve('r.io/app:1')]) {
      const { code, message } = await failure(call);
      assert.equal(code, 'manifest-invalid');
      assert.match(message, /^r\.io\/app:1: expected a manifest as JSON/);
    }
    assert.match((await failure(() => readLayer([], { limits: 5 }))).message, /^expected an object as limits, found 5$/);
    const { message } = await failure(() => each(readLayer([new Uint8Array(1024)], { diffId: digest })));
    assert.match(message, new RegExp(`^expected a layer with the diff ID ${digest}, found sha256:`));
  });
});
