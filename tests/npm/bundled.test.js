// The package in frameworks, bundlers and test runners that render or run on servers, built as their users build, without a word of
// configuration about the package.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { freePort, startDevRegistry } from '../e2e/servers.js';
import { expected } from './expected.js';
import { launch, serve, visit } from './servers.js';

const root = fileURLToPath(new URL('.', import.meta.url));
const consumer = (...names) => join(root, 'consumers', ...names);
const bin = (name) => join(root, 'node_modules/.bin', name);

let registry;
let site;
let browser;
let folder;

before(async () => {
  [registry, site, browser] = await Promise.all([startDevRegistry('--samples'), serve(), launch()]);
  folder = await mkdtemp(join(tmpdir(), 'tallyman-bundled-'));
  await makeNextProject();
});
after(async () => {
  await Promise.all([registry?.stop(), site?.stop(), browser?.close()]);
  await rm(folder, { recursive: true });
});

/** Runs a program, which must succeed; a failure shows all that it said. */
async function passes(program, args, { cwd = root, env = {} } = {}) {
  const clean = { ...process.env, NO_COLOR: '1', NEXT_TELEMETRY_DISABLED: '1', ...env };
  // Set by node's own test runner, for itself.
  delete clean.NODE_TEST_CONTEXT;
  try {
    return (await promisify(execFile)(program, args, { cwd, env: clean, maxBuffer: 1 << 26 })).stdout;
  } catch ({ stdout, stderr }) {
    return assert.fail(`${program} ${args.join(' ')}\n${stdout}${stderr}`);
  }
}

const query = (name) => new URLSearchParams({ registry: registry.host, name });

const nextProject = consumer('next/dist/project');

/** Makes the project for Next.js: the consumer's pages, and that of the example. */
async function makeNextProject() {
  await cp(consumer('next/app'), join(nextProject, 'app'), { recursive: true });
  await cp(consumer('next/next.config.mjs'), join(nextProject, 'next.config.mjs'));
  await cp(join(root, 'scenario.js'), join(nextProject, 'scenario.js'));
  await cp(join(root, '../../docs/examples/next/app'), join(nextProject, 'app'), { recursive: true });
}

async function nextServer(distDir) {
  const port = await freePort();
  const env = { ...process.env, NEXT_DIST: distDir, NEXT_TELEMETRY_DISABLED: '1' };
  const server = spawn('node', [bin('next'), 'start', '--port', String(port), '--hostname', '127.0.0.1'], { cwd: nextProject, env, stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve, reject) => {
    server.on('exit', (code) => reject(new Error(`next start ended with ${code}`)));
    server.stdout.on('data', (text) => /Ready/.test(text) && resolve());
  });
  const stop = () => new Promise((resolve) => server.removeAllListeners('exit').on('exit', resolve) && server.kill());
  return { url: `http://127.0.0.1:${port}`, stop };
}

const unescaped = (html) => html.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&#x27;', "'").replaceAll('&amp;', '&');

for (const [name, flags] of [['turbopack', []], ['webpack', ['--webpack']]]) {
  test(`Next.js by ${name}: a server component, a route, the element in a client component, and the example`, async () => {
    const distDir = `dist-${name}`;
    await passes('node', [bin('next'), 'build', ...flags], { cwd: nextProject, env: { NEXT_DIST: distDir } });
    const server = await nextServer(distDir);
    try {
      const html = await (await fetch(`${server.url}/?${query(`next-${name}`)}`)).text();
      const [, text] = /<pre>(.*?)<\/pre>/s.exec(html) ?? assert.fail(html);
      assert.deepEqual(JSON.parse(unescaped(text)), await expected(registry.host, `next-${name}`));
      const route = await (await fetch(`${server.url}/api?${query(`next-${name}-route`)}`)).json();
      assert.deepEqual(route, await expected(registry.host, `next-${name}-route`));
      const rendered = await (await fetch(`${server.url}/element`)).text();
      assert.match(rendered, /<tallyman-manifest/);
      const { list } = await expected(registry.host, `next-${name}`);
      const example = await (await fetch(`${server.url}/image?name=${registry.host}/samples/hello:latest`)).text();
      assert.ok(example.includes(list.digest) && example.includes('<li>linux/arm64</li>'), example);
      assert.equal(await visit(browser, `${server.url}/element?${query('element')}`), list.digest);
    } finally {
      await server.stop();
    }
  });
}

test('ncc, away from the package', async () => {
  const built = join(folder, 'ncc');
  await passes('node', [bin('ncc'), 'build', consumer('node/main.mjs'), '--out', built, '--no-cache', '--quiet']);
  const stdout = await passes('node', [join(built, 'index.mjs'), registry.host, 'ncc']);
  assert.deepEqual(JSON.parse(stdout), await expected(registry.host, 'ncc'));
});

test('Parcel', async () => {
  // In a project of its own: in this one, which is for Node, Parcel leaves packages out of what it builds.
  const project = join(folder, 'parcel');
  await cp(consumer('parcel'), project, { recursive: true });
  await cp(join(root, 'scenario.js'), join(project, 'scenario.js'));
  await writeFile(join(project, 'package.json'), '{ "private": true }');
  await symlink(join(root, 'node_modules'), join(project, 'node_modules'));
  const out = ['--dist-dir', consumer('parcel/dist'), '--cache-dir', join(project, 'cache'), '--public-url', './', '--no-source-maps'];
  await passes('node', [bin('parcel'), 'build', 'index.html', ...out], { cwd: project });
  const result = await visit(browser, `${site.url}/consumers/parcel/dist/index.html?${query('parcel')}`);
  assert.deepEqual(result, await expected(registry.host, 'parcel'));
});

test('Jest, with modules of ECMAScript: its environments of Node and of jsdom', async () => {
  const run = (name, options, env) => {
    const config = JSON.stringify({ rootDir: consumer('jest'), transform: {}, testMatch: [`**/${name}`], ...options });
    return passes('node', ['--experimental-vm-modules', bin('jest'), '--config', config, '--no-cache'], { env });
  };
  const EXPECTED = JSON.stringify(await expected(registry.host, 'jest'));
  await run('scenario.jest.js', { testEnvironment: 'node' }, { REGISTRY: registry.host, NAME: 'jest', EXPECTED });
  await run('page.jest.js', { testEnvironment: 'jsdom', setupFiles: [consumer('jest/encoders.cjs')] });
});

test('Vite, for servers: bundled, and while it is worked on', async () => {
  const { build, createServer } = await import('vite');
  const options = { root: consumer('vite-ssr'), configFile: false, logLevel: 'error' };
  const outDir = join(folder, 'vite-ssr');
  await build({ ...options, ssr: { noExternal: true }, build: { ssr: 'main.js', outDir, emptyOutDir: true } });
  const bundled = await import(pathToFileURL(join(outDir, 'main.js')));
  assert.deepEqual(await bundled.render(registry.host, 'vite-ssr'), await expected(registry.host, 'vite-ssr'));
  const server = await createServer({ ...options, appType: 'custom', server: { middlewareMode: true, ws: false } });
  try {
    const { render } = await server.ssrLoadModule('/main.js');
    assert.deepEqual(await render(registry.host, 'vite-ssr-dev'), await expected(registry.host, 'vite-ssr-dev'));
  } finally {
    await server.close();
  }
});

test('a worker in workerd, the runtime of Cloudflare', async () => {
  const { build } = await import('esbuild');
  const { Miniflare } = await import('miniflare');
  const outdir = join(folder, 'workerd');
  await build({ entryPoints: [consumer('workerd/main.js')], bundle: true, format: 'esm', conditions: ['workerd'], loader: { '.wasm': 'copy' }, outdir, logLevel: 'silent' });
  const rules = [{ type: 'CompiledWasm', include: ['**/*.wasm'] }, { type: 'ESModule', include: ['**/*.js'] }];
  const worker = new Miniflare({ modules: true, modulesRoot: outdir, modulesRules: rules, scriptPath: join(outdir, 'main.js'), compatibilityDate: '2026-01-01' });
  try {
    const response = await worker.dispatchFetch(`http://worker.example/?${query('workerd')}`);
    assert.deepEqual(await response.json(), await expected(registry.host, 'workerd'));
  } finally {
    await worker.dispose();
  }
});

test('webpack and Rollup, for Node, away from the package', async () => {
  const { default: webpack } = await import('webpack');
  const output = { path: join(folder, 'webpack-node'), filename: 'main.mjs', module: true, chunkFormat: 'module' };
  const compiler = webpack({ mode: 'production', target: 'node20', context: consumer('node'), entry: './main.mjs', output, experiments: { outputModule: true }, performance: false });
  const stats = await promisify(compiler.run.bind(compiler))();
  await promisify(compiler.close.bind(compiler))();
  assert.equal(stats.hasErrors() || stats.hasWarnings(), false, stats.toString({ all: false, errors: true, warnings: true }));
  const { rollup } = await import('rollup');
  const { nodeResolve } = await import('@rollup/plugin-node-resolve');
  const bundle = await rollup({ input: consumer('node/main.mjs'), plugins: [nodeResolve({ exportConditions: ['node'], preferBuiltins: true })], external: /^node:/, onwarn: ({ message }) => assert.fail(message) });
  await bundle.write({ dir: join(folder, 'rollup-node'), format: 'es', entryFileNames: 'main.mjs' });
  await bundle.close();
  for (const name of ['webpack-node', 'rollup-node']) {
    const stdout = await passes('node', [join(folder, name, 'main.mjs'), registry.host, name]);
    assert.deepEqual(JSON.parse(stdout), await expected(registry.host, name));
  }
});

test('a program that is bundled for the main process of an editor or of Electron, as CommonJS', async () => {
  const main = await commonJs('app', `scenario(require('tallyman'), process.argv[2], process.argv[3]).then((result) => console.log(JSON.stringify(result)));`);
  const stdout = await passes('node', [main, registry.host, 'electron']);
  assert.deepEqual(JSON.parse(stdout), await expected(registry.host, 'electron'));
});

test('a function that is bundled for AWS Lambda, called by its handler', async () => {
  const main = await commonJs('function', `exports.handler = async ({ registry, name }) => ({ statusCode: 200, body: JSON.stringify(await scenario(require('tallyman'), registry, name)) });`);
  const event = JSON.stringify({ registry: registry.host, name: 'lambda' });
  const runtime = `require(process.argv[1]).handler(JSON.parse(process.argv[2])).then((answer) => console.log(JSON.stringify(answer)));`;
  const { statusCode, body } = JSON.parse(await passes('node', ['-e', runtime, main, event]));
  assert.equal(statusCode, 200);
  assert.deepEqual(JSON.parse(body), await expected(registry.host, 'lambda'));
});

/** Bundles a program into one file of CommonJS, away from the package, and returns its path. */
async function commonJs(name, program) {
  const { build } = await import('esbuild');
  const outfile = join(folder, name, 'main.cjs');
  const contents = `const { scenario } = require('./scenario.js');\n${program}`;
  await build({ bundle: true, platform: 'node', format: 'cjs', external: ['electron'], logLevel: 'silent', stdin: { contents, resolveDir: root }, outfile });
  return outfile;
}

test('Bun runs it, compiles it, and bundles it for itself, for Node and for browsers', async () => {
  const bun = (...args) => passes(bin('bun'), args);
  const ran = JSON.parse(await bun('run', consumer('node/main.mjs'), registry.host, 'bun'));
  assert.deepEqual(ran, await expected(registry.host, 'bun'));
  for (const [target, program] of [['bun', bin('bun')], ['node', 'node']]) {
    const built = join(folder, `bun-${target}`, 'main.mjs');
    await bun('build', consumer('node/main.mjs'), '--target', target, '--outfile', built);
    const stdout = await passes(program, [built, registry.host, `bun-${target}`]);
    assert.deepEqual(JSON.parse(stdout), await expected(registry.host, `bun-${target}`));
  }
  const compiled = join(folder, 'bun-compiled');
  await bun('build', '--compile', consumer('node/main.mjs'), '--outfile', compiled);
  assert.deepEqual(JSON.parse(await passes(compiled, [registry.host, 'bun-compiled'])), await expected(registry.host, 'bun-compiled'));
  await bun('build', consumer('rollup/main.js'), '--target', 'browser', '--outfile', consumer('bun/dist/main.js'));
  await page('bun');
});

test('Rspack', async () => {
  const { rspack } = await import('@rspack/core');
  const output = { path: consumer('rspack/dist'), filename: 'main.js' };
  const compiler = rspack({ mode: 'production', context: consumer('rollup'), entry: './main.js', output, performance: false });
  const stats = await promisify(compiler.run.bind(compiler))();
  await promisify(compiler.close.bind(compiler))();
  assert.equal(stats.hasErrors() || stats.hasWarnings(), false, stats.toString({ all: false, errors: true, warnings: true }));
  await page('rspack');
});

/** Opens the page of a consumer, whose script is `dist/main.js`, and checks what it comes to. */
async function page(name) {
  const script = '<script type="module" src="./main.js"></script>';
  await writeFile(consumer(name, 'dist/index.html'), `<!doctype html>\n<meta charset="utf-8">\n<title>${name}</title>\n${script}\n`);
  const result = await visit(browser, `${site.url}/consumers/${name}/dist/index.html?${query(name)}`);
  assert.deepEqual(result, await expected(registry.host, name));
}

test("TypeScript finds the package's types by the oldest way of looking", async () => {
  const options = ['--strict', '--noEmit', '--target', 'ES2022', '--module', 'ESNext', '--moduleResolution', 'node10', '--ignoreDeprecations', '6.0'];
  const file = consumer('node/old.mts');
  await passes('node', [bin('tsc'), ...options, file, '--types', 'node', '--typeRoots', join(root, '../node_modules/@types'), '--lib', 'ES2023,DOM,DOM.Iterable']);
});
