import type { AsyncIter, Engine } from '../dist/tallyman.js';
import { elementsOf, flagOf, functionOf, numberOf, optionsOf, referenceText, textOf, wrongArgument } from './arguments.js';
import { descriptorOf, type Descriptor, type DescriptorJson } from './descriptor.js';
import { call, client, engine, preloadClient, isClientRequested, runtime } from './engine.js';
import { TallymanError, abortedBy, errorOf, type TallymanErrorFields } from './error.js';
import { ManifestList } from './list.js';
import { Inspection, Manifest, type InspectionAnswer } from './manifest.js';
import { Platform } from './platform.js';
import { PushPlan, type PlanStep } from './plan.js';
import { Reference } from './reference.js';
import { fetchRequests, type TransportResponse, type TransportRequest, type Fetch, type RequestTransport } from './requests.js';
import type { Store } from './store.js';

/** Credentials for a registry. */
export type Credentials =
  | { username: string; password: string }
  /** A refresh token, which the registry's token service exchanges for tokens. */
  | { identityToken: string }
  /** A token for the registry itself, sent as it is. */
  | { token: string };

/** A request that is made again. */
export interface RetryEvent {
  /** The error of the failed attempt. */
  error: TallymanError;
  /** Milliseconds that are waited first. */
  wait: number;
  /** Number of attempts so far. */
  attempt: number;
}

/** Options of a {@link Tallyman}. */
export interface TallymanOptions {
  /** The credentials for a registry, asked for once; nothing for those that are visited without. */
  credentials?: (registry: string) => Credentials | null | undefined | Promise<Credentials | null | undefined>;
  /** Decides if credentials for a registry may be sent to a token service of another site. Without it they may not. */
  trustTokenService?: (registry: string, realm: string) => boolean | Promise<boolean>;
  /**
   * The registries that may speak plain HTTP or show any certificate (which browsers and your own `fetch` cannot allow): those
   * named, those that a function says, all (`true`), or none (`false`). Those on loopback may unless it is `false`.
   */
  insecure?: boolean | string | Iterable<string> | ((registry: string) => boolean | undefined);
  /** Number of requests under way at the same time: 32 by default, which is also the maximum of one `create` or `push`. */
  concurrency?: number;
  /** Maximum number of attempts of a request that may succeed later: 4 by default. */
  attempts?: number;
  /** Milliseconds that an answer may take to begin, and that it may pause then: a minute unless said otherwise. */
  timeout?: number;
  /** The function that sends requests, for proxies, tests and other transports. */
  fetch?: Fetch;
  /** Store of lists that are not pushed yet. Without it nothing keeps them but your program. */
  store?: Store;
  /** Hears of every request that is made again. */
  onRetry?: (event: RetryEvent) => void;
}

/** Options of every call. */
export interface CallOptions {
  /** Ends the work, and its requests. */
  signal?: AbortSignal | undefined;
}

/** Options of {@link Tallyman.inspect}. */
export interface InspectOptions extends CallOptions {
  /** Of a list, inspect the image for this platform: `linux/arm64`. */
  platform?: string | Platform | undefined;
}

/** Options of {@link Tallyman.create}. */
export interface CreateOptions extends CallOptions {
  /** Add to the list that the store has under this name. */
  amend?: boolean | undefined;
}

/** Progress of a push. */
export interface PushProgress {
  /** A step begins, a step has succeeded, or the manifest of an entry is in the target's repository. */
  kind: 'began' | 'done' | 'copied';
  /** The step. */
  step?: PlanStep;
  /** The manifest that was copied: the target's repository and its digest. */
  reference?: string;
  /** Number of steps that have succeeded. */
  completed: number;
  /** Number of steps. */
  total: number;
}

/** Options of {@link Tallyman.push}. */
export interface PushOptions extends CallOptions {
  /** Hears of each step. */
  onProgress?: ((progress: PushProgress) => void) | undefined;
  /** Remove the list from the store when it is pushed. */
  purge?: boolean | undefined;
}

/** Result of a push. */
export interface PushResult {
  /** The list's name. */
  reference: string;
  /** The list's digest, as the registry confirmed it. */
  digest: string;
  /** The list's media type. */
  mediaType: string;
}

/** Headers of a manifest, as the registry sends them without its content. They are not verified. */
export interface ManifestHead {
  /** The reference in its full form. */
  reference: string;
  /** The digest, where the registry tells it. */
  digest?: string;
  /** The media type, where the registry tells it. */
  mediaType?: string;
  /** The size in bytes, where the registry tells it. */
  size?: number;
}

const mostRequests = 32;

/** A client of any number of registries. */
export class Tallyman {
  readonly #options: TallymanOptions;
  readonly #failures = new Map<string, unknown>();
  #engine: Engine | undefined;

  /**
   * Nothing is sent to a registry until the first call.
   * @throws {@link TallymanError} `argument-invalid` if an option is of the wrong kind.
   */
  constructor(options: TallymanOptions = {}) {
    this.#options = checked(options);
    preloadClient();
  }

  /**
   * What there is under a reference: an image with its platform and config, or a list with its entries. With tag and digest the tag is
   * asked for and the digest checked, as Docker does.
   */
  async inspect(reference: string | Reference, options: InspectOptions = {}): Promise<Inspection> {
    const { platform, signal } = optionsOf(options, ['platform', 'signal']);
    return new Inspection(await this.#inspect(referenceText(reference, 'reference'), platformText(platform), false, signal));
  }

  /** The manifest alone: one request. */
  async manifest(reference: string | Reference, options: InspectOptions = {}): Promise<Manifest> {
    const { platform, signal } = optionsOf(options, ['platform', 'signal']);
    return new Inspection(await this.#inspect(referenceText(reference, 'reference'), platformText(platform), true, signal)).manifest;
  }

  /** Returns the headers of a manifest without its content. */
  async head(reference: string | Reference, options: CallOptions = {}): Promise<ManifestHead> {
    const { signal } = optionsOf(options, ['signal']);
    const text = referenceText(reference, 'reference');
    this.#preconnect(reference, 1);
    return JSON.parse(await this.#run(signal, (engine, aborted) => engine.head(text, aborted))) as ManifestHead;
  }

  /** The tags of a repository, as they come, in the registry's order. */
  tags(repository: string | Reference, options: CallOptions = {}): AsyncGenerator<string, void, undefined> {
    const { signal } = optionsOf(options, ['signal']);
    const text = referenceText(repository, 'repository');
    return this.#names((engine) => engine.tags(text), signal);
  }

  /** The repositories of a registry, as they come. Many registries show nobody theirs. */
  catalog(registry: string, options: CallOptions = {}): AsyncGenerator<string, void, undefined> {
    const { signal } = optionsOf(options, ['signal']);
    const text = textOf(registry, 'registry');
    return this.#names((engine) => engine.catalog(text), signal);
  }

  /**
   * A blob of a repository as a stream that is verified: it ends in an error where size or digest are not those promised. What came
   * before that is not to be trusted until the end has come.
   */
  async blob(
    repository: string | Reference,
    blob?: string | Pick<Descriptor, 'digest' | 'size'>,
    options: CallOptions = {},
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const { signal } = optionsOf(options, ['signal']);
    const text = referenceText(repository, 'repository');
    if (blob === null || (blob !== undefined && typeof blob !== 'string' && typeof blob !== 'object')) {
      throw wrongArgument('blob', 'a digest or a descriptor', blob);
    }
    const { digest, size } = typeof blob === 'object' ? blob : { digest: blob ?? Reference.parse(repository).digest, size: undefined };
    if (digest !== undefined) textOf(digest, 'digest');
    if (size !== undefined && !(Number.isSafeInteger(size) && size >= 0)) throw wrongArgument('size', 'a whole number of bytes', size);
    if (digest === undefined) {
      throw new TallymanError({ code: 'argument-invalid', message: `expected the digest of a blob in ${String(repository)}, found none` });
    }
    const items = this.#call((engine) => engine.blob(text, digest, size));
    const cancelled = new AbortController();
    const ends = signal ? anyOf(signal, cancelled) : cancelled.signal;
    const next = async (): Promise<Uint8Array<ArrayBuffer> | undefined> => {
      try {
        const piece = await this.#settled(ends, (aborted) => items.next(aborted));
        if (piece === undefined) items.free();
        return piece as Uint8Array<ArrayBuffer> | undefined;
      } catch (error) {
        items.free();
        throw error;
      }
    };
    let first: Uint8Array<ArrayBuffer> | undefined = await next();
    let isFirst = true;
    return new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        async pull(controller) {
          const piece = isFirst ? first : await next();
          isFirst = false;
          first = undefined;
          if (piece) controller.enqueue(piece);
          else controller.close();
        },
        cancel(reason) {
          cancelled.abort(reason);
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** Returns the referrers of a manifest: signatures, attestations, bills of materials. */
  async referrers(
    reference: string | Reference,
    options: CallOptions & { artifactType?: string | undefined } = {},
  ): Promise<Descriptor[]> {
    const { artifactType, signal } = optionsOf(options, ['artifactType', 'signal']);
    if (artifactType !== undefined) textOf(artifactType, 'artifactType');
    const text = referenceText(reference, 'reference');
    const found = await this.#run(signal, (engine, aborted) => engine.referrers(text, artifactType, aborted));
    return (JSON.parse(found) as DescriptorJson[]).map(descriptorOf);
  }

  /**
   * Deletes what a reference names from its registry: by tag the tag alone, which Distribution 2.8 and older refuse; by digest the
   * manifest with every tag on it.
   */
  async delete(reference: string | Reference, options: CallOptions = {}): Promise<void> {
    const { signal } = optionsOf(options, ['signal']);
    const text = referenceText(reference, 'reference');
    await this.#run(signal, (engine, aborted) => engine.delete(text, aborted));
  }

  /**
   * Makes a list of images: each is fetched and its platform read. All or nothing. Where there is a store the list is kept there, and
   * one that is there already is refused unless `amend` is set.
   */
  async create(
    list: string | Reference,
    images: Iterable<string | Reference>,
    options: CreateOptions = {},
  ): Promise<ManifestList> {
    const { amend = false, signal } = optionsOf(options, ['amend', 'signal']);
    flagOf(amend, 'amend');
    const text = referenceText(list, 'list');
    const named = elementsOf(images, 'images').map((image) => referenceText(image, 'image'));
    if (named[0] !== undefined) this.#preconnect(named[0], named.length);
    return ManifestList.of(await this.#run(signal, (engine, aborted) => engine.create(text, named, amend, aborted)));
  }

  /** Returns the plan of a push of a list, without a request. */
  plan(list: ManifestList): PushPlan {
    if (!(list instanceof ManifestList)) throw wrongArgument('list', 'a ManifestList', list);
    return new PushPlan(call(() => ManifestList.handleOf(list).plan()));
  }

  /** Pushes a list, a plan, or the list that the store has under a name. */
  async push(
    what: ManifestList | PushPlan | string | Reference,
    options: PushOptions = {},
  ): Promise<PushResult> {
    const { onProgress, purge = false, signal } = optionsOf(options, ['onProgress', 'purge', 'signal']);
    functionOf(onProgress, 'onProgress');
    flagOf(purge, 'purge');
    if (purge) this.#needsStore();
    const plan = what instanceof PushPlan ? what : this.plan(what instanceof ManifestList ? what : await this.#kept(what, signal));
    const total = plan.stepCount;
    this.#preconnect(plan.target, total);
    let completed = 0;
    const tell = (kind: PushProgress['kind'], index: number | undefined, reference: string | undefined): void => {
      if (!onProgress) return;
      if (kind === 'done') completed += 1;
      const step = index === undefined ? undefined : plan.steps[index];
      onProgress({ kind, completed, total, ...(step ? { step } : {}), ...(reference ? { reference } : {}) });
    };
    const digest = await this.#run(signal, (engine, aborted) => engine.push(PushPlan.handleOf(plan), tell, aborted));
    if (purge) await this.remove(plan.target, signal ? { signal } : {});
    return { reference: plan.target, digest, mediaType: plan.mediaType };
  }

  /** The names of the lists in the store, as they are as files in Docker's. */
  async lists(options: CallOptions = {}): Promise<string[]> {
    const { signal } = optionsOf(options, ['signal']);
    this.#needsStore();
    return this.#run(signal, (engine, aborted) => engine.lists(aborted));
  }

  /** The list that the store has under a name. */
  async load(list: string | Reference, options: CallOptions = {}): Promise<ManifestList | undefined> {
    const { signal } = optionsOf(options, ['signal']);
    const text = referenceText(list, 'list');
    this.#needsStore();
    const found = await this.#run(signal, (engine, aborted) => engine.load(text, aborted));
    return found && ManifestList.of(found);
  }

  /** Keeps a list in the store in place of what is there under its name. */
  async save(list: ManifestList, options: CallOptions = {}): Promise<void> {
    const { signal } = optionsOf(options, ['signal']);
    if (!(list instanceof ManifestList)) throw wrongArgument('list', 'a ManifestList', list);
    this.#needsStore();
    await this.#run(signal, (engine, aborted) => engine.save(ManifestList.handleOf(list), aborted));
  }

  /** Removes a list from the store, and says whether there was one. Nothing is removed from a registry. */
  async remove(list: string | Reference, options: CallOptions = {}): Promise<boolean> {
    const { signal } = optionsOf(options, ['signal']);
    const text = referenceText(list, 'list');
    this.#needsStore();
    return this.#run(signal, (engine, aborted) => engine.remove(text, aborted));
  }

  /** Forgets what is known of a registry: after somebody signed in or out. */
  forget(registry: string): void {
    const text = textOf(registry, 'registry');
    this.#call((engine) => engine.forget(text));
  }

  /** Gives back the memory at once; otherwise that happens when nobody refers to the client any more. */
  [Symbol.dispose](): void {
    this.#engine?.free();
    this.#engine = undefined;
  }

  async #kept(list: string | Reference, signal: AbortSignal | undefined): Promise<ManifestList> {
    const found = await this.load(list, signal ? { signal } : {});
    if (found) return found;
    const name = Reference.parse(list).toString();
    throw new TallymanError({ code: 'list-unknown', message: `expected a list ${name} in the store, found none`, list: name });
  }

  #inspect(
    reference: string | Reference,
    platform: string | undefined,
    onlyManifest: boolean,
    signal: AbortSignal | undefined,
  ): Promise<InspectionAnswer> {
    this.#preconnect(reference, 1);
    return this.#run(signal, (engine, aborted) => engine.inspect(String(reference), platform, onlyManifest, aborted));
  }

  async *#names(start: (engine: Engine) => AsyncIter, signal: AbortSignal | undefined): AsyncGenerator<string, void, undefined> {
    const items = this.#call(start);
    try {
      for (;;) {
        const page = (await this.#settled(signal, (aborted) => items.next(aborted))) as string[] | undefined;
        if (page === undefined) return;
        yield* page;
      }
    } finally {
      items.free();
    }
  }

  #call<T>(work: (engine: Engine) => T): T {
    this.#engine ??= this.#start();
    try {
      return work(this.#engine);
    } catch (error) {
      throw errorOf(error, causeIn(this.#failures));
    }
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  #run(signal: AbortSignal | undefined, start: (engine: Engine, aborted: Promise<any> | undefined) => Promise<any>): Promise<any> {
    return this.#settled(signal, (aborted) => this.#call((engine) => start(engine, aborted)));
  }

  async #settled<T>(signal: AbortSignal | undefined, start: (aborted: Promise<unknown> | undefined) => Promise<T>): Promise<T> {
    if (signal?.aborted) throw abortedBy(signal);
    await client();
    let end: (() => void) | undefined;
    const aborted = signal && new Promise<void>((resolve) => (end = resolve));
    if (end) signal?.addEventListener('abort', end);
    try {
      return await start(aborted);
    } catch (error) {
      const told = errorOf(error, causeIn(this.#failures));
      throw signal?.aborted && told.code === 'aborted' ? abortedBy(signal) : told;
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
  #preconnect(reference: string | Reference, requests: number): void {
    if (isClientRequested() || this.#options.fetch) return;
    const sender = runtime.requests?.();
    if (!sender?.preconnect) return;
    let parsed: Reference;
    try {
      parsed = Reference.parse(reference);
    } catch {
      // The engine says what is wrong with it.
      return;
    }
    const scheme = isInsecure(this.#options, parsed.registry) ? 'http' : 'https';
    const { concurrency = mostRequests } = this.#options;
    sender.preconnect(`${scheme}://${Reference.serverOf(parsed)}/`, false, Math.min(requests, concurrency), 0);
  }

  #needsStore(): void {
    if (this.#options.store) return;
    throw new TallymanError({
      code: 'store-missing',
      message: 'expected a store for lists, found none: give one, such as new Tallyman({ store: new MemoryStore() })',
    });
  }

  #start(): Engine {
    const { store, concurrency = mostRequests, attempts = 4, timeout = 60_000 } = this.#options;
    const { Engine: Client } = engine();
    const host = hostOf(this.#options, this.#failures) as unknown as ConstructorParameters<typeof Client>[0];
    return new Client(host, store as unknown as ConstructorParameters<typeof Client>[1], concurrency, attempts, timeout);
  }
}

/**
 * The callbacks of the engine. The engine holds them and is held by its client: they hold what they need and not the client, or nobody
 * could ever collect it.
 */
function hostOf(options: TallymanOptions, failures: Map<string, unknown>): object {
  const { credentials, trustTokenService, fetch, onRetry } = options;
  const sender: RequestTransport = fetch ? fetchRequests(fetch) : (runtime.requests?.() ?? fetchRequests());
  const remember = (key: string, error: unknown): void => {
    if (failures.size > 64) failures.clear();
    failures.set(key, error);
  };
  return {
    obeysCors: sender.obeysCors,
    tellsPlainHttp: sender.tellsPlainHttp,
    page: sender.page,
    streamsBodies: sender.streamsBodies,
    preconnect: sender.preconnect,
    reaches: sender.reaches,
    isLocalNetworkDenied: sender.isLocalNetworkDenied,
    async request(sent: TransportRequest): Promise<TransportResponse> {
      try {
        return await sender.request(sent);
      } catch (error) {
        remember(sent.url, error instanceof Error && error.cause ? error.cause : error);
        throw error;
      }
    },
    async credentials(registry: string): Promise<string[] | undefined> {
      try {
        return credentialsOf(await credentials?.(registry), registry);
      } catch (error) {
        remember(registry, error);
        throw error;
      }
    },
    trusts: async (registry: string, realm: string) => trustTokenService?.(registry, realm) === true,
    isInsecure: (registry: string) => isInsecure(options, registry),
    retried: (error: string, wait: number, attempt: number) => onRetry?.({ error: errorOf(error, causeIn(failures)), wait, attempt }),
  };
}

const causeIn =
  (failures: Map<string, unknown>) =>
  ({ code, url, registry }: TallymanErrorFields): unknown =>
    failures.get((code === 'credentials' ? registry : url) ?? '');

const optionNames = ['credentials', 'trustTokenService', 'insecure', 'concurrency', 'attempts', 'timeout', 'fetch', 'store', 'onRetry'];

/** The options of a client, as they are to be. */
function checked(options: TallymanOptions): TallymanOptions {
  const given = optionsOf(options, optionNames);
  for (const name of ['credentials', 'trustTokenService', 'fetch', 'onRetry'] as const) functionOf(given[name], name);
  for (const name of ['concurrency', 'attempts', 'timeout'] as const) if (given[name] !== undefined) numberOf(given[name], name, 1);
  const { store, insecure } = given;
  const methods = ['names', 'load', 'save', 'putEntry', 'remove'] as const;
  if (store !== undefined && !methods.every((name) => typeof store?.[name] === 'function')) {
    throw wrongArgument('store', `an object with the methods ${methods.join(', ')}`, store);
  }
  if (insecure === undefined || typeof insecure === 'boolean' || typeof insecure === 'function') return { ...given };
  const named = typeof insecure === 'string' ? [insecure] : elementsOf(insecure, 'insecure');
  return { ...given, insecure: named.map((registry) => textOf(registry, 'insecure')) };
}

/** Returns the program's choice for a registry, or `undefined` if the registry's address decides (loopback is insecure). */
function isInsecure({ insecure }: TallymanOptions, registry: string): boolean | undefined {
  if (typeof insecure === 'function') {
    const said: unknown = insecure(registry);
    if (said === undefined || typeof said === 'boolean') return said;
    throw wrongArgument('what insecure returns', 'true or false', said);
  }
  if (Array.isArray(insecure)) return insecure.includes(registry) || undefined;
  return insecure as boolean | undefined;
}

function platformText(platform: unknown): string | undefined {
  if (platform === undefined) return undefined;
  if (typeof platform === 'object' && platform !== null) return Platform.format(platform as Platform);
  return textOf(platform, 'platform');
}

function credentialsOf(given: Credentials | null | undefined, registry: string): string[] | undefined {
  if (given === null || given === undefined) return undefined;
  const { username, password, identityToken, token } = given as Record<string, unknown>;
  if (typeof username === 'string' && typeof password === 'string') return ['basic', username, password];
  if (typeof identityToken === 'string') return ['identity', identityToken];
  if (typeof token === 'string') return ['registry', token];
  throw wrongArgument(`credentials for ${registry}`, '{ username, password }, { identityToken }, { token } or undefined', given);
}

/** A signal that either of two ends. */
function anyOf(signal: AbortSignal, other: AbortController): AbortSignal {
  if (signal.aborted) other.abort(signal.reason);
  else signal.addEventListener('abort', () => other.abort(signal.reason), { once: true, signal: other.signal });
  return other.signal;
}
