import start, * as bindings from '../dist/tallyman.js';
import { TallymanError, errorOf } from './error.js';
import type { Requests } from './requests.js';

/** What a wasm module can be given as: bytes, a compiled module, a response or the address of one. */
export type WasmInput = WebAssembly.Module | BufferSource | Response | URL | string | Promise<Response>;

/** The functions of a file system that {@link FileStore} needs. */
export interface Files {
  listDir(path: string): string[] | undefined;
  readFile(path: string): Uint8Array | undefined;
  replaceDir(path: string, files: [string, Uint8Array][]): void;
  writeFileAtomic(path: string, bytes: Uint8Array): void;
  removeDir(path: string): void;
}

/** A hasher of the platform's own. */
export interface PlatformHasher {
  update(bytes: Uint8Array): void;
  /** The hash in hexadecimal digits. */
  finish(): string;
}

/** What is different from one place to another where JavaScript runs. */
export interface Runtime {
  /** Where the wasm comes from, where it can be had at once. */
  wasm?: () => WebAssembly.Module | BufferSource;
  /** How requests leave, unless a program gives its own `fetch`. */
  requests?: () => Requests;
  /** Its file system. */
  files?: Files;
  /** A hash faster than ours. */
  hasher?: (algorithm: string) => PlatformHasher;
}

/** The place where this runs; what was provided first stays. */
export const runtime: Runtime = {};
let ready = false;

/** Says what there is in this place. */
export function provide(what: Runtime): void {
  Object.assign(runtime, what, { ...runtime });
}

/** The engine, started where it has not been. */
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

/** Calls the engine; what it throws becomes a {@link TallymanError}. */
export function call<T>(work: (engine: typeof bindings) => T): T {
  const started = engine();
  try {
    return work(started);
  } catch (error) {
    throw errorOf(error);
  }
}

/**
 * Loads the wasm, for those who import `tallyman/slim` or want to choose where it comes from. Without `module` it is what the
 * entry that was imported brings with it. Nothing happens where it is loaded already.
 */
export async function init(options: { module?: WasmInput | Promise<WasmInput> } = {}): Promise<void> {
  if (ready) return;
  const given = await options.module;
  if (given === undefined) {
    engine();
    return;
  }
  try {
    const input = typeof given === 'string' ? new URL(given, globalThis.location?.href) : given;
    await start({ module_or_path: input });
    ready = true;
  } catch (error) {
    throw notStarted(error, given);
  }
}

/** Loads the wasm from bytes or a compiled module, at once. */
export function initSync({ module }: { module: WebAssembly.Module | BufferSource }): void {
  if (ready) return;
  try {
    bindings.initSync({ module });
    ready = true;
  } catch (error) {
    throw notStarted(error);
  }
}

function carried(wasm: () => WebAssembly.Module | BufferSource): WebAssembly.Module | BufferSource {
  try {
    return wasm();
  } catch (error) {
    throw notStarted(error);
  }
}

function notStarted(cause: unknown, input?: unknown): TallymanError {
  const said = cause instanceof Error ? cause.message : String(cause);
  if (/unsafe-eval|Content Security Policy|blocked by CSP/i.test(said)) {
    return new TallymanError({
      code: 'wasm-blocked',
      message: `expected a Content-Security-Policy that lets wasm run, the browser refused: add 'wasm-unsafe-eval' to script-src (${said})`,
      cause,
    });
  }
  const from = input instanceof URL || typeof input === 'string' ? ` from ${String(input)}` : '';
  return new TallymanError({
    code: 'wasm-missing',
    message: `expected to load the wasm${from}, which failed: ${said}; see that dist/tallyman.wasm of the package is where its scripts are, import 'tallyman/inline', which carries it, or import 'tallyman/slim' and give it: init({ module })`,
    cause,
  });
}
