// All that the command line can, from a program: forms, subjects, trees, findings, described lists, orders of tags.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { FileStore, ManifestList, MediaType, MemoryStore, Reference, Tallyman } from 'tallyman';
import { startDevRegistry } from '../e2e/servers.js';
import { failure } from './failure.js';
import { startRegistries } from './registries.js';

const installed = fileURLToPath(new URL('node_modules/tallyman', import.meta.url));

const { registry, other, hello, webapp } = await startRegistries();
const tm = new Tallyman({ store: new MemoryStore() });

test('the README says of each command and each flag how the library does it', () => {
  const readme = readFileSync(join(installed, 'README.md'), 'utf8');
  const [, section] = /^### What the library has for each command$(.*?)^## /ms.exec(readme) ?? assert.fail('the README has no such section');
  const lines = section.split('\n');
  const rows = new Map(lines.filter((line) => line.startsWith('| `')).map((line) => [/`([a-z ]+)`/.exec(line)[1], line]));
  const rest = lines.filter((line) => !line.startsWith('| `')).join('\n');
  // The manual has every command with every flag.
  const manual = readFileSync(join(installed, 'man/tallyman.1'), 'utf8').replaceAll('\\-', '-');
  const flagsOf = (text) => [...text.matchAll(/^\.B (--[a-z-]+)/gm)].map(([, flag]) => flag);
  const [, ...commands] = manual.split(/^\.SH OPTIONS$/m)[0].split(/^\.SS tallyman /m);
  assert.ok(commands.length > 25);
  const missing = commands.flatMap((command) => {
    const [name] = /^[a-z]+( [a-z]+)?/.exec(command.split('\n')[0].replace(/ (bash|zsh).*/, ''));
    const row = rows.get(name);
    return row === undefined ? [name] : flagsOf(command).filter((flag) => !`${row}${rest}`.includes(`\`${flag}\``)).map((flag) => `${name} ${flag}`);
  });
  const [, options] = /^\.SH OPTIONS$(.*?)^\.SH/ms.exec(manual);
  missing.push(...flagsOf(options).filter((flag) => flag !== '--version' && !rest.includes(`\`${flag}\``)));
  assert.deepEqual(missing, []);
});

test('the store that the README names has the lists of --config', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tallyman-npm-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const list = `${registry.host}/samples/kept:v1`;
  await promisify(execFile)('node', [join(installed, 'bin/tallyman.js'), '--config', folder, 'create', '--insecure', list, `${hello}:amd64`]);
  const [, store] = /`--config` is [^;.]*(new FileStore\(.*?\))`/s.exec(readFileSync(join(installed, 'README.md'), 'utf8'));
  const client = new Tallyman({ store: new Function('FileStore', 'folder', `return ${store}`)(FileStore, folder) });
  assert.equal((await client.load(list)).length, 1);
});

describe('forms', () => {
  test("a list and its images are converted to Docker's form and back, and what is lost is told", async () => {
    const list = ManifestList.from(await tm.inspect(`${webapp}:1.4`));
    const plan = await tm.convert(list, 'docker');
    assert.equal(plan.mediaType, MediaType.dockerList);
    assert.ok(plan.losses.length > 0 && plan.losses.every((loss) => typeof loss === 'string'));
    assert.deepEqual(JSON.parse(JSON.stringify(plan)).losses, plan.losses);
    const named = new ManifestList(`${webapp}:docker`, list.entries.filter(({ platform }) => platform?.os === 'linux').map(({ annotations, ...entry }) => entry));
    const pushed = await tm.push(named, { format: 'docker' });
    assert.equal(pushed.mediaType, MediaType.dockerList);
    const there = await tm.inspect(`${webapp}:docker`);
    assert.deepEqual([there.digest, there.entries.every(({ mediaType }) => mediaType === MediaType.dockerManifest)], [pushed.digest, true]);
    const back = await tm.push(new ManifestList(`${webapp}:oci`, there.entries), { format: 'oci' });
    assert.equal(back.mediaType, MediaType.ociIndex);
    assert.deepEqual((await tm.push(ManifestList.from(there))).losses, []);
  });

  test('a list without entries has none', async () => {
    assert.equal((await failure(() => tm.convert(new ManifestList(`${hello}:none`), 'oci'))).code, 'list-empty');
  });

  test('what the OCI form can say is kept by it', async () => {
    const list = ManifestList.from(await tm.inspect(`${webapp}:1.4`));
    list.annotateIndex({ team: 'web' });
    const plan = await tm.convert(list, 'oci', { artifactType: 'application/x-list' });
    const { annotations, artifactType } = JSON.parse(new TextDecoder().decode(plan.bytes));
    assert.deepEqual([annotations.team, artifactType, plan.losses], ['web', 'application/x-list', []]);
  });
});

describe('pushes', () => {
  test('a list becomes a referrer of its subject, also where registries do not list referrers', async () => {
    for (const { host } of [registry, other]) {
      await tm.copy(`${webapp}:1.4`, `${host}/subjects/app:v1`);
      const list = await tm.create(`${host}/subjects/app:notes`, [`${host}/subjects/app:v1`], { nest: true });
      const { digest } = await tm.push(list, { subject: `${host}/subjects/app:v1`, artifactType: 'application/x-notes' });
      const found = await tm.referrers(`${host}/subjects/app:v1`, { artifactType: 'application/x-notes' });
      assert.deepEqual(found.map((entry) => entry.digest), [digest]);
      const subject = await tm.resolve(`${host}/subjects/app:v1`);
      assert.equal(tm.plan(list, { subject, artifactType: 'application/x-notes' }).digest, digest);
    }
    const docker = await tm.create(`${hello}:docker-list`, [`${hello}:amd64`]);
    assert.equal((await failure(() => tm.push(docker, { subject: `${hello}:amd64` }))).code, 'format-mismatch');
    const list = await tm.create(`${hello}:elsewhere`, [`${hello}:amd64`], { oci: true });
    const elsewhere = await failure(() => tm.push(list, { subject: `${webapp}:1.4` }));
    assert.equal(elsewhere.code, 'reference-invalid');
    assert.match(elsewhere.message, /expected a subject in the repository .*samples\/hello, found .*samples\/webapp:1\.4/);
    // Nothing is asked of the subject's registry.
    assert.equal((await failure(() => tm.push(list, { subject: '127.0.0.1:1/samples/hello:amd64' }))).code, 'reference-invalid');
    // Descriptors may say where their manifests are.
    const described = { ...(await tm.resolve(`${webapp}:1.4`)), reference: `${webapp}:1.4` };
    for (const call of [() => tm.push(list, { subject: described }), () => tm.plan(list, { subject: described }), () => tm.convert(list, 'oci', { subject: described })]) {
      assert.equal((await failure(call)).code, 'reference-invalid');
    }
    // Entries come along with the list.
    const along = await tm.create(`${registry.host}/subjects/along:v1`, [`${hello}:amd64`], { oci: true });
    for (const made of [list, along]) assert.ok(tm.plan(made, { subject: made.entries[0] }));
    assert.equal((await failure(() => tm.manifest(`${hello}:elsewhere`))).code, 'not-found');
  });

  test('no tag is moved where that is not wanted', async () => {
    const list = ManifestList.from(await tm.inspect(`${hello}:latest`));
    const moving = new ManifestList(`${hello}:fixed`, list.entries.map(({ annotations, ...entry }) => entry));
    await tm.push(moving, { neverOverwrite: true });
    await tm.push(moving, { neverOverwrite: true });
    const [first] = moving.entries;
    moving.remove(first.reference);
    const refused = await failure(() => tm.push(moving, { neverOverwrite: true }));
    assert.equal(refused.code, 'tag-exists');
    assert.match(refused.message, /neverOverwrite/);
    assert.equal((await failure(() => tm.push(moving, { digestOnly: true, tags: ['fixed'], neverOverwrite: true }))).code, 'tag-exists');
    await tm.push(moving, { digestOnly: true, neverOverwrite: true });
    assert.equal((await failure(() => tm.copy(`${hello}:amd64`, `${hello}:fixed`, { neverOverwrite: true }))).code, 'tag-exists');
  });

  test('lists of other repositories that are entries come along, and so do images that are named by descriptors alone', async () => {
    const target = `${other.host}/nested/app:v1`;
    const nested = await tm.create(target, [`${webapp}:1.4`], { nest: true });
    assert.equal((await tm.push(nested, { copy: true })).digest, nested.digest);
    assert.equal((await tm.inspect(`${other.host}/nested/app@${nested.entries[0].digest}`)).kind, 'list');
    const entries = (await tm.inspect(`${hello}:latest`)).entries.map((entry) => ({ ...entry, reference: `${hello}@${entry.digest}` }));
    const list = new ManifestList(`${other.host}/described/app:v1`, entries);
    assert.equal((await tm.push(list, { copy: true })).digest, list.digest);
    assert.equal((await tm.inspect(`${other.host}/described/app:v1`, { platform: 'linux/arm64' })).kind, 'image');
  });
});

describe('copies', () => {
  test('a copy is planned, and is none where the target is that already', async () => {
    const target = `${other.host}/planned/webapp:1.4`;
    const plan = await tm.planCopy(`${webapp}:1.4`, target);
    assert.ok(plan.steps.some(({ kind }) => kind === 'copy-blob') && plan.target === target);
    assert.equal((await failure(() => tm.resolve(target))).code, 'not-found');
    assert.equal((await tm.push(plan)).digest, plan.digest);
    assert.equal(await tm.planCopy(`${webapp}:1.4`, target), undefined);
    assert.equal((await tm.planCopy(`${webapp}:1.4`, `${other.host}/planned/one:1`, { platforms: ['linux/arm64'] })).stepCount > 0, true);
  });

  test('tags that stand for digests come along', async () => {
    const { digest } = await tm.resolve(`${hello}:amd64`);
    await tm.tag(`${hello}:arm64`, `${digest.replace(':', '-')}.sig`);
    await tm.copy(`${hello}:amd64`, `${other.host}/signed/hello:amd64`, { digestTags: true });
    assert.ok(await tm.resolve(`${other.host}/signed/hello:${digest.replace(':', '-')}.sig`));
  });
});

describe('looking', () => {
  test('a tree shows entries, configs, layers and referrers', async () => {
    const tree = await tm.tree(`${webapp}:1.4`);
    assert.deepEqual([tree.role, tree.digest], ['root', (await tm.resolve(`${webapp}:1.4`)).digest]);
    const all = (node) => [node, ...node.children.flatMap(all)];
    assert.deepEqual(new Set(all(tree).map(({ role }) => role)), new Set(['root', 'entry', 'config', 'layer', 'referrer']));
    const image = await tm.tree(`${webapp}:1.4`, { platform: 'linux/arm64' });
    assert.ok(image.children.some(({ role }) => role === 'config') && !image.missing);
    assert.deepEqual(structuredClone(image), image);
  });

  test('findings name what will surprise somebody, and the entry', async () => {
    const [arm] = (await tm.inspect(`${hello}:latest`)).entries.filter(({ platform }) => platform.architecture === 'arm64');
    await tm.push(new ManifestList(`${hello}:odd`, [{ ...arm, platform: { os: 'linux', architecture: 'arm' } }]));
    const found = await tm.findings(`${hello}:odd`);
    assert.ok(found.some(({ code, entry, message }) => code === 'arm-without-variant' && entry === 0 && message), JSON.stringify(found));
    assert.ok(found.some(({ code }) => code === 'platform-differs'));
    assert.deepEqual(await tm.findings(`${hello}:amd64`), []);
    // Of entries that the registry does not have nothing is known.
    assert.ok(Array.isArray(await tm.findings(`${registry.host}/samples/sparse:1`)));
  });

  test('a rate limit is read where there is one', async () => {
    const hub = await startDevRegistry('--samples', '--profile', 'dockerhub');
    try {
      const limit = await new Tallyman().rateLimit(`${hub.host}/samples/hello:latest`);
      assert.ok(limit === undefined || limit.remaining <= limit.limit);
      assert.equal(await tm.rateLimit(`${hello}:latest`), undefined);
    } finally {
      await hub.stop();
    }
    const headers = { 'ratelimit-limit': '100;w=21600', 'ratelimit-remaining': '76;w=21600', 'docker-ratelimit-source': '192.0.2.1' };
    const client = new Tallyman({ fetch: async () => new Response(null, { status: 200, headers: { ...headers, 'docker-content-digest': `sha256:${'0'.repeat(64)}` } }) });
    assert.deepEqual(await client.rateLimit('reg.example/app'), { limit: 100, remaining: 76, seconds: 21600, source: '192.0.2.1' });
  });

  test('tags are put into an order, limited, and those of digests left out', async () => {
    const repository = `${registry.host}/samples/sorted`;
    const names = ['1.10.0', '1.9.0', 'latest', 'v2.0.0', '1.9.0-rc.1', `sha256-${'a'.repeat(64)}.sig`];
    await tm.copy(`${hello}:amd64`, `${repository}:1.9.0`);
    await tm.tag(`${repository}:1.9.0`, names);
    const tags = async (options) => {
      const found = [];
      for await (const tag of tm.tags(repository, options)) found.push(tag);
      return found;
    };
    assert.deepEqual(await tags({ sort: 'semver', digestTags: false }), ['latest', '1.9.0-rc.1', '1.9.0', '1.10.0', 'v2.0.0']);
    assert.deepEqual(await tags({ sort: 'name', limit: 2, match: /^1/ }), ['1.10.0', '1.9.0']);
    assert.equal((await tags({ limit: 3 })).length, 3);
    assert.ok((await tags({})).includes(names[5]));
    assert.equal((await tm.tags(Reference.parse(repository)).next()).done, false);
    for (const name of [`${repository}:1.9.0`, `${repository}@sha256:${'a'.repeat(64)}`, Reference.parse(`${repository}:latest`)]) {
      const refused = await failure(() => tm.tags(name).next());
      assert.equal(refused.code, 'reference-invalid');
      assert.match(refused.message, /^expected a repository without a tag or a digest, found /);
    }
  });
});

describe('lists that are described', () => {
  const described = () => ({
    image: `${registry.host}/samples/described:1.0`,
    tags: ['latest'],
    images: [`${hello}:amd64`, { image: `${hello}:arm64`, platform: { os: 'linux', architecture: 'arm64', variant: 'v8' }, annotations: { team: 'web' } }],
  });

  test('they are compared, pushed, and then the same', async () => {
    const before = await tm.apply(described(), { dryRun: true });
    assert.deepEqual([before.differs, before.applied, before.lists[0].names.map(({ digest }) => digest)], [true, false, [null, null]]);
    assert.ok(before.lists[0].changes.some(({ subject, before, after }) => subject && before === null && after));
    const events = [];
    const done = await tm.apply([described()], { onProgress: (event) => events.push(event) });
    assert.deepEqual([done.applied, events.at(-1).completed > 0], [true, true]);
    const there = await tm.inspect(`${registry.host}/samples/described:latest`);
    assert.deepEqual([there.digest, there.entries.find(({ platform }) => platform.architecture === 'arm64').platform.variant], [done.lists[0].digest, 'v8']);
    const again = await tm.apply({ lists: [described()] });
    assert.deepEqual([again.differs, again.lists[0].changes], [false, []]);
  });

  test('a list that cannot be read keeps no other from being pushed', async () => {
    const list = (tag, image) => ({ image: `${registry.host}/samples/described:${tag}`, images: [image] });
    const missing = await failure(() => tm.apply([list('lost', ':none'), list('kept', `${hello}:amd64`)]));
    assert.match(missing.message, /described:none/);
    assert.equal((await tm.inspect(`${registry.host}/samples/described:kept`)).entries.length, 1);
  });

  test('what is not as it should be is named', async () => {
    const wrong = await failure(() => tm.apply({ ...described(), imagse: [] }));
    assert.equal(wrong.code, 'list-file-invalid');
    assert.match(wrong.message, /imagse/);
    const around = described();
    around.images.push(around);
    for (const lists of [around, { ...described(), size: 1n }]) assert.equal((await failure(() => tm.apply(lists))).code, 'argument-invalid');
  });
});

describe('local lists', () => {
  test('they are copied to another name and renamed', async () => {
    const [from, to, last] = ['one', 'two', 'three'].map((tag) => `${registry.host}/samples/local:${tag}`);
    const list = await tm.create(from, [`${hello}:amd64`]);
    await tm.duplicate(from, to);
    assert.equal((await tm.load(to)).digest, list.digest);
    assert.equal((await failure(() => tm.duplicate(from, to))).code, 'list-exists');
    await tm.rename(to, last);
    assert.deepEqual([await tm.load(to), (await tm.load(last)).length], [undefined, 1]);
    assert.equal((await failure(() => tm.rename(to, from))).code, 'list-unknown');
  });

  test('fields of entries are cleared, and platforms that Docker refuses are taken', async () => {
    const image = `${hello}:arm64`;
    const list = await tm.create(`${hello}:fields`, [image]);
    list.annotate(image, { variant: 'v8', annotations: { team: 'web', owner: 'me' } });
    list.annotate(image, { clear: ['variant', 'annotation:team'] });
    const [{ platform, annotations }] = list.entries;
    assert.deepEqual([platform.variant, annotations], [undefined, { owner: 'me' }]);
    assert.equal((await failure(() => list.annotate(image, { architecture: 'loong64' }))).code, 'platform-unsupported');
    list.annotate(image, { architecture: 'loong64', anyPlatform: true });
    assert.equal(list.entries[0].platform.architecture, 'loong64');
    assert.equal((await failure(() => list.annotate(image, { clear: ['colour'] }))).code, 'argument-invalid');
  });

  test('sources are named in short, described, and taken without attestations', async () => {
    const client = new Tallyman();
    const short = await client.create(`${hello}:short`, ['amd64', (await tm.resolve(`${hello}:arm64`)).digest], { relative: true });
    assert.equal(short.length, 2);
    const [entry] = (await tm.inspect(`${hello}:latest`)).entries;
    const described = await client.create(`${hello}:described`, [{ ...entry, platform: { ...entry.platform, variant: 'v9' } }]);
    assert.deepEqual(described.entries.map(({ digest, platform }) => [digest, platform.variant]), [[entry.digest, 'v9']]);
    const bare = await client.create(`${webapp}:bare`, [`${webapp}:1.4`], { flatten: true, attestations: false });
    assert.ok(bare.entries.every(({ platform }) => platform.os !== 'unknown'));
  });
});
