// Bytes, gzipped, that the library may have. Whoever adds to it sees it here.

export const limits = {
  /** What an import loads: everything but what talks to registries. */
  wasm: 120 * 1024,
  /** What a client loads: what it has today, and a little. */
  client: 160 * 1024,
  javascript: 20 * 1024,
};
