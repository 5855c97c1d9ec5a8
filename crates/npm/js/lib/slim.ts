// The entry for those who load the wasm themselves: `await init({ module, client, extras })` comes first.

export * from './api.js';
