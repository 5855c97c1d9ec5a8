// The recorded scenarios as tests, against one kind of registry.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ownNetwork, startWorker } from './network.js';
import { command } from './program.js';
import { allScenarios } from './scenarios.js';

/** Declares one test per scenario; `backend` is `distribution` or `memory`. */
export function replayAgainst(backend, title) {
  const network = ownNetwork();
  const env = { ...process.env, TALLYMAN_BIN: JSON.stringify(command) };
  describe(`docker manifest, replayed against ${title}`, () => {
    let worker;
    before(() => {
      worker = startWorker(network, fileURLToPath(new URL('worker.js', import.meta.url)), env);
    });
    after(() => worker.disconnect());
    for (const { name, about, host } of allScenarios()) {
      const far = !host.startsWith('127.');
      const skip = far && !network && 'this machine permits no network namespace, and only there is 192.0.2.10 an address of ours';
      test(`${name}: ${about}`, { skip }, async () => {
        worker.send({ name, backend });
        const [answer] = await once(worker, 'message');
        assert.equal(answer.error, undefined, answer.error);
        assert.equal(answer.differences.length, 0, answer.differences.join('\n'));
      });
    }
  });
}
