/** Media types of manifests, configs and layers. */
export const MediaType = {
  /** An image index of OCI. */
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  /** An image manifest of OCI. */
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  /** An image config of OCI. */
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  /** The config of an artifact that has none, `{}`. */
  ociEmpty: 'application/vnd.oci.empty.v1+json',
  /** A layer of OCI. */
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  /** A layer of OCI, compressed by gzip. */
  ociLayerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  /** A layer of OCI, compressed by zstd. */
  ociLayerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  /** A manifest list of Docker. */
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  /** An image manifest of Docker. */
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  /** An image config of Docker. */
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  /** A layer of Docker, compressed by gzip. */
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
} as const;

/** A media type; those of {@link MediaType} are completed by editors. */
export type MediaType = (typeof MediaType)[keyof typeof MediaType] | (string & Record<never, never>);

/** A key of an annotation that the OCI image specification defines. */
export type AnnotationKey =
  | 'org.opencontainers.image.authors'
  | 'org.opencontainers.image.base.digest'
  | 'org.opencontainers.image.base.name'
  | 'org.opencontainers.image.created'
  | 'org.opencontainers.image.description'
  | 'org.opencontainers.image.documentation'
  | 'org.opencontainers.image.licenses'
  | 'org.opencontainers.image.ref.name'
  | 'org.opencontainers.image.revision'
  | 'org.opencontainers.image.source'
  | 'org.opencontainers.image.title'
  | 'org.opencontainers.image.url'
  | 'org.opencontainers.image.vendor'
  | 'org.opencontainers.image.version';

/** Free key and value pairs; the keys of the specification are completed by editors. */
export type Annotations = { [key in AnnotationKey]?: string } & Record<string, string>;
