// Functions of the machine that the library uses.

export function createMachine(): {
  readFile(path: string): Uint8Array | undefined;
  runHelper(program: string, args: string[], input: string): Promise<{ status: number | undefined; stdout: Uint8Array }>;
  defaultHelper(): string | undefined;
  env(name: string): string | undefined;
  homedir(): string;
  uid(): number | undefined;
  stderr(bytes: Uint8Array): void;
};
