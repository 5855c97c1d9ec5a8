// The entry for Node: ready when it is imported, with Node's own HTTP, files and hashes.

import { createHash } from 'node:crypto';
import * as carried from '../dist/inline.js';
import * as files from '../node/folders.js';
import { NodeTransport } from '../node/transport.js';
import { createMachine } from '../node/machine.js';
import { provide } from './engine.js';
import { gunzip } from './node-gunzip.js';
import type { RequestTransport } from './requests.js';

let transport: NodeTransport | undefined;

provide({
  // In the script, so that programs that are bundled into one file find it.
  wasm: () => Buffer.from(carried.tallyman, 'base64'),
  client: () => Buffer.from(carried.client, 'base64'),
  extras: () => Buffer.from(carried.extras, 'base64'),
  layers: () => Buffer.from(carried.layers, 'base64'),
  gunzip,
  files,
  machine: createMachine,
  hasher: (algorithm) => {
    const hash = createHash(algorithm);
    return { update: (bytes) => void hash.update(bytes), finish: () => hash.digest('hex') };
  },
  requests: (): RequestTransport => ({
    obeysCors: false,
    tellsPlainHttp: true,
    streamsBodies: true,
    preconnect(url, insecure, requests, handshakes) {
      transport ??= new NodeTransport();
      transport.preconnect(url, { insecure, requests, handshakes });
    },
    request(asked) {
      transport ??= new NodeTransport();
      return transport.request({ ...asked, pieces: true });
    },
  }),
});

export * from './api.js';
