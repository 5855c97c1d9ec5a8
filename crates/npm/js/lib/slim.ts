// The entry for those who load the wasm themselves: `await init({ module, client, extras, layers })` comes first.

export * from './api.js';
