// The programs that the tests talk to: the in-memory registry with the app, and CNCF Distribution.

import { open, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { runProgram, startProgram, temporaryFolder } from './child-processes.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const devRegistry = join(root, 'target/debug/tallyman-dev-registry');

/** A port that nothing listens on. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Starts the in-memory registry with `flags` and gives the addresses that it prints. */
export async function startDevRegistry(...flags) {
  const port = await freePort();
  const child = await startProgram(devRegistry, ['--addr', `127.0.0.1:${port}`, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
  const wanted = flags.includes('--app') ? ['registry', 'app'] : ['registry'];
  const urls = await new Promise((resolve, reject) => {
    const found = {};
    let text = '';
    child.on('exit', (code) => reject(new Error(`the in-memory registry ended with ${code}`)));
    child.stdout.on('data', (piece) => {
      text += piece;
      for (const [, name, url] of text.matchAll(/^(registry|app) (\S+)$/gm)) found[name] = url;
      if (wanted.every((name) => found[name])) resolve(found);
    });
  });
  return { ...urls, host: new URL(urls.registry).host, stop: () => stop(child) };
}

/** Starts CNCF Distribution with the headers that a page of another origin needs, filled with the samples unless told otherwise. */
export async function startDistribution({ samples = true } = {}) {
  const port = await freePort();
  const folder = await temporaryFolder('tallyman-distribution-');
  const config = join(folder, 'config.yml');
  await writeFile(
    config,
    `version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: ${join(folder, 'data')}}, delete: {enabled: true}}
http:
  addr: 127.0.0.1:${port}
  secret: only-for-tests
  headers:
    Access-Control-Allow-Origin: ['*']
    Access-Control-Allow-Methods: [GET, HEAD, PUT, POST, PATCH, DELETE, OPTIONS]
    Access-Control-Allow-Headers: [Authorization, Accept, Content-Type, Content-Range, Range]
    Access-Control-Expose-Headers: [Docker-Content-Digest, WWW-Authenticate, Link, Location, Range, Content-Range, OCI-Subject, OCI-Filters-Applied, OCI-Chunk-Min-Length, Retry-After]
`,
  );
  const child = await spawnDistribution(config);
  const registry = `http://127.0.0.1:${port}`;
  await answers(`${registry}/v2/`).catch(async (error) => {
    throw new Error(`${error.message}; Distribution says: ${await readFile(`${config}.log`, 'utf8')}`);
  });
  if (samples) await runProgram(devRegistry, ['fill', registry, '--skip-unsupported']);
  return {
    registry,
    host: `127.0.0.1:${port}`,
    async stop() {
      await stop(child);
      await rm(folder, { recursive: true });
    },
  };
}

/** Distribution as `config` tells it. It notes every manifest that is not there, so it writes to a file beside `config`. */
export async function spawnDistribution(config) {
  const log = await open(`${config}.log`, 'a');
  try {
    return await startProgram('docker-registry', ['serve', config], { stdio: ['ignore', 'ignore', log.fd] });
  } finally {
    await log.close();
  }
}

async function answers(url) {
  for (let tries = 0; tries < 100; tries++) {
    const response = await fetch(url).catch(() => undefined);
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nothing answers at ${url}`);
}

async function stop(child) {
  if (child.exitCode !== null) return;
  child.removeAllListeners('exit');
  const ended = new Promise((resolve) => child.on('exit', resolve));
  child.kill();
  await ended;
}
