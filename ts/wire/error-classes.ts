/**
 * The classes of errors that cross as themselves. A class off the wire is looked up here and nowhere
 * else: what a sender writes never reaches `globalThis`.
 */
import { CallError, invalidOption } from './errors.js';
import { cut } from './text.js';

/** UTF-16 code units of the name and the message of a `DOMException`. */
const MOST_OF_EXCEPTION = 10_000;

type ErrorClass = abstract new (...args: never) => Error;

/** Built-in classes of errors that this runtime has. */
const BUILT_IN: readonly ErrorClass[] = [
  ...classesIn(globalThis, [
    'Error',
    'TypeError',
    'RangeError',
    'SyntaxError',
    'ReferenceError',
    'EvalError',
    'URIError',
    'AggregateError',
    'SuppressedError',
    'DOMException',
  ]),
  ...classesIn(WebAssembly, ['CompileError', 'LinkError', 'RuntimeError', 'SuspendError']),
];

function classesIn(owner: object, names: readonly string[]): ErrorClass[] {
  return names.flatMap((name) => {
    const found: unknown = Reflect.get(owner, name);
    return typeof found === 'function' ? [found as unknown as ErrorClass] : [];
  });
}

const builtIn = new Map<string, ErrorClass>(BUILT_IN.map((each) => [each.name, each]));

/** Registered classes, the latest of each name. */
const registered = new Map<string, ErrorClass>();

/** Names of classes by their prototypes, including replaced ones, whose errors still exist. */
const names = new WeakMap<object, string>(BUILT_IN.map((each) => [each.prototype, each.name]));

/**
 * Lets errors of your own classes cross as themselves: `instanceof` holds on the other side. Both
 * sides register, at the top level of a module, since a class is known by its name; it counts for
 * the whole isolate. A bundler that renames classes must rename them alike on both sides.
 *
 * A class that is registered again, when its module is evaluated anew, replaces the one of its name.
 *
 * What arrives has the message, the remote stack, causes and own properties. The constructor does
 * not run again, so private fields (`#field`) are not there.
 *
 * @param classes - Classes that extend `Error`.
 * @throws `CallError` with code `invalid-option` for a value that is not such a class, for a class
 *   without a name or one that extends `CallError`, and where a class of the language has the name.
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
      throw invalidOption(
        `registerErrors takes named classes that extend Error, but not CallError: not ${what}`,
      );
    }
    if (builtIn.has(each.name) || each.name === 'CallError') {
      throw invalidOption(`there is another class of errors named ${each.name}`);
    }
  }
  for (const each of classes) {
    registered.set(each.name, each);
    names.set(each.prototype, each.name);
  }
}

/** The caller sets the details of a `CallError`, not a registered class. */
function isRegistrable(value: unknown): boolean {
  if (typeof value !== 'function' || value.name === '') return false;
  const prototype: unknown = value.prototype;
  if (prototype instanceof CallError) return false;
  // A class may recognise its instances by other means than the prototype, as zod 4 does.
  return (
    prototype instanceof Error ||
    (typeof prototype === 'object' && Object.hasOwn(value, Symbol.hasInstance))
  );
}

/** The known name of an error's own class, not of one above it. */
export function classNameOf(error: object): string | undefined {
  return names.get(Object.getPrototypeOf(error));
}

/** An error of the class with that name; of `Error` where there is none. */
export function createError(className: unknown, name: string, message: string): Error {
  const known =
    typeof className === 'string'
      ? (builtIn.get(className) ?? registered.get(className))
      : undefined;
  // Unlike the others, it copies its texts, which calls may share.
  if (known === DOMException) {
    return new DOMException(cut(message, MOST_OF_EXCEPTION), cut(name, MOST_OF_EXCEPTION));
  }
  // A user's constructor may expect anything, so only `Error`'s constructor runs.
  const newTarget = known?.prototype instanceof Error ? known : Error;
  return Reflect.construct(Error, [message], newTarget) as Error;
}
