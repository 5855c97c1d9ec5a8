import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');

test('the package and the app have one schema of the database that they share', () => {
  const rust = read('../../../store/src/indexed_db.rs');
  const script = read('../lib/indexed-db.ts');
  const version = (text, pattern) => Number(pattern.exec(text)?.[1]);
  assert.equal(version(script, /const version = (\d+);/), version(rust, /const VERSION: u8 = (\d+);/));
  const names = (text, pattern) => [...text.matchAll(pattern)].map(([, name]) => name).sort();
  const expected = names(rust, /^const [A-Z]+: &str = "([a-z]+)";$/gm);
  assert.deepEqual(expected, ['changed', 'entries', 'lists', 'notes']);
  assert.deepEqual(names(script, /^const [a-z]+ = '([a-z]+)';$/gm), expected);
  const created = (text, pattern) => pattern.exec(text)?.[1].toLowerCase().split(', ').sort();
  assert.deepEqual(created(script, /for \(const store of \[([a-z, ]+)\]\) if \(!present/), expected);
  assert.deepEqual(created(rust, /for store in \[([A-Z, ]+)\] \{/), expected);
});
