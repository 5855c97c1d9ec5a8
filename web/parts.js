// Loads the parts of the program that come after the first. `cargo xtask web` writes the script of the first part and the files
// of the others in place of the two names below, and at the end what each part is called in the program.
import { initSync } from '%MAIN%';

/** The files of each part, its own last; what several parts share is in files of its own. */
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
 * Takes the function that fetches and compiles, and gives one for each file of a part that the page will need. Where one fails, it is
 * tried again when it is needed.
 */
export function begin(by, part) {
  compile = by;
  return (FILES[part] ?? []).map((file) => () => compiled(file).catch(() => {}));
}

/** Gives the parts what they share with the first: its memory, its table and its stack. */
function shared() {
  imports ??= { __wasm_split: initSync() };
  return imports;
}

const instance = (file) => once(instances, file, async () => WebAssembly.instantiate(await compiled(file), shared()));

async function load(part) {
  const files = FILES[part];
  const own = files.at(-1);
  // What fails is told when all have been waited for.
  compiled(own).catch(() => {});
  await Promise.all(files.slice(0, -1).map(instance));
  await instance(own);
}

/** The function by which the program loads a part. It is told of the end through its table of functions. */
const loader = (part) => async (callback, data) => {
  let isLoaded = false;
  try {
    await load(part);
    isLoaded = true;
  } catch (error) {
    console.error(error);
  }
  shared().__wasm_split.__indirect_function_table.get(callback)(data, isLoaded);
};
