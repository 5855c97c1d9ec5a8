// Where the program under test differs from the recordings on purpose. Each divergence changes what is expected, no more widely
// than its reason goes. None applies when Docker itself is replayed.

import { readFileSync } from 'node:fs';
import { isSecure } from './front.js';
import { fileName } from './local-store.js';

const kept = (name) => JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8'));
const requestCounts = kept('request-counts.json');
const since284 = ['plain-http-without-insecure', 'self-signed-tls'];

export const divergences = [
  {
    reason: 'no step makes more requests than Docker, counted on 28.2.2 where the recording kept none',
    apply({ name }, { steps }) {
      requestCounts[name]?.forEach((count, index) => (steps[index].mostRequests = count));
    },
  },
  {
    reason: 'since Docker 28.4 loopback is like any other host: recorded by 28.2.2 on an address that is not loopback',
    apply({ name }, expected) {
      if (!since284.includes(name)) return;
      const recorded = kept(`since-28.4/${name}.json`);
      expected.steps = recorded.steps.map(({ requests, ...step }) => ({ ...step, mostRequests: requests.length }));
      expected.pushed = recorded.pushed.map((row) => ({ ...row, bytes: row.bytes && Buffer.from(row.bytes, 'base64') }));
    },
  },
  {
    reason: 'since Docker 28.4 a push with --insecure tries TLS on loopback too: one hello per command',
    apply({ host, steps }, expected) {
      steps.forEach(({ argv }, index) => {
        const step = expected.steps[index];
        if (isLoopback(host) && argv[0] === 'push' && isInsecure(argv) && step.mostRequests > 0) step.mostRequests += 1;
      });
    },
  },
  {
    reason: 'a refusal of plain HTTP adds a line that names --insecure',
    apply({ host, steps }, expected) {
      if (isSecure(host)) return;
      steps.forEach(({ argv }, index) => {
        const step = expected.steps[index];
        const refused = !isInsecure(argv) && step.mostRequests > 0 && /^no such manifest|server gave HTTP response/.test(step.stderr);
        if (refused) step.stderr = withLineNaming('--insecure', step.stderr);
      });
    },
  },
  {
    reason: 'a registry that has spoken TLS is not asked by plain HTTP for a list without entries, whose answer Docker prints',
    apply({ host, steps }, expected) {
      steps.forEach(({ argv }, index) => {
        const step = expected.steps[index];
        if (!isSecure(host) || argv[0] !== 'inspect' || step.stderr !== hintOfTls) return;
        const first = `no such manifest: ${references(argv).at(-1)}`;
        step.stderr = (text) => ([`${first}\n`, `${first}:latest\n`].includes(text) ? undefined : `expected ${JSON.stringify(first)}`);
      });
    },
  },
  {
    reason: 'a failed create leaves the list as it was, and one that Docker half made is not there later',
    apply({ steps }, expected) {
      const absent = new Set();
      let before = {};
      steps.forEach(({ argv }, index) => {
        const step = expected.steps[index];
        const [list, ...others] = references(argv);
        const folder = folderOf(list ?? '');
        if (argv[0] === 'create' && step.exit !== 0 && !absent.has(list)) {
          const isIn = (name) => name.startsWith(folder);
          const made = Object.keys(step.store).some((name) => isIn(name) && !(name in before));
          const kept = Object.entries(before).filter(([name]) => isIn(name));
          // Existing entries stay as they were.
          if (kept.length) step.store = { ...without(step.store, isIn), ...Object.fromEntries(kept) };
          else if (made) absent.add(list);
        } else if (argv[0] === 'create' && absent.has(list)) {
          absent.delete(list);
          Object.assign(step, { exit: 0, stdout: `Created manifest list ${list}\n`, stderr: '', mostRequests: 4 * others.length });
          step.store = Object.fromEntries(others.map((name) => [`${folder}${fileName(name)}`, undefined]));
        } else if (argv[0] === 'inspect' && absent.has(list)) {
          Object.assign(step, { exit: 1, stdout: '', stderr: `no such manifest: ${list}\n`, mostRequests: 10 });
        }
        const gone = [...absent].map(folderOf);
        step.store = without(step.store, (name) => gone.some((prefix) => name.startsWith(prefix)));
        before = step.store;
      });
    },
  },
  {
    reason: 'two references that share a file name are refused with both named, never merged in silence',
    apply({ name }, { steps }) {
      if (name !== 'colliding-file-names') return;
      const [create, inspectList, inspectEntry] = steps;
      const both = ['127.0.0.1:5077/demo/tool:1-arm', '127.0.0.1:5077/demo/tool-1:arm'];
      Object.assign(create, { exit: 1, stdout: '', stderr: naming(...both), store: {} });
      const missing = 'no such manifest: 127.0.0.1:5077/demo/tool:5\n';
      Object.assign(inspectList, { exit: 1, stdout: '', stderr: withLineNaming('--insecure', missing), store: {}, mostRequests: 2 });
      Object.assign(inspectEntry, { exit: 1, stdout: '', stderr: `No such manifest: ${both[1]}\n`, store: {} });
    },
  },
  {
    reason: 'nothing is printed as a dump of structures',
    apply(_scenario, { steps }) {
      for (const step of steps) if (/^unsupported manifest format: &\{/.test(step.stderr)) step.stderr = aSentence;
    },
  },
  {
    reason: 'the wording of help is our own: the usage line is as recorded, on the recorded stream',
    apply({ steps }, expected) {
      steps.forEach(({ argv }, index) => {
        const step = expected.steps[index];
        if (argv.length > 0 && !argv.some((argument) => ['--help', '-h', 'help'].includes(argument))) return;
        for (const stream of ['stdout', 'stderr']) if (step[stream]) step[stream] = withUsageOf(step[stream]);
      });
    },
  },
  {
    reason: 'the wording of what stands behind "invalid reference format" is our own',
    apply(_scenario, { steps }) {
      for (const step of steps) {
        const [, known, rest] = /^(.*invalid reference format).*\n([^]*)$/.exec(step.stderr) ?? [];
        const isSame = (text) => text.startsWith(known) && text.slice(text.indexOf('\n') + 1) === rest;
        if (known) step.stderr = (text) => (isSame(text) ? undefined : `expected "${known}…" and ${JSON.stringify(rest)} below`);
      }
    },
  },
];

const hintOfTls = 'unknown: Client sent an HTTP request to an HTTPS server.\n\n';
const folderOf = (list) => `${fileName(/[:@][^/]*$/.test(list) ? list : `${list}:latest`)}/`;
const isLoopback = (host) => host.startsWith('127.') || host.startsWith('localhost:');
const isInsecure = (argv) => argv.includes('--insecure');
const references = ([, ...rest]) => rest.filter((argument) => !argument.startsWith('-'));
const isOneLine = (text) => /^[^\n]+\n$/.test(text);
const without = (store, isGone) => Object.fromEntries(Object.entries(store).filter(([name]) => !isGone(name)));

const withLineNaming = (flag, first) => (text) => {
  const more = text.startsWith(first) ? text.slice(first.length) : '';
  return isOneLine(more) && more.includes(flag) ? undefined : `expected ${JSON.stringify(first)} and one line that names ${flag}`;
};

const naming = (...names) => (text) =>
  names.every((name) => text.includes(name)) ? undefined : `expected a message that names ${names.join(' and ')}`;

const aSentence = (text) =>
  isOneLine(text) && text.length < 600 && !text.includes('&{') ? undefined : 'expected one line without a dump';

const withUsageOf = (recorded) => (text) => {
  const usage = recorded.split('\n').find((line) => line.startsWith('Usage:'));
  return text.split('\n').includes(usage) ? undefined : `expected the line ${JSON.stringify(usage)}`;
};
