/** Reading values of the user's, whose getters and proxies may throw. */
import { invalidOption } from './errors.js';
import { textOf } from './text.js';

/** What the user's own code threw while a value was read: a getter, or the trap of a proxy. */
export class ReadFailure extends Error {
  constructor(override readonly cause: unknown) {
    super('a value could not be read');
  }
}

/** A property of its own, whatever its name: an assignment could reach a prototype. */
export function define(target: object, key: string, value: unknown, enumerable = true): void {
  Object.defineProperty(target, key, { value, enumerable, configurable: true, writable: true });
}

export function read(from: object, key: string | number): unknown {
  try {
    return (from as Record<string | number, unknown>)[key];
  } catch (cause) {
    throw new ReadFailure(cause);
  }
}

/**
 * A copy of options, each of which is read once. Throws `CallError` with code `invalid-option`.
 *
 * @param what - What the options are called in that error.
 */
export function copyOfOptions<O extends object>(what: string, options: O): O {
  try {
    return { ...options };
  } catch (cause) {
    throw invalidOption(`${what} cannot be read: ${textOf(cause)}`, cause);
  }
}

export function valuesOf(source: object): unknown[] {
  try {
    return Object.values(source);
  } catch (cause) {
    throw new ReadFailure(cause);
  }
}

export function keysOf(source: object): string[] {
  try {
    return Object.keys(source);
  } catch (cause) {
    throw new ReadFailure(cause);
  }
}
