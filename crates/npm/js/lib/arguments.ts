import { TallymanError, reading } from './error.js';
import { isA, tagOf } from './plain.js';

/** The error for an argument of the wrong kind: `expected` is what it should have been. */
export function wrongArgument(name: string, expected: string, found: unknown): TallymanError {
  return new TallymanError({ code: 'argument-invalid', message: `expected ${expected} as ${name}, found ${shown(found)}` });
}

/** The error for a value that is not what it should be, where it has no name. */
export const wrongValue = (expected: string, found: unknown): TallymanError =>
  new TallymanError({ code: 'argument-invalid', message: `expected ${expected}, found ${found === null ? 'null' : typeof found}` });

/** A value in a few words, for the sentence of an error. */
function shown(value: unknown): string {
  if (typeof value === 'string') return value.length > 60 ? `a string of ${value.length} characters` : JSON.stringify(value);
  if (value === null || ['undefined', 'number', 'boolean', 'bigint'].includes(typeof value)) return String(value);
  if (typeof value !== 'object') return `a ${typeof value}`;
  try {
    return `an object of the class ${Object.getPrototypeOf(value)?.constructor?.name ?? 'null'}`;
  } catch {
    return 'a Proxy that fails';
  }
}

/** Refuses a constructor that programs do not call: `source` is what gives the class's instances. */
export function checkMade(isRight: boolean, name: string, source: string): void {
  if (isRight) return;
  throw new TallymanError({ code: 'argument-invalid', message: `expected ${name} to come from ${source}, found its constructor called with something else` });
}

/** Refuses a Proxy or a copy of an instance of a class of the package, which has nothing of what the class keeps in private. */
export function checkNoCopy(value: unknown, type: { prototype: object; name: string }): false {
  if (!isA(value, type)) return false;
  throw new TallymanError({ code: 'argument-invalid', message: `expected a ${type.name} itself, found a Proxy or a copy of one` });
}

/** The error for the use of an object whose memory was given back. */
export const disposed = (name: string): TallymanError =>
  new TallymanError({ code: 'argument-invalid', message: `expected a ${name} that is in use, found one that was disposed of` });

/** A string that is not empty. */
export function textOf(value: unknown, name: string): string {
  if (typeof value === 'string' && value) return value;
  throw wrongArgument(name, 'a string', value);
}

/** Returns `true` for an object of names and values. One of another class, such as a map, has none of its content by names. */
export const isRecord = (value: unknown): value is Record<string, unknown> => tagOf(value) === '[object Object]';

/** The options of a call, a copy of an object whose names are all known. */
export function optionsOf<T extends object>(value: T | null | undefined, known: readonly string[], named = 'options'): T {
  if (value === undefined) return {} as T;
  // A controller has a signal, as options have.
  if (value === null || !(isRecord(value) || tagOf(value) === '[object AbortController]')) throw wrongArgument(named, 'an object', value);
  return reading(`the fields of ${named}`, () => {
    const unknown = Object.keys(value).find((name) => !known.includes(name));
    if (unknown !== undefined) throw wrongArgument(named, `an object of ${known.join(', ')}`, unknown);
    const options = Object.fromEntries(known.map((name) => [name, (value as Record<string, unknown>)[name]]));
    const { signal } = options;
    if (signal !== undefined && !isSignal(signal)) throw wrongArgument('signal', 'an AbortSignal', signal);
    return options as T;
  });
}

// Signals of another realm are as good.
const isSignal = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'aborted' in value && typeof (value as AbortSignal).addEventListener === 'function';

/** A flag. */
export function flagOf(value: unknown, name: string): boolean {
  if (typeof value === 'boolean') return value;
  throw wrongArgument(name, 'true or false', value);
}

/** A whole number of at least `least`. */
export function numberOf(value: unknown, name: string, least: number): number {
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) < 2 ** 32) return value as number;
  throw wrongArgument(name, `a whole number of ${least} or more`, value);
}

/** A function, if there is one. */
export function functionOf<T>(value: T, name: string): T {
  if (value === undefined || typeof value === 'function') return value;
  throw wrongArgument(name, 'a function', value);
}

/** The elements of what can be iterated. A string is one by itself. */
export const listOf = <T>(value: Iterable<T>, name: string): (T | string)[] => (typeof value === 'string' ? [value] : elementsOf(value, name));

/**
 * The elements of what can be iterated, other than a string.
 * @throws {@link TallymanError} `argument-invalid` if it cannot; `input-failed` if that fails itself.
 */
export function elementsOf<T>(value: Iterable<T>, name: string): T[] {
  return reading(`the elements of ${name}`, () => {
    if (typeof value === 'object' && value !== null && Symbol.iterator in value) return Array.from(value);
    throw wrongArgument(name, 'an array', value);
  });
}
