import { wrongValue } from './arguments.js';
import { viewOf } from './bytes.js';
import { TallymanError, messageOf } from './error.js';
import { MemoryStore, type EntryChange, type Store, type StoredEntry } from './store.js';

/** The last change of each store. */
const lastChanges = new WeakMap<Store, Promise<unknown>>();

/**
 * A store with all methods: those that a program's own lacks are made of its others. Nobody else writes to such a store, and its changes
 * wait for each other, so that none is made to what another one has replaced meanwhile. `failed` is called with the message and the error of a method that throws.
 */
export function completed(store: Store, failed: (message: string, error: unknown) => void): Omit<Required<Store>, 'putEntry'> {
  const isWhole = store.add && store.edit && store.removeSeen && store.rename;
  const told = async <T>(work: () => T | Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      const message = messageOf(error);
      failed(message, error);
      const { present } = error instanceof TallymanError && error.code === 'name-taken' ? error : {};
      throw Object.assign(new Error(message), { present });
    }
  };
  const inTurn = <T>(change: () => T | Promise<T>): Promise<T> => {
    if (isWhole) return told(change);
    const changed = (lastChanges.get(store) ?? Promise.resolve()).then(() => told(change));
    lastChanges.set(store, changed.catch(() => undefined));
    return changed;
  };
  /** Changes a store in memory that has the lists of those names, and of those references, as they are now. */
  const inMemory = async <T>(names: [list: string, reference: string | undefined][], change: (memory: MemoryStore) => T): Promise<[T, MemoryStore]> => {
    const memory = new MemoryStore();
    for (const [list, reference] of names) {
      const entries = await store.load(list, reference);
      if (entries) memory.save(list, entries);
    }
    return [change(memory), memory];
  };
  const keep = (memory: MemoryStore, list: string, reference: string) => store.save(list, memory.load(list) as StoredEntry[], reference);
  return {
    names: () => told(async () => plain(await store.names())),
    load: (...given) => told(async () => plain(await store.load(...given))),
    save: (...given) => inTurn(() => store.save(...given)),
    remove: (...given) => inTurn(() => store.remove(...given)),
    add: (list, entries, reference) =>
      inTurn(async () => {
        if (store.add) return store.add(list, entries, reference);
        const [isAdded, memory] = await inMemory([[list, reference]], (memory) => memory.add(list, entries));
        if (isAdded) await keep(memory, list, reference);
        return isAdded;
      }),
    edit: (list, changes, reference) =>
      inTurn(async () => {
        if (store.edit) return store.edit(list, changes, reference);
        const [outcome, memory] = await inMemory([[list, reference]], (memory) => memory.edit(list, changes));
        const put = onlyPut(changes);
        if (outcome === 'done') await (put ? store.putEntry(list, put, reference) : keep(memory, list, reference));
        return outcome;
      }),
    removeSeen: (list, seen, reference) =>
      inTurn(async () => {
        if (store.removeSeen) return store.removeSeen(list, seen, reference);
        const [isSeen] = await inMemory([[list, reference]], (memory) => memory.removeSeen(list, seen));
        return isSeen && store.remove(list, reference);
      }),
    rename: (list, to, reference, before) =>
      inTurn(async () => {
        if (store.rename) return store.rename(list, to, reference, before);
        const names: [string, string | undefined][] = [[list, before], [to, reference]];
        const [outcome, memory] = await inMemory(names, (memory) => memory.rename(list, to));
        if (outcome !== 'done') return outcome;
        await keep(memory, to, reference);
        await store.remove(list, before);
        return outcome;
      }),
  };
}

/** The answer of a program's own store in arrays and views of the platform's classes: what its getters throw is thrown here, not in the engine. */
function plain<T>(given: T): T {
  if (Array.isArray(given)) return Array.from(given, plain) as T;
  if (given instanceof Uint8Array && !ArrayBuffer.isView(given)) throw wrongValue('bytes', given);
  return (viewOf(given) as T | undefined) ?? given;
}

/** The entry of changes that put one alone. */
function onlyPut([change, ...others]: EntryChange[]): StoredEntry | undefined {
  return change?.[2] && others.length === 0 ? [change[0], change[2]] : undefined;
}
