import * as bindings from '../dist/tallyman.js';
import { isRecord, wrongArgument } from './arguments.js';
import { TallymanError, errorOf, messageOf } from './error.js';
import { tagOf } from './plain.js';
import { share } from './client-part.js';
import type { Gunzip } from './gunzip.js';
import type { RequestTransport } from './requests.js';

/** A module of wasm that is compiled, a `WebAssembly.Module`. Node's own types do not know it. */
export type CompiledWasm = object;

/** Forms in which a wasm module is accepted: bytes, a compiled module, a response or the address of one. */
export type WasmInput = CompiledWasm | ArrayBuffer | ArrayBufferView | Response | URL | string | Promise<Response>;

/**
 * The functions of `node/machine.js`: a machine as the credentials of the Docker CLI need it.
 * @internal
 */
export type Machine = ReturnType<typeof import('../node/machine.js').createMachine>;

/**
 * The functions of a file system that {@link FileStore} needs: those of `node/folders.js`.
 * @internal
 */
export type Files = typeof import('../node/folders.js');

/**
 * A hasher of the platform's own.
 * @internal
 */
export interface PlatformHasher {
  update(bytes: Uint8Array): void;
  /** The hash in hexadecimal digits. */
  finish(): string;
}

/**
 * Differences between the runtimes of JavaScript.
 * @internal
 */
export interface Runtime {
  /** Returns the wasm, in runtimes that have it synchronously. */
  wasm?: () => WebAssembly.Module | BufferSource;
  /** Returns the part of the wasm that sends requests to registries and keeps lists in files. */
  client?: () => WasmInput | Promise<WasmInput>;
  /** Returns the part of the wasm with what few programs call. */
  extras?: () => WasmInput | Promise<WasmInput>;
  /** Returns the wasm that reads layers of images. */
  layers?: () => WasmInput | Promise<WasmInput>;
  /** Decompresses gzip faster than ours. */
  gunzip?: Gunzip;
  /** Sends requests, unless a program gives its own `fetch`. */
  requests?: () => RequestTransport;
  /** Its file system. */
  files?: Files;
  /** Its files, environment and helper programs. */
  machine?: () => Machine;
  /** A hash faster than ours. */
  hasher?: (algorithm: string) => PlatformHasher;
}

/**
 * The place where this runs; what was provided first stays.
 * @internal
 */
export const runtime: Runtime = {};
let ready = false;
/** The start by `init` that is under way. */
let starting: Promise<void> | undefined;
let coming: Promise<void> | undefined;
let extrasComing: Promise<void> | undefined;

/**
 * Says what there is in this place.
 * @internal
 */
export function provide(what: Runtime): void {
  Object.assign(runtime, what, { ...runtime });
}

/**
 * Resolves to `true` if an entry of the package, or a program, has said where the wasm comes from. A start that is under way is waited for.
 * @internal
 */
export async function isProvided(): Promise<boolean> {
  await starting?.catch(() => undefined);
  return ready || runtime.wasm !== undefined;
}

/**
 * The engine, started where it has not been.
 * @internal
 */
export function engine(): typeof bindings {
  if (ready) return bindings;
  if (!runtime.wasm) {
    throw new TallymanError({
      code: 'not-initialized',
      message: "expected the wasm to be loaded: await init(…) once before anything else, or import 'tallyman' instead of 'tallyman/slim'",
    });
  }
  initSync({ module: carried(runtime.wasm) });
  return bindings;
}

/**
 * Calls the engine; what it throws becomes a {@link TallymanError}.
 * @internal
 */
export function call<T>(work: (engine: typeof bindings) => T): T {
  const started = engine();
  try {
    return work(started);
  } catch (error) {
    throw errorOf(error);
  }
}

/**
 * Returns `true` if the part of the engine that sends requests to registries and keeps lists in files is loaded or being loaded.
 * @internal
 */
export const isClientRequested = (): boolean => coming !== undefined;

/**
 * Loads that part once. A failed load is repeated by the next call.
 * @internal
 */
export function client(): Promise<void> {
  const what = 'that talks to registries and keeps lists in files';
  coming ??= loadPart('client', what, runtime.client).catch((error: unknown) => {
    coming = undefined;
    throw error;
  });
  return coming;
}

/**
 * The part with what few programs call, loaded where it has not been, after the client's. What failed is tried again next time.
 * @internal
 */
export function extras(): Promise<void> {
  const what = 'with trees, differences, findings, conversions, lists that are described and tags in order';
  extrasComing ??= client()
    .then(() => loadPart('extras', what, runtime.extras))
    .catch((error: unknown) => {
      extrasComing = undefined;
      throw error;
    });
  return extrasComing;
}

/**
 * Begins to load it where the rest of the engine is there, so that it need not be waited for.
 * @internal
 */
export function preloadClient(): void {
  // Later calls that need the client report the error.
  if (ready && runtime.client) client().catch(() => undefined);
}

async function loadPart(name: 'client' | 'extras', what: string, load: Runtime['client']): Promise<void> {
  engine();
  if (!load) {
    throw new TallymanError({
      code: 'not-initialized',
      message: `expected the part of the wasm ${what}, tallyman/${name}.wasm: await init({ module, client, extras }), or import 'tallyman' instead of 'tallyman/slim'`,
    });
  }
  let given: WasmInput | undefined;
  try {
    given = await load();
    const part = await compiled(given);
    // Once there is a module, its exports are what this gives, whatever it is called with.
    const exports = (bindings.initSync as unknown as () => WebAssembly.Exports)();
    share(exports);
    await WebAssembly.instantiate(part, { __wasm_split: exports as WebAssembly.ModuleImports });
  } catch (error) {
    throw notStarted(`dist/${name}.wasm`, error, given);
  }
}

/**
 * A module from whatever it was given as.
 * @internal
 */
export async function compiled(given: WasmInput): Promise<WebAssembly.Module> {
  const input: unknown = typeof given === 'string' || isUrl(given) ? await fetch(given) : await given;
  if (tagOf(input) === '[object WebAssembly.Module]') return input as WebAssembly.Module;
  if (!isResponse(input)) return WebAssembly.compile(input as BufferSource);
  if (!input.ok) throw new Error(`${input.url}: ${input.status} ${input.statusText}`);
  // Servers that do not know the type of wasm are no reason to fail.
  const isTyped = input.headers.get('content-type')?.startsWith('application/wasm') ?? false;
  return isTyped ? WebAssembly.compileStreaming(input) : WebAssembly.compile(await input.arrayBuffer());
}

const isUrl = (value: unknown): value is URL => tagOf(value) === '[object URL]';
const isResponse = (value: unknown): value is Response => tagOf(value) === '[object Response]';

/**
 * Loads the wasm, for those who import `tallyman/slim` or want to choose where it comes from. Without `module` it is what the
 * entry that was imported brings with it. `client` is its part that talks to registries and keeps lists in files, which is loaded when
 * there is a {@link Tallyman} or a {@link FileStore} is used, `extras` its part with what few programs call, which is loaded when one
 * does, and `layers` what reads files of images, which is loaded when they are asked for; where `module` is an address they are looked
 * for beside it. Nothing happens where `module` is loaded already.
 */
export async function init(
  options: {
    module?: WasmInput | Promise<WasmInput> | undefined;
    client?: WasmInput | Promise<WasmInput> | undefined;
    extras?: WasmInput | Promise<WasmInput> | undefined;
    layers?: WasmInput | Promise<WasmInput> | undefined;
  } = {},
): Promise<void> {
  if (!isRecord(options)) throw wrongOptions(options);
  const { client: part, extras: further, layers } = options;
  if (part !== undefined) runtime.client = () => part;
  if (further !== undefined) runtime.extras = () => further;
  if (layers !== undefined) runtime.layers = () => layers;
  if (ready) return;
  starting ??= start(options.module).finally(() => (starting = undefined));
  await starting;
}

async function start(module: WasmInput | Promise<WasmInput> | undefined): Promise<void> {
  const given = await module;
  if (given === undefined) {
    engine();
    return;
  }
  try {
    const input = typeof given === 'string' ? new URL(given, globalThis.location?.href) : given;
    if (isUrl(input)) {
      runtime.client ??= () => new URL('client.wasm', input);
      runtime.extras ??= () => new URL('extras.wasm', input);
      runtime.layers ??= () => new URL('layers.wasm', input);
    }
    startAtOnce(await compiled(input));
  } catch (error) {
    throw notStarted('dist/tallyman.wasm', error, given);
  }
}

/** Loads the wasm from bytes or a compiled module, at once. */
export function initSync(options: { module: CompiledWasm | ArrayBuffer | ArrayBufferView }): void {
  const module: unknown = (options as { module?: unknown } | null | undefined)?.module;
  if (typeof module !== 'object' || module === null) throw wrongOptions(options);
  try {
    startAtOnce(module as BufferSource);
  } catch (error) {
    throw notStarted('dist/tallyman.wasm', error);
  }
}

/** Starts the engine, unless somebody else has meanwhile: there is one. */
function startAtOnce(module: WebAssembly.Module | BufferSource): void {
  if (ready) return;
  bindings.initSync({ module });
  ready = true;
}

const wrongOptions = (found: unknown): TallymanError => wrongArgument('options', 'an object with the wasm as module', found);

function carried(wasm: () => WebAssembly.Module | BufferSource): WebAssembly.Module | BufferSource {
  try {
    return wasm();
  } catch (error) {
    throw notStarted('dist/tallyman.wasm', error);
  }
}

/**
 * The error for wasm that could not be started.
 * @internal
 */
export function notStarted(file: string, cause: unknown, input?: unknown): TallymanError {
  const said = messageOf(cause);
  if (/unsafe-eval|Content Security Policy|blocked by CSP/i.test(said)) {
    return new TallymanError({
      code: 'wasm-blocked',
      message: `expected a Content-Security-Policy that lets wasm run, the browser refused: add 'wasm-unsafe-eval' to script-src (${said})`,
      cause,
    });
  }
  // Runtimes at the edge of a network compile wasm when a program is deployed.
  if (/disallowed by embedder/i.test(said)) {
    return new TallymanError({
      code: 'wasm-blocked',
      message: `this runtime compiles no wasm while it runs: import the .wasm files as modules, and give them, init({ module, client, extras, layers }) of tallyman/slim (${said})`,
      cause,
    });
  }
  const from = isUrl(input) || typeof input === 'string' ? ` from ${String(input)}` : '';
  return new TallymanError({
    code: 'wasm-missing',
    message: `expected to load the wasm${from}, which failed: ${said}; see that ${file} of the package is where its scripts are, import 'tallyman/inline', which carries it, or import 'tallyman/slim' and give it: init({ module })`,
    cause,
  });
}
