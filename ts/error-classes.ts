/**
 * The classes of errors that cross as themselves. A class off the wire is looked up here and nowhere
 * else: what a sender writes never reaches `globalThis`.
 */
import { CallError } from './errors.js';

type ErrorClass = abstract new (...args: never) => Error;

const BUILT_IN: readonly ErrorClass[] = [
  Error,
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
  AggregateError,
  DOMException,
];

const byName = new Map<string, ErrorClass>(BUILT_IN.map((each) => [each.name, each]));

/**
 * Lets errors of your own classes cross as themselves: `instanceof` holds on the other side. Both
 * sides register, at the top level of a module, since a class is known by its name; it counts for
 * the whole isolate. A bundler that renames classes must rename them alike on both sides.
 *
 * What arrives has the message, the remote stack, causes and own properties. The constructor does
 * not run again, so private fields (`#field`) are not there.
 *
 * @param classes - Classes that extend `Error`.
 * @throws `CallError` with code `invalid-option` for a value that is not such a class, for a class
 *   without a name or one that extends `CallError`, and where another class has the name.
 * @example
 * ```ts
 * export class OutOfStock extends Error {
 *   constructor(readonly sku: string) {
 *     super(`${sku} is out of stock`);
 *   }
 * }
 * registerErrors(OutOfStock);
 * ```
 */
export function registerErrors(...classes: ErrorClass[]): void {
  for (const each of classes) {
    if (!isRegistrable(each)) {
      const what =
        typeof each === 'function' ? each.name || 'a class without a name' : String(each);
      throw new CallError(
        'invalid-option',
        `registerErrors takes named classes that extend Error, but not CallError: not ${what}`,
      );
    }
    if ((byName.get(each.name) ?? each) !== each || each.name === 'CallError') {
      throw new CallError('invalid-option', `there is another class of errors named ${each.name}`);
    }
  }
  for (const each of classes) byName.set(each.name, each);
}

/** What a `CallError` knows of its call is set by whoever made the call, not by a class. */
function isRegistrable(value: unknown): boolean {
  if (typeof value !== 'function' || value.name === '') return false;
  const prototype: unknown = value.prototype;
  return prototype instanceof Error && !(prototype instanceof CallError);
}

/** The name under which an error's own class, not one above it, is known. */
export function classNameOf(error: object): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(error);
  for (const [name, each] of byName) if (each.prototype === prototype) return name;
  return undefined;
}

/** An error of the class with that name; of `Error` where there is none. */
export function createError(className: string, name: string, message: string): Error {
  const known = byName.get(className) ?? Error;
  if (known === DOMException) return new DOMException(message, name);
  // A constructor of the user's may take anything: only what `Error` does is done.
  return Reflect.construct(Error, [message], known) as Error;
}
