let table: WebAssembly.Table | undefined;

/** Says what the module that has been started exports, for its parts. */
export function share(exports: WebAssembly.Exports): void {
  table = exports.__indirect_function_table as WebAssembly.Table;
}

/** Continues in the part with what few programs call, which is loaded by then. The module calls it. */
export function __wasm_split_load_extras(callback: number, data: number): void {
  table?.get(callback)(data, true);
}

/** Continues in the client's part, which is loaded by then. The module calls it. */
export function __wasm_split_load_client(callback: number, data: number): void {
  table?.get(callback)(data, true);
}
