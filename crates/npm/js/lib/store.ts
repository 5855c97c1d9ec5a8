import * as bindings from '../dist/tallyman.js';
import { elementsOf, textOf } from './arguments.js';
import { asBytes, type Bytes } from './bytes.js';
import { call, client, runtime } from './engine.js';
import { TallymanError, errorOf } from './error.js';

/** An entry as stores keep it: its name, and the bytes of the file that the Docker CLI would write. */
export type StoredEntry = [name: string, bytes: Uint8Array];

/** A change of one entry: its name, its bytes as they were read and as they are to be; `undefined` if there are none. */
export type EntryChange = [name: string, before: Uint8Array | undefined, after: Uint8Array | undefined];

/** Outcome of an edit: made, refused because an entry is not as it was read, or refused because there is no such list. */
export type EditOutcome = 'done' | 'conflict' | 'gone';

/** Outcome of a rename: made, refused because a list has the name, or refused because there is no such list. */
export type RenameOutcome = 'done' | 'taken' | 'gone';

/**
 * A place for lists that are not pushed yet. Lists and entries go by the names that they have as files in Docker's own store. The
 * methods may answer at once or with promises; each change is whole or not at all.
 *
 * A store that other programs write to has `add`, `edit`, `removeSeen` and `rename` too: they look at what is there and change it
 * in one step. Without them the client makes them of the other methods, one change of the store after another.
 *
 * Two lists may share a name as files, such as `app:arm-1` and `app-arm:1`. A store that keeps their references can tell them apart, and
 * refuses the second one with `name-taken`. A {@link TallymanError} that a method throws is the error of the call, any other its cause.
 */
export interface Store {
  /** Returns the names of all lists. */
  names(): string[] | Promise<string[]>;
  /** Returns the entries of a list, `undefined` if there is none of that name. `reference` is the list's name in full. */
  load(list: string, reference?: string): StoredEntry[] | undefined | Promise<StoredEntry[] | undefined>;
  /** Keeps a whole list in place of what was there. `reference` is the list's name in full. */
  save(list: string, entries: StoredEntry[], reference: string): void | Promise<void>;
  /** Keeps one entry in place of the one of that name. */
  putEntry(list: string, entry: StoredEntry, reference: string): void | Promise<void>;
  /** Removes a list, and returns whether there was one. */
  remove(list: string, reference?: string): boolean | Promise<boolean>;
  /** Keeps a new list. Returns `false`, and changes nothing, if there is one of that name. */
  add?(list: string, entries: StoredEntry[], reference: string): boolean | Promise<boolean>;
  /** Changes entries, all of them if each is as it was read or as it is to be, else none. */
  edit?(list: string, changes: EntryChange[], reference: string): EditOutcome | Promise<EditOutcome>;
  /** Removes a list whose entries are those that were read, and no others. Returns whether it was removed. */
  removeSeen?(list: string, seen: StoredEntry[], reference?: string): boolean | Promise<boolean>;
  /** Gives a list the name `to`, unless a list has it. `reference` is that name in full, `before` the one that the list has. */
  rename?(list: string, to: string, reference: string, before?: string): RenameOutcome | Promise<RenameOutcome>;
}

const byName = (left: string, right: string): number => (left < right ? -1 : Number(left > right));

/** Returns `true` if two entries have the same bytes, or neither is there. */
export function isSame(left: Uint8Array | undefined, right: Uint8Array | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}

/** Returns `true` if a list has the entries that were read, and no others. */
export function hasOnly(entries: ReadonlyMap<string, Uint8Array>, seen: StoredEntry[]): boolean {
  return entries.size === seen.length && seen.every(([name, bytes]) => isSame(entries.get(name), bytes));
}

/**
 * Checks that the list which was found by the name `list` is the one of that reference, as far as both references are known.
 * @throws {@link TallymanError} `name-taken` if it is another one.
 */
export function checkListName(list: string, reference: string | undefined, present: string | undefined): void {
  if (reference === undefined || present === undefined || reference === present) return;
  const reason = `${reference} and ${present} have the same name in the local store (${list})`;
  const advice = `only one of them can be kept; choose another name, or push or remove ${present} first`;
  throw new TallymanError({ code: 'name-taken', message: `${reason}: ${advice}`, added: reference, present });
}

/** A list in memory. Its reference is not known if it was kept without. */
interface KeptList {
  reference: string | undefined;
  entries: Map<string, Uint8Array>;
}

/** Lists in memory, gone with it. */
export class MemoryStore implements Store {
  readonly #lists = new Map<string, KeptList>();

  names(): string[] {
    return [...this.#lists.keys()].sort(byName);
  }

  load(list: string, reference?: string): StoredEntry[] | undefined {
    const entries = this.#find(list, reference);
    return entries && [...entries];
  }

  save(list: string, entries: StoredEntry[], reference?: string): void {
    this.#find(list, reference);
    this.#lists.set(list, { reference, entries: new Map(entries) });
  }

  putEntry(list: string, [name, bytes]: StoredEntry, reference?: string): void {
    const entries = this.#find(list, reference);
    if (entries) entries.set(name, bytes);
    else this.save(list, [[name, bytes]], reference);
  }

  remove(list: string, reference?: string): boolean {
    return this.#find(list, reference) !== undefined && this.#lists.delete(list);
  }

  add(list: string, entries: StoredEntry[], reference?: string): boolean {
    if (this.#find(list, reference)) return false;
    this.save(list, entries, reference);
    return true;
  }

  edit(list: string, changes: EntryChange[], reference?: string): EditOutcome {
    const entries = this.#find(list, reference);
    if (!entries) return 'gone';
    const isSeen = ([name, before, after]: EntryChange): boolean => isSame(entries.get(name), before) || isSame(entries.get(name), after);
    if (!changes.every(isSeen)) return 'conflict';
    for (const [name, , after] of changes) {
      if (after) entries.set(name, after);
      else entries.delete(name);
    }
    return 'done';
  }

  removeSeen(list: string, seen: StoredEntry[], reference?: string): boolean {
    const entries = this.#find(list, reference);
    return entries !== undefined && hasOnly(entries, seen) && this.#lists.delete(list);
  }

  rename(list: string, to: string, reference?: string, before?: string): RenameOutcome {
    const entries = this.#find(list, before);
    if (!entries) return 'gone';
    if (this.#find(to, reference)) return 'taken';
    this.#lists.set(to, { reference, entries });
    this.#lists.delete(list);
    return 'done';
  }

  #find(list: string, reference: string | undefined): Map<string, Uint8Array> | undefined {
    const found = this.#lists.get(list);
    checkListName(list, reference, found?.reference);
    return found?.entries;
  }
}

/**
 * Lists in a folder, in the Docker CLI's own form: `~/.docker/manifests` is the one that it uses. Not in browsers.
 *
 * Nothing is lost, whoever writes at the same time, the Docker CLI too, and whenever a program dies: lists are locked while they
 * are changed, and a change that was begun is ended by whoever comes next.
 */
export class FileStore implements Store {
  readonly #folder: string;
  #opened: bindings.FileLists | undefined;

  /** The store in `folder`, which need not be there yet. */
  constructor(folder: string) {
    this.#folder = textOf(folder, 'folder');
  }

  names(): Promise<string[]> {
    return this.#ask((lists) => lists.names());
  }

  load(list: string): Promise<StoredEntry[] | undefined> {
    return this.#ask((lists) => lists.load(textOf(list, 'list')));
  }

  save(list: string, entries: StoredEntry[]): Promise<void> {
    return this.#ask((lists) => lists.save(textOf(list, 'list'), entriesOf(entries)));
  }

  putEntry(list: string, entry: StoredEntry): Promise<void> {
    return this.#ask((lists) => lists.putEntry(textOf(list, 'list'), entryOf(entry)));
  }

  remove(list: string): Promise<boolean> {
    return this.#ask((lists) => lists.remove(textOf(list, 'list')));
  }

  add(list: string, entries: StoredEntry[]): Promise<boolean> {
    return this.#ask((lists) => lists.add(textOf(list, 'list'), entriesOf(entries)));
  }

  edit(list: string, changes: EntryChange[]): Promise<EditOutcome> {
    return this.#ask((lists) => lists.edit(textOf(list, 'list'), elementsOf(changes, 'changes').map(changeOf)));
  }

  removeSeen(list: string, seen: StoredEntry[]): Promise<boolean> {
    return this.#ask((lists) => lists.removeSeen(textOf(list, 'list'), entriesOf(seen)));
  }

  rename(list: string, to: string): Promise<RenameOutcome> {
    return this.#ask((lists) => lists.rename(textOf(list, 'list'), textOf(to, 'to')));
  }

  async #ask<T>(work: (lists: bindings.FileLists) => Promise<T>): Promise<T> {
    this.#opened ??= call(() => new bindings.FileLists(files(), this.#folder));
    await client();
    try {
      return await work(this.#opened);
    } catch (error) {
      throw errorOf(error);
    }
  }
}

const entriesOf = (entries: StoredEntry[]): StoredEntry[] => elementsOf(entries, 'entries').map(entryOf);

/** An entry whose name is a string and whose bytes are bytes. */
function entryOf(entry: StoredEntry): StoredEntry {
  const [name, bytes] = elementsOf(entry, 'entry');
  return [textOf(name, 'name'), asBytes(bytes as Bytes)];
}

/** A change whose name is a string and whose bytes are bytes, where there are any. */
function changeOf(change: EntryChange): EntryChange {
  const [name, before, after] = elementsOf(change, 'change');
  return [textOf(name, 'name'), before === undefined ? before : asBytes(before), after === undefined ? after : asBytes(after)];
}

function files(): NonNullable<typeof runtime.files> {
  if (runtime.files) return runtime.files;
  throw new TallymanError({
    code: 'unsupported',
    message: 'expected a file system for FileStore, found none: in a browser use IndexedDbStore',
  });
}
