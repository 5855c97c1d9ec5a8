// Credential helpers: programs that print a user name and a password.

import { spawn } from 'node:child_process';

// Somebody may have to unlock a keychain first.
const helperMs = 60_000;
const outputMax = 1024 * 1024;

/**
 * Runs `program` with `args`, gives it `input`, and resolves to `{ status, stdout }`. What it says on stderr is shown. A program
 * that is not there is an error in Go's words, and so is one that takes longer than `limitMs`.
 */
export function runHelper(program, args, input, limitMs = helperMs) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
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
      // A folder of PATH that may not be looked into is as good as none, as in Go.
      const isMissing = error.code === 'ENOENT' || (error.code === 'EACCES' && !program.includes('/'));
      reject(new Error(`exec: "${program}": ${isMissing ? 'executable file not found in $PATH' : error.message}`));
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
