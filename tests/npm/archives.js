// tar archives, made byte by byte, for tests of layers.

import { createHash } from 'node:crypto';
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

const digestOf = (bytes) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** A zstd frame of one raw block. */
function frame(bytes) {
  const head = Buffer.from('28b52ffda000000000000000', 'hex');
  head.writeUInt32LE(bytes.length, 5);
  head.writeUIntLE((bytes.length << 3) | 1, 9, 3);
  return Buffer.concat([head, bytes]);
}

const skippable = (bytes) => {
  const head = Buffer.from('502a4d1800000000', 'hex');
  head.writeUInt32LE(bytes.length, 4);
  return Buffer.concat([head, bytes]);
};

/**
 * A layer that is made for lazy pulling, of files by name, in pieces of `chunk` bytes: `bytes`, the `annotations` of its descriptor, the
 * digest of its content as `diffId`, where its table of contents is (`contents`) and where each file begins (`starts`). `change` may
 * change the table.
 */
export function lazyLayer(form, files, chunk, change = (json) => json) {
  const isStargz = form === 'estargz';
  const [parts, plain, entries, starts] = [[], [], [], {}];
  let offset = 0;
  const put = (content) => {
    const packed = isStargz ? gzipSync(content) : frame(content);
    parts.push(packed);
    plain.push(content);
    offset += packed.length;
  };
  for (const [name, text] of Object.entries(files)) {
    const content = Buffer.from(text);
    put(header(name, { size: content.length }));
    starts[name] = offset;
    const pieces = [];
    for (let at = 0; at < content.length; at += chunk) {
      const piece = content.subarray(at, at + chunk);
      pieces.push({ name, type: 'chunk', offset, chunkOffset: at, chunkSize: piece.length, chunkDigest: digestOf(piece) });
      put(piece);
    }
    const [first, ...rest] = pieces;
    const digest = content.length > 0 ? { digest: digestOf(content) } : {};
    entries.push({ ...first, name, type: 'reg', size: content.length, mode: 0o644, ...digest, ...(isStargz ? {} : { endOffset: offset }) }, ...rest);
    put(Buffer.alloc((block - (content.length % block)) % block));
  }
  const json = Buffer.from(change(JSON.stringify({ version: 1, entries })));
  if (isStargz) {
    const at = offset;
    put(archive(file('stargz.index.json', json)));
    const footer = Buffer.concat([
      Buffer.from('1f8b08040000000000ff1a0053471600', 'hex'),
      Buffer.from(`${at.toString(16).padStart(16, '0')}STARGZ`),
      Buffer.from('010000ffff0000000000000000', 'hex'),
    ]);
    const annotations = { 'containerd.io/snapshot/stargz/toc.digest': digestOf(json) };
    const contents = [`bytes=${offset}-${offset + footer.length - 1}`, `bytes=${at}-${offset - 1}`];
    return { bytes: Buffer.concat([...parts, footer]), annotations, diffId: digestOf(Buffer.concat(plain)), contents, starts };
  }
  put(Buffer.alloc(2 * block));
  const packed = frame(json);
  const key = 'io.github.containers.zstd-chunked.manifest';
  const annotations = { [`${key}-checksum`]: digestOf(packed), [`${key}-position`]: `${offset + 8}:${packed.length}:${json.length}:1` };
  const contents = [`bytes=${offset + 8}-${offset + 8 + packed.length - 1}`];
  const bytes = Buffer.concat([...parts, skippable(packed), skippable(Buffer.alloc(64))]);
  return { bytes, annotations, diffId: digestOf(Buffer.concat(plain)), contents, starts };
}
