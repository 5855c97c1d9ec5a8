// Command lines over some images, drawn by chance.

const values = {
  '--os': ['linux', 'windows', 'beos', '', 'darwin'],
  '--arch': ['amd64', 'arm64', 'arm', 'foo', ''],
  '--variant': ['v6', 'v8', '', '<x>'],
  '--os-version': ['10.0.1', '', 'a b'],
  '--os-features': ['f1', 'f1,f2', '"a,b",c', 'a,,b', '', '"', 'x"y'],
};

const wrong = [
  ['create', 'one'], ['create'], ['inspect'], ['annotate', 'a'], ['annotate', 'a', 'b', 'c'], ['push'], ['rm'], ['nothing'],
  ['push', '--purge=maybe', 'a'], ['create', '-x', 'a', 'b'], ['create', '-ax', 'a', 'b'], ['inspect', '--verbos', 'a'],
  ['annotate', 'a', 'b', '--os'], ['rm', '--insecure', 'a'], ['push', 'Bad/Name'], ['rm', 'Bad'], ['rm', ':x', 'none:1'],
  ['inspect', '-h'], ['create', '--amend=2', 'a', 'b'], ['inspect', '-v=false', '--', '-x'],
];

/** Between four and ten command lines for the images and lists on `host`. */
export function drawCommands(chance, host, { images, lists }) {
  const targets = ['demo/app:t1', 'demo/app:t2', 'new/list:1', 'demo/app'].map((name) => `${host}/${name}`);
  const source = () => draw(chance, host, chance.once(12) && lists.length ? lists : images);
  const known = [];
  const command = {
    create() {
      const sources = Array.from({ length: 1 + chance.below(4) }, source);
      known.push(...sources);
      const flags = ['--insecure', ...(chance.once(2) ? [chance.pick(['-a', '--amend', '--amend=true', '-a=f'])] : [])];
      return chance.once(4)
        ? ['create', chance.pick(targets), ...flags, ...sources]
        : ['create', ...flags, chance.pick(targets), ...sources];
    },
    annotate() {
      const flags = chance.some(Object.keys(values), 3).flatMap((flag) => {
        const value = chance.pick(values[flag]);
        return chance.once(2) ? [flag, value] : [`${flag}=${value}`];
      });
      return ['annotate', ...flags, chance.pick(targets), known.length ? chance.pick(known) : source()];
    },
    inspect() {
      const verbose = chance.once(2) ? [chance.pick(['-v', '--verbose'])] : [];
      if (chance.once(3) && known.length) return ['inspect', ...verbose, chance.pick(targets), chance.pick(known)];
      const what = chance.pick([chance.pick(targets), chance.pick(targets), source(), draw(chance, host, lists.length ? lists : images)]);
      return ['inspect', '--insecure', ...verbose, what];
    },
    push: () => ['push', '--insecure', ...(chance.once(4) ? [chance.pick(['-p', '--purge'])] : []), chance.pick(targets)],
    rm: () => ['rm', ...Array.from({ length: 1 + chance.below(2) }, () => chance.pick(targets))],
    wrong: () => chance.pick(wrong),
  };
  const kinds = ['create', 'create', 'annotate', 'annotate', 'inspect', 'inspect', 'push', 'push', 'rm', 'wrong'];
  const first = { argv: command.create() };
  return [first, ...Array.from({ length: 3 + chance.below(7) }, () => ({ argv: command[chance.pick(kinds)]() }))];
}

/** The references that the commands may push to. */
export const targetsOf = ['demo/app:t1', 'demo/app:t2', 'new/list:1', 'demo/app:latest'];

function draw(chance, host, from) {
  const { repo, tag, digest } = chance.pick(from);
  const other = chance.pick(from).digest;
  return `${host}/${repo}${chance.pick([`:${tag}`, `:${tag}`, `:${tag}`, `@${digest}`, `:${tag}@${digest}`, ...(chance.once(5) ? [`:${tag}@${other}`, ':none', ''] : [])])}`;
}
