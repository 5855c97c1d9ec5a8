// Programs of the machine.

import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { ifAllowed, isFile } from './folders.js';

// Suffixes of programs. Windows runs other files by its shell alone.
const suffixes = process.platform === 'win32' ? ['.com', '.exe'] : [''];

/**
 * The path of a program in `PATH`; undefined if it is not installed. Folders that are not absolute are passed over: Docker refuses
 * programs of the current folder, too, which may be a stranger's.
 */
export function findProgram(name) {
  const folders = (ifAllowed(() => process.env.PATH) ?? '').split(delimiter).filter((folder) => isAbsolute(folder));
  return folders.flatMap((folder) => suffixes.map((suffix) => join(folder, `${name}${suffix}`))).find(isExecutable);
}

const isExecutable = (path) =>
  ifAllowed(() => {
    accessSync(path, constants.X_OK);
    return isFile(path);
  }, false);
