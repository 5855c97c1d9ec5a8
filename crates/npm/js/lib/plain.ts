/** The method by which `util.inspect`, and so `console.log` in Node, asks for a readable form. */
export const inspected: unique symbol = Symbol.for('nodejs.util.inspect.custom') as never;

/** The kind of a value as the language tells it, in any realm: `[object Date]`; empty for a Proxy that fails. */
export function tagOf(value: unknown): string {
  try {
    return Object.prototype.toString.call(value);
  } catch {
    return '';
  }
}

/** `instanceof` for anything that a program gives: a Proxy that fails is no instance. */
export function isA<T>(value: unknown, type: { prototype: T }): value is T {
  try {
    return value instanceof (type as never);
  } catch {
    return false;
  }
}
