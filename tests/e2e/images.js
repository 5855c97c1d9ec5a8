// Images and lists for the stories about building and pushing: put into a registry, read back from it.

import { createHash } from 'node:crypto';

import { fill, readBack } from '../replay/registry-contents.js';

export { readBack };

const OCI = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
};

const digestOf = (bytes) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** Puts an OCI image with this config and two layers and those in `more`, and gives its digest. `content` makes it another image. */
export async function putImage(server, repo, tag, config, content = `${repo}:${tag}`, more = []) {
  const blob = (mediaType, bytes) => ({ mediaType, digest: digestOf(bytes), size: bytes.length, bytes });
  const configBlob = blob(OCI.config, Buffer.from(JSON.stringify({ ...config, rootfs: { type: 'layers', diff_ids: [] }, note: content })));
  const texts = ['base', content].map((text) => Buffer.from(`a layer: ${text}`));
  const layers = [...texts, ...more].map((bytes) => blob(OCI.layer, bytes));
  const described = ({ mediaType, digest, size }) => ({ mediaType, digest, size });
  const manifest = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: OCI.manifest, config: described(configBlob), layers: layers.map(described) }),
  );
  await fill(server.registry, {
    blobs: [configBlob, ...layers].map(({ digest, bytes }) => ({ repo, digest, bytes })),
    manifests: [{ repo, tag, mediaType: OCI.manifest, digest: digestOf(manifest), bytes: manifest }],
  });
  return digestOf(manifest);
}

/** Puts an OCI index of `entries` with the members in `more`, and gives its digest. */
export async function putIndex(server, repo, tag, entries, more = {}) {
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...more, manifests: entries }));
  await fill(server.registry, { blobs: [], manifests: [{ repo, tag, mediaType, digest: digestOf(bytes), bytes }] });
  return digestOf(bytes);
}

/** The descriptor of the manifest that the registry has under a reference. */
export async function describe(server, reference) {
  const { mediaType, digest, bytes } = await readBack(server.registry, reference);
  return { mediaType, digest, size: bytes.length };
}

/** The manifest that the registry has under `repo:tag`, its JSON parsed. */
export async function readList(server, reference) {
  const back = await readBack(server.registry, reference);
  return { ...back, json: back.bytes && JSON.parse(back.bytes) };
}
