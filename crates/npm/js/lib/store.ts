import { runtime } from './engine.js';
import { TallymanError } from './error.js';

/** An entry as stores keep it: its name, and the bytes of the file that the Docker CLI would write. */
export type StoredEntry = [name: string, bytes: Uint8Array];

/**
 * A place for lists that are not pushed yet. Lists and entries go by the names that they have as files in Docker's own store. The
 * methods may answer at once or with promises; each change is whole or not at all.
 */
export interface Store {
  /** The names of all lists. */
  names(): string[] | Promise<string[]>;
  /** The entries of a list, `undefined` where there is none of that name. */
  load(list: string): StoredEntry[] | undefined | Promise<StoredEntry[] | undefined>;
  /** Keeps a whole list in place of what was there. `reference` is the list's name in full. */
  save(list: string, entries: StoredEntry[], reference: string): void | Promise<void>;
  /** Keeps one entry in place of the one of that name. */
  putEntry(list: string, entry: StoredEntry, reference: string): void | Promise<void>;
  /** Removes a list, and says whether there was one. */
  remove(list: string): boolean | Promise<boolean>;
}

const byName = (left: string, right: string): number => (left < right ? -1 : Number(left > right));

/** Lists in memory, gone with it. */
export class MemoryStore implements Store {
  readonly #lists = new Map<string, Map<string, Uint8Array>>();

  names(): string[] {
    return [...this.#lists.keys()].sort(byName);
  }

  load(list: string): StoredEntry[] | undefined {
    const entries = this.#lists.get(list);
    return entries && [...entries];
  }

  save(list: string, entries: StoredEntry[]): void {
    this.#lists.set(list, new Map(entries));
  }

  putEntry(list: string, [name, bytes]: StoredEntry): void {
    const entries = this.#lists.get(list) ?? new Map<string, Uint8Array>();
    this.#lists.set(list, entries.set(name, bytes));
  }

  remove(list: string): boolean {
    return this.#lists.delete(list);
  }
}

/** Lists in a folder, in the Docker CLI's own form: `~/.docker/manifests` is the one that it uses. Not in browsers. */
export class FileStore implements Store {
  readonly #folder: string;

  /** The store in `folder`, which need not be there yet. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  names(): string[] {
    // No reference begins with a dot: what does is a change that somebody is in the middle of.
    return (files().listDir(this.#folder) ?? []).filter((name) => !name.startsWith('.'));
  }

  load(list: string): StoredEntry[] | undefined {
    const { listDir, readFile } = files();
    const path = this.#path(list);
    return listDir(path)?.flatMap((name) => {
      // A file that vanished since the folder was read is no entry any more.
      const bytes = readFile(`${path}/${name}`);
      return bytes ? [[name, bytes]] : [];
    });
  }

  save(list: string, entries: StoredEntry[]): void {
    files().replaceDir(this.#path(list), entries);
  }

  putEntry(list: string, [name, bytes]: StoredEntry): void {
    files().writeFileAtomic(`${this.#path(list)}/${name}`, bytes);
  }

  remove(list: string): boolean {
    const { listDir, removeDir } = files();
    const path = this.#path(list);
    const wasThere = listDir(path) !== undefined;
    if (wasThere) removeDir(path);
    return wasThere;
  }

  #path(list: string): string {
    return `${this.#folder}/${list}`;
  }
}

function files(): NonNullable<typeof runtime.files> {
  if (runtime.files) return runtime.files;
  throw new TallymanError({
    code: 'unsupported',
    message: 'expected a file system for FileStore, found none: in a browser use IndexedDbStore',
  });
}
