let table: WebAssembly.Table | undefined;

/** Says what the module that has been started exports, for its parts. */
export function share(exports: WebAssembly.Exports): void {
  table = exports.__indirect_function_table as WebAssembly.Table;
}

/** What the module calls before it goes on in the client's part, which is there by then. */
export function __wasm_split_load_client(callback: number, data: number): void {
  table?.get(callback)(data, true);
}
