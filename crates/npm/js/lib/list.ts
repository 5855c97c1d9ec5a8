import type { List } from '../dist/tallyman.js';
import { Digest } from './digest.js';
import { annotationsJson, descriptorJson, descriptorOf, frozen, type Annotations, type Descriptor, type DescriptorJson, type ReadonlyDescriptor } from './descriptor.js';
import { call } from './engine.js';
import { asText, viewOf } from './bytes.js';
import { Inspection, type AnyInspection, type AnyManifest } from './manifest.js';
import { checkMade, checkNoCopy, disposed, elementsOf, flagOf, isRecord, optionsOf, wrongArgument } from './arguments.js';
import { inspected, isA } from './plain.js';
import { reading } from './error.js';
import { referenceText, type Reference } from './reference.js';

/** An entry of a list, which {@link ManifestList.annotate} changes. */
export interface ListEntry extends ReadonlyDescriptor {
  /** The image by its own name. */
  readonly reference: string;
}

/** Entry to be put into a list. */
export interface NewListEntry extends Descriptor {
  /** The image by its own name; in the list's repository where none is given. */
  reference?: string;
}

/** Change of a platform. A field that is not given keeps its value. */
export interface PlatformChange {
  /** Operating system. */
  os?: string | undefined;
  /** CPU architecture. */
  architecture?: string | undefined;
  /** CPU variant. */
  variant?: string | undefined;
  /** Operating system version. */
  osVersion?: string | undefined;
  /** Operating system features to add. */
  osFeatures?: readonly string[] | undefined;
  /** Annotations of the entry to add, which only an OCI index has. */
  annotations?: Annotations | undefined;
  /** Fields to empty before the others are set. */
  clear?: ('variant' | 'os-version' | 'os-features' | `annotation:${string}`)[] | undefined;
  /** Allow pairs of operating system and architecture that Docker refuses. */
  anyPlatform?: boolean | undefined;
}

/** Options of {@link ManifestList.add}. */
export interface AddOptions {
  /** Take a list as an entry of this list. */
  nest?: boolean | undefined;
}

/**
 * A list of images for one name, as `docker manifest` makes it: the entries in the order of their names, and byte for byte what
 * Docker would push.
 */
export class ManifestList implements Iterable<ListEntry> {
  #handle: List | undefined;
  #entries: readonly ListEntry[] | undefined;
  #encoded: [string, string, Uint8Array] | undefined;

  /** A list of that name, with those entries. */
  constructor(reference: string | Reference, entries: Iterable<NewListEntry | AnyInspection> = []) {
    this.#handle = call((engine) => (isA(reference, engine.List) ? (reference as unknown as List) : new engine.List(referenceText(reference, 'reference'))));
    for (const entry of elementsOf(entries, 'entries')) this.add(entry);
  }

  /** @internal */
  static of(handle: List): ManifestList {
    return new ManifestList(handle as unknown as string);
  }

  /**
   * The list that a registry has, as {@link Tallyman.inspect} found it: its bytes and its digest are the same until it is changed.
   * @throws {@link TallymanError} `argument-invalid` if it is no list.
   */
  static from(inspection: AnyInspection): ManifestList {
    if (!isA(inspection, Inspection)) throw wrongArgument('inspection', 'an inspection of a list', inspection);
    return reading('the fields of inspection', () => {
      const { reference, bytes, mediaType } = inspection;
      return ManifestList.of(call((engine) => engine.List.ofManifest(reference, bytes, mediaType)));
    });
  }

  /** The list's name in its full form. */
  get reference(): string {
    return call(() => this.#list.reference());
  }

  /** The entries in Docker's order. */
  get entries(): readonly ListEntry[] {
    const made = (): ListEntry[] =>
      (JSON.parse(call(() => this.#list.entries())) as [string, DescriptorJson][]).map(([reference, json]) => frozen({ reference, ...descriptorOf(json) }));
    return (this.#entries ??= Object.freeze(made()));
  }

  /** Number of entries. */
  get length(): number {
    return this.entries.length;
  }

  /** The media type: an OCI index where the first entry is an OCI image, else a Docker list. */
  get mediaType(): string {
    return this.#built[0];
  }

  /** The digest of {@link ManifestList.bytes}. */
  get digest(): string {
    return this.#built[1];
  }

  /** Annotations of the list itself, which only an OCI index has. */
  get annotations(): Annotations {
    return JSON.parse(call(() => this.#list.annotations())) as Annotations;
  }

  /** The exact bytes that are pushed. */
  get bytes(): Uint8Array {
    return this.#built[2];
  }

  /**
   * Puts an image in: what {@link Tallyman.inspect} found, or a descriptor. An artifact that was inspected has its type in place of a
   * platform.
   * @throws {@link TallymanError} `name-taken` where another image has the same name in Docker's store, `is-list` for a list without
   * `nest`.
   */
  add(entry: NewListEntry | AnyInspection, options: AddOptions = {}): this {
    const { nest = false } = optionsOf(options, ['nest']);
    flagOf(nest, 'nest');
    const { reference, descriptor, manifest } = reading('the fields of entry', () => entryOf(entry));
    call(() => this.#list.add(reference, JSON.stringify(descriptorJson(descriptor)), manifest, nest));
    return this.#changed();
  }

  /** Takes an image out, and says whether it was there. */
  remove(image: string | Reference): boolean {
    const removed = call(() => this.#list.remove(referenceText(image, 'image')));
    this.#changed();
    return removed;
  }

  /**
   * Changes the platform of an image, adds annotations to its entry, and clears fields of it.
   * @throws {@link TallymanError} `image-not-in-list`, or `platform-unsupported` where Docker does not know the pair of operating
   * system and architecture.
   */
  annotate(image: string | Reference, change: PlatformChange): this {
    const json = reading('the fields of change', () => JSON.stringify(checkedChange(change)));
    call(() => this.#list.annotate(referenceText(image, 'image'), json));
    return this.#changed();
  }

  /** Adds annotations to the list itself, which makes it an OCI index. */
  annotateIndex(annotations: Annotations): this {
    call(() => this.#list.annotateIndex(JSON.stringify(annotationsJson(annotations))));
    return this.#changed();
  }

  /** The bytes as text. */
  toString(): string {
    return asText(this.bytes);
  }

  /** Its name, media type, digest, size, annotations and entries, as data. */
  toJSON(): object {
    const { reference, mediaType, digest, bytes, annotations, entries } = this;
    return { reference, mediaType, digest, size: bytes.length, annotations, entries };
  }

  /** @internal */
  [inspected](_depth: number, options: object, inspect: (value: unknown, options: object) => string): string {
    return `ManifestList ${inspect(this.toJSON(), options)}`;
  }

  /** The entries in Docker's order. */
  [Symbol.iterator](): Iterator<ListEntry> {
    return this.entries[Symbol.iterator]();
  }

  /** Gives back the memory at once; otherwise that happens when nobody refers to the list any more. */
  [Symbol.dispose](): void {
    this.#handle?.free();
    this.#handle = undefined;
  }

  /**
   * Returns `true` for a list that was made here.
   * @internal
   */
  static isOwn(value: unknown): value is ManifestList {
    return (typeof value === 'object' && value !== null && #handle in value) || checkNoCopy(value, ManifestList);
  }

  /**
   * `true` if a push has to fetch manifests of images first.
   * @internal
   */
  static lacksManifests(list: ManifestList): boolean {
    return call(() => list.#list.lacksManifests());
  }

  /**
   * The list as it is now, for work that waits: its own may be changed or disposed of meanwhile.
   * @internal
   */
  static copyOf(list: ManifestList): ManifestList {
    return ManifestList.of(call(() => list.#list.copy()));
  }

  /** @internal */
  static handleOf(list: ManifestList): List {
    return list.#list;
  }

  get #list(): List {
    if (this.#handle) return this.#handle;
    throw disposed('ManifestList');
  }

  get #built(): [string, string, Uint8Array] {
    return (this.#encoded ??= call(() => this.#list.encoded()) as [string, string, Uint8Array]);
  }

  #changed(): this {
    this.#entries = undefined;
    this.#encoded = undefined;
    return this;
  }
}

interface Added {
  reference: string | undefined;
  descriptor: Descriptor;
  manifest: Uint8Array | undefined;
}

const changes = ['os', 'architecture', 'variant', 'osVersion', 'osFeatures', 'annotations', 'clear', 'anyPlatform'];
const textLists = ['osFeatures', 'clear'];

/** A change whose fields are all known: nothing is dropped without a word. */
function checkedChange(change: PlatformChange): PlatformChange {
  if (!isRecord(change)) throw wrongArgument('change', `an object of ${changes.join(', ')}`, change);
  for (const [name, value] of Object.entries(change)) {
    if (!changes.includes(name)) throw wrongArgument('change', `an object of ${changes.join(', ')}`, name);
    if (name === 'annotations') {
      if (value !== undefined) annotationsJson(value);
      continue;
    }
    if (name === 'anyPlatform') {
      if (value !== undefined) flagOf(value, name);
      continue;
    }
    const isList = textLists.includes(name);
    const isRight = isList ? Array.isArray(value) && value.every((text) => typeof text === 'string') : typeof value === 'string';
    if (!isRight && value !== undefined) throw wrongArgument(name, isList ? 'an array of strings' : 'a string', value);
    if (value === '') throw wrongArgument(name, 'a string that is not empty (clear empties a field)', value);
  }
  return change;
}

function entryOf(entry: NewListEntry | AnyInspection): Added {
  if (typeof entry !== 'object' || entry === null) throw wrongArgument('entry', 'an inspection or a descriptor', entry);
  if (!isA(entry, Inspection)) {
    const { reference, ...descriptor } = entry;
    if (reference !== undefined) referenceText(reference, 'reference');
    return { reference, descriptor, manifest: undefined };
  }
  const { reference, mediaType, digest, bytes, platform } = entry;
  const descriptor = { mediaType, digest, size: bytes.length, ...(platform ? { platform } : {}) };
  return { reference, descriptor, manifest: bytes };
}

/** A list that was built: what Docker would make of these entries. */
export class BuiltList {
  /** Its media type. */
  readonly mediaType: string;
  /** Its exact bytes. */
  readonly bytes: Uint8Array;
  #digest: string | undefined;

  /** @internal */
  constructor(mediaType: string, bytes: Uint8Array) {
    checkMade(typeof mediaType === 'string' && bytes instanceof Uint8Array, 'a BuiltList', 'buildList');
    this.mediaType = mediaType;
    this.bytes = bytes;
  }

  /** Its digest. */
  get digest(): string {
    return (this.#digest ??= Digest.of(this.bytes));
  }

  /** Media type, digest and size, as data. */
  toJSON(): object {
    const { mediaType, digest, bytes } = this;
    return { mediaType, digest, size: bytes.length };
  }

  /** @internal */
  [inspected](_depth: number, options: object, inspect: (value: unknown, options: object) => string): string {
    return `BuiltList ${inspect(this.toJSON(), options)}`;
  }
}

/**
 * Builds the list that Docker makes of descriptors, or of the entries of another list, given as a manifest or as its bytes, in the
 * order in which they are given. Of each entry it takes media type, digest, size and platform. Without a media type it is an OCI index
 * where the first entry is an OCI image, else a Docker list.
 * @throws {@link TallymanError} `manifest-invalid` where the bytes are no list.
 */
export function buildList(
  entries: Iterable<Descriptor> | AnyManifest | Uint8Array,
  options: { mediaType?: string | undefined } = {},
): BuiltList {
  const { mediaType = '' } = optionsOf(options, ['mediaType']);
  if (typeof mediaType !== 'string') throw wrongArgument('mediaType', 'a string', mediaType);
  if (typeof entries !== 'object' || entries === null) throw wrongArgument('entries', 'descriptors, or a list as Manifest or bytes', entries);
  const bytes = viewOf(entries) ?? reading('the bytes of entries', () => viewOf((entries as { bytes?: unknown }).bytes));
  const descriptors = bytes ? [] : elementsOf(entries as Iterable<Descriptor>, 'entries').map(descriptorJson);
  const built = call((engine) => (bytes ? engine.rebuildList(bytes, mediaType) : engine.buildList(JSON.stringify(descriptors), mediaType)));
  return new BuiltList(...(built as [string, Uint8Array]));
}
