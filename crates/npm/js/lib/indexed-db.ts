import { textOf } from './arguments.js';
import { TallymanError } from './error.js';
import { checkListName, hasOnly, isSame } from './store.js';
import type { EditOutcome, EntryChange, RenameOutcome, Store, StoredEntry } from './store.js';

// The schema of the app's own store, `crates/store/src/indexed_db.rs`: both work on one database where they share an origin, and a
// test holds them against each other. Version 1 had the first two stores alone.
const version = 2;
/** Key: a list's name. Value: its reference. */
const lists = 'lists';
/** Key: names of list and entry with a slash between. Value: the entry's bytes. */
const entries = 'entries';
/** Key: a list's name. Value: when it was changed last, in milliseconds since 1970. */
const changed = 'changed';
/** Object store of the app for other things than lists. */
const notes = 'notes';

/**
 * Lists in a browser's IndexedDB, where every tab of an origin sees them. Other tabs hear of each change by the BroadcastChannel
 * `NAME-lists`, whose messages are the names of lists.
 */
export class IndexedDbStore implements Store {
  readonly #name: string;
  #opened: Promise<IDBDatabase> | undefined;

  /** The store in the database `name`, which is made where it is not there yet. */
  constructor(name = 'tallyman') {
    this.#name = textOf(name, 'name');
  }

  async names(): Promise<string[]> {
    return this.#change('readonly', async (open) => (await done(open(lists).getAllKeys())) as string[]);
  }

  async load(list: string, reference?: string): Promise<StoredEntry[] | undefined> {
    return this.#change('readonly', (open) => loaded(open, list, reference));
  }

  async save(list: string, all: StoredEntry[], reference: string): Promise<void> {
    await this.#change('readwrite', async (open) => {
      await has(open, list, reference);
      putList(open, list, reference);
      open(entries).delete(entriesOf(list));
      for (const [name, bytes] of all) open(entries).put(bytes, `${list}/${name}`);
    });
    this.#announce(list);
  }

  async add(list: string, all: StoredEntry[], reference: string): Promise<boolean> {
    const isAdded = await this.#change('readwrite', async (open) => {
      if (await has(open, list, reference)) return false;
      putList(open, list, reference);
      for (const [name, bytes] of all) open(entries).put(bytes, `${list}/${name}`);
      return true;
    });
    if (isAdded) this.#announce(list);
    return isAdded;
  }

  async edit(list: string, changes: EntryChange[], reference: string): Promise<EditOutcome> {
    const outcome = await this.#change('readwrite', async (open): Promise<EditOutcome> => {
      if (!(await has(open, list, reference))) return 'gone';
      const found = await Promise.all(changes.map(([name]) => done(open(entries).get(`${list}/${name}`))));
      const isSeen = ([, before, after]: EntryChange, at: number): boolean => isSame(found[at], before) || isSame(found[at], after);
      if (!changes.every(isSeen)) return 'conflict';
      putList(open, list, reference);
      for (const [name, , after] of changes) {
        if (after) open(entries).put(after, `${list}/${name}`);
        else open(entries).delete(`${list}/${name}`);
      }
      return 'done';
    });
    if (outcome === 'done') this.#announce(list);
    return outcome;
  }

  async putEntry(list: string, [name, bytes]: StoredEntry, reference: string): Promise<void> {
    await this.#change('readwrite', async (open) => {
      await has(open, list, reference);
      putList(open, list, reference);
      open(entries).put(bytes, `${list}/${name}`);
    });
    this.#announce(list);
  }

  async remove(list: string, reference?: string): Promise<boolean> {
    const wasThere = await this.#change('readwrite', async (open) => {
      if (!(await has(open, list, reference))) return false;
      takeOut(open, list);
      return true;
    });
    if (wasThere) this.#announce(list);
    return wasThere;
  }

  async removeSeen(list: string, seen: StoredEntry[], reference?: string): Promise<boolean> {
    const isRemoved = await this.#change('readwrite', async (open) => {
      const now = await loaded(open, list, reference);
      if (!now || !hasOnly(new Map(now), seen)) return false;
      takeOut(open, list);
      return true;
    });
    if (isRemoved) this.#announce(list);
    return isRemoved;
  }

  async rename(list: string, to: string, reference: string, before?: string): Promise<RenameOutcome> {
    const outcome = await this.#change('readwrite', async (open): Promise<RenameOutcome> => {
      const now = await loaded(open, list, before);
      if (!now) return 'gone';
      if (await has(open, to, reference)) return 'taken';
      takeOut(open, list);
      putList(open, to, reference);
      for (const [name, bytes] of now) open(entries).put(bytes, `${to}/${name}`);
      return 'done';
    });
    if (outcome === 'done') for (const name of [list, to]) this.#announce(name);
    return outcome;
  }

  /** Closes the database. */
  async close(): Promise<void> {
    (await this.#opened)?.close();
    this.#opened = undefined;
  }

  // Everything in one transaction, whose end is waited for: whole or not at all.
  async #change<T>(mode: IDBTransactionMode, work: (open: (store: string) => IDBObjectStore) => Promise<T>): Promise<T> {
    const database = await (this.#opened ??= this.#open());
    const transaction = database.transaction([lists, entries, changed], mode);
    const ended = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(refused(transaction.error));
    });
    // A transaction that fails rejects both; the first to be heard of says why.
    ended.catch(() => {});
    try {
      const result = await work((store) => transaction.objectStore(store));
      await ended;
      return result;
    } catch (error) {
      abort(transaction);
      throw error;
    }
  }

  async #open(): Promise<IDBDatabase> {
    if (typeof indexedDB === 'undefined') {
      throw failure('expected the IndexedDB of a browser, found none: FileStore keeps lists in files, MemoryStore until the program ends');
    }
    const request = indexedDB.open(this.#name, version);
    request.onupgradeneeded = () => {
      const present = request.result.objectStoreNames;
      for (const store of [lists, entries, changed, notes]) if (!present.contains(store)) request.result.createObjectStore(store);
    };
    try {
      const database = await Promise.race([done(request), heldUp(request, this.#name)]);
      const present = database.objectStoreNames;
      if (![lists, entries, changed].every((store) => present.contains(store))) {
        database.close();
        const found = `expected the object stores ${lists}, ${entries} and ${changed} in the database ${this.#name}, found ${[...present].join(', ') || 'none'}`;
        throw failure(`${found}: it is another program's; give the store another name`);
      }
      // The next call opens the database again, or says why it cannot.
      database.onclose = () => (this.#opened = undefined);
      database.onversionchange = () => {
        database.close();
        this.#opened = undefined;
      };
      return database;
    } catch (error) {
      this.#opened = undefined;
      if (((error as Error).cause as Error | undefined)?.name !== 'VersionError') throw error;
      const found = `expected version ${version} of the database ${this.#name}, found a newer one`;
      throw failure(`${found}: a newer version of this program has opened it in another tab; reload this page`, error);
    }
  }

  #announce(list: string): void {
    if (typeof BroadcastChannel === 'undefined') return;
    const channel = new BroadcastChannel(`${this.#name}-lists`);
    channel.postMessage(list);
    channel.close();
  }
}

/** Ends a transaction with nothing of it done. One that a refusal of the database has ended is left as it is. */
function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort();
  } catch {
    // It has ended.
  }
}

function putList(open: (store: string) => IDBObjectStore, list: string, reference: string): void {
  open(lists).put(reference, list);
  open(changed).put(Date.now(), list);
}

function takeOut(open: (store: string) => IDBObjectStore, list: string): void {
  open(lists).delete(list);
  open(changed).delete(list);
  open(entries).delete(entriesOf(list));
}

/** Returns `true` if there is a list of this name, which must be the one of that reference. */
async function has(open: (store: string) => IDBObjectStore, list: string, reference: string | undefined): Promise<boolean> {
  const present = (await done(open(lists).get(list))) as string | undefined;
  checkListName(list, reference, present);
  return present !== undefined;
}

async function loaded(open: (store: string) => IDBObjectStore, list: string, reference: string | undefined): Promise<StoredEntry[] | undefined> {
  const range = entriesOf(list);
  const [isThere, keys, values] = await Promise.all([
    has(open, list, reference),
    done(open(entries).getAllKeys(range)),
    done(open(entries).getAll(range)),
  ]);
  if (!isThere) return undefined;
  return keys.map((key, at): StoredEntry => [String(key).slice(list.length + 1), values[at] as Uint8Array]);
}

// A name has no slash, and the character after the slash is the zero.
const entriesOf = (list: string): IDBKeyRange => IDBKeyRange.bound(`${list}/`, `${list}0`, false, true);

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(refused(request.error));
  });
}

/** Milliseconds that other tabs have for closing an older version of a database. */
const closingTime = 2000;

/** Names of databases that another tab keeps from being opened. Browsers tell the first request alone, and let the others wait behind it. */
const held = new Set<string>();

/** A promise that fails when other tabs have kept a database from being opened for {@link closingTime}. */
function heldUp(request: IDBOpenDBRequest, name: string): Promise<never> {
  return new Promise((_resolve, reject) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const wait = (): void => {
      timer ??= setTimeout(() => {
        if (request.readyState === 'done' || !held.has(name)) return;
        // When it is opened after all, nobody waits for it any more.
        request.onsuccess = () => request.result.close();
        reject(failure(`expected to open the database ${name}, found an older version of it open in another tab: close that tab, or reload it`));
      }, closingTime);
    };
    request.onblocked = () => {
      held.add(name);
      wait();
    };
    const ended = (): void => {
      held.delete(name);
      clearTimeout(timer);
    };
    for (const event of ['success', 'error', 'upgradeneeded']) request.addEventListener(event, ended);
    wait();
  });
}

const failure = (message: string, cause?: unknown): TallymanError => new TallymanError({ code: 'store-failed', message, cause });

function refused(error: DOMException | null): TallymanError {
  const full = error?.name === 'QuotaExceededError';
  const reason = full ? "the browser's storage is full: remove lists or free disk space" : (error?.message ?? 'the transaction was aborted');
  return failure(`the browser's database refused: ${reason}; nothing was changed`, error ?? undefined);
}
