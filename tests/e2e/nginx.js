// nginx with the examples for operators, their places replaced by those of a test.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { startProgram, temporaryFolder } from './child-processes.js';
import { freePort } from './servers.js';

const dist = fileURLToPath(new URL('../../dist', import.meta.url));
const examples = fileURLToPath(new URL('../../crates/gateway/deploy/nginx/', import.meta.url));

/**
 * Starts nginx with an example. `places(folder)` gives pairs of what stands in the example and what stands in its place;
 * each must be there. The app is in the folder's `dist`. `port` is where it then listens.
 */
export async function startNginx(example, port, places) {
  const folder = await temporaryFolder('tallyman-nginx-');
  // The app may be in a folder whose name nginx takes for several words.
  await symlink(dist, join(folder, 'dist'));
  let text = await readFile(join(examples, example), 'utf8');
  for (const [theirs, ours] of await places(folder)) {
    if (!text.includes(theirs)) throw new Error(`expected ${theirs} in ${example}, found it nowhere`);
    text = text.replaceAll(theirs, ours);
  }
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const paths = temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ');
  const config = join(folder, 'nginx.conf');
  // As root, nginx would have its work done by somebody who may not read the project's folder.
  const user = process.getuid() === 0 ? 'user root;' : '';
  await writeFile(
    config,
    `${user} daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
events {}
http {
access_log off; server_names_hash_bucket_size 128; ${paths}
${text}
}
`,
  );
  const program = existsSync('/usr/sbin/nginx') ? '/usr/sbin/nginx' : 'nginx';
  const child = await startProgram(program, ['-p', folder, '-c', config], { stdio: ['ignore', 'ignore', 'inherit'] });
  await listens(port, child);
  return {
    async stop() {
      const ended = new Promise((resolve) => child.on('exit', resolve));
      if (child.exitCode === null && child.kill()) await ended;
      await rm(folder, { recursive: true });
    },
  };
}

/**
 * Serves dist/ as the example for operators has it, without TLS, with the settings that the app at `other` has. The app
 * may reach any registry on loopback.
 */
export async function startAppOfNginx(other) {
  const port = await freePort();
  const settings = await (await fetch(new URL('config.json', other))).text();
  const nginx = await startNginx('static.conf', port, async (folder) => {
    await writeFile(join(folder, 'config.json'), settings);
    return [
      ['listen 443 ssl http2', `listen 127.0.0.1:${port}`],
      ['ssl_certificate /etc/nginx/tls/example.com.pem;', ''],
      ['ssl_certificate_key /etc/nginx/tls/example.com.key;', ''],
      ["connect-src 'self' https://registry.example.com", "connect-src 'self' http://127.0.0.1:* https://127.0.0.1:* http://localhost:*"],
      ['/srv/tallyman/dist', join(folder, 'dist')],
      ['location / {', `location = /config.json { root ${folder}; }\n    location / {`],
    ];
  });
  return { app: `http://127.0.0.1:${port}/`, ...nginx };
}

/** A certificate that nobody signed, for these names. */
export function makeCertificate(folder, ...names) {
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const subject = ['-subj', '/CN=tests', '-addext', `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`];
  const how = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', ...how, ...subject, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  return { key, certificate };
}

/** Waits until somebody listens at a port. */
export async function listens(port, child) {
  for (let tries = 0; tries < 200; tries++) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with ${child.exitCode}`);
    const is = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true));
      socket.on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (is) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nobody listens at port ${port}`);
}
