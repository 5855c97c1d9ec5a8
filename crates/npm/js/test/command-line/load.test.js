// Registries that take few requests or connections at a time: what Docker can do with one request after another succeeds.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { done, makeConfig, run, startFront, startMemory } from './support.js';

/** A server in front of the registry `host` that takes `most` requests at a time and has `refuse` answer the others; its host. */
function startLimited(t, host, most, refuse) {
  let underWay = 0;
  return startFront(t, host, (asked, answer) => {
    if (underWay >= most) {
      refuse(asked, answer);
      return false;
    }
    underWay += 1;
    answer.once('close', () => (underWay -= 1));
    // Long enough that others come meanwhile.
    return pause(10);
  });
}

const refusals = {
  429: (_asked, answer) => answer.writeHead(429).end('slow down'),
  503: (_asked, answer) => answer.writeHead(503).end(),
  'a reset': (asked) => asked.socket.resetAndDestroy(),
};

for (const [name, refuse] of Object.entries(refusals)) {
  for (const most of [1, 3]) {
    test(`create, inspect, push and tags succeed at a registry with ${name} above ${most} at a time`, async (t) => {
      const host = await startLimited(t, await startMemory(t, '--samples'), most, refuse);
      const config = makeConfig(t);
      const list = `${host}/samples/many:1`;
      const tags = (await done(config, ['tags', '--insecure', `${host}/samples/hello`])).trim().split('\n');
      const images = [];
      for (const tag of tags) {
        const shown = JSON.parse(await done(config, ['inspect', '--insecure', `${host}/samples/hello:${tag}`]));
        for (const { digest } of shown.manifests ?? []) images.push(`${host}/samples/hello@${digest}`);
      }
      assert.ok(images.length >= 3, images.join());
      await done(config, ['create', '--insecure', list, ...images]);
      const pushed = await done(config, ['push', '--insecure', list]);
      assert.match(pushed, /sha256:/);
      const shown = JSON.parse(await done(config, ['inspect', '--insecure', list]));
      assert.equal(shown.manifests.length, new Set(images).size);
    });
  }
}

test('Retry-After is waited for by the commands of Docker, and a wait of an hour is not', async (t) => {
  const host = await startMemory(t, '--samples', '--fault', 'too-many-requests,retry-after=1,times=1,path=/v2/*/manifests/*');
  const start = Date.now();
  await done(makeConfig(t), ['inspect', '--insecure', `${host}/samples/hello:latest`]);
  assert.ok(Date.now() - start >= 900, 'it was not waited for');
  const busy = await startMemory(t, '--samples', '--fault', 'too-many-requests,retry-after=3600,path=/v2/*/manifests/*');
  const { code, stderr } = await run(makeConfig(t), ['inspect', '--insecure', `${busy}/samples/hello:latest`]);
  assert.equal(code, 1);
  assert.match(stderr, /^toomanyrequests\b/);
});
