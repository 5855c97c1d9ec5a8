// The package in every place where it is to work, installed from the tarball that npm would publish.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createServer } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { makeCertificate } from '../../crates/npm/js/test/servers.js';
import { startDevRegistry } from '../e2e/servers.js';
import { expected } from './expected.js';
import { launch, serve, visit } from './servers.js';
import { apart } from './twins.js';

const root = fileURLToPath(new URL('.', import.meta.url));
const consumer = (...names) => join(root, 'consumers', ...names);
const run = promisify(execFile);

let registry;
let site;
let browser;

before(async () => {
  [registry, site, browser] = await Promise.all([startDevRegistry('--samples'), serve(), launch()]);
});

after(async () => {
  await Promise.all([registry?.stop(), site?.stop(), browser?.close()]);
});

async function program(name, command, ...args) {
  const { stdout, stderr } = await run(command, [...args, registry.host, name], { cwd: root });
  assert.equal(stderr, '');
  assert.deepEqual(JSON.parse(stdout), await expected(registry.host, name));
}

async function page(name, path, { read, policy } = {}) {
  const query = new URLSearchParams({ registry: registry.host, name, ...(policy ? { policy } : {}) });
  return visit(browser, `${site.url}${path}?${query}`, read);
}

async function pageGives(name, path, options) {
  assert.deepEqual(await page(name, path, options), await expected(registry.host, name));
}

test('import in Node', () => program('node-esm', 'node', consumer('node/main.mjs')));

test('require in Node', { skip: !process.features.require_module && 'this Node requires no modules' }, () =>
  program('node-cjs', 'node', consumer('node/main.cjs')),
);

test('the asynchronous door from CommonJS', () => program('node-door', 'node', consumer('node/door.cjs')));

test('Deno, with no more permissions than it needs, and its check of types', async () => {
  const options = ['--no-lock', '--node-modules-dir=manual', '--quiet'];
  const allowed = ['--allow-net', '--allow-read=node_modules', '--no-prompt', '--no-check'];
  const deno = join(root, 'node_modules/.bin/deno');
  await program('deno', deno, 'run', ...options, ...allowed, consumer('deno/main.ts'));
  await run(deno, ['check', ...options, consumer('deno/main.ts')], { cwd: root });
});

test('Deno, with files and credentials, without its permissions for environment and system', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tallyman-deno-'));
  await writeFile(join(folder, 'config.json'), JSON.stringify({ auths: { 'r.example': { auth: Buffer.from('user:secret').toString('base64') } } }));
  const options = ['--no-lock', '--node-modules-dir=manual', '--quiet', '--no-prompt', '--no-check'];
  const allowed = [`--allow-read=node_modules,${folder}`, `--allow-write=${folder}`];
  const { stdout } = await run(join(root, 'node_modules/.bin/deno'), ['run', ...options, ...allowed, consumer('deno/files.ts'), folder], { cwd: root });
  assert.deepEqual(JSON.parse(stdout), [['r.example/app:v1'], { username: 'user', password: 'secret' }]);
  await rm(folder, { recursive: true });
});

test('Deno tells why a registry cannot be reached as Node does', async (t) => {
  const secret = createServer(makeCertificate(t), (socket) => socket.end()).on('tlsClientError', () => {});
  await once(secret.listen(0, '127.0.0.1'), 'listening');
  t.after(() => secret.close());
  // No system gives the last port to a program that asks for any.
  const hosts = [`127.0.0.1:${secret.address().port}`, registry.host, '127.0.0.1:65535'];
  const options = ['--no-lock', '--node-modules-dir=manual', '--quiet', '--no-prompt', '--no-check', '--allow-net', '--allow-read=node_modules'];
  const { stdout } = await run(join(root, 'node_modules/.bin/deno'), ['run', ...options, consumer('deno/failures.ts'), ...hosts], { cwd: root });
  const told = JSON.parse(stdout);
  assert.deepEqual(told.map(([code]) => code), ['tls', 'plain-http-refused', 'unreachable']);
  assert.equal(told[2][1], 'refused');
});

test('Vite, as it is built, in the page and in a worker', async () => {
  const { build } = await import('vite');
  await build({ root: consumer('vite'), base: './', logLevel: 'warn', configFile: false });
  await pageGives('vite', '/consumers/vite/dist/index.html');
  const worker = await page('vite-2', '/consumers/vite/dist/index.html', { read: () => globalThis.worker });
  assert.deepEqual(worker, await expected(registry.host, 'vite-2-worker'));
});

test('Vite, while it is worked on', async () => {
  const { createServer } = await import('vite');
  const server = await createServer({ root: consumer('vite'), logLevel: 'error', configFile: false, server: { port: 0, host: '127.0.0.1' } });
  try {
    await server.listen();
    const { port } = server.httpServer.address();
    const query = new URLSearchParams({ registry: registry.host, name: 'vite-dev' });
    assert.deepEqual(await visit(browser, `http://127.0.0.1:${port}/?${query}`), await expected(registry.host, 'vite-dev'));
  } finally {
    await server.close();
  }
});

test('webpack', async () => {
  const { default: webpack } = await import('webpack');
  const output = { path: consumer('webpack/dist'), filename: 'main.js' };
  const compiler = webpack({ mode: 'production', context: consumer('webpack'), entry: './main.js', output, performance: false });
  const stats = await promisify(compiler.run.bind(compiler))();
  await promisify(compiler.close.bind(compiler))();
  assert.equal(stats.hasErrors() || stats.hasWarnings(), false, stats.toString({ all: false, errors: true, warnings: true }));
  assert.deepEqual(Object.keys(stats.compilation.assets), ['main.js']);
  html('webpack');
  await pageGives('webpack', '/consumers/webpack/dist/index.html');
});

test('esbuild', async () => {
  const { build } = await import('esbuild');
  const options = { bundle: true, minify: true, logLevel: 'silent', entryPoints: [consumer('esbuild/main.js')] };
  for (const format of ['esm', 'iife']) {
    const { warnings } = await build({ ...options, format, outfile: consumer('esbuild/dist/main.js') });
    assert.deepEqual(warnings, []);
    html('esbuild', format === 'esm');
    await pageGives(`esbuild-${format}`, '/consumers/esbuild/dist/index.html');
  }
});

test('esbuild, for Node, in both formats and away from the package', async () => {
  const { build } = await import('esbuild');
  const folder = await mkdtemp(join(tmpdir(), 'tallyman-bundled-'));
  // CommonJS has no await outside of functions.
  const contents = `import * as tallyman from 'tallyman';
    import { scenario } from './scenario.js';
    scenario(tallyman, process.argv[2], process.argv[3]).then((result) => console.log(JSON.stringify(result)));`;
  for (const [format, name] of [['esm', 'main.mjs'], ['cjs', 'main.cjs']]) {
    const outfile = join(folder, name);
    await build({ bundle: true, platform: 'node', format, logLevel: 'silent', stdin: { contents, resolveDir: root }, outfile });
    await program(`esbuild-node-${format}`, 'node', outfile);
  }
  await rm(folder, { recursive: true });
});

test('the element is imported where there are no elements, as pages are rendered on servers', async () => {
  const { stdout } = await run('node', ['--input-type=module', '-e', "console.log(typeof (await import('tallyman/element')).TallymanManifest)"], { cwd: root });
  assert.equal(stdout.trim(), 'function');
});

test('a worker of workerd gets its wasm as modules', async () => {
  const { build } = await import('esbuild');
  const options = { bundle: true, format: 'esm', conditions: ['workerd'], loader: { '.wasm': 'copy' }, logLevel: 'silent', write: false, outdir: 'dist' };
  const { outputFiles, warnings } = await build({ ...options, stdin: { contents: "export { Tallyman } from 'tallyman';", resolveDir: root } });
  assert.deepEqual(warnings, []);
  assert.equal(outputFiles.filter(({ path }) => path.endsWith('.wasm')).length, 4);
  const [script] = outputFiles.filter(({ path }) => path.endsWith('.js'));
  assert.match(script.text, /import \w+ from "\.\/tallyman-\w+\.wasm"/);
});

test('Rollup', async () => {
  const { rollup } = await import('rollup');
  const { nodeResolve } = await import('@rollup/plugin-node-resolve');
  const warnings = [];
  const options = { input: consumer('rollup/main.js'), plugins: [nodeResolve({ browser: true })], onwarn: (warning) => warnings.push(warning.message) };
  const bundle = await rollup(options);
  await bundle.write({ file: consumer('rollup/dist/main.js'), format: 'es' });
  await bundle.close();
  assert.deepEqual(warnings, []);
  html('rollup');
  await pageGives('rollup', '/consumers/rollup/dist/index.html');
});

test('plain files from a static server', () => pageGives('static', '/consumers/static/web.html'));

test('the element takes the engine that a page has loaded already', async () => {
  const page = await browser.newPage();
  const asked = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname.split('/').at(-1)));
  await page.goto(`${site.url}/consumers/static/empty.html`);
  const found = await page.evaluate(async (reference) => {
    await import('/node_modules/tallyman/lib/web.js');
    await import('/node_modules/tallyman/element/index.js');
    const element = document.createElement('tallyman-manifest');
    const loaded = new Promise((resolve) => element.addEventListener('load', ({ detail }) => resolve(detail.inspection.digest)));
    element.setAttribute('loading', 'eager');
    element.setAttribute('reference', reference);
    document.body.append(element);
    return loaded;
  }, `${registry.host}/samples/hello:latest`);
  assert.match(found, /^sha256:/);
  assert.deepEqual([asked.includes('tallyman.wasm'), asked.includes('inline.js')], [true, false]);
  await page.close();
});

test('the element waits for the engine that a page is loading', async () => {
  const page = await browser.newPage();
  const asked = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname.split('/').at(-1)));
  let letThrough;
  const through = new Promise((resolve) => (letThrough = resolve));
  await page.route('**/tallyman.wasm', (route) => through.then(() => route.continue()));
  await page.goto(`${site.url}/consumers/static/empty.html`);
  const isLoading = page.waitForRequest('**/tallyman.wasm');
  await page.evaluate(() => (globalThis.library = import('/node_modules/tallyman/lib/web.js')) && undefined);
  await isLoading;
  await page.evaluate(async (reference) => {
    await import('/node_modules/tallyman/element/index.js');
    const element = document.createElement('tallyman-manifest');
    globalThis.loaded = new Promise((resolve) => element.addEventListener('load', ({ detail }) => resolve(detail.inspection.digest)));
    element.setAttribute('loading', 'eager');
    element.setAttribute('reference', reference);
    document.body.append(element);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }, `${registry.host}/samples/hello:latest`);
  letThrough();
  assert.match(await page.evaluate(() => loaded), /^sha256:/);
  assert.equal(await page.evaluate(async () => String((await library).Reference.parse('alpine'))), 'docker.io/library/alpine:latest');
  assert.deepEqual([asked.filter((name) => name === 'tallyman.wasm').length, asked.includes('inline.js')], [1, false]);
  await page.close();
});

test('a module worker', () => pageGives('worker', '/consumers/static/worker.html'));

test('the slim entry, once the wasm is given to it', async () => {
  await pageGives('slim', '/consumers/static/slim.html');
  assert.equal(await page('slim-early', '/consumers/static/slim.html', { read: () => globalThis.early }), 'not-initialized');
});

test('a policy that allows wasm and nothing else', async () => {
  const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' http://127.0.0.1:*";
  await pageGives('csp-file', '/consumers/csp/index.html', { policy });
  await pageGives('csp-carried', '/consumers/csp/carried.html', { policy });
});

test('a policy that forbids wasm is named', async () => {
  const policy = "default-src 'none'; script-src 'self'; connect-src 'self' http://127.0.0.1:*";
  const { code, message } = await page('csp-blocked', '/consumers/csp/carried.html', { policy });
  assert.equal(code, 'wasm-blocked');
  assert.match(message, /add 'wasm-unsafe-eval' to script-src/);
});

test('a database that another tab or program holds is told, and what to do', async () => {
  const context = await browser.newContext();
  const tab = await context.newPage();
  await tab.goto(`${site.url}/consumers/static/empty.html`);
  const told = await tab.evaluate(async () => {
    const { IndexedDbStore } = await import('/node_modules/tallyman/lib/web.js');
    const opened = (name, version) =>
      new Promise((resolve) => {
        indexedDB.open(name, version).onsuccess = ({ target: { result } }) => resolve(result);
      });
    const failure = (store) => store.names().then(() => 'none', ({ code, message }) => `${code}: ${message}`);
    const older = await opened('held', 1);
    const store = new IndexedDbStore('held');
    // Each call is told, also while an earlier one still waits in the browser.
    const held = await Promise.all([failure(store), failure(new IndexedDbStore('held'))]);
    held.push(await failure(store));
    older.close();
    (await opened('other', 2)).close();
    const foreign = await failure(new IndexedDbStore('other'));
    return [held, foreign, await failure(store)];
  });
  assert.equal(told[0].length, 3);
  for (const held of told[0]) assert.match(held, /^store-failed: expected to open the database held, found an older version of it open in another tab: close that tab/);
  assert.match(told[1], /^store-failed: expected the object stores .* found none: it is another program's; give the store another name$/);
  assert.equal(told[2], 'none');
  await context.close();
});

test('lists are kept in IndexedDB, for every tab, as the Docker CLI writes them', async () => {
  const context = await browser.newContext();
  const open = async () => {
    const tab = await context.newPage();
    await tab.goto(`${site.url}/consumers/static/empty.html`);
    await tab.evaluate(async () => {
      const { IndexedDbStore, Tallyman } = await import('/node_modules/tallyman/lib/web.js');
      globalThis.tm = new Tallyman({ store: new IndexedDbStore('kept') });
      globalThis.heard = new Promise((resolve) => (new BroadcastChannel('kept-lists').onmessage = ({ data }) => resolve(data)));
    });
    return tab;
  };
  const [first, second] = [await open(), await open()];
  const list = `${registry.host}/kept/app:v1`;
  const made = await first.evaluate(
    async ([list, hello]) => {
      const { entries } = await tm.inspect(hello);
      const images = entries.slice(0, 2).map(({ digest }) => `${hello}@${digest}`);
      const made = await tm.create(list, images);
      made.annotate(images[0], { os: 'linux', architecture: 'arm', variant: 'v6' });
      await tm.save(made);
      return { digest: made.digest, entries: made.entries };
    },
    [list, `${registry.host}/samples/hello`],
  );
  const name = `${registry.host.replace(':', '-')}_kept_app-v1`;
  assert.equal(await second.evaluate(() => heard), name);
  assert.deepEqual(await second.evaluate(() => tm.lists()), [list]);
  const loaded = await second.evaluate((list) => tm.load(list).then(({ digest, entries }) => ({ digest, entries })), list);
  assert.deepEqual(loaded, made);
  const stored = await second.evaluate(
    () =>
      new Promise((resolve) => {
        indexedDB.open('kept').onsuccess = ({ target: { result } }) => {
          const stores = result.transaction(['lists', 'entries']);
          stores.objectStore('lists').getAll().onsuccess = ({ target: { result: lists } }) => {
            stores.objectStore('entries').getAll().onsuccess = ({ target: { result: entries } }) => {
              resolve({ lists, refs: entries.map((bytes) => JSON.parse(new TextDecoder().decode(bytes)).Ref) });
            };
          };
        };
      }),
  );
  assert.deepEqual(stored, { lists: [list], refs: made.entries.map(({ reference }) => reference) });
  const { digest } = await second.evaluate((list) => tm.push(list, { purge: true }), list);
  assert.equal(digest, made.digest);
  assert.deepEqual(await first.evaluate((list) => Promise.all([tm.lists(), tm.remove(list)]), list), [[], false]);
  await context.close();
});

test('lists in a browser outlast other tabs that change them, delete the database or make a newer one', async () => {
  const tab = await browser.newPage();
  await tab.goto(`${site.url}/consumers/static/empty.html`);
  const outcome = await tab.evaluate(async (hello) => {
    const { IndexedDbStore, Tallyman } = await import('/node_modules/tallyman/lib/web.js');
    // Another program changes a list as soon as it was read.
    class RacedStore extends IndexedDbStore {
      afterLoad;
      async load(list) {
        const found = await super.load(list);
        const change = this.afterLoad;
        this.afterLoad = undefined;
        await change?.();
        return found;
      }
    }
    const store = new RacedStore('raced');
    const tm = new Tallyman({ store });
    const { entries } = await tm.inspect(hello);
    const [first, second] = entries.map(({ digest }) => `${hello}@${digest}`);
    const [list, to] = ['v1', 'v2'].map((tag) => `${hello.split('/')[0]}/raced/app:${tag}`);
    await tm.create(list, [first]);
    const onProgress = ({ completed, total }) => {
      if (completed === total) store.afterLoad = () => tm.create(list, [second], { amend: true });
    };
    const { localList } = await tm.push(list, { copy: true, purge: true, onProgress });
    await tm.rename(list, to);
    const [file] = await store.names();
    const seen = await store.load(file);
    const direct = [
      seen.length,
      await store.removeSeen(file, seen.slice(1)),
      await store.rename(file, file, to),
      await store.rename('none', 'other', to),
      await store.removeSeen(file, seen),
      await store.removeSeen(file, seen),
    ];
    await tm.create(list, [first]);
    // A change that cannot be made whole is not made.
    const [kept] = await store.names();
    const before = JSON.stringify(await store.load(kept));
    const notStored = [() => undefined, Symbol('none')];
    const changes = [
      (bad) => store.save(kept, [['new', new Uint8Array()], ['bad', bad]], list),
      (bad) => store.putEntry(kept, ['bad', bad], list),
      (bad) => store.edit(kept, [['new', undefined, new Uint8Array()], ['bad', undefined, bad]], list),
      (bad) => store.add('another', [['new', new Uint8Array()], ['bad', bad]], list),
    ];
    const failed = await Promise.all(notStored.flatMap((bad) => changes.map((change) => change(bad).then(() => 'done', ({ name }) => name))));
    const afterFailures = [[...new Set(failed)].join(), JSON.stringify(await store.load(kept)) === before, await store.names()];
    const done = (request) => new Promise((resolve, reject) => (request.onsuccess = resolve) && (request.onerror = request.onblocked = reject));
    await done(indexedDB.deleteDatabase('raced'));
    const afterDeletion = await tm.lists();
    await tm.create(list, [first]);
    const newer = indexedDB.open('raced', 3);
    await done(newer);
    newer.result.close();
    const afterUpgrade = await tm.lists().then(String, ({ code, message }) => `${code}: ${message}`);
    return { localList, direct, afterFailures, afterDeletion, afterUpgrade };
  }, `${registry.host}/samples/hello`);
  assert.deepEqual(outcome, {
    localList: 'kept',
    direct: [2, false, 'taken', 'gone', true, false],
    afterFailures: ['DataCloneError', true, [`${registry.host.replace(':', '-')}_raced_app-v1`]],
    afterDeletion: [],
    afterUpgrade:
      'store-failed: expected version 2 of the database raced, found a newer one: a newer version of this program has opened it in another tab; reload this page',
  });
  await tab.close();
});

test('lists in a browser that share a name as files are kept apart', async () => {
  const tab = await browser.newPage();
  await tab.goto(`${site.url}/consumers/static/empty.html`);
  const found = await tab.evaluate(async () => {
    const tallyman = await import('/node_modules/tallyman/lib/web.js');
    const { twins } = await import('/twins.js');
    return twins(tallyman, new tallyman.IndexedDbStore('twins'));
  });
  assert.deepEqual(found, apart);
  await tab.close();
});

function html(name, isModule = true) {
  mkdirSync(consumer(name, 'dist'), { recursive: true });
  const script = `<script ${isModule ? 'type="module"' : 'defer'} src="./main.js"></script>`;
  writeFileSync(consumer(name, 'dist/index.html'), `<!doctype html>\n<meta charset="utf-8">\n<title>${name}</title>\n${script}\n`);
}
