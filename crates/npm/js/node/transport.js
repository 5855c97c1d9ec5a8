// How requests leave from Node.

import { request as send } from 'node:http';
import { Connections } from './connection.js';
import { decoderOf } from './decode.js';
import { Sockets } from './dial.js';
import { RequestFailure, failureOf } from './failure.js';
import { isSocks, proxyAddress, proxyFor, proxyHeaders } from './proxy.js';

// Bytes of a body that comes whole where pieces are taken too.
const wholeMax = 1024 * 1024;
// Bytes of an answer that is read to its end though nobody asked for it.
const saidMax = 4 * 1024 * 1024;
// Bytes of a body that is written at once, and of its pieces if it is longer.
const onceMax = 1024 * 1024 * 1024;
const arrayPiece = 16 * 1024 * 1024;
// Bytes of headers: Go's limit. Node's own is 16 KiB.
const headersMax = 10 * 1024 * 1024;
// Routers forget connections on which nothing is said, without a word to either end: a request on one of them would hang.
const keptIdleMs = 60_000;
// After so long without a response, connections that no request uses are closed: a server with one thread may be waiting on one.
const idleCloseMs = 1_000;
const repeatable = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']);

/** Sends requests and keeps the connections for the next ones. Redirects are answers like others. */
export class NodeTransport {
  #env;
  #certificates;
  #systemFolders;
  #own;
  #connections = new Map();
  #sockets = new Map();
  #lookup;
  #idleMs;

  /**
   * `certificates` is the folder with a folder for each registry; `systemFolders` are those of the machine's authorities, Go's unless
   * given; `own` has further authorities, and a certificate to show with its key, for all registries; `lookup`
   * resolves names, `dns.lookup` unless given; `idleMs` is how long a connection is kept that no request uses.
   */
  constructor({ env = process.env, certificates = '/etc/docker/certs.d', systemFolders, own, lookup, idleMs = keptIdleMs } = {}) {
    this.#env = env;
    this.#certificates = certificates;
    this.#systemFolders = systemFolders;
    this.#own = own;
    this.#lookup = lookup;
    this.#idleMs = idleMs;
  }

  /**
   * Sends `{ method, url, headers: [[name, value]…], body?, insecure?, certificatesOf?, signal?, pieces? }` and answers
   * `{ status, statusText, headers, url, body }`. The body that is sent is a Uint8Array, a Blob, or `{ length, next() }` with the
   * next piece from each call, undefined at the end. `insecure` takes any certificate; those of the registry `certificatesOf` count
   * where the server of the URL has none of its own. The body of the answer is a Uint8Array. With `pieces`,
   * what is long or of unknown length is an object whose `next()` gives one after another, undefined at the end; `signal` ends
   * it. How long a silence may be is for the caller to say, by `signal`. Rejects with a RequestFailure.
   */
  async request(asked) {
    const url = new URL(asked.url);
    const target = targetOf(url);
    try {
      return await this.#send(asked, url, target);
    } catch (error) {
      throw failureOf(asked.signal?.aborted ? aborted(target) : error, target);
    }
  }

  /**
   * Opens connections for so many `requests` that may be made to the server of `url` in a moment. `handshakes` of them are sure to
   * be: TLS begins for those ahead. Servers count hellos as they count requests.
   */
  preconnect(url, { insecure = false, requests, handshakes = requests }) {
    try {
      const where = new URL(url);
      this.#route(where, targetOf(where), { url, insecure }).agent.preconnect(requests, handshakes);
    } catch {
      // The request itself says what is wrong.
    }
  }

  /** Ends the connections that are kept. */
  close() {
    for (const kept of [this.#connections, this.#sockets]) {
      for (const connections of kept.values()) connections.destroy();
      kept.clear();
    }
  }

  async #send(asked, url, target) {
    const route = this.#route(url, target, asked);
    await route.agent.acquire();
    let incoming;
    try {
      if (asked.signal?.aborted) throw aborted(target);
      incoming = await answered(asked, route, target);
    } catch (error) {
      route.agent.release();
      throw error;
    }
    const head = {
      status: incoming.statusCode,
      statusText: incoming.statusMessage,
      headers: pairs(incoming.rawHeaders),
      url: asked.url,
    };
    const decoder = decoderOf(asked.method, incoming);
    if (decoder) head.headers = head.headers.filter(([name]) => !/^content-(?:encoding|length)$/i.test(name));
    const pieces = piecesOf(incoming, asked, target, decoder);
    if (asked.pieces && (decoder || isLong(asked.method, incoming)) && asked.method === 'GET') {
      // A streaming reader may take long, or stop early.
      route.agent.release();
      return { ...head, body: pieces };
    }
    incoming.once('close', () => route.agent.release());
    const body = [];
    let size = 0;
    for (let piece = await pieces.next(); piece; piece = await pieces.next()) {
      body.push(piece);
      size += piece.length;
      if (!asked.pieces || size <= saidMax) continue;
      incoming.destroy();
      throw new RequestFailure('other', `expected at most ${saidMax} bytes, found more`, target);
    }
    return { ...head, body: body.length === 1 ? body[0] : new Uint8Array(Buffer.concat(body, size)) };
  }

  // By place alone: whether a server speaks TLS is not known before it has answered.
  #socketsTo(target) {
    const key = `${target.host} ${target.port}`;
    if (!this.#sockets.has(key)) this.#sockets.set(key, new Sockets(target, this.#lookup));
    return this.#sockets.get(key);
  }

  #route(url, target, { url: written, insecure = false, certificatesOf }) {
    const secure = isSecure(url);
    const proxyUrl = proxyFor(url, this.#env);
    const tunnels = proxyUrl && (secure || isSocks(proxyUrl));
    const next = proxyUrl ? proxyAddress(proxyUrl) : target;
    const authority = authorityOf(written);
    const registry = (secure && certificatesOf) || authority;
    const key = [url.protocol, authority, registry, target.host, target.port, insecure, proxyUrl?.href].join(' ');
    let agent = this.#connections.get(key);
    if (!agent) {
      const [env, systemFolders] = [this.#env, this.#systemFolders];
      const given = { registry, folder: this.#certificates, own: this.#own, env, systemFolders, insecure };
      const contexts = () => import('./certificates.js');
      const secureContext = secure ? async () => (await contexts()).secureContextFor(authority, given) : undefined;
      const ofProxy = proxyUrl?.protocol === 'https:' ? async () => (await contexts()).secureContextForProxy(env, systemFolders) : undefined;
      const proxy = proxyUrl && { url: proxyUrl, target: next, tunnels, secureContext: ofProxy };
      agent = new Connections({ target: tunnels ? target : next, sockets: this.#socketsTo(next), secureContext, insecure, proxy, idleMs: this.#idleMs });
      this.#connections.set(key, agent);
    }
    const path = `${url.pathname}${url.search}`;
    const isSentToProxy = proxyUrl && !tunnels;
    return {
      agent,
      ...next,
      path: isSentToProxy ? `${url.origin}${path}` : path,
      headers: [['Host', url.host], ...(isSentToProxy ? Object.entries(proxyHeaders(proxyUrl)) : [])],
    };
  }
}

const targetOf = (url) => ({ host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) || (isSecure(url) ? 443 : 80) });
// Only what was asked for; an answer that nobody reads must not keep its connection.
function isLong(method, { statusCode, headers }) {
  return method === 'GET' && (statusCode === 200 || statusCode === 206) && !(Number(headers['content-length']) <= wholeMax);
}

// As it is written: a port that need not be named is part of the name that certificates are kept under.
const authorityOf = (url) => /^[a-z]+:\/\/(?:[^/?#]*@)?([^/?#]*)/i.exec(url)?.[1] ?? '';
const isSecure = (url) => url.protocol === 'https:';
const aborted = (target) => new RequestFailure('aborted', 'context canceled', target);

async function answered(asked, route, target) {
  try {
    return await exchange(asked, route);
  } catch (error) {
    // The server may close a kept connection just when it is used again, which says nothing about this request.
    const stale = error.reused && failureOf(error, target).kind === 'reset' && repeatable.has(asked.method) && !asked.body?.next;
    if (!stale) throw error;
    return exchange(asked, route);
  }
}

function exchange({ method, headers = [], body, signal }, route) {
  return new Promise((resolve, reject) => {
    const size = body?.byteLength ?? body?.size ?? body?.length ?? 0;
    const length = size || ['POST', 'PUT', 'PATCH'].includes(method) ? [['Content-Length', size]] : [];
    const given = [...route.headers, ...headers, ...length].flatMap(([name, value]) => [name, String(value)]);
    // Answers alone are read leniently, as Go's client reads them.
    const outgoing = send({ ...route, method, headers: given, maxHeaderSize: headersMax, insecureHTTPParser: true });
    // As many as their size allows: Node leaves out those behind the 2000th.
    outgoing.maxHeadersCount = 0;
    const closing = setInterval(() => route.agent.closeIdle(), idleCloseMs).unref();
    // Not by Node's own option: that one goes on to end the connection after the request has come to its end.
    const end = () => outgoing.destroy(aborted(route));
    signal?.addEventListener('abort', end);
    outgoing.on('close', () => signal?.removeEventListener('abort', end));
    outgoing.on('response', (incoming) => {
      clearInterval(closing);
      resolve(incoming);
    });
    // The request asked for no upgrade: the body ends here.
    outgoing.on('upgrade', (incoming, socket) => {
      incoming.push(null);
      resolve(incoming);
      socket.destroy();
    });
    outgoing.on('close', () => {
      clearInterval(closing);
      // Any other close without an error is the end of the connection.
      reject(new RequestFailure('reset', 'EOF', route));
    });
    outgoing.on('error', (error) => {
      error.reused = outgoing.reusedSocket;
      reject(error);
    });
    const faultOf = (bytes) => ((bytes?.byteLength ?? size) === size ? undefined : new RequestFailure('other', 'expected bytes that stay until they are sent, found a buffer that was transferred', route));
    if (body instanceof Blob) writePieces(piecesOfBlob(body), outgoing);
    else if (body?.next) writePieces(body, outgoing);
    else if (size > onceMax) writePieces(piecesOfArray(body, faultOf), outgoing);
    else {
      outgoing.end(body, () => {
        // Nothing of a buffer that a program has transferred was sent, and the server would wait for it.
        const fault = faultOf(body);
        if (fault) outgoing.destroy(fault);
      });
    }
  });
}

// A blob may be a file, which need not be in memory as a whole.
function piecesOfBlob(blob) {
  const reader = blob.stream().getReader();
  return { next: async () => (await reader.read()).value, end: () => void reader.cancel().catch(() => {}) };
}

// No platform's call takes any number of bytes.
function piecesOfArray(array, faultOf) {
  let at = 0;
  return {
    async next() {
      const fault = faultOf(array);
      if (fault) throw fault;
      return at < array.length ? array.subarray(at, (at += arrayPiece)) : undefined;
    },
  };
}

// One piece at a time, as fast as the connection takes them. A server may answer before it has read them all.
async function writePieces(body, outgoing) {
  try {
    for (let piece = await body.next(); piece && !outgoing.destroyed; piece = await body.next()) {
      if (!outgoing.write(piece)) await drained(outgoing);
    }
    outgoing.end();
  } catch (error) {
    outgoing.destroy(error);
  } finally {
    body.end?.();
  }
}

// An error or a close on one side ends the other.
function decoded(incoming, decoder) {
  incoming.on('error', (error) => decoder.destroy(error));
  decoder.on('close', () => incoming.destroy());
  return incoming.pipe(decoder);
}

// The pieces of a body: `next` gives one after another, undefined at the end. No generator of its own, which would cost another round
// of promises for each piece.
function piecesOf(incoming, { signal }, target, decoder) {
  const body = decoder ? decoded(incoming, decoder) : incoming;
  // Readers get the error. Without this listener, an error with no reader would end the program.
  body.on('error', () => {});
  const pieces = body[Symbol.asyncIterator]();
  return {
    async next() {
      try {
        const { value } = await pieces.next();
        return value && new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
      } catch (error) {
        if (signal?.aborted) throw aborted(target);
        if (error instanceof RequestFailure) throw error;
        throw new RequestFailure('reset', 'unexpected EOF', { ...target, code: error.code, cause: error });
      }
    },
  };
}

function drained(outgoing) {
  return new Promise((resolve) => {
    const done = () => {
      outgoing.off('drain', done).off('close', done);
      resolve();
    };
    outgoing.on('drain', done).on('close', done);
  });
}

function pairs(raw) {
  return Array.from({ length: raw.length / 2 }, (_, at) => [raw[2 * at], raw[2 * at + 1]]);
}
