// The program as a guest of its machine: signals, pipes, terminals, exit codes.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { command, contents, done, inShell, isPackage, makeConfig, packageProgram, run, start, startFront, startMemory } from './support.js';

/** Starts a command, and sends it a signal when the front has got the request that it holds back; how it ended. */
async function interrupted(t, config, front, args, signal) {
  const child = start(config, args(front.host), { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'close');
  // A command that ends before is not waited for.
  await Promise.race([front.held, ended]);
  child.kill(signal);
  const [code, killed] = await ended;
  return { code, killed };
}

/** A front that holds back the first request which `holds` says so of. */
async function frontHolding(t, host, holds) {
  let arrived;
  const held = new Promise((resolve) => (arrived = resolve));
  const front = await startFront(t, host, async (asked) => {
    if (!holds(asked)) return;
    arrived();
    await new Promise(() => {});
  });
  return { host: front, held };
}

for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143]]) {
  test(`${signal} in the middle of a create leaves no list, and ends with ${code}`, async (t) => {
    const [config, memory] = [makeConfig(t), await startMemory(t, '--samples')];
    const front = await frontHolding(t, memory, ({ url }) => url.includes('/blobs/'));
    const args = (host) => ['create', '--insecure', `${host}/samples/hello:ours`, `${host}/samples/hello:amd64`, `${host}/samples/hello:arm64`];
    assert.deepEqual(await interrupted(t, config, front, args, signal), { code, killed: null });
    assert.deepEqual(readdirSync(config), []);
  });
}

test('an amend and a push that are interrupted leave the store as it was, and no tag', async (t) => {
  const [config, memory] = [makeConfig(t), await startMemory(t, '--samples')];
  let holds = () => false;
  const front = await frontHolding(t, memory, (asked) => holds(asked));
  const list = `${front.host}/samples/ours:v1`;
  await done(config, ['create', '--insecure', list, `${front.host}/samples/hello:amd64`]);
  const before = contents(config);

  holds = ({ method, url }) => method === 'PUT' && url.includes('/manifests/sha256:');
  assert.equal((await interrupted(t, config, front, () => ['push', '--insecure', '--purge', list], 'SIGINT')).code, 130);
  assert.deepEqual(contents(config), before);
  assert.deepEqual(readdirSync(config), ['manifests']);
  assert.equal((await fetch(`http://${memory}/v2/samples/ours/manifests/v1`)).status, 404);

  const again = await frontHolding(t, memory, () => true);
  const amend = () => ['create', '--insecure', '--amend', list, `${again.host}/samples/hello:arm64`];
  assert.equal((await interrupted(t, config, again, amend, 'SIGINT')).code, 130);
  assert.deepEqual(contents(config), before);
});

test('nobody reading is no fault, and no reason to go on', async (t) => {
  const [config, host] = [makeConfig(t), await startMemory(t, '--synthetic', '3000,5000')];
  const line = `"$0" "$@" catalog --insecure ${host} | head -1; echo "\${PIPESTATUS[0]}"`;
  const env = { ...process.env, TALLYMAN_CONFIG: config };
  const { stdout, stderr } = await new Promise((resolve) => {
    import('node:child_process').then(({ execFile }) =>
      execFile('bash', ['-c', line, ...command], { env }, (_, stdout, stderr) => resolve({ stdout, stderr })),
    );
  });
  assert.equal(stderr, '');
  assert.match(stdout, /^[^\n]+\n0\n$/);
});

/**
 * Runs a command line in a terminal of its own; what it showed, both streams together. Nothing of this program's surroundings
 * goes with it: what runs on a build server has no colours for Node.
 */
function onTerminal(config, args, env = {}) {
  const all = { PATH: process.env.PATH, TERM: 'xterm-256color', TALLYMAN_CONFIG: config, NO_COLOR: '', ...env };
  return execFileSync('script', ['-qec', inShell([...command, ...args]), '/dev/null'], { env: all, stdio: ['ignore', 'pipe', 'inherit'] }).toString();
}

test('a terminal shows colours and a line of progress, unless it is not to', async (t) => {
  const [config, host] = [makeConfig(t), await startMemory(t, '--samples')];
  const [list, image] = [`${host}/samples/ours:v1`, `${host}/samples/hello:amd64`];
  const created = onTerminal(config, ['create', '--insecure', list, image]);
  assert.ok(created.startsWith(`\r\x1b[2Kfetching the images of ${list}`), JSON.stringify(created));
  assert.ok(created.endsWith(`\r\x1b[2KCreated manifest list ${list}\r\n`), JSON.stringify(created));
  const pushed = onTerminal(config, ['push', '--insecure', list]);
  assert.match(pushed, /\r\x1b\[2K\d\/\d: (mount blob|put manifest) [0-9a-f]{12}/);
  assert.match(pushed, /\r\x1b\[2Ksha256:[0-9a-f]{64}\r\n$/);
  assert.doesNotMatch(onTerminal(config, ['push', '--insecure', '--progress=false', list]), /\x1b/);
  assert.ok(onTerminal(config, ['--help']).startsWith('\x1b[1mUsage:\x1b[0m  tallyman COMMAND'));
  assert.doesNotMatch(onTerminal(config, ['--help'], { NO_COLOR: '1' }), /\x1b/);
  assert.doesNotMatch(onTerminal(config, ['inspect', '--insecure', image]), /\x1b\[[0-9]*m/, 'what is a manifest stays one');
});

test('failures are red on a terminal, hints yellow, and both JSON for machines', async (t) => {
  const [config, host] = [makeConfig(t), await startMemory(t, '--samples')];
  const args = ['push', '--insecure', `${host}/samples/none:v1`];
  const hint = 'tallyman ls shows the local lists, tallyman create makes one';
  assert.throws(
    () => onTerminal(config, args),
    ({ status, stdout }) => status === 1 && stdout.toString() === `\x1b[31mNo such manifest: ${host}/samples/none:v1\x1b[0m\r\n\x1b[33m${hint}\x1b[0m\r\n`,
  );
  const failed = await run(config, [...args, '--json']);
  assert.deepEqual([failed.code, failed.stdout], [1, '']);
  assert.deepEqual(JSON.parse(failed.stderr), { error: { code: 'list-unknown', hint, message: `No such manifest: ${host}/samples/none:v1` } });
});

test('progress is told line by line where it is asked for', async (t) => {
  const [config, host] = [makeConfig(t), await startMemory(t, '--samples')];
  const list = `${host}/samples/ours:v1`;
  await done(config, ['create', '--insecure', list, `${host}/samples/hello:amd64`]);
  const { code, stdout, stderr } = await run(config, ['push', '--insecure', '--progress', list]);
  assert.equal(code, 0);
  const steps = Number(stderr.match(/^1\/(\d+): /)[1]);
  assert.equal(stderr.trim().split('\n').length, steps);
  assert.ok(stderr.endsWith(`${steps}/${steps}: put ${list}\n`), stderr);
  assert.match(stdout, /^Pushed ref .*\nsha256:[0-9a-f]{64}\n$/);
});

test('what is created and pushed is told to machines', async (t) => {
  const [config, host] = [makeConfig(t), await startMemory(t, '--samples')];
  const list = `${host}/samples/ours:v1`;
  const created = JSON.parse(await done(config, ['create', '--insecure', '--json', list, `${host}/samples/hello:amd64`]));
  assert.equal(created.reference, list);
  assert.deepEqual(created.images.map(({ reference, platform }) => [reference, platform.architecture]), [[`${host}/samples/hello:amd64`, 'amd64']]);
  const pushed = JSON.parse(await done(config, ['push', '--insecure', '--json', list]));
  assert.equal(pushed.digest, created.digest);
});

test('exit codes are those of Docker', async (t) => {
  const config = makeConfig(t);
  for (const [args, code] of [
    [['version'], 0],
    [['version', '--json'], 0],
    [['--help'], 0],
    [['frob'], 1],
    [['create', 'one'], 1],
    [['tags', '--frob'], 125],
    [['inspect', 'UPPER'], 1],
    [['rm', '127.0.0.1:1/none'], 1],
  ]) {
    assert.equal((await run(config, args)).code, code, args.join(' '));
  }
});

test('the packed package runs alone', { skip: !isPackage && 'the program is not that of the package' }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tallyman-packed-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [config, host] = [makeConfig(t), await startMemory(t, '--samples')];
  const [{ filename }] = JSON.parse(execFileSync('npm', ['pack', '--json', '--pack-destination', folder], { cwd: dirname(dirname(packageProgram)), stdio: ['ignore', 'pipe', 'ignore'] }));
  // Unpacks the package and runs its `bin`, as `npx` does, without a registry.
  const installed = join(folder, 'node_modules/tallyman');
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['-xzf', join(folder, filename), '-C', folder]);
  cpSync(join(folder, 'package'), installed, { recursive: true });
  const { bin } = JSON.parse(readFileSync(join(installed, 'package.json')));
  const shown = await done(config, ['inspect', '--insecure', `${host}/samples/hello`], { bin: [process.execPath, join(installed, bin.tallyman)], cwd: folder });
  assert.equal(JSON.parse(shown).manifests.length, 4);
});

test('the version is told without the engine, and as the engine tells it', { skip: !isPackage && 'the program is not that of the package' }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tallyman-alone-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [config, bin] = [makeConfig(t), dirname(packageProgram)];
  const copies = { alone: 'answers.json', engine: 'program.js' };
  for (const [name, file] of Object.entries(copies)) {
    mkdirSync(join(folder, name, 'bin'), { recursive: true });
    for (const copied of ['tallyman.js', 'package.json', file]) cpSync(join(bin, copied), join(folder, name, 'bin', copied));
  }
  mkdirSync(join(folder, 'engine/dist'));
  cpSync(join(bin, '../dist/command-line.wasm'), join(folder, 'engine/dist/command-line.wasm'));
  const [alone, engine] = Object.keys(copies).map((name) => ({ bin: [process.execPath, join(folder, name, 'bin/tallyman.js')] }));
  for (const args of [['version'], ['--version'], ['version', '--json']]) {
    assert.equal(await done(config, args, alone), await done(config, args, engine), args.join(' '));
  }
  // Arguments are not joined: this is no command.
  assert.equal((await run(config, ['version --json'], engine)).code, 1);
  assert.notEqual((await run(config, ['version --json'], alone)).code, 0);
});

test('a push leaves its digest and its descriptor in files, and takes further tags', async (t) => {
  const [config, host] = [makeConfig(t), await startMemory(t, '--samples')];
  const image = `${host}/samples/hello@${(await done(config, ['digest', '--insecure', '--platform', 'linux/amd64', `${host}/samples/hello:latest`])).trim()}`;
  await done(config, ['create', '--insecure', `${host}/samples/hello:made`, image]);
  const files = ['digest', 'metadata.json'].map((name) => join(config, name));
  const flags = ['--tag', 'also', '--digest-file', files[0], '--metadata-file', files[1]];
  const digest = (await done(config, ['push', '--insecure', ...flags, `${host}/samples/hello:made`])).trim();
  assert.equal(readFileSync(files[0], 'utf8'), digest);
  assert.equal(JSON.parse(readFileSync(files[1], 'utf8'))['containerimage.digest'], digest);
  for (const tag of ['made', 'also']) assert.equal((await done(config, ['digest', '--insecure', `${host}/samples/hello:${tag}`])).trim(), digest);
  const failed = await run(config, ['push', '--insecure', '--digest-file', config, `${host}/samples/hello:made`]);
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /could not write /);
});

test('what sends requests is loaded early for the commands that have a registry to ask, and for no others', { skip: !isPackage }, async () => {
  const { asksRegistry } = await import(pathToFileURL(join(dirname(dirname(packageProgram)), 'node', 'engine.js')));
  const help = (...words) => execFileSync(process.execPath, [packageProgram, ...words, '--help'], { encoding: 'utf8' });
  const names = [...help().matchAll(/^ {2}([a-z]+(?: [a-z]+)?) {2,}/gm)].map(([, name]) => name).filter((name) => name !== 'serve');
  assert.ok(names.length > 20, `${names}`);
  for (const name of names) {
    const words = name.split(' ');
    assert.equal(asksRegistry(words[0]), help(...words).includes(' --insecure '), name);
  }
  for (const word of [undefined, 'help', '--help', '-h', '--version']) assert.ok(!asksRegistry(word), word);
});
