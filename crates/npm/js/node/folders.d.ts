// What the library uses of the folders.

export function listDir(path: string): string[] | undefined;
export function readFile(path: string): Uint8Array | undefined;
export function removeDir(path: string): void;
export function writeFileAtomic(path: string, bytes: Uint8Array): void;
export function replaceDir(path: string, files: [string, Uint8Array][]): void;
