import { functionOf, listOf, numberOf, optionsOf, textOf, wrongArgument } from './arguments.js';
import { runtime } from './engine.js';
import { TallymanError, errorOf, messageOf, reading, withCauses, type TallymanErrorFields } from './error.js';
import type { Credentials, TallymanOptions } from './options.js';
import { tagOf } from './plain.js';
import { Reference } from './reference.js';
import { CallbackFailure, fetchRequests, type RequestTransport } from './requests.js';

/**
 * The callbacks of the engine. The engine holds them and is held by its client: they hold what they need and not the client, or nobody
 * could ever collect it.
 */
export function hostOf(options: TallymanOptions, failures: Map<string, unknown>, signedIn: Set<string>): object {
  const { credentials, trustTokenService, fetch, onRetry, onRequest } = options;
  const expiries = new Map<string, number>();
  const sender: RequestTransport = fetch ? fetchRequests(fetch) : (runtime.requests?.() ?? fetchRequests());
  const remember = rememberIn(failures);
  // By the host that requests are sent to.
  const refused = new Map<string | undefined, CallbackFailure>();
  return {
    obeysCors: sender.obeysCors,
    tellsPlainHttp: sender.tellsPlainHttp,
    page: sender.page,
    streamsBodies: sender.streamsBodies,
    preconnect: sender.preconnect,
    reaches: sender.reaches,
    isLocalNetworkDenied: sender.isLocalNetworkDenied,
    hasher: runtime.hasher,
    request: requestBy(sender, { refused, failures, onRequest }),
    async credentials(registry: string, status?: number, message = ''): Promise<string | undefined> {
      try {
        const given = await credentials?.(registry, status === undefined ? {} : { refused: { status, message } });
        expiries.set(registry, expiryOf(given, registry));
        const fields = credentialsOf(given, registry);
        if (fields) signedIn.add(registry);
        failures.delete(registry);
        return fields;
      } catch (error) {
        remember(registry, error);
        throw error;
      }
    },
    areCurrent: (registry: string) => (expiries.get(registry) ?? Infinity) > Date.now(),
    // Nothing is sent to a token service that nobody has vouched for. The reason is that of the engine's error, which names the service.
    async trusts(registry: string, realm: string): Promise<boolean> {
      failures.delete(realm);
      try {
        return choiceOf(await trustTokenService?.(registry, realm), 'trustTokenService') ?? false;
      } catch (error) {
        remember(realm, error);
        return false;
      }
    },
    // The engine asks before each request of a registry, and waits for no error here: it is that of the request.
    isInsecure(registry: string, server: string): boolean | undefined {
      const host = hostIn(`https://${server}`);
      try {
        const said = isInsecure(options, registry);
        refused.delete(host);
        return said;
      } catch (error) {
        const message = `the option insecure failed for ${registry}: ${messageOf(error)}`;
        refused.set(host, new CallbackFailure({ code: 'argument-invalid', message, registry, cause: error }));
        return false;
      }
    },
    retried: (error: string, wait: number, attempt: number) => notify(onRetry, { error: errorOf(error, causeIn(failures)), wait, attempt }),
  };
}

/** The sending of requests by `sender`, of which the program is told. Nothing is sent to hosts that are `refused`. */
function requestBy(
  sender: RequestTransport,
  { refused, failures, onRequest }: Pick<TallymanOptions, 'onRequest'> & { refused: ReadonlyMap<string | undefined, CallbackFailure>; failures: Map<string, unknown> },
): RequestTransport['request'] {
  const remember = rememberIn(failures);
  const fail = (url: string, error: unknown): void => {
    // An error of a transport has the reason in the engine's word, and its cause.
    remember(url, error instanceof Error && !(error instanceof CallbackFailure) && 'kind' in error ? (error.cause ?? error) : error);
    if (error instanceof CallbackFailure) remember(notOpen, error);
  };
  return async (sent) => {
    const refusal = refused.size > 0 ? refused.get(hostIn(sent.url)) : undefined;
    if (refusal) {
      fail(sent.url, refusal);
      throw refusal;
    }
    const began = performance.now();
    const tell = (status: number | undefined, headers: [string, string][], error?: unknown): void => {
      if (!onRequest) return;
      const { method, url } = sent;
      const event = { method, url, status, ms: performance.now() - began, headers: joined(headers) };
      notify(onRequest, error === undefined ? event : { ...event, error });
    };
    try {
      const response = await sender.request(sent);
      const { status, url, headers, body } = response;
      for (const known of [sent.url, url]) failures.delete(known);
      tell(status, headers);
      if (!('next' in body)) return response;
      const next = (): Promise<Uint8Array | undefined> =>
        body.next().catch((error: unknown) => {
          fail(url, error);
          throw error;
        });
      return { status, url, headers, body: { next } };
    } catch (error) {
      tell(undefined, [], error);
      fail(sent.url, error);
      throw error;
    }
  };
}

/** Headers by their names in lower case. A name that comes several times has all its values. */
function joined(headers: [string, string][]): Record<string, string> {
  const values = new Map<string, string>();
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    const before = values.get(key);
    values.set(key, before === undefined ? value : `${before}, ${value}`);
  }
  return Object.fromEntries(values);
}

/** The host of a URL, without a port that need not be named. `undefined` if it is no URL: nothing is sent to it. */
function hostIn(url: string): string | undefined {
  try {
    return new URL(url).host;
  } catch {
    return undefined;
  }
}

/** Tells a listener, which has no say in what happens: its errors are its own, those of a promise that it returns, too. */
export function notify<T>(listener: ((event: T) => unknown) | undefined, event: T): void {
  try {
    Promise.resolve(listener?.(event)).catch(() => undefined);
  } catch {
    // A request does not fail because a log does.
  }
}

/** The failure of a callback in place of the error for the request that was not made, or has no response. */
export function withoutRequest(error: TallymanError): TallymanError {
  return withCauses(error).find((below) => below instanceof CallbackFailure) ?? error;
}

/** Keeps what JavaScript threw, by the URL, the registry, the realm or the store's words that the engine's error has. */
export const rememberIn =
  (failures: Map<string, unknown>) =>
  (key: string, error: unknown): void => {
    if (failures.size > 64) failures.clear();
    failures.set(key, error);
  };

/** The code of requests that callbacks alone do not let out. After a redirect, or with a secret in its query, the URL that the engine tells is another one. */
const notOpen = 'out-of-reach';

export const causeIn =
  (failures: Map<string, unknown>) =>
  ({ code, message, url, registry, realm }: TallymanErrorFields): unknown =>
    failures.get((code === 'store-failed' ? message : code === 'credentials' ? registry : (url ?? realm)) ?? '') ??
    (code === notOpen ? failures.get(code) : undefined);

/** Says of an error for want of access which credentials the request was made with, and what to do. */
export function withCredentials(error: TallymanError, signedIn: ReadonlySet<string>): TallymanError {
  const below = error.cause instanceof TallymanError ? error.cause : error;
  const refusal = [error, below].find(({ code }) => ['denied', 'token-refused', 'unauthorized'].includes(code));
  if (!refusal) return error;
  const reference = error.reference ?? refusal.reference;
  const registry = error.registry ?? refusal.registry ?? (reference === undefined ? undefined : Reference.parse(reference).registry);
  if (registry === undefined) return error;
  error.credentials = signedIn.has(registry) ? 'refused' : 'none';
  error.hint ??=
    error.credentials === 'none'
      ? `no credentials were given for ${registry}: return some from the option credentials, such as dockerCredentials()`
      : `the credentials for ${registry} were refused, or do not allow this: see that name, password or token are right and have not expired`;
  return error;
}

/** The longest time that timers of all platforms take, in milliseconds: a longer one is over at once. */
const timeoutMax = 2 ** 31 - 1;

const optionNames = ['credentials', 'trustTokenService', 'insecure', 'concurrency', 'attempts', 'timeout', 'fetch', 'store', 'onRetry', 'onRequest'];

/** The options of a client, as they are to be. */
export function checked(options: TallymanOptions): TallymanOptions {
  const given = optionsOf(options, optionNames);
  for (const name of ['credentials', 'trustTokenService', 'fetch', 'onRetry', 'onRequest'] as const) functionOf(given[name], name);
  for (const name of ['concurrency', 'attempts', 'timeout'] as const) if (given[name] !== undefined) numberOf(given[name], name, 1);
  if ((given.timeout ?? 0) > timeoutMax) throw wrongArgument('timeout', `a time of at most ${Math.floor(timeoutMax / 3_600_000)} hours, in milliseconds,`, given.timeout);
  const { store, insecure } = given;
  const methods = ['names', 'load', 'save', 'putEntry', 'remove'] as const;
  if (store !== undefined && !reading('the methods of store', () => methods.every((name) => typeof store?.[name] === 'function'))) {
    throw wrongArgument('store', `an object with the methods ${methods.join(', ')}`, store);
  }
  if (insecure === undefined || typeof insecure === 'boolean' || typeof insecure === 'function') return { ...given };
  const named = listOf(insecure, 'insecure').map((registry) => textOf(registry, 'insecure'));
  const wrong = named.find((registry) => !isHost(registry));
  if (wrong !== undefined) throw wrongArgument('insecure', 'registries by host and port, such as registry.example:5000,', wrong);
  return { ...given, insecure: named.map((registry) => registry.toLowerCase()) };
}

/** Returns `true` for a host with or without a port, and nothing else of a URL. */
const isHost = (text: string): boolean => !text.includes('*') && ['https', 'http'].some((scheme) => hostIn(`${scheme}://${text}`) === text.toLowerCase());

/** Returns the program's choice for a registry, or `undefined` if the registry's address decides (loopback is insecure). */
export function isInsecure({ insecure }: TallymanOptions, registry: string): boolean | undefined {
  if (typeof insecure === 'function') {
    return choiceOf(insecure(registry), 'insecure');
  }
  if (Array.isArray(insecure)) return insecure.includes(registry.toLowerCase()) || undefined;
  return insecure as boolean | undefined;
}

/** Returns what a callback has chosen: `true`, `false` or nothing. */
function choiceOf(said: unknown, callback: string): boolean | undefined {
  if (said === undefined || typeof said === 'boolean') return said;
  throw wrongArgument(`what ${callback} returns`, 'true or false', said);
}

/** The time at which credentials expire, in milliseconds since 1970. */
function expiryOf(given: Credentials | null | undefined, registry: string): number {
  const expiresAt: unknown = given?.expiresAt;
  if (expiresAt === undefined) return Infinity;
  const time = tagOf(expiresAt) === '[object Date]' ? (expiresAt as Date).getTime() : expiresAt;
  if (typeof time === 'number' && !Number.isNaN(time)) return time;
  throw wrongArgument(`expiresAt of credentials for ${registry}`, 'milliseconds since 1970 or a valid date', expiresAt);
}

/** Credentials as the engine reads them. */
function credentialsOf(given: Credentials | null | undefined, registry: string): string | undefined {
  if (given === null || given === undefined) return undefined;
  const { username, password, encoded, identityToken, token } = given as Record<string, unknown>;
  const isBasic = typeof username === 'string' && typeof password === 'string';
  const isRight = (value: unknown): boolean => typeof value === 'string' && value !== '';
  if (isBasic || [encoded, identityToken, token].some(isRight)) {
    const texts = Object.entries({ encoded, identityToken, token }).filter(([, value]) => isRight(value));
    return JSON.stringify({ username, password, ...Object.fromEntries(texts) });
  }
  throw wrongArgument(`credentials for ${registry}`, '{ username, password }, { encoded }, { identityToken }, { token } or undefined', given);
}
