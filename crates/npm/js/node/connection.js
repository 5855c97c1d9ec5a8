// Connections to one origin: straight or through a proxy, plain or with TLS, kept for the next request.

import { Agent, request } from 'node:http';
import { connect, isIP } from 'node:net';
import * as tls from 'node:tls';
import { RequestFailure, endpoint, failureOf } from './failure.js';

const mostConnections = 16;
// The Docker CLI's limits.
const connectMs = 30_000;
const handshakeMs = 10_000;

/** Keeps the connections to one origin. They are plain unless there is a secure context. */
export class Connections extends Agent {
  #target;
  #secureContext;
  #insecure;
  #proxy;
  #first;
  #turns = mostConnections;
  #waiting = [];

  /** `target` is `{ host, port }`; `insecure` takes any certificate; `proxy` is a URL, for TLS alone. */
  constructor({ target, secureContext, insecure, proxy }) {
    super({ keepAlive: true });
    this.#target = target;
    this.#secureContext = secureContext;
    this.#insecure = insecure;
    this.#proxy = proxy;
  }

  /**
   * Waits until fewer than 16 requests are under way. (An agent's own limit does not count connections that are being made.)
   */
  async turn() {
    if (this.#turns > 0) this.#turns -= 1;
    else await new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Gives back a turn, once the request's connection has had time to become free. */
  done() {
    setImmediate(() => {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#turns += 1;
    });
  }

  createConnection(_options, callback) {
    this.#connect().then(
      (socket) => callback(null, socket),
      (error) => callback(failureOf(error, this.#target)),
    );
  }

  // The first connection goes ahead alone: a server that answers TLS with plain HTTP is asked once, however many requests wait.
  async #connect() {
    if (!this.#secureContext) return openPlain(this.#target);
    if (!this.#first) {
      this.#first = this.#openSecure();
      return this.#first;
    }
    try {
      await this.#first;
    } catch (error) {
      if (failureOf(error, this.#target).kind === 'plain-http') throw error;
    }
    return this.#openSecure();
  }

  async #openSecure() {
    const socket = await (this.#proxy ? openTunnel(this.#proxy, this.#target) : openPlain(this.#target));
    const { host } = this.#target;
    const secure = tls.connect({
      socket,
      host,
      servername: isIP(host) ? undefined : host,
      secureContext: this.#secureContext,
      rejectUnauthorized: !this.#insecure,
      ALPNProtocols: ['http/1.1'],
    });
    const late = new RequestFailure('timeout', 'net/http: TLS handshake timeout', this.#target);
    return opened(secure, 'secureConnect', handshakeMs, late);
  }
}

function openPlain({ host, port }) {
  const late = new RequestFailure('timeout', `dial tcp ${endpoint(host, port)}: i/o timeout`, { host, port });
  return opened(connect({ host, port, noDelay: true }), 'connect', connectMs, late);
}

function opened(socket, event, limitMs, late) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(late), limitMs);
    const settle = (then) => (value) => {
      clearTimeout(timer);
      socket.off('error', failed);
      then(value);
    };
    const failed = settle(reject);
    socket.once('error', failed);
    socket.once(event, settle(() => resolve(socket)));
  });
}

/** What a proxy wants to know of its user, as headers. */
export function proxyHeaders({ username, password }) {
  if (!username) return {};
  const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'Proxy-Authorization': `Basic ${Buffer.from(user).toString('base64')}` };
}

/** Where a proxy listens. */
export function proxyAddress({ hostname, port, protocol }) {
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (protocol === 'https:' ? 443 : 80) };
}

function openTunnel(proxy, { host, port }) {
  const target = endpoint(host, port);
  return new Promise((resolve, reject) => {
    const asked = request({
      ...proxyAddress(proxy),
      method: 'CONNECT',
      path: target,
      headers: { Host: target, ...proxyHeaders(proxy) },
      agent: false,
      timeout: connectMs,
    });
    asked.on('connect', ({ statusCode, statusMessage }, socket) => {
      if (statusCode === 200) return resolve(socket);
      socket.destroy();
      reject(new RequestFailure('other', statusMessage, { host, port }));
    });
    asked.on('timeout', () => asked.destroy(new RequestFailure('timeout', `proxyconnect tcp: i/o timeout`, { host, port })));
    asked.on('error', (error) => {
      const failure = failureOf(error, proxyAddress(proxy));
      reject(new RequestFailure(failure.kind, `proxyconnect tcp: ${failure.message}`, { ...failure, cause: error }));
    });
    asked.end();
  });
}
