// The package itself: what npm, TypeScript and readers make of it.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
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

test('publint finds nothing to say', () => passes(bin('publint'), '--strict', packed));

test('the types are right wherever they are looked for', () =>
  // Wasm has no types.
  passes(bin('attw'), packed, '--profile', 'esm-only', '--exclude-entrypoints', 'tallyman.wasm', 'client.wasm'));

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
    // What a reader knows from the first example.
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

test('a reference of the API can be made without a warning', () => {
  const sources = join(root, 'crates/npm/js');
  const output = ['--out', join(root, 'target/npm/reference'), '--readme', join(sources, 'README.md')];
  // Without links to the sources: they need a Git remote, which a copy of the sources may lack.
  const how = ['--disableSources', '--tsconfig', join(sources, 'tsconfig.json'), '--excludeInternal', '--treatWarningsAsErrors', '--treatValidationWarningsAsErrors'];
  return passes(bin('typedoc'), '--entryPoints', join(sources, 'lib/api.ts'), ...how, ...output);
});

for (const [file, limit] of [['tallyman.wasm', limits.wasm], ['client.wasm', limits.client]]) {
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
