// The entry for pages and bundlers that serve the wasm as a file of its own: smaller, and compiled while it comes.

import { init } from './engine.js';

await init({ module: new URL('../dist/tallyman.wasm', import.meta.url) });

export * from './api.js';
