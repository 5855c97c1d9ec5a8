// Why a request failed, in words that say the same as Go's, which users of registries know.

import { getServers } from 'node:dns';

/**
 * A request that got no answer. `kind` is one of `plain-http`, `tls`, `handshake`, `refused`, `dns`, `timeout`, `reset`, `aborted`, `other`;
 * `message` is what Go's client says after `Get "URL": `; `code` is Node's own; `host` and `port` are what was asked for,
 * `address` the IP address that was tried, where one was.
 */
export class RequestFailure extends Error {
  name = 'RequestFailure';

  constructor(kind, message, details = {}) {
    super(message, { cause: details.cause });
    this.kind = kind;
    this.code = details.code;
    this.host = details.host;
    this.address = details.address;
    this.port = details.port;
  }
}

const unknownAuthority = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

const expired = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);

// Error codes of OpenSSL for an answer that is not TLS; they differ by version.
const noTls = new Set(['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG', 'ERR_SSL_HTTP_REQUEST']);

const connecting = {
  ECONNREFUSED: ['refused', 'connection refused'],
  EHOSTUNREACH: ['other', 'no route to host'],
  ENETUNREACH: ['other', 'network is unreachable'],
  ETIMEDOUT: ['timeout', 'connection timed out'],
};

/** The failure that one of Node's errors means, for a request to `host`:`port`. */
export function failureOf(error, { host, port }) {
  if (error instanceof RequestFailure) return error;
  // A name with several addresses fails with one error for each; Go reports the first.
  const cause = error instanceof AggregateError ? error.errors[0] : error;
  const { code, address } = cause;
  const details = { code, host, address, port: cause.port ?? port, cause: error };
  const fail = (kind, message) => new RequestFailure(kind, message, details);

  if (noTls.has(code)) return fail('plain-http', 'http: server gave HTTP response to HTTPS client');
  if (isCertificateError(code)) return fail('tls', `tls: failed to verify certificate: x509: ${certificateFault(cause, host)}`);
  if (code?.startsWith('ERR_SSL_') || code === 'EPROTO') return fail('tls', tlsFault(cause));
  if (cause.syscall === 'getaddrinfo') return fail('dns', `dial tcp: lookup ${host}${resolver()}: ${lookupFault(code)}`);
  if (cause.syscall === 'connect' && code in connecting) {
    const [kind, text] = connecting[code];
    return fail(kind, `dial tcp ${endpoint(address, details.port)}: connect: ${text}`);
  }
  if (code === 'ECONNRESET' || code === 'EPIPE') {
    return fail('reset', cause.syscall ? `${cause.syscall}: connection reset by peer` : 'EOF');
  }
  if (cause.name === 'AbortError') return fail('aborted', 'context canceled');
  return fail('other', cause.message);
}

/** The failure that an error during the TLS handshake with `target` means. */
export function handshakeFailureOf(error, target) {
  const failure = failureOf(error, target);
  return failure.kind === 'reset' ? new RequestFailure('handshake', failure.message, { ...target, code: failure.code, cause: failure.cause }) : failure;
}

// Node's own isIPv6 takes milliseconds when it is first called.
const isIPv6 = (address) => address?.split(':', 3).length === 3;

/** ADDRESS:PORT, an IPv6 address in brackets. */
export const endpoint = (address, port) => (isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`);

const isCertificateError = (code) =>
  unknownAuthority.has(code) || expired.has(code) || code === 'ERR_TLS_CERT_ALTNAME_INVALID' || /^CERT_/.test(code ?? '');

function certificateFault({ code, message, cert }, host) {
  if (unknownAuthority.has(code)) return 'certificate signed by unknown authority';
  if (expired.has(code)) return `certificate has expired or is not yet valid: ${message}`;
  if (code !== 'ERR_TLS_CERT_ALTNAME_INVALID') return message;
  if (!cert.subjectaltname) return 'certificate relies on legacy Common Name field, use SANs instead';
  const names = cert.subjectaltname.split(', ').map((name) => name.replace(/^(?:DNS|IP Address):/, ''));
  return `certificate is valid for ${names.join(', ')}, not ${host}`;
}

// OpenSSL's text is "…:error:NUMBER:SSL routines:FUNCTION:REASON:FILE:LINE:…"; `reason` is its REASON.
const tlsFault = ({ reason, message }) => (reason ? `remote error: tls: ${reason.replace(/^.*alert /, '')}` : message);

const lookupFault = (code) => (code === 'ENOTFOUND' ? 'no such host' : 'server misbehaving');

function resolver() {
  const [server] = getServers();
  return server ? ` on ${/:\d+$/.test(server) && !isIPv6(server) ? server : endpoint(server, 53)}` : '';
}
