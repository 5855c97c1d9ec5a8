// The scripts that complete command lines, in the shells themselves.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { command, done, inShell, makeConfig, startMemory } from './support.js';

async function scriptFor(t, shell) {
  const config = makeConfig(t);
  const file = join(config, `completion.${shell}`);
  writeFileSync(file, await done(config, ['completion', shell]));
  return { config, file };
}

const commands = [
  'annotate', 'apply', 'cat', 'catalog', 'completion', 'copy', 'create', 'delete', 'digest', 'duplicate', 'export', 'files', 'index', 'inspect',
  'login', 'logout', 'ls', 'man', 'plan', 'push', 'ratelimit', 'referrers', 'remove', 'rename', 'rm', 'serve', 'tags', 'untag', 'version', 'waste',
];

test('bash completes commands, flags, values and files', async (t) => {
  const { config, file } = await scriptFor(t, 'bash');
  const completed = (...words) => {
    const script = `source ${file}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tallyman; printf '%s\\n' "\${COMPREPLY[@]}"; complete -p tallyman >/dev/null`;
    const shown = execFileSync('bash', ['--norc', '-c', script, 'bash', 'tallyman', ...words], { cwd: config }).toString();
    return shown.split('\n').filter(Boolean);
  };
  assert.deepEqual(completed('').filter((word) => !word.startsWith('-')), commands);
  assert.deepEqual(completed('cr'), ['create']);
  assert.deepEqual(completed('manifest', 'an'), ['annotate']);
  assert.deepEqual(completed('--v'), ['--version']);
  assert.deepEqual(completed('create', '--in'), ['--insecure']);
  assert.deepEqual(completed('create', 'list', '--ref'), ['--refresh']);
  assert.deepEqual(completed('create', 'list', 'an'), [], 'nobody knows the images');
  assert.deepEqual(completed('annotate', 'list', 'image', '--arch', 'arm'), ['arm', 'arm64']);
  assert.deepEqual(completed('annotate', '--arch', '=', 's'), ['s390x']);
  assert.deepEqual(completed('annotate', '--os', '=').includes('linux'), true);
  assert.deepEqual(completed('copy', '--platform', 'linux/riscv'), ['linux/riscv64']);
  assert.deepEqual(completed('copy', '--platform', 'linux/amd64,linux/riscv'), ['linux/amd64,linux/riscv64']);
  assert.deepEqual(completed('push', '--format', 'o'), ['oci']);
  assert.deepEqual(completed('tags', '--sort', ''), ['name', 'registry', 'semver']);
  assert.deepEqual(completed('ls', '--log-format', ''), ['json', 'text']);
  assert.deepEqual(completed('annotate', '--clear', 'os'), ['os-features', 'os-version']);
  assert.deepEqual(completed('completion', ''), ['bash', 'fish', 'zsh']);
  assert.deepEqual(completed('index', ''), ['add', 'annotate', 'remove']);
  assert.deepEqual(completed('index', 'add', '--kee'), ['--keep']);
  // Flags in front of a command take values, which are no commands; bash takes them apart at `=` and `:`.
  assert.deepEqual(completed('--config', 'x', 'an'), ['annotate']);
  assert.deepEqual(completed('--config', '=', 'x', 'an'), ['annotate']);
  assert.deepEqual(completed('--config', 'copy', 'annotate', '--vari'), ['--variant']);
  assert.deepEqual(completed('--retries', '3', '--debug', 'copy', '--all'), ['--all-tags']);
  assert.deepEqual(completed('--mirror', 'docker.io', '=', 'm.example', ':', '5000', 'an'), ['annotate']);
  assert.deepEqual(completed('--retries', 'an'), []);
  assert.deepEqual(completed('serve', '--che'), ['--check']);
});

test('bash completes the names of local lists, colons and all', async (t) => {
  const { config, file } = await scriptFor(t, 'bash');
  const host = await startMemory(t, '--samples');
  const lists = ['app:1', 'app:2', 'tool:1'].map((name) => `${host}/acme/${name}`);
  for (const list of lists) await done(config, ['create', '--insecure', list, `${host}/samples/hello:amd64`]);
  mkdirSync(join(config, 'bin'));
  writeFileSync(join(config, 'bin/tallyman'), `#!/bin/sh\nexec ${inShell(command)} "$@"\n`, { mode: 0o755 });
  const env = { ...process.env, TALLYMAN_CONFIG: config, PATH: `${join(config, 'bin')}:${process.env.PATH}` };
  // As readline hands it over: a line, and words that are parted at colons too.
  const completed = (line) => {
    const words = line.split(/(:)| /).filter((word) => word !== undefined && word !== '');
    if (line.endsWith(' ')) words.push('');
    const script = `source ${file}; COMP_LINE=$1; COMP_POINT=\${#COMP_LINE}; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tallyman; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const shown = execFileSync('bash', ['--norc', '-c', script, 'bash', line, ...words], { cwd: config, env }).toString();
    return shown.split('\n').filter(Boolean);
  };
  for (const name of ['push', 'rm', 'annotate', 'inspect', 'remove', 'rename', 'duplicate']) assert.deepEqual(completed(`tallyman ${name} `), lists, name);
  // Of a word with a colon, readline replaces what stands behind the last one.
  const [address, port] = host.split(':');
  assert.deepEqual(completed(`tallyman push ${address}:${port}/acme/t`), [`${port}/acme/tool:1`]);
  assert.deepEqual(completed(`tallyman push ${host}/acme/app:`), ['1', '2']);
  // A folder that somebody has put beside them runs nothing.
  mkdirSync(join(config, 'manifests', '$(touch${IFS}ran)'));
  assert.deepEqual(completed('tallyman push '), lists);
  assert.ok(!existsSync(join(config, 'ran')));
});

test('fish completes commands, flags and values', async (t) => {
  const { config, file } = await scriptFor(t, 'fish');
  const env = { ...process.env, HOME: config, XDG_CONFIG_HOME: config };
  const completed = (line) => {
    const shown = execFileSync('fish', ['--no-config', '-c', `source ${file}; complete -C '${line}'`], { env, cwd: config }).toString();
    return shown.trim().split('\n').map((word) => word.split('\t')[0]);
  };
  assert.deepEqual(completed('tallyman ').sort(), commands);
  assert.deepEqual(completed('tallyman create --ins'), ['--insecure']);
  assert.deepEqual(completed('tallyman annotate --arch arm').sort(), ['arm', 'arm64']);
  assert.deepEqual(completed('tallyman completion ').sort(), ['bash', 'fish', 'zsh']);
  assert.deepEqual(completed('tallyman index ').sort(), ['add', 'annotate', 'remove']);
  assert.deepEqual(completed('tallyman index add --kee'), ['--keep']);
  assert.deepEqual(completed('tallyman --config x an'), ['annotate']);
  assert.deepEqual(completed('tallyman --config copy annotate --vari'), ['--variant']);
  assert.deepEqual(completed('tallyman --retries 3 --debug copy --all'), ['--all-tags']);
});

test('zsh completes commands, flags and values', async (t) => {
  const { config, file } = await scriptFor(t, 'zsh');
  const env = { ...process.env, HOME: config, ZDOTDIR: config };
  // A shell within the shell, as somebody types there: what is inserted shows what was completed.
  const completed = (typed) => {
    const script = `
      zmodload zsh/zpty
      zpty inner zsh -f
      zpty -w inner 'PS1=; setopt menucomplete; autoload -Uz compinit; compinit -u -D; source ${file}; bindkey "^I" complete-word; bindkey "^X" show; show() { print -r -- "<$BUFFER>"; zle .kill-buffer }; zle -N show; print ready-$((40+2))'
      zpty -r inner seen '*ready-42*'
      zpty -n -w inner ${JSON.stringify(typed)}$'\\t\\x18'
      zpty -r inner seen '*<*>*'
      print -r -- "$seen"
    `;
    return execFileSync('zsh', ['-f', '-c', script], { env, cwd: config, timeout: 60_000 }).toString().match(/<([^>]*)>/)[1].trim();
  };
  assert.equal(completed('tallyman refe'), 'tallyman referrers');
  assert.equal(completed('tallyman create --ins'), 'tallyman create --insecure');
  assert.equal(completed('tallyman annotate --arch s3'), 'tallyman annotate --arch s390x');
  assert.equal(completed('tallyman completion fi'), 'tallyman completion fish');
  assert.equal(completed('tallyman --config x ann'), 'tallyman --config x annotate');
  assert.equal(completed('tallyman --retries 3 --debug copy --all'), 'tallyman --retries 3 --debug copy --all-tags');
  assert.equal(completed('tallyman --vers'), 'tallyman --version');
});
