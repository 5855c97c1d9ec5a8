// The examples of docs/examples, each built and run as its readers would, with the packed package.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { startDevRegistry } from '../e2e/servers.js';
import { launch, serve, visit } from './servers.js';

const root = fileURLToPath(new URL('.', import.meta.url));
const examples = join(root, '../../docs/examples');
// Below the folder of the packages, where each example finds what it names.
const copies = join(root, 'consumers/examples/dist');
const run = promisify(execFile);

let registry;
let hello;
let digest;
let folder;

/** The digest that the registry has under a tag. */
async function digestOf(repository, tag) {
  const accept = 'application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.index.v1+json';
  const head = await fetch(`http://${registry.host}/v2/${repository}/manifests/${tag}`, { method: 'HEAD', headers: { accept } });
  return head.headers.get('docker-content-digest') ?? assert.fail(`${tag}: ${head.status}`);
}

before(async () => {
  registry = await startDevRegistry('--samples');
  hello = `${registry.host}/samples/hello`;
  digest = await digestOf('samples/hello', 'latest');
  folder = await mkdtemp(join(tmpdir(), 'tallyman-examples-'));
  await rm(copies, { recursive: true, force: true });
  await cp(examples, copies, { recursive: true });
});
after(async () => {
  await registry?.stop();
  await rm(folder, { recursive: true, force: true });
});

test('each example names the packages that it uses, and is in the table', async () => {
  const table = await readFile(join(examples, 'README.md'), 'utf8');
  const { devDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const folders = (await readdir(examples, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map(({ name }) => name);
  assert.ok(folders.length >= 7);
  for (const name of folders) {
    assert.ok(table.includes(`| [${name}](${name}) |`), name);
    const { dependencies } = JSON.parse(await readFile(join(examples, name, 'package.json'), 'utf8'));
    for (const needed of Object.keys(dependencies)) assert.ok(needed === 'tallyman' || needed in devDependencies, `${name}: ${needed}`);
  }
});

test('the action, bundled by ncc, pushes a list with its tags', async () => {
  const example = join(copies, 'github-action');
  await run('node', [join(root, 'node_modules/.bin/ncc'), 'build', 'src/main.js', '--out', join(folder, 'action'), '--no-cache', '--quiet'], { cwd: example });
  const output = join(folder, 'output');
  const inputs = { INPUT_LIST: `${registry.host}/examples/app:v1`, INPUT_IMAGES: `${hello}:amd64\n${hello}:arm64\n`, INPUT_TAGS: 'latest' };
  await run('node', [join(folder, 'action/index.js')], { env: { ...process.env, ...inputs, GITHUB_OUTPUT: output, DOCKER_CONFIG: folder } });
  const [, pushed] = /^digest=(sha256:.{64})\n$/.exec(await readFile(output, 'utf8'));
  for (const tag of ['v1', 'latest']) {
    assert.equal(await digestOf('examples/app', tag), pushed);
  }
  const failed = run('node', [join(folder, 'action/index.js')], { env: { ...process.env, ...inputs, INPUT_IMAGES: `${hello}:none`, GITHUB_OUTPUT: output, DOCKER_CONFIG: folder } });
  await assert.rejects(failed, ({ code, stdout }) => code === 1 && stdout.startsWith('::error::'));
});

test('the route of Express tells platforms, and errors as statuses', async () => {
  const server = spawn('node', ['server.js'], { cwd: join(copies, 'express'), env: { ...process.env, PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => server.once('exit', resolve));
  try {
    const { value } = await createInterface(server.stdout)[Symbol.asyncIterator]().next();
    const [, port] = /port (\d+)$/.exec(value);
    const ask = (image) => fetch(`http://127.0.0.1:${port}/platforms?image=${image}`);
    const answer = await (await ask(`${hello}:latest`)).json();
    assert.equal(answer.digest, digest);
    assert.ok(answer.platforms.some(({ platform }) => platform === 'linux/arm64'));
    assert.equal((await ask(`${hello}:none`)).status, 404);
    assert.equal((await (await ask('A')).json()).code, 'reference-invalid');
  } finally {
    server.kill();
    await ended;
  }
});

test('the worker for Cloudflare tells a digest', async () => {
  const { build } = await import('esbuild');
  const { Miniflare } = await import('miniflare');
  const outdir = join(folder, 'worker');
  await build({ entryPoints: [join(copies, 'cloudflare-worker/src/index.js')], bundle: true, format: 'esm', conditions: ['workerd'], loader: { '.wasm': 'copy' }, outdir, logLevel: 'silent' });
  const rules = [{ type: 'CompiledWasm', include: ['**/*.wasm'] }, { type: 'ESModule', include: ['**/*.js'] }];
  const worker = new Miniflare({ modules: true, modulesRoot: outdir, modulesRules: rules, scriptPath: join(outdir, 'index.js'), compatibilityDate: '2026-01-01' });
  try {
    const ask = async (image) => worker.dispatchFetch(`http://worker.example/?image=${image}`);
    assert.equal((await (await ask(`${hello}:latest`)).json()).digest, digest);
    assert.equal((await ask(`${hello}:none`)).status, 404);
    // No request waits for what another one has begun.
    const answers = await Promise.all(Array.from({ length: 6 }, () => ask(`${registry.host}/samples/webapp:latest`)));
    const digests = await Promise.all(answers.map(async (answer) => (await answer.json()).digest));
    assert.deepEqual(new Set(digests), new Set([await digestOf('samples/webapp', 'latest')]));
  } finally {
    await worker.dispose();
  }
});

test('the components of React, Vue and Svelte show an image', async () => {
  const { build } = await import('vite');
  const [site, browser] = await Promise.all([serve(), launch()]);
  try {
    for (const name of ['react', 'vue', 'svelte']) {
      const example = join(copies, name);
      const { default: config } = await import(pathToFileURL(join(example, 'vite.config.js')));
      await build({ ...config, configFile: false, root: example, logLevel: 'error' });
      // The printed lines become the result.
      const page = join(example, 'dist/index.html');
      const watch = `<script type="module">
        const look = () => {
          const shown = document.querySelector('#digest')?.textContent;
          const element = document.querySelector('tallyman-manifest')?.shadowRoot?.textContent;
          if (shown && element?.includes('linux/arm64')) globalThis.result = shown;
          else requestAnimationFrame(look);
        };
        look();
      </script>`;
      await writeFile(page, (await readFile(page, 'utf8')).replace('</body>', `${watch}</body>`));
      assert.equal(await visit(browser, `${site.url}/consumers/examples/dist/${name}/dist/index.html?image=${hello}:latest`), digest, name);
    }
  } finally {
    await Promise.all([site.stop(), browser.close()]);
  }
});

test('the component of React never shows the digest of another image', async () => {
  const { build } = await import('vite');
  const example = join(copies, 'react');
  const { default: config } = await import(pathToFileURL(join(example, 'vite.config.js')));
  const [first, second] = [`${hello}:latest`, `${registry.host}/samples/webapp:latest`];
  await writeFile(
    join(example, 'src/main.tsx'),
    `import { flushSync } from 'react-dom';
    import { createRoot } from 'react-dom/client';
    import { Image } from './Image.js';
    const root = createRoot(document.querySelector('#app')!);
    const shown = () => document.querySelector('#digest')!.textContent;
    const show = (reference: string) => flushSync(() => root.render(<Image reference={reference} />));
    const answered = async () => {
      while (!shown()) await new Promise(requestAnimationFrame);
      return shown();
    };
    (async () => {
      show('${first}');
      const before = await answered();
      show('${second}');
      globalThis.result = [before, shown(), await answered()];
    })();`,
  );
  await build({ ...config, configFile: false, root: example, logLevel: 'error' });
  const [site, browser] = await Promise.all([serve(), launch()]);
  try {
    const digests = await visit(browser, `${site.url}/consumers/examples/dist/react/dist/index.html`);
    assert.deepEqual(digests, [digest, '', await digestOf('samples/webapp', 'latest')]);
  } finally {
    await Promise.all([site.stop(), browser.close()]);
  }
});

test('the component of React compiles, strictly', () => {
  const example = join(copies, 'react');
  const options = ['--noEmit', '--strict', '--jsx', 'react-jsx', '--target', 'ES2022', '--module', 'ESNext', '--moduleResolution', 'bundler', '--lib', 'ES2023,DOM,DOM.Iterable'];
  return run('node', [join(root, 'node_modules/.bin/tsc'), ...options, 'src/Image.tsx'], { cwd: example }).catch(({ stdout }) => assert.fail(stdout));
});
