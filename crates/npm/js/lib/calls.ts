import type { AsyncIter, Engine } from '../dist/tallyman.js';
import { completed } from './completed-store.js';
import { client, engine, extras, isClientRequested, runtime } from './engine.js';
import { TallymanError, abortedBy, errorOf } from './error.js';
import { causeIn, hostOf, isInsecure, rememberIn, withCredentials, withoutRequest } from './host.js';
import type { TallymanOptions } from './options.js';
import { Reference } from './reference.js';

const mostRequests = 32;

/** Items that come one after another. */
export interface Items<T> {
  /** The next item, `undefined` at the end. */
  next(): Promise<T | undefined>;
  /** Ends what is under way, and gives back the memory. */
  end(): void;
}

/** The calls of one client's engine, which is started at the first one. */
export class EngineCalls {
  readonly #options: TallymanOptions;
  readonly #failures = new Map<string, unknown>();
  readonly #signedIn = new Set<string>();
  #engine: Engine | undefined;

  constructor(options: TallymanOptions) {
    this.#options = options;
  }

  /** Forgets what is known of a registry. */
  forget(registry: string): void {
    this.#signedIn.delete(registry);
    this.#call((engine) => engine.forget(registry));
  }

  /** Gives back the engine's memory. */
  free(): void {
    this.#engine?.free();
    this.#engine = undefined;
  }

  /** Names that the engine gives page by page. */
  async *names(start: (engine: Engine) => AsyncIter, signal: AbortSignal | undefined): AsyncGenerator<string, void, undefined> {
    const pages = this.items<string[]>(start, signal);
    try {
      for (let page = await pages.next(); page !== undefined; page = await pages.next()) yield* page;
    } finally {
      pages.end();
    }
  }

  /** Items that the engine gives one after another. The signal is listened to once for the whole: an abort ends what is under way. */
  items<T>(start: (engine: Engine) => AsyncIter, signal: AbortSignal | undefined): Items<T> {
    if (signal?.aborted) throw abortedBy(signal);
    const items = this.#call(start);
    let isOpen = true;
    const end = (): void => {
      if (!isOpen) return;
      isOpen = false;
      signal?.removeEventListener('abort', end);
      items.abort();
      items.free();
    };
    signal?.addEventListener('abort', end);
    const next = async (): Promise<T | undefined> => {
      try {
        await client();
        const item = isOpen ? ((await items.next()) as T | undefined) : undefined;
        if (item !== undefined) return item;
        end();
      } catch (error) {
        end();
        throw this.#toError(error);
      }
      if (signal?.aborted) throw abortedBy(signal);
      return undefined;
    };
    return { next, end };
  }

  #toError(error: unknown): TallymanError {
    return withCredentials(withoutRequest(errorOf(error, causeIn(this.#failures))), this.#signedIn);
  }

  #call<T>(work: (engine: Engine) => T): T {
    this.#engine ??= this.#start();
    try {
      return work(this.#engine);
    } catch (error) {
      throw errorOf(error, causeIn(this.#failures));
    }
  }

  /** Makes a call that a registry or the store answers; an abort of the signal ends it. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  run(signal: AbortSignal | undefined, start: (engine: Engine, aborted: Promise<any> | undefined) => Promise<any>): Promise<any> {
    return this.#settled(signal, (aborted) => this.#call((engine) => start(engine, aborted)));
  }

  /** Makes a call as `run` does, of those that few programs make: the part of the engine that has them is loaded first. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  async extra(signal: AbortSignal | undefined, start: (engine: Engine, aborted: Promise<any> | undefined) => Promise<any>): Promise<any> {
    if (signal?.aborted) throw abortedBy(signal);
    await extras();
    return this.run(signal, start);
  }

  async #settled<T>(signal: AbortSignal | undefined, start: (aborted: Promise<unknown> | undefined) => Promise<T>): Promise<T> {
    if (signal?.aborted) throw abortedBy(signal);
    await client();
    // The signal may have been aborted while the part was loaded.
    if (signal?.aborted) throw abortedBy(signal);
    let end: (() => void) | undefined;
    const aborted = signal && new Promise<void>((resolve) => (end = resolve));
    if (end) signal?.addEventListener('abort', end);
    try {
      return await start(aborted);
    } catch (error) {
      const failure = this.#toError(error);
      throw signal?.aborted && failure.code === 'aborted' ? abortedBy(signal) : failure;
    } finally {
      if (end) signal?.removeEventListener('abort', end);
      // The engine waits for it no longer, and can let go.
      end?.();
    }
  }

  /**
   * Opens connections while the part of the engine is loaded that will use them. Whether they will carry TLS need not be known: they
   * are kept by host and port.
   */
  preconnect(reference: string | Reference, requests: number): void {
    if (isClientRequested() || this.#options.fetch) return;
    const sender = runtime.requests?.();
    if (!sender?.preconnect) return;
    let server: string;
    try {
      const parsed = Reference.parse(reference);
      server = `${isInsecure(this.#options, parsed.registry) ? 'http' : 'https'}://${Reference.serverOf(parsed)}/`;
    } catch {
      // The engine says what is wrong with the reference, or with the option.
      return;
    }
    const { concurrency = mostRequests } = this.#options;
    sender.preconnect(server, false, Math.min(requests, concurrency), 0);
  }

  /** Checks that there is a store for lists. */
  needsStore(): void {
    if (this.#options.store) return;
    throw new TallymanError({
      code: 'store-missing',
      message: 'expected a store for lists, found none: give one, such as new Tallyman({ store: new MemoryStore() })',
    });
  }

  #start(): Engine {
    const { store, concurrency = mostRequests, attempts = 4, timeout = 60_000 } = this.#options;
    const { Engine: Client } = engine();
    const host = hostOf(this.#options, this.#failures, this.#signedIn) as unknown as ConstructorParameters<typeof Client>[0];
    return new Client(host, (store && completed(store, rememberIn(this.#failures))) as unknown as ConstructorParameters<typeof Client>[1], concurrency, attempts, timeout);
  }
}
