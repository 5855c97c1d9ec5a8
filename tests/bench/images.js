// Images to make lists of.

import { digestOf, fill } from '../replay/registry-contents.js';

const manifestType = 'application/vnd.docker.distribution.manifest.v2+json';
const configType = 'application/vnd.docker.container.image.v1+json';
const layerType = 'application/vnd.docker.image.rootfs.diff.tar.gzip';
const platforms = ['amd64', 'arm64', 'arm', '386', 'ppc64le', 's390x', 'riscv64', 'mips64le'];

/**
 * Puts `count` images of a config and three layers into `registry`, and gives their references in it: `REPO:v1`, each in its
 * own repository, or `app:vN` with `together`. No two share a blob.
 */
export async function pushImages(registry, count, { together = false } = {}) {
  const images = Array.from({ length: count }, (_, number) => imageOf(number, together));
  for (const image of images) await fill(registry, image);
  return images.map(({ manifests: [{ repo, tag }] }) => `${repo}:${tag}`);
}

function imageOf(number, together) {
  const repo = together ? 'team/app' : `team/app-${number}`;
  const blob = (text) => ({ repo, bytes: Buffer.from(text), digest: digestOf(Buffer.from(text)) });
  const layers = Array.from({ length: 3 }, (_, layer) => blob(`layer ${layer} of image ${number}`));
  const config = blob(JSON.stringify({ architecture: platforms[number % platforms.length], os: 'linux', created: new Date(1e12 + number).toISOString(), rootfs: { type: 'layers', diff_ids: [] } }));
  const descriptor = (mediaType, { digest, bytes }) => ({ mediaType, size: bytes.length, digest });
  const manifest = {
    schemaVersion: 2,
    mediaType: manifestType,
    config: descriptor(configType, config),
    layers: layers.map((layer) => descriptor(layerType, layer)),
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const tag = together ? `v${number}` : 'v1';
  return { blobs: [config, ...layers], manifests: [{ repo, tag, mediaType: manifestType, digest: digestOf(bytes), bytes }] };
}
