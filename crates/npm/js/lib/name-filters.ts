/** Returns `true` if a pattern matches a name. */
export function isMatch(match: RegExp, name: string): boolean {
  // A pattern that goes on where it stopped says something else each time.
  match.lastIndex = 0;
  return match.test(name);
}

/** The names for which `test` returns `true`. */
export async function* chosen(names: AsyncIterable<string>, test: (name: string) => boolean): AsyncGenerator<string, void, undefined> {
  for await (const name of names) if (test(name)) yield name;
}

/** The first names, at most `limit`. */
export async function* first(names: AsyncIterable<string>, limit: number): AsyncGenerator<string, void, undefined> {
  let left = limit;
  for await (const name of names) {
    yield name;
    if ((left -= 1) === 0) return;
  }
}
