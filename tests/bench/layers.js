// Reading layers of many files: the reader of this project against gzip and tar, against JavaScript libraries, and against crane.

import { createReadStream, existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { startProgram, temporaryFolder } from '../e2e/child-processes.js';
import { megabytesOfPages } from '../e2e/memory.js';
import { startDevRegistry } from '../e2e/servers.js';
import { digestOf, fill } from '../replay/registry-contents.js';
import { noteLongTasks, seen, startChromium, startFiles } from './browser.js';
import { makeLayer } from './layer-file.js';
import { ours } from './listers.js';
import { compare, leaveOut } from './measure.js';
import { findPeers, native, peak } from './programs.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const [fileCount, fileSize, pathCount] = [50_000, 10_000, 200_000];
const program = join(root, 'target/release/examples/list');
const lister = fileURLToPath(new URL('list-layer.js', import.meta.url));
const megabytes = (fileCount * fileSize) / 1e6;

/** Runs a line of the shell, and gives its seconds and the most memory of its process; it must print a line for each file. */
async function run(line) {
  const start = performance.now();
  const child = await startProgram('bash', ['-o', 'pipefail', '-c', line], { stdio: ['ignore', 'pipe', 'inherit'] });
  let [lines, most] = [0, 0];
  const looking = setInterval(() => (most = Math.max(most, peak(child.pid))), 25);
  for await (const piece of child.stdout) for (const byte of piece) lines += byte === 10;
  clearInterval(looking);
  const code = child.exitCode ?? (await new Promise((resolve) => child.once('exit', resolve)));
  if (code !== 0 || lines !== fileCount) throw new Error(`${line}: expected ${fileCount} lines and 0, found ${lines} and ${code}`);
  return { seconds: (performance.now() - start) / 1000, most };
}

/** A contestant that runs a line of the shell. One process alone tells how much memory it takes. */
const line = (name, command, peer = false) => ({
  name,
  peer,
  async run() {
    const { seconds, most } = await run(peer ? command : `exec ${command}`);
    return { value: seconds, note: peer ? undefined : `${most.toFixed(0)} MB of memory at most` };
  },
});

const within100 = (name) => (of) => [[`${name}: at most 100 MB of memory`, Number.parseFloat(of(name).note) <= 100]];

const folder = await temporaryFolder('tallyman-layers-');
const files = await startFiles();
const chromium = await startChromium();
let layers;
let registry;
try {
  for (const [name, packer, unpack] of [['gzip', ['gzip', '-6'], 'gzip -dc'], ['zstd', ['zstd', '-q', '-3'], 'zstd -dcq']]) {
    if (name === 'zstd' && !existsSync('/usr/bin/zstd')) {
      leaveOut('a layer of zstd', 'the program zstd is not there');
      continue;
    }
    const file = join(folder, `layer.${name}`);
    await makeLayer(file, packer, fileCount, fileSize);
    const pipe = `${unpack} | tar -t`;
    const own = 'tallyman, native';
    await compare({
      title: `Listing a layer of ${megabytes} MB and ${fileCount} files, ${name}`,
      unit: 's',
      warmUp: true,
      contestants: [line(own, `${program} < ${file}`), line(pipe, `${unpack} < ${file} | tar -t`, true)],
      targets: (of) => [...(name === 'gzip' ? [[`at least 0.8 of the speed of ${pipe}`, of(pipe).ratio >= 0.8]] : []), ...within100(own)(of)],
      summary: () => [{ what: `listing a layer of ${megabytes} MB, ${name}, native`, ours: own }],
    });
  }
  const file = join(folder, 'layer.gzip');
  const pipe = 'gzip -dc | tar -t';
  const libraries = ['fflate with tar-stream', "Node's zlib with tar-stream"];
  const inNode = `${ours}, Node`;
  const way = (name) => `${process.execPath} ${lister} "${name}" ${file}`;
  await compare({
    title: `Listing a layer of ${megabytes} MB and ${fileCount} files in Node, gzip`,
    unit: 's',
    warmUp: true,
    contestants: [line(inNode, way(ours)), line(pipe, `gzip -dc < ${file} | tar -t`, true), ...libraries.map((name) => line(name, way(name), true))],
    targets: (of) => [
      [`at least 0.8 of the speed of ${pipe}`, of(pipe).ratio >= 0.8],
      ...libraries.map((name) => [`not slower than ${name}`, of(name).ratio >= 1]),
      ...within100(inNode)(of),
    ],
    summary: () => [{ what: `listing a layer of ${megabytes} MB in Node`, ours: inNode }],
  });

  // Pages get the layer from a server that sends it as it is read.
  layers = createServer((_, response) => {
    response.writeHead(200, { 'access-control-allow-origin': '*', 'content-length': statSync(file).size, 'content-type': 'application/octet-stream' });
    createReadStream(file, { highWaterMark: 1 << 18 }).pipe(response);
  });
  await new Promise((resolve) => layers.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${layers.address().port}/layer`;
  const bundle = join(root, 'target/bench/list-layer-page.js');
  const entry = fileURLToPath(new URL('list-layer-page.js', import.meta.url));
  const nodePaths = [fileURLToPath(new URL('node_modules', import.meta.url))];
  await build({ entryPoints: [entry], outfile: bundle, bundle: true, format: 'esm', platform: 'browser', nodePaths, define: { global: 'globalThis' }, logLevel: 'error' });
  const inPage = async (name) => {
    const page = await chromium.newPage();
    await page.goto(files.origin);
    let most = 0;
    let isOver = false;
    const watching = (async () => {
      while (!isOver) {
        most = Math.max(most, await megabytesOfPages(chromium));
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    })();
    const before = await megabytesOfPages(chromium);
    const seconds = await page.evaluate(
      async ([name, address, count]) => (await import('/target/bench/list-layer-page.js')).seconds(name, address, count),
      [name, address, fileCount],
    );
    isOver = true;
    await watching;
    await page.close();
    return { value: seconds, note: `${Math.max(0, most - before).toFixed(0)} MB of memory at most` };
  };
  const inChromium = `${ours}, Chromium`;
  const pages = ['fflate with tar-stream', 'DecompressionStream with tar-stream'];
  await compare({
    title: `Listing a layer of ${megabytes} MB and ${fileCount} files in Chromium, gzip`,
    unit: 's',
    contestants: [
      { name: inChromium, run: () => inPage(ours) },
      line(pipe, `gzip -dc < ${file} | tar -t`, true),
      ...pages.map((name) => ({ name, peer: true, run: () => inPage(name) })),
    ],
    targets: (of) => [
      [`at least 0.5 of the speed of ${pipe}`, of(pipe).ratio >= 0.5],
      [`not slower than ${pages[0]}`, of(pages[0]).ratio >= 1],
      ...within100(inChromium)(of),
    ],
    summary: () => [{ what: `listing a layer of ${megabytes} MB in Chromium`, ours: inChromium }],
  });

  registry = await startDevRegistry('--app', join(root, 'dist'), '--app-addr', '127.0.0.1:0');
  const image = await put('bench/files', readFileSync(file));
  const { there, absent } = await findPeers();
  const crane = there.find(({ name }) => name === 'crane');
  const exported = async ([command, ...args]) => {
    const start = performance.now();
    const child = await startProgram(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let bytes = 0;
    for await (const piece of child.stdout) bytes += piece.length;
    if (bytes < fileCount * fileSize) throw new Error(`${command}: expected an archive, found ${bytes} bytes`);
    return (performance.now() - start) / 1000;
  };
  await compare({
    title: `Exporting an image of ${megabytes} MB and ${fileCount} files`,
    unit: 's',
    warmUp: true,
    contestants: [
      { name: 'tallyman export', run: () => exported([...native, 'export', '--insecure', image]) },
      ...(crane ? [{ name: 'crane export', peer: true, run: () => exported([...crane.command, 'export', '--insecure', image, '-']) }] : []),
    ],
    absent: absent.filter((name) => name === 'crane'),
    targets: (of) => (crane ? [['not slower than crane export', of('crane export').ratio >= 1]] : []),
    summary: () => [{ what: `exporting an image of ${megabytes} MB`, ours: 'tallyman export' }],
  });

  await compare({
    title: 'The files of an image in the app: from the first byte of the layer to the first rows, nothing in the cache',
    unit: 'ms',
    contestants: [{ name: 'tallyman', run: () => firstRows(image) }],
    targets: (of) => [['within 300 ms', of('tallyman').median <= 300]],
    summary: () => [{ what: 'from the first byte of a layer to the first rows', ours: 'tallyman', limit: 300, cause: 'what the machine takes to start the worker' }],
  });

  await compare({
    title: `The longest task of the page while an image of ${megabytes} MB is read and searched in the app`,
    unit: 'ms',
    contestants: [{ name: 'tallyman', run: () => longestTask(image) }],
    targets: (of) => [['no task of more than 50 ms', of('tallyman').median <= 50]],
    summary: () => [{ what: `the longest task of the page while an image of ${megabytes} MB is read`, ours: 'tallyman', limit: 50 }],
  });

  const paths = join(folder, 'paths.gzip');
  await makeLayer(paths, ['gzip', '-6'], pathCount, 0);
  const [packed, plain] = [readFileSync(paths), await unpacked(paths)];
  await put('bench/paths', packed);
  await compare({
    title: `A search over ${pathCount} paths, the longest of a word that is typed, in the worker of the app`,
    unit: 'ms',
    contestants: [{ name: 'tallyman', run: () => searched('bench/paths', packed, digestOf(plain)) }],
    targets: (of) => [['within 50 ms', of('tallyman').median <= 50]],
    summary: () => [{ what: `a search over ${pathCount} paths`, ours: 'tallyman', limit: 50 }],
  });
} finally {
  await chromium.close();
  await files.stop();
  await registry?.stop();
  layers?.close();
  rmSync(folder, { recursive: true, force: true });
}

/** The bytes that a file of gzip holds. */
async function unpacked(file) {
  const parts = [];
  const unpacking = await startProgram('gzip', ['-dc', file], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const piece of unpacking.stdout) parts.push(piece);
  return Buffer.concat(parts);
}

/** Puts an image of one layer into the registry, and gives its reference. */
async function put(repo, layer) {
  const config = Buffer.from(JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [] } }));
  const type = 'application/vnd.oci.image';
  const described = (mediaType, bytes) => ({ mediaType, digest: digestOf(bytes), size: bytes.length });
  const mediaType = `${type}.manifest.v1+json`;
  const manifest = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType, config: described(`${type}.config.v1+json`, config), layers: [described(`${type}.layer.v1.tar+gzip`, layer)] }),
  );
  const blobs = [config, layer].map((bytes) => ({ repo, digest: digestOf(bytes), bytes }));
  await fill(registry.registry, { blobs, manifests: [{ repo, tag: '1', mediaType, digest: digestOf(manifest), bytes: manifest }] });
  return `${registry.host}/${repo}:1`;
}

/** Asks for layers of many bytes as soon as the page asks whether it shall read them. */
function readsAll(page) {
  return page.addInitScript(() => {
    const look = () => {
      document.querySelector('[data-testid=files-read-all]')?.click();
      if (!document.querySelector('[data-testid=file-row]')) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
}

/** Milliseconds of the longest task of the page; 0 where none takes over 50. */
async function longestTask(image) {
  const context = await chromium.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await noteLongTasks(page);
  await readsAll(page);
  const control = await context.newCDPSession(page);
  const given = async (expression) => (await control.send('Runtime.evaluate', { expression, returnByValue: true })).result.value;
  await page.goto(`${registry.app}#/files/${image}`);
  await seen(control, '[data-testid=file-row]');
  // The time before the first rows is another figure.
  await given('longTasks.length = 0');
  await control.send('Runtime.evaluate', { expression: 'document.querySelector("[data-testid=files-search]").focus()' });
  for (const text of 'file-499') {
    await control.send('Input.insertText', { text });
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await seen(control, '[data-testid=files-whole]');
  await new Promise((resolve) => setTimeout(resolve, 300));
  const tasks = await given('longTasks');
  await context.close();
  const note = tasks.length > 0 ? `tasks over 50 ms: ${tasks.map(([start, took]) => `${took} at ${start}`).join(', ')}` : 'no task over 50 ms';
  return { value: Math.max(0, ...tasks.map(([, took]) => took)), note };
}

/** Milliseconds from the first byte of a layer to the first rows, in a browser that has nothing of the app. */
async function firstRows(image) {
  const context = await chromium.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await readsAll(page);
  const control = await context.newCDPSession(page);
  await control.send('Network.enable');
  let first;
  const begun = new Map();
  control.on('Network.responseReceived', ({ requestId, response }) => response.url.includes('/bench/files/blobs/') && begun.set(requestId, true));
  // The config is a blob too, and a small one.
  control.on('Network.dataReceived', ({ requestId, dataLength }) => begun.has(requestId) && dataLength > 1000 && (first ??= performance.now()));
  await page.goto(`${registry.app}#/files/${image}`);
  await seen(control, '[data-testid=file-row]');
  const value = performance.now() - first;
  await context.close();
  return value;
}

/** The most milliseconds that the worker takes for a search, of those for each beginning of a word, which the note has. */
async function searched(repo, layer, diffId) {
  const context = await chromium.newContext();
  const page = await context.newPage();
  await page.goto(registry.app);
  const digest = digestOf(layer);
  const source = { place: `${registry.host}/${repo}`, digest, size: layer.length, diff_id: diffId, annotations: {} };
  const times = await page.evaluate(
    async ([address, source]) => {
      const script = document.querySelector('script[data-files-worker]').getAttribute('data-files-worker');
      const worker = new Worker(script, { type: 'module' });
      const waiting = [];
      const arrived = [];
      worker.onmessage = ({ data }) => {
        const message = JSON.parse(data[0]);
        const at = waiting.findIndex(([is]) => is(message));
        if (at < 0) return arrived.push(message);
        return waiting.splice(at, 1)[0][1](message);
      };
      const next = (is) => new Promise((resolve) => waiting.push([is, resolve]));
      const send = (message, ...beside) => worker.postMessage([JSON.stringify(message), ...beside], beside);
      const isReady = next((message) => message === 'Ready');
      await isReady;
      const fetched = next((message) => message.Fetch);
      send({ Open: { image: 0, layers: [source], digests: false, holds: false } });
      const { Fetch } = await fetched;
      const bytes = await (await fetch(address)).arrayBuffer();
      const whole = next((message) => message.Summary?.summary.is_whole);
      for (let at = 0; at < bytes.byteLength; at += 1 << 16) {
        const taken = next((message) => message.Taken);
        send({ Piece: { job: Fetch.job } }, bytes.slice(at, at + (1 << 16)));
        await taken;
      }
      send({ End: { job: Fetch.job } });
      await whole;
      // The page has rows before anybody searches in them.
      const shown = next((message) => message.Rows?.query === 0);
      send({ Rows: { query: 0, of: { Image: 0 }, view: {}, first: 0, count: 50 } });
      await shown;
      const times = [];
      const word = 'file-1999';
      for (let length = 1; length <= word.length; length++) {
        const begun = performance.now();
        const rows = next((message) => message.Rows?.query === length);
        send({ Rows: { query: length, of: { Image: 0 }, view: { search: word.slice(0, length), all_open: true }, first: 0, count: 50 } });
        const { Rows } = await rows;
        if (!Rows.matches) throw new Error(`expected files for ${word.slice(0, length)}, found none`);
        times.push(performance.now() - begun);
      }
      worker.terminate();
      return times;
    },
    [`${registry.registry}/v2/${repo}/blobs/${digest}`, source],
  );
  await context.close();
  return { value: Math.max(...times), note: times.map((time) => time.toFixed(0)).join(', ') };
}
