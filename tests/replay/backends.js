// The registries that stand behind the recording front, each fresh for one scenario.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const devRegistry = fileURLToPath(new URL('../../target/debug/tallyman-dev-registry', import.meta.url));

// alice / s3cret, as the recordings have it.
const htpasswd = 'alice:$2y$04$X6A4bZwkXNqUqEOsgdzLMeJ7PlmAxS2ldPEuigIb2dHojQQQfJAX6\n';

/**
 * Starts the registry called `kind`, `distribution` or `memory`, and waits until it answers. `checksPassword` says that with
 * `basic` the registry itself asks for the password; otherwise the front has to.
 */
export async function startBackend(kind, { basic = false } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'tallyman-replay-registry-'));
  const port = await freePort();
  const [program, ...args] = commandLine[kind](folder, port, basic);
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let complaints = '';
  child.stderr.on('data', (piece) => (complaints += piece));
  const ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', resolve);
  });
  const url = `http://127.0.0.1:${port}`;
  await Promise.race([
    answers(url),
    ended.then((code) => {
      throw new Error(`${program} ended with ${code}: ${complaints}`);
    }),
  ]);
  return {
    port,
    checksPassword: basic && kind === 'distribution',
    async stop() {
      child.kill();
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}

const commandLine = {
  memory: (_folder, port) => [devRegistry, '--addr', `127.0.0.1:${port}`, '--v2-8'],
  distribution(folder, port, basic) {
    const users = join(folder, 'htpasswd');
    writeFileSync(users, htpasswd);
    const config = join(folder, 'config.yml');
    writeFileSync(
      config,
      `version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: ${join(folder, 'data')}}, delete: {enabled: true}}
validation: {disabled: true}
http: {addr: "127.0.0.1:${port}", secret: only-for-tests}
${basic ? `auth: {htpasswd: {realm: registry, path: ${users}}}` : ''}
`,
    );
    return ['docker-registry', 'serve', config];
  },
};

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function answers(url) {
  for (let tries = 0; tries < 400; tries++) {
    const response = await fetch(`${url}/v2/`).catch(() => undefined);
    if (response) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`nothing answers at ${url}`);
}
