import { wrongArgument } from './arguments.js';
import { sourceOf, type ByteStream } from './byte-stream.js';
import { pieceOf } from './bytes.js';
import { TallymanError, messageOf } from './error.js';

/** A request of the engine. */
export interface TransportRequest {
  method: string;
  url: string;
  headers: [string, string][];
  /** The bytes; for a long body where bodies are streamed, an object whose `next` gives the next piece, undefined at the end. */
  body?: Uint8Array<ArrayBuffer> | Blob | { length: number; next(): Promise<Uint8Array | undefined> };
  signal: AbortSignal;
  /** Take any certificate. */
  insecure: boolean;
  /** The registry that it is made for, whose certificates count beside those of the URL's own server. */
  certificatesOf?: string | undefined;
  /** Go where a redirect points to. */
  follow: boolean;
}

/** A response, whose body is still under way. */
export interface TransportResponse {
  status: number;
  url: string;
  headers: [string, string][];
  body: Uint8Array | { next(): Promise<Uint8Array | undefined> };
}

/** Sender of requests. An error that it throws may name the reason: `refused`, `dns`, `tls`, `handshake`, `plain-http`, `reset`, `timeout`, `aborted`. */
export interface RequestTransport {
  request(request: TransportRequest): Promise<TransportResponse>;
  /** Opens connections for so many `requests` that may be made to the server of `url`, with TLS for `handshakes` of them. */
  preconnect?(url: string, insecure: boolean, requests: number, handshakes: number): void;
  /** Returns `true` if there is any response, even one that may not be read. */
  reaches?(url: string): Promise<boolean>;
  /** Returns `true` if the browser denies this page access to the computer that it runs on, or else to its network. */
  isLocalNetworkDenied?(loopback: boolean): Promise<boolean>;
  /** `true` if responses of other origins are hidden from this page. */
  obeysCors: boolean;
  /** `true` if its errors tell a server that speaks plain HTTP. */
  tellsPlainHttp: boolean;
  /** `true` if `body` may come piece by piece. */
  streamsBodies?: boolean;
  /** The page's origin. */
  page?: string | undefined;
}

/** A fault of a callback by which a request is not made or has no response: it is the error of the call, and the request is not made again. */
export class CallbackFailure extends TallymanError {
  /** The reason in the engine's word. */
  get kind(): string {
    return 'not-open';
  }
}

/** A `fetch` function. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Returns `true` in a browser's window or worker. Cloudflare's workers have a `WorkerGlobalScope` too, but no location; Deno's have both. */
export const isBrowser = (): boolean => {
  const { WorkerLocation, Deno } = globalThis as { WorkerLocation?: unknown; Deno?: unknown };
  return Deno === undefined && (typeof document === 'object' || WorkerLocation !== undefined);
};

/** Requests by `fetch`: the platform's or a program's own. */
export function fetchRequests(fetch: Fetch = (url, init) => globalThis.fetch(url, init)): RequestTransport {
  const browser = isBrowser();
  const requests: RequestTransport = {
    obeysCors: browser,
    tellsPlainHttp: false,
    async request({ method, url, headers, body, signal, follow }) {
      // A browser shows nothing of a redirect that it does not follow, and takes no credentials to another origin. Elsewhere some do take
      // them there (Cloudflare's workers with an older compatibility date, programs' own functions), so that the engine follows.
      const init: RequestInit = { method, headers, signal, redirect: follow && browser ? 'follow' : 'manual' };
      if (browser) init.credentials = 'omit';
      // Other bodies are sent whole.
      if (body) init.body = body as Uint8Array<ArrayBuffer> | Blob;
      let response: Response;
      try {
        response = await fetch(url, init);
      } catch (error) {
        throw failureOf(error, browser);
      }
      return received(response, url);
    },
  };
  if (!browser) return requests;
  requests.page = globalThis.location?.origin;
  requests.reaches = (url) => fetch(url, { mode: 'no-cors', credentials: 'omit' }).then(() => true, () => false);
  requests.isLocalNetworkDenied = async (loopback) => {
    const said = async (name: string) => (await navigator.permissions?.query({ name: name as PermissionName }).catch(() => undefined))?.state;
    // Older browsers have one permission for both.
    return ((await said(loopback ? 'loopback-network' : 'local-network')) ?? (await said('local-network-access'))) === 'denied';
  };
  return requests;
}

/** The response in the engine's form. A program's own `fetch` may return anything. */
function received(response: Partial<Response> | undefined, asked: string): TransportResponse {
  try {
    const { type, headers, body } = response ?? {};
    // All that a browser says of a redirect that it was not to follow.
    const status = type === 'opaqueredirect' ? 307 : (response?.status ?? 0);
    const isResponse = Number.isInteger(status) && status >= 100 && status < 1000 && typeof headers?.[Symbol.iterator] === 'function';
    if (!isResponse) throw wrongArgument('what fetch returns', 'a Response with status and headers', response);
    const url = String(response?.url || asked);
    const texts = Array.from(headers, ([name, value]): [string, string] => [String(name), String(value)]);
    return { status, url, headers: texts, body: body ? piecesOf(body, url) : new Uint8Array() };
  } catch (cause) {
    throw fetchFailed(asked, cause);
  }
}

const fetchFailed = (url: string, cause: unknown): CallbackFailure =>
  new CallbackFailure({ code: 'argument-invalid', message: `the option fetch failed for ${url}: ${messageOf(cause)}`, url, cause });

/** The pieces of a body, one by one. That of a program's own `fetch` may be a stream of another sort. */
function piecesOf(body: ByteStream, url: string): { next(): Promise<Uint8Array | undefined> } {
  const source = sourceOf(body);
  return {
    async next() {
      const { done, value } = await source.next();
      if (done) return undefined;
      try {
        return pieceOf(value);
      } catch (cause) {
        throw fetchFailed(url, cause);
      }
    },
  };
}

const kinds: Record<string, string> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  ERR_SSL_WRONG_VERSION_NUMBER: 'plain-http',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'plain-http',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_SOCKET: 'reset',
  // Bun's own.
  EPROTO: 'tls',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls',
};

/** Words of Node and of Deno for a connection that ends during the TLS handshake, which has no code of its own. */
const brokenHandshake = /before secure TLS connection was established|tls handshake eof/;

/** Words of Deno, whose errors have no code. */
const words: [RegExp, string][] = [
  [/invalid peer certificate/, 'tls'],
  [/InvalidContentType/, 'plain-http'],
  [/Connection refused/, 'refused'],
  [/Connection reset/, 'reset'],
  [/dns error/, 'dns'],
];

/** An error with the sort of failure, as far as it can be told: browsers do not tell. */
function failureOf(error: unknown, browser: boolean): Error {
  const { name, cause, code: own } = (error ?? {}) as { name?: unknown; code?: unknown; cause?: { code?: unknown; message?: string } };
  const message = cause?.message || messageOf(error);
  const code = String(cause?.code ?? own ?? '');
  const aborted = name === 'AbortError' || name === 'TimeoutError';
  const told = (): string => {
    if (brokenHandshake.test(message)) return 'handshake';
    return kinds[code] ?? (code.includes('CERT') || code.startsWith('ERR_SSL_') ? 'tls' : (words.find(([word]) => word.test(message))?.[1] ?? 'other'));
  };
  return Object.assign(new Error(message, { cause: error }), { kind: aborted ? 'aborted' : browser ? 'opaque' : told() });
}
