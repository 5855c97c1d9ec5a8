// Gateways, and the registries that browsers need them for.

import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { runProgram, startProgram, temporaryFolder } from './child-processes.js';
import { listens } from './nginx.js';
import { freePort, spawnDistribution } from './servers.js';
import { inProject } from './test.js';

/** `secret`, as htpasswd -B writes it. */
export const USERS = 'user:$2b$05$q6Htzl/oRrw6B4usBtcNxuynbwcIAL2bRf0A8OSKNxWB.iISJwtM2\n';

/** Starts a gateway with this configuration. Files that it needs are made by `files`: names and texts. */
export async function startGateway(config, files = {}) {
  const port = await freePort();
  const folder = await temporaryFolder('tallyman-gateway-');
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const file = join(folder, 'gateway.toml');
  await writeFile(file, `listen = '127.0.0.1:${port}'\n${config.replaceAll('FOLDER', folder)}\n`);
  return started(await startProgram(inProject('target/debug/tallyman-gateway'), ['--config', file], { stdio: 'ignore' }), port, folder);
}

/** Starts CNCF Distribution without CORS headers, with the user `user` and the password `secret`, and fills it. */
export async function startWithPassword() {
  const port = await freePort();
  const folder = await temporaryFolder('tallyman-password-');
  const config = (auth) => `version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: ${join(folder, 'data')}}, delete: {enabled: true}}
http: {addr: '127.0.0.1:${port}', secret: only-for-tests}
${auth}
`;
  const file = join(folder, 'config.yml');
  const startWith = async (auth) => {
    await writeFile(file, config(auth));
    return started(await spawnDistribution(file), port, folder);
  };
  // It is filled before it asks for a password.
  const open = await startWith('');
  await runProgram(inProject('target/debug/tallyman-dev-registry'), ['fill', open.url, '--skip-unsupported']);
  await open.end();
  await writeFile(join(folder, 'users'), USERS);
  return startWith(`auth: {htpasswd: {realm: Registry, path: ${join(folder, 'users')}}}`);
}

async function started(child, port, folder) {
  await listens(port, child);
  const end = async () => {
    const ended = new Promise((resolve) => child.on('exit', resolve));
    if (child.exitCode === null && child.kill()) await ended;
  };
  const stop = async () => {
    await end();
    await rm(folder, { recursive: true });
  };
  return { url: `http://127.0.0.1:${port}`, host: `127.0.0.1:${port}`, end, stop };
}
