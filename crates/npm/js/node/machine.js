// Functions of Node for the command line, as the engine calls them. Modules that few commands need are loaded on use.

import {
  accessSync,
  closeSync,
  constants,
  createReadStream,
  fchmodSync,
  fchownSync,
  fstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { basename, dirname, resolve } from 'node:path';
import * as files from './folders.js';
import { asGo, exists, ifAllowed, isFile, readFile } from './folders.js';
import { findProgram } from './programs.js';

/** The edges of the command line. */
export function createMachine() {
  let transport;
  let loading;
  // Read when a connection is made.
  const own = {};
  const connected = () => (loading ??= import('./transport.js').then(({ NodeTransport }) => (transport = new NodeTransport({ own }))));
  return {
    prepare: () => void connected(),
    request: async (sent) => (transport ?? (await connected())).request(Object.assign(sent, { pieces: true })),
    streamsBodies: true,
    preconnect: async (url, insecure, requests, handshakes) => (transport ?? (await connected())).preconnect(url, { insecure, requests, handshakes }),
    useCertificates: async (authorities, cert, key) => void Object.assign(own, (await import('./certificates.js')).readOwn({ authorities, cert, key })),
    close: () => transport?.close(),
    files,
    readFile,
    exists,
    runHelper: async (...given) => (await import('./helper.js')).runHelper(...given),
    defaultHelper,
    digest,
    hasher,
    readInput,
    writeFile,
    checkFile,
    createSecretFolder,
    writeSecret,
    env,
    homedir: home,
    uid,
    stdout: (bytes) => write('stdout', bytes),
    stderr: (bytes) => write('stderr', bytes),
    // An empty NO_COLOR says nothing, which Node sees otherwise.
    hasColours: (name) => !process.env.NO_COLOR && isTerminal(name) && process[name].hasColors({ ...process.env, NO_COLOR: undefined }),
    isTerminal,
    terminalWidth: () => (isTerminal('stderr') ? process.stderr.columns || 80 : undefined),
    readerIsGone: () => gone.has('stdout'),
    outputFailure: () => failures.get('stdout'),
    clearLine: () => void (isTerminal('stderr') && process.stderr.write('\r\x1b[2K')),
  };
}

const descriptors = { stdout: 1, stderr: 2 };
const opened = new Set();
const gone = new Set();
const failures = new Map();

// Node makes a stream when it is first looked at, which takes a while.
function write(name, bytes) {
  if (bytes.length === 0 || gone.has(name)) return;
  if (!opened.has(name)) {
    opened.add(name);
    process[name].on('error', (error) => failed(name, error));
  }
  process[name].write(bytes);
}

// `tallyman inspect … | head -1` ends without a word; a full disk is told, once.
function failed(name, error) {
  gone.add(name);
  if (error.code !== 'EPIPE') failures.set(name, asGo('write', `/dev/${name}`, error));
}

function isTerminal(name) {
  try {
    return fstatSync(descriptors[name]).isCharacterDevice() && process[name].isTTY === true;
  } catch {
    // The stream is closed.
    return false;
  }
}

// Bytes of a manifest, at most: the engine's own limit.
const manifestMax = 4 * 1024 * 1024;

/**
 * The SHA-256 of a file, or of the standard input where none is named, as `{ hex, size, manifest }`: with the bytes if they are no more
 * than a manifest may have, whose digest may be that of a part of them.
 */
async function digest(file) {
  const { createHash } = await import('node:crypto');
  const hash = createHash('sha256');
  const pieces = [];
  let size = 0;
  try {
    for await (const piece of file === undefined ? process.stdin : createReadStream(file, { highWaterMark: 1024 * 1024 })) {
      hash.update(piece);
      size += piece.length;
      if (size <= manifestMax) pieces.push(piece);
    }
  } catch (error) {
    throw asGo(error.syscall ?? 'open', file ?? '/dev/stdin', error);
  }
  return { hex: hash.digest('hex'), size, manifest: size <= manifestMax ? Buffer.concat(pieces) : undefined };
}

/** A hasher of this machine, which is faster than the engine's. Every piece of a blob that is copied comes by. */
function hasher(algorithm) {
  const hash = process.getBuiltinModule('node:crypto').createHash(algorithm);
  const update = (bytes) => {
    hash.update(bytes);
    hashed += bytes.length;
    if (hashed < collectedAfter) return;
    hashed = 0;
    collect ??= collector();
    collect();
  };
  return { update, finish: () => hash.digest('hex') };
}

// Bytes of pieces after which those that have passed are freed. V8 sees the small objects alone that hold them, and by itself
// waits until they hold eight times as much.
const collectedAfter = 4 * 1024 * 1024;
let hashed = 0;
let collect;

/** Returns the function that frees what is young and held by nobody; one that does nothing where there is none. */
function collector() {
  try {
    process.getBuiltinModule('node:v8').setFlagsFromString('--expose-gc');
    const gc = process.getBuiltinModule('node:vm').runInNewContext('gc');
    return () => gc({ type: 'minor' });
  } catch {
    return () => {};
  }
}

// Lists as files have some kilobytes.
const inputMax = 64 * 1024 * 1024;

/** The bytes of a file, or of the standard input where none is named. */
async function readInput(file) {
  const name = file ?? '/dev/stdin';
  const pieces = [];
  let size = 0;
  try {
    for await (const piece of file === undefined ? process.stdin : createReadStream(file)) {
      pieces.push(piece);
      size += piece.length;
      if (size > inputMax) throw new Error(`expected at most ${inputMax} bytes in ${name}, found more`);
    }
  } catch (error) {
    throw error.code ? asGo(error.syscall ?? 'open', name, error) : error;
  }
  return new Uint8Array(Buffer.concat(pieces));
}

/** Creates a folder into which its user alone may look, and those above it, as far as they are missing. */
function createSecretFolder(path) {
  inGo('mkdir', path, () => mkdirSync(path, { recursive: true, mode: 0o700 }));
}

/** Writes a file, whole or not at all. One that is there keeps its owner and its mode, a new one its user alone may read; links are followed. */
function writeSecret(path, bytes) {
  inGo('open', path, () => replaceFile(path, bytes, 0o600));
}

/** Writes a file as `writeSecret` does, which everybody may read. */
function writeFile(path, bytes) {
  inGo('open', path, () => replaceFile(path, bytes, 0o644));
}

/** Checks that a file can be written. What is in it stays. */
function checkFile(path) {
  inGo('open', path, () => {
    const { target, isStream } = placeOf(path);
    // Opening a pipe would wait for its reader.
    if (isStream) return statSync(target).isDirectory() ? closeSync(openSync(target, 'a')) : accessSync(target, constants.W_OK);
    try {
      withFileBeside(target, 0o600);
    } catch (error) {
      if (!cannotBeReplaced(error) || !isFile(target)) throw error;
      closeSync(openSync(target, 'r+'));
    }
  });
}

function replaceFile(path, bytes, newMode) {
  const { target, isStream } = placeOf(path);
  if (isStream) return writeFileSync(target, bytes, { flag: 'a' });
  const before = statSync(target, { throwIfNoEntry: false });
  try {
    withFileBeside(target, before ? 0o600 : newMode, (file, beside) => {
      writeFileSync(file, bytes, { flush: true });
      if (before) keepOwner(file, before);
      renameSync(beside, target);
    });
  } catch (error) {
    // A file that may be written in a folder that may not, of an owner that it would lose, or a mount.
    if (!before || !cannotBeReplaced(error)) throw error;
    writeFileSync(target, bytes, { flush: true });
  }
}

/** Gives an open file the owner and the mode of the one that it replaces. */
function keepOwner(file, { uid, gid, mode }) {
  const now = fstatSync(file);
  if (now.uid !== uid || now.gid !== gid) fchownSync(file, uid, gid);
  fchmodSync(file, mode & 0o7777);
}

/**
 * Does `work(file, beside)` with a new file beside another one, open and by its path, and removes it unless it was renamed. It has a
 * name that nothing has: what others put there is neither followed nor written.
 */
function withFileBeside(target, mode, work = () => {}) {
  let file;
  let beside;
  while (file === undefined) {
    beside = `${target}.${Math.floor(Math.random() * 2 ** 32).toString(16)}.tmp`;
    try {
      file = openSync(beside, 'wx', mode);
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
  }
  try {
    work(file, beside);
  } finally {
    closeSync(file);
    rmSync(beside, { force: true });
  }
}

// Links that lead to a file, at most.
const linksMax = 40;

/** Follows the links of a path, also one that leads to a file that is not there yet. A stream is opened and written, never replaced. */
function placeOf(path) {
  let target = path;
  for (let links = 0; links < linksMax; links++) {
    if (isOpenFile(target)) return { target, isStream: true };
    let link;
    try {
      link = readlinkSync(target);
    } catch {
      const found = statSync(target, { throwIfNoEntry: false });
      return { target, isStream: found !== undefined && !found.isFile() };
    }
    target = resolve(realpathSync(dirname(target)), link);
  }
  throw Object.assign(new Error(`open ${path}: too many levels of symbolic links`), { code: 'ELOOP' });
}

/** Returns `true` for the names of the open files of a process, such as `/proc/self/fd/1`: others write there, too. */
function isOpenFile(path) {
  try {
    const folder = realpathSync(dirname(path));
    return folder === '/dev/fd' || (folder.startsWith('/proc/') && basename(folder) === 'fd');
  } catch {
    return false;
  }
}

/** Returns `true` if a file may be written that cannot be replaced by another one: its folder is not to be written, or it is a mount. */
function cannotBeReplaced(error) {
  return ['EACCES', 'EPERM', 'EROFS', 'EBUSY'].includes(error.code);
}

function inGo(operation, path, work) {
  try {
    return work();
  } catch (error) {
    throw asGo(operation, path, error);
  }
}

/** A variable of the environment; undefined where it is not set, and where the program may not ask for it. */
function env(name) {
  return ifAllowed(() => process.env[name]);
}

/** The folder of the user: that of `HOME`, and where it is empty, as some services have it, that of the system's accounts, as in Docker. */
function home() {
  return ifAllowed(() => homedir() || userInfo().homedir, '');
}

/** The number of the user on Linux; undefined on other systems, and where the program may not ask for it. */
function uid() {
  return ifAllowed(() => (process.platform === 'linux' ? process.getuid() : undefined));
}

/** The name of the credential helper that the Docker CLI uses if its configuration names none; undefined if it is not installed. */
function defaultHelper() {
  const names = { darwin: 'osxkeychain', win32: 'wincred' };
  const name = names[process.platform] ?? (findProgram('pass') ? 'pass' : 'secretservice');
  return findProgram(`docker-credential-${name}`) ? name : undefined;
}
