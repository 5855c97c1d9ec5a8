// Starts the app. A file of its own: whoever serves the page need not allow any script that stands in the page itself.
const { js, wasm } = document.querySelector('script[data-wasm]').dataset;
const from = (path) => new URL(path, document.baseURI);

async function compiled(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${response.url}: ${response.status} ${response.statusText}`);
  // Servers that do not know the type of wasm are no reason to fail.
  const isTyped = response.headers.get('content-type')?.startsWith('application/wasm') ?? false;
  return isTyped ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer());
}

const [{ default: init }, module] = await Promise.all([import(from(js).href), compiled(from(wasm))]);
// Whatever waits goes first: compiling ends in one task, and starting is another.
await new Promise((resolve) => setTimeout(resolve));
await init({ module_or_path: module });
