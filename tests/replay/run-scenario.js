// Runs the steps of a scenario with a program, against a fresh registry with a fresh home folder.

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBackend } from './backends.js';
import { basicChallenge, fillHeaders, loggedIn, tokenChallenge } from './front-auth.js';
import { isSecure, startFront } from './front.js';
import { readStore } from './local-store.js';
import { fill, readBack } from './registry-contents.js';

/**
 * Results: `{ steps: [{ exit, stdout, stderr, store, requests }], pushed }`, with the references of `scenario.pushed`
 * read back at the end. `command` is the program and its first arguments; `backend` is `distribution` or `memory`.
 */
export async function runScenario(scenario, { command, backend: kind }) {
  const { host, auth } = scenario;
  const backend = await startBackend(kind, { basic: auth === 'basic' });
  const registry = `http://127.0.0.1:${backend.port}`;
  const headers = auth === 'basic' ? fillHeaders : {};
  const home = mkdtempSync(join(tmpdir(), 'tallyman-replay-home-'));
  try {
    await fill(registry, scenario.contents, headers);
    const front = await startFront({ host, backend: backend.port, challenge: challengeOf(scenario, backend) });
    try {
      const config = join(home, '.docker');
      mkdirSync(config);
      if (auth) writeFileSync(join(config, 'config.json'), loggedIn(host));
      const steps = [];
      for (const { before, argv } of scenario.steps) {
        if (before) await fill(registry, before, headers);
        const outcome = await runProgram([...command, ...argv], home, config);
        steps.push({ ...outcome, store: readStore(join(config, 'manifests')), requests: await front.take() });
      }
      const references = [...scenario.pushed.map(({ ref }) => ref), ...steps.flatMap((step) => pushedByDigest(step, host))];
      const pushed = [];
      for (const ref of new Set(references)) pushed.push({ ref, ...(await readBack(registry, ref, headers)) });
      return { steps, pushed };
    } finally {
      await front.stop();
    }
  } finally {
    rmSync(home, { recursive: true });
    await backend.stop();
  }
}

function challengeOf({ host, auth }, backend) {
  if (auth === 'token') return tokenChallenge(host, isSecure(host) ? 'https' : 'http');
  return auth === 'basic' && !backend.checksPassword ? basicChallenge : undefined;
}

// `Pushed ref HOST/REPO@DIGEST with digest: DIGEST` names a manifest that must be there, too.
const pushedByDigest = ({ stdout }, host) =>
  [...stdout.matchAll(/^Pushed ref (\S+) with digest/gm)].map(([, ref]) => ref.slice(host.length + 1));

function runProgram([program, ...args], home, config) {
  const env = { PATH: process.env.PATH, HOME: home, TALLYMAN_CONFIG: config, DOCKER_CONFIG: config };
  return new Promise((resolve, reject) => {
    execFile(program, args, { env, encoding: 'buffer', timeout: 60_000, cwd: home }, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') return reject(error);
      const clean = (bytes) => bytes.toString('utf8').replaceAll(config, '$CONFIG').replaceAll(home, '$HOME');
      resolve({ exit: error?.code ?? 0, stdout: clean(stdout), stderr: clean(stderr) });
    });
  });
}
