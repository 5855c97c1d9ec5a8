import assert from 'node:assert/strict';
import { userInfo } from 'node:os';
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
