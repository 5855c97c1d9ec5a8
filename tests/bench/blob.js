// Layers that are downloaded and verified, from a registry on this machine.

import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { startProgram } from '../e2e/child-processes.js';
import { Tallyman } from '../../target/npm/tallyman/lib/node.js';
import { compare } from './measure.js';

const size = 256 * 1024 * 1024;
const server = await startProgram('node', [fileURLToPath(new URL('blob-server.js', import.meta.url)), String(size)], { stdio: ['ignore', 'pipe', 'inherit'] });
const { value } = await createInterface(server.stdout)[Symbol.asyncIterator]().next();
const { host, digest } = JSON.parse(value);
const tm = new Tallyman();

/** Megabytes a second at which `read` gives a blob. */
async function speed(read) {
  const start = performance.now();
  let bytes = 0;
  for await (const piece of await read()) bytes += piece.length;
  if (bytes !== size) throw new Error(`expected ${size} bytes, found ${bytes}`);
  return size / 1e3 / (performance.now() - start);
}

async function* fetched() {
  const hash = createHash('sha256');
  for await (const piece of (await fetch(`http://${host}/v2/app/blobs/${digest}`)).body) {
    hash.update(piece);
    yield piece;
  }
  if (`sha256:${hash.digest('hex')}` !== digest) throw new Error('the digest is another one');
}

await compare({
  title: 'A layer of 256 MiB, downloaded and verified, in Node',
  unit: 'MB/s',
  better: 'more',
  runs: 9,
  warmUp: true,
  contestants: [
    { name: 'tallyman', run: () => speed(() => tm.blob(`${host}/app`, { digest, size })) },
    { name: 'fetch and createHash', peer: true, run: () => speed(fetched) },
  ],
  targets: (of) => [['at least 0.9 of fetch and createHash', of('fetch and createHash').ratio >= 0.9]],
});
server.kill();
