// What the command line needs from Node, as the engine asks for it.

import { spawnSync } from 'node:child_process';
import { homedir } from 'node:os';
import { exists, listDir, readFile, removeDir, replaceDir, writeFileAtomic } from './folders.js';
import { NodeTransport } from './transport.js';

/** The edges of the command line. */
export function createHost() {
  const transport = new NodeTransport();
  for (const stream of [process.stdout, process.stderr]) stream.on('error', readerIsGone);
  return {
    request: (asked) => transport.request(asked),
    expect: (url, insecure, requests) => transport.expect(url, { insecure, requests }),
    close: () => transport.close(),
    listDir,
    readFile,
    exists,
    removeDir,
    replaceDir,
    writeFileAtomic,
    runHelper,
    env: (name) => process.env[name],
    homedir,
    stdout: (bytes) => void process.stdout.write(bytes),
    stderr: (bytes) => void process.stderr.write(bytes),
  };
}

/**
 * Runs `program` with `args`, gives it `input`, and answers `{ status, stdout }`. What it says on stderr is shown. A program
 * that is not there is an error in Go's words.
 */
function runHelper(program, args, input) {
  const { error, status, stdout } = spawnSync(program, args, { input, stdio: ['pipe', 'pipe', 'inherit'] });
  if (error?.code === 'ENOENT') {
    throw Object.assign(new Error(`exec: "${program}": executable file not found in $PATH`), { code: error.code });
  }
  if (error) throw error;
  return { status, stdout };
}

// `tallyman inspect … | head -1` ends without a word.
function readerIsGone(error) {
  if (error.code !== 'EPIPE') throw error;
}
