import { optionsOf, wrongArgument } from './arguments.js';
import { bytesOf, streamFrom, streamOf, type BytePieces, type ByteStream } from './byte-stream.js';
import { asText } from './bytes.js';
import type { FileSearch, Index, LayerReader } from '../dist/layers.js';
import { hasherOf, type DigestAlgorithm } from './digest.js';
import { call, runtime } from './engine.js';
import { TallymanError, abortedBy } from './error.js';
import { DamagedGzip, continued, watched, type Gunzipping } from './gunzip.js';
import { calling, layersEngine } from './layers-part.js';
import type { CallOptions } from './options.js';

/** Bytes that the engine takes at once. */
const piece = 256 * 1024;
/** Zeros of a sparse file that are given at once. */
const zeros = 64 * 1024;

/** The fields that every entry of a layer has. */
export interface EntryFields {
  /** The path, without a slash in front; what is not UTF-8 in it is replaced. */
  path: string;
  /** The permissions with setuid, setgid and sticky bit: `0o7777` at most. */
  mode: number;
  /** The owner's number. */
  uid: number;
  /** The group's number. */
  gid: number;
  /** The owner's name, where the layer has one. */
  user?: string;
  /** The group's name, where the layer has one. */
  group?: string;
  /** The size of a file in bytes, holes included; 0 for everything else. */
  size: number;
  /** The time of the last change, in seconds since 1970. */
  mtime: number;
  /** The position of the content in the decompressed layer; 0 where only the table of contents of the layer was read. */
  offset: number;
  /** The names of extended attributes: capabilities, access lists. */
  xattrs?: string[];
  /** `true` if it is no file of the image, but stands for what the layer removes: `.wh.name`, `.wh..wh..opq`. */
  whiteout?: true;
}

/** A regular file. */
export interface FileEntry extends EntryFields {
  /** The type. */
  type: 'file';
}

/** A directory. */
export interface DirectoryEntry extends EntryFields {
  /** The type. */
  type: 'directory';
}

/** A symbolic link, or another name of a file of the image. */
export interface LinkEntry extends EntryFields {
  /** The type. */
  type: 'symlink' | 'hardlink';
  /** The target of a symbolic link as it stands there, or the path of the file that a hard link names. */
  link: string;
}

/** A device. */
export interface DeviceEntry extends EntryFields {
  /** The type. */
  type: 'character-device' | 'block-device';
  /** Its numbers, major and minor. */
  device: [number, number];
}

/** A named pipe. */
export interface FifoEntry extends EntryFields {
  /** The type. */
  type: 'fifo';
}

/** A regular file of a layer, whose content can be read while the loop is at it. */
export interface LayerFile extends FileEntry {
  /** The content, once. Its stream ends in an error if the loop goes on before it is read. */
  stream(): ReadableStream<Uint8Array<ArrayBuffer>>;
  /** The whole content, in place of its stream. */
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
  /** The whole content as text, in place of its stream. */
  text(): Promise<string>;
}

/** An entry of a layer whose fields are known by its `type`. */
export type LayerEntry = LayerFile | DirectoryEntry | LinkEntry | DeviceEntry | FifoEntry;

/** The most that one layer may have; more is refused with `layer-limit`. What is not given is as it is by default. */
export interface LayerLimits {
  /** Entries: 2,000,000. */
  entries?: number | undefined;
  /** Bytes of one path or link target: 4,096. */
  pathLength?: number | undefined;
  /** Components of one path: 256. */
  pathDepth?: number | undefined;
  /** Decompressed bytes: 64 GiB. */
  unpackedSize?: number | undefined;
  /** Bytes of all files, holes of sparse files included: 1 TiB. */
  fileSize?: number | undefined;
  /** Decompressed bytes for each compressed one: 500. It counts once there are more than `ratioFrom`. */
  ratio?: number | undefined;
  /** Decompressed bytes from which on the ratio counts: 256 MiB. */
  ratioFrom?: number | undefined;
  /** Bytes of the extended headers of one entry: 1 MiB. */
  extendedHeader?: number | undefined;
  /** Data segments of one sparse file: 100,000. */
  sparseSegments?: number | undefined;
  /** Bytes of paths, directories that only paths name, link targets, names, extended attributes and segments of all entries: 256 MiB. */
  metadata?: number | undefined;
  /** Bytes that a zstd frame may look back: 64 MiB. */
  window?: number | undefined;
}

const limitNames = [
  'entries',
  'pathLength',
  'pathDepth',
  'unpackedSize',
  'fileSize',
  'ratio',
  'ratioFrom',
  'extendedHeader',
  'sparseSegments',
  'metadata',
  'window',
] as const;

/** Options of {@link readLayer}. */
export interface ReadLayerOptions extends CallOptions {
  /** The digest that the layer must have, as it comes. */
  digest?: string | undefined;
  /** The size that the layer must have, as it comes. */
  size?: number | undefined;
  /** The digest that the decompressed layer must have. */
  diffId?: string | undefined;
  /** The most that the layer may have. */
  limits?: LayerLimits | undefined;
}

/**
 * The terms of reading a layer.
 * @internal
 */
export interface LayerTerms {
  digest?: string | undefined;
  size?: number | undefined;
  diffId?: string | undefined;
  limits?: LayerLimits | undefined;
  /** The number of the layer in its image, the lowest being 0. */
  layer?: number;
  /** The name of the layer in errors. */
  name?: string;
  /** Its entries are wanted in the end. */
  keeps?: boolean;
  /** The digests of its files are wanted, too. */
  digests?: boolean;
  /** The path as people type it to which entries are restricted. */
  path?: string;
  /** The operating system whose paths these are. */
  os?: string;
}

/**
 * Reads a layer as it comes, of a registry or from anywhere else: gzip, zstd or plain tar, which its first bytes tell. Its entries
 * come in their order, whiteouts too; content that is not read is passed over. What came before the loop's end is not to be trusted
 * until that has come: a layer that is damaged, truncated or not what it was to be ends it with an error.
 * @throws {@link TallymanError} `layer-invalid`, `layer-unsupported`, `layer-limit`, `digest-mismatch`, `size-mismatch`
 */
export function readLayer(stream: ByteStream, options: ReadLayerOptions = {}): AsyncGenerator<LayerEntry, void, undefined> {
  const { digest, size, diffId, limits, signal } = optionsOf(options, ['digest', 'size', 'diffId', 'limits', 'signal']);
  streamOf(stream);
  for (const [name, value] of Object.entries({ digest, diffId })) {
    if (value !== undefined && (typeof value !== 'string' || value === '')) throw wrongArgument(name, 'a digest such as sha256:…', value);
  }
  if (size !== undefined) wholeNumber(size, 'size');
  return entriesOf(stream, { digest, size, diffId, limits: limitsOf(limits) }, signal);
}

/**
 * Limits, as they are to be.
 * @internal
 */
export function limitsOf(limits: LayerLimits | undefined): LayerLimits | undefined {
  const given = optionsOf(limits, limitNames, 'limits');
  for (const name of limitNames) if (given[name] !== undefined) wholeNumber(given[name], name);
  return limits && given;
}

function wholeNumber(value: unknown, name: string): void {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw wrongArgument(name, 'a whole number of 0 or more', value);
}

async function* entriesOf(stream: ByteStream, terms: LayerTerms, signal: AbortSignal | undefined): AsyncGenerator<LayerEntry, void, undefined> {
  const reading = await LayerReading.begin(stream, terms, signal);
  try {
    for (;;) {
      const entry = await reading.entry();
      if (!entry) return;
      yield entry.type === 'file' ? new Content(entry, reading) : entry;
    }
  } finally {
    reading.leave();
  }
}

/** A regular file with its content. */
class Content implements LayerFile {
  declare path: string;
  declare mode: number;
  declare uid: number;
  declare gid: number;
  declare size: number;
  declare mtime: number;
  declare offset: number;
  readonly type = 'file';
  readonly #reading: LayerReading;
  readonly #number: number;

  constructor(entry: FileEntry, reading: LayerReading) {
    Object.assign(this, entry);
    this.#reading = reading;
    this.#number = reading.number;
  }

  stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return streamFrom(generated(this.#reading.contentOf(this, this.#number)));
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(await new Response(this.stream()).arrayBuffer());
  }

  async text(): Promise<string> {
    return asText(await this.bytes());
  }
}

/**
 * The pieces that a generator gives. `leave` is called at an early end: a generator that has not begun, or that waits for bytes, does not
 * hear of it.
 * @internal
 */
export function generated(pieces: AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined>, leave?: () => void): BytePieces {
  return {
    async next() {
      const { done, value } = await pieces.next();
      return done ? undefined : value;
    },
    end() {
      leave?.();
      // It ends once it waits no longer. What it finds until then nobody wants.
      pieces.return().catch(() => undefined);
    },
  };
}

/**
 * A layer that is being read.
 * @internal
 */
export class LayerReading {
  /** The number of the entry that came last, the first being 1. */
  number = 0;
  /** The number of the entry whose content was asked for last: it is given once. */
  #begun = -1;
  readonly #pieces: BytePieces | Gunzipping;
  readonly #signal: AbortSignal | undefined;
  #reader: LayerReader | undefined;
  #index: Index | undefined;
  /** The part of a piece that the engine does not have yet. */
  #rest: Uint8Array | undefined;
  #coming: Promise<void> | undefined;
  #isLeft = false;
  /** The error that ended it: whoever reads on hears of it, too. */
  #failure: { error: unknown } | undefined;

  private constructor(reader: LayerReader, pieces: BytePieces | Gunzipping, signal: AbortSignal | undefined) {
    this.#reader = reader;
    this.#pieces = pieces;
    this.#signal = signal;
  }

  /** Begins to read a layer. */
  static async begin(stream: ByteStream, terms: LayerTerms, signal: AbortSignal | undefined): Promise<LayerReading> {
    const given = bytesOf(stream, signal);
    try {
      if (signal?.aborted) throw abortedBy(signal);
      const engine = await layersEngine();
      const make = (isTar: boolean): LayerReader => calling(() => new engine.LayerReader(JSON.stringify({ ...terms, isTar })));
      if (!runtime.gunzip) return new LayerReading(make(false), given, signal);
      const first = await firstBytes(given);
      const pieces = continued(first, given);
      const isTar = first[0] === 0x1f && first[1] === 0x8b;
      const reader = make(isTar);
      if (!isTar) return new LayerReading(reader, pieces, signal);
      const { size = Infinity, digest } = terms;
      const hasher = digest === undefined ? undefined : hasherOf(digest.slice(0, digest.indexOf(':')) as DigestAlgorithm);
      const check = (taken: number, piece: Uint8Array | undefined): void => {
        if (piece) hasher?.update(piece);
        if (!piece || taken > size) calling(() => reader.checkPacked(taken, piece ? undefined : hasher?.finish()));
      };
      return new LayerReading(reader, runtime.gunzip(watched(pieces, check)), signal);
    } catch (error) {
      given.end();
      throw error;
    }
  }

  /** The next entry; the content of the one before is passed over. */
  async entry(): Promise<(FileEntry | Exclude<LayerEntry, LayerFile>) | undefined> {
    this.number += 1;
    const json = await this.#take((reader) => reader.entry());
    return json === undefined ? undefined : JSON.parse(json);
  }

  /** The entries of the next piece, as many as there are. */
  async entries<Entry>(): Promise<Entry[] | undefined> {
    const json = await this.#take((reader) => {
      const json = reader.entries();
      return json === '[]' ? undefined : json;
    });
    return json === undefined ? undefined : (JSON.parse(json) as Entry[]);
  }

  /** The next entry that a search wants. */
  async find<Entry>(search: FileSearch): Promise<Entry | undefined> {
    const json = await this.#take((reader) => reader.find(search));
    return json === undefined ? undefined : (JSON.parse(json) as Entry);
  }

  /** Reads the layer to its end, and returns its entries. They are the caller's to free. */
  async index(): Promise<Index> {
    await this.#take((reader) => reader.skip() as undefined);
    const index = this.#index;
    this.#index = undefined;
    if (index) return index;
    throw new TallymanError({ code: 'internal', message: 'expected a layer that is read to its end once' });
  }

  /** The content of the entry of that number, with the zeros of its holes. */
  async *contentOf({ path, size }: FileEntry, number = this.number): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    if (this.#begun === number) throw misread(path, 'once');
    this.#begun = Math.max(this.#begun, number);
    let given = 0;
    while (given < size) {
      const content = await this.#take((reader): { bytes: Uint8Array<ArrayBuffer> | undefined; offset: number } | undefined => {
        const isPassed = this.number !== number;
        const bytes = isPassed ? undefined : (reader.content() as Uint8Array<ArrayBuffer> | undefined);
        if (bytes) return { bytes, offset: reader.offset };
        // A file may end in a hole.
        return isPassed || reader.hasMet ? { bytes, offset: size } : undefined;
      });
      if (this.number !== number || this.#isLeft) throw misread(path, 'before the loop goes on');
      const { bytes, offset } = content ?? { bytes: undefined, offset: size };
      for (; given < offset; given += Math.min(zeros, offset - given)) yield new Uint8Array(Math.min(zeros, offset - given));
      if (bytes) {
        given += bytes.length;
        yield bytes;
      }
    }
  }

  /** Frees what it holds, and cancels the stream if that has not ended. */
  leave(): void {
    this.#isLeft = true;
    this.#reader?.free();
    this.#reader = undefined;
    this.#index?.free();
    this.#index = undefined;
    this.#rest = undefined;
    this.#pieces.end();
  }

  /** Gives the engine pieces until it has something to give; `undefined` at the end of the layer. */
  async #take<T>(work: (reader: LayerReader) => T | undefined): Promise<T | undefined> {
    try {
      for (;;) {
        if (this.#signal?.aborted) throw abortedBy(this.#signal);
        if (this.#failure) throw this.#failure.error;
        const reader = this.#reader;
        if (!reader) return undefined;
        const found = calling(() => work(reader));
        if (found !== undefined) return found;
        // It may be done at once, so that it cannot say itself that it is no longer coming.
        this.#coming ??= this.#more().finally(() => (this.#coming = undefined));
        await this.#coming;
      }
    } catch (error) {
      if (!this.#isLeft) this.#failure = { error };
      this.leave();
      throw error;
    }
  }

  async #next(): Promise<Uint8Array | undefined> {
    try {
      return await this.#pieces.next();
    } catch (error) {
      if (error instanceof DamagedGzip) calling(() => this.#reader?.damaged(error.offset, error.reason));
      throw error;
    }
  }

  async #more(): Promise<void> {
    this.#rest ??= await this.#next();
    const reader = this.#reader;
    if (!reader) return;
    if (this.#rest) {
      const part = this.#rest.subarray(0, piece);
      this.#rest = part.length < this.#rest.length ? this.#rest.subarray(piece) : undefined;
      const taken = 'taken' in this.#pieces ? this.#pieces.taken : undefined;
      calling(() => (taken === undefined ? reader.push(part) : reader.pushTar(part, taken)));
      return;
    }
    // It is freed, whatever it finds.
    this.#reader = undefined;
    this.#index = calling(() => reader.finish());
  }
}

/** The bytes that tell if a layer is gzip, at least. */
async function firstBytes(pieces: BytePieces): Promise<Uint8Array> {
  let first: Uint8Array = new Uint8Array();
  while (first.length < 2) {
    const piece = await pieces.next();
    if (!piece) break;
    if (first.length === 0) {
      first = piece;
      continue;
    }
    const joined = new Uint8Array(first.length + piece.length);
    joined.set(first);
    joined.set(piece, first.length);
    first = joined;
  }
  return first;
}

const misread = (path: string, expected: string): TallymanError =>
  new TallymanError({ code: 'argument-invalid', message: `expected the content of ${call((engine) => engine.escapeLines(path))} to be read ${expected}` });
