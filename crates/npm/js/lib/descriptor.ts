import { TallymanError } from './error.js';
import { platformJson, platformOf, type Platform, type PlatformJson } from './platform.js';

/** A pointer to content. */
export interface Descriptor {
  /** Media type of the content. */
  mediaType: string;
  /** Digest of the content. */
  digest: string;
  /** Size of the content in bytes. */
  size: number;
  /** Platform of the image, for entries of lists. */
  platform?: Platform;
  /** Free key and value pairs. */
  annotations?: Record<string, string>;
  /** Other addresses of the content. */
  urls?: string[];
  /** The content itself in base64, where it is embedded. */
  data?: string;
  /** Type of the artifact that the content is, where it is one. */
  artifactType?: string;
}

/** A descriptor as manifests have it. */
export interface DescriptorJson {
  mediaType?: string;
  digest: string;
  size: number;
  platform?: PlatformJson | null;
  annotations?: Record<string, string> | null;
  urls?: string[] | null;
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
    ...(annotations ? { annotations } : {}),
    ...(urls?.length ? { urls } : {}),
    ...(data ? { data } : {}),
    ...(artifactType ? { artifactType } : {}),
  };
}

const known = ['mediaType', 'digest', 'size', 'platform', 'annotations', 'urls', 'data', 'artifactType'];

/**
 * A descriptor as manifests have it.
 * @throws {@link TallymanError} `argument-invalid` if a field is of the wrong kind or not known: nothing is dropped without a word.
 */
export function descriptorJson(descriptor: Descriptor): DescriptorJson {
  const wrong = (expected: string): TallymanError => new TallymanError({ code: 'argument-invalid', message: `expected ${expected} in a descriptor` });
  if (typeof descriptor !== 'object' || descriptor === null) throw wrong('media type, digest and size');
  const unknown = Object.keys(descriptor).find((name) => !known.includes(name));
  if (unknown !== undefined) throw wrong(`one of ${known.join(', ')} in place of ${unknown}`);
  const { mediaType, digest, size, platform, annotations, ...more } = descriptor;
  if (typeof mediaType !== 'string' || typeof digest !== 'string') throw wrong('texts as mediaType and digest');
  if (!Number.isSafeInteger(size) || size < 0) throw wrong('a whole number of bytes as size');
  if (annotations && !Object.values(annotations).every((value) => typeof value === 'string')) throw wrong('texts as annotations');
  return {
    mediaType,
    digest,
    size,
    ...more,
    ...(annotations ? { annotations } : {}),
    ...(platform ? { platform: platformJson(platform) } : {}),
  };
}
