import type { Engine, Items } from '../dist/tallyman.js';
import { descriptorOf, type Descriptor, type DescriptorJson } from './descriptor.js';
import { call, client, engine, foreseeClient, isClientComing, runtime } from './engine.js';
import { TallymanError, abortedBy, errorOf, type TallymanErrorFields } from './error.js';
import { ManifestList } from './list.js';
import { Inspection, Manifest, type InspectionAnswer } from './manifest.js';
import { Platform } from './platform.js';
import { PushPlan, type PlanStep } from './plan.js';
import { Reference } from './reference.js';
import { fetchRequests, type Answered, type Asked, type Fetch, type Requests } from './requests.js';
import type { Store } from './store.js';

/** What opens a registry. */
export type Credentials =
  | { username: string; password: string }
  /** A refresh token, which the registry's token service exchanges for tokens. */
  | { identityToken: string }
  /** A token for the registry itself, sent as it is. */
  | { token: string };

/** A request that is made again. */
export interface RetryEvent {
  /** Why it did not succeed. */
  error: TallymanError;
  /** Milliseconds that are waited first. */
  wait: number;
  /** How many times it was made so far. */
  attempt: number;
}

/** What a {@link Tallyman} is told of the world. */
export interface TallymanOptions {
  /** The credentials for a registry, asked for once; nothing for those that are visited without. */
  credentials?: (registry: string) => Credentials | null | undefined | Promise<Credentials | null | undefined>;
  /** Whether credentials for a registry may go to a token service of another site. Unless this says otherwise they may not. */
  trustTokenService?: (registry: string, realm: string) => boolean | Promise<boolean>;
  /**
   * The registries that may speak plain HTTP or show any certificate (which browsers and your own `fetch` cannot allow): those
   * named, those that a function says, all (`true`), or none (`false`). Those on loopback may unless it is `false`.
   */
  insecure?: boolean | readonly string[] | ((registry: string) => boolean);
  /** How many requests are under way at the same time: 32 unless said otherwise, which is also the most of one `create` or `push`. */
  concurrency?: number;
  /** How many times a request is made at most where another try may help: 4 unless said otherwise. */
  attempts?: number;
  /** Milliseconds that an answer may take to begin, and that it may pause then: a minute unless said otherwise. */
  timeout?: number;
  /** How requests leave, for proxies, tests and other transports. */
  fetch?: Fetch;
  /** Where lists are kept until they are pushed. Without it they are nowhere but in your hands. */
  store?: Store;
  /** Hears of every request that is made again. */
  onRetry?: (event: RetryEvent) => void;
}

/** What every call can be given. */
export interface CallOptions {
  /** Ends the work, and its requests. */
  signal?: AbortSignal;
}

/** What {@link Tallyman.inspect} can be given. */
export interface InspectOptions extends CallOptions {
  /** Of a list, inspect the image for this platform: `linux/arm64`. */
  platform?: string | Platform;
}

/** What {@link Tallyman.create} can be given. */
export interface CreateOptions extends CallOptions {
  /** Add to the list that the store has under this name. */
  amend?: boolean;
}

/** What happens during a push. */
export interface PushProgress {
  /** A step begins, a step has succeeded, or the manifest of an entry is in the target's repository. */
  kind: 'began' | 'done' | 'copied';
  /** The step. */
  step?: PlanStep;
  /** The manifest that was copied: the target's repository and its digest. */
  reference?: string;
  /** How many steps have succeeded. */
  completed: number;
  /** How many steps there are. */
  total: number;
}

/** What {@link Tallyman.push} can be given. */
export interface PushOptions extends CallOptions {
  /** Hears of each step. */
  onProgress?: (progress: PushProgress) => void;
  /** Remove the list from the store when it is pushed. */
  purge?: boolean;
}

/** What came of a push. */
export interface PushResult {
  /** The list's name. */
  reference: string;
  /** The list's digest, as the registry confirmed it. */
  digest: string;
  /** The list's media type. */
  mediaType: string;
}

/** What a registry says of a manifest without sending it. Nothing has verified it. */
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

  /** Nothing is sent to a registry until the first call. */
  constructor(options: TallymanOptions = {}) {
    this.#options = options;
    foreseeClient();
  }

  /**
   * What there is under a reference: an image with its platform and config, or a list with its entries. With tag and digest the tag is
   * asked for and the digest checked, as Docker does.
   */
  async inspect(reference: string | Reference, { platform, signal }: InspectOptions = {}): Promise<Inspection> {
    const wanted = typeof platform === 'object' ? Platform.format(platform) : platform;
    return new Inspection(await this.#inspect(reference, wanted, false, signal));
  }

  /** The manifest alone: one request. */
  async manifest(reference: string | Reference, { platform, signal }: InspectOptions = {}): Promise<Manifest> {
    const wanted = typeof platform === 'object' ? Platform.format(platform) : platform;
    return new Inspection(await this.#inspect(reference, wanted, true, signal)).manifest;
  }

  /** What the registry says of a manifest without sending it. */
  async head(reference: string | Reference, { signal }: CallOptions = {}): Promise<ManifestHead> {
    this.#expect(reference, 1);
    return JSON.parse(await this.#run(signal, (engine, aborted) => engine.head(String(reference), aborted))) as ManifestHead;
  }

  /** The tags of a repository, as they come, in the registry's order. */
  tags(repository: string | Reference, { signal }: CallOptions = {}): AsyncGenerator<string, void, undefined> {
    return this.#names((engine) => engine.tags(String(repository)), signal);
  }

  /** The repositories of a registry, as they come. Many registries show nobody theirs. */
  catalog(registry: string, { signal }: CallOptions = {}): AsyncGenerator<string, void, undefined> {
    return this.#names((engine) => engine.catalog(registry), signal);
  }

  /**
   * A blob of a repository as a stream that is verified: it ends in an error where size or digest are not those promised. What came
   * before that is not to be trusted until the end has come.
   */
  async blob(
    repository: string | Reference,
    blob?: string | Pick<Descriptor, 'digest' | 'size'>,
    { signal }: CallOptions = {},
  ): Promise<ReadableStream<Uint8Array>> {
    const { digest, size } = typeof blob === 'object' ? blob : { digest: blob ?? Reference.parse(repository).digest, size: undefined };
    if (digest === undefined) {
      throw new TallymanError({ code: 'argument-invalid', message: `expected the digest of a blob in ${String(repository)}, found none` });
    }
    const items = this.#call((engine) => engine.blob(String(repository), digest, size));
    const cancelled = new AbortController();
    const ends = signal ? anyOf(signal, cancelled) : cancelled.signal;
    const next = async (): Promise<Uint8Array | undefined> => {
      try {
        const piece = await this.#settled(ends, (aborted) => items.next(aborted));
        if (piece === undefined) items.free();
        return piece as Uint8Array | undefined;
      } catch (error) {
        items.free();
        throw error;
      }
    };
    let first: Uint8Array | undefined = await next();
    let isFirst = true;
    return new ReadableStream<Uint8Array>(
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

  /** What refers to a manifest: signatures, attestations, bills of materials. */
  async referrers(
    reference: string | Reference,
    { artifactType, signal }: CallOptions & { artifactType?: string } = {},
  ): Promise<Descriptor[]> {
    const found = await this.#run(signal, (engine, aborted) => engine.referrers(String(reference), artifactType, aborted));
    return (JSON.parse(found) as DescriptorJson[]).map(descriptorOf);
  }

  /**
   * Deletes what a reference names from its registry: by tag the tag alone, which Distribution 2.8 and older refuse; by digest the
   * manifest with every tag on it.
   */
  async delete(reference: string | Reference, { signal }: CallOptions = {}): Promise<void> {
    await this.#run(signal, (engine, aborted) => engine.delete(String(reference), aborted));
  }

  /**
   * Makes a list of images: each is fetched and its platform read. All or nothing. Where there is a store the list is kept there, and
   * one that is there already is refused unless `amend` is set.
   */
  async create(
    list: string | Reference,
    images: Iterable<string | Reference>,
    { amend = false, signal }: CreateOptions = {},
  ): Promise<ManifestList> {
    const named = Array.from(images, String);
    if (named[0] !== undefined) this.#expect(named[0], named.length);
    return ManifestList.of(await this.#run(signal, (engine, aborted) => engine.create(String(list), named, amend, aborted)));
  }

  /** What pushing a list will do. No registry is asked. */
  plan(list: ManifestList): PushPlan {
    return new PushPlan(call(() => ManifestList.handleOf(list).plan()));
  }

  /** Pushes a list, a plan, or the list that the store has under a name. */
  async push(
    what: ManifestList | PushPlan | string | Reference,
    { onProgress, purge = false, signal }: PushOptions = {},
  ): Promise<PushResult> {
    const plan = what instanceof PushPlan ? what : this.plan(what instanceof ManifestList ? what : await this.#kept(what, signal));
    const total = plan.stepCount;
    this.#expect(plan.target, total);
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
  async lists({ signal }: CallOptions = {}): Promise<string[]> {
    this.#needsStore();
    return this.#run(signal, (engine, aborted) => engine.lists(aborted));
  }

  /** The list that the store has under a name. */
  async load(list: string | Reference, { signal }: CallOptions = {}): Promise<ManifestList | undefined> {
    this.#needsStore();
    const found = await this.#run(signal, (engine, aborted) => engine.load(String(list), aborted));
    return found && ManifestList.of(found);
  }

  /** Keeps a list in the store in place of what is there under its name. */
  async save(list: ManifestList, { signal }: CallOptions = {}): Promise<void> {
    this.#needsStore();
    await this.#run(signal, (engine, aborted) => engine.save(ManifestList.handleOf(list), aborted));
  }

  /** Removes a list from the store, and says whether there was one. Nothing is removed from a registry. */
  async remove(list: string | Reference, { signal }: CallOptions = {}): Promise<boolean> {
    this.#needsStore();
    return this.#run(signal, (engine, aborted) => engine.remove(String(list), aborted));
  }

  /** Forgets what is known of a registry: after somebody signed in or out. */
  forget(registry: string): void {
    this.#call((engine) => engine.forget(registry));
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
    this.#expect(reference, 1);
    return this.#run(signal, (engine, aborted) => engine.inspect(String(reference), platform, onlyManifest, aborted));
  }

  async *#names(start: (engine: Engine) => Items, signal: AbortSignal | undefined): AsyncGenerator<string, void, undefined> {
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
      throw errorOf(error, this.#causeOf);
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
      const told = errorOf(error, this.#causeOf);
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
  #expect(reference: string | Reference, requests: number): void {
    if (isClientComing() || this.#options.fetch) return;
    const expected = runtime.requests?.();
    if (!expected?.expect) return;
    let parsed: Reference;
    try {
      parsed = Reference.parse(reference);
    } catch {
      // The engine says what is wrong with it.
      return;
    }
    const scheme = this.#isInsecure(parsed.registry) ? 'http' : 'https';
    const { concurrency = mostRequests } = this.#options;
    expected.expect(`${scheme}://${Reference.serverOf(parsed)}/`, false, Math.min(requests, concurrency));
  }

  #isInsecure(registry: string): boolean | undefined {
    const { insecure } = this.#options;
    if (typeof insecure === 'function') return insecure(registry);
    if (Array.isArray(insecure)) return insecure.includes(registry) || undefined;
    return insecure as boolean | undefined;
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
    const host = this.#host() as unknown as ConstructorParameters<typeof Client>[0];
    return new Client(host, store as unknown as ConstructorParameters<typeof Client>[1], concurrency, attempts, timeout);
  }

  /** What the engine asks of JavaScript. */
  #host(): object {
    const { credentials, trustTokenService, fetch, onRetry } = this.#options;
    const requests: Requests = fetch ? fetchRequests(fetch) : (runtime.requests?.() ?? fetchRequests());
    const remember = (key: string, error: unknown): void => {
      if (this.#failures.size > 64) this.#failures.clear();
      this.#failures.set(key, error);
    };
    return {
      obeysCors: requests.obeysCors,
      tellsPlainHttp: requests.tellsPlainHttp,
      page: requests.page,
      expect: requests.expect,
      reaches: requests.reaches,
      isLocalNetworkDenied: requests.isLocalNetworkDenied,
      async request(asked: Asked): Promise<Answered> {
        try {
          return await requests.request(asked);
        } catch (error) {
          remember(asked.url, error instanceof Error && error.cause ? error.cause : error);
          throw error;
        }
      },
      async credentials(registry: string): Promise<string[] | undefined> {
        try {
          return credentialsOf(await credentials?.(registry));
        } catch (error) {
          remember(registry, error);
          throw error;
        }
      },
      trusts: async (registry: string, realm: string) => trustTokenService?.(registry, realm),
      isInsecure: (registry: string) => this.#isInsecure(registry),
      retried: (error: string, wait: number, attempt: number) => onRetry?.({ error: errorOf(error, this.#causeOf), wait, attempt }),
    };
  }

  readonly #causeOf = ({ code, url, registry }: TallymanErrorFields): unknown =>
    this.#failures.get((code === 'credentials' ? registry : url) ?? '');
}

function credentialsOf(given: Credentials | null | undefined): string[] | undefined {
  if (!given) return undefined;
  if ('username' in given) return ['basic', given.username, given.password];
  return 'identityToken' in given ? ['identity', given.identityToken] : ['registry', given.token];
}

/** A signal that either of two ends. */
function anyOf(signal: AbortSignal, other: AbortController): AbortSignal {
  if (signal.aborted) other.abort(signal.reason);
  else signal.addEventListener('abort', () => other.abort(signal.reason), { once: true, signal: other.signal });
  return other.signal;
}
