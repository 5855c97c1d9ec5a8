// Gateways, as the tests start them.

import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startProgram, temporaryFolder } from '../e2e/child-processes.js';
import { listens } from '../e2e/nginx.js';
import { freePort } from '../e2e/servers.js';
import { selfSigned } from '../replay/certificate.js';

const program = fileURLToPath(new URL('../../target/release/tallyman-gateway', import.meta.url));

/** Starts a gateway, with the registry at `url` as `lab`; with TLS, by a certificate that nobody else has signed. */
export async function startGateway(url, { tls = false } = {}) {
  const folder = await temporaryFolder('tallyman-bench-');
  const [config, certificate, key] = ['gateway.toml', 'certificate.pem', 'key.pem'].map((name) => join(folder, name));
  const port = await freePort();
  const lines = [`listen = '127.0.0.1:${port}'`, `[[registries]]`, `name = 'lab'`, `url = '${url}'`];
  if (tls) {
    const made = selfSigned();
    await Promise.all([writeFile(certificate, made.cert), writeFile(key, made.key)]);
    lines.push('[tls]', `certificate = '${certificate}'`, `key = '${key}'`);
  }
  await writeFile(config, lines.join('\n'));
  const child = await startProgram(program, ['--config', config], { stdio: 'ignore' });
  await listens(port, child);
  const origin = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`;
  const stop = () => {
    child.kill();
    return rm(folder, { recursive: true });
  };
  return { origin, lab: `${origin}/r/lab`, protocol: tls ? 'h2' : 'http/1.1', stop };
}
