// Reads both forms of recorded scenario into one shape:
//
//   { name, about, host, auth, contents, steps: [{ before, argv, expected }], pushed }
//   contents: { manifests: [{ repo, tag, mediaType, digest, bytes }], blobs: [{ repo, digest, bytes }] }
//   expected: { exit, stdout, stderr, store: { "LIST/ENTRY": text, or undefined where only the name was kept }, requests }
//   pushed: [{ ref, status, mediaType, digest, bytes }]
//
// `before` is what was pushed to the registry between the previous step and this one.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readStore } from './local-store.js';

const fixtures = fileURLToPath(new URL('../fixtures/docker-manifest', import.meta.url));

/** Every recorded scenario, those in single files first. */
export function allScenarios() {
  const registry = readJson(join(fixtures, 'registry.json'));
  const files = readdirSync(fixtures)
    .filter((name) => name.endsWith('.json') && name !== 'registry.json')
    .map((name) => fromFile(join(fixtures, name), registry));
  const folders = join(fixtures, 'cli-28.2.2');
  const recorded = readdirSync(folders, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => fromFolder(join(folders, entry.name)));
  return [...files, ...recorded].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function fromFile(path, registry) {
  const recorded = readJson(path);
  return {
    name: recorded.name,
    about: recorded.about,
    host: registry.host,
    contents: {
      manifests: registry.manifests.map((manifest) => ({ ...manifest, bytes: base64(manifest.bytes) })),
      blobs: Object.entries(registry.blobs).flatMap(([repo, blobs]) =>
        Object.entries(blobs).map(([digest, bytes]) => ({ repo, digest, bytes: base64(bytes) })),
      ),
    },
    steps: recorded.steps.map(({ argv, exit, stdout, stderr, store_after: names }, index) => ({
      argv,
      expected: {
        exit,
        stdout,
        stderr,
        store: Object.fromEntries(
          names.map((name) => [name, index === recorded.steps.length - 1 ? recorded.store[name] : undefined]),
        ),
      },
    })),
    pushed: recorded.pushed.map(({ repo, tag, status = 200, mediaType, digest, bytes }) => ({
      ref: `${repo}:${tag}`,
      status,
      mediaType,
      digest,
      bytes: bytes && base64(bytes),
    })),
  };
}

/** One scenario from a folder such as those in `cli-28.2.2`. */
export function fromFolder(folder) {
  const { host } = readJson(join(folder, 'registry/contents.json'));
  const later = existsSync(join(folder, 'registry-later')) ? contents(join(folder, 'registry-later')) : undefined;
  const steps = readdirSync(join(folder, 'steps'))
    .sort()
    .map((name) => join(folder, 'steps', name))
    .map((step) => ({
      argv: readJson(join(step, 'argv.json')),
      expected: {
        exit: Number(text(join(step, 'exit'))),
        stdout: text(join(step, 'stdout')),
        stderr: text(join(step, 'stderr')),
        store: readStore(join(step, 'store')),
        requests: readJson(join(step, 'requests.json')),
      },
    }));
  let next = 0;
  for (const line of text(join(folder, 'cmd.txt')).trim().split('\n')) {
    if (line.startsWith('#')) steps[next].before = pushedAt(line, later);
    else next += 1;
  }
  const requests = steps.flatMap((step) => step.expected.requests);
  return {
    name: folder.split('/').at(-1),
    about: text(join(folder, 'about.txt')).trim(),
    host,
    auth: authentication(requests),
    contents: contents(join(folder, 'registry')),
    steps,
    pushed: readJson(join(folder, 'pushed.json')).map((row) => ({
      ...row,
      bytes: row.file && readFileSync(join(folder, row.file)),
    })),
  };
}

function authentication(requests) {
  if (requests.some((row) => row.path === '/token')) return 'token';
  return requests.some((row) => row.status === 401) ? 'basic' : undefined;
}

function contents(folder) {
  const { manifests, blobs } = readJson(join(folder, 'contents.json'));
  const withBytes = (rows) => rows.map((row) => ({ ...row, bytes: readFileSync(join(folder, row.file)) }));
  return { manifests: withBytes(manifests), blobs: withBytes(blobs) };
}

function pushedAt(line, later) {
  const [, repo, tag, digest] = /^# (\S+):(\S+) is now (\S+)$/.exec(line) ?? [];
  if (!digest) throw new Error(`expected "# REPO:TAG is now DIGEST", found ${JSON.stringify(line)}`);
  const manifests = later.manifests.filter((row) => row.repo === repo && row.tag === tag && row.digest === digest);
  if (manifests.length !== 1) throw new Error(`registry-later holds ${manifests.length} manifests for ${JSON.stringify(line)}`);
  return { manifests, blobs: later.blobs };
}

const readJson = (path) => JSON.parse(text(path));
const text = (path) => readFileSync(path, 'utf8');
const base64 = (value) => Buffer.from(value, 'base64');
