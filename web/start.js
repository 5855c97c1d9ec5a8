// Starts the app. A file of its own: whoever serves the page need not allow any script that stands in the page itself.
const { chunks, js, wasm } = document.querySelector('script[data-wasm]').dataset;
const from = (path) => new URL(path, document.baseURI);

const SENTENCES = {
  en: {
    'no-webassembly': ['This browser does not run WebAssembly', 'Tallyman computes digests in WebAssembly. Allow it for this page (lockdown modes and some policies switch it off), or use another browser.'],
    'not-started': ['The app could not be loaded', 'The server did not send all files of the app, perhaps because a new version has just been installed. Nothing that is stored in this browser is lost. Reload the page; if that does not help, tell the owner of this server.'],
    reload: 'Reload',
    start: {
      title: 'Inspect an image',
      lead: 'Manifests and multi-architecture manifest lists, straight from the registry. Every digest is computed in this tab and compared with what the registry says.',
      label: 'Image, list, repository, registry, or a pasted command',
      hint: 'A reference, the address of a registry, a pasted command (docker pull, FROM, image:), or a manifest as JSON',
      go: 'Open',
    },
  },
  es: {
    'no-webassembly': ['Este navegador no ejecuta WebAssembly', 'Tallyman calcula los digests con WebAssembly. Permítelo en esta página (los modos de aislamiento y algunas políticas lo desactivan) o usa otro navegador.'],
    'not-started': ['No se pudo cargar la aplicación', 'El servidor no envió todos los archivos de la aplicación, quizá porque se acaba de instalar una versión nueva. No se pierde nada de lo guardado en este navegador. Recarga la página; si no basta, avisa al responsable de este servidor.'],
    reload: 'Recargar',
    start: {
      title: 'Inspeccionar una imagen',
      lead: 'Manifests y manifest lists multiarquitectura, directamente del registro. Cada digest se calcula en esta pestaña y se compara con lo que dice el registro.',
      label: 'Imagen, lista, repositorio, registro o un comando pegado',
      hint: 'Una referencia, la dirección de un registro, un comando pegado (docker pull, FROM, image:) o un manifest en JSON',
      go: 'Abrir',
    },
  },
};

/** Returns the value that the app keeps in this browser under a name. Its copies below other paths have names of their own. */
function kept(name) {
  const folder = location.pathname.replace(/[^/]*$/, '');
  try {
    return localStorage.getItem(folder === '/' ? name : `${folder} ${name}`);
  } catch {
    // A browser that stores nothing has what its user prefers.
    return null;
  }
}

function chosenLanguage() {
  const known = [kept('language'), ...navigator.languages].map((tag) => tag?.slice(0, 2)).find((tag) => tag in SENTENCES);
  return known ?? 'en';
}

function element(name, attributes = {}, ...content) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.append(...content);
  return made;
}

/**
 * Shows the form of the start page before there is a program, from top to bottom. What is typed, pasted and sent there is handed over to
 * the program's own, which looks the same: web/src/browser/first_form.rs.
 */
async function showForm() {
  const language = chosenLanguage();
  const { title, lead, label, hint, go } = SENTENCES[language].start;
  const field = { autocapitalize: 'none', autocomplete: 'off', autocorrect: 'off', spellcheck: 'false', 'data-testid': 'first-input' };
  const input = element('input', { type: 'text', 'aria-label': label, placeholder: '127.0.0.1:5000/app:v1', ...field });
  const form = element('form', { class: 'reference-box reference-box--large', role: 'search' }, input, element('button', { type: 'submit' }, go));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    form.setAttribute('aria-busy', 'true');
  });
  input.addEventListener('input', () => {
    delete form.pasted;
    form.removeAttribute('aria-busy');
  });
  input.addEventListener('paste', (event) => {
    const text = event.clipboardData.getData('text/plain');
    // The program reads pasted text that a field of one line would change, and possible manifests.
    if (!/^[[{]|[\n\r]/.test(text.trim())) return;
    event.preventDefault();
    form.pasted = text;
    form.setAttribute('aria-busy', 'true');
  });
  const hero = element('div', { class: 'hero', lang: language });
  document.querySelector('#app main').prepend(hero);
  for (const part of [element('h1', {}, title), element('p', { class: 'hero__lead' }, lead), form, element('p', { class: 'soft hero__hint' }, hint)]) {
    await nextTask();
    hero.append(part);
    // Each has a font that the browser has to look up.
    hero.getBoundingClientRect();
    if (part === form) input.focus();
  }
}

/** Gives what is shown before the program the colours that it will have. */
function showTheme() {
  const theme = kept('theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
}

async function compiled(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${response.url}: ${response.status} ${response.statusText}`);
  // Servers that answer every address with the start page send it in place of a file that is missing.
  if (response.headers.get('content-type')?.startsWith('text/html')) throw new Error(`${response.url}: expected WebAssembly, found a page of HTML`);
  // Servers that do not know the type of wasm are no reason to fail.
  const isTyped = response.headers.get('content-type')?.startsWith('application/wasm') ?? false;
  return isTyped ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer());
}

/** Ends the task that is under way. Not by a timer: of those that begin one another, each waits for four milliseconds. */
const nextTask = () =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => resolve(port1.close());
    port2.postMessage(0);
  });

// The fonts that the pages begin with, by the names of styles/tokens.css; those of the form apart.
const FORM_FONTS = [
  '600 var(--text-hero) var(--font)',
  '400 var(--text-large) var(--font)',
  '400 var(--text-body) var(--font-mono)',
  '600 var(--text-body) var(--font)',
  '400 var(--text-small) var(--font)',
];
const FONTS = [
  '400 var(--text-body) var(--font)',
  '600 var(--text-large) var(--font)',
  '400 var(--text-small) var(--font-mono)',
  '600 var(--text-small) var(--font)',
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

// The form, and what a browser takes some milliseconds for when it is first asked. What the address needs is asked for before fonts are
// looked up.
const SLOW_AT_FIRST = [
  () => localStorage.length,
  showTheme,
  ...(['', '#/'].includes(location.hash) ? [showForm] : [() => begun, ...FORM_FONTS.map((font) => () => layOut(font))]),
  () => sessionStorage.length,
  // Removes the word that led to the proxy's sign-in, past the service worker's cache.
  () => new URLSearchParams(location.search).has('sign-in') && history.replaceState(null, '', location.pathname + location.hash),
  () => location.hash || history.replaceState(null, '', '#/'),
  ...FONTS.map((font) => () => layOut(font)),
];

/** Says in place of the app that it did not start, and why. */
function tellFailure(code, error) {
  const sentences = SENTENCES[chosenLanguage()];
  const [title, advice] = sentences[code];
  const reload = element('button', { class: 'button' }, sentences.reload);
  reload.addEventListener('click', () => location.reload());
  const texts = [element('h1', {}, title), element('p', {}, advice), element('p', {}, String(error?.message ?? error))];
  // The typed text can still be copied.
  const typed = document.querySelector('#app main input')?.value;
  if (typed) texts.push(element('p', {}, element('code', {}, typed)));
  const problem = element('div', { class: 'problem', role: 'alert', 'data-testid': 'error', 'data-code': code }, ...texts, reload);
  document.querySelector('#app main').replaceChildren(problem);
}

const hasWebAssembly = () => typeof WebAssembly === 'object' && typeof WebAssembly.compile === 'function';

/**
 * Begins to fetch the chunk of the program that the address needs, where its name is the first word of the address: each file in a task
 * of its own, and without waiting for them.
 */
async function beginChunk() {
  const { begin } = await import(from(chunks).href);
  const files = begin(compiled, /^#\/(\w+)/.exec(location.hash)?.[1]);
  for (const fetchFile of files) {
    await nextTask();
    fetchFile();
  }
}

const begun = beginChunk();
const loaded = Promise.all([import(from(js).href), compiled(from(wasm)), begun]);
// A failure is told below, when it is this promise's turn.
loaded.catch(() => {});

// While the program is on its way, each in a task of its own.
for (const ask of SLOW_AT_FIRST) {
  await nextTask();
  try {
    await ask();
  } catch {
    // The page that needs it reports the fault.
  }
}

try {
  if (!hasWebAssembly()) throw new Error('WebAssembly is not available');
  const [{ default: init }, module] = await loaded;
  // Waiting tasks go first: compiling ends in one task, and starting is another.
  await nextTask();
  await init({ module_or_path: module });
} catch (error) {
  // A policy without 'wasm-unsafe-eval' refuses to compile.
  const isRefused = !hasWebAssembly() || /unsafe-eval|Content.Security.Policy/i.test(String(error));
  tellFailure(isRefused ? 'no-webassembly' : 'not-started', error);
}
