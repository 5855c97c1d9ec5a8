// Bytes, gzipped, that the library may have. Whoever adds to it sees it here. Builds of two machines differ by half a per cent.

export const limits = {
  /**
   * The bytes that an import loads: everything but what talks to registries and keeps lists in files, 133 KB. It was 119 KB before
   * lists came out of registries with their own bytes, annotations of entries and of the index, and plans that copy; 131 KB before
   * pieces of blobs stayed where JavaScript has them, and findings and lists grew with the command line; 133 KB before lists kept all
   * that stands in the index that they were made from, through changes and stores: 141 KB.
   */
  wasm: 143 * 1024,
  /**
   * The bytes that a client loads: 365 KB. The gate was 160 KB before uploads suited every registry (streamed, or in parts of the size
   * that it names), copies did without mounts, what registries send was bounded, requests grew fewer for those that refuse many, errors
   * kept their causes for every door to word, and the store in files came into Rust, with its locks and its recovery; 229 KB before the
   * library could do all that the command line can: copies, tags, blobs, attachments, attestations, differences, Docker's credentials
   * and their renewal, lists as sources of lists; 284 KB before all that config.json can say was read as Docker reads it, credentials of
   * CI and of the containers tools were found, registries that hide their content were asked what they want, and dates of Retry-After
   * were waited for; 294 KB before copies went on where they broke off, attestations were searched side by side, and pieces of blobs
   * were hashed by the platform; 300 KB before pushes had subjects and tags that are not moved, and copies were planned; 313 KB
   * before it found the layers of an image and its config for those who read its files, 314 KB before it fetched parts of blobs; 316 KB
   * before requests and content belonged to a sign-in, mirrors were asked for sources alone, and lists, referrers and nested lists had
   * an end; 326 KB before what belongs together was copied side by side and nothing of it twice, what refers to something was listed
   * where it is copied to, namespaces had credentials of their own, mirrors that are silent were left alone, and all doors took lists and
   * descriptors by the same rules; 342 KB before repositories that do not exist yet were asked for with the right to write, mirrors that
   * send something wrong were passed over, places that registries name were held to their host and to TLS, signed manifests of schema 1
   * were known by what is signed, and lists in files were read without locks, and refused where a file system takes two images for one; 352 KB before platforms were found in nested lists and by configs for every
   * command, what a registry has was asked with its length, and streamed uploads were sent again with another token; 360 KB before the lists
   * of a store were named by their references, and content that a program took away ended its upload.
   */
  client: 368 * 1024,
  /**
   * The bytes that few programs load: trees, differences, findings, conversions, described lists, tags in order: 89 KB; 81 KB before
   * differences were among them.
   */
  extras: 92 * 1024,
  /**
   * The bytes that reading files of images loads: 167 KB, half of it inflate, zstd and tar; 140 KB before tables of contents were read, so
   * that layers with one need not be fetched; 157 KB before links were followed in whole trees, hard links were compared and exported as
   * whatever they name, and what is kept of a layer had an end; 162 KB before tables of contents were read entry by entry, and layers had
   * an index by path.
   */
  layers: 169 * 1024,
  /**
   * 30.5 KB: 19 KB before the library had the rest of what the command line can, 21 KB before it read files of images, 26.3 KB before it
   * read tables of contents of layers, 27.2 KB before streams of files ended at once when they are left, and stores removed and renamed
   * lists in one step, 28.8 KB before a program's own store was changed by one call after another, and objects of other classes and what
   * the store in files is given were refused where they would be lost,
   * 29.9 KB before lists that share a name as files were told apart, and failures of stores and streams had their causes. Of these, the calls for files are 3 KB, and the bindings of their wasm, which bundlers could only load later as a script of its own, 3 KB.
   */
  javascript: 32 * 1024,
};
