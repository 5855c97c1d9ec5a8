// Programs, run from start to end: ours, and those that others have for the same work.

import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { runProgram, startProgram, temporaryFolder } from '../e2e/child-processes.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The command line of the built package. */
export const tallyman = [process.execPath, join(root, 'target/npm/tallyman/bin/tallyman.js')];
/** The native program. */
export const native = [join(root, 'target/release/tallyman')];
/** The Docker CLI's, where it is. */
export const dockerManifest = ['docker', 'manifest'];

/**
 * Programs of others, by name: how each is run, and the arguments with which it does our work at a registry that speaks plain HTTP.
 * Where `path` is not given (`TALLYMAN_BENCH_CRANE` and so on, which `cargo xtask bench --crane PATH` sets), the machine's own is taken.
 */
const known = {
  crane: {
    version: ['version'],
    inspect: (image) => ['manifest', '--insecure', image],
    make: (list, images) => [['index', 'append', '--insecure', '--tag', list, ...images.flatMap((image) => ['--manifest', image])]],
    copy: (from, to) => ['copy', '--insecure', from, to],
    copyTags: (from, to) => ['copy', '--insecure', '--all-tags', from, to],
    push: (layout, to) => ['push', '--insecure', '--index', layout, to],
  },
  imagetools: {
    program: 'docker-buildx',
    first: ['imagetools'],
    version: ['version'],
    inspect: (image) => ['inspect', '--raw', image],
    make: (list, images) => [['create', '--tag', list, ...images]],
    copy: (from, to) => ['create', '--tag', to, from],
  },
  regctl: {
    version: ['version'],
    // It has no flag for that: it is told once what a registry speaks.
    prepare: (host) => ['registry', 'set', host, '--tls', 'disabled'],
    inspect: (image) => ['manifest', 'get', '--format', 'raw-body', image],
    make: (list, images) => [['index', 'create', list, ...images.flatMap((image) => ['--ref', image])]],
    copy: (from, to) => ['image', 'copy', from, to],
    push: (layout, to) => ['image', 'copy', `ocidir://${layout}:latest`, to],
  },
  skopeo: {
    version: ['--version'],
    inspect: (image) => ['inspect', '--raw', '--tls-verify=false', `docker://${image}`],
    copy: (from, to) => ['copy', '--all', '--quiet', '--src-tls-verify=false', '--dest-tls-verify=false', `docker://${from}`, `docker://${to}`],
    copyTags: (from, to) => ['sync', '--all', '--src', 'docker', '--dest', 'docker', '--src-tls-verify=false', '--dest-tls-verify=false', from, to],
    push: (layout, to) => ['copy', '--all', '--quiet', '--dest-tls-verify=false', `oci:${layout}:latest`, `docker://${to}`],
  },
  docker: {
    version: ['--version'],
    inspect: (image) => ['manifest', 'inspect', '--insecure', image],
    make: (list, images) => [['manifest', 'create', '--insecure', list, ...images], ['manifest', 'push', '--insecure', list]],
  },
};

/**
 * The programs of others that this machine has, as `{ name, command, …}` (`alone` without the name of a command), and the names of those
 * that it has not.
 */
export async function findPeers() {
  const [there, absent] = [[], []];
  for (const [name, peer] of Object.entries(known)) {
    const program = process.env[`TALLYMAN_BENCH_${name.toUpperCase()}`] ?? (await found(peer.program ?? name, peer.version));
    if (program) there.push({ name, ...peer, alone: [program], command: [program, ...(peer.first ?? [])] });
    else absent.push(name);
  }
  return { there, absent };
}

async function found(program, version) {
  const plugins = [join(homedir(), '.docker/cli-plugins'), '/usr/libexec/docker/cli-plugins', '/usr/lib/docker/cli-plugins'];
  const plugin = plugins.map((folder) => join(folder, program)).find((file) => existsSync(file));
  return plugin ?? ((await runs(program, version)) ? program : undefined);
}

const runs = (program, args) =>
  runProgram(program, args).then(
    () => true,
    () => false,
  );

/** Returns `true` if the machine has `program`. */
export const has = (program) => runs(program, ['--version']);

/** Runs a program with its own empty configuration `folder`, and gives what it prints. */
export async function run(command, args, folder) {
  return (await measured(command, args, folder)).printed;
}

/** Runs as `run` does, and gives `{ printed, megabytes }`: the most memory that the process had. */
export async function measured([program, ...first], args, folder) {
  // skopeo keeps what blobs a registry has, for root outside of its user's folders: a second copy would be none.
  const ofSkopeo = folder && { _CONTAINERS_ROOTLESS_UID: '65534', XDG_DATA_HOME: mkdtempSync(join(folder, 'data-')) };
  const own = { ...ofSkopeo, DOCKER_CONFIG: folder, TALLYMAN_CONFIG: folder, REGCTL_CONFIG: folder && join(folder, 'regctl.json'), DOCKER_CLI_EXPERIMENTAL: 'enabled' };
  const env = { ...process.env, ...Object.fromEntries(Object.entries(own).filter(([, value]) => value)) };
  const child = await startProgram(program, [...first, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  return new Promise((resolve, reject) => {
    let [printed, complaints, megabytes] = ['', '', 0];
    const look = () => (megabytes = Math.max(megabytes, peak(child.pid)));
    const looking = setInterval(look, 25);
    child.stdout.on('data', (text) => (printed += text));
    child.stderr.on('data', (text) => (complaints += text));
    child.on('close', (code) => {
      clearInterval(looking);
      if (code === 0) resolve({ printed, megabytes });
      else reject(new Error(`${[program, ...first, ...args].join(' ')} ended with ${code}: ${complaints}`));
    });
  });
}

/** The most memory that a process ever had, in megabytes; 0 once it has ended. */
export function peak(pid) {
  try {
    return (Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024) / 1e6;
  } catch {
    return 0;
  }
}

/** Does `work` with a folder that is removed afterwards. */
export async function withFolder(work) {
  const folder = await temporaryFolder('tallyman-bench-');
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Milliseconds that `work` takes. */
export async function milliseconds(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
