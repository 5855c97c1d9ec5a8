// Images as people and their tools make them, and stranger ones, drawn from a seed.

import { digestOf } from './registry-contents.js';

const dockerManifest = 'application/vnd.docker.distribution.manifest.v2+json';
const dockerList = 'application/vnd.docker.distribution.manifest.list.v2+json';
const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
const ociIndex = 'application/vnd.oci.image.index.v1+json';

/** Numbers that look random and come again with the same seed. */
export class Chance {
  constructor(seed) {
    this.state = seed >>> 0;
  }

  /** A number from 0 up to `limit`, which is left out. */
  below(limit) {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }

  pick(from) {
    return from[this.below(from.length)];
  }

  /** True once in `times`. */
  once(times) {
    return this.below(times) === 0;
  }

  some(from, most) {
    return Array.from({ length: this.below(most + 1) }, () => this.pick(from));
  }
}

const words = ['v7', 'v8', '10.0.17763.1', '<a&b>', 'naïve', 'line\u2028end', 'tab\there', 'q"uo\\te', '\b\f\u0001', '\u007f', 'a,b', ''];
const platforms = [
  ['linux', 'amd64'], ['linux', 'arm'], ['linux', 'arm64'], ['windows', 'amd64'], ['linux', 'riscv64'],
  ['windows', 'arm64'], ['unknown', 'unknown'], ['', ''], ['linux', ''], ['', 'amd64'], ['darwin', 'arm64'],
];
const configs = [
  (os, arch) => `{"architecture":"${arch}","os":"${os}"}`,
  (os, arch) => `{"Architecture":"${arch}","OS":"${os}","Os.Version":"10.0"}`,
  (os, arch) => `{"os":"plan9","os":"${os}","architecture":"${arch}","ARCHITECTURE":null}`,
  (os, arch) => ` {\n "architecture" : "${arch}", "os":"${os}", "variant":"v7", "os.features":["win32k","x<y"],"os.version":"1\\u00e9\\ud800" } `,
  (os, arch) => `{"architecture":"${arch}","os":"${os}","os.features":[],"variant":"","rootfs":{"type":"layers"},"history":[1e400]}`,
  (os, arch) => `{"architecture":"${arch}","os":"${os}","os.features":null,"config":{"Env":["A=<b>"]}}`,
  (os, arch) => `{"architecture":"${arch}","os":"${os}","os.features":"one"}`,
  (os) => `{"architecture":17,"os":"${os}"}`,
  () => '{}',
  () => 'null',
  () => '[]',
  () => '"text"',
  () => '',
  () => '{"architecture":"amd64"',
  () => '{"architecture":"amd64","os":"linux"} x',
];

/** `{ manifests, blobs }` for a registry, and what can be said of them: `images` and `lists`, "REPO:TAG" and digest. */
export function drawContents(chance) {
  const contents = { manifests: [], blobs: [] };
  const images = [];
  const lists = [];
  const count = 3 + chance.below(5);
  for (let at = 0; at < count; at++) {
    const repo = chance.pick(['demo/app', 'demo/app', 'other/app', 'parts/a-b', 'one']);
    images.push(addImage(chance, contents, repo, `${chance.pick(['a', 'b', 'v1.0', 'Z_'])}${at}`));
  }
  for (let at = 0; at < chance.below(4); at++) lists.push(addList(chance, contents, images, lists, `list${at}`));
  return { contents, images, lists };
}

function addImage(chance, contents, repo, tag) {
  const oci = chance.once(2);
  const config = addBlob(contents, repo, drawConfig(chance));
  const layers = Array.from({ length: 1 + chance.below(3) }, (_, at) =>
    addBlob(contents, repo, chance.once(4) ? 'shared layer' : `layer ${at} of ${repo}:${tag}`),
  );
  const kind = oci ? 'application/vnd.oci.image' : 'application/vnd.docker';
  const manifest = {
    schemaVersion: 2,
    ...(oci && chance.once(3) ? {} : { mediaType: oci ? ociManifest : dockerManifest }),
    config: { mediaType: oci ? `${kind}.config.v1+json` : `${kind}.container.image.v1+json`, ...config },
    layers: layers.map((layer) => ({ mediaType: oci ? `${kind}.layer.v1.tar+gzip` : `${kind}.image.rootfs.diff.tar.gzip`, ...layer })),
    ...(chance.once(3) ? { annotations: { note: chance.pick(words), [chance.pick(words)]: 'x' } } : {}),
    ...(chance.once(4) ? { unknown: { number: [1, 2.5, -0], empty: {}, none: null } } : {}),
  };
  return addManifest(chance, contents, repo, tag, oci ? ociManifest : dockerManifest, manifest);
}

function drawConfig(chance) {
  const [os, arch] = chance.once(3) ? chance.pick(platforms) : platforms[chance.below(4)];
  return (chance.once(3) ? chance.pick(configs) : configs[chance.below(4)])(os, arch);
}

function addList(chance, contents, images, lists, tag) {
  const oci = chance.once(2);
  const repo = chance.pick(images).repo;
  const children = [...images, ...(chance.once(4) ? lists : [])].filter((child) => child.repo === repo && chance.below(4) > 0);
  const entry = ({ mediaType, size, digest }) => {
    const [os, architecture] = chance.pick(platforms);
    const platform = { architecture, os, ...(chance.once(3) ? { variant: chance.pick(words), 'os.features': chance.some(words, 2) } : {}) };
    return {
      mediaType, size, digest,
      ...(chance.once(5) ? {} : { platform }),
      ...(chance.once(4) ? { annotations: { note: chance.pick(words) } } : {}),
      ...(chance.once(6) ? { urls: ['https://example.test/x'] } : {}),
    };
  };
  const mediaType = oci ? ociIndex : dockerList;
  const list = {
    schemaVersion: 2,
    ...(oci && chance.once(3) ? {} : { mediaType }),
    manifests: children.map(entry),
    ...(chance.once(3) ? { annotations: { note: chance.pick(words) } } : {}),
  };
  return addManifest(chance, contents, repo, tag, mediaType, list);
}

function addManifest(chance, contents, repo, tag, mediaType, value) {
  const indent = chance.pick(['   ', '', '\t', ' ']);
  const bytes = Buffer.from(`${JSON.stringify(value, undefined, indent)}${chance.once(4) ? '\n' : ''}`);
  const digest = digestOf(bytes);
  contents.manifests.push({ repo, tag, mediaType, digest, bytes });
  return { repo, tag, mediaType, digest, size: bytes.length };
}

function addBlob(contents, repo, text) {
  const bytes = Buffer.from(text);
  const digest = digestOf(bytes);
  contents.blobs.push({ repo, digest, bytes });
  return { size: bytes.length, digest };
}
