// Wasm that a bundler or a runtime has compiled.

declare module '*.wasm' {
  const module: WebAssembly.Module;
  export default module;
}
