// Starts the app. A file of its own: whoever serves the page need not allow any script that stands in the page itself.
const { js, wasm } = document.querySelector('script[data-wasm]').dataset;
const { default: init } = await import(new URL(js, document.baseURI).href);
await init({ module_or_path: new URL(wasm, document.baseURI) });
