import { platformJson, platformOf, type Platform, type PlatformJson } from './platform.js';

/** A pointer to content. */
export interface Descriptor {
  /** Media type of the content. */
  mediaType: string;
  /** Digest of the content. */
  digest: string;
  /** Size of the content in bytes. */
  size: number;
  /** What it runs on, for entries of lists. */
  platform?: Platform;
  /** Free key and value pairs. */
  annotations?: Record<string, string>;
  /** Where else the content can be fetched. */
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

/** A descriptor as manifests have it. */
export function descriptorJson({ platform, ...descriptor }: Descriptor): DescriptorJson {
  return platform ? { ...descriptor, platform: platformJson(platform) } : descriptor;
}
