// Credentials as the Docker CLI finds them: the same file, the same helpers, the same Authorization header, beside Docker itself
// where it is installed.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeConfig, program, run } from './support.js';

const docker = spawnSync('docker', ['manifest', '--help'], { stdio: 'ignore' }).status === 0;
const config = JSON.stringify({ architecture: 'amd64', os: 'linux' });
const digestOf = (text) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const type = 'application/vnd.docker.distribution.manifest.v2+json';
const manifest = JSON.stringify({
  schemaVersion: 2,
  mediaType: type,
  config: { mediaType: 'application/vnd.docker.container.image.v1+json', size: config.length, digest: digestOf(config) },
  layers: [],
});

/** A registry that asks for a password and takes any, or none; `asked` collects the headers of requests for manifests. */
async function startRegistry(t) {
  const asked = [];
  const server = createServer(({ url, headers }, response) => {
    if (url === '/v2/') return response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="r"' }).end();
    if (!url.includes('/manifests/')) return response.end(config);
    asked.push(headers.authorization ?? '');
    if (!headers.authorization) return response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="r"' }).end();
    response.writeHead(200, { 'Content-Type': type, 'Docker-Content-Digest': digestOf(manifest) }).end(manifest);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { host: `127.0.0.1:${server.address().port}`, asked };
}

/** The header that a program sends in the end, with a file as Docker's configuration. */
async function sent(registry, folder, command, args) {
  registry.asked.length = 0;
  const env = { ...process.env, DOCKER_CONFIG: folder, PATH: `${join(folder, 'bin')}:${process.env.PATH}` };
  delete env.TALLYMAN_CONFIG;
  const child = spawn(command, [...args, 'inspect', '--insecure', `${registry.host}/app:1`], { env, stdio: 'ignore' });
  await once(child, 'close');
  return registry.asked.at(-1);
}

const alice = Buffer.from('alice:s3cret').toString('base64');
const latin = Buffer.from('alice:p\xe4ss', 'latin1').toString('base64');

/** Files, each a function of the registry's name. Those with a fault in them are for one entry: Docker's order of several is random. */
const forms = [
  () => '',
  () => '{',
  () => 'null',
  () => '[]',
  (host) => `{"auths":{"${host}":{"auth":"${alice}"}}}`,
  (host) => `{"auths":{"http://${host}/v1/":{"auth":"${alice}"}}}`,
  (host) => `{"AUTHS":{"${host}":{"AUTH":"${alice}"}}}`,
  (host) => `{"auths":{"${host}":{"auth":"${alice}"}}} and more`,
  (host) => `{"auths":{"${host}":{"auth":"${alice}","identitytoken":null}},"credsStore":null}`,
  (host) => `{"auths":{"${host}":{"auth":"${alice.slice(0, 4)}\\n${alice.slice(4)}"}}}`,
  (host) => `{"auths":{"${host}":{"auth":"${latin}"}}}`,
  (host) => `{"auths":{"${host}":{"auth":"!"}}}`,
  (host) => `{"auths":{"${host}":{"auth":"${alice}"}},"credsStore":""}`,
  (host) => `{"auths":{"${host}":{"auth":"${alice}"}},"credsStore":"good","credHelpers":{"${host}":""}}`,
  (host) => `{"auths":{"${host}":{"auth":"${alice}"}},"credsStore":"missing"}`,
  (host) => `{"auths":{"${host}":{"auth":"${alice}"}},"credsStore":"nonsense"}`,
  (host) => `{"auths":{"${host}":{"auth":"${alice}"}},"credsStore":"fails"}`,
  (host) => `{"auths":{"${host}":{"auth":"${alice}"}},"credsStore":"nothing"}`,
  (host) => `{"credHelpers":{"${host}":"good"}}`,
  () => '{"credSstore":"good"}',
  () => '{"credsStore":"silent"}',
  () => '{"auths":null}',
  () => '{"auths":{"other":null}}',
];

const helpers = {
  good: 'echo \'{"Username":"helper","Secret":"told"}\'',
  nonsense: 'echo "<html>"',
  fails: 'echo "the keychain is locked"; exit 1',
  nothing: 'echo "credentials not found in native keychain"; exit 1',
  silent: 'exit 0',
};

/** Forms made by chance, the same in every run: names by other case, members twice, null, other kinds, what stands behind. */
function* made(count) {
  let state = 20;
  const below = (limit) => (state = (state * 48271) % 2147483647) % limit;
  const pick = (...of) => of[below(of.length)];
  const cased = (name) => [...name].map((c) => (below(3) ? c : c.toUpperCase())).join('');
  for (let at = 0; at < count; at++) {
    const entry = () => `{${[`"${cased('auth')}":${pick(`"${alice}"`, `"${latin}"`, 'null', '""', '5')}`, pick('"identitytoken":null', '"email":"x"', `"auth":"${alice}"`)].join()}}`;
    const store = () => pick('"good"', '""', 'null', '"missing"', '"nothing"', '7');
    const members = (host) => [
      `"${cased('auths')}":${pick('null', `{"${pick(host, `https://${host}`, `${host}/v2/`)}":${entry()}}`)}`,
      pick(`"${cased('credsStore')}":${store()}`, '"HttpHeaders":{}', '"psFormat":"x"'),
      pick(`"${cased('credHelpers')}":{"${host}":${pick('"good"', '""', '"fails"')}}`, '"detachKeys":null', '"plugins":{}'),
    ];
    const [before, after] = [pick('', ' \n'), pick('', ' trailing', '{}')];
    yield (host) => `${before}{${members(host).join()}}${after}`;
  }
}

test('the same header is sent as by Docker, for every form of the file', { skip: !docker && 'docker is not installed' }, async (t) => {
  const registry = await startRegistry(t);
  const folder = makeConfig(t);
  mkdirSync(join(folder, 'bin'));
  for (const [name, script] of Object.entries(helpers)) {
    writeFileSync(join(folder, 'bin', `docker-credential-${name}`), `#!/bin/sh\ncat > /dev/null\n${script}\n`, { mode: 0o755 });
  }
  for (const form of [...forms, ...made(50)]) {
    const text = form(registry.host);
    writeFileSync(join(folder, 'config.json'), text);
    const theirs = await sent(registry, folder, 'docker', ['manifest']);
    const ours = await sent(registry, folder, process.execPath, [program]);
    assert.equal(ours ?? '', theirs ?? '', text);
  }
  rmSync(join(folder, 'config.json'));
  mkdirSync(join(folder, 'config.json'));
  assert.equal((await sent(registry, folder, process.execPath, [program])) ?? '', '', 'a folder in place of the file');
});

test('a fault of the file or a helper is one warning, and the command goes on', async (t) => {
  const registry = await startRegistry(t);
  const folder = makeConfig(t);
  for (const text of ['{', '{"credsStore":"nowhere-at-all"}', '{"credsStore":"../x"}']) {
    writeFileSync(join(folder, 'config.json'), text);
    const { stderr } = await run(folder, ['inspect', '--insecure', `${registry.host}/app:1`]);
    assert.equal(stderr.match(/^WARNING: /gm)?.length, 1, stderr);
  }
});

test('a full disk is one sentence and the exit code of a failure', async (t) => {
  const full = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, [program, 'version'], { stdio: ['ignore', full, 'pipe'], env: { ...process.env, TALLYMAN_CONFIG: makeConfig(t) } });
  const said = child.stderr.toArray();
  const [code] = await once(child, 'close');
  assert.deepEqual([code, Buffer.concat(await said).toString()], [1, 'write /dev/stdout: no space left on device\n']);
});
