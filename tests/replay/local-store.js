// The files of a local store, the folder `manifests` of a configuration folder.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** `{ "LIST/ENTRY": text }` of the store in `folder`, which need not exist. */
export function readStore(folder) {
  if (!existsSync(folder)) return {};
  const names = readdirSync(folder)
    .sort()
    .flatMap((list) => readdirSync(join(folder, list)).sort().map((entry) => `${list}/${entry}`));
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

/** The name that a reference has among the files: `:` is written `-`, and `/` is written `_`. */
export const fileName = (reference) => reference.replaceAll(':', '-').replaceAll('/', '_');
