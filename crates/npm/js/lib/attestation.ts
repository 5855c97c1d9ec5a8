import { asText } from './bytes.js';
import { checkMade, optionsOf } from './arguments.js';
import { descriptorOf, type Descriptor, type DescriptorJson } from './descriptor.js';
import { call } from './engine.js';
import { TallymanError, messageOf } from './error.js';
import type { CallOptions } from './options.js';
import { inspected } from './plain.js';

/** The sort of an attestation: a signature, a software bill of materials, a statement about the build, or anything else. */
export type AttestationKind = 'signature' | 'sbom' | 'provenance' | 'other';

/** The place of an attestation: an entry of the list (BuildKit), a referrer, or a tag of cosign's. */
export type AttestationSource = 'index' | 'referrers' | 'cosign-tag';

/** @internal */
export interface AttestationJson {
  kind: AttestationKind;
  source: AttestationSource;
  subject: string;
  predicateType?: string;
  artifactType?: string;
  manifest: DescriptorJson;
  blob: DescriptorJson;
}

/** An attestation of an image. */
export class Attestation {
  /** The sort of attestation. */
  readonly kind: AttestationKind;
  /** The place where it was found. */
  readonly source: AttestationSource;
  /** Digest of the image or list that it is about. */
  readonly subject: string;
  /** Type of its statement, such as `https://slsa.dev/provenance/v1`, where it is named. */
  readonly predicateType: string | undefined;
  /** Type of the artifact that carries it, where it is named. */
  readonly artifactType: string | undefined;
  /** The manifest that carries it. */
  readonly manifest: Descriptor;
  /** Its content, a blob of the same repository. */
  readonly blob: Descriptor;
  readonly #read: (blob: Descriptor, options: CallOptions) => Promise<Uint8Array>;

  /** @internal */
  constructor(json: AttestationJson, read: (blob: Descriptor, options: CallOptions) => Promise<Uint8Array>) {
    checkMade(typeof json === 'object' && json !== null && typeof read === 'function', 'an Attestation', 'Tallyman.attestations');
    this.kind = json.kind;
    this.source = json.source;
    this.subject = json.subject;
    this.predicateType = json.predicateType;
    this.artifactType = json.artifactType;
    this.manifest = descriptorOf(json.manifest);
    this.blob = descriptorOf(json.blob);
    this.#read = read;
  }

  /**
   * Fetches its content, verified by digest. Signatures are not checked.
   * @throws {@link TallymanError} `too-large` over 64 MiB: {@link Tallyman.blob} gives those as a stream.
   */
  async bytes(options: CallOptions = {}): Promise<Uint8Array> {
    return this.#read(this.blob, optionsOf(options, ['signal']));
  }

  /**
   * Fetches its content as JSON: a statement of in-toto, an envelope of DSSE, a bill of materials.
   * @throws {@link TallymanError} `manifest-invalid` if it is none.
   */
  async json(options: CallOptions = {}): Promise<unknown> {
    const text = asText(await this.bytes(options));
    try {
      return JSON.parse(text);
    } catch (cause) {
      // The reader's words quote the text.
      const said = call((engine) => engine.escapeLines(messageOf(cause)));
      throw new TallymanError({ code: 'manifest-invalid', message: `expected JSON as the attestation ${this.blob.digest}, found something else: ${said}`, cause });
    }
  }

  /** Its fields, without its content. */
  toJSON(): object {
    const { kind, source, subject, predicateType, artifactType, manifest, blob } = this;
    return { kind, source, subject, predicateType, artifactType, manifest, blob };
  }

  /** @internal */
  [inspected](_depth: number, options: object, inspect: (value: unknown, options: object) => string): string {
    return `Attestation ${inspect(this.toJSON(), options)}`;
  }
}
