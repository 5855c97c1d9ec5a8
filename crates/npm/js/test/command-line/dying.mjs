// Ends the process at one of its changes to the file system, as a power cut would: loaded before the program.

import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

let left = Number(process.env.DIES_AT);
for (const name of ['openSync', 'writeFileSync', 'fsyncSync', 'renameSync', 'unlinkSync', 'rmdirSync', 'mkdirSync']) {
  const original = fs[name];
  fs[name] = (...args) => {
    const changes = name !== 'openSync' || args[1] === 'wx';
    if (changes && left-- === 0) process.kill(process.pid, 'SIGKILL');
    return original(...args);
  };
}
syncBuiltinESMExports();
