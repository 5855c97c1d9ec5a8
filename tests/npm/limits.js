// Bytes, gzipped, that the library may have. Whoever adds to it sees it here.

export const limits = {
  /**
   * The bytes that an import loads: everything but what talks to registries, 137 KB. The gate was 120 KB before the store in files came
   * into Rust, with its locks and its recovery.
   */
  wasm: 140 * 1024,
  /**
   * The bytes that a client loads: 201 KB. The gate was 160 KB before uploads suited every registry, copies did without mounts, what
   * registries send was bounded, and errors kept their causes for every door to word.
   */
  client: 204 * 1024,
  javascript: 20 * 1024,
};
