/**
 * Arguments that hold continuations. Inside arrays and plain objects a continuation is replaced by
 * its value; anywhere else it cannot be, and is refused with the path to it.
 */
import { CallError } from './errors.js';
import { isPassedByReference } from './expose.js';
import { explain, isPlainObject, nodeOf } from './record.js';

/** Finds which containers of one program hold a continuation, each container looked at once. */
export class Containers {
  /** Whether a container holds a continuation; `undefined` while that is being found out. */
  readonly #holds = new Map<object, boolean | undefined>();
  /** Containers that were met again inside themselves. */
  readonly #cyclic = new Set<object>();
  #holdsItself = false;
  /** The first container that holds a continuation and cannot be copied with its value. */
  #misplacedIn: object | undefined;

  /**
   * Whether a continuation stands anywhere in an argument.
   *
   * @throws `CallError` with code `invalid-continuation` where one stands in a Map, a Set or an
   *   instance of a class, or in a container that contains itself; `limit-exceeded` where it is
   *   nested deeper than the stack.
   */
  holds(argument: object): boolean {
    try {
      return this.#find(argument);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new CallError('limit-exceeded', 'an argument is nested too deep', { cause: error });
    }
  }

  #find(argument: object): boolean {
    const holds = this.#look(argument);
    if (this.#misplacedIn) {
      const kind = this.#misplacedIn.constructor?.name ?? 'object';
      const path = `${pathTo(argument, this.#misplacedIn)}${pathTo(this.#misplacedIn)}`;
      throw invalid(
        `a continuation at ${path} stands in a ${kind}, where its value cannot take its place: ` +
          'put it into an array or a plain object',
      );
    }
    if (this.#holdsItself) {
      throw invalid(`an argument contains itself and, at ${pathTo(argument)}, a continuation`);
    }
    return holds;
  }

  #look(container: object): boolean {
    if (this.#holds.has(container)) {
      const known = this.#holds.get(container);
      if (known === undefined) this.#cyclic.add(container);
      return known ?? false;
    }
    this.#holds.set(container, undefined);
    let holds = false;
    for (const item of Array.isArray(container) ? container : itemsOf(container)) {
      // Every item is looked at, so that every container on the way is known.
      const found = nodeOf(item) !== undefined || (isObject(item) && this.#look(item));
      holds ||= found;
    }
    const isReplaceable = Array.isArray(container) || isPlainObject(container);
    if (holds && !isReplaceable) this.#misplacedIn ??= container;
    if (holds && this.#cyclic.has(container)) this.#holdsItself = true;
    this.#holds.set(container, holds);
    return holds;
  }
}

function* itemsOf(container: object): Iterable<unknown> {
  if (container instanceof Set) yield* container;
  else if (container instanceof Map) {
    for (const [key, value] of container) {
      yield key;
      yield value;
    }
  } else if (!isPassedWhole(container)) yield* Object.values(container);
}

/** Bytes, and objects that are passed by reference: what they hold is their own affair. */
function isPassedWhole(container: object): boolean {
  return ArrayBuffer.isView(container) || isPassedByReference(container);
}

/** Where a value, or the first continuation, stands in a container: `.users.get("u1")[0]`. */
function pathTo(from: object, end?: object): string {
  if (from === end) return '';
  return (
    findPath(from, (item) => (end ? item === end : nodeOf(item) !== undefined), new Set()) ?? ''
  );
}

function findPath(
  from: object,
  isEnd: (item: unknown) => boolean,
  seen: Set<object>,
): string | undefined {
  seen.add(from);
  for (const [step, item] of stepsInto(from)) {
    if (isEnd(item)) return step;
    if (!isObject(item) || seen.has(item)) continue;
    const rest = findPath(item, isEnd, seen);
    if (rest !== undefined) return step + rest;
  }
  return undefined;
}

function* stepsInto(container: object): Iterable<[step: string, item: unknown]> {
  if (container instanceof Map) {
    for (const [key, value] of container) {
      yield ['.keys()', key];
      yield [`.get(${explain(key)})`, value];
    }
  } else if (container instanceof Set) {
    for (const item of container) yield ['.values()', item];
  } else {
    const isArray = Array.isArray(container);
    for (const [key, item] of Object.entries(container)) {
      yield [isArray ? `[${key}]` : `.${key}`, item];
    }
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** What cannot be a continuation that is run. */
export function invalid(message: string): CallError {
  return new CallError('invalid-continuation', message);
}
