// The local lists, changed by several programs at once and by programs that die.

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { contents, done, isPackage, makeConfig, run, startMemory } from './support.js';

// A module that is loaded before the program ends it; the native program's file system is tried in crates/store.
const diesInTime = isPackage && process.platform !== 'win32';
// An address: options of Node are cut at spaces, which a path may have.
const dying = new URL('./dying.mjs', import.meta.url).href;

test('local lists', async (t) => {
  const host = await startMemory(t, '--samples', '--synthetic', '1,192');
  const list = `${host}/app:v1`;
  const hello = JSON.parse(await done(makeConfig(t), ['inspect', '--insecure', `${host}/samples/hello:latest`]));
  const images = hello.manifests.map(({ digest }) => `${host}/samples/hello@${digest}`);
  assert.ok(images.length >= 4);

  async function made(t, count) {
    const config = makeConfig(t);
    await done(config, ['create', '--insecure', list, ...images.slice(0, count)]);
    return config;
  }

  await t.test('several programs that change one list at once lose nothing', async (t) => {
    const config = await made(t, 1);
    const amended = images.map((image) => done(config, ['create', '--amend', '--insecure', list, image]));
    const annotated = ['v5', 'v6'].map((variant) => done(config, ['annotate', list, images[0], '--os', 'linux', '--arch', 'arm', '--variant', variant]));
    await Promise.all([...amended, ...annotated]);
    const { manifests } = JSON.parse(await done(config, ['inspect', list]));
    assert.deepEqual(manifests.map(({ digest }) => digest).sort(), images.map((image) => image.split('@')[1]).sort());
    const first = manifests.find(({ digest }) => images[0].endsWith(digest));
    assert.match(first.platform.variant, /^v[56]$/);
    assert.deepEqual(readdirSync(join(config, 'manifests')).length, 1, 'nothing is left beside the list');
  });

  await t.test('eight programs that add image after image to one list lose none', async (t) => {
    // Three images each; all 24, for as many rounds as it says, with TALLYMAN_ROUNDS.
    const [rounds, changes] = process.env.TALLYMAN_ROUNDS ? [Number(process.env.TALLYMAN_ROUNDS), 24] : [1, 3];
    const tags = (await done(makeConfig(t), ['tags', '--insecure', `${host}/scale/many-tags`])).trim().split('\n');
    for (let round = 0; round < rounds; round++) {
      const config = makeConfig(t);
      const add = async (program) => {
        for (const tag of tags.slice(program * changes, (program + 1) * changes)) {
          await done(config, ['create', '--amend', '--insecure', list, `${host}/scale/many-tags:${tag}`]);
        }
      };
      await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(add));
      assert.equal(JSON.parse(await done(config, ['inspect', list])).manifests.length, 8 * changes, `round ${round}`);
      assert.deepEqual(readdirSync(join(config, 'manifests')).length, 1, 'nothing is left beside the list');
    }
  });

  await t.test('of programs that make one list at once one wins and the others are told', async (t) => {
    const config = makeConfig(t);
    const ends = await Promise.all(images.slice(0, 4).map((image) => run(config, ['create', '--insecure', list, image])));
    assert.deepEqual(ends.map(({ code }) => code).sort(), [0, 1, 1, 1]);
    for (const { code, stderr } of ends) if (code !== 0) assert.equal(stderr, 'refusing to amend an existing manifest list with no --amend flag\n');
    assert.equal(JSON.parse(await done(config, ['inspect', list])).manifests.length, 1);
  });

  const other = `${host}/app:v2`;
  // Commands that create another list name it.
  for (const [name, args, ...others] of [
    ['annotate', () => ['annotate', list, images[0], '--os', 'linux', '--arch', 'arm', '--variant', 'v7']],
    ['annotate with annotations', () => ['annotate', '--annotation', 'k=v', list, images[0]]],
    ['create --amend', () => ['create', '--amend', '--insecure', list, images[2], images[3]]],
    ['create', () => ['create', '--insecure', other, images[0], images[1]], other],
    ['create --refresh --oci', () => ['create', '--amend', '--refresh', '--oci', '--insecure', list]],
    ['duplicate', () => ['duplicate', list, other], other],
    ['push --purge', () => ['push', '--purge', '--insecure', list]],
    ['remove', () => ['remove', list, images[1]]],
    ['rename', () => ['rename', list, other], other],
    ['rm', () => ['rm', list]],
  ]) {
    await t.test(`${name} that dies at any of its changes leaves the list before or the list after`, { skip: !diesInTime && 'a program ends itself at a change only where Node opens its files' }, async (t) => {
      const origin = await made(t, 3);
      const state = async (config) => {
        const shown = await Promise.all([list, ...others].map((list) => run(config, ['inspect', '--raw', '--insecure', list])));
        // A pushed list is in the registry once it is removed locally.
        const folders = readdirSync(join(config, 'manifests')).filter((name) => !name.startsWith('.'));
        return JSON.stringify([...shown.map(({ code, stdout }) => (code === 0 ? stdout : 'none')), ...folders]);
      };
      const copy = () => {
        const config = makeConfig(t);
        cpSync(origin, config, { recursive: true });
        return config;
      };
      const finished = copy();
      await done(finished, args());
      const expected = [await state(origin), await state(finished)];
      assert.notEqual(expected[0], expected[1]);
      const seen = new Set();
      for (let at = 0, survived = false; !survived; at += 4) {
        assert.ok(at < 200, `${name} has an end`);
        const ends = [at, at + 1, at + 2, at + 3].map(async (call) => {
          const config = copy();
          const { code } = await run(config, args(), { env: { NODE_OPTIONS: `--import=${dying}`, DIES_AT: String(call) } });
          const found = await state(config);
          assert.ok(expected.includes(found), `${name}, dead before change ${call}, leaves ${found}: ${Object.keys(contents(config)).join(' ')}`);
          seen.add(expected.indexOf(found));
          return code;
        });
        survived = (await Promise.all(ends)).includes(0);
      }
      assert.deepEqual([...seen].sort(), [0, 1]);
    });
  }

  await t.test('a damaged entry does not block the others', async (t) => {
    const config = await made(t, 3);
    const folder = join(config, 'manifests', readdirSync(join(config, 'manifests'))[0]);
    const damaged = readdirSync(folder).find((name) => name.endsWith(images[1].split(':').at(-1)));
    writeFileSync(join(folder, damaged), 'x');
    await done(config, ['annotate', list, images[0], '--os', 'linux', '--arch', 'arm', '--variant', 'v7']);
    JSON.parse(await done(config, ['inspect', list, images[0]]));
    const { code, stderr } = await run(config, ['inspect', list, images[1]]);
    const [dockers, ours] = stderr.split('\n');
    assert.deepEqual([code, dockers], [1, "invalid character 'x' looking for beginning of value"]);
    assert.ok(ours.includes(damaged) && ours.endsWith(`use tallyman rm ${list} to remove the list`), stderr);
    await done(config, ['rm', list]);
    assert.deepEqual(readdirSync(join(config, 'manifests')), []);
  });

  await t.test('the folder may be a link to another file system', { skip: !statSync('/dev/shm', { throwIfNoEntry: false }) && 'there is no /dev/shm' }, async (t) => {
    const config = makeConfig(t);
    const elsewhere = mkdtempSync(join('/dev/shm', 'tallyman-'));
    t.after(() => rmSync(elsewhere, { recursive: true }));
    symlinkSync(elsewhere, join(config, 'manifests'));
    await done(config, ['create', '--insecure', list, images[0]]);
    await done(config, ['create', '--amend', '--insecure', list, images[1], images[2]]);
    await done(config, ['annotate', list, images[0], '--os', 'linux', '--arch', 'arm']);
    assert.equal(JSON.parse(await done(config, ['inspect', list])).manifests.length, 3);
    assert.equal(readdirSync(elsewhere).length, 1);
    unlinkSync(join(config, 'manifests'));
  });

  await t.test('what was pushed is purged, and what was added meanwhile is kept', async (t) => {
    const config = await made(t, 2);
    await done(config, ['push', '--purge', '--insecure', list]);
    assert.deepEqual(readdirSync(join(config, 'manifests')), []);
  });
});
