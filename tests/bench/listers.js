// Ways of listing the files of a layer in JavaScript: each takes a stream of the compressed layer, and gives the number of its files.

/** The name of ours. */
export const ours = 'tallyman';

/** The others that are there, by name. `load` imports what each needs, so that nobody waits for another's. */
export const listers = (load) => ({
  async [ours](stream) {
    const { readLayer } = await load.tallyman();
    let files = 0;
    for await (const { type } of readLayer(stream)) files += type === 'file';
    return files;
  },
  async 'fflate with tar-stream'(stream) {
    const [{ Gunzip }, tar] = await Promise.all([load.fflate(), load.tar()]);
    const listing = list(tar);
    let isFull = false;
    const gunzip = new Gunzip((piece) => (isFull = piece.length > 0 && !listing.extract.write(piece)));
    for await (const piece of pieces(stream)) {
      gunzip.push(piece);
      // Decoded output is listed before more input is taken.
      if (isFull) await new Promise((resolve) => listing.extract.once('drain', resolve));
      isFull = false;
    }
    return listing.end();
  },
  ...load.zlib && {
    async "Node's zlib with tar-stream"(stream) {
      const [{ createGunzip }, tar] = await Promise.all([load.zlib(), load.tar()]);
      const listing = list(tar);
      stream.pipe(createGunzip()).pipe(listing.extract);
      return listing.ended();
    },
  },
  ...load.decompression && {
    async 'DecompressionStream with tar-stream'(stream) {
      const tar = await load.tar();
      const listing = list(tar);
      for await (const piece of pieces(stream.pipeThrough(new DecompressionStream('gzip')))) {
        if (!listing.extract.write(piece)) await new Promise((resolve) => listing.extract.once('drain', resolve));
      }
      return listing.end();
    },
  },
});

function list(tar) {
  const extract = tar.extract();
  let files = 0;
  extract.on('entry', ({ type }, content, next) => {
    files += type === 'file';
    content.on('end', next);
    content.resume();
  });
  const ended = () => new Promise((resolve, reject) => extract.on('error', reject).on('finish', () => resolve(files)));
  return {
    extract,
    ended,
    end() {
      const over = ended();
      extract.end();
      return over;
    },
  };
}

async function* pieces(stream) {
  if (Symbol.asyncIterator in stream) return yield* stream;
  const reader = stream.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
}
