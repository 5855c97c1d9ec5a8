// The largest sizes in bytes, gzipped, that the library may have: whoever makes it larger sees it here. Builds of two machines differ by
// half a per cent.

export const limits = {
  /** The wasm that an import loads: references, digests, manifests, lists and plans. */
  wasm: 153 * 1024,
  /**
   * The wasm that a client loads: requests, credentials, uploads that suit every registry, copies that share what they write, attestations, and
   * lists in files with their locks and recovery.
   */
  client: 390 * 1024,
  /** The wasm that few programs load: trees, differences, findings, conversions, described lists, tags in an order. */
  extras: 92 * 1024,
  /** The wasm that reads files of images, half of it inflate, zstd and tar; 5 KB are the upper case letters of Unicode, by which Windows compares names. */
  layers: 188 * 1024,
  /** The JavaScript beside the wasm; the bindings of the wasm for files, which bundlers could not load apart, are 3 KB of it. */
  javascript: 35 * 1024,
};
