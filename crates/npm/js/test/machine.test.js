import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, lstatSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createMachine } from '../node/machine.js';

test('the folder of the user is that of HOME, and that of the accounts where HOME is empty or missing', (t) => {
  const before = process.env.HOME;
  t.after(() => (before === undefined ? delete process.env.HOME : (process.env.HOME = before)));
  const machine = createMachine();
  process.env.HOME = '/somewhere';
  assert.equal(machine.homedir(), '/somewhere');
  process.env.HOME = '';
  assert.equal(machine.homedir(), userInfo().homedir);
  delete process.env.HOME;
  assert.equal(machine.homedir(), userInfo().homedir);
});

test('files that are written keep owner, mode and links, and what is no file is never replaced', { skip: process.platform === 'win32' }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tallyman-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [machine, at] = [createMachine(), (name) => join(folder, name)];
  const text = (name) => readFileSync(at(name), 'utf8');
  const beside = `old.${process.pid}.tmp`;
  writeFileSync(at('victim'), 'kept');
  writeFileSync(at('old'), 'old');
  chmodSync(at('old'), 0o640);
  // Only root can give a file another owner.
  if (process.getuid() === 0) chownSync(at('old'), 4242, 4243);
  const before = statSync(at('old'));
  symlinkSync('old', at('link'));
  symlinkSync('new', at('dangling'));
  for (const [write, mode] of [[machine.writeFile, 0o644], [machine.writeSecret, 0o600]]) {
    write(at('link'), Buffer.from('text'));
    write(at('dangling'), Buffer.from('text'));
    const after = statSync(at('old'));
    assert.deepEqual([after.mode, after.uid, after.gid], [before.mode, before.uid, before.gid]);
    assert.ok(['link', 'dangling'].every((name) => lstatSync(at(name)).isSymbolicLink()));
    assert.deepEqual([text('old'), text('new')], ['text', 'text']);
    assert.equal(statSync(at('new')).mode & 0o777, mode & ~process.umask());
    rmSync(at('new'));
  }
  execFileSync('mkfifo', [at('pipe')]);
  for (const place of [at('link'), at('dangling'), at('pipe'), '/dev/null']) machine.checkFile(place);
  for (const place of [folder, join(at('missing'), 'x')]) assert.throws(() => machine.checkFile(place), /^Error: open /, place);
  machine.writeFile('/dev/null', Buffer.from('text'));
  // A link or a FIFO under a predictable name beside the file is neither followed nor waited for.
  for (const put of [() => symlinkSync('victim', at(beside)), () => execFileSync('mkfifo', [at(beside)])]) {
    put();
    machine.checkFile(at('old'));
    machine.writeFile(at('old'), Buffer.from('again'));
    assert.deepEqual([text('old'), text('victim')], ['again', 'kept']);
    assert.ok(lstatSync(at('old')).isFile());
    rmSync(at(beside));
  }
  rmSync(at('victim'));
  assert.ok(statSync('/dev/null').isCharacterDevice());
  assert.deepEqual(readdirSync(folder).toSorted(), ['dangling', 'link', 'old', 'pipe']);
});
