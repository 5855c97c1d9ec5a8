// A layer of many files, about as layers are, in a file.

import { createWriteStream } from 'node:fs';
import { finished, pipeline } from 'node:stream/promises';

import { startProgram } from '../e2e/child-processes.js';

const block = 512;

/** Text and noise by turns, so that a layer packs about as layers do. */
function contents(fileSize) {
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

/** Writes a layer of so many files of so many bytes, packed by a program and its arguments. */
export async function makeLayer(file, [program, ...args], fileCount, fileSize) {
  const packing = await startProgram(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const written = pipeline(packing.stdout, createWriteStream(file));
  // Files of nothing are names alone.
  const next = fileSize > 0 ? contents(fileSize) : () => Buffer.alloc(0);
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
