// Connections through a proxy: by CONNECT, over HTTP or HTTPS, or by SOCKS 5.

import { request } from 'node:http';
import { isIP } from 'node:net';
import { RequestFailure, endpoint, failureOf } from './failure.js';
import { isSocks, proxyAddress, proxyHeaders, proxyUser } from './proxy.js';

const answerMs = 30_000;

/**
 * A connection to `target` through `proxy`. `connect` gives a socket to the proxy, with TLS where it speaks HTTPS.
 * @throws {RequestFailure} in the words that Go has for it.
 */
export async function openTunnel(proxy, target, connect) {
  const words = isSocks(proxy) ? `socks connect tcp ${endpointOf(proxyAddress(proxy))}->${endpointOf(target)}` : 'proxyconnect tcp';
  let socket;
  try {
    socket = await connect();
    if (isSocks(proxy)) await connectBySocks(socket, proxy, target);
    else await connectByHttp(socket, proxy, target);
    return socket;
  } catch (error) {
    socket?.destroy();
    const failure = failureOf(error, proxyAddress(proxy));
    // The proxy's own words about the target stand alone, as in Go.
    if (failure.isProxyRefusal) throw failure;
    throw new RequestFailure(failure.kind, `${words}: ${failure.message}`, { ...failure, cause: error });
  }
}

const endpointOf = ({ host, port }) => endpoint(host, port);

function connectByHttp(socket, proxy, target) {
  const to = endpointOf(target);
  return new Promise((resolve, reject) => {
    const sent = request({
      createConnection: () => socket,
      method: 'CONNECT',
      path: to,
      headers: { Host: to, ...proxyHeaders(proxy) },
      timeout: answerMs,
    });
    sent.on('connect', ({ statusCode, statusMessage }) => {
      if (statusCode === 200) return resolve();
      reject(Object.assign(new RequestFailure('other', statusMessage || `${statusCode} of the proxy`, target), { isProxyRefusal: true }));
    });
    // A proxy that answers with a body refuses, too.
    sent.on('response', ({ statusMessage }) => reject(new RequestFailure('other', statusMessage, target)));
    sent.on('timeout', () => sent.destroy(new RequestFailure('timeout', 'i/o timeout', target)));
    sent.on('error', reject);
    sent.end();
  });
}

// RFC 1928 and 1929. The package for it brings two more with it; this needs none.
const version = 5;
const [noAuthentication, byPassword] = [0, 2];
const [ipv4, name, ipv6] = [1, 3, 4];
const refusals = [
  undefined,
  'general SOCKS server failure',
  'connection not allowed by ruleset',
  'network unreachable',
  'host unreachable',
  'connection refused',
  'TTL expired',
  'command not supported',
  'address type not supported',
];

async function connectBySocks(socket, proxy, target) {
  const known = proxyUser(proxy);
  const methods = known ? [noAuthentication, byPassword] : [noAuthentication];
  socket.write(Buffer.from([version, methods.length, ...methods]));
  const [spoken, method] = await read(socket, 2);
  if (spoken !== version) throw new Error(`unexpected protocol version ${spoken}`);
  if (!methods.includes(method)) throw new Error('no acceptable authentication methods');
  if (method === byPassword) {
    socket.write(Buffer.concat([Buffer.from([1]), sized(known.user), sized(known.password)]));
    const [, status] = await read(socket, 2);
    if (status !== 0) throw new Error('username/password authentication failed');
  }
  const port = Buffer.alloc(2);
  port.writeUInt16BE(target.port);
  socket.write(Buffer.concat([Buffer.from([version, 1, 0]), addressOf(target.host), port]));
  const [, reply, , kind] = await read(socket, 4);
  if (reply !== 0) throw new Error(refusals[reply] ?? `unknown code ${reply}`);
  const length = { [ipv4]: 4, [ipv6]: 16 }[kind] ?? (await read(socket, 1))[0];
  await read(socket, length + port.length);
}

function sized(text) {
  const bytes = Buffer.from(text);
  if (bytes.length === 0 || bytes.length > 255) throw new Error('invalid username/password');
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

// Names are resolved by the proxy.
function addressOf(host) {
  if (isIP(host) === 4) return Buffer.from([ipv4, ...host.split('.').map(Number)]);
  if (isIP(host) === 6) return Buffer.concat([Buffer.from([ipv6]), bytesOfIpv6(host)]);
  return Buffer.concat([Buffer.from([name]), sized(host)]);
}

function bytesOfIpv6(address) {
  const [head, tail] = address.split('::').map((half) => (half ? half.split(':') : []));
  const zeros = tail ? Array(8 - head.length - tail.length).fill('0') : [];
  return Buffer.from([...head, ...zeros, ...(tail ?? [])].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

/** The next `size` bytes of a socket. */
function read(socket, size) {
  return new Promise((resolve, reject) => {
    const settle = (then, value) => {
      clearTimeout(timer);
      socket.off('readable', take).off('end', ended).off('error', failed);
      then(value);
    };
    const take = () => {
      const bytes = socket.read(size);
      if (bytes) settle(resolve, bytes);
    };
    const ended = () => settle(reject, new RequestFailure('reset', 'EOF'));
    const failed = (error) => settle(reject, error);
    const timer = setTimeout(() => settle(reject, new RequestFailure('timeout', 'i/o timeout')), answerMs);
    socket.on('readable', take).on('end', ended).on('error', failed);
    take();
  });
}
