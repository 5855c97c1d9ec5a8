// An index of thousands of platforms, for the tests and the measurements.

import { createHash } from 'node:crypto';

import { fill } from '../replay/registry-contents.js';

const OCI = 'application/vnd.oci.image';
const blob = (mediaType, bytes) => ({ mediaType, digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`, size: bytes.length, bytes });
const described = ({ mediaType, digest, size }) => ({ mediaType, digest, size });

/** Puts an index with `count` platforms, all with images of their own up to `images`, and the same ones again above. */
export async function putIndex(registry, repo, count, images) {
  const blobs = [];
  const manifests = [];
  const made = Array.from({ length: images }, (_, number) => {
    const platform = { os: 'linux', architecture: `cpu${number}` };
    const config = blob(`${OCI}.config.v1+json`, Buffer.from(JSON.stringify({ ...platform, created: '2026-05-01T10:00:00Z', config: {}, rootfs: { type: 'layers', diff_ids: [] } })));
    const layer = blob(`${OCI}.layer.v1.tar+gzip`, Buffer.from(`layer of ${number}`));
    const mediaType = `${OCI}.manifest.v1+json`;
    const manifest = blob(mediaType, Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config: described(config), layers: [described(layer)] })));
    blobs.push(...[config, layer].map(({ digest, bytes }) => ({ repo, digest, bytes })));
    manifests.push({ repo, tag: manifest.digest, mediaType, digest: manifest.digest, bytes: manifest.bytes });
    return manifest;
  });
  const mediaType = `${OCI}.index.v1+json`;
  const entries = Array.from({ length: count }, (_, number) => ({ ...described(made[number % images]), platform: { os: 'linux', architecture: `cpu${number}` } }));
  const index = blob(mediaType, Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests: entries })));
  manifests.push({ repo, tag: 'many', mediaType, digest: index.digest, bytes: index.bytes });
  await fill(registry, { blobs, manifests });
}
