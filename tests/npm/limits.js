// Bytes, gzipped, that the library may have. Whoever adds to it sees it here.

export const limits = {
  /** The bytes that an import loads: everything but what talks to registries. */
  wasm: 120 * 1024,
  /** The bytes that a client loads. */
  client: 160 * 1024,
  javascript: 20 * 1024,
};
