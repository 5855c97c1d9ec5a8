import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import * as folders from '../node/folders.js';

const bytes = (text) => new TextEncoder().encode(text);

function folder(t) {
  const path = mkdtempSync(join(tmpdir(), 'tallyman-folders-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const mode = (path) => (statSync(path).mode & 0o777).toString(8);

test('what is not there has no names and no bytes, and cannot be removed', (t) => {
  const path = join(folder(t), 'none');
  assert.equal(folders.listDir(path), undefined);
  assert.equal(folders.readFile(path), undefined);
  assert.equal(folders.exists(path), false);
  for (const remove of [folders.removeFile, folders.removeDir]) assert.throws(() => remove(path), { code: 'ENOENT', message: `unlinkat ${path}: no such file or directory` });
});

test('names come sorted by their bytes', (t) => {
  const path = folder(t);
  const names = ['a-', 'a.', 'a0', 'a@', 'aZ', 'a_', 'aa', 'a\uffff', 'a\u{10000}'];
  for (const name of names.toReversed()) writeFileSync(join(path, name), '');
  assert.deepEqual(folders.listDir(path), names);
});

test('a file is created once, readable by all, and folders with those above them', (t) => {
  const path = join(folder(t), 'a', 'b');
  folders.createDir(path);
  folders.createDir(path);
  const file = join(path, 'file');
  for (const durable of [true, false]) {
    folders.createFile(file, bytes('one'), durable);
    assert.throws(() => folders.createFile(file, bytes('two'), durable), { code: 'EEXIST', message: `open ${file}: file exists` });
    assert.deepEqual([readFileSync(file, 'utf8'), mode(file), mode(path)], ['one', '644', '755']);
    folders.removeFile(file);
  }
  folders.syncDir(path);
  assert.deepEqual(readdirSync(path), []);
});

test('a file that cannot be written whole is not there', { skip: process.platform !== 'linux' }, (t) => {
  const path = folder(t);
  const program = `import { createFile } from ${JSON.stringify(new URL('../node/folders.js', import.meta.url).href)};
    try { createFile(${JSON.stringify(join(path, 'file'))}, new Uint8Array(1 << 20), true); } catch (error) { console.log(error.code); }`;
  // A limit of the size of files does what a full disk does.
  const printed = execFileSync('bash', ['-c', 'trap "" XFSZ; ulimit -f 16; exec node --input-type=module -e "$0"', program], { encoding: 'utf8' });
  assert.equal(printed.trim(), 'EFBIG');
  assert.deepEqual(readdirSync(path), []);
});

test('a rename replaces a file, and no folder in which something is', (t) => {
  const path = folder(t);
  const [from, to] = [join(path, 'from'), join(path, 'to')];
  writeFileSync(from, 'new');
  writeFileSync(to, 'old');
  folders.rename(from, to);
  assert.equal(readFileSync(to, 'utf8'), 'new');
  for (const name of ['one', 'two']) {
    mkdirSync(join(path, name));
    writeFileSync(join(path, name, 'file'), name);
  }
  assert.throws(() => folders.rename(join(path, 'one'), join(path, 'two')), { code: 'ENOTEMPTY' });
  assert.throws(() => folders.removeDir(join(path, 'two')), { code: 'ENOTEMPTY' });
  assert.throws(() => folders.removeFile(join(path, 'two')), (error) => ['EISDIR', 'EPERM'].includes(error.code));
});

test('a pipe is refused and not waited for, a link is followed to a file', { skip: process.platform === 'win32' }, (t) => {
  const path = folder(t);
  execFileSync('mkfifo', [join(path, 'pipe')]);
  assert.throws(() => folders.readFile(join(path, 'pipe')), { message: `open ${join(path, 'pipe')}: not a regular file` });
  assert.throws(() => folders.readFile('/dev/zero'), { message: 'open /dev/zero: not a regular file' });
  writeFileSync(join(path, 'file'), 'text');
  symlinkSync('file', join(path, 'link'));
  symlinkSync('nowhere', join(path, 'dangling'));
  symlinkSync('circle', join(path, 'circle'));
  assert.equal(folders.readFile(join(path, 'link')).toString(), 'text');
  assert.equal(folders.readFile(join(path, 'dangling')), undefined);
  assert.throws(() => folders.readFile(join(path, 'circle')), { message: `open ${join(path, 'circle')}: too many levels of symbolic links` });
  folders.removeFile(join(path, 'link'));
  assert.equal(readFileSync(join(path, 'file'), 'utf8'), 'text');
});

test('a folder where a file should be, and the reverse, are told in the words of Go', (t) => {
  const path = folder(t);
  const file = join(path, 'file');
  writeFileSync(file, '');
  assert.throws(() => folders.readFile(path), { code: 'EISDIR', message: `open ${path}: is a directory` });
  assert.throws(() => folders.listDir(file), { code: 'ENOTDIR', message: `open ${file}: not a directory` });
  const long = join(path, 'x'.repeat(256));
  assert.throws(() => folders.createFile(long, bytes(''), false), { code: 'ENAMETOOLONG', message: `open ${long}: file name too long` });
});

test('this process lives, and one of no number does not', async () => {
  const [process_, host, instance] = folders.holder();
  assert.equal(process_, process.pid);
  assert.ok(host.length > 0 && !host.includes(' ') && instance.length > 20);
  assert.deepEqual(folders.holder(), [process_, host, instance]);
  if (process.platform === 'linux') assert.equal(host, `${hostname()}/${readlinkSync('/proc/self/ns/pid')}`);
  assert.deepEqual([folders.isAlive(process.pid), folders.isAlive(2 ** 22 + 1)], [true, false]);
  await folders.pause();
});

test('what cannot be looked at is told as Go tells it', (t) => {
  const path = join(folder(t), 'endless');
  symlinkSync('endless', path);
  assert.throws(() => folders.exists(join(path, 'x')), { message: `stat ${join(path, 'x')}: too many levels of symbolic links` });
  assert.equal(folders.isFile(join(path, 'x')), false);
});
