// Loads the chunks of the program that come after the first. `cargo xtask web` writes the script of the first chunk and the files
// of the others in place of the two names below, and at the end what each chunk is called in the program.
import { initSync } from '%MAIN%';

/** The files of each chunk, its own last; what several chunks share is in files of its own. */
const FILES = %FILES%;

const modules = new Map();
const instances = new Map();
let compile;
let imports;

/** Gives what `make` gave for a key before. What failed is made anew. */
function once(made, key, make) {
  if (!made.has(key)) {
    const promise = make();
    made.set(key, promise);
    promise.catch(() => made.delete(key));
  }
  return made.get(key);
}

const compiled = (file) => once(modules, file, () => compile(new URL(file, import.meta.url)));

/**
 * Takes the function that fetches and compiles, and gives one for each file of a chunk that the page will need. Where one fails, it is
 * tried again when it is needed.
 */
export function begin(by, chunk) {
  compile = by;
  return (FILES[chunk] ?? []).map((file) => () => compiled(file).catch(() => {}));
}

/** Gives the chunks what they share with the first: its memory, its table and its stack. */
function shared() {
  imports ??= { __wasm_split: initSync() };
  return imports;
}

const instance = (file) => once(instances, file, async () => WebAssembly.instantiate(await compiled(file), shared()));

async function load(chunk) {
  const files = FILES[chunk];
  const own = files.at(-1);
  // Failures are reported once all have ended.
  compiled(own).catch(() => {});
  await Promise.all(files.slice(0, -1).map(instance));
  await instance(own);
}

/** The function by which the program loads a chunk. It is told of the end through its table of functions. */
const loader = (chunk) => async (callback, data) => {
  let isLoaded = false;
  try {
    await load(chunk);
    isLoaded = true;
  } catch (error) {
    console.error(error);
  }
  shared().__wasm_split.__indirect_function_table.get(callback)(data, isLoaded);
};
