// A developer's tool: invents scenarios and plays each with the Docker CLI of this machine and with our program.
//
//   node tests/replay/differential.js [COUNT [FIRST-SEED]]

import { fileURLToPath } from 'node:url';
import { differences } from './compare.js';
import { expectedOf } from './expectations.js';
import { ownNetwork, startWorker } from './network.js';
import { command } from './program.js';
import { drawCommands, targetsOf } from './random-commands.js';
import { Chance, drawContents } from './random-images.js';
import { runScenario } from './run-scenario.js';

const here = fileURLToPath(import.meta.url);

function invent(seed) {
  const chance = new Chance(seed);
  const host = chance.pick(['192.0.2.10:5077', '192.0.2.10:5077', '192.0.2.10:5078']);
  const drawn = drawContents(chance);
  return {
    name: `seed ${seed}`,
    host,
    auth: chance.pick([undefined, undefined, 'basic', 'token']),
    contents: drawn.contents,
    steps: drawCommands(chance, host, drawn),
    pushed: targetsOf.map((ref) => ({ ref })),
  };
}

// After a create that failed halfway Docker's list and ours are no longer the same, by choice.
function untilHalfMade(scenario, result) {
  const before = (index) => (index ? Object.keys(result.steps[index - 1].store).length : 0);
  const at = scenario.steps.findIndex(
    ({ argv }, index) => argv[0] === 'create' && result.steps[index].exit !== 0 && Object.keys(result.steps[index].store).length > before(index),
  );
  return at < 0 ? scenario : { ...scenario, steps: scenario.steps.slice(0, at + 1) };
}

async function compare(seed) {
  const invented = invent(seed);
  const docker = { command: ['docker', 'manifest'], backend: 'distribution' };
  const scenario = untilHalfMade(invented, await runScenario(invented, docker));
  const recorded = await runScenario(scenario, docker);
  const steps = scenario.steps.map(({ argv }, index) => ({ argv, expected: recorded.steps[index] }));
  const expected = expectedOf({ ...scenario, steps, pushed: recorded.pushed });
  return differences(scenario, expected, await runScenario(scenario, { command, backend: 'distribution' }));
}

if (process.connected) {
  const [count = 100, first = 1] = process.argv.slice(2).map(Number);
  let different = 0;
  for (let seed = first; seed < first + count; seed++) {
    const found = await compare(seed);
    if (found.length) different += 1;
    for (const difference of found) console.log(`seed ${seed}: ${difference}`);
  }
  console.log(`${count} scenarios, ${different} of them with differences`);
  process.disconnect();
} else {
  const network = ownNetwork();
  if (!network) throw new Error('differential testing needs a network namespace, which this machine does not permit');
  startWorker(network, here, process.env, process.argv.slice(2));
}
