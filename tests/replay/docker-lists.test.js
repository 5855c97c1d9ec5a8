// Lists that Docker made are taken on by us, and ours by Docker: the files are the same, byte for byte.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';

import { command } from './program.js';
import { startBackend } from './backends.js';
import { readStore } from './local-store.js';
import { fill } from './registry-contents.js';
import { allScenarios } from './scenarios.js';

const [program, ...first] = command;
const recordedHost = '127.0.0.1:5077';

/** Two images whose file names are one: Docker takes one for the other in silence, and we refuse. */
const refused = 'colliding-file-names';

/** Scenarios with Docker's own files after every step, on a registry without a password. */
const scenarios = allScenarios().filter(
  ({ name, host, auth, steps }) =>
    name !== refused && host === recordedHost && !auth && steps.every(({ expected }) => expected.requests),
);

/** Runs one command over `store`, the files as Docker left them, and answers with the files then. */
async function continued(store, argv, host) {
  const there = (text) => text.replaceAll(recordedHost, host).replaceAll(recordedHost.replace(':', '-'), host.replace(':', '-'));
  const back = (text) => text.replaceAll(host, recordedHost).replaceAll(host.replace(':', '-'), recordedHost.replace(':', '-'));
  const config = mkdtempSync(join(tmpdir(), 'tallyman-lists-'));
  try {
    for (const [name, text] of Object.entries(store)) {
      const path = join(config, 'manifests', there(name));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, there(text));
    }
    const env = { PATH: process.env.PATH, TALLYMAN_CONFIG: config };
    const outcome = await new Promise((resolve) => {
      execFile(program, [...first, ...argv.map(there)], { env }, (error, stdout, stderr) =>
        resolve({ exit: error?.code ?? 0, stdout: back(stdout), stderr: back(stderr) }),
      );
    });
    const files = Object.entries(readStore(join(config, 'manifests'))).map(([name, text]) => [back(name), back(text)]);
    return { ...outcome, store: Object.fromEntries(files) };
  } finally {
    rmSync(config, { recursive: true });
  }
}

describe('lists that Docker recorded', () => {
  for (const { name, contents, steps } of scenarios) {
    const good = steps.map((step, at) => ({ ...step, before: steps[at - 1]?.expected.store ?? {} })).filter(({ expected }) => expected.exit === 0);
    for (const command of ['create', 'annotate', 'push']) {
      const wanted = good.filter(({ argv }) => argv[0] === command);
      if (wanted.length === 0 || steps.some(({ before }) => before)) continue;
      test(`${name}: each ${command} goes on from Docker's files, and leaves what Docker leaves`, async () => {
        const backend = await startBackend('memory');
        try {
          await fill(`http://127.0.0.1:${backend.port}`, contents);
          for (const { argv, before, expected } of wanted) {
            // Docker 28.2.2 pushes to loopback without it.
            const insecure = command === 'annotate' || argv.includes('--insecure') ? [] : ['--insecure'];
            const found = await continued(before, [...argv, ...insecure], `127.0.0.1:${backend.port}`);
            assert.deepEqual(
              { exit: found.exit, stderr: found.stderr, stdout: found.stdout, store: found.store },
              { exit: 0, stderr: expected.stderr, stdout: expected.stdout, store: expected.store },
              argv.join(' '),
            );
          }
        } finally {
          await backend.stop();
        }
      });
    }
  }
});
