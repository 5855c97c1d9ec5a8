import { isRecord, wrongArgument } from './arguments.js';
import { TallymanError } from './error.js';
import type { Annotations } from './media-types.js';
import type { CallOptions, ListFormat } from './options.js';
import { platformJson, type Platform } from './platform.js';

/** An image as a list is to have it. */
export interface DesiredImage {
  /** The image, or a list whose images are taken; in short `:tag` or `@digest` of the list's repository. */
  image: string;
  /** The platform, whose fields go before those of the image's config. Of a list, it chooses the image as well, and has to be complete. */
  platform?: string | Partial<Platform> | undefined;
  /** The platforms of a list that are taken, all if there are none; an image has to be of one of them. */
  platforms?: string[] | undefined;
  /** Keep a list as one entry, in place of taking its images; it makes an OCI index. */
  nest?: boolean | undefined;
  /** Annotations of the entry. */
  annotations?: Annotations | undefined;
}

/** A list as a registry is to have it: what `tallyman apply` reads from a file. */
export interface DesiredList {
  /** Its name. */
  image: string;
  /** Further tags of the same repository. */
  tags?: string[] | undefined;
  /** Its form; without it, what Docker makes of the first image. */
  format?: ListFormat | undefined;
  /** Annotations of the index, which make it an OCI index. */
  annotations?: Annotations | undefined;
  /** Its images. */
  images?: (string | DesiredImage)[] | undefined;
  /** A name with `OS`, `ARCH` and `VARIANT`, that is an image for each of `platforms`. */
  template?: string | undefined;
  /** The platforms of `template`. */
  platforms?: string[] | undefined;
}

/** One difference of a list: an entry by its platform, an annotation by its key. */
export interface ListChange {
  /** The entry or the annotation. */
  subject: string;
  /** Its digest or value before; `null` if it is added. */
  before: string | null;
  /** Its digest or value afterwards; `null` if it is removed. */
  after: string | null;
}

/** A list beside its registry. */
export interface ListDrift {
  /** Its name. */
  reference: string;
  /** The media type that it is to have. */
  mediaType: string;
  /** The digest that it is to have. */
  digest: string;
  /** The size in bytes that it is to have. */
  size: number;
  /** Its names, its own first, each with the digest that it stood for; `null` if it stood for nothing. */
  names: { reference: string; digest: string | null }[];
  /** The differences of what its name stood for. */
  changes: ListChange[];
  /** `true` if one of its names did not stand for it. */
  differs: boolean;
}

/** Result of {@link Tallyman.apply}. */
export interface ApplyResult {
  /** `true` if a registry was not as it is to be. */
  differs: boolean;
  /** `true` if what differed was pushed. */
  applied: boolean;
  /** The lists. */
  lists: ListDrift[];
}

/** Progress of {@link Tallyman.apply}. */
export interface ApplyProgress {
  /** A step begins, a step has succeeded, bytes of a blob have come over, or a manifest is there. */
  kind: 'began' | 'done' | 'transferred' | 'copied';
  /** The manifest that is there. */
  reference?: string;
  /** Number of steps that have succeeded. */
  completed: number;
  /** Bytes of blobs that have come over so far. */
  bytes: number;
}

/** Options of {@link Tallyman.apply}. */
export interface ApplyOptions extends CallOptions {
  /** Only compare, as `tallyman plan` does: nothing is pushed. */
  dryRun?: boolean | undefined;
  /** Called for each step. */
  onProgress?: ((progress: ApplyProgress) => void) | undefined;
}

/** Lists as the engine reads them. */
export function desiredJson(lists: DesiredList | readonly DesiredList[] | { lists: readonly DesiredList[] }): string {
  if (typeof lists !== 'object' || lists === null) throw wrongArgument('lists', 'an object that describes a list, or an array of them', lists);
  const withPlatforms = (name: string, value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if (!Array.isArray(value) && !isRecord(value)) throw wrongArgument(name || 'lists', 'an object of names and values', value);
    if (name !== 'platform') return value;
    const fields = Object.entries(platformJson(value as object as Platform)).filter(([, field]) => field.length > 0);
    return Object.fromEntries(fields);
  };
  try {
    return JSON.stringify(lists, withPlatforms);
  } catch (error) {
    if (error instanceof TallymanError) throw error;
    throw new TallymanError({ code: 'argument-invalid', message: `expected lists of strings, arrays and objects, found something that JSON has not: ${(error as Error).message}`, cause: error });
  }
}
