// tar archives, made byte by byte, for tests of layers.

import { gzipSync } from 'node:zlib';

const block = 512;

/** A header of ustar. */
export function header(name, { size = 0, type = '0', mode = 0o644, link = '' } = {}) {
  const bytes = Buffer.alloc(block);
  bytes.write(name, 0);
  bytes.write(`${mode.toString(8).padStart(7, '0')}\0${'0000000\0'.repeat(2)}`, 100);
  bytes.write(`${size.toString(8).padStart(11, '0')}\0${'0'.repeat(11)}\0        ${type}`, 124);
  bytes.write(link, 157);
  bytes.write('ustar\u{0}00', 257);
  const sum = bytes.reduce((sum, byte) => sum + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return bytes;
}

/** A file with its padding. */
export function file(name, content, options = {}) {
  const bytes = Buffer.from(content);
  return Buffer.concat([header(name, { size: bytes.length, ...options }), bytes, Buffer.alloc((block - (bytes.length % block)) % block)]);
}

export const directory = (name) => header(`${name}/`, { type: '5', mode: 0o755 });
export const symlink = (name, target) => header(name, { type: '2', mode: 0o777, link: target });
export const hardlink = (name, target) => header(name, { type: '1', link: target });

/** An archive of entries. */
export const archive = (...entries) => Buffer.concat([...entries, Buffer.alloc(2 * block)]);

/** A layer as eStargz has it: a gzip member for each entry, and one for the end. */
export const members = (...entries) => Buffer.concat([...entries, Buffer.alloc(2 * block)].map((entry) => gzipSync(entry)));
