// Credentials as the Docker CLI finds them: the same file, the same helpers, the same Authorization header, beside Docker itself
// where it is installed.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, openSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { delimiter, dirname, join } from 'node:path';
import { test } from 'node:test';
import { command, isPackage, makeConfig, run } from './support.js';

const ourCommand = [command[0], command.slice(1)];
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
  (host) => `{"auths":{"${host}":{"auth":"${alice}","identitytoken":"x"}}}`,
  (host) => `{"auths":{"${host}":{"auth":"${alice}","registrytoken":"x"}}}`,
  (host) => `{"auths":{"https://${host}?x":{"auth":"${alice}"}}}`,
  (host) => `{"auths":{"https://u@${host}/":{"auth":"${alice}"}}}`,
  (host) => `{"auths":{"HTTPS://${host}/":{"auth":"${alice}"}}}`,
  (host) => `{"auths":{"https://https://${host}/":{"auth":"${alice}"}}}`,
  (host) => `{"pruneFilters":5,"auths":{"${host}":{"auth":"${alice}"}}}`,
  (host) => `{"cliPluginsExtraDirs":["x",5],"auths":{"${host}":{"auth":"${alice}"}}}`,
  (host) => `{"plugins":{"a":{"b":5}},"auths":{"${host}":{"auth":"${alice}"}}}`,
  (host) => `{"proxies":{"default":{"httpProxy":5}},"auths":{"${host}":{"auth":"${alice}"}}}`,
  (host) => `{"auths":{"${host}":{"auth":"${alice}","serveraddress":5}}}`,
  (host) => `\ufeff{"auths":{"${host}":{"auth":"${alice}"}}}`,
  (host) => `{"auths":{"${host}":{"auth":"${alice.replace(/=+$/, '')}"}}}`,
  (host) => `{"x":${'['.repeat(11_000)}${']'.repeat(11_000)},"auths":{"${host}":{"auth":"${alice}"}}}`,
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

// Rust code that both programs share decides these cases. The native program starts ten times as fast and runs all of them.
const madeCount = isPackage ? 10 : 50;
const redirects = [301, 302, 303, 307, 308];

test('the same header is sent as by Docker, for every form of the file', { skip: !docker && 'docker is not installed' }, async (t) => {
  const registry = await startRegistry(t);
  const folder = makeConfig(t);
  mkdirSync(join(folder, 'bin'));
  for (const [name, script] of Object.entries(helpers)) {
    writeFileSync(join(folder, 'bin', `docker-credential-${name}`), `#!/bin/sh\ncat > /dev/null\n${script}\n`, { mode: 0o755 });
  }
  for (const form of [...forms, ...made(madeCount)]) {
    const text = form(registry.host);
    writeFileSync(join(folder, 'config.json'), text);
    const theirs = await sent(registry, folder, 'docker', ['manifest']);
    const ours = await sent(registry, folder, ...ourCommand);
    assert.equal(ours ?? '', theirs ?? '', text);
  }
  rmSync(join(folder, 'config.json'));
  mkdirSync(join(folder, 'config.json'));
  assert.equal((await sent(registry, folder, ...ourCommand)) ?? '', '', 'a folder in place of the file');
});

/**
 * A registry whose token service is at `/token`, which redirects to `target(host)` with `status`, and at `/token/`. Tokens are given to
 * whoever shows a password or a refresh token. `asked` collects the requests at `/token/`: method, credentials, form.
 */
async function startTokenRegistry(t, status, target) {
  const asked = [];
  const server = createServer(async (request, response) => {
    const { method, url, headers } = request;
    const body = Buffer.concat(await request.toArray()).toString();
    const path = url.split('?')[0];
    if (path === '/token') return response.writeHead(status, { Location: `${target(host)}${url.slice('/token'.length)}` }).end();
    if (path === '/token/') {
      asked.push([method, headers.authorization, /refresh_token=[^&]*/.exec(body)?.[0]]);
      const isKnown = headers.authorization || body.includes('refresh_token=');
      return isKnown ? response.end('{"token":"T","access_token":"T"}') : response.writeHead(401).end();
    }
    if (headers.authorization !== 'Bearer T') return response.writeHead(401, { 'WWW-Authenticate': `Bearer realm="http://${host}/token",service="s"` }).end();
    if (!url.includes('/manifests/')) return response.end(config);
    response.writeHead(200, { 'Content-Type': type, 'Docker-Content-Digest': digestOf(manifest) }).end(manifest);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${server.address().port}`;
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { host, asked };
}

/** Runs `inspect` with a configuration; the exit code and the requests that the token service saw. */
async function inspectBy(registry, folder, command, args) {
  registry.asked.length = 0;
  const env = { ...process.env, DOCKER_CONFIG: folder };
  delete env.TALLYMAN_CONFIG;
  const child = spawn(command, [...args, 'inspect', '--insecure', `${registry.host}/app:1`], { env, stdio: 'ignore' });
  const [code] = await once(child, 'close');
  return [code, registry.asked.slice(0, 1)];
}

test("a token service's redirects on the same site are followed with the credentials, as Docker follows them", async (t) => {
  const folder = makeConfig(t);
  const kinds = { password: { auth: alice }, token: { identitytoken: 'R' } };
  const targets = [(host) => `http://${host}/token/`, () => '/token/', () => './token/'];
  for (const status of redirects) {
    for (const target of isPackage ? [targets[redirects.indexOf(status) % 3]] : targets) {
      const registry = await startTokenRegistry(t, status, target);
      for (const [kind, entry] of Object.entries(kinds)) {
        writeFileSync(join(folder, 'config.json'), JSON.stringify({ auths: { [registry.host]: entry } }));
        const ours = await inspectBy(registry, folder, ...ourCommand);
        const label = `${kind}, ${status} ${target('HOST')}`;
        // A form is not sent again where the status makes a GET of it, so there is no refresh token then.
        const isLost = kind === 'token' && status < 307;
        assert.equal(ours[0], isLost ? 1 : 0, label);
        if (!isLost) assert.ok(ours[1][0][1] || ours[1][0][2], label);
        if (docker) assert.deepEqual(ours, await inspectBy(registry, folder, 'docker', ['manifest']), label);
      }
    }
  }
});

test("a token service's redirect to another host takes neither password nor refresh token along", async (t) => {
  const folder = makeConfig(t);
  for (const status of isPackage ? [302, 307] : redirects) {
    const elsewhere = await startTokenRegistry(t, 500, () => '');
    const registry = await startTokenRegistry(t, status, () => `http://localhost:${elsewhere.host.split(':')[1]}/token/`);
    for (const entry of [{ auth: alice }, { identitytoken: 'R' }]) {
      elsewhere.asked.length = 0;
      writeFileSync(join(folder, 'config.json'), JSON.stringify({ auths: { [registry.host]: entry } }));
      const [code] = await inspectBy(registry, folder, ...ourCommand);
      assert.equal(code, 1, `${status}`);
      for (const [, ...credentials] of elsewhere.asked) assert.deepEqual(credentials, [undefined, undefined], `${status}`);
    }
  }
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
  const child = spawn(command[0], [...command.slice(1), 'version'], { stdio: ['ignore', full, 'pipe'], env: { ...process.env, TALLYMAN_CONFIG: makeConfig(t) } });
  const said = child.stderr.toArray();
  const [code] = await once(child, 'close');
  assert.deepEqual([code, Buffer.concat(await said).toString()], [1, 'write /dev/stdout: no space left on device\n']);
});

test('programs are looked for in folders of PATH that can be read, and the others are passed over', async (t) => {
  const [registry, folder] = [await startRegistry(t), makeConfig(t)];
  // A folder that not even root can read; it stands before the folders that can be read.
  symlinkSync('endless', join(folder, 'endless'));
  const path = [join(folder, 'endless'), 'x'.repeat(300), process.env.PATH].join(delimiter);
  const env = { DOCKER_CONFIG: folder, TALLYMAN_CONFIG: undefined, PATH: path };
  const { code, stderr } = await run(folder, ['inspect', '--insecure', `${registry.host}/app:1`], { env });
  assert.match(stderr, /unauthorized|no basic auth credentials/);
  assert.equal(code, 1);
});

test('a helper of the current folder, or of one that PATH does not name whole, is not run', async (t) => {
  const folder = makeConfig(t);
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  for (const place of [folder, bin]) writeFileSync(join(place, 'docker-credential-near'), `#!/bin/sh\n: > ${join(folder, 'ran')}\n`, { mode: 0o755 });
  writeFileSync(join(folder, 'config.json'), '{"credsStore":"near"}');
  const logout = (...paths) => run(folder, ['logout', 'r.example'], { cwd: folder, env: { PATH: [...paths, dirname(process.execPath)].join(delimiter) } });
  const near = await logout('', '.', 'bin', './bin');
  assert.deepEqual([near.code, near.stderr], [1, 'exec: "docker-credential-near": executable file not found in $PATH\n']);
  assert.equal(existsSync(join(folder, 'ran')), false);
  const whole = await logout('bin', bin);
  assert.equal(whole.code, 0, whole.stderr);
  assert.equal(existsSync(join(folder, 'ran')), true);
});
