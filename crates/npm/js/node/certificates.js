// The certificates that a connection trusts and shows: the system's, and those kept for one registry.

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext, rootCertificates } from 'node:tls';
import { RequestFailure } from './failure.js';

// Where distributions keep the authorities that the machine trusts; SSL_CERT_FILE goes before them.
const systemFiles = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/cert.pem'];

/**
 * The secure context for the registry `host` ("HOST" or "HOST:PORT"), with what stands in `folder`/`host`: `*.crt` are authorities,
 * `NAME.cert` with `NAME.key` is a certificate to show. Where any certificate is taken (`insecure`) no authority is read: that alone
 * would take longer than many a request.
 */
export function secureContextFor(host, { folder, env, insecure }) {
  const own = join(folder, host);
  const names = existsSync(own) ? readdirSync(own).sort() : [];
  const read = (name) => readFileSync(join(own, name));
  const authorities = names.filter((name) => name.endsWith('.crt')).map(read);
  const shown = names.filter((name) => name.endsWith('.cert'));
  for (const cert of shown) {
    const key = keyOf(cert);
    if (names.includes(key)) continue;
    const message = `missing key ${key} for client certificate ${cert}. CA certificates must use the extension .crt`;
    throw new RequestFailure('other', message, { host });
  }
  return createSecureContext({
    ca: insecure ? [] : [...rootCertificates, ...systemAuthorities(env), ...authorities],
    cert: shown.map(read),
    key: shown.map(keyOf).map(read),
  });
}

const keyOf = (cert) => cert.replace(/\.cert$/, '.key');

function systemAuthorities({ SSL_CERT_FILE: named }) {
  const file = named ?? systemFiles.find(existsSync);
  return file && existsSync(file) ? [readFileSync(file)] : [];
}
