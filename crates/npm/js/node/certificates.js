// The certificates that a connection trusts and shows: the system's, those that the environment names, and those kept for one registry.

import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext, rootCertificates } from 'node:tls';
import { asGo } from './folders.js';
import { RequestFailure } from './failure.js';

// Where distributions keep the authorities that the machine trusts, in one file and in folders: Go's list.
const systemFiles = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/ca-bundle.pem', '/etc/ssl/cert.pem'];
const systemFolders = ['/etc/ssl/certs', '/etc/pki/tls/certs'];

/**
 * The secure context for the server `authority` (`HOST` or `HOST:PORT`), with the files of its folder in `folder`, else with those of the
 * registry `registry`: `*.crt` are authorities, `NAME.cert` with `NAME.key` is a certificate to show. Where any certificate is taken (`insecure`) no authority is read: that alone
 * would take longer than many a request. `own` has what `readOwn` returns: further authorities, and a certificate to show in place of the folder's.
 * @throws {RequestFailure} if a file there cannot be read, or a certificate and its key are not a pair.
 */
export function secureContextFor(authority, { registry = authority, folder, own: named = {}, env, systemFolders, insecure }) {
  const own = folderOf(authority, folder) ?? folderOf(registry, folder) ?? { path: join(folder, authority), names: [] };
  try {
    const read = (name) => readFileSync(join(own.path, name));
    const shown = own.names.filter((name) => name.endsWith('.cert'));
    for (const cert of shown) if (!own.names.includes(keyOf(cert))) throw new Error(missingKey(cert));
    for (const key of own.names.filter((name) => name.endsWith('.key'))) if (!shown.includes(certOf(key))) throw new Error(missingCert(key));
    const authorities = own.names.filter((name) => name.endsWith('.crt')).flatMap((name) => certificatesIn(inGo(join(own.path, name), () => read(name))));
    return createSecureContext({
      ca: insecure ? [] : [...trusted(env, systemFolders), ...authorities, ...(named.authorities ?? [])],
      cert: shown.map((name) => inGo(join(own.path, name), () => read(name))),
      key: shown.map(keyOf).map((name) => inGo(join(own.path, name), () => read(name))),
      ...named.pair,
    });
  } catch (error) {
    throw new RequestFailure('tls', reasonOf(error, own.path), { host: authority, cause: error, code: error.code });
  }
}

/**
 * The content of files that are named for all registries, each read once, as it may be a pipe: those of further authorities, and a
 * certificate to show with its key.
 * @throws {Error} if one cannot be read, or does not have what it is named for.
 */
export function readOwn({ authorities = [], cert, key }) {
  const file = (path) => inGo(path, () => readFileSync(path));
  if (Boolean(cert) !== Boolean(key)) throw new Error(`expected both --cert and --key, found ${cert ? '--cert' : '--key'} alone`);
  const pair = cert ? { cert: [file(cert)], key: [file(key)] } : undefined;
  if (pair && certificatesIn(pair.cert[0]).length === 0) throw new Error(`tls: expected a certificate in ${cert}, found none`);
  if (pair && !/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pair.key[0].toString('latin1'))) throw new Error(`tls: expected a private key in ${key}, found none`);
  try {
    createSecureContext(pair);
  } catch (error) {
    throw new Error(reasonOf(error, cert), { cause: error });
  }
  const read = authorities.map((path) => {
    const found = certificatesIn(file(path));
    if (found.length === 0) throw new Error(`tls: expected a certificate in ${path}, found none`);
    return found;
  });
  return { authorities: read.flat(), pair };
}

const reasonOf = (error, place) =>
  error.code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH' ? `tls: private key does not match public key in ${place}` : error.message;

/** The secure context for a proxy: the system's authorities and those that the environment names. */
export const secureContextForProxy = (env, systemFolders) => createSecureContext({ ca: trusted(env, systemFolders) });

const keyOf = (cert) => cert.replace(/\.cert$/, '.key');
const certOf = (key) => key.replace(/\.key$/, '.cert');
const missingKey = (cert) => `missing key ${keyOf(cert)} for client certificate ${cert}. CA certificates must use the extension .crt`;
const missingCert = (key) => `missing client certificate ${certOf(key)} for key ${key}`;

/** The server's own folder, undefined if there is none: by the name that the URL has, else by the same place with or without the usual port. */
function folderOf(authority, folder) {
  const other = authority.endsWith(':443') ? authority.slice(0, -':443'.length) : `${authority}:443`;
  const candidates = /:\d+$/.test(authority) && !authority.endsWith(':443') ? [authority] : [authority, other];
  for (const path of candidates.map((name) => join(folder, name))) {
    const names = namesIn(path);
    if (names) return { path, names: names.sort() };
  }
  return undefined;
}

// A folder that may not be read is as good as none: nothing in it is needed by everybody.
function namesIn(path) {
  try {
    return readdirSync(path);
  } catch {
    return undefined;
  }
}

function inGo(path, read) {
  try {
    return read();
  } catch (error) {
    throw asGo('open', path, error);
  }
}

/**
 * The public authorities, and those of the system and the environment: as in Go, of the first file that can be read and of all folders.
 * What cannot be read is passed over. A certificate that stands in several places is given once, because each takes time.
 */
function trusted({ SSL_CERT_FILE: file, SSL_CERT_DIR: folders, NODE_EXTRA_CA_CERTS: extra }, ofSystem = systemFolders) {
  const first = (file ? [file] : systemFiles).reduce((found, path) => found ?? readable(path), undefined);
  const inFolders = (folders ? folders.split(':') : ofSystem).flatMap(filesIn);
  const further = (extra ? [...inFolders, extra] : inFolders).map(readable);
  const all = [rootCertificates, first, ...further].flatMap((certificates) => certificates ?? []);
  // Node's own have longer lines than those of files.
  return [...new Map(all.map((pem) => [pem.replace(/\s/g, ''), pem])).values()];
}

// The files of a folder but for links to others of them, as in Go: those are read anyway.
function filesIn(folder) {
  const isBeside = (path) => {
    try {
      return !readlinkSync(path).includes('/');
    } catch {
      return false;
    }
  };
  return (namesIn(folder) ?? []).map((name) => join(folder, name)).filter((path) => !isBeside(path));
}

// One by one: in a file, Node passes over all that stands behind a certificate that it cannot read, Go over that one alone.
const certificatesIn = (bytes) => bytes.toString('latin1').match(/-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^-]*-----END (?:TRUSTED )?CERTIFICATE-----/g) ?? [];

function readable(path) {
  try {
    return certificatesIn(readFileSync(path));
  } catch {
    return undefined;
  }
}
