// A program that makes a list and pushes it through the library, by way of a gateway where one is given. Prints what that took: `{ ms, megabytes }`.

import { Tallyman } from '../../target/npm/tallyman/lib/node.js';

const [host, list, images, by] = JSON.parse(process.argv[2]);
const through = (url, init) => fetch(url.replace(/^\w+:\/\/[^/]+/, by), init);
const client = new Tallyman({ insecure: !by, ...(by ? { fetch: through } : {}) });
const start = performance.now();
await client.push(await client.create(`${host}/${list}`, images.map((image) => `${host}/${image}`)));
console.log(JSON.stringify({ ms: performance.now() - start, megabytes: process.resourceUsage().maxRSS / 1000 }));
// Kept connections would keep it running for some seconds.
process.exit();
