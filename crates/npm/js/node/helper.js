// Credential helpers: programs that print a user name and a password.

import { spawn } from 'node:child_process';
import { asGo } from './folders.js';
import { findProgram } from './programs.js';

// The user may have to unlock a keychain first.
const helperMs = 60_000;
const outputMax = 1024 * 1024;

/**
 * Runs `program` with `args`, gives it `input`, and resolves to `{ status, stdout }`. What it says on stderr is shown. A program
 * that is not there is an error in Go's words, and so is one that takes longer than `limitMs`.
 */
export async function runHelper(program, args, input, limitMs = helperMs) {
  const path = findProgram(program);
  if (path === undefined) throw new Error(`exec: "${program}": executable file not found in $PATH`);
  return new Promise((resolve, reject) => {
    const child = spawn(path, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const end = (error) => {
      child.kill('SIGKILL');
      // Programs that it started may hold the other end.
      child.stdout.destroy();
      reject(error);
    };
    const timer = setTimeout(() => end(new Error(`${program} did not answer within ${limitMs / 1000} s and was ended`)), limitMs);
    const output = [];
    let size = 0;
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(asGo('exec', `"${program}"`, error));
    });
    // It need not read what it is asked.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    child.stdout.on('data', (piece) => {
      output.push(piece);
      size += piece.length;
      if (size > outputMax) end(new Error(`${program} printed more than ${outputMax} bytes`));
    });
    child.on('close', (status) => {
      clearTimeout(timer);
      resolve({ status: status ?? undefined, stdout: new Uint8Array(Buffer.concat(output)) });
    });
  });
}
