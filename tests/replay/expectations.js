// Expected results of the program under test: the recording, with the program's name and the chosen divergences.

import { divergences } from './divergences.js';

/** The recorded outcome, which Docker itself must reproduce to the request. */
export function recordedExactly(scenario) {
  const steps = scenario.steps.map(({ expected }) => ({ ...expected, mostRequests: Infinity }));
  return { steps, pushed: scenario.pushed };
}

/** The outcome that the program under test must have. */
export function expectedOf(scenario) {
  const expected = {
    steps: scenario.steps.map(({ expected: step }) => ({
      exit: step.exit,
      stdout: ownName(step.stdout),
      stderr: ownName(step.stderr),
      store: { ...step.store },
      mostRequests: step.requests?.length ?? Infinity,
    })),
    pushed: scenario.pushed.map((row) => ({ ...row })),
  };
  for (const divergence of divergences) divergence.apply(scenario, expected);
  return expected;
}

/** `tallyman` stands where `docker manifest` stood, and a message that begins `docker:` begins `tallyman:`. */
export const ownName = (text) => text.replaceAll('docker manifest', 'tallyman').replace(/^docker:/gm, 'tallyman:');
