// Shared parts of the command line's tests: the program, registries with and without images, a configuration of its own.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { command, inShell, isPackage, packageProgram } from '../../../../../tests/replay/program.js';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

export { command, inShell, isPackage, packageProgram };

const devRegistry = path('../../../../../target/debug/tallyman-dev-registry');

/** An in-memory registry; its host. */
export async function startMemory(t, ...args) {
  const child = spawn(devRegistry, ['--addr', '127.0.0.1:0', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill());
  const [line] = await once(createInterface(child.stdout), 'line');
  return line.split('//')[1];
}

/**
 * A server in front of the registry `host`; its host. A request goes on when the promise that `delays(request, response)` gives is
 * there, unless that is `false`: then `delays` has seen to the response.
 */
export async function startFront(t, host, delays) {
  const server = createServer(async (asked, answer) => {
    if ((await delays(asked, answer)) !== false) forward(host, asked, answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${server.address().port}`;
}

/** Has the registry `host` answer a request. */
export function forward(host, asked, answer) {
  const [name, port] = host.split(':');
  const onward = request({ host: name, port, path: asked.url, method: asked.method, headers: asked.headers });
  onward.on('response', (response) => {
    answer.writeHead(response.statusCode, response.rawHeaders);
    response.pipe(answer);
  });
  onward.on('error', () => answer.destroy());
  asked.pipe(onward);
}

/** A folder for the configuration and the local lists, gone after the test. */
export function makeConfig(t) {
  const config = mkdtempSync(join(tmpdir(), 'tallyman-command-line-'));
  t.after(() => rmSync(config, { recursive: true, force: true }));
  return config;
}

/** Starts the program. */
export function start(config, args, { env = {}, bin = command, ...options } = {}) {
  return spawn(bin[0], [...bin.slice(1), ...args], { env: { ...process.env, NO_COLOR: undefined, TALLYMAN_CONFIG: config, ...env }, ...options });
}

/** Runs the program; `{ code, stdout, stderr }`. */
export async function run(config, args, { input = '', ...options } = {}) {
  const child = start(config, args, options);
  const seen = { stdout: [], stderr: [] };
  for (const name of Object.keys(seen)) child[name].on('data', (piece) => seen[name].push(piece));
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [code, signal] = await once(child, 'close');
  return { code: code ?? signal, stdout: Buffer.concat(seen.stdout).toString(), stderr: Buffer.concat(seen.stderr).toString() };
}

/** Runs the program, which must succeed and say nothing on the standard error; what it printed. */
export async function done(config, args, options) {
  const { code, stdout, stderr } = await run(config, args, options);
  if (code !== 0 || stderr !== '') throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
  return stdout;
}

/** Returns a manifest as a registry has it: `{ bytes, mediaType }`. */
export async function manifest(host, repository, target) {
  const accept = ['docker.distribution.manifest.list.v2', 'docker.distribution.manifest.v2', 'oci.image.index.v1', 'oci.image.manifest.v1'];
  const headers = { accept: accept.map((name) => `application/vnd.${name}+json`).join(', ') };
  const response = await fetch(`http://${host}/v2/${repository}/manifests/${target}`, { headers });
  if (!response.ok) throw new Error(`${repository}:${target} is answered with ${response.status}`);
  return { bytes: Buffer.from(await response.arrayBuffer()), mediaType: response.headers.get('content-type') };
}

/** All files below a folder with their contents. */
export function contents(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(files.map(({ name, parentPath, path }) => join(parentPath ?? path, name)).sort().map((file) => [file, readFileSync(file, 'utf8')]));
}
