import { tagOf } from './plain.js';

/** Code of an error. It does not change between versions. */
export type TallymanErrorCode =
  // Faults of arguments and options.
  | 'argument-invalid'
  | 'digest-invalid'
  | 'digest-needed'
  | 'input-failed'
  | 'manifest-invalid'
  | 'name-taken'
  | 'platform-unsupported'
  | 'reference-invalid'
  | 'tag-needed'
  // Lists.
  | 'format-mismatch'
  | 'image-not-in-list'
  | 'is-list'
  | 'list-damaged'
  | 'list-empty'
  | 'list-exists'
  | 'list-file-invalid'
  | 'list-unknown'
  | 'other-registry'
  | 'platform-missing'
  | 'platform-not-found'
  | 'several-entries'
  | 'several-platforms'
  | 'store-failed'
  | 'store-missing'
  | 'tag-exists'
  // The registry's answer.
  | 'blob-unknown'
  | 'denied'
  | 'digest-mismatch'
  | 'media-type-mismatch'
  | 'not-found'
  | 'not-mounted'
  | 'protocol'
  | 'registry-error'
  | 'size-mismatch'
  | 'too-large'
  | 'too-many-requests'
  | 'unauthorized'
  // Files of images and their layers.
  | 'file-not-found'
  | 'layer-invalid'
  | 'layer-limit'
  | 'layer-not-found'
  | 'layer-unsupported'
  | 'no-config'
  | 'not-a-file'
  // Credentials and tokens.
  | 'credentials'
  | 'foreign-realm'
  | 'plain-realm'
  | 'token-refused'
  // The way to the registry.
  | 'aborted'
  | 'broken-off'
  | 'cors'
  | 'local-network-denied'
  | 'mixed-content'
  | 'out-of-reach'
  | 'plain-http-refused'
  | 'timeout'
  | 'tls'
  | 'unreachable'
  // The engine itself.
  | 'internal'
  | 'not-initialized'
  | 'unsupported'
  | 'wasm-blocked'
  | 'wasm-missing';

/** Error of a registry, as the distribution specification defines it. */
export interface RegistryErrorDetail {
  /** Such as `MANIFEST_UNKNOWN`. */
  code: string;
  /** The registry's message for a person. */
  message?: string;
  /** Further fields. */
  detail?: unknown;
}

/** The fields of an error; each is there where it says something. */
export interface TallymanErrorFields {
  /** The code of the error. */
  code: TallymanErrorCode;
  /** A sentence that says what was expected, what was found, and what to do. */
  message: string;
  /** The image, list or blob that it is about. */
  reference?: string;
  /** The repository that it is about. */
  repository?: string;
  /** The list that it is about. */
  list?: string;
  /** The image of a list that it is about. */
  image?: string;
  /** The registry that it is about. */
  registry?: string;
  /** The request's URL. */
  url?: string;
  /** The address of the page that sent the request. */
  page?: string;
  /** The answer's HTTP status. */
  status?: number;
  /** The answer, up to 64 KiB of it; empty if the registry redirected the request to a storage, and that refused it. */
  body?: string;
  /** The expected value: a digest, a media type, a size in bytes. */
  expected?: string | number;
  /** The value that was found. */
  found?: string | number;
  /** The digest that it is about. */
  digest?: string;
  /** The path of a file that it is about. */
  path?: string;
  /** The limit that was passed. */
  limit?: number;
  /** The number of characters that were found. */
  length?: number;
  /** The media type that it is about. */
  mediaType?: string;
  /** The platform that was asked for. */
  platform?: string;
  /** The platforms that are there. */
  platforms?: string[];
  /** Milliseconds that the registry asks to wait. */
  retryAfter?: number;
  /** The reason that a request failed, in a word: `refused`, `dns`, `tls`, `handshake`, `reset`, `no-cors-headers` and so on. */
  reason?: string;
  /** Probes that were sent to find out why a browser hides a response, with their outcome: a sentence each. */
  tried?: string[];
  /** The token service that a registry names. */
  realm?: string;
  /** The operating system that it is about. */
  os?: string;
  /** The architecture that it is about. */
  architecture?: string;
  /** The image that was to be added. */
  added?: string;
  /** The image that has the name already. */
  present?: string;
  /** Credentials that the request was made with: none, or some that were refused. */
  credentials?: 'none' | 'refused';
  /** Further explanation for a person. */
  hint?: string;
  /** The error that caused this one. */
  cause?: unknown;
}

/** The fields of a {@link TallymanError}, which has all of them. */
export interface TallymanError extends TallymanErrorFields {
  /** The name of the class, or `AbortError` and the like where a signal ended the work. */
  name: string;
}

/** Every error that this package throws. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging
export class TallymanError extends Error {
  /** Makes an error of its fields. */
  constructor({ message, cause, ...fields }: TallymanErrorFields) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'TallymanError';
    Object.assign(this, fields);
  }

  /** The errors in the registry's answer, where it has some. */
  get registryErrors(): RegistryErrorDetail[] {
    try {
      const { errors } = JSON.parse(this.body ?? '');
      return Array.isArray(errors) ? errors : [];
    } catch {
      return [];
    }
  }

  /** Its fields with name and message, and those of its cause, as data. */
  toJSON(): object {
    return dataOf(this, causesMax) as object;
  }

  /**
   * An error out of the data that `toJSON` gave, or out of a copy of that: `postMessage(error.toJSON())`. A copy that `postMessage` makes
   * of the error itself has lost its code.
   * @throws {@link TallymanError} `argument-invalid` if it is no data of an error, with message and code.
   */
  static from(data: unknown): TallymanError {
    return reading('the data of an error', () => {
      if (isData(data)) return ofData(data, causesMax);
      const message = 'expected the data of an error with message and code, such as error.toJSON(), or a copy of that';
      throw new TallymanError({ code: 'argument-invalid', message });
    });
  }

  /** `true` if the same call may succeed later. */
  get retryable(): boolean {
    return withCauses(this).some(({ code, status = 0 }) => ['broken-off', 'timeout', 'too-many-requests', 'unreachable'].includes(code) || status >= 500);
  }
}

/** The most errors of a chain of causes that are looked at: what a program throws may be its own cause. */
const causesMax = 16;

/** An error with those below it, as far as they are the package's. */
export function withCauses(error: TallymanError): TallymanError[] {
  const all: TallymanError[] = [];
  for (let below: unknown = error; below instanceof TallymanError && all.length < causesMax; below = below.cause) all.push(below);
  return all;
}

/** Returns `true` for an error of any realm. */
const isError = (value: unknown): value is Error => value instanceof Error || ['[object Error]', '[object DOMException]'].includes(tagOf(value));

/** A value as JSON can say it, or as text where it cannot. JSON has no errors, and copies of errors lose their fields. */
function dataOf(value: unknown, depth: number): unknown {
  if (value instanceof TallymanError && depth > 0) {
    const { name, message, cause } = value;
    return { ...value, name, message, ...(cause === undefined ? {} : { cause: dataOf(cause, depth - 1) }) };
  }
  if (isError(value)) return { name: value.name, message: value.message };
  try {
    const json = JSON.stringify(value) as string | undefined;
    return json === undefined ? String(value) : (JSON.parse(json) as unknown);
  } catch {
    return messageOf(value);
  }
}

const isData = (value: unknown): value is TallymanErrorFields & { name?: unknown } => {
  const { code, message } = (value ?? {}) as { code?: unknown; message?: unknown };
  return typeof code === 'string' && typeof message === 'string';
};

function ofData(data: TallymanErrorFields & { name?: unknown }, depth: number): TallymanError {
  if (data instanceof TallymanError) return data;
  const { name, message, cause, code } = data;
  const below = depth > 0 && isData(cause) && !isError(cause) ? ofData(cause, depth - 1) : cause;
  // Data may say anything. What every error has of its class is no field.
  const fields = Object.fromEntries(Object.entries(data).filter(([field]) => !(field in TallymanError.prototype)));
  const error = new TallymanError({ ...fields, code, message, ...(below === undefined ? {} : { cause: below }) });
  if (typeof name === 'string') error.name = name === 'Error' ? 'TallymanError' : name;
  return error;
}

/** The error for something that the engine threw. `causeOf` knows what JavaScript threw for a URL or a registry. */
export function errorOf(thrown: unknown, causeOf?: (fields: TallymanErrorFields) => unknown): TallymanError {
  if (thrown instanceof TallymanError) return thrown;
  if (typeof thrown === 'string') return ofFields(JSON.parse(thrown) as TallymanErrorFields, causeOf);
  const message = `the engine failed: ${messageOf(thrown)}`;
  return new TallymanError({ code: 'internal', message, cause: thrown });
}

/** The words of whatever was thrown, which need not be an error, nor one of this realm. */
export function messageOf(thrown: unknown): string {
  try {
    const { message } = (thrown ?? {}) as { message?: unknown };
    return typeof message === 'string' ? message : String(thrown);
  } catch {
    return 'no text';
  }
}

function ofFields(fields: TallymanErrorFields, causeOf?: (fields: TallymanErrorFields) => unknown): TallymanError {
  const { cause } = fields;
  const below = cause === undefined ? causeOf?.(fields) : ofFields(cause as TallymanErrorFields, causeOf);
  // The package's own error is the store's word for it.
  if (fields.code === 'store-failed' && below instanceof TallymanError) return below;
  return new TallymanError({ ...fields, cause: below });
}

/** The error for something of the program that has failed while it was read. One of the package's own stays what it is, and an abort is one. */
export function inputFailed(thrown: unknown, expected = 'a stream of bytes'): TallymanError {
  if (thrown instanceof TallymanError) return thrown;
  if (isError(thrown) && ['AbortError', 'TimeoutError'].includes(thrown.name)) return abortedBy({ reason: thrown });
  const message = `expected ${expected}, which failed: ${messageOf(thrown)}`;
  return new TallymanError({ code: 'input-failed', message, cause: thrown });
}

/**
 * Reads a value that a program gives: its getters and Proxies may fail.
 * @throws {@link TallymanError} `input-failed`, unless it is an error of the package.
 */
export function reading<T>(expected: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw inputFailed(error, expected);
  }
}

/** The error for work that a signal ended: `AbortError` or `TimeoutError` by name, as for `fetch`. */
export function abortedBy(signal: Pick<AbortSignal, 'reason'>): TallymanError {
  const { reason } = signal;
  const error = new TallymanError({ code: 'aborted', message: 'the operation was aborted', cause: reason });
  error.name = tagOf(reason) === '[object DOMException]' ? (reason as DOMException).name : 'AbortError';
  return error;
}
