import * as bindings from '../dist/layers.js';
import { compiled, notStarted, runtime, type WasmInput } from './engine.js';
import { TallymanError, errorOf } from './error.js';

/** The engine of layers, once it is loaded. */
export type LayersEngine = typeof bindings;

let coming: Promise<LayersEngine> | undefined;

/** The part of the wasm that reads layers, loaded where it has not been. What failed is tried again next time. */
export function layersEngine(): Promise<LayersEngine> {
  coming ??= load().catch((error: unknown) => {
    coming = undefined;
    throw error;
  });
  return coming;
}

async function load(): Promise<LayersEngine> {
  if (!runtime.layers) {
    throw new TallymanError({
      code: 'not-initialized',
      message: "expected the part of the wasm that reads layers, tallyman/layers.wasm: await init({ module, layers }), or import 'tallyman' instead of 'tallyman/slim'",
    });
  }
  let given: WasmInput | undefined;
  try {
    given = await runtime.layers();
    bindings.initSync({ module: await compiled(given) });
    return bindings;
  } catch (error) {
    throw notStarted('dist/layers.wasm', error, given);
  }
}

/** Calls the engine of layers; what it throws becomes a {@link TallymanError}. */
export function calling<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw errorOf(error);
  }
}
