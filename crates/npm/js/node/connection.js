// Connections to one origin: straight or through a proxy, plain or with TLS, kept for the next request.

import { Agent } from 'node:http';
import { isIP } from 'node:net';
import { IdleSockets, opened } from './dial.js';
import { RequestFailure, failureOf, handshakeFailureOf } from './failure.js';
import { isSocks } from './proxy.js';
import { openTunnel } from './tunnel.js';

const connectionsMax = 32;
// The Docker CLI's limit.
const handshakeMs = 10_000;

/** Keeps the connections to one origin. They are plain unless there is something that makes a secure context. */
export class Connections extends Agent {
  #target;
  #sockets;
  #tls;
  #proxy;
  #first;
  #secured = new IdleSockets();
  #permits = connectionsMax;
  #waiting = [];
  #expected = 0;
  #idleMs;
  #idleTimers = new WeakMap();

  /**
   * `target` is `{ host, port }`; `sockets` the Sockets to it, or to the proxy. `secureContext` promises the context of TLS to the target,
   * `insecure` takes any certificate. A connection that no request uses is closed after `idleMs`. `proxy` is `{ url, tunnels, secureContext }`: `tunnels` unless it is sent the requests themselves.
   */
  constructor({ target, sockets, secureContext, insecure, proxy, idleMs }) {
    super({ keepAlive: true });
    this.#target = target;
    this.#sockets = sockets;
    this.#idleMs = idleMs;
    this.#tls = secureContext && startOfTls(target, secureContext, insecure);
    this.#proxy = proxy && { ...proxy, tls: proxy.secureContext && startOfTls(proxy.target, proxy.secureContext, false) };
  }

  /** Waits until fewer than 32 requests are under way, but for bodies that are read piece by piece. (An agent's own limit does not count connections that are being made.) */
  async acquire() {
    if (this.#permits > 0) this.#permits -= 1;
    else await new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Gives back a permit, once the request's connection has had time to become free. */
  release() {
    setImmediate(() => {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#permits += 1;
    });
  }

  /** Opens connections for `requests` that may come. For `handshakes` of them TLS is begun as soon as the first has succeeded in it. */
  preconnect(requests, handshakes) {
    if (this.#proxy) return;
    this.#expected = handshakes;
    this.#sockets.preconnect(Math.min(requests, connectionsMax) - this.totalSocketCount - this.#secured.count);
  }

  /** Ends connections that no request uses: a server with one thread may be waiting on one of them. */
  closeIdle() {
    this.#sockets.closeIdle();
    this.#secured.destroy();
    for (const socket of Object.values(this.freeSockets).flat()) socket?.destroy();
  }

  destroy() {
    this.#secured.destroy();
    super.destroy();
  }

  // Node calls these two when a connection has no request any more, and when it gets one again.
  keepSocketAlive(socket) {
    const isKept = super.keepSocketAlive(socket);
    if (isKept !== false) this.#idleTimers.set(socket, setTimeout(() => socket.destroy(), this.#idleMs).unref());
    return isKept;
  }

  reuseSocket(socket, request) {
    clearTimeout(this.#idleTimers.get(socket));
    super.reuseSocket(socket, request);
  }

  createConnection(_options, callback) {
    this.#connect().then(
      (socket) => callback(null, socket),
      (error) => callback(failureOf(error, this.#target)),
    );
  }

  // The first connection goes ahead alone: a server that answers TLS with plain HTTP is asked once, however many requests wait.
  async #connect() {
    if (!this.#tls) return this.#openPlain();
    if (!this.#first) {
      this.#first = this.#openSecure();
      this.#first.then(() => this.#secureIdle(), () => {});
      return this.#first;
    }
    try {
      await this.#first;
    } catch (error) {
      if (failureOf(error, this.#target).kind === 'plain-http') throw error;
    }
    return this.#secured.take() ?? this.#openSecure();
  }

  // To the target itself, to the proxy that is sent its requests, or through a tunnel.
  #openPlain() {
    if (!this.#proxy) return this.#sockets.take();
    const { url, tunnels, tls } = this.#proxy;
    const toProxy = async () => (tls ? (await withTls(this.#sockets.take(), tls())).ready : this.#sockets.take());
    return tunnels || isSocks(url) ? openTunnel(url, this.#target, toProxy) : toProxy();
  }

  async #openSecure() {
    // TLS has to be loaded and certificates read, which takes a while, in which the connection is made.
    return (await withTls(this.#openPlain(), this.#tls())).ready;
  }

  // Starts TLS on idle connections, for no more than the expected requests.
  #secureIdle() {
    for (let left = Math.min(this.#expected - 1, this.#sockets.idle); left > 0; left--) {
      withTls(this.#sockets.take(), this.#tls()).then((secure) => this.#secured.add(secure), () => {});
    }
  }
}

/** TLS on a connection that is being made. Where TLS cannot begin, nobody needs the connection. */
async function withTls(connecting, starting) {
  connecting.catch(() => {});
  let start;
  try {
    start = await starting;
  } catch (error) {
    connecting.then((socket) => socket.destroy(), () => {});
    throw error;
  }
  return start(await connecting);
}

/** Returns the function that begins TLS on a socket. It loads modules and reads certificates once. */
function startOfTls(target, secureContext, insecure) {
  let starting;
  return () => (starting ??= prepareTls(target, secureContext, insecure));
}

async function prepareTls({ host, port }, secureContextOf, insecure) {
  const [tls, secureContext] = await Promise.all([import('node:tls'), secureContextOf()]);
  return (socket) => {
    const secure = tls.connect({
      socket,
      host,
      servername: isIP(host) ? undefined : host,
      secureContext,
      rejectUnauthorized: !insecure,
      ALPNProtocols: ['http/1.1'],
    });
    const timedOut = new RequestFailure('timeout', 'net/http: TLS handshake timeout', { host, port });
    return {
      ready: opened(secure, 'secureConnect', handshakeMs, timedOut).catch((error) => {
        throw handshakeFailureOf(error, { host, port });
      }),
      ref: () => secure.ref(),
      unref: () => secure.unref(),
      destroy: () => secure.destroy(),
    };
  };
}
