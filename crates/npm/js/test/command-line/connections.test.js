// Settings of the connection, against registries with TLS.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeCertificate, startHttps } from '../servers.js';
import { done, forward, isPackage, makeConfig, run, startFront, startMemory } from './support.js';

/** A registry with the samples behind TLS; what `startHttps` gives, and `asked` with the requests that came. */
async function startTls(t, options) {
  const memory = await startMemory(t, '--samples');
  const asked = [];
  const registry = await startHttps(
    t,
    (request, response) => {
      asked.push(Object.assign(request, { peer: request.socket.getPeerCertificate().subject?.CN }));
      forward(memory, request, response);
    },
    options,
  );
  return { ...registry, asked, memory };
}

test('--ca-file trusts an authority, and its absence is told with the flag', async (t) => {
  const [config, registry] = [makeConfig(t), await startTls(t)];
  const image = `${registry.host}/samples/hello`;
  const refused = await run(config, ['digest', image]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /certificate signed by unknown authority\nuse --ca-file /);
  const digest = await done(config, ['digest', '--ca-file', registry.file, image]);
  assert.equal(digest, await done(config, ['digest', '--insecure', `${registry.memory}/samples/hello`]));
  assert.equal(await done(config, ['digest', '--insecure', image]), digest);
  // In front of the command too, for Docker's own commands, and for what is pushed.
  const list = `${registry.host}/samples/hello:tls`;
  await done(config, ['--ca-file', registry.file, 'create', list, `${image}:amd64`]);
  await done(config, ['--ca-file', registry.file, 'push', list]);
  const missing = await run(config, ['digest', '--ca-file', join(config, 'none.pem'), image]);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /none\.pem: no such file or directory/);
});

test('--cert and --key show a certificate to a registry that asks for one', async (t) => {
  const [config, certificate, stranger] = [makeConfig(t), makeCertificate(t), makeCertificate(t)];
  const registry = await startTls(t, { requestCert: true, rejectUnauthorized: true, ca: certificate.cert });
  const line = ['digest', '--retries', '0', '--ca-file', registry.file, `${registry.host}/samples/hello`];
  assert.match(await done(config, [...line, '--cert', certificate.file, '--key', certificate.keyFile]), /^sha256:/);
  assert.deepEqual([...new Set(registry.asked.map(({ peer }) => peer))], ['test']);
  const without = await run(config, line);
  assert.equal(without.code, 1, without.stdout);
  // A connection may break before the alert has come.
  assert.match(without.stderr, /certificate required\nuse --cert and --key |\nuse --retries /);
  const alone = await run(config, [...line, '--cert', certificate.file]);
  // Faults of named files are reported before any request, without a hint about the registry.
  assert.equal(alone.stderr, 'expected both --cert and --key, found --cert alone\n');
  const empty = join(config, 'empty.pem');
  writeFileSync(empty, 'nothing');
  for (const [flags, fault] of [
    [['--ca-file', empty], `tls: expected a certificate in ${empty}, found none`],
    [['--cert', certificate.file, '--key', empty], `tls: expected a private key in ${empty}, found none`],
  ]) {
    const wrong = await run(config, ['digest', ...flags, `${registry.host}/samples/hello`]);
    assert.ok(wrong.code === 1 && wrong.stderr.startsWith(fault) && wrong.stderr.split('\n').length === 2, wrong.stderr);
  }
  const mixed = await run(config, [...line, '--cert', certificate.file, '--key', stranger.keyFile]);
  assert.equal(mixed.code, 1);
  assert.match(mixed.stderr, /private key does not match/);
});

test('--mirror is read first, over TLS and without the registry, and what it sends is verified', async (t) => {
  const [config, mirror] = [makeConfig(t), await startTls(t)];
  const flags = ['--ca-file', mirror.file, '--mirror', `registry.invalid=${mirror.host}`];
  const digest = (await done(config, ['digest', ...flags, 'registry.invalid/samples/hello'])).trim();
  const raw = await done(config, ['inspect', '--raw', ...flags, `registry.invalid/samples/hello@${digest}`]);
  assert.equal((await done(config, ['digest'], { input: raw })).trim(), digest);
  const config64 = await done(config, ['inspect', '--config', '--platform', 'linux/amd64', ...flags, 'registry.invalid/samples/hello']);
  assert.equal(JSON.parse(config64).architecture, 'amd64');
  assert.ok(mirror.asked.every(({ headers }) => headers.authorization === undefined));

  const liar = await startHttps(t, (request, response) => {
    response.setHeader('content-type', 'application/vnd.oci.image.index.v1+json');
    response.end('{"schemaVersion":2,"manifests":[]}');
  });
  const lied = ['--ca-file', liar.file, '--mirror', `registry.invalid=${liar.host}`];
  const refused = await run(config, ['digest', '--json', '--retries', '0', ...lied, `registry.invalid/samples/hello@${digest}`]);
  // Content of a mirror that does not match is requested from the registry itself.
  assert.equal(refused.code, 1);
  assert.equal(JSON.parse(refused.stderr).error.code, 'unreachable', refused.stderr);
});

test('--header is sent to the registry, for every command', async (t) => {
  const [config, registry] = [makeConfig(t), await startTls(t)];
  const flags = ['--ca-file', registry.file, '--header', 'X-Tenant: acme', '--header=X-Team=a=b'];
  const image = `${registry.host}/samples/hello`;
  for (const line of [['inspect', image], ['tags', image], ['copy', image, `${registry.host}/samples/copy:1`]]) {
    registry.asked.length = 0;
    await done(config, [...line, ...flags]);
    assert.ok(registry.asked.length > 0);
    for (const { headers } of registry.asked) assert.deepEqual([headers['x-tenant'], headers['x-team']], ['acme', 'a=b'], line[0]);
  }
});

test('--header stays with the registry when it redirects to another server, and is not sent to mirrors', async (t) => {
  const [config, storage, mirror] = [makeConfig(t), await startTls(t), await startTls(t)];
  const asked = [];
  const registry = await startHttps(t, (request, response) => {
    asked.push(request.headers['x-tenant']);
    if (request.url.includes('/blobs/')) response.writeHead(307, { location: `https://${storage.host}${request.url}` }).end();
    else forward(storage.memory, request, response);
  });
  const flags = ['--ca-file', registry.file, '--ca-file', storage.file, '--ca-file', mirror.file, '--header', 'X-Tenant=acme', '--platform', 'linux/amd64'];
  const shown = JSON.parse(await done(config, ['inspect', '--config', ...flags, `${registry.host}/samples/hello`]));
  assert.equal(shown.architecture, 'amd64');
  assert.deepEqual([...new Set(asked)], ['acme']);
  assert.deepEqual(storage.asked.map(({ headers }) => headers['x-tenant']), [undefined]);
  await done(config, ['inspect', '--config', ...flags, '--mirror', `registry.invalid=${mirror.host}`, 'registry.invalid/samples/hello']);
  assert.ok(mirror.asked.length > 0 && mirror.asked.every(({ headers }) => headers['x-tenant'] === undefined));
});

test('--header stays with the registry whatever places it names: of uploads, of its token service', async (t) => {
  const [config, source] = [makeConfig(t), await startTls(t)];
  const [asked, seen] = [[], []];
  const thief = await startHttps(t, (request, response) => {
    seen.push([`${request.method} ${request.url.split('?')[0]}`, request.headers['x-tenant']]);
    response.end('{"token":"T"}');
  });
  const registry = await startHttps(t, (request, response) => {
    asked.push(request.headers['x-tenant']);
    if (!request.headers.authorization) response.writeHead(401, { 'www-authenticate': `Bearer realm="https://${thief.host}/v2/token",service="r"` }).end();
    else if (request.method === 'POST') response.writeHead(202, { location: `https://${thief.host}/v2/x` }).end();
    else forward(source.memory, request, response);
  });
  const files = [registry, thief, source].flatMap(({ file }) => ['--ca-file', file]);
  const image = `${source.host}/samples/hello:amd64`;
  const copied = await run(config, ['copy', ...files, '--header', 'X-Tenant=acme', image, `${registry.host}/samples/copy:1`]);
  assert.match(copied.stderr, /blob unknown to registry/, 'they went elsewhere');
  const places = seen.map(([place]) => place);
  assert.ok(places.includes('GET /v2/token') && places.includes('PUT /v2/x'), `${places}`);
  assert.deepEqual([...new Set(seen.map(([, sent]) => sent))], [undefined]);
  for (const sent of [asked, source.asked.map(({ headers }) => headers['x-tenant'])]) assert.deepEqual([...new Set(sent)], ['acme']);
});

test('the log of --debug has no signature of a storage in it', async (t) => {
  const [config, memory] = [makeConfig(t), await startMemory(t, '--samples')];
  const storage = await startFront(t, memory, (asked, answer) => {
    answer.writeHead(200, { 'content-length': 100 }).write('{');
    setTimeout(() => answer.destroy(), 50);
    return false;
  });
  const registry = await startFront(t, memory, (asked, answer) => {
    if (!asked.url.includes('/blobs/')) return true;
    answer.writeHead(307, { location: `http://${storage}/blob?X-Amz-Signature=s3cret` }).end();
    return false;
  });
  const line = ['inspect', '--debug', '--insecure', '--retries', '1', '--config', '--platform', 'linux/amd64', `${registry}/samples/hello`];
  for (const form of [[], ['--log-format', 'json']]) {
    const { code, stderr } = await run(config, [...line, ...form]);
    assert.equal(code, 1, stderr);
    // Node reads what is short whole, and names the registry that was asked.
    assert.match(stderr, isPackage ? /retry.*unexpected EOF/ : /retry.*X-Amz-Signature=…/);
    assert.doesNotMatch(stderr, /s3cret/);
  }
});

test('the times of ls are those of the files, and the note of a push is beside the lists', async (t) => {
  const [config, registry] = [makeConfig(t), await startTls(t)];
  const flags = ['--ca-file', registry.file];
  const [list, other] = ['one', 'two'].map((tag) => `${registry.host}/samples/hello:${tag}`);
  await done(config, ['create', ...flags, list, `${registry.host}/samples/hello:amd64`]);
  const before = JSON.parse(await done(config, ['ls', '--json']))[0];
  assert.match(before.changed, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.equal(before.pushed, null);
  const digest = (await done(config, ['push', ...flags, list])).trim().split('\n').at(-1);
  const after = JSON.parse(await done(config, ['ls', '--json']))[0];
  assert.deepEqual([after.pushed.digest, after.pushed.isCurrent, after.changed], [digest, true, before.changed]);
  assert.ok(after.pushed.time >= after.changed);
  await done(config, ['rename', list, other]);
  const [renamed] = JSON.parse(await done(config, ['ls', '--json']));
  assert.deepEqual([renamed.reference, renamed.pushed], [other, after.pushed]);
  assert.match(await done(config, ['ls']), /^NAME +IMAGES  CHANGED +PUSHED +PLATFORMS\n\S+ +1  \S+Z  \S+Z  linux\/amd64\n$/);
});
