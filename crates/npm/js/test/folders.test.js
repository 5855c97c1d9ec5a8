import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { exists, listDir, readFile, removeDir, replaceDir, writeFileAtomic } from '../node/folders.js';

const bytes = (text) => new TextEncoder().encode(text);

function store(t) {
  const config = mkdtempSync(join(tmpdir(), 'tallyman-folders-'));
  t.after(() => rmSync(config, { recursive: true }));
  return { config, list: join(config, 'manifests', 'list') };
}

const contents = (folder) => Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
const mode = (path) => (statSync(path).mode & 0o777).toString(8);

test('what is not there has no names, no bytes, and can be removed', (t) => {
  const { list } = store(t);
  assert.equal(listDir(list), undefined);
  assert.equal(readFile(join(list, 'entry')), undefined);
  assert.equal(exists(list), false);
  removeDir(list);
});

test('names come sorted by their bytes', (t) => {
  const { list } = store(t);
  const names = ['a-', 'a.', 'a0', 'a@', 'aZ', 'a_', 'aa', 'a\uffff', 'a\u{10000}'];
  replaceDir(list, names.toReversed().map((name) => [name, bytes('')]));
  assert.deepEqual(listDir(list), names);
});

test('a new folder holds the files, readable by all, and nothing else is left', (t) => {
  const { config, list } = store(t);
  replaceDir(list, [['one', bytes('1')], ['two', bytes('2')]]);
  assert.deepEqual(contents(list), { one: '1', two: '2' });
  assert.deepEqual([mode(list), mode(join(list, 'one'))], ['755', '644']);
  assert.deepEqual(readdirSync(config), ['manifests']);
  assert.deepEqual(readdirSync(join(config, 'manifests')), ['list']);
});

test('a folder that is there is changed, completed and cleared', (t) => {
  const { config, list } = store(t);
  replaceDir(list, [['kept', bytes('old')], ['gone', bytes('old')]]);
  replaceDir(list, [['kept', bytes('new')], ['more', bytes('new')]]);
  assert.deepEqual(contents(list), { kept: 'new', more: 'new' });
  assert.deepEqual(readdirSync(config), ['manifests']);
});

test('an empty folder can be made', (t) => {
  const { list } = store(t);
  replaceDir(list, []);
  assert.deepEqual(listDir(list), []);
});

test('a file is replaced whole, and folders on the way are made', (t) => {
  const { config, list } = store(t);
  writeFileAtomic(join(list, 'entry'), bytes('one'));
  writeFileAtomic(join(list, 'entry'), bytes('two'));
  assert.deepEqual(contents(list), { entry: 'two' });
  assert.equal(mode(join(list, 'entry')), '644');
  assert.deepEqual(readdirSync(config), ['manifests']);
});

test('a failure leaves what was there, and says so in the words of Go', (t) => {
  const { config, list } = store(t);
  const long = 'x'.repeat(256);
  replaceDir(list, [['kept', bytes('old')]]);
  assert.throws(() => replaceDir(join(config, 'manifests', long), [['one', bytes('1')]]), {
    code: 'ENAMETOOLONG',
    message: `open ${join(config, 'manifests', long)}: file name too long`,
  });
  assert.throws(() => replaceDir(join(config, 'manifests', 'new'), [['one', bytes('1')], [long, bytes('2')]]), {
    message: `open ${join(config, 'manifests', 'new', long)}: file name too long`,
  });
  assert.deepEqual(readdirSync(join(config, 'manifests')), ['list']);
  assert.deepEqual(contents(list), { kept: 'old' });
  assert.deepEqual(readdirSync(config), ['manifests']);
});

test('a file where a folder should be is an error', (t) => {
  const { config } = store(t);
  mkdirSync(join(config, 'manifests'));
  writeFileSync(join(config, 'manifests', 'list'), 'a file');
  assert.throws(() => listDir(join(config, 'manifests', 'list')), {
    code: 'ENOTDIR',
    message: `open ${join(config, 'manifests', 'list')}: not a directory`,
  });
});
