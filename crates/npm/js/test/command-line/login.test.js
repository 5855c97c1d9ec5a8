// Credentials that are written where Docker reads them, and those that CI and the containers tools keep.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { command, makeConfig, run } from './support.js';

const encode = (text) => Buffer.from(text).toString('base64');

/** A registry that takes `alice:secret` alone; its host, and what it was sent. */
async function startRegistry(t) {
  const sent = [];
  const server = createServer(({ headers }, response) => {
    sent.push(headers.authorization ?? '');
    if (headers.authorization !== `Basic ${encode('alice:secret')}`) return response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="r"' }).end();
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ name: 'app', tags: ['1'] }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { host: `127.0.0.1:${server.address().port}`, sent };
}

const environment = (folder, more = {}) => ({ TALLYMAN_CONFIG: undefined, DOCKER_CONFIG: folder, HOME: folder, XDG_RUNTIME_DIR: undefined, XDG_CONFIG_HOME: undefined, ...more });

test('login writes what Docker reads, leaves the file its mode, and logout takes it out', async (t) => {
  const { host } = await startRegistry(t);
  const folder = makeConfig(t);
  const file = join(folder, 'config.json');
  writeFileSync(file, JSON.stringify({ detachKeys: 'ctrl-e' }), { mode: 0o644 });
  const options = { env: environment(folder) };
  const login = ['login', '--insecure', '--username', 'alice', '--password-stdin', host];
  const refused = await run(folder, login, { ...options, input: 'wrong\n' });
  assert.equal(refused.code, 1, refused.stderr);
  const kept = await run(folder, login, { ...options, input: 'secret\n' });
  assert.deepEqual([kept.code, kept.stdout], [0, 'Login Succeeded\n'], kept.stderr);
  const config = JSON.parse(readFileSync(file, 'utf8'));
  assert.deepEqual(config, { auths: { [host]: { auth: encode('alice:secret') } }, detachKeys: 'ctrl-e' });
  assert.equal(statSync(file).mode & 0o777, 0o644);
  assert.equal((await run(folder, ['tags', '--insecure', `${host}/app`], options)).stdout, '1\n');
  const gone = await run(folder, ['logout', host], options);
  assert.equal(gone.stdout, `Removing login credentials for ${host}\n`);
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), { auths: {}, detachKeys: 'ctrl-e' });
});

test('logins and logouts at the same time lose nothing of each other', async (t) => {
  const hosts = (await Promise.all(Array.from({ length: 8 }, () => startRegistry(t)))).map(({ host }) => host);
  const folder = join(makeConfig(t), 'docker');
  const options = { env: environment(folder), input: 'secret' };
  const login = (host) => run(folder, ['login', '--insecure', '-u', 'alice', '--password-stdin', host], options);
  const kept = () => Object.keys(JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')).auths).toSorted();
  for (const { code, stderr } of await Promise.all(hosts.map(login))) assert.equal(code, 0, stderr);
  assert.deepEqual(kept(), hosts.toSorted());
  await Promise.all(hosts.slice(0, 6).map((host) => run(folder, ['logout', host], options)));
  assert.deepEqual(kept(), hosts.slice(6).toSorted());
  assert.deepEqual(readdirSync(folder), ['config.json']);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
});

test('a credential helper keeps and forgets what it is given', async (t) => {
  const { host } = await startRegistry(t);
  const folder = makeConfig(t);
  mkdirSync(join(folder, 'bin'));
  const kept = join(folder, 'kept');
  writeFileSync(
    join(folder, 'bin', 'docker-credential-test'),
    `#!/bin/sh\ncase $1 in store) cat > ${kept};; get) cat ${kept};; erase) rm ${kept};; esac\n`,
    { mode: 0o755 },
  );
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ credsStore: 'test' }));
  const options = { env: environment(folder, { PATH: `${join(folder, 'bin')}:${process.env.PATH}` }) };
  const login = await run(folder, ['login', '--insecure', '-u', 'alice', '--password-stdin', host], { ...options, input: 'secret' });
  assert.deepEqual([login.code, login.stderr], [0, '']);
  assert.deepEqual(JSON.parse(readFileSync(kept, 'utf8')), { ServerURL: host, Username: 'alice', Secret: 'secret' });
  assert.deepEqual(JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')), { credsStore: 'test' });
  assert.equal((await run(folder, ['tags', '--insecure', `${host}/app`], options)).stdout, '1\n');
  assert.equal((await run(folder, ['logout', host], options)).stdout, `Removing login credentials for ${host}\n`);
  assert.throws(() => readFileSync(kept));
});

test('a file that is a mount, as in containers, is written in place', async (t) => {
  const { host } = await startRegistry(t);
  const folder = makeConfig(t);
  const [file, mounted] = ['config.json', 'mounted.json'].map((name) => join(folder, name));
  for (const path of [file, mounted]) writeFileSync(path, '{}');
  const mount = ['unshare', '-rm', 'sh', '-c', 'mount --bind "$0" "$1" && shift && exec "$@"', mounted, file];
  if (spawnSync(mount[0], [...mount.slice(1), 'true']).status !== 0) return t.skip('nothing can be mounted here');
  const options = { env: environment(folder), bin: [...mount, ...command], input: 'secret' };
  const login = await run(folder, ['login', '--insecure', '-u', 'alice', '--password-stdin', host], options);
  assert.equal(login.code, 0, login.stderr);
  assert.deepEqual(Object.keys(JSON.parse(readFileSync(mounted, 'utf8')).auths), [host]);
  assert.deepEqual(readdirSync(folder).toSorted(), ['config.json', 'mounted.json']);
});

test('the helper of the platform keeps credentials where no file has any', { skip: process.platform !== 'linux' }, async (t) => {
  const { host } = await startRegistry(t);
  const folder = makeConfig(t);
  mkdirSync(join(folder, 'bin'));
  const kept = join(folder, 'kept');
  writeFileSync(join(folder, 'bin', 'pass'), '#!/bin/sh\n', { mode: 0o755 });
  writeFileSync(
    join(folder, 'bin', 'docker-credential-pass'),
    `#!/bin/sh\ncase $1 in store) cat > ${kept};; get) cat ${kept};; erase) rm ${kept};; esac\n`,
    { mode: 0o755 },
  );
  const options = { env: environment(folder, { PATH: `${join(folder, 'bin')}:${process.env.PATH}` }) };
  const login = await run(folder, ['login', '--insecure', '-u', 'alice', '--password-stdin', host], { ...options, input: 'secret' });
  assert.deepEqual([login.code, login.stderr], [0, '']);
  assert.deepEqual(JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')), { credsStore: 'pass' });
  // A later file of another program does not hide it.
  const containers = join(folder, '.config', 'containers');
  mkdirSync(containers, { recursive: true });
  writeFileSync(join(containers, 'auth.json'), JSON.stringify({ auths: { 'other.example': { auth: encode('bob:other') } } }));
  assert.equal((await run(folder, ['tags', '--insecure', `${host}/app`], options)).stdout, '1\n');
  assert.equal((await run(folder, ['logout', host], options)).stdout, `Removing login credentials for ${host}\n`);
  assert.throws(() => readFileSync(kept));
});

test('a helper of the platform that does not work fails neither login nor logout', { skip: process.platform !== 'linux' }, async (t) => {
  const { host } = await startRegistry(t);
  const folder = makeConfig(t);
  mkdirSync(join(folder, 'bin'));
  for (const program of ['pass', 'docker-credential-pass']) writeFileSync(join(folder, 'bin', program), '#!/bin/sh\necho no D-Bus\nexit 1\n', { mode: 0o755 });
  const options = { env: environment(folder, { PATH: `${join(folder, 'bin')}:${process.env.PATH}` }) };
  assert.equal((await run(folder, ['logout', host], options)).stdout, `Not logged in to ${host}\n`);
  const login = await run(folder, ['login', '--insecure', '-u', 'alice', '--password-stdin', host], { ...options, input: 'secret' });
  assert.equal(login.code, 0, login.stderr);
  assert.match(login.stderr, /^WARNING: the password is stored unencrypted in .*\n$/);
  assert.equal((await run(folder, ['tags', '--insecure', `${host}/app`], options)).stdout, '1\n');
});

test('credentials of CI and of the containers tools are found, Docker\'s own first', async (t) => {
  const { host, sent } = await startRegistry(t);
  const auths = (user) => JSON.stringify({ auths: { [host]: { auth: encode(`${user}:secret`) } } });
  const folder = makeConfig(t);
  const docker = join(folder, 'docker');
  const runtime = join(folder, 'run');
  for (const path of [docker, join(runtime, 'containers'), join(folder, '.config', 'containers')]) mkdirSync(path, { recursive: true });
  const last = async (more) => {
    sent.length = 0;
    await run(folder, ['tags', '--insecure', '--retries', '0', `${host}/app`], { env: environment(docker, { HOME: folder, ...more }) });
    return Buffer.from((sent.at(-1) ?? '').replace('Basic ', ''), 'base64').toString().split(':')[0];
  };
  assert.equal(await last({}), '');
  writeFileSync(join(folder, '.config', 'containers', 'auth.json'), auths('home'));
  assert.equal(await last({}), 'home');
  writeFileSync(join(runtime, 'containers', 'auth.json'), auths('runtime'));
  assert.equal(await last({ XDG_RUNTIME_DIR: runtime }), 'runtime');
  writeFileSync(join(folder, 'named.json'), auths('named'));
  assert.equal(await last({ XDG_RUNTIME_DIR: runtime, REGISTRY_AUTH_FILE: join(folder, 'named.json') }), 'named');
  writeFileSync(join(docker, 'config.json'), auths('docker'));
  assert.equal(await last({ REGISTRY_AUTH_FILE: join(folder, 'named.json') }), 'docker');
  assert.equal(await last({ DOCKER_AUTH_CONFIG: auths('variable') }), 'variable');
  // Credentials of a namespace are used for it alone.
  const named = { REGISTRY_AUTH_FILE: join(folder, 'named.json') };
  const entries = (users) => JSON.stringify({ auths: Object.fromEntries(users.map((user) => [`${host}/${user}`, { auth: encode(`${user}:secret`) }])) });
  rmSync(join(docker, 'config.json'));
  writeFileSync(join(folder, 'named.json'), entries(['app']));
  assert.equal(await last(named), 'app');
  writeFileSync(join(folder, 'named.json'), entries(['team', 'two']));
  assert.equal(await last(named), '');
  // One folder for one call.
  const other = makeConfig(t);
  writeFileSync(join(other, 'config.json'), auths('other'));
  sent.length = 0;
  await run(folder, ['--config', other, 'tags', '--insecure', `${host}/app`], { env: environment(docker) });
  assert.match(Buffer.from(sent.at(-1).replace('Basic ', ''), 'base64').toString(), /^other:/);
});
