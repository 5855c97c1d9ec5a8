// SHA-256, from a manifest to a stream, in Node and in Chromium.

import * as crypto from 'node:crypto';
import * as tallyman from '../../target/npm/tallyman/lib/node.js';
import { startChromium, startFiles } from './browser.js';
import { anyBytes, hashers, megabytesPerSecond, microseconds } from './hashers.js';
import { compare } from './measure.js';

const [kilobyte, megabyte] = [1024, 1024 * 1024];
const [small, large, piece, pieces] = [[kilobyte, 16 * kilobyte], 16 * megabyte, 64 * kilobyte, 4096];
const inWords = (size) => (size < megabyte ? `${size / kilobyte} KiB` : `${size / megabyte} MiB`);

async function compareAll(where, contestants, work) {
  const known = await work.digestOf('WebCrypto', small[0]);
  for (const { name } of contestants) {
    const digest = await work.digestOf(name, small[0]);
    if (digest !== known) throw new Error(`${name} in ${where}: expected ${known}, found ${digest}`);
  }
  const by = (run, who = contestants) => who.map(({ name }) => ({ name, peer: !name.startsWith('tallyman'), run: () => run(name) }));
  const notSlower = (size) => (of) => {
    const { ratio } = of('hash-wasm');
    const rows = [[`not slower than hash-wasm in ${where}`, ratio >= 1]];
    if (size === small[0]) rows.push([`cheaper than a call of WebCrypto in ${where}`, of('WebCrypto').ratio > 1]);
    return rows;
  };
  for (const size of small) {
    const title = `SHA-256 of ${inWords(size)}, one call, in ${where}`;
    await compare({ title, unit: 'µs', warmUp: true, contestants: by((name) => work.perCall(name, size)), targets: notSlower(size) });
  }
  await compare({
    title: `SHA-256 of ${inWords(large)} that are there, in ${where}`,
    unit: 'MB/s',
    better: 'more',
    warmUp: true,
    contestants: by((name) => work.speed(name, large)),
    targets: notSlower(large),
  });
  await compare({
    title: `SHA-256 of a stream of ${inWords(piece * pieces)}, in ${where}`,
    unit: 'MB/s',
    better: 'more',
    contestants: by((name) => work.streamSpeed(name, piece, pieces), contestants.filter(({ streams }) => streams)),
    targets: notSlower(piece * pieces),
  });
}

const inNode = await hashers({ tallyman, crypto, load: (name) => import(name) });
const content = new Map([...small, large, piece].map((size) => [size, anyBytes(size)]));
await compareAll(
  'Node',
  Object.entries(inNode).map(([name, { pieces }]) => ({ name, streams: Boolean(pieces) })),
  {
    digestOf: (name, size) => inNode[name].whole(content.get(size)),
    perCall: (name, size) => microseconds(() => inNode[name].whole(content.get(size))),
    speed: (name, size) => megabytesPerSecond(() => inNode[name].whole(content.get(size)), size),
    streamSpeed: (name, size, times) => megabytesPerSecond(() => inNode[name].pieces(content.get(size), times), size * times),
  },
);

const [chromium, files] = [await startChromium(), await startFiles()];
const page = await chromium.newPage();
await page.goto(files.origin);
const inPage = (work) => (...given) =>
  page.evaluate(async ([work, given]) => (await import('/tests/bench/digest-page.js'))[work](...given), [work, given]);
await compareAll('Chromium', await inPage('start')(), Object.fromEntries(['digestOf', 'perCall', 'speed', 'streamSpeed'].map((work) => [work, inPage(work)])));
await chromium.close();
await files.stop();
