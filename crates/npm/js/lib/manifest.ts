import { asBytes, asText, type Bytes } from './bytes.js';
import { descriptorOf, type Descriptor, type DescriptorJson } from './descriptor.js';
import { Digest } from './digest.js';
import { call } from './engine.js';
import { TallymanError } from './error.js';
import { platformOf, type Platform } from './platform.js';

/** The sort of manifest: one image, a list or index of several, Docker's old schema 1, or anything else. */
export type ManifestKind = 'image' | 'list' | 'schema1' | 'artifact';

interface ManifestJson {
  config?: DescriptorJson;
  layers?: DescriptorJson[] | null;
  manifests?: DescriptorJson[] | null;
  subject?: DescriptorJson | null;
  annotations?: Record<string, string> | null;
  artifactType?: string | null;
}

const many = (described: DescriptorJson[] | null | undefined): readonly Descriptor[] => (described ?? []).map(descriptorOf);

/** A manifest: the exact bytes, and what they say. Views of them are made when they are first asked for. */
export class Manifest {
  /** The sort of manifest. */
  readonly kind: ManifestKind;
  /** The media type that came with the bytes, or the one that they name themselves. */
  readonly mediaType: string;
  /** The exact bytes. */
  readonly bytes: Uint8Array;
  #digest: string | undefined;
  #json: ManifestJson | undefined;
  #layers: readonly Descriptor[] | undefined;
  #entries: readonly Descriptor[] | undefined;

  /** @internal */
  constructor(kind: ManifestKind, mediaType: string, digest: string | undefined, bytes: Uint8Array) {
    this.kind = kind;
    this.mediaType = mediaType;
    this.#digest = digest;
    this.bytes = bytes;
  }

  /**
   * Reads a manifest of any sort from its bytes, and checks that it is what its media type promises.
   * @throws {@link TallymanError} `manifest-invalid`
   */
  static parse(bytes: Bytes, { mediaType = '' }: { mediaType?: string } = {}): Manifest {
    const given = asBytes(bytes);
    if (typeof mediaType !== 'string') {
      throw new TallymanError({ code: 'argument-invalid', message: `expected a text as mediaType, found ${typeof mediaType}` });
    }
    const [kind, type] = call((engine) => engine.parseManifest(given, mediaType)) as [ManifestKind, string];
    return new Manifest(kind, type, undefined, given);
  }

  /** The digest of the bytes, computed here. */
  get digest(): string {
    return (this.#digest ??= Digest.of(this.bytes));
  }

  /** Length of the bytes. */
  get size(): number {
    return this.bytes.length;
  }

  /** All that the bytes say. */
  get json(): unknown {
    return this.#parsed;
  }

  /** An image's config, as the manifest describes it. */
  get config(): Descriptor | undefined {
    const { config } = this.#parsed;
    return this.kind === 'image' && config ? descriptorOf(config) : undefined;
  }

  /** An image's layers, lowest first. */
  get layers(): readonly Descriptor[] {
    return (this.#layers ??= this.kind === 'image' ? many(this.#parsed.layers) : []);
  }

  /** A list's entries, in the order of the bytes. */
  get entries(): readonly Descriptor[] {
    return (this.#entries ??= this.kind === 'list' ? many(this.#parsed.manifests) : []);
  }

  /** The manifest that this one refers to: signatures, attestations and the like have one. */
  get subject(): Descriptor | undefined {
    const { subject } = this.#parsed;
    return subject ? descriptorOf(subject) : undefined;
  }

  /** Type of the artifact, where it is one. */
  get artifactType(): string | undefined {
    return this.#parsed.artifactType ?? undefined;
  }

  /** Free key and value pairs. */
  get annotations(): Record<string, string> {
    return this.#parsed.annotations ?? {};
  }

  /** The bytes as text. */
  toString(): string {
    return asText(this.bytes);
  }

  get #parsed(): ManifestJson {
    return (this.#json ??= JSON.parse(asText(this.bytes)) as ManifestJson);
  }
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

/** Content of a reference: a manifest, and of an image its platform and config, all of them verified. */
export class Inspection {
  /** The reference in its full form; by digest where a platform of a list was chosen. */
  readonly reference: string;
  /** The manifest. */
  readonly manifest: Manifest;
  /** An image's platform, read from its config. */
  readonly platform: Platform | undefined;
  /** The exact bytes of an image's config. */
  readonly configBytes: Uint8Array | undefined;
  #config: ImageConfig | undefined;

  /** @internal */
  constructor(answer: InspectionAnswer) {
    const [reference, kind, mediaType, digest, bytes, platform, config] = answer;
    this.reference = reference;
    this.manifest = new Manifest(kind, mediaType, digest, bytes);
    this.platform = platform === undefined ? undefined : platformOf(JSON.parse(platform));
    this.configBytes = config;
  }

  /** An image's config. */
  get config(): ImageConfig | undefined {
    if (!this.configBytes) return undefined;
    return (this.#config ??= JSON.parse(asText(this.configBytes)) as ImageConfig);
  }

  /** The sort of manifest. */
  get kind(): ManifestKind {
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

  /** Bytes of an image's config and layers together, as they are transferred. */
  get contentSize(): number {
    return this.layers.reduce((sum, { size }) => sum + size, this.manifest.config?.size ?? 0);
  }

  /** An image's layers, lowest first. */
  get layers(): readonly Descriptor[] {
    return this.manifest.layers;
  }

  /** A list's entries. */
  get entries(): readonly Descriptor[] {
    return this.manifest.entries;
  }
}

/** @internal */
export type InspectionAnswer = [string, ManifestKind, string, string, Uint8Array, string | undefined, Uint8Array | undefined];
