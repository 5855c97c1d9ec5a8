import type { Platform } from '../lib/platform.js';

/**
 * Bytes, rounded, in decimal units: as `tallyman_core::format_bytes` writes them, with one decimal below 100 of a unit.
 */
export function bytes(count: number): string {
  if (count < 1000) {
    return `${count} B`;
  }
  const units = ['kB', 'MB', 'GB', 'TB', 'PB', 'EB'];
  let size = 1000;
  for (const unit of units) {
    const tenths = Math.round(count / (size / 10));
    if (tenths < 1000) {
      return `${(tenths / 10).toFixed(1)} ${unit}`;
    }
    const whole = Math.round(count / size);
    // A value that rounds to 1000 is 1.0 of the next unit.
    if (whole < 1000) {
      return `${whole} ${unit}`;
    }
    size *= 1000;
  }
  return `${count} B`;
}

/** The first twelve digits of a digest, as Docker shortens it. */
export function short(digest: string): string {
  return digest.slice(digest.indexOf(':') + 1).slice(0, 12);
}

/** Registry and repository of a full reference. */
export function repositoryOf(reference: string): string {
  const [name = ''] = reference.split('@');
  const colon = name.lastIndexOf(':');
  return colon > name.lastIndexOf('/') ? name.slice(0, colon) : name;
}

/** A platform, with the version by which images for Windows differ. */
export function platformName({ os, architecture, variant, osVersion }: Platform): string {
  const name = [os || '?', architecture || '?', ...(variant ? [variant] : [])].join('/');
  return osVersion ? `${name} ${osVersion}` : name;
}

// Of manifests, the labels of `tallyman_core::MediaType`.
const labels: Record<string, string> = {
  'application/vnd.docker.distribution.manifest.v1+json': 'Docker schema 1 manifest',
  'application/vnd.docker.distribution.manifest.v1+prettyjws': 'Docker schema 1 manifest',
  'application/vnd.docker.distribution.manifest.v2+json': 'Docker image manifest',
  'application/vnd.docker.distribution.manifest.list.v2+json': 'Docker manifest list',
  'application/vnd.oci.image.manifest.v1+json': 'OCI image manifest',
  'application/vnd.oci.image.index.v1+json': 'OCI image index',
  'application/vnd.docker.image.rootfs.diff.tar.gzip': 'tar + gzip',
  'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip': 'tar + gzip, foreign',
  'application/vnd.oci.image.layer.v1.tar': 'tar',
  'application/vnd.oci.image.layer.v1.tar+gzip': 'tar + gzip',
  'application/vnd.oci.image.layer.v1.tar+zstd': 'tar + zstd',
};

/** The name that people use for a media type. */
export function label(mediaType: string): string {
  return labels[mediaType] ?? mediaType;
}
