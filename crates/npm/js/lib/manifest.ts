import { asText, copyOf, viewOf, type Bytes } from './bytes.js';
import { frozenDescriptorOf, type DescriptorJson, type ReadonlyDescriptor } from './descriptor.js';
import { Digest } from './digest.js';
import { call } from './engine.js';
import { checkMade, optionsOf, wrongArgument } from './arguments.js';
import type { Annotations } from './media-types.js';
import { reading } from './error.js';
import { inspected } from './plain.js';
import { platformOf, type Platform } from './platform.js';

/**
 * The sort of manifest: one image, a list or index of several, an artifact (a manifest whose config is not an image's, such as a Helm
 * chart), Docker's old schema 1, or unknown, which is anything else.
 */
export type ManifestKind = 'image' | 'list' | 'artifact' | 'schema1' | 'unknown';

/** A manifest whose fields are known by its `kind`. */
export type AnyManifest = { [Kind in ManifestKind]: Manifest<Kind> }[ManifestKind];

/** An inspection whose fields are known by its `kind`. */
export type AnyInspection = { [Kind in ManifestKind]: Inspection<Kind> }[ManifestKind];

/** A platform of a list. */
export interface ListPlatform {
  /** The platform. */
  readonly platform: Readonly<Platform>;
  /** The entry of the image for it. */
  readonly descriptor: ReadonlyDescriptor;
  /** The entries of its attestations, as BuildKit adds them. */
  readonly attestations: readonly ReadonlyDescriptor[];
}

/** The fields of a manifest as the engine gives them. */
interface ManifestFields {
  config?: DescriptorJson;
  layers?: DescriptorJson[];
  manifests?: DescriptorJson[];
  subject?: DescriptorJson;
  annotations?: Record<string, string>;
  artifactType?: string;
}

const many = (described: DescriptorJson[] | undefined): readonly ReadonlyDescriptor[] => Object.freeze((described ?? []).map(frozenDescriptorOf));

/** A manifest: the exact bytes, and what they say. Views of them are made when they are first asked for, and cannot be changed. */
export class Manifest<Kind extends ManifestKind = ManifestKind> {
  /** The sort of manifest. */
  readonly kind: Kind;
  /** The media type that came with the bytes, or the one that they name themselves. */
  readonly mediaType: string;
  /** The exact bytes. */
  readonly bytes: Uint8Array;
  #digest: string | undefined;
  #json: Record<string, unknown> | undefined;
  #read: ManifestFields | undefined;
  #layers: readonly ReadonlyDescriptor[] | undefined;
  #entries: readonly ReadonlyDescriptor[] | undefined;
  #platforms: readonly ListPlatform[] | undefined;

  /** @internal */
  constructor(kind: Kind, mediaType: string, digest: string | undefined, bytes: Uint8Array) {
    checkMade(typeof kind === 'string' && typeof mediaType === 'string' && bytes instanceof Uint8Array, 'a Manifest', 'Manifest.parse, Manifest.from or a client');
    this.kind = kind;
    this.mediaType = mediaType;
    this.#digest = digest;
    this.bytes = bytes;
  }

  /**
   * Reads a manifest of any sort from its bytes, which it copies, and checks that it is what its media type promises.
   * @throws {@link TallymanError} `manifest-invalid`
   */
  static parse(bytes: Bytes, options: { mediaType?: string | undefined } = {}): AnyManifest {
    const { mediaType = '' } = optionsOf(options, ['mediaType']);
    const given = copyOf(bytes);
    if (typeof mediaType !== 'string') throw wrongArgument('mediaType', 'a string', mediaType);
    const [kind, type] = call((engine) => engine.parseManifest(given, mediaType)) as [ManifestKind, string];
    return new Manifest(kind, type, undefined, given) as AnyManifest;
  }

  /**
   * A manifest out of a copy that `structuredClone` or `postMessage` made.
   * @throws {@link TallymanError} `argument-invalid` if it is no copy of one.
   */
  static from(copy: unknown): AnyManifest {
    if (typeof copy === 'object' && copy !== null && #digest in copy) return copy as unknown as AnyManifest;
    return reading('the fields of copy', () => {
      const { bytes, mediaType } = (copy ?? {}) as { bytes?: unknown; mediaType?: unknown };
      const view = viewOf(bytes);
      if (!view || typeof mediaType !== 'string') throw wrongArgument('copy', 'a copy of a Manifest', copy);
      return Manifest.parse(view, { mediaType });
    });
  }

  /** The digest of the bytes, computed here. */
  get digest(): string {
    return (this.#digest ??= Digest.of(this.bytes));
  }

  /** Length of the bytes. */
  get size(): number {
    return this.bytes.length;
  }

  /**
   * All that the bytes say, by JavaScript's own reader. That one tells `Layers` from `layers`, as Docker does not: the other views are read
   * as Docker reads them.
   */
  get json(): Record<string, unknown> {
    return (this.#json ??= JSON.parse(asText(this.bytes)) as Record<string, unknown>);
  }

  /** The config of an image or artifact, as the manifest describes it. */
  get config(): Kind extends 'image' | 'artifact' ? ReadonlyDescriptor : undefined {
    const { config } = this.#fields;
    return (config && frozenDescriptorOf(config)) as never;
  }

  /** The layers of an image, lowest first; the blobs of an artifact. */
  get layers(): readonly ReadonlyDescriptor[] {
    return (this.#layers ??= many(this.#fields.layers));
  }

  /** A list's entries, in the order of the bytes. */
  get entries(): readonly ReadonlyDescriptor[] {
    return (this.#entries ??= this.kind === 'list' ? many(this.#fields.manifests) : []);
  }

  /** The manifest that this one refers to: signatures, attestations and the like have one. */
  get subject(): ReadonlyDescriptor | undefined {
    const { subject } = this.#fields;
    return subject ? frozenDescriptorOf(subject) : undefined;
  }

  /** Type of the artifact, where it is one. */
  get artifactType(): string | undefined {
    return this.#fields.artifactType;
  }

  /** Free key and value pairs. */
  get annotations(): Readonly<Annotations> {
    return Object.freeze((this.#fields.annotations ?? {}) as Annotations);
  }

  /** The platforms of a list, each with its image and its attestations; without entries that nobody can run. */
  get platforms(): readonly ListPlatform[] {
    return (this.#platforms ??= this.kind === 'list' ? platformsOf(this) : []);
  }

  /** Kind, media type, digest, size and what it points to, as data. */
  toJSON(): object {
    const { kind, mediaType, digest, size, artifactType, subject, config, layers, entries, annotations } = this;
    const content = kind === 'list' ? { entries } : { config, layers };
    return { kind, mediaType, digest, size, artifactType, subject, ...content, annotations };
  }

  /** @internal */
  [inspected](_depth: number, options: object, inspect: (value: unknown, options: object) => string): string {
    return `Manifest ${inspect(this.toJSON(), options)}`;
  }

  /** The bytes as text. */
  toString(): string {
    return asText(this.bytes);
  }

  get #fields(): ManifestFields {
    // Where there is nothing that it takes for something else, JavaScript reads the bytes themselves.
    return (this.#read ??= JSON.parse(call((engine) => engine.manifestFields(this.bytes, this.mediaType)) ?? asText(this.bytes)) as ManifestFields);
  }
}

function platformsOf({ entries, bytes, mediaType }: Manifest): ListPlatform[] {
  const uses = call((engine) => engine.entryUses(bytes, mediaType)) as (boolean | string)[];
  const attestations = new Map<unknown, ReadonlyDescriptor[]>();
  for (const [at, entry] of entries.entries()) {
    const others = attestations.get(uses[at]);
    if (others) others.push(entry);
    else attestations.set(uses[at], [entry]);
  }
  return (attestations.get(true) ?? []).flatMap((descriptor) => {
    const { platform, digest } = descriptor;
    return platform ? [{ platform, descriptor, attestations: attestations.get(digest) ?? [] }] : [];
  });
}

/** An image's config: what it runs and how it was built. Docker's and OCI's; what else is in it is there, too. */
export interface ImageConfig {
  /** Time at which the image was made, RFC 3339. */
  created?: string;
  /** Author of the image. */
  author?: string;
  /** CPU architecture. */
  architecture?: string;
  /** Operating system. */
  os?: string;
  /** Settings with which a container of it is started. */
  config?: {
    User?: string;
    Env?: string[] | null;
    Entrypoint?: string[] | null;
    Cmd?: string[] | null;
    WorkingDir?: string;
    ExposedPorts?: Record<string, object> | null;
    Volumes?: Record<string, object> | null;
    Labels?: Record<string, string> | null;
    StopSignal?: string;
  } | null;
  /** The layers' uncompressed digests, lowest first. */
  rootfs?: { type?: string; diff_ids?: string[] };
  /** The steps that built it, first to last. */
  history?: { created?: string; created_by?: string; comment?: string; empty_layer?: boolean }[] | null;
  [more: string]: unknown;
}

/** The config that bytes are. Registries take anything as the config of an image. */
const configOf = (bytes: Uint8Array): ImageConfig => JSON.parse(call((engine) => engine.imageConfig(bytes)) ?? '{}') as ImageConfig;

/** Content of a reference: a manifest, and of an image its platform and config, all of them verified. */
export class Inspection<Kind extends ManifestKind = ManifestKind> {
  /** The reference in its full form; by digest where a platform of a list was chosen. */
  readonly reference: string;
  /** The manifest. */
  readonly manifest: Manifest<Kind>;
  /** An image's platform, read from its config; its strings are empty where that names none. */
  readonly platform: Kind extends 'image' ? Platform : undefined;
  /** The exact bytes of the config of an image or artifact; `undefined` if that is the empty one. */
  readonly configBytes: (Kind extends 'image' ? Uint8Array : never) | (Kind extends 'artifact' ? Uint8Array | undefined : never) | (Kind extends 'image' | 'artifact' ? never : undefined);
  #config: ImageConfig | undefined;

  /** @internal */
  constructor(reference: string, manifest: Manifest<Kind>, platform: Platform | undefined, configBytes: Uint8Array | undefined) {
    checkMade(typeof reference === 'string' && manifest instanceof Manifest, 'an Inspection', 'Tallyman.inspect or Inspection.from');
    this.reference = reference;
    this.manifest = manifest;
    this.platform = platform as never;
    this.configBytes = configBytes as never;
  }

  /** @internal */
  static of([reference, kind, mediaType, digest, bytes, platform, config]: InspectionAnswer): Inspection {
    const read = platform === undefined ? undefined : platformOf(JSON.parse(platform));
    return new Inspection(reference, new Manifest(kind, mediaType, digest, bytes), read, config);
  }

  /**
   * An inspection out of a copy that `structuredClone` or `postMessage` made.
   * @throws {@link TallymanError} `argument-invalid` if it is no copy of one.
   */
  static from(copy: unknown): AnyInspection {
    if (typeof copy === 'object' && copy !== null && #config in copy) return copy as unknown as AnyInspection;
    return reading('the fields of copy', () => {
      const { reference, manifest, platform, configBytes } = (copy ?? {}) as Record<string, unknown>;
      if (typeof reference !== 'string') throw wrongArgument('copy', 'a copy of an Inspection', copy);
      const bytes = viewOf(configBytes);
      return new Inspection(reference, Manifest.from(manifest), platform as Platform | undefined, bytes && copyOf(bytes)) as AnyInspection;
    });
  }

  /** An image's config; without a member where its bytes are no object of JSON. */
  get config(): Kind extends 'image' ? ImageConfig : undefined {
    if (this.kind === 'image' && this.configBytes) this.#config ??= configOf(this.configBytes);
    return this.#config as never;
  }

  /** The sort of manifest. */
  get kind(): Kind {
    return this.manifest.kind;
  }

  /** The manifest's media type. */
  get mediaType(): string {
    return this.manifest.mediaType;
  }

  /** The manifest's digest, computed from its bytes. */
  get digest(): string {
    return this.manifest.digest;
  }

  /** The manifest's exact bytes. */
  get bytes(): Uint8Array {
    return this.manifest.bytes;
  }

  /** Type of the artifact, where it is one. */
  get artifactType(): string | undefined {
    return this.manifest.artifactType;
  }

  /** Annotations of the manifest. */
  get annotations(): Annotations {
    return this.manifest.annotations;
  }

  /** Bytes of config and layers together, as they are transferred. */
  get contentSize(): number {
    return this.layers.reduce((sum, { size }) => sum + size, this.manifest.config?.size ?? 0);
  }

  /** The layers of an image, lowest first; the blobs of an artifact. */
  get layers(): readonly ReadonlyDescriptor[] {
    return this.manifest.layers;
  }

  /** A list's entries. */
  get entries(): readonly ReadonlyDescriptor[] {
    return this.manifest.entries;
  }

  /** The platforms of a list, each with its image and its attestations; without entries that nobody can run. */
  get platforms(): readonly ListPlatform[] {
    return this.manifest.platforms;
  }

  /** Reference, manifest, platform and config, as data. */
  toJSON(): object {
    const { reference, manifest, platform, config } = this;
    const known = { ...(platform ? { platform } : {}), ...(config ? { config } : {}) };
    return { reference, ...manifest.toJSON(), ...(this.kind === 'image' ? { ...known, configDescriptor: manifest.config } : {}) };
  }

  /** @internal */
  [inspected](_depth: number, options: object, inspect: (value: unknown, options: object) => string): string {
    return `Inspection ${inspect(this.toJSON(), options)}`;
  }
}

/** @internal */
export type InspectionAnswer = [string, ManifestKind, string, string, Uint8Array, string | undefined, Uint8Array | undefined];
