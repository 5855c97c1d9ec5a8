// The program under test: that of the npm package, or another one that TALLYMAN_BIN names: its path, or a JSON list of the path and its first arguments.

import { fileURLToPath } from 'node:url';

/** The program of the package, as `cargo xtask npm` builds it. */
export const packageProgram = fileURLToPath(new URL('../../target/npm/tallyman/bin/tallyman.js', import.meta.url));

const named = process.env.TALLYMAN_BIN ?? JSON.stringify([process.execPath, packageProgram]);

/** The program under test and its first arguments. */
export const command = named.startsWith('[') ? JSON.parse(named) : [named];

/** `true` if the program under test is that of the package. */
export const isPackage = process.env.TALLYMAN_BIN === undefined;

/** Words as a shell takes them for words, whatever characters they have. */
export const inShell = (words) => words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
