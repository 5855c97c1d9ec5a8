// A program that asks for manifests with `fetch` and nothing else, some at a time. Prints what that took: `{ megabytes }`.

const [host, images, requests, atOnce] = JSON.parse(process.argv[2]);
let asked = 0;

async function ask() {
  while (asked < requests) {
    const [repository, tag] = images[asked++ % images.length].split(':');
    const answer = await fetch(`http://${host}/v2/${repository}/manifests/${tag}`, { headers: { Accept: '*/*' } });
    await answer.arrayBuffer();
  }
}

await Promise.all(Array.from({ length: atOnce }, ask));
console.log(JSON.stringify({ megabytes: process.resourceUsage().maxRSS / 1000 }));
// Kept connections would keep it running for some seconds.
process.exit();
