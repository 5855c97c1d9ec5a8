// TCP connections to one place, some of them opened before it is known what will be spoken over them.

import { connect } from 'node:net';
import { RequestFailure, endpoint } from './failure.js';

// The Docker CLI's limit.
export const connectMs = 30_000;
// Servers close connections on which nothing is said: nobody is given one that may be closing.
const keptMs = 5_000;

/** Connections that nobody uses yet. They do not keep the program running. */
export class Ahead {
  #kept = [];

  get count() {
    return this.#kept.length;
  }

  /** Keeps `socket` for a while; `ready` is a promise of it that is kept when it can be used. */
  add(socket, ready) {
    const late = setTimeout(() => end(socket), keptMs).unref();
    const forget = () => {
      clearTimeout(late);
      socket.off('close', forget);
      this.#kept = this.#kept.filter((kept) => kept.socket !== socket);
    };
    this.#kept.push({ socket, ready, forget });
    // Whoever takes it hears of failures by the promise.
    ready.catch(ignore);
    socket.on('error', ignore).on('close', forget).unref();
  }

  /** One of them, as a promise of a socket that is ready; undefined where there is none. */
  take() {
    const [first] = this.#kept;
    if (!first) return undefined;
    first.forget();
    first.socket.off('error', ignore).ref();
    return first.ready;
  }

  destroy() {
    for (const { socket } of this.#kept) end(socket);
  }
}

/** TCP connections to `{ host, port }`. */
export class Sockets {
  #target;
  #ahead = new Ahead();

  constructor(target) {
    this.#target = target;
  }

  /** How many are opened ahead. */
  get ahead() {
    return this.#ahead.count;
  }

  /** Opens connections ahead, up to `count`. */
  expect(count) {
    while (this.ahead < count) {
      const [socket, ready] = this.#open();
      this.#ahead.add(socket, ready);
    }
  }

  /** A connection: one that was opened ahead, or a new one. */
  take() {
    return this.#ahead.take() ?? this.#open()[1];
  }

  /** Ends those that nobody took. */
  destroy() {
    this.#ahead.destroy();
  }

  #open() {
    const { host, port } = this.#target;
    const late = new RequestFailure('timeout', `dial tcp ${endpoint(host, port)}: i/o timeout`, { host, port });
    const socket = connect({ host, port, noDelay: true });
    return [socket, opened(socket, 'connect', connectMs, late)];
  }
}

/** A promise of `socket` when `event` has come; it fails with `late` after `limitMs`. */
export function opened(socket, event, limitMs, late) {
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

// With an error, so that whoever waits for it to open is told.
const end = (socket) => socket.destroy(new RequestFailure('aborted', 'context canceled'));
const ignore = () => {};
