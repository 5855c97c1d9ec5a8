/** Bytes, for people. */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  let value = count;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
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

const labels: Record<string, string> = {
  'application/vnd.docker.distribution.manifest.v2+json': 'Docker image',
  'application/vnd.docker.distribution.manifest.list.v2+json': 'Docker manifest list',
  'application/vnd.oci.image.manifest.v1+json': 'OCI image',
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
