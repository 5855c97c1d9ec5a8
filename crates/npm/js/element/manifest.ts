import type { Tallyman } from '../lib/client.js';
import type { CredentialCallback, Credentials } from '../lib/options.js';
import type { Descriptor } from '../lib/descriptor.js';
import type { AnyInspection, AnyManifest } from '../lib/manifest.js';
import { repositoryOf } from './format.js';
import { sheet } from './styles.js';
import { failure, frame, imageView, listView, type Frame, type ListView } from './view.js';

/** Detail of a `load` event. */
export interface LoadDetail {
  /** The manifest that is shown. */
  inspection: AnyInspection;
}

/** Detail of an `error` event. */
export interface ErrorDetail {
  /** The reason that nothing is shown: a TallymanError. */
  error: unknown;
}

/** Detail of a `select` event. */
export interface SelectDetail {
  /** The image that was chosen in a list, by its digest. */
  reference: string;
  /** Its entry in the list. */
  descriptor: Descriptor;
  /** `true` if it is open now. */
  open: boolean;
}

/** The events of a {@link TallymanManifest}, by their names. */
export interface TallymanManifestEvents {
  /** A manifest is shown. */
  load: CustomEvent<LoadDetail>;
  /** Fires if the manifest cannot be shown, with the reason. */
  error: CustomEvent<ErrorDetail>;
  /** An image of a list is opened or closed. */
  select: CustomEvent<SelectDetail>;
}

/** The attributes of `<tallyman-manifest>`, and the properties that it can be given in place of attributes. */
export interface ManifestAttributes {
  /** The reference that is shown. */
  reference?: string | undefined;
  /** The platform of a list whose image is shown. */
  platform?: string | undefined;
  /** `eager`, to load before it is seen. */
  loading?: 'eager' | 'lazy' | undefined;
  /** The level of its heading, 3 by default. */
  'heading-level'?: number | string | undefined;
  /** The client that asks. */
  client?: Tallyman | undefined;
  /** The credentials for registries, for the element's own client. */
  registryCredentials?: CredentialsOf | undefined;
}

/** Credentials of an element: the same for every registry, or a function that gives them. */
export type CredentialsOf = Credentials | CredentialCallback;

// Servers that render pages import it, too, and have no elements.
const Base = globalThis.HTMLElement ?? (class {} as typeof HTMLElement);

/**
 * `<tallyman-manifest reference="…">` shows an image or a list: platforms, sizes, layers, and that the digest is right.
 *
 * Attributes: `reference`; `platform`, to show the image of a list for it; `loading="eager"`, to load before it is seen;
 * `heading-level`, 3 unless said otherwise. Events: `load`, `error`, `select`.
 */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging
export class TallymanManifest extends Base {
  static readonly observedAttributes = ['reference', 'platform', 'heading-level', 'loading'];

  #client: Tallyman | undefined;
  #own: Promise<Tallyman> | undefined;
  /** The credentials as they are now, for its own client, which must not hold the element. */
  readonly #credentials: { now?: CredentialsOf | undefined } = {};
  #inspection: AnyInspection | undefined;
  #frame: Frame | undefined;
  #running: AbortController | undefined;
  #observer: IntersectionObserver | undefined;
  #isSeen = false;
  #isScheduled = false;
  /** The manifest is loaded, or was. */
  #isStarted = false;

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    root.adoptedStyleSheets = [sheet()];
  }

  /** The reference that is shown, such as `ghcr.io/acme/app:1.0`. */
  get reference(): string {
    return this.getAttribute('reference') ?? '';
  }
  set reference(reference: string | undefined) {
    this.#setAttribute('reference', reference);
  }

  /** The platform of a list whose image is shown: `linux/arm64`. */
  get platform(): string {
    return this.getAttribute('platform') ?? '';
  }
  set platform(platform: string | undefined) {
    this.#setAttribute('platform', platform);
  }

  /** The client that asks. Without one the element makes its own, and loads the library for it. */
  get client(): Tallyman | undefined {
    return this.#client;
  }
  set client(client: Tallyman | undefined) {
    if (client === this.#client) return;
    this.#client = client;
    this.#schedule();
  }

  /**
   * The credentials for registries, or a function that gives them, for the element's own client. Equal ones change nothing, and a function
   * in the place of another is called from then on, without another load: frameworks set new ones each time that they draw.
   */
  get registryCredentials(): CredentialsOf | undefined {
    return this.#credentials.now;
  }
  set registryCredentials(credentials: CredentialsOf | undefined) {
    const { now } = this.#credentials;
    this.#credentials.now = credentials;
    if (typeof now === typeof credentials && (typeof now === 'function' || JSON.stringify(now) === JSON.stringify(credentials))) return;
    this.#own = undefined;
    this.#schedule();
  }

  /** The inspection that is shown now. */
  get inspection(): AnyInspection | undefined {
    return this.#inspection;
  }

  /** Loads again, by a client that asks for credentials anew. */
  reload(): void {
    this.#own = undefined;
    this.#schedule();
  }

  /** @internal */
  connectedCallback(): void {
    // Properties that were set before the element was defined are its own now.
    for (const name of ['client', 'registryCredentials', 'reference', 'platform'] as const) {
      if (!Object.hasOwn(this, name)) continue;
      const value = this[name];
      delete (this as Record<string, unknown>)[name];
      Object.assign(this, { [name]: value });
    }
    if (typeof IntersectionObserver === 'undefined') {
      this.#isSeen = true;
    } else {
      this.#observer = new IntersectionObserver((entries) => this.#sawn(entries), { rootMargin: '200px' });
      this.#observer.observe(this);
    }
    this.#schedule();
  }

  /** @internal */
  disconnectedCallback(): void {
    this.#observer?.disconnect();
    this.#observer = undefined;
    this.#running?.abort();
    this.#running = undefined;
  }

  /** @internal */
  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after) return;
    if (name === 'heading-level') this.#frame?.level(this.#level);
    else if (name !== 'loading' || !this.#isStarted) this.#schedule();
  }

  // Programs unset a property by undefined or an empty text.
  #setAttribute(name: string, value: string | undefined): void {
    if (value) this.setAttribute(name, value);
    else this.removeAttribute(name);
  }

  get #level(): number {
    return Number(this.getAttribute('heading-level')) || 3;
  }

  #sawn(entries: IntersectionObserverEntry[]): void {
    if (this.#isSeen || !entries.some(({ isIntersecting }) => isIntersecting)) return;
    this.#isSeen = true;
    this.#schedule();
  }

  // Attributes that change together cause one load.
  #schedule(): void {
    if (this.#isScheduled || !this.isConnected) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      if (this.isConnected) void this.#load();
    });
  }

  async #load(): Promise<void> {
    this.#running?.abort();
    const running = new AbortController();
    this.#running = running;
    const { signal } = running;
    const { reference } = this;
    this.#frame = frame(reference, this.#level);
    this.shadowRoot?.replaceChildren(this.#frame.root);
    this.#inspection = undefined;
    this.#isStarted = false;
    if (!reference) return this.#frame.idle('No reference is set.');
    if (!this.#isSeen && this.getAttribute('loading') !== 'eager') return this.#frame.idle('');
    this.#isStarted = true;
    this.#frame.loading(reference);
    try {
      const client = this.#client ?? (await (this.#own ??= this.#makeClient()));
      if (signal.aborted) return;
      const inspection = await client.inspect(reference, { ...(this.platform ? { platform: this.platform } : {}), signal });
      if (signal.aborted) return;
      this.#inspection = inspection;
      this.#frame.loaded(inspection, this.#content(client, inspection, signal));
      this.dispatchEvent(new CustomEvent<LoadDetail>('load', { detail: { inspection } }));
    } catch (error) {
      if (signal.aborted) return;
      // Another try makes another one, which asks for credentials anew.
      this.#own = undefined;
      this.#frame.failed(failure(error, () => this.#schedule()));
      this.dispatchEvent(new CustomEvent<ErrorDetail>('error', { detail: { error } }));
    }
  }

  #content(client: Tallyman, inspection: AnyInspection, signal: AbortSignal): Node {
    if (inspection.kind !== 'list') return imageView(inspection);
    const named = ({ digest }: Descriptor): string => `${repositoryOf(inspection.reference)}@${digest}`;
    const view = listView(inspection, (descriptor, open) => {
      const reference = named(descriptor);
      this.dispatchEvent(new CustomEvent<SelectDetail>('select', { detail: { reference, descriptor, open }, bubbles: true, composed: true }));
      if (open && !view.has(descriptor)) void this.#open(client, view, reference, descriptor, signal);
    });
    for (const entry of view.sized) void this.#size(client, view, named(entry), entry, signal);
    return view.content;
  }

  // A size that cannot be had leaves its place empty: whoever opens the image is told why.
  async #size(client: Tallyman, view: ListView, reference: string, descriptor: Descriptor, signal: AbortSignal): Promise<void> {
    try {
      view.size(descriptor, sizeOf(await client.manifest(reference, { signal })));
    } catch {
      view.size(descriptor, undefined);
    }
  }

  async #open(client: Tallyman, view: ListView, reference: string, descriptor: Descriptor, signal: AbortSignal): Promise<void> {
    this.#frame?.say(`Loading ${reference}`);
    try {
      const inspection = await client.inspect(reference, { signal });
      view.size(descriptor, sizeOf(inspection.manifest));
      view.open(descriptor, this.#content(client, inspection, signal));
      this.#frame?.say('Loaded.');
    } catch (error) {
      if (signal.aborted) return;
      view.open(descriptor, failure(error, () => void this.#open(client, view, reference, descriptor, signal)), true);
      this.#frame?.say('');
    }
  }

  async #makeClient(): Promise<Tallyman> {
    const { isProvided } = await import('../lib/engine.js');
    // A page that has loaded the wasm by another entry does not load it again with the entry that carries it.
    const { Tallyman } = await ((await isProvided()) ? import('../lib/api.js') : import('../lib/index.js'));
    const given = this.#credentials;
    return new Tallyman({ credentials: (registry, refusal) => (typeof given.now === 'function' ? given.now(registry, refusal) : given.now) });
  }
}

/** The bytes of an image or an artifact; nothing for a list. */
function sizeOf({ kind, config, layers }: AnyManifest): number | undefined {
  return kind === 'image' || kind === 'artifact' ? layers.reduce((sum, { size }) => sum + size, config?.size ?? 0) : undefined;
}

/** The listeners of the element, whose events have a detail. */
export interface TallymanManifest {
  addEventListener<Name extends keyof TallymanManifestEvents>(
    name: Name,
    listener: (this: TallymanManifest, event: TallymanManifestEvents[Name]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener<Name extends keyof HTMLElementEventMap>(
    name: Name,
    listener: (this: HTMLElement, event: HTMLElementEventMap[Name]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(name: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
}
