// A network of one's own: loopback and 192.0.2.10, an address that is not loopback, so that the recorded hosts are always free.

import { spawn, spawnSync } from 'node:child_process';

const lay = 'ip link set lo up && ip addr add 192.0.2.10/32 dev lo && exec "$@"';

// Root may lay a network; elsewhere a user may, inside a user namespace.
const ways = [['unshare', '--net'], ['unshare', '--net', '--map-root-user']];

/** The command that gives a program such a network, or undefined where this machine does not permit it. */
export function ownNetwork() {
  const way = ways.find(([program, ...args]) => spawnSync(program, [...args, 'sh', '-c', lay, 'sh', 'true']).status === 0);
  return way && [...way, 'sh', '-c', lay, 'sh'];
}

/** Starts a module of Node behind `prefix`, with a channel for messages. */
export function startWorker(prefix, module, env, options = []) {
  const [program, ...args] = [...(prefix ?? []), process.execPath, module, ...options];
  return spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], env });
}
