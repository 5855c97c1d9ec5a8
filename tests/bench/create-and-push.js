// A program that makes a list and pushes it through the library, by way of a gateway where one is given. Prints what that took:
// `{ ms, megabytes }`, and where the program can collect its garbage (`--expose-gc`) `requests` and `alive` too, the most megabytes
// that were in use whenever another 20 requests had been made.

import { Tallyman } from '../../target/npm/tallyman/lib/node.js';

const [host, list, images, by] = JSON.parse(process.argv[2]);
const collect = globalThis.gc;
let [requests, alive] = [0, 0];

function look() {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  alive = Math.max(alive, (heapUsed + external) / 1e6);
}

const through = (url, init) => fetch(url.replace(/^\w+:\/\/[^/]+/, by), init);
const watched = (url, init) => {
  if (requests++ % 20 === 0) look();
  return fetch(url, init);
};
const client = new Tallyman({ insecure: !by, ...(by ? { fetch: through } : {}), ...(collect ? { fetch: watched } : {}) });

const start = performance.now();
await client.push(await client.create(`${host}/${list}`, images.map((image) => `${host}/${image}`)));
console.log(JSON.stringify({ ms: performance.now() - start, requests, megabytes: process.resourceUsage().maxRSS / 1000, alive }));
// Kept connections would keep it running for some seconds.
process.exit();
