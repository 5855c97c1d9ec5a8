import { flagOf, optionsOf, textOf, wrongArgument } from './arguments.js';
import { client, engine, runtime, type Machine } from './engine.js';
import { TallymanError, errorOf } from './error.js';
import type { CredentialCallback, Credentials } from './options.js';

/** The variable with a configuration, as CI systems set it. */
const variable = 'DOCKER_AUTH_CONFIG';

/** Options of {@link dockerCredentials}. */
export interface DockerCredentialsOptions {
  /** The folder with `config.json`; that of `DOCKER_CONFIG` unless said otherwise, else `~/.docker`. */
  folder?: string | undefined;
  /** Take the configuration out of the variable `DOCKER_AUTH_CONFIG` in place of the file, as CI systems set it. */
  env?: boolean | undefined;
}

/**
 * The credentials that the Docker CLI would use: out of `config.json` (`auths`, `credsStore`, `credHelpers`, identity tokens) and the
 * helper programs that it names. Where there is a file system: in Node and Deno. The file is read anew each time that credentials are
 * asked for, so that another `docker login` counts.
 */
export function dockerCredentials(options: DockerCredentialsOptions = {}): CredentialCallback {
  const { folder, env = false } = optionsOf(options, ['folder', 'env']);
  if (folder !== undefined) textOf(folder, 'folder');
  flagOf(env, 'env');
  if (env && folder !== undefined) throw wrongArgument('options', 'either folder or env', options);
  return async (registry) => {
    const machine = machineNow();
    // Messages name the variable if the configuration comes from it.
    const place = env ? variable : (folder ?? (machine.env('DOCKER_CONFIG') || `${machine.homedir()}/.docker`));
    const reader = env ? withVariableAsFile(machine) : machine;
    const { dockerCredentials: find } = engine();
    await client();
    try {
      const found = (await find(reader as unknown as Parameters<typeof find>[0], place, textOf(registry, 'registry'))) as string | undefined;
      return found === undefined ? undefined : (JSON.parse(found) as Credentials);
    } catch (error) {
      throw errorOf(error);
    }
  };
}

/** A machine on which the variable is a file, in the folder of its name, and there is no other one. */
function withVariableAsFile(machine: Machine): Machine {
  const config = machine.env(variable) || '{}';
  return {
    ...machine,
    readFile: (path) => (path === `${variable}/config.json` ? new TextEncoder().encode(config) : undefined),
    env: (name) => (name === variable ? undefined : machine.env(name)),
  };
}

function machineNow(): Machine {
  if (runtime.machine) return runtime.machine();
  throw new TallymanError({
    code: 'unsupported',
    message: 'expected a file system for dockerCredentials, found none: in a browser give credentials by a callback',
  });
}
