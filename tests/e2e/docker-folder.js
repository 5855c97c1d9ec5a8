// The Docker CLI's folder of local lists, moved to another registry.

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { fileName } from '../replay/local-store.js';

/** A copy of the store `from`, in which the registry `host` is `now`; call `remove` when it is done with. */
export async function movedStore(from, host, now) {
  const root = await mkdtemp(join(tmpdir(), 'tallyman-store-'));
  const path = join(root, 'manifests');
  const moved = (name) => name.replaceAll(fileName(host), fileName(now));
  for (const list of await readdir(from)) {
    await mkdir(join(path, moved(list)), { recursive: true });
    for (const entry of await readdir(join(from, list))) {
      const text = await readFile(join(from, list, entry), 'utf8');
      await writeFile(join(path, moved(list), moved(entry)), text.replace(`"Ref":"${host}/`, `"Ref":"${now}/`));
    }
  }
  return { path, remove: () => rm(root, { recursive: true }) };
}
