// The documents: their links lead somewhere, and their command lines work against the registry of `cargo xtask demo`.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { startDevRegistry } from '../e2e/servers.js';
import { command, inShell } from './program.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const typed = `${inShell(command)} `;
/** The registry that the documents name. */
const DEMO = '127.0.0.1:5050';

const documents = ['README.md', 'SECURITY.md', 'crates/ARCHITECTURE.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)]
  .filter((name) => name.endsWith('.md'))
  .map((name) => ({ name, text: readFileSync(join(root, name), 'utf8') }));

/** The anchor of a heading, as hosts of repositories make it. */
const anchor = (heading) => heading.trim().toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');

function anchors(file) {
  return [...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchor(heading));
}

for (const { name, text } of documents) {
  test(`the links of ${name} lead somewhere`, () => {
    const links = [...text.matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)].map(([, link]) => link);
    for (const link of links) {
      const [path, fragment] = link.split('#');
      const target = path ? join(root, dirname(name), path) : join(root, name);
      assert.ok(existsSync(target), `${link}: there is no ${relative(root, target)}`);
      if (fragment) assert.ok(anchors(target).includes(fragment), `${link}: ${relative(root, target)} has no such heading`);
    }
  });
}

/** Runs a command line in a folder as a shell does, and returns its exit code and output. */
function run(line, cwd, environment) {
  return new Promise((resolve) => {
    const child = spawn('sh', ['-c', line], { cwd, env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => (output += piece));
    child.on('close', (code) => resolve({ code, output }));
  });
}

/** The lines of a document that call the program on the registry of the demonstration. */
function commandLines(text) {
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```/gms)].map(([, block]) => block);
  const lines = blocks.flatMap((block) => block.replaceAll('\\\n', ' ').split('\n'));
  return lines.filter((line) => line.startsWith('tallyman ') && line.includes(DEMO));
}

for (const { name, text } of documents.filter(({ text }) => commandLines(text).length > 0)) {
  test(`the command lines of ${name} work`, async (t) => {
    const registry = await startDevRegistry('--samples');
    const folder = await mkdtemp(join(tmpdir(), 'tallyman-documents-'));
    t.after(async () => {
      await registry.stop();
      await rm(folder, { recursive: true });
    });
    for (const line of commandLines(text)) {
      const actual = line.replaceAll(DEMO, registry.host).replace(/^tallyman /, () => typed);
      const { code, output } = await run(actual, folder, { TALLYMAN_CONFIG: folder });
      assert.equal(code, 0, `${line}\n${output}`);
    }
  });
}
