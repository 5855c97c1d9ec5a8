// Bytes, gzipped, that the library may have: what it has today, and a little. Whoever adds to it sees it here.

export const limits = {
  wasm: 320 * 1024,
  javascript: 20 * 1024,
};
