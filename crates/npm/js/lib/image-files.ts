import type { Contents, FileContent, Index, Tree } from '../dist/layers.js';
import { numberOf, optionsOf, textOf, wrongArgument } from './arguments.js';
import { streamFrom, type BytePieces } from './byte-stream.js';
import { LayerReading, generated, limitsOf, type DeviceEntry, type DirectoryEntry, type FifoEntry, type FileEntry, type LayerLimits, type LinkEntry } from './layer.js';
import { calling, layersEngine, type LayersEngine } from './layers-part.js';
import type { CallOptions, InspectOptions } from './options.js';
import { platformText, type Platform } from './platform.js';
import { sideBySide } from './side-by-side.js';
import { anyOf } from './signals.js';

/** Files, changes or differences that the engine gives at once. */
const page = 1000;

/** Something of an image with the number of its layer, the lowest being 1. */
export type InLayer<Entry> = Entry & {
  /** The number of the layer that has it, the lowest being 1. */
  layer: number;
};

/** A file, a directory or anything else in an image, whose fields are known by its `type`. */
export type ImageFile = InLayer<FileEntry> | InLayer<DirectoryEntry> | InLayer<LinkEntry> | InLayer<DeviceEntry> | InLayer<FifoEntry>;

/** The content of a file of an image: a stream, and the file's metadata. */
export type FileStream = ReadableStream<Uint8Array<ArrayBuffer>> & {
  /** The file. Links were followed: its path may be another one than was asked for. */
  readonly file: InLayer<FileEntry>;
};

/** A path that one layer of an image changes, by the kind of `change`. */
export type LayerChange =
  | (ImageFile & {
      /** The kind: it was not there, or it was there and is written anew. */
      change: 'added' | 'changed';
      /** The bytes of lower layers that this hides. */
      hidden: number;
    })
  | {
      /** The path. */
      path: string;
      /** The number of the layer, the lowest being 1. */
      layer: number;
      /** The kind: it is no longer there. */
      change: 'removed';
      /** The bytes of lower layers that this hides. */
      hidden: number;
    };

/** A path that differs between two images, by its `kind`: `metadata` is mode, owner and attributes, `content` all else but times. A hard link is compared as the file that it names. */
export type FileDifference =
  | { kind: 'added'; path: string; after: ImageFile }
  | { kind: 'removed'; path: string; before: ImageFile }
  | { kind: 'content' | 'metadata'; path: string; before: ImageFile; after: ImageFile };

/** The part that one layer has in an image's waste. */
export interface LayerWaste {
  /** The number of the layer, the lowest being 1. */
  layer: number;
  /** Its digest. */
  digest: string;
  /** The command of the step that made it, where the image tells. */
  createdBy?: string;
  /** The bytes of its files. */
  size: number;
  /** The bytes of them that later layers replace or remove. */
  wasted: number;
  /** Number of paths that it adds. */
  added: number;
  /** Number of paths that it changes. */
  changed: number;
  /** Number of paths that it removes. */
  removed: number;
}

/** A path at which bytes are wasted. */
export interface WastedPath {
  /** The path. */
  path: string;
  /** The bytes that were written and later replaced or removed. */
  wasted: number;
  /** The number of times that this happened. */
  times: number;
  /** `true` if there is a file or directory still. */
  visible: boolean;
}

/** The bytes that layers of an image write and later ones replace or remove. */
export interface ImageWaste {
  /** The image, by its digest. */
  reference: string;
  /** The efficiency, from 0 to 1, as dive defines it. */
  efficiency: number;
  /** The bytes that are wasted. */
  wasted: number;
  /** The layers, the lowest first. */
  layers: LayerWaste[];
  /** The paths, the most wasteful first. */
  paths: WastedPath[];
}

/** Options of what looks into an image: of a list without a platform, it is the image for linux/amd64, or the only one. */
export interface LayersOptions extends InspectOptions {
  /** The most that each layer may have. */
  limits?: LayerLimits | undefined;
}

/** Options of {@link Tallyman.files} and {@link Tallyman.layerChanges}. */
export interface FilesOptions extends LayersOptions {
  /** Show the layer of this number alone, the lowest being 1. */
  layer?: number | undefined;
  /** Show this file, or what this directory holds. */
  path?: string | undefined;
}

/** Options of {@link Tallyman.changes}. */
export interface ChangesOptions extends CallOptions {
  /** The platform whose images of two lists are compared; of two platforms, the first in the first list with the second in the second. */
  platform?: string | Platform | readonly [string | Platform, string | Platform] | undefined;
  /** The most that each layer may have. */
  limits?: LayerLimits | undefined;
}

interface ImageLayer {
  digest: string;
  size: number;
  mediaType: string;
  annotations?: Record<string, string>;
  /** The other addresses of a foreign layer. */
  urls?: string[];
  diffId?: string;
  createdBy?: string;
}

/** An image with its layers, the lowest first. */
export interface LayeredImage {
  reference: string;
  os: string;
  layers: ImageLayer[];
}

/** An image out of its reference, its layers as JSON and its config, as the engine gives them. */
export async function layeredImage([reference, json, config]: [string, string, Uint8Array]): Promise<LayeredImage> {
  const layers = JSON.parse(json) as ImageLayer[];
  const engine = await layersEngine();
  const described = JSON.parse(calling(() => engine.describeLayers(reference, config, layers.length))) as Omit<LayeredImage, 'reference'>;
  return { reference, os: described.os, layers: layers.map((layer, number) => ({ ...layer, ...described.layers[number] })) };
}

/** The calls of a client that looking into an image needs. */
export interface ImageSource {
  image(reference: string, platform: string | undefined, layer: number | undefined, signal: AbortSignal | undefined): Promise<LayeredImage>;
  /** Fails if the layer of a number, the lowest being 0, is a foreign one that the registry does not have. */
  checkForeign(reference: string, number: number, layer: ImageLayer, signal: AbortSignal | undefined): Promise<void>;
  blob(repository: string, blob: ImageLayer, signal: AbortSignal | undefined): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
  /** A part of a blob alone; `undefined` if that does not come. */
  range(repository: string, blob: ImageLayer, range: ArrayLike<number>, signal: AbortSignal | undefined): Promise<BytePieces | undefined>;
}

/** The terms of a look into an image. */
export interface ImageTerms {
  reference: string;
  platform: string | undefined;
  limits: LayerLimits | undefined;
  signal: AbortSignal | undefined;
}

/** The options of a look into an image, as they are to be. */
export function imageTerms(reference: string, options: FilesOptions, known: readonly string[]): ImageTerms & Pick<FilesOptions, 'layer' | 'path'> {
  const { platform, limits, layer, path, signal } = optionsOf(options, ['platform', 'limits', 'signal', ...known]);
  if (layer !== undefined) numberOf(layer, 'layer', 1);
  if (path !== undefined) textOf(path, 'path');
  return { reference, platform: platformText(platform), limits: limitsOf(limits), layer, path, signal };
}

/** The terms of a comparison of two images. */
export function comparisonTerms(references: [string, string], options: ChangesOptions): [ImageTerms, ImageTerms] {
  const { platform, limits, signal } = optionsOf(options, ['platform', 'limits', 'signal']);
  const platforms: readonly unknown[] = Array.isArray(platform) ? platform : [platform, platform];
  if (platforms.length !== 2) throw wrongArgument('platform', 'a platform or two of them', platform);
  const [first, second] = [platformText(platforms[0]), platformText(platforms[1])];
  const shared = { limits: limitsOf(limits), signal };
  return [
    { reference: references[0], platform: first, ...shared },
    { reference: references[1], platform: second, ...shared },
  ];
}

/** The files of an image, or of one of its layers as they come. */
export async function* filesOf(
  source: ImageSource,
  { layer, path = '', ...terms }: ImageTerms & Pick<FilesOptions, 'layer' | 'path'>,
): AsyncGenerator<ImageFile, void, undefined> {
  const image = await source.image(terms.reference, terms.platform, layer, terms.signal);
  if (layer !== undefined) {
    await check(source, image, layer - 1, terms.signal);
    const contents = await contentsOf(source, image, layer - 1, terms, { path, os: image.os });
    if (contents) {
      try {
        yield* pages<ImageFile>(() => contents.entries(page));
      } finally {
        contents.free();
      }
      return;
    }
    const reading = await begin(source, image, layer - 1, terms, { path, os: image.os });
    try {
      for (;;) {
        const files = await reading.entries<ImageFile>();
        if (!files) return;
        yield* files;
      }
    } finally {
      reading.leave();
    }
  }
  await checkLayers(source, image, image.layers.length, terms.signal);
  const tree = await treeOf(source, image, image.layers.length, terms);
  try {
    yield* pages<ImageFile>(() => tree.files(path, page));
  } finally {
    tree.free();
  }
}

/** The paths that layers of an image change. */
export async function* layerChangesOf(
  source: ImageSource,
  { layer, ...terms }: ImageTerms & Pick<FilesOptions, 'layer'>,
): AsyncGenerator<LayerChange, void, undefined> {
  const image = await source.image(terms.reference, terms.platform, layer, terms.signal);
  const count = layer ?? image.layers.length;
  await checkLayers(source, image, count, terms.signal);
  const tree = await treeOf(source, image, count, terms);
  let [number, from] = [layer === undefined ? 0 : layer - 1, 0];
  try {
    yield* pages<LayerChange>(() => {
      for (; number < count; number++, from = 0) {
        const changes = tree.changes(number, from, page);
        from += page;
        if (changes !== '[]') return changes;
      }
      return '[]';
    });
  } finally {
    tree.free();
  }
}

/** The bytes that layers of an image waste. */
export async function wasteOf(source: ImageSource, terms: ImageTerms): Promise<ImageWaste> {
  const image = await source.image(terms.reference, terms.platform, undefined, terms.signal);
  await checkLayers(source, image, image.layers.length, terms.signal);
  const tree = await treeOf(source, image, image.layers.length, terms);
  try {
    return JSON.parse(calling(() => tree.waste())) as ImageWaste;
  } finally {
    tree.free();
  }
}

/** The paths that differ between two images. */
export async function* changesOf(source: ImageSource, terms: [ImageTerms, ImageTerms]): AsyncGenerator<FileDifference, void, undefined> {
  const found = terms.map(({ reference, platform, signal }) => source.image(reference, platform, undefined, signal));
  const [before, after] = (await Promise.all(found)) as [LayeredImage, LayeredImage];
  await sideBySide([before, after], 2, terms[0].signal, (image, signal) => checkLayers(source, image, image.layers.length, signal));
  const shared = new SharedLayers([before, after]);
  const first = await treeOf(source, before, before.layers.length, terms[0], shared);
  try {
    const second = await treeOf(source, after, after.layers.length, terms[1], shared);
    try {
      yield* pages<FileDifference>(() => first.differences(second, page));
    } finally {
      second.free();
    }
  } finally {
    shared.free();
    first.free();
  }
}

/**
 * The content of one file of an image. Layers below the one that has it are not fetched, and of layers with a table of contents only
 * that and the file.
 */
export async function fileOf(source: ImageSource, typed: string, terms: ImageTerms): Promise<FileStream> {
  const image = await source.image(terms.reference, terms.platform, undefined, terms.signal);
  const engine = await layersEngine();
  const search = new engine.FileSearch(image.reference, image.layers.length, image.os, typed);
  let reading: LayerReading | undefined;
  let isLeft = false;
  // By layer; `undefined` stands for those that are read whole.
  const known = new Map<number, Contents | undefined>();
  const leave = (): void => {
    if (isLeft) return;
    isLeft = true;
    reading?.leave();
    search.free();
    for (const contents of known.values()) contents?.free();
  };
  try {
    for (;;) {
      const layer = calling(() => search.layer());
      if (!known.has(layer)) {
        await check(source, image, layer, terms.signal);
        const contents = await contentsOf(source, image, layer, terms);
        known.set(layer, contents);
        if (contents) {
          search.add(layer, contents.index());
          continue;
        }
      }
      const contents = known.get(layer);
      if (contents) {
        const content = contents.file(search);
        const pieces = content && (await source.range(image.reference, image.layers[layer] as ImageLayer, content.range(), terms.signal));
        if (content && pieces) {
          const file = JSON.parse(content.entry()) as InLayer<FileEntry>;
          const leaveAll = (): void => {
            pieces.end();
            leave();
          };
          return Object.assign(streamFrom(generated(partOf(pieces, content, leaveAll), leaveAll), terms.signal), { file });
        }
        content?.free();
        contents.free();
        known.set(layer, undefined);
        search.forget(layer);
        continue;
      }
      reading = await begin(source, image, layer, terms, { keeps: true, checks: true });
      const file = await reading.find<InLayer<FileEntry>>(search);
      if (file) return Object.assign(streamFrom(generated(contentOf(reading, file, [search, layer], leave), leave), terms.signal), { file });
      search.add(layer, await reading.index());
    }
  } catch (error) {
    leave();
    throw error;
  }
}

/** The content of a file, and then the rest of its layer, so that what was given is verified: that it is the file, too. */
async function* contentOf(
  reading: LayerReading,
  file: FileEntry,
  [search, layer]: [InstanceType<LayersEngine['FileSearch']>, number],
  leave: () => void,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  try {
    yield* reading.contentOf(file);
    const index = await reading.index();
    calling(() => search.confirm(layer, index));
  } finally {
    leave();
  }
}

/** The content of a file out of the bytes of its layer that have it. */
async function* partOf(pieces: BytePieces, content: FileContent, leave: () => void): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  let isFreed = false;
  try {
    while (!content.isWhole) {
      const piece = await pieces.next();
      if (!piece) break;
      content.push(piece);
      for (let bytes = calling(() => content.next()); bytes; bytes = calling(() => content.next())) yield bytes as Uint8Array<ArrayBuffer>;
    }
    // It is freed, whatever it finds.
    isFreed = true;
    calling(() => content.finish());
  } finally {
    if (!isFreed) content.free();
    leave();
  }
}

/** The table of contents of a layer, fetched alone; `undefined` if there is none, or the registry sends no parts of blobs. */
async function contentsOf(
  source: ImageSource,
  image: LayeredImage,
  number: number,
  { limits, signal }: ImageTerms,
  how: Pick<Reading, 'path' | 'os'> = {},
): Promise<Contents | undefined> {
  const layer = image.layers[number] as ImageLayer;
  const { annotations, size } = layer;
  const engine = await layersEngine();
  if (!annotations) return undefined;
  const terms = { annotations, size, limits, layer: number, name: nameOf(image, number), ...how };
  const reader = calling(() => new engine.ContentsReader(JSON.stringify(terms)));
  try {
    for (let range = reader.range(); range; range = reader.range()) {
      const pieces = await source.range(image.reference, layer, range, signal);
      if (!pieces) return undefined;
      const bytes = await collected(pieces, (range[1] as number) - (range[0] as number));
      calling(() => reader.take(bytes));
    }
    return reader.contents();
  } finally {
    reader.free();
  }
}

/** Fails if a layer is not one that can be read: an encrypted one, a blob of an artifact, or a foreign one that the registry does not have. */
async function check(source: ImageSource, image: LayeredImage, number: number, signal: AbortSignal | undefined): Promise<void> {
  const layer = image.layers[number] as ImageLayer;
  const engine = await layersEngine();
  calling(() => engine.checkLayer(layer.mediaType, nameOf(image, number)));
  if (layer.urls) await source.checkForeign(image.reference, number, layer, signal);
}

/** Fails if one of the first layers of an image is not one that can be read. */
async function checkLayers(source: ImageSource, image: LayeredImage, count: number, signal: AbortSignal | undefined): Promise<void> {
  const numbers = [...image.layers.slice(0, count).keys()];
  const engine = await layersEngine();
  await sideBySide(numbers, engine.parallelLayers(), signal, (number, either) => check(source, image, number, either));
}

/** All bytes of pieces, `size` at most. */
async function collected(pieces: BytePieces, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let filled = 0;
  try {
    for (let piece = await pieces.next(); piece; piece = await pieces.next()) {
      bytes.set(piece.subarray(0, size - filled), filled);
      filled += piece.length;
    }
  } finally {
    pieces.end();
  }
  return bytes.subarray(0, filled);
}

/** The name of a layer in errors. */
const nameOf = (image: LayeredImage, number: number): string => `layer ${number + 1} of ${image.reference} (${image.layers[number]?.digest})`;

/** The items of pages, until there is an empty one. */
function* pages<Item>(next: () => string): Generator<Item, void, undefined> {
  for (;;) {
    const items = JSON.parse(calling(next)) as Item[];
    if (items.length === 0) return;
    yield* items;
  }
}

/** Ways of reading a layer of an image. */
interface Reading {
  /** Its entries are wanted in the end. */
  keeps?: boolean;
  /** The digests of its files, too. */
  digests?: boolean;
  /** The decompressed layer must have its digest. */
  checks?: boolean;
  /** The path as people type it to which entries are restricted, for an operating system. */
  path?: string;
  os?: string;
}

async function begin(source: ImageSource, image: LayeredImage, number: number, { limits, signal }: ImageTerms, how: Reading): Promise<LayerReading> {
  const layer = image.layers[number] as ImageLayer;
  const { checks, ...more } = how;
  const name = nameOf(image, number);
  const blob = await source.blob(image.reference, layer, signal);
  return LayerReading.begin(blob, { limits, layer: number, name, diffId: checks ? layer.diffId : undefined, ...more }, signal);
}

/** The file system that the first layers of an image make, some of which are read at the same time. They are checked before. */
async function treeOf(source: ImageSource, image: LayeredImage, count: number, terms: ImageTerms, shared?: SharedLayers): Promise<Tree> {
  const engine = await layersEngine();
  const tree = new engine.Tree(image.reference, image.os);
  const parallel = engine.parallelLayers();
  const stopped = new AbortController();
  const signal = terms.signal ? anyOf(terms.signal, stopped) : stopped.signal;
  const read = async (number: number): Promise<Index> => {
    const contents = await contentsOf(source, image, number, { ...terms, signal });
    try {
      if (contents && (!shared || contents.hasDigests)) return contents.index();
    } finally {
      contents?.free();
    }
    const reading = await begin(source, image, number, { ...terms, signal }, { keeps: true, digests: shared !== undefined });
    try {
      return await reading.index();
    } finally {
      reading.leave();
    }
  };
  const coming: Promise<Index>[] = [];
  let applied = 0;
  try {
    for (; applied < count; applied++) {
      for (let next = coming.length; next < Math.min(count, applied + parallel); next++) {
        const { digest } = image.layers[next] as ImageLayer;
        const index = shared ? shared.get(digest, () => read(next)) : read(next);
        // It is awaited in its turn.
        index.catch(() => undefined);
        coming.push(index);
      }
      const { digest, createdBy } = image.layers[applied] as ImageLayer;
      tree.apply((await coming[applied]) as Index, digest, createdBy);
    }
    return tree;
  } catch (error) {
    stopped.abort(error);
    for (const index of coming.slice(applied)) index.then((index) => index.free(), () => undefined);
    tree.free();
    throw error;
  } finally {
    // It need not listen to the signal any more.
    stopped.abort();
  }
}

/** The layers of two images, each of which is read once. */
class SharedLayers {
  readonly #uses = new Map<string, number>();
  readonly #read = new Map<string, Promise<Index>>();

  constructor(images: LayeredImage[]) {
    for (const { digest } of images.flatMap(({ layers }) => layers)) this.#uses.set(digest, (this.#uses.get(digest) ?? 0) + 1);
  }

  async get(digest: string, read: () => Promise<Index>): Promise<Index> {
    const index = this.#read.get(digest) ?? read();
    this.#read.set(digest, index);
    const left = (this.#uses.get(digest) ?? 1) - 1;
    this.#uses.set(digest, left);
    const entries = await index;
    if (left > 0) return entries.clone();
    this.#read.delete(digest);
    return entries;
  }

  /** Frees what was not used. */
  free(): void {
    for (const index of this.#read.values()) index.then((index) => index.free(), () => undefined);
    this.#read.clear();
  }
}
