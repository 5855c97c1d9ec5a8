// Eight images, each in its own repository, are made into a list and pushed, with every round trip taking 50 ms.

import { startDistribution } from '../e2e/servers.js';
import { startFarAway } from './far-away.js';
import { pushImages } from './images.js';
import { compare, leaveOut } from './measure.js';
import { dockerManifest, has, milliseconds, run, tallyman, withFolder } from './programs.js';

const registry = await startDistribution({ samples: false });
const far = await startFarAway(new URL(registry.registry).port);
const images = await pushImages(registry.registry, 8);
let lists = 0;

/** `create`, then `push`, as two calls of a command line. Nothing was in the target's repository before. */
const createAndPush = (program) => () =>
  withFolder(async (folder) => {
    const list = `${far.host}/lists/number-${lists++}:v1`;
    await far.take();
    const value = await milliseconds(async () => {
      await run(program, ['create', '--insecure', list, ...images.map((image) => `${far.host}/${image}`)], folder);
      await run(program, ['push', '--insecure', list], folder);
    });
    return { value, note: counted(await far.take()) };
  });

const counted = ({ requests, preflights, connections, tls }) =>
  [
    `${requests} requests`,
    preflights && `${preflights} of them preflights`,
    tls && `${tls} attempts at TLS`,
    `${connections} connections`,
  ]
    .filter(Boolean)
    .join(', ');

const peers = [];
if (await has('docker')) peers.push({ name: 'docker manifest', peer: true, run: createAndPush(dockerManifest) });
else leaveOut('docker manifest', 'there is no docker on this machine');

await compare({
  title: 'create and push of 8 images, 50 ms a round trip',
  unit: 'ms',
  contestants: [{ name: 'tallyman, two command lines', run: createAndPush(tallyman) }, ...peers],
  targets: (of) => [
    ['two command lines take at most 900 ms', of('tallyman, two command lines').median <= 900],
  ],
});

await far.stop();
await registry.stop();
