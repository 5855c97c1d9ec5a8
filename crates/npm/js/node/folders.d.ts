// The primitive operations on files and folders that the engine's store is made of.

export function listDir(path: string): string[] | undefined;
export function readFile(path: string): Uint8Array | undefined;
export function changed(path: string): number | undefined;
export function createFile(path: string, bytes: Uint8Array, durable: boolean): void;
export function createDir(path: string): void;
export function rename(from: string, to: string): void;
export function removeFile(path: string): void;
export function removeDir(path: string): void;
export function syncDir(path: string): void;
export function holder(): [process: number, host: string, instance: string];
export function isAlive(process: number): boolean;
export function pause(): Promise<void>;
