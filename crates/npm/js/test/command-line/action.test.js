// The GitHub Action: its entry, run as the runner runs it.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { makeConfig, manifest, packageProgram, startMemory } from './support.js';

const folder = dirname(dirname(packageProgram));

/** Reads the parts that the runner uses of `action.yml`: the entry, and the inputs with their defaults. */
function definition() {
  const text = readFileSync(join(folder, 'action.yml'), 'utf8');
  const [, inputs] = /^inputs:\n((?: .*\n)+)/m.exec(text);
  const names = [...inputs.matchAll(/^ {2}(\w+):\n((?: {4}.*\n)+)/gm)];
  const defaults = names.map(([, name, body]) => [name, /^ {4}default: '(.*)'$/m.exec(body)?.[1] ?? '']);
  return { main: /^ {2}main: (.*)$/m.exec(text)[1], using: /^ {2}using: (.*)$/m.exec(text)[1], defaults: Object.fromEntries(defaults) };
}

/** Runs the action with inputs; `{ status, outputs, log }`. */
function runAction(config, inputs) {
  const { main, defaults } = definition();
  const file = join(config, 'output');
  writeFileSync(file, '');
  const set = Object.entries({ ...defaults, ...inputs }).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]);
  const temporary = join(config, 'temporary');
  mkdirSync(temporary, { recursive: true });
  const env = { PATH: process.env.PATH, HOME: config, RUNNER_TEMP: temporary, GITHUB_OUTPUT: file, ...Object.fromEntries(set) };
  const ran = spawnSync(process.execPath, [join(folder, main)], { env, cwd: config, encoding: 'utf8' });
  const found = readFileSync(file, 'utf8').matchAll(/^(\w+)<<(.+)\n([\s\S]*?)\n\2$/gm);
  return { status: ran.status, outputs: Object.fromEntries([...found].map(([, name, , value]) => [name, value])), log: ran.stdout + ran.stderr };
}

test('the entry that action.yml names is in the package', () => {
  const { main, using } = definition();
  assert.match(using, /^node\d+$/);
  assert.ok(existsSync(join(folder, main)));
});

test('a list is made, annotated and pushed, and the outputs name it', async (t) => {
  const host = await startMemory(t, '--samples');
  const list = `${host}/samples/hello:action`;
  const images = ['amd64', 'arm64'].map((tag) => `${host}/samples/hello:${tag}`);
  const { status, outputs, log } = runAction(makeConfig(t), {
    list,
    images: images.join('\n'),
    tags: 'newest\n',
    annotations: 'org.opencontainers.image.title=hello world',
    annotate: `${images[1]} --variant v8`,
    insecure: 'true',
  });
  assert.equal(status, 0, log);
  const { bytes } = await manifest(host, 'samples/hello', 'action');
  const pushed = JSON.parse(bytes);
  assert.equal(pushed.annotations['org.opencontainers.image.title'], 'hello world');
  assert.deepEqual(pushed.manifests.map(({ platform }) => platform.variant), [undefined, 'v8']);
  assert.deepEqual((await manifest(host, 'samples/hello', 'newest')).bytes, bytes);
  const metadata = JSON.parse(outputs.metadata);
  assert.equal(metadata['containerimage.digest'], outputs.digest);
  assert.match(outputs.digest, /^sha256:[0-9a-f]{64}$/);
  // The same again is the same.
  const again = runAction(makeConfig(t), { list, images: images.join('\n'), insecure: 'true', push: 'false' });
  assert.equal(again.status, 0, again.log);
});

test('annotations of entries may have spaces, and what a registry says is no command to the runner', async (t) => {
  const host = await startMemory(t, '--samples');
  const list = `${host}/samples/hello:quoted`;
  const image = `${host}/samples/hello:amd64`;
  const inputs = { list, images: image, insecure: 'true' };
  const made = runAction(makeConfig(t), { ...inputs, annotate: `${image} --annotation "title=hello world" --annotation 'quote=it"s'` });
  assert.equal(made.status, 0, made.log);
  const [entry] = JSON.parse((await manifest(host, 'samples/hello', 'quoted')).bytes).manifests;
  assert.deepEqual(entry.annotations, { title: 'hello world', quote: 'it"s' });
  // All that the program prints stands between a line that stops commands and one that lets them pass again.
  const stops = [...made.log.matchAll(/^::stop-commands::(\S+)$/gm)].map(([, word]) => word);
  assert.ok(stops.length > 0);
  for (const word of stops) assert.ok(made.log.includes(`\n::${word}::\n`), word);
  const failed = runAction(makeConfig(t), { ...inputs, annotate: `${image} "open` });
  assert.match(failed.log, /^::error::expected a closing quote in /m);
});

test('platforms may stand on lines of their own', async (t) => {
  const host = await startMemory(t, '--samples');
  const inputs = { images: `${host}/samples/hello:latest`, platforms: 'linux/amd64\n  linux/arm64\n', insecure: 'true' };
  const made = runAction(makeConfig(t), { ...inputs, list: `${host}/samples/hello:some` });
  assert.equal(made.status, 0, made.log);
  const { manifests } = JSON.parse((await manifest(host, 'samples/hello', 'some')).bytes);
  assert.deepEqual(manifests.map(({ platform }) => platform.architecture).sort(), ['amd64', 'arm64']);
});

test('a file of lists is compared and applied', async (t) => {
  const host = await startMemory(t, '--samples');
  const config = makeConfig(t);
  writeFileSync(join(config, 'lists.yaml'), `image: ${host}/samples/hello:file\nimages: [':amd64', ':arm64']\n`);
  const planned = runAction(config, { file: 'lists.yaml', insecure: 'true', push: 'false' });
  assert.equal(planned.status, 0, planned.log);
  assert.equal(JSON.parse(planned.outputs.metadata).differs, true);
  const applied = runAction(config, { file: 'lists.yaml', insecure: 'true' });
  assert.equal(applied.status, 0, applied.log);
  assert.equal(applied.outputs.digest, planned.outputs.digest);
  await manifest(host, 'samples/hello', 'file');
});

test('without a push the digest is told and tags are checked, and local lists stay as they are whatever happens', async (t) => {
  const host = await startMemory(t, '--samples');
  const config = makeConfig(t);
  const list = `${host}/samples/hello:looked-at`;
  const inputs = { list, images: `${host}/samples/hello:amd64`, insecure: 'true' };
  const own = join(config, '.docker');
  const kept = () => readdirSync(own, { recursive: true, withFileTypes: true }).filter((file) => file.isFile()).map((file) => [file.name, readFileSync(join(file.parentPath, file.name), 'utf8')]);
  const created = spawnSync(process.execPath, [packageProgram, '--config', own, 'create', '--insecure', list, `${host}/samples/hello:arm64`], { encoding: 'utf8' });
  assert.equal(created.status, 0, created.stderr);
  const before = kept();
  assert.ok(before.length > 0);
  const looked = runAction(config, { ...inputs, push: 'false', tags: 'newest' });
  assert.equal(looked.status, 0, looked.log);
  const wrongTag = runAction(config, { ...inputs, push: 'false', tags: 'bad tag' });
  assert.equal(wrongTag.status, 1, wrongTag.log);
  assert.match(wrongTag.log, /^::error::.*bad tag/m);
  const wrongEntry = runAction(config, { ...inputs, annotate: `${host}/samples/hello:none --variant v8` });
  assert.equal(wrongEntry.status, 1, wrongEntry.log);
  const wrongImage = runAction(config, { ...inputs, images: `${host}/samples/hello:none` });
  assert.equal(wrongImage.status, 1, wrongImage.log);
  const pushed = runAction(config, inputs);
  assert.equal(pushed.status, 0, pushed.log);
  assert.equal(pushed.outputs.digest, looked.outputs.digest);
  assert.deepEqual(kept(), before);
  assert.deepEqual(readdirSync(join(config, 'temporary')), []);
});

test('faults are shown as annotations of the run', async (t) => {
  const config = makeConfig(t);
  writeFileSync(join(config, 'empty.yaml'), 'lists: []\n');
  for (const [inputs, expected] of [
    [{}, /^::error::expected the inputs list and images, or file$/m],
    [{ list: 'a.io/b', images: 'a.io/c', push: 'maybe' }, /^::error::expected true or false for the input push, found maybe$/m],
    [{ file: 'empty.yaml', tags: '1', list: 'a.io/b' }, /^::error::expected file without inputs that its lists have themselves, found list, tags: move them into empty\.yaml$/m],
    [{ file: 'none.yaml' }, /^::error::open none\.yaml: no such file or directory$/m],
    [{ file: 'empty.yaml' }, /^::error::expected lists in empty\.yaml, found none$/m],
  ]) {
    const { status, log } = runAction(config, inputs);
    assert.equal(status, 1, log);
    assert.match(log, expected);
  }
});
