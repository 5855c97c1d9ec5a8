/** The method by which `util.inspect`, and so `console.log` in Node, asks for a readable form. */
export const inspected: unique symbol = Symbol.for('nodejs.util.inspect.custom') as never;
