// The entry for those who load the wasm themselves: `await init({ module })` comes first.

export * from './api.js';
