// The registries that tests of the client share.

import { startDevRegistry } from '../e2e/servers.js';

/** Starts a registry with samples, and an empty one without the API of referrers; `stop` ends both. */
export async function startSampleRegistries() {
  const [registry, other] = await Promise.all([startDevRegistry('--samples'), startDevRegistry('--no-referrers')]);
  const samples = `${registry.host}/samples`;
  return { registry, other, hello: `${samples}/hello`, webapp: `${samples}/webapp`, stop: () => Promise.all([registry.stop(), other.stop()]) };
}
