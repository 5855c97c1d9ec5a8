// The recorded scenarios as tests, against one kind of registry.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ownNetwork, startWorker } from './network.js';
import { command } from './program.js';
import { allScenarios } from './scenarios.js';

/** The number of scenarios at once, each in a network of its own: they wait for their programs and registries. */
const AT_ONCE = 2;

/** Declares one test per scenario; `backend` is `distribution` or `memory`. */
export function replayAgainst(backend, title) {
  const network = ownNetwork();
  const env = { ...process.env, TALLYMAN_BIN: JSON.stringify(command) };
  // In one network the hosts of two scenarios would be the same address.
  const concurrency = network ? AT_ONCE : 1;
  describe(`docker manifest, replayed against ${title}`, { concurrency }, () => {
    const idle = [];
    before(() => {
      const module = fileURLToPath(new URL('worker.js', import.meta.url));
      for (let count = 0; count < concurrency; count++) idle.push(startWorker(network, module, env));
    });
    after(() => idle.forEach((worker) => worker.disconnect()));
    for (const { name, about, host } of allScenarios()) {
      const far = !host.startsWith('127.');
      const skip = far && !network && 'this machine permits no network namespace, and only there is 192.0.2.10 an address of ours';
      test(`${name}: ${about}`, { skip }, async () => {
        const worker = idle.pop();
        worker.send({ name, backend });
        const [answer] = await once(worker, 'message');
        idle.push(worker);
        assert.equal(answer.error, undefined, answer.error);
        assert.equal(answer.differences.length, 0, answer.differences.join('\n'));
      });
    }
  });
}
