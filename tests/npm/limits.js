// Bytes, gzipped, that the library may have.

export const limits = {
  wasm: 120 * 1024,
  javascript: 20 * 1024,
};
