// The element writes what the rest of the program writes.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

const format = () => import('../../../../target/npm/tallyman/element/format.js');

test('the element names media types as the other programs do', async () => {
  const { label } = await format();
  const rows = JSON.parse(await readFile(new URL('../../../core/tests/core/media_type_labels.json', import.meta.url), 'utf8'));
  for (const [mediaType, expected] of rows) assert.equal(label(mediaType), expected, mediaType);
});

test('platforms that differ in the version of Windows have different names', async () => {
  const { platformName } = await format();
  const platform = { os: 'windows', architecture: 'amd64' };
  assert.equal(platformName(platform), 'windows/amd64');
  assert.equal(platformName({ ...platform, osVersion: '10.0.20348.2340' }), 'windows/amd64 10.0.20348.2340');
  assert.equal(platformName({ os: 'linux', architecture: 'arm', variant: 'v7' }), 'linux/arm/v7');
});

test('the element writes counts of bytes as the other programs do', async () => {
  const { bytes } = await format();
  const rows = JSON.parse(await readFile(new URL('../../../core/tests/core/byte_counts.json', import.meta.url), 'utf8'));
  for (const [count, written] of rows) {
    assert.equal(bytes(count), written, `${count}`);
  }
});
