// Connections to one origin: straight or through a proxy, plain or with TLS, kept for the next request.

import { Agent, request } from 'node:http';
import { isIP } from 'node:net';
import { RequestFailure, endpoint, failureOf } from './failure.js';
import { Ahead, connectMs, opened } from './sockets.js';

const mostConnections = 32;
// The Docker CLI's limit.
const handshakeMs = 10_000;

/** Keeps the connections to one origin. They are plain unless there is something that makes a secure context. */
export class Connections extends Agent {
  #target;
  #sockets;
  #secureContext;
  #secure;
  #insecure;
  #proxy;
  #first;
  #secured = new Ahead();
  #turns = mostConnections;
  #waiting = [];
  #expected = 0;

  /** `target` is `{ host, port }`, `sockets` its Sockets; `secureContext` promises a context; `insecure` takes any certificate; `proxy` is a URL, for TLS alone. */
  constructor({ target, sockets, secureContext, insecure, proxy }) {
    super({ keepAlive: true });
    this.#target = target;
    this.#sockets = sockets;
    this.#secureContext = secureContext;
    this.#insecure = insecure;
    this.#proxy = proxy;
  }

  /**
   * Waits until fewer than 32 requests are under way. (An agent's own limit does not count connections that are being made.)
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

  /** Opens connections for `requests` that will come. */
  expect(requests) {
    if (this.#proxy) return;
    this.#expected = requests;
    this.#sockets.expect(Math.min(requests, mostConnections) - this.totalSocketCount - this.#secured.count);
  }

  destroy() {
    this.#secured.destroy();
    super.destroy();
  }

  createConnection(_options, callback) {
    this.#connect().then(
      (socket) => callback(null, socket),
      (error) => callback(failureOf(error, this.#target)),
    );
  }

  // The first connection goes ahead alone: a server that answers TLS with plain HTTP is asked once, however many requests wait.
  async #connect() {
    if (!this.#secureContext) return this.#sockets.take();
    if (!this.#first) {
      this.#first = this.#openSecure();
      this.#first.then(() => this.#secureAhead(), () => {});
      return this.#first;
    }
    try {
      await this.#first;
    } catch (error) {
      if (failureOf(error, this.#target).kind === 'plain-http') throw error;
    }
    return this.#secured.take() ?? this.#openSecure();
  }

  async #openSecure() {
    const connecting = this.#proxy ? openTunnel(this.#proxy, this.#target) : this.#sockets.take();
    // TLS has to be loaded and certificates read, which takes a while, in which the connection is made.
    this.#secure ??= this.#securing();
    const [socket, secure] = await Promise.all([connecting, this.#secure]);
    return secure(socket)[1];
  }

  // What was opened ahead turns out to be for TLS. Handshakes are not for what may not be needed.
  #secureAhead() {
    for (let left = Math.min(this.#expected, this.#sockets.ahead); left > 0; left--) {
      Promise.all([this.#sockets.take(), this.#secure]).then(
        ([socket, secure]) => this.#secured.add(...secure(socket)),
        () => {},
      );
    }
  }

  // What begins TLS on a socket: gives the secure socket, and a promise of it that is kept when it can be used.
  async #securing() {
    const [tls, secureContext] = await Promise.all([import('node:tls'), this.#secureContext()]);
    const { host } = this.#target;
    return (socket) => {
      const secure = tls.connect({
        socket,
        host,
        servername: isIP(host) ? undefined : host,
        secureContext,
        rejectUnauthorized: !this.#insecure,
        ALPNProtocols: ['http/1.1'],
      });
      const late = new RequestFailure('timeout', 'net/http: TLS handshake timeout', this.#target);
      return [secure, opened(secure, 'secureConnect', handshakeMs, late)];
    };
  }
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
