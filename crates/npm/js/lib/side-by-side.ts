import { anyOf } from './signals.js';

/** Works on items, so many at a time. A failure ends all that is under way, and is thrown once that has ended. */
export async function sideBySide<Item, Result>(
  items: readonly Item[],
  parallel: number,
  signal: AbortSignal | undefined,
  work: (item: Item, signal: AbortSignal) => Promise<Result>,
): Promise<Result[]> {
  const stopped = new AbortController();
  const either = signal ? anyOf(signal, stopped) : stopped.signal;
  const results: Result[] = [];
  const left = items.entries();
  const workers = Array.from({ length: parallel }, async () => {
    for (const [at, item] of left) results[at] = await work(item, either);
  });
  try {
    await Promise.all(workers);
    return results;
  } finally {
    // It need not listen to the signal any more, either.
    stopped.abort();
    await Promise.allSettled(workers);
  }
}
