// A list is read, checked and written again, byte for byte: ours against JSON.parse, zod and JSON.stringify.

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { buildList } from '../../target/npm/tallyman/lib/node.js';
import { compare } from './measure.js';
import { microseconds } from './hashers.js';

const listType = 'application/vnd.docker.distribution.manifest.list.v2+json';
const imageType = 'application/vnd.docker.distribution.manifest.v2+json';
const platforms = [
  { architecture: 'amd64', os: 'linux' },
  { architecture: 'arm64', os: 'linux' },
  { architecture: 'arm', os: 'linux', variant: 'v7' },
  { architecture: 'amd64', os: 'windows', 'os.version': '10.0.20348.2700' },
];

function listOf(count) {
  const manifests = Array.from({ length: count }, (_, number) => ({
    mediaType: imageType,
    size: 500 + number,
    digest: `sha256:${createHash('sha256').update(String(number)).digest('hex')}`,
    platform: platforms[number % platforms.length],
  }));
  return new TextEncoder().encode(JSON.stringify({ schemaVersion: 2, mediaType: listType, manifests }, null, 3));
}

const checked = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.literal(listType),
  manifests: z.array(
    z.object({
      mediaType: z.string(),
      size: z.number().int().nonnegative(),
      digest: z.string().regex(/^(sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/),
      platform: z.object({
        architecture: z.string(),
        os: z.string(),
        'os.version': z.string().optional(),
        'os.features': z.array(z.string()).optional(),
        variant: z.string().optional(),
      }),
    }),
  ),
});

const [decoder, encoder] = [new TextDecoder(), new TextEncoder()];
const contestants = {
  tallyman: (bytes) => buildList(bytes).bytes,
  'JSON.parse, zod, JSON.stringify': (bytes) =>
    encoder.encode(JSON.stringify(checked.parse(JSON.parse(decoder.decode(bytes))), null, 3)),
  'JSON.parse, JSON.stringify, no checks': (bytes) => encoder.encode(JSON.stringify(JSON.parse(decoder.decode(bytes)), null, 3)),
};

for (const count of [20, 1000, 10_000]) {
  const bytes = listOf(count);
  for (const [name, rebuild] of Object.entries(contestants)) {
    if (Buffer.compare(rebuild(bytes), bytes) !== 0) throw new Error(`${name}: expected the same bytes again`);
  }
  await compare({
    title: `a list of ${count} entries read, checked and written`,
    unit: 'µs',
    runs: 9,
    warmUp: true,
    contestants: Object.entries(contestants).map(([name, rebuild]) => ({
      name,
      peer: name !== 'tallyman',
      bound: name.endsWith('no checks'),
      run: async () => ({ value: await microseconds(() => String(rebuild(bytes).length), 150), note: `${bytes.length} bytes` }),
    })),
    targets: (of) => [['at least twice as fast as zod', of('JSON.parse, zod, JSON.stringify').ratio >= 2]],
    summary: () => (count === 10_000 ? [{ what: 'a list of 10,000 entries read, checked and written by the library', ours: 'tallyman' }] : []),
  });
}
