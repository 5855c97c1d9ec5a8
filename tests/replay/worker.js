// Runs scenarios for a test process, in a network of its own: told { name, backend }, answers { differences } or { error }.

import { differences } from './compare.js';
import { expectedOf, recordedExactly } from './expectations.js';
import { command } from './program.js';
import { runScenario } from './run-scenario.js';
import { allScenarios } from './scenarios.js';

const scenarios = new Map(allScenarios().map((scenario) => [scenario.name, scenario]));

process.on('message', async ({ name, backend }) => {
  const scenario = scenarios.get(name);
  const isDocker = command[0] === 'docker';
  try {
    const expected = isDocker ? recordedExactly(scenario) : expectedOf(scenario);
    const result = await runScenario(scenario, { command, backend });
    process.send({ differences: differences(scenario, expected, result) });
  } catch (error) {
    process.send({ error: error.stack });
  }
});
