// Lists the layer in a file by one of the ways of listers.js, and prints a line for each file, as `tar -t` does.

import { createReadStream } from 'node:fs';
import { listers } from './listers.js';

const [name, file] = process.argv.slice(2);
const load = {
  tallyman: () => import('../../target/npm/tallyman/lib/node.js'),
  fflate: () => import('fflate'),
  tar: () => import('tar-stream'),
  zlib: () => import('node:zlib'),
};
const files = await listers(load)[name](createReadStream(file, { highWaterMark: 1 << 18 }));
process.stdout.write('\n'.repeat(files));
