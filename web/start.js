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

const nextTask = () => new Promise((resolve) => setTimeout(resolve));

// The fonts that the pages begin with, by the names of styles/tokens.css.
const FONTS = [
  '400 var(--text-body) var(--font)',
  '600 var(--text-large) var(--font)',
  '400 var(--text-small) var(--font)',
  '600 var(--text-body) var(--font)',
  '400 var(--text-small) var(--font-mono)',
  '600 var(--text-small) var(--font)',
  '600 var(--text-hero) var(--font)',
  '400 var(--text-large) var(--font)',
  '600 var(--text-title) var(--font)',
  '400 var(--text-title) var(--font)',
];

function layOut(font) {
  const sample = document.createElement('span');
  sample.textContent = 'Tallyman';
  sample.ariaHidden = 'true';
  sample.style.cssText = `position: absolute; visibility: hidden; contain: strict; font: ${font}`;
  document.body.append(sample);
  sample.getBoundingClientRect();
  sample.remove();
}

// What a browser takes some milliseconds for when it is first asked.
const SLOW_AT_FIRST = [
  () => localStorage.length,
  () => sessionStorage.length,
  () => location.hash || history.replaceState(null, '', '#/'),
  ...FONTS.map((font) => () => layOut(font)),
];

const loaded = Promise.all([import(from(js).href), compiled(from(wasm))]);

// While the program is on its way, each in a task of its own.
for (const ask of SLOW_AT_FIRST) {
  await nextTask();
  try {
    ask();
  } catch {
    // Whoever needs it says so.
  }
}

const [{ default: init }, module] = await loaded;
// Whatever waits goes first: compiling ends in one task, and starting is another.
await nextTask();
await init({ module_or_path: module });
