// What the command line needs from Node, as the engine asks for it. What not every command needs is loaded by those that do.

import { createReadStream, fstatSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import * as files from './folders.js';
import { asGo, exists, readFile } from './folders.js';

/** The edges of the command line. */
export function createHost() {
  let transport;
  let loading;
  const connected = () => (loading ??= import('./transport.js').then(({ NodeTransport }) => (transport = new NodeTransport())));
  return {
    prepare: () => void connected(),
    request: async (asked) => (transport ?? (await connected())).request(Object.assign(asked, { pieces: true })),
    expect: async (url, insecure, requests) => (transport ?? (await connected())).expect(url, { insecure, requests }),
    close: () => transport?.close(),
    files,
    readFile,
    exists,
    runHelper,
    digest,
    env: (name) => process.env[name],
    homedir,
    stdout: (bytes) => write('stdout', bytes),
    stderr: (bytes) => write('stderr', bytes),
    // An empty NO_COLOR says nothing, which Node sees otherwise.
    hasColours: (name) => !process.env.NO_COLOR && isTerminal(name) && process[name].hasColors({ ...process.env, NO_COLOR: undefined }),
    isTerminal,
    terminalWidth: () => (isTerminal('stderr') ? process.stderr.columns || 80 : undefined),
    readerIsGone: () => gone.has('stdout'),
    clearLine: () => void (isTerminal('stderr') && process.stderr.write('\r\x1b[2K')),
  };
}

const descriptors = { stdout: 1, stderr: 2 };
const opened = new Set();
const gone = new Set();

// Node makes a stream when it is first looked at, which takes a while.
function write(name, bytes) {
  if (bytes.length === 0) return;
  if (!opened.has(name)) {
    opened.add(name);
    process[name].on('error', (error) => readerIsGone(name, error));
  }
  process[name].write(bytes);
}

// `tallyman inspect … | head -1` ends without a word.
function readerIsGone(name, error) {
  if (error.code !== 'EPIPE') throw error;
  gone.add(name);
}

function isTerminal(name) {
  try {
    return fstatSync(descriptors[name]).isCharacterDevice() && process[name].isTTY === true;
  } catch {
    // The stream is closed.
    return false;
  }
}

/** The SHA-256 of a file, or of the standard input where none is named, as `{ hex, size }`. */
async function digest(file) {
  const { createHash } = await import('node:crypto');
  const hash = createHash('sha256');
  let size = 0;
  try {
    for await (const piece of file === undefined ? process.stdin : createReadStream(file, { highWaterMark: 1024 * 1024 })) {
      hash.update(piece);
      size += piece.length;
    }
  } catch (error) {
    throw asGo(error.syscall ?? 'open', file ?? '/dev/stdin', error);
  }
  return { hex: hash.digest('hex'), size };
}

/**
 * Runs `program` with `args`, gives it `input`, and answers `{ status, stdout }`. What it says on stderr is shown. A program
 * that is not there is an error in Go's words.
 */
function runHelper(program, args, input) {
  const { spawnSync } = createRequire(import.meta.url)('node:child_process');
  const { error, status, stdout } = spawnSync(program, args, { input, stdio: ['pipe', 'pipe', 'inherit'] });
  if (error?.code === 'ENOENT') {
    throw Object.assign(new Error(`exec: "${program}": executable file not found in $PATH`), { code: error.code });
  }
  if (error) throw error;
  return { status, stdout };
}
