// The entry of the GitHub Action: inputs become command lines of the program, its results become outputs. Credentials are those that
// docker/login-action or `tallyman login` have left in Docker's configuration.

import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../bin/tallyman.js', import.meta.url));
const input = (name) => (process.env[`INPUT_${name.toUpperCase()}`] ?? '').trim();
const linesOf = (name) =>
  input(name)
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);

// A text in a command to the runner.
const oneLine = (text) => text.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');

/** The words of a line, which may be quoted as in a shell. */
function words(line) {
  const pieces = line.match(/(?:[^\s"']|"[^"]*"|'[^']*')+|["']/g) ?? [];
  if (pieces.some((piece) => piece === '"' || piece === "'")) throw new Error(`expected a closing quote in ${line}`);
  return pieces.map((piece) => piece.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'));
}

// As the runner's own library parses booleans: YAML's.
function isSet(name) {
  const text = input(name);
  if (/^(true|True|TRUE)$/.test(text)) return true;
  if (/^(false|False|FALSE|)$/.test(text)) return false;
  throw new Error(`expected true or false for the input ${name}, found ${text}`);
}

// The exit code of `plan` if something differs.
const differs = 2;

/** Runs the program, shows what it says, and answers what it prints. */
function run(...args) {
  console.log(`::group::tallyman ${oneLine(args.join(' '))}`);
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  // The runner takes lines that begin with `::` for commands, whoever wrote them.
  const end = `end-${randomUUID()}`;
  console.log(`::stop-commands::${end}\n${stdout ?? ''}${stderr ?? ''}\n::${end}::`);
  console.log('::endgroup::');
  if (error) throw error;
  if (status !== 0 && !(args[0] === 'plan' && status === differs)) throw new Error(failureIn(stderr) || `tallyman ${args[0]} ended with ${status}`);
  return stdout;
}

/** The messages of what the program wrote of its failure; with `--json` it writes objects. */
function failureIn(stderr) {
  const lines = stderr.trim().split('\n');
  const messages = lines.map((line) => {
    try {
      const { message, hint } = JSON.parse(line).error;
      return hint ? `${message}\n${hint}` : message;
    } catch {
      return line;
    }
  });
  return messages.join('\n');
}

function output(name, value) {
  const file = process.env.GITHUB_OUTPUT;
  if (!file) return;
  const end = `end-${randomUUID()}`;
  appendFileSync(file, `${name}<<${end}\n${value}\n${end}\n`);
}

// The inputs that a file of lists stands in place of.
const listInputs = ['list', 'images', 'platforms', 'tags', 'annotations', 'annotate', 'format'];

function applyFile(file, insecure, pushes) {
  const others = listInputs.filter((name) => input(name));
  if (others.length > 0) throw new Error(`expected file without inputs that its lists have themselves, found ${others.join(', ')}: move them into ${file}`);
  const printed = run(pushes ? 'apply' : 'plan', ...insecure, '--json', file);
  const [first] = JSON.parse(printed).lists;
  if (!first) throw new Error(`expected lists in ${file}, found none`);
  output('digest', first.digest);
  output('metadata', printed.trim());
}

function pushList(insecure, pushes) {
  const list = input('list');
  const images = linesOf('images');
  if (!list || images.length === 0) throw new Error('expected the inputs list and images, or file');
  const platforms = input('platforms');
  const annotations = linesOf('annotations').flatMap((pair) => ['--annotation', pair]);
  // Lists of the user, and of other jobs on the same machine, are neither seen nor changed.
  const folder = mkdtempSync(join(process.env.RUNNER_TEMP || tmpdir(), 'tallyman-action-'));
  process.env.TALLYMAN_LISTS = join(folder, 'manifests');
  try {
    run('create', ...insecure, '--flatten', ...(platforms ? ['--platform', platforms] : []), ...annotations, list, ...images);
    for (const line of linesOf('annotate')) run('annotate', list, ...words(line));
    const format = input('format');
    const tags = linesOf('tags').flatMap((tag) => ['--tag', tag]);
    const options = [...insecure, '--copy', ...(format ? ['--format', format] : []), ...tags];
    if (pushes) pushKept(list, options, folder);
    else output('digest', JSON.parse(run('push', ...options, '--dry-run', '--json', list)).digest);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Pushes the local list, and tells its digest and the rest, which the program writes into `folder`. */
function pushKept(list, options, folder) {
  const metadata = join(folder, 'metadata.json');
  const digest = run('push', ...options, '--metadata-file', metadata, list);
  output('digest', digest.trim().split('\n').at(-1));
  output('metadata', readFileSync(metadata, 'utf8').trim());
}

try {
  const insecure = isSet('insecure') ? ['--insecure'] : [];
  const pushes = isSet('push');
  const file = input('file');
  if (file) applyFile(file, insecure, pushes);
  else pushList(insecure, pushes);
} catch (error) {
  console.log(`::error::${oneLine(error.message)}`);
  process.exitCode = 1;
}
