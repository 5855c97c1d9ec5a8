// Which proxy the environment names for a URL, by the rules that Go's programs follow.

import { BlockList, isIP, isIPv6 } from 'node:net';
import { RequestFailure } from './failure.js';

const schemes = new Set(['http:', 'https:', 'socks5:', 'socks5h:']);

/**
 * The URL of the proxy for `url`, or undefined: `HTTPS_PROXY` and `HTTP_PROXY` by the scheme, unless `NO_PROXY` names the host.
 * Loopback is never reached through a proxy.
 * @throws {RequestFailure} if the variable names no proxy that can be used.
 */
export function proxyFor(url, env) {
  const variable = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const setting = either(env, variable);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (!setting || isLoopback(host) || isExcepted(host, url.port || defaultPort(url), either(env, 'NO_PROXY'))) return undefined;
  const proxy = parsed(/^[a-z0-9+.-]+:\/\//i.test(setting) ? setting : `http://${setting}`);
  if (proxy?.hostname && schemes.has(proxy.protocol)) return proxy;
  // The value may hold a password.
  throw new RequestFailure('setting', `expected ${variable} to be a URL such as http://HOST:PORT, https://… or socks5://…, found something else`, { host });
}

function parsed(text) {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/** Returns the address of a proxy: `{ host, port }`. */
export function proxyAddress({ hostname, port, protocol }) {
  const usual = { 'http:': 80, 'https:': 443 }[protocol] ?? 1080;
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || usual };
}

/** The proxy's user and password; `undefined` if its URL has none. */
export function proxyUser({ username, password }) {
  if (!username) return undefined;
  return { user: unescaped(username), password: unescaped(password) };
}

/** Decodes what is escaped in a part of a URL. A `%` that begins no escape stands for itself. */
function unescaped(text) {
  return text.replace(/(?:%[\da-f]{2})+/gi, (escapes) => Buffer.from(escapes.replaceAll('%', ''), 'hex').toString());
}

/** The headers by which a proxy knows its user. */
export function proxyHeaders(proxy) {
  const known = proxyUser(proxy);
  if (!known) return {};
  return { 'Proxy-Authorization': `Basic ${Buffer.from(`${known.user}:${known.password}`).toString('base64')}` };
}

/** `true` if a proxy speaks SOCKS. */
export const isSocks = ({ protocol }) => protocol.startsWith('socks');

const either = (env, name) => env[name] || env[name.toLowerCase()];
const defaultPort = (url) => (url.protocol === 'https:' ? '443' : '80');

function isLoopback(host) {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function isExcepted(host, port, exceptions = '') {
  return exceptions
    .split(',')
    .map((exception) => exception.trim().toLowerCase())
    .filter(Boolean)
    .some((exception) => matches(host.toLowerCase(), port, exception));
}

function matches(host, port, exception) {
  if (exception === '*') return true;
  if (exception.includes('/')) return isIP(host) > 0 && isInNetwork(host, exception);
  const [, name, onlyPort] = /^(\[[^\]]*\]|[^:]*|.*:.*:.*?)(?::(\d+))?$/.exec(exception) ?? [];
  if (name === undefined || (onlyPort && onlyPort !== port)) return false;
  const bare = name.replace(/^\[|\]$/g, '').replace(/^\*\./, '.');
  if (isIP(bare)) return host === bare;
  return bare.startsWith('.') ? host.endsWith(bare) : host === bare || host.endsWith(`.${bare}`);
}

function isInNetwork(host, network) {
  const [address, prefix] = network.split('/');
  if (!isIP(address) || !/^\d{1,3}$/.test(prefix) || Number(prefix) > (isIPv6(address) ? 128 : 32)) return false;
  const list = new BlockList();
  list.addSubnet(address, Number(prefix), isIPv6(address) ? 'ipv6' : 'ipv4');
  return list.check(host, isIPv6(host) ? 'ipv6' : 'ipv4');
}
