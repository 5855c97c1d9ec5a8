// Results of the scenario, computed without the package.

import { createHash } from 'node:crypto';

const listType = 'application/vnd.docker.distribution.manifest.list.v2+json';

/** The result that `name` must give of the registry at `host`, once it has run. */
export async function expected(host, name) {
  const hello = `http://${host}/v2/samples/hello`;
  const list = await stored(`${hello}/manifests/latest`, listType);
  const { manifests } = JSON.parse(list.text);
  const arm64 = manifests.find(({ platform }) => platform.architecture === 'arm64');
  const image = await stored(`${hello}/manifests/${arm64.digest}`, arm64.mediaType);
  const { layers } = JSON.parse(image.text);
  const { tags } = await (await fetch(`${hello}/tags/list`)).json();
  const linux = manifests.filter(({ platform }) => platform.os === 'linux');
  const blobs = new Set();
  for (const { digest, mediaType } of linux) {
    const { config, layers } = JSON.parse((await stored(`${hello}/manifests/${digest}`, mediaType)).text);
    for (const blob of [config, ...layers]) blobs.add(blob.digest);
  }
  const entries = linux
    .sort((left, right) => (left.digest < right.digest ? -1 : 1))
    .map(({ mediaType, size, digest, platform }) => ({
      mediaType,
      size,
      digest,
      platform: { ...platform, ...(platform.architecture === 'arm64' ? { variant: 'v8' } : {}) },
    }));
  // Docker's own layout: three spaces, and the keys in this order.
  const text = JSON.stringify({ schemaVersion: 2, mediaType: listType, manifests: entries }, null, 3);
  const digest = digestOf(text);
  const steps = blobs.size + linux.length + 1;
  return {
    list: { kind: 'list', digest: list.digest, mediaType: listType, platforms: manifests.map(({ platform }) => written(platform)) },
    image: { digest: arm64.digest, platform: 'linux/arm64', os: 'linux', layers: layers.length },
    tags,
    made: { digest, text, planned: digest, steps },
    push: { digest, steps, there: digest, same: true },
    rebuilt: digest,
    alone: digest,
    errors: { missing: 'not-found 404', aborted: 'AbortError aborted' },
    blob: true,
    kept: [`${host}/consumers/${name}:v1`],
    tree: entries.map(({ digest }) => `entry ${digest}`),
    pure: { reference: 'docker.io/library/alpine:latest', digest: digestOf('hello') },
  };
}

const written = ({ os, architecture, variant }) => [os, architecture, variant].filter(Boolean).join('/');
const digestOf = (text) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

async function stored(url, accept) {
  const text = await (await fetch(url, { headers: { accept } })).text();
  return { text, digest: digestOf(text) };
}
