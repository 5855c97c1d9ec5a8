// The folders of the local store. Errors read as Go's do: "open PATH: permission denied".

import { mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const texts = {
  EACCES: 'permission denied',
  EBUSY: 'device or resource busy',
  EEXIST: 'file exists',
  EISDIR: 'is a directory',
  ELOOP: 'too many levels of symbolic links',
  EMFILE: 'too many open files',
  ENAMETOOLONG: 'file name too long',
  ENOENT: 'no such file or directory',
  ENOSPC: 'no space left on device',
  ENOTDIR: 'not a directory',
  ENOTEMPTY: 'directory not empty',
  EPERM: 'operation not permitted',
  EROFS: 'read-only file system',
};

/** The names in a folder, sorted by their bytes; undefined where there is no folder. */
export function listDir(path) {
  const names = unlessMissing(() => inGo('open', path, () => readdirSync(path)));
  return names?.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** The bytes of a file; undefined where there is none. */
export function readFile(path) {
  return unlessMissing(() => inGo('open', path, () => readFileSync(path)));
}

/** Whether there is a file or a folder of that name. */
export function exists(path) {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Removes a folder and all in it; nothing happens where there is none. */
export function removeDir(path) {
  inGo('unlinkat', path, () => rmSync(path, { recursive: true, force: true }));
}

/** Writes one file whole: whoever reads it sees the old bytes or the new ones. Folders on the way are made. */
export function writeFileAtomic(path, bytes) {
  inStage(dirname(dirname(path)), (stage) => {
    const staged = join(stage, 'file');
    inGo('open', path, () => writeFileSync(staged, bytes, { mode: 0o644 }));
    makeDir(dirname(path));
    inGo('open', path, () => renameSync(staged, path));
  });
}

/**
 * Makes a folder hold exactly the files `[[name, bytes]…]`. They are all written beside it before the first one is put in place, so
 * that a failure leaves what was there; a folder that was not there before comes whole.
 */
export function replaceDir(path, files) {
  inStage(dirname(path), (stage) => {
    files.forEach(([name, bytes], at) => {
      inGo('open', join(path, name), () => writeFileSync(join(stage, String(at)), bytes, { mode: 0o644 }));
    });
    const before = listDir(path);
    if (before === undefined) {
      const whole = join(stage, 'whole');
      makeDir(whole);
      files.forEach(([name], at) => inGo('open', join(path, name), () => renameSync(join(stage, String(at)), join(whole, name))));
      inGo('mkdir', path, () => renameSync(whole, path));
      return;
    }
    files.forEach(([name], at) => inGo('open', join(path, name), () => renameSync(join(stage, String(at)), join(path, name))));
    const wanted = new Set(files.map(([name]) => name));
    for (const name of before) if (!wanted.has(name)) inGo('unlinkat', join(path, name), () => rmSync(join(path, name), { recursive: true }));
  });
}

// A folder beside the store's, on the same file system, where nobody looks for lists.
function inStage(store, work) {
  makeDir(store);
  const stage = inGo('mkdir', store, () => mkdtempSync(join(dirname(store), `.${basename(store)}-`)));
  try {
    work(stage);
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

function makeDir(path) {
  inGo('mkdir', path, () => mkdirSync(path, { recursive: true, mode: 0o755 }));
}

function inGo(operation, path, work) {
  try {
    return work();
  } catch (error) {
    throw asGo(operation, path, error);
  }
}

/** An error of Node's in the words that Go has for it: "open PATH: permission denied". */
export function asGo(operation, path, error) {
  if (!(error.code in texts)) return error;
  return Object.assign(new Error(`${operation} ${path}: ${texts[error.code]}`, { cause: error }), { code: error.code });
}

function unlessMissing(work) {
  try {
    return work();
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
