// A way to a server that takes 50 ms there and back, and counts what goes over it. A process of its own, so that it does not
// share a thread with what is measured.
//
// Connecting takes a round trip, every byte half of one in either direction. The kernel accepts at once; what a client sends in
// that time leaves when the handshake would be over, so that a connection opened early costs nobody anything later.
//
// It counts round trips that come one after another, too: whatever has come back before something is sent may be why it is sent.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { RequestCounter } from './request-counter.js';

export const roundTripMs = 50;

/** Starts a way to 127.0.0.1:`port`. */
export async function startFarAway(port, ms = roundTripMs) {
  const child = fork(fileURLToPath(import.meta.url), [String(port), String(ms)]);
  const [own] = await once(child, 'message');
  const ask = async (question) => {
    child.send(question);
    const [answer] = await once(child, 'message');
    return answer;
  };
  return {
    port: own,
    host: `127.0.0.1:${own}`,
    /** `{ requests, preflights, connections, tls, rounds }` since the last call. */
    take: () => ask('take'),
    async stop() {
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}

async function serve(target, ms) {
  const counts = nothing();
  let takes = 0;
  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const server = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    const open = performance.now() + ms;
    const counter = new RequestCounter(counts);
    const connected = { take: takes, round: counts.rounds + 1 };
    let [isUsed, round] = [false, 0];
    client.on('data', (bytes) => {
      if (!isUsed) counts.connections++;
      isUsed = true;
      counter.push(bytes);
      round = Math.max(counts.rounds, connected.take === takes ? connected.round : 0) + 1;
    });
    delayed(client, server, ms / 2, open);
    delayed(server, client, ms / 2, open, () => {
      const [of, take] = [round, takes];
      return () => (counts.rounds = take === takes ? Math.max(counts.rounds, of) : counts.rounds);
    });
  });
  process.on('disconnect', () => process.exit());
  process.on('message', () => {
    process.send(counts);
    takes++;
    // The counters of open connections go on with the same object.
    Object.assign(counts, nothing());
  });
  listener.listen(0, '127.0.0.1', () => process.send(listener.address().port));
}

const nothing = () => ({ requests: 0, preflights: 0, connections: 0, tls: 0, rounds: 0 });

/** Passes on what `from` sends to `to`, `ms` later, and not before `open`. What `noted` gives is called when bytes arrive. */
function delayed(from, to, ms, open, noted = () => () => {}) {
  const queue = [];
  let timer;
  const later = (work) => {
    queue.push({ at: Math.max(performance.now(), open) + ms, work });
    timer ??= wait();
  };
  const wait = () => setTimeout(run, Math.max(0, queue[0].at - performance.now()));
  const run = () => {
    timer = undefined;
    // Timers count whole milliseconds.
    while (queue.length && queue[0].at <= performance.now() + 0.5) queue.shift().work();
    if (queue.length) timer = wait();
  };
  from.on('data', (bytes) => {
    const arrived = noted();
    later(() => {
      arrived();
      to.write(bytes);
    });
  });
  from.on('end', () => later(() => to.end()));
  from.on('error', () => later(() => to.destroy()));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await serve(Number(process.argv[2]), Number(process.argv[3]));
