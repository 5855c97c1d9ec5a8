// Two lists that share a name as files, in a store that knows their references: in Node and in a browser's page.

const list = 'r.example/a/b:1';
const twin = 'r.example/a_b:1';
const other = 'r.example/c:1';
const file = 'r.example_a_b-1';

/** Returns the end of each call for the second of them, and the state of the first one then. */
export async function twins({ ManifestList, Tallyman }, store) {
  const tm = new Tallyman({ store });
  const named = (name, architecture) => {
    const reference = `r.example/${architecture}:1`;
    const digest = `sha256:${'1'.repeat(64)}`;
    return new ManifestList(name, [{ mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: 10, platform: { os: 'linux', architecture }, reference }]);
  };
  const made = named(list, 'amd64');
  await tm.save(made);
  await tm.save(named(other, 'amd64'));
  const seen = await store.load(file);
  const calls = [
    () => tm.load(twin),
    () => tm.save(named(twin, 'arm64')),
    () => tm.remove(twin),
    () => tm.push(twin),
    () => tm.rename(twin, 'r.example/d:1'),
    () => tm.rename(list, twin),
    () => tm.rename(other, twin),
    () => tm.duplicate(other, twin),
    () => store.add(file, [], twin),
    () => store.edit(file, [], twin),
    () => store.putEntry(file, seen[0], twin),
    () => store.removeSeen(file, seen, twin),
  ];
  const ends = [];
  for (const call of calls) {
    try {
      await call();
      ends.push(`${call} did not fail`);
    } catch ({ code, message, added, present }) {
      ends.push(message.startsWith(`${twin} and ${list} have the same name in the local store (${file}): `) ? [code, added, present].join(' ') : message);
    }
  }
  return { ends: [...new Set(ends)], isKept: (await tm.load(list))?.digest === made.digest, lists: await tm.lists() };
}

/** The result of `twins` where no list is taken for another one. */
export const apart = { ends: [`name-taken ${twin} ${list}`], isKept: true, lists: [list, other] };
