// A developer's tool: records what the Docker CLI of this machine does, in the form of the fixtures.
//
//   node tests/replay/record.js since-28.4
//     The scenarios in which loopback was special, as Docker does them since 28.4: recorded on an address that is not
//     loopback, its name replaced by the loopback one.
//   node tests/replay/record.js request-counts
//     How many requests Docker makes in each step of the scenarios that were recorded without them.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ownNetwork, startWorker } from './network.js';
import { runScenario } from './run-scenario.js';
import { allScenarios } from './scenarios.js';

const here = dirname(fileURLToPath(import.meta.url));
const docker = { command: ['docker', 'manifest'], backend: 'distribution' };
const loopbackWasSpecial = ['plain-http-without-insecure', 'self-signed-tls'];

const recordings = {
  async 'since-28.4'() {
    for (const scenario of allScenarios().filter(({ name }) => loopbackWasSpecial.includes(name))) {
      const far = elsewhere(scenario, '127.0.0.1', '192.0.2.10');
      const result = await runScenario(far, docker);
      const recorded = JSON.parse(JSON.stringify(result, bytesAsText).replaceAll('192.0.2.10', '127.0.0.1'));
      write(`since-28.4/${scenario.name}.json`, recorded);
    }
  },
  async 'request-counts'() {
    const counts = {};
    for (const scenario of allScenarios().filter(({ steps }) => !steps[0].expected.requests)) {
      const { steps } = await runScenario(scenario, docker);
      counts[scenario.name] = steps.map(({ requests }) => requests.length);
    }
    write('request-counts.json', counts);
  },
};

const elsewhere = (scenario, from, to) => ({
  ...scenario,
  host: scenario.host.replace(from, to),
  steps: scenario.steps.map((step) => ({ ...step, argv: step.argv.map((argument) => argument.replace(from, to)) })),
});

function bytesAsText(_key, value) {
  return value?.type === 'Buffer' ? Buffer.from(value.data).toString('base64') : value;
}

function write(name, value) {
  const path = join(here, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(value, undefined, 1)}\n`);
}

if (process.connected) {
  await recordings[process.argv[2]]();
  process.disconnect();
} else {
  const network = ownNetwork();
  if (!network) throw new Error('recording needs a network namespace, which this machine does not permit');
  startWorker(network, fileURLToPath(import.meta.url), process.env, process.argv.slice(2));
}
