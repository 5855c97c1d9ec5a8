// The entry for workerd, Cloudflare's runtime, which compiles wasm when a worker is deployed and never while it runs.

import client from '../dist/client.wasm';
import extras from '../dist/extras.wasm';
import layers from '../dist/layers.wasm';
import module from '../dist/tallyman.wasm';
import { provide } from './engine.js';

provide({ wasm: () => module, client: () => client, extras: () => extras, layers: () => layers });

export * from './api.js';
