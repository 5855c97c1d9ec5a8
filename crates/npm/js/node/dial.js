// TCP connections to one server, some of them opened before it is known what will be spoken over them.

import { lookup as systemLookup } from 'node:dns';
import { connect } from 'node:net';
import { RequestFailure, endpoint } from './failure.js';

// The Docker CLI's limit for all addresses of a name together.
const connectMs = 30_000;
// How long an address is tried alone before the next one is tried beside it: Go's figure for RFC 8305. Node's own is 250 ms, after
// which it gives the address up: one lost packet, and a registry that is there cannot be reached.
const attemptMs = 300;
// Servers close connections on which nothing is said: nobody is given one that may be closing.
const idleMs = 5_000;
// Bytes that a connection reads ahead of whoever takes them. With Node's 16 KiB it stops and starts at every piece of a blob.
const readAhead = 256 * 1024;

/** One connection that is being made, by every address of the host until one of them answers. */
export class Dial {
  /** Resolves to the socket; rejects with the failure of the first address once all have failed. */
  ready;
  #target;
  #settle;
  #sockets = new Map();
  #timers = new Set();
  #isReferenced = true;

  /** `target` is `{ host, port }`, `lookup` the resolver, `dns.lookup` unless a test gives another one. */
  constructor(target, lookup = systemLookup) {
    this.#target = target;
    this.ready = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    const { host, port } = target;
    this.#after(connectMs, () => this.destroy(new RequestFailure('timeout', `dial tcp ${endpoint(host, port)}: i/o timeout`, target)));
    lookup(host, { all: true, verbatim: true }, (error, addresses) => {
      if (!this.#settle) return;
      if (error) this.#end('reject', error);
      else this.#race(interleaved(addresses), []);
    });
  }

  /** Lets the program end while this is still under way. */
  unref() {
    this.#isReferenced = false;
    for (const open of [...this.#sockets.keys(), ...this.#timers]) open.unref();
  }

  /** Keeps the program running again. */
  ref() {
    this.#isReferenced = true;
    for (const open of [...this.#sockets.keys(), ...this.#timers]) open.ref();
  }

  /** Gives up with `reason`. */
  destroy(reason = new RequestFailure('aborted', 'context canceled')) {
    this.#end('reject', reason);
  }

  // Each address is tried until it answers or fails; the next one joins in after a while, or at once where one has failed.
  #race(addresses, failures) {
    const [address, ...rest] = addresses;
    const socket = connect({ host: address, port: this.#target.port, noDelay: true, highWaterMark: readAhead });
    if (!this.#isReferenced) socket.unref();
    let next;
    const joinNext = () => {
      if (!next) return;
      clearTimeout(next);
      next = undefined;
      this.#race(rest, failures);
    };
    if (rest.length > 0) next = this.#after(attemptMs, joinNext);
    this.#sockets.set(socket, () => socket.off('connect', connected).off('error', failed));
    const connected = () => this.#end('resolve', socket);
    const failed = (error) => {
      this.#sockets.delete(socket);
      failures.push(error);
      if (next) joinNext();
      else if (this.#sockets.size === 0) this.#end('reject', failures[0]);
    };
    socket.once('connect', connected).once('error', failed);
  }

  #after(delay, work) {
    const timer = setTimeout(work, delay);
    if (!this.#isReferenced) timer.unref();
    this.#timers.add(timer);
    return timer;
  }

  #end(how, value) {
    if (!this.#settle) return;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const [socket, detach] of this.#sockets) {
      detach();
      if (socket !== value) socket.on('error', ignore).destroy();
    }
    this.#settle[how](value);
    this.#settle = undefined;
  }
}

/** The addresses with their families in turn, beginning with the resolver's first. */
function interleaved(addresses) {
  const byFamily = new Map();
  for (const { address, family } of addresses) byFamily.set(family, [...(byFamily.get(family) ?? []), address]);
  const lists = [...byFamily.values()];
  const longest = Math.max(...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, at) => lists.flatMap((list) => list.slice(at, at + 1))).flat();
}

/** Connections that no request uses yet. They do not keep the program running. */
export class IdleSockets {
  #kept = new Set();

  /** The number of connections. */
  get count() {
    return this.#kept.size;
  }

  /** Keeps `opening`, which has `ready`, `ref`, `unref` and `destroy`, for a while. */
  add(opening) {
    const kept = { opening };
    kept.forget = () => {
      clearTimeout(timer);
      this.#kept.delete(kept);
      kept.socket?.off('error', ignore).off('close', kept.forget);
    };
    const timer = setTimeout(() => this.#drop(kept), idleMs).unref();
    this.#kept.add(kept);
    opening.unref();
    opening.ready.then((socket) => {
      if (!this.#kept.has(kept)) return;
      if (socket.destroyed) return kept.forget();
      kept.socket = socket.on('error', ignore).on('close', kept.forget);
      socket.unref();
    }, kept.forget);
  }

  /** A promise of one of them; `undefined` if there is none. */
  take() {
    const [first] = this.#kept;
    if (!first) return undefined;
    first.forget();
    first.opening.ref();
    first.socket?.ref();
    return first.opening.ready;
  }

  /** Ends them all. */
  destroy() {
    for (const kept of [...this.#kept]) this.#drop(kept);
  }

  #drop(kept) {
    kept.forget();
    kept.opening.destroy();
    kept.socket?.on('error', ignore).destroy();
  }
}

/** TCP connections to `{ host, port }`. */
export class Sockets {
  #target;
  #lookup;
  #idle = new IdleSockets();
  #dials = new Set();
  #open = new Set();

  constructor(target, lookup) {
    this.#target = target;
    this.#lookup = lookup;
  }

  /** The number of connections opened ahead. */
  get idle() {
    return this.#idle.count;
  }

  /** Opens connections ahead until there are `count`. */
  preconnect(count) {
    while (this.idle < count) this.#idle.add(this.#dial());
  }

  /** A promise of a connection: one that was opened ahead, or a new one. */
  take() {
    return this.#idle.take() ?? this.#dial().ready;
  }

  /** Ends the connections that were opened ahead. */
  closeIdle() {
    this.#idle.destroy();
  }

  /** Ends every connection, whoever has it. */
  destroy() {
    this.#idle.destroy();
    for (const dial of this.#dials) dial.destroy();
    for (const socket of this.#open) socket.destroy();
  }

  #dial() {
    const dial = new Dial(this.#target, this.#lookup);
    this.#dials.add(dial);
    dial.ready
      .then((socket) => {
        this.#open.add(socket);
        socket.once('close', () => this.#open.delete(socket));
      }, ignore)
      .finally(() => this.#dials.delete(dial));
    return dial;
  }
}

/** A promise of `socket` once `event` has come; it fails with `timedOut` after `limitMs`. */
export function opened(socket, event, limitMs, timedOut) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(timedOut), limitMs);
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

const ignore = () => {};
