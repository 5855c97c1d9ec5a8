// Reading a layer of many files, on the machine: the reader of this project against gzip and tar.

import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { finished, pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { compare } from './measure.js';

const [fileCount, fileSize, block] = [50_000, 10_000, 512];
const program = fileURLToPath(new URL('../../target/release/examples/list', import.meta.url));

/** Text and noise by turns, so that a layer packs about as layers do. */
function contents() {
  let state = 1;
  const random = () => (state = (state * 48_271) % 0x7fff_ffff);
  const words = Array.from({ length: 4000 }, () => random().toString(36));
  const text = Buffer.from(Array.from({ length: 100_000 }, () => words[random() % words.length]).join(' '));
  const noise = Buffer.from(Array.from({ length: 1 << 18 }, () => random() & 255));
  return () => {
    const [from, at] = [random() % (text.length - fileSize), random() % (noise.length - 2000)];
    return Buffer.concat([text.subarray(from, from + fileSize - 2000), noise.subarray(at, at + 2000)]);
  };
}

function header(name, size) {
  const bytes = Buffer.alloc(block);
  bytes.write(name, 0);
  bytes.write('0000644\0' + '0000000\0'.repeat(2), 100);
  bytes.write(`${size.toString(8).padStart(11, '0')}\0${'0'.repeat(11)}\0        0`, 124);
  bytes.write('ustar\u{0}00', 257);
  const sum = bytes.reduce((sum, byte) => sum + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return bytes;
}

/** Writes the layer, packed by `packer`. */
async function makeLayer(file, packer) {
  const packing = spawn(packer[0], packer.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
  const written = pipeline(packing.stdout, createWriteStream(file));
  const next = contents();
  const padding = Buffer.alloc((block - (fileSize % block)) % block);
  for (let number = 0; number < fileCount; number++) {
    const name = `usr/share/package-${Math.floor(number / 100)}/directory-${number % 10}/file-${number}.txt`;
    const entry = Buffer.concat([header(name, fileSize), next(), padding]);
    if (!packing.stdin.write(entry)) await new Promise((resolve) => packing.stdin.once('drain', resolve));
  }
  packing.stdin.end(Buffer.alloc(2 * block));
  await finished(packing.stdin);
  await written;
}

/** Runs a line of the shell, and gives its seconds; it must print a line for each file. */
async function seconds(line) {
  const start = performance.now();
  const child = spawn('bash', ['-o', 'pipefail', '-c', line], { stdio: ['ignore', 'pipe', 'inherit'] });
  let lines = 0;
  for await (const piece of child.stdout) for (const byte of piece) lines += byte === 10;
  const code = child.exitCode ?? (await new Promise((resolve) => child.once('exit', resolve)));
  if (code !== 0 || lines !== fileCount) throw new Error(`${line}: expected ${fileCount} lines and 0, found ${lines} and ${code}`);
  return (performance.now() - start) / 1000;
}

/** The most memory of a run, in megabytes, where the system tells. */
async function peak(line) {
  if (!existsSync('/usr/bin/time')) return undefined;
  const report = join(folder, 'peak');
  await seconds(`/usr/bin/time -o ${report} -f %M ${line}`);
  return `${(Number(readFileSync(report, 'utf8')) / 1024).toFixed(1)} MB of memory at most`;
}

const folder = mkdtempSync(join(tmpdir(), 'tallyman-layers-'));
try {
  for (const [name, packer, unpack] of [['gzip', ['gzip', '-6'], 'gzip -dc'], ['zstd', ['zstd', '-q', '-3'], 'zstd -dcq']]) {
    if (name === 'zstd' && !existsSync('/usr/bin/zstd')) continue;
    const file = join(folder, `layer.${name}`);
    await makeLayer(file, packer);
    const ours = `${program} < ${file}`;
    const note = await peak(ours);
    const pipe = `${unpack} | tar -t`;
    await compare({
      title: `Listing a layer of ${(fileCount * fileSize) / 1e6} MB and ${fileCount} files, ${name}`,
      unit: 's',
      warmUp: true,
      contestants: [
        { name: 'tallyman, native', run: async () => ({ value: await seconds(ours), note }) },
        { name: pipe, peer: true, run: () => seconds(`${unpack} < ${file} | tar -t`) },
      ],
      targets: (of) => (name === 'gzip' ? [[`at least 0.8 of the speed of ${pipe}`, of(pipe).ratio >= 0.8]] : []),
    });
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
