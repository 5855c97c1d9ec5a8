// The registries of the tests that call the library as a program would.

import { after } from 'node:test';
import { startDevRegistry } from '../e2e/servers.js';

/** Starts a registry with samples and one that lists no referrers, for all tests of a file. */
export async function startRegistries() {
  const [registry, other] = await Promise.all([startDevRegistry('--samples'), startDevRegistry('--no-referrers')]);
  after(() => Promise.all([registry.stop(), other.stop()]));
  return { registry, other, hello: `${registry.host}/samples/hello`, webapp: `${registry.host}/samples/webapp` };
}
