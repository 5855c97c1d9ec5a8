// Programs that tests and measurements start end with the process that started them.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const module = new URL('../e2e/child-processes.js', import.meta.url);
const measure = new URL('../bench/measure.js', import.meta.url);
const begun = `
  import { runProgram, startProgram, temporaryFolder } from '${module}';
  import '${measure}';
  const folder = await temporaryFolder('tallyman-child-processes-');
  const { pid } = await startProgram('sleep', ['600'], { stdio: 'ignore' });
  console.log(JSON.stringify({ pid, folder }));
`;

/** Runs a script that has started a program and then does `rest`, and does `end` with its process. Gives what it came to. */
async function ended(rest, end = () => {}) {
  const script = spawn(process.execPath, ['--input-type=module', '-e', begun + rest, '--', '--end-with-input'], { stdio: 'pipe' });
  let complaints = '';
  script.stderr.on('data', (text) => (complaints += text));
  const closed = new Promise((resolve) => script.on('close', resolve));
  const { value } = await createInterface(script.stdout)[Symbol.asyncIterator]().next();
  const { pid, folder } = JSON.parse(value);
  end(script);
  const code = await closed;
  return { code, complaints, isRunning: await runs(pid), hasFolder: existsSync(folder) };
}

/** Returns `true` if a process goes on for some seconds. */
async function runs(pid) {
  for (let tries = 0; tries < 200; tries++) {
    // One that has ended stays until somebody asks for its status.
    const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    if (status === '' || / Z /.test(status)) return false;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return true;
}

const gone = { isRunning: false, hasFolder: false };
const forever = 'await new Promise((resolve) => setTimeout(resolve, 600_000));';

test('a script that ends by itself, by an error or by a signal leaves no program and no folder', async () => {
  const cases = [
    ['process.exitCode = 3; process.exit();', undefined, 3],
    ['await new Promise((resolve) => setTimeout(resolve)); throw new Error("something");', undefined, 1],
    [forever, (script) => script.kill('SIGHUP'), 129],
    [forever, (script) => script.kill('SIGINT'), 130],
    [forever, (script) => script.kill('SIGTERM'), 143],
    [forever, (script) => script.stdin.end(), 1],
  ];
  for (const [rest, end, expected] of cases) {
    const { code, complaints, ...left } = await ended(rest, end);
    assert.equal(code, expected, complaints);
    assert.deepEqual(left, gone, `${rest} ${end}`);
  }
});

test('a program that is not there is an error that says what to do, and what was started ends', async () => {
  const built = fileURLToPath(new URL('../../target/release/no-such-program', import.meta.url));
  for (const [program, expected] of [
    [built, /expected the program target\/release\/no-such-program, found none: .*cargo xtask bench without --built/],
    ['no-such-program', /expected the program no-such-program, found none: install it/],
  ]) {
    for (const work of ['startProgram', 'runProgram']) {
      const { code, complaints, ...left } = await ended(`await ${work}(${JSON.stringify(program)}, []);`);
      assert.equal(code, 1);
      assert.match(complaints, expected);
      assert.deepEqual(left, gone);
    }
  }
});
