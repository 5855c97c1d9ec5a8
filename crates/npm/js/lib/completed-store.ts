import { MemoryStore, type EntryChange, type Store, type StoredEntry } from './store.js';

/** The last change of each store. */
const lastChanges = new WeakMap<Store, Promise<unknown>>();

/**
 * A store with all methods: those that a program's own lacks are made of its others. Nobody else writes to such a store, and its changes
 * wait for each other, so that none is made to what another one has replaced meanwhile.
 */
export function completed(store: Store): Omit<Store, 'putEntry'> {
  if (store.add && store.edit && store.removeSeen && store.rename) return store;
  const inTurn = <T>(change: () => T | Promise<T>): Promise<T> => {
    const changed = (lastChanges.get(store) ?? Promise.resolve()).then(change);
    lastChanges.set(store, changed.catch(() => undefined));
    return changed;
  };
  /** Changes a store in memory that has the lists of those names as they are now. */
  const inMemory = async <T>(names: string[], change: (memory: MemoryStore) => T): Promise<[T, MemoryStore]> => {
    const memory = new MemoryStore();
    for (const name of names) {
      const entries = await store.load(name);
      if (entries) memory.save(name, entries);
    }
    return [change(memory), memory];
  };
  const keep = (memory: MemoryStore, list: string, reference: string) => store.save(list, memory.load(list) as StoredEntry[], reference);
  const whole: Omit<Required<Store>, 'putEntry'> = {
    names: () => store.names(),
    load: (list) => store.load(list),
    save: (...given) => inTurn(() => store.save(...given)),
    remove: (list) => inTurn(() => store.remove(list)),
    add: (list, entries, reference) =>
      inTurn(async () => {
        if (store.add) return store.add(list, entries, reference);
        const [isAdded, memory] = await inMemory([list], (memory) => memory.add(list, entries));
        if (isAdded) await keep(memory, list, reference);
        return isAdded;
      }),
    edit: (list, changes, reference) =>
      inTurn(async () => {
        if (store.edit) return store.edit(list, changes, reference);
        const [outcome, memory] = await inMemory([list], (memory) => memory.edit(list, changes));
        const put = onlyPut(changes);
        if (outcome === 'done') await (put ? store.putEntry(list, put, reference) : keep(memory, list, reference));
        return outcome;
      }),
    removeSeen: (list, seen) =>
      inTurn(async () => {
        if (store.removeSeen) return store.removeSeen(list, seen);
        const [isSeen] = await inMemory([list], (memory) => memory.removeSeen(list, seen));
        return isSeen && store.remove(list);
      }),
    rename: (list, to, reference) =>
      inTurn(async () => {
        if (store.rename) return store.rename(list, to, reference);
        const [outcome, memory] = await inMemory([list, to], (memory) => memory.rename(list, to));
        if (outcome !== 'done') return outcome;
        await keep(memory, to, reference);
        await store.remove(list);
        return outcome;
      }),
  };
  return whole;
}

/** The entry of changes that put one alone. */
function onlyPut([change, ...others]: EntryChange[]): StoredEntry | undefined {
  return change?.[2] && others.length === 0 ? [change[0], change[2]] : undefined;
}
