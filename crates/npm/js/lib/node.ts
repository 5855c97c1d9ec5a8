// The entry for Node: ready when it is imported, with Node's own HTTP, files and hashes.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as files from '../node/folders.js';
import { NodeTransport } from '../node/transport.js';
import { provide } from './engine.js';
import { piecesOf, type Requests } from './requests.js';

/** Bytes of a body that is not worth taking in pieces. */
const small = 64 * 1024;
let transport: NodeTransport | undefined;

provide({
  wasm: () => readFileSync(new URL('../dist/tallyman.wasm', import.meta.url)),
  files,
  hasher: (algorithm) => {
    const hash = createHash(algorithm);
    return { update: (bytes) => void hash.update(bytes), finish: () => hash.digest('hex') };
  },
  requests: (): Requests => ({
    obeysCors: false,
    tellsPlainHttp: true,
    expect(url, insecure, requests) {
      transport ??= new NodeTransport();
      transport.expect(url, { insecure, requests });
    },
    async request(asked) {
      transport ??= new NodeTransport();
      const { body, ...head } = await transport.request({ ...asked, stream: true });
      const length = Number(head.headers.find(([name]) => name.toLowerCase() === 'content-length')?.[1] ?? Infinity);
      // What is small is read at once, wanted or not: the connection is free for the next request then.
      return { ...head, body: length <= small ? await whole(body) : piecesOf(body) };
    },
  }),
});

async function whole(body: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
}

export * from './api.js';
