// The primitive operations on files and folders that the engine's store is made of. Errors read as Go's do, "open PATH: permission
// denied", and have the code of the system.

import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout } from 'node:timers/promises';

const texts = {
  EACCES: 'permission denied',
  EBUSY: 'device or resource busy',
  EDQUOT: 'disk quota exceeded',
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
  EXDEV: 'invalid cross-device link',
};

/** The names in a folder, sorted by their bytes; undefined where there is no folder. */
export function listDir(path) {
  const names = unlessMissing(() => inGo('open', path, () => readdirSync(path)));
  return names?.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** The bytes of a regular file; undefined where there is none. It never waits for whoever writes into a pipe. */
export function readFile(path) {
  return unlessMissing(() =>
    inGo('open', path, () => {
      // Windows has no such flag, and no such pipes among its files.
      const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
      try {
        const kind = fstatSync(file);
        if (!kind.isFile() && !kind.isDirectory()) throw Object.assign(new Error(`open ${path}: not a regular file`), { code: 'EINVAL' });
        return readFileSync(file);
      } finally {
        closeSync(file);
      }
    }),
  );
}

/** The time at which a file was written last, or the names in a folder changed, in milliseconds since 1970; undefined if there is none. */
export function changed(path) {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return undefined;
  }
}

/** Returns `true` if there is a file or a folder of that name. */
export function exists(path) {
  return inGo('stat', path, () => statSync(path, { throwIfNoEntry: false })) !== undefined;
}

/** Returns `true` if there is a file of that name, as far as one may see: a folder that may not be looked into is passed over. */
export function isFile(path) {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Creates a file, and removes it where it cannot be written whole. A durable one is on the disk afterwards. */
export function createFile(path, bytes, durable) {
  inGo('open', path, () => {
    const file = openSync(path, 'wx', 0o644);
    try {
      writeFileSync(file, bytes);
      if (durable) fsyncSync(file);
    } catch (error) {
      unlinkSync(path);
      throw error;
    } finally {
      closeSync(file);
    }
  });
}

/** Creates a folder and those above it, as far as they are missing. */
export function createDir(path) {
  inGo('mkdir', path, () => mkdirSync(path, { recursive: true, mode: 0o755 }));
}

/** Renames a file, in place of one of that name, or a folder. */
export function rename(from, to) {
  inGo('rename', to, () => renameSync(from, to));
}

/** Removes a file, or a link and not what it leads to. */
export function removeFile(path) {
  inGo('unlinkat', path, () => unlinkSync(path));
}

/** Removes an empty folder. */
export function removeDir(path) {
  inGo('unlinkat', path, () => rmdirSync(path));
}

/** Waits until the names in a folder are on the disk. Windows does not open folders, and keeps their names by itself. */
export function syncDir(path) {
  if (process.platform === 'win32') return;
  inGo('fsync', path, () => {
    const folder = openSync(path, 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  });
}

let instance;

/** Returns the holder of a lock that this program creates: process, machine with PID namespace, and a text that no other instance has. */
export function holder() {
  // Loading it takes longer than most commands run.
  instance ??= process.getBuiltinModule('node:crypto').randomUUID();
  // A program without a host name looks like one of another machine, whose processes nobody takes for ended.
  return [process.pid, `${ifAllowed(hostname, instance).replaceAll(' ', '-')}/${pidNamespace()}`, instance];
}

/** The namespace in which numbers of processes count, as the native program names it; empty where the system has none. */
const pidNamespace = () => ifAllowed(() => readlinkSync('/proc/self/ns/pid'), '');

/** The result of `work`; `otherwise` where the runtime does not allow it, as Deno does without a permission. */
export function ifAllowed(work, otherwise) {
  try {
    return work();
  } catch {
    return otherwise;
  }
}

/** Returns `true` if a process of that number runs on this machine. */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code !== 'ESRCH';
  }
}

/** Waits for another program; not for the same time as others that wait. */
export async function pause() {
  await setTimeout(5 + Math.random() * 10);
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
