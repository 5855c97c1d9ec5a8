// The element writes what the rest of the program writes.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

test('the element writes counts of bytes as the other programs do', async () => {
  const { bytes } = await import('../../../../target/npm/tallyman/element/format.js');
  const rows = JSON.parse(await readFile(new URL('../../../core/tests/core/byte_counts.json', import.meta.url), 'utf8'));
  for (const [count, written] of rows) {
    assert.equal(bytes(count), written, `${count}`);
  }
});
