// Puts images into a registry and reads them back, byte for byte, through its API.

import { createHash } from 'node:crypto';

const everyType = [
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
].join(', ');

/** Puts blobs, then manifests in their order: by tag, or by digest where the tag is empty. */
export async function fill(registry, { manifests, blobs }, headers = {}) {
  for (const { repo, digest, bytes } of blobs) {
    const started = await call('POST', `${registry}/v2/${repo}/blobs/uploads/`, { headers }, 202);
    const upload = new URL(started.headers.get('location'), registry);
    upload.searchParams.set('digest', digest);
    await call('PUT', upload, { headers: { ...headers, 'content-type': 'application/octet-stream' }, body: bytes }, 201);
  }
  for (const { repo, tag, mediaType, digest, bytes } of manifests) {
    const url = `${registry}/v2/${repo}/manifests/${tag || digest}`;
    await call('PUT', url, { headers: { ...headers, 'content-type': mediaType }, body: bytes }, 201);
  }
}

/** The answer of `registry` for `reference` ("REPO:TAG" or "REPO@DIGEST"): `{ status, mediaType, digest, bytes }`. */
export async function readBack(registry, reference, headers = {}) {
  const [, repo, tag] = /^(.+?)[:@](.+)$/.exec(reference);
  const response = await fetch(`${registry}/v2/${repo}/manifests/${tag}`, { headers: { ...headers, accept: everyType } });
  const bytes = Buffer.from(await response.arrayBuffer());
  if (!response.ok) return { status: response.status };
  return {
    status: response.status,
    mediaType: response.headers.get('content-type'),
    digest: digestOf(bytes),
    bytes,
  };
}

/** The digest of some bytes, `sha256:` and 64 hexadecimal digits. */
export const digestOf = (bytes) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

async function call(method, url, init, expected) {
  const response = await fetch(url, { method, ...init });
  const body = await response.text();
  if (response.status !== expected) {
    throw new Error(`${method} ${url}: expected ${expected}, the registry answered ${response.status} ${body}`);
  }
  return response;
}
