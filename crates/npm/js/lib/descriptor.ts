import { isRecord } from './arguments.js';
import { Digest } from './digest.js';
import { TallymanError, reading } from './error.js';
import type { Annotations, MediaType } from './media-types.js';
import { platformJson, platformOf, type Platform, type PlatformJson } from './platform.js';

export type { Annotations };

/** A pointer to content. */
export interface Descriptor {
  /** Media type of the content. */
  mediaType: MediaType;
  /** Digest of the content. */
  digest: string;
  /** Size of the content in bytes. */
  size: number;
  /** Platform of the image, for entries of lists. */
  platform?: Platform | undefined;
  /** Free key and value pairs. */
  annotations?: Annotations | undefined;
  /** Other addresses of the content. */
  urls?: readonly string[] | undefined;
  /** The content itself in base64, where it is embedded. */
  data?: string | undefined;
  /** Type of the artifact that the content is, where it is one. */
  artifactType?: string | undefined;
}

/** A descriptor that says what a manifest or a list has, and cannot be changed. A changed copy is `{ ...descriptor, platform }`. */
export interface ReadonlyDescriptor extends Readonly<Descriptor> {
  /** Platform of the image, for entries of lists. */
  readonly platform?: Readonly<Platform> | undefined;
  /** Free key and value pairs. */
  readonly annotations?: Readonly<Annotations> | undefined;
}

/** A descriptor as manifests have it. */
export interface DescriptorJson {
  mediaType?: string;
  digest: string;
  size: number;
  platform?: PlatformJson | null;
  annotations?: Record<string, string> | null;
  urls?: readonly string[] | null;
  data?: string | null;
  artifactType?: string | null;
}

/** A descriptor out of a manifest. */
export function descriptorOf(json: DescriptorJson): Descriptor {
  const { mediaType, digest, size, platform, annotations, urls, data, artifactType } = json;
  return {
    mediaType: mediaType ?? '',
    digest,
    size,
    ...(platform ? { platform: platformOf(platform) } : {}),
    ...(annotations ? { annotations: annotations as Annotations } : {}),
    ...(urls?.length ? { urls } : {}),
    ...(data ? { data } : {}),
    ...(artifactType ? { artifactType } : {}),
  };
}

/** A descriptor out of a manifest which nobody changes. */
export function frozenDescriptorOf(json: DescriptorJson): ReadonlyDescriptor {
  return frozen(descriptorOf(json));
}

/** A descriptor which nobody changes any more, with all that is in it. */
export function frozen<T extends Descriptor>(descriptor: T): Readonly<T> {
  const { platform, annotations, urls } = descriptor;
  for (const part of [platform, platform?.osFeatures, annotations, urls]) if (part) Object.freeze(part);
  return Object.freeze(descriptor);
}

/** Members of the package's own kinds of descriptors, such as entries of lists and nodes of trees, that say nothing of the content. */
const beside = ['reference', 'role', 'missing', 'children'];
const known = ['mediaType', 'digest', 'size', 'platform', 'annotations', 'urls', 'data', 'artifactType'];

/**
 * A descriptor as manifests have it.
 * @throws {@link TallymanError} `argument-invalid` if a field is of the wrong kind or not known: nothing of the content is dropped
 * without a word.
 */
export const descriptorJson = (descriptor: Descriptor): DescriptorJson => reading('the fields of a descriptor', () => checkedDescriptor(descriptor));

function checkedDescriptor(descriptor: Descriptor): DescriptorJson {
  const wrong = (expected: string): TallymanError => new TallymanError({ code: 'argument-invalid', message: `expected ${expected} in a descriptor` });
  if (!isRecord(descriptor)) throw wrong('media type, digest and size');
  const unknown = Object.keys(descriptor).find((name) => !known.includes(name) && !beside.includes(name));
  if (unknown !== undefined) throw wrong(`one of ${known.join(', ')} in place of ${unknown}`);
  const { mediaType, digest, size, platform, annotations, ...others } = descriptor;
  const more = Object.fromEntries(Object.entries(others).filter(([name]) => known.includes(name)));
  if (typeof mediaType !== 'string' || typeof digest !== 'string') throw wrong('strings as mediaType and digest');
  if (!Number.isSafeInteger(size) || size < 0) throw wrong('a whole number of bytes as size');
  Digest.parse(digest);
  const { urls, data, artifactType } = descriptor;
  if (urls && !(Array.isArray(urls) && urls.every((url: unknown) => typeof url === 'string'))) throw wrong('an array of strings as urls');
  if ([data, artifactType].some((text: unknown) => text !== undefined && text !== null && typeof text !== 'string')) throw wrong('strings as data and artifactType');
  return {
    mediaType,
    digest,
    size,
    ...more,
    ...(annotations ? { annotations: annotationsJson(annotations) } : {}),
    ...(platform ? { platform: platformJson(platform) } : {}),
  };
}

/**
 * Annotations, which are strings.
 * @throws {@link TallymanError} `argument-invalid`
 */
export function annotationsJson(annotations: unknown): Annotations {
  const texts = isRecord(annotations) && reading('annotations', () => ({ ...annotations }));
  if (texts && Object.values(texts).every((value) => typeof value === 'string')) return texts as Annotations;
  throw new TallymanError({ code: 'argument-invalid', message: 'expected an object of strings as annotations, found something else' });
}
