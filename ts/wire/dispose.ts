/**
 * Disposal of what arrived, and of what has never been sent, or has been sent and come to nothing: the
 * runtime releases the stubs of a result when its caller disposes of it, and this does the same where there
 * is no caller.
 */

import { RpcTarget } from '#workers';
import { isObject, itemsOf, sizeOfMap, sizeOfSet, types } from '../runtime/kinds.js';
import { isStub } from '../runtime/references.js';

/**
 * Releases the stubs in a value that arrived by RPC, through its `Symbol.dispose`. No other code
 * does: a late value is dropped, and a handler owns its outcome only
 * while it runs, like the parameters of an RPC method.
 */
export function release(received: unknown): void {
  if (!isObject(received)) return;
  try {
    (received as Partial<Disposable>)[Symbol.dispose]?.();
  } catch {
    // Nothing is left to release.
  }
}

/**
 * Releases what a value holds, as the runtime would if its caller disposed of it: stubs, objects that are
 * passed by reference and functions, wherever they stand in plain data, and at last the value itself where
 * it is a plain object with a disposer.
 */
export function releaseLocal(value: unknown): void {
  releaseAll([value], new Set(), new Looks(Number.POSITIVE_INFINITY));
}

/** How many items of containers may be looked at in search of stubs. */
export class Looks {
  #left: number;

  constructor(most: number) {
    this.#left = most;
  }

  /** Whether the items of a container may be looked at, too. Those of one that has too many may not. */
  allow(container: object): boolean {
    if (this.#left < 0) return false;
    const count = this.#count(container);
    if (count > this.#left) return false;
    this.#left -= count;
    return true;
  }

  /** Without opening it, except that the keys of an object are listed. Too many of them use up what is left. */
  #count(container: object): number {
    // Nobody looks into a proxy: its traps are user code.
    if (types.isProxy(container)) return 0;
    if (Array.isArray(container)) return container.length;
    if (types.isMap(container)) return sizeOfMap.call(container as never);
    if (types.isSet(container)) return sizeOfSet.call(container as never);
    let count = 0;
    for (const _ in container) {
      count += 1;
      if (count <= this.#left) continue;
      this.#left = -1;
      break;
    }
    return count;
  }
}

/**
 * Releases what values hold, one after the other. Each object is looked at once, in however many it stands.
 *
 * @param kept - What belongs to somebody else, with all that it holds; what is met here is added to it.
 * @param looks - What stands in a container of too many items is left to the garbage collector.
 */
export function releaseAll(values: readonly unknown[], kept: Set<object>, looks: Looks): void {
  for (const value of values) {
    const isNew = isObject(value) && !kept.has(value);
    for (const each of meet(value, kept, looks).found) if (isReference(each)) release(each);
    if (isNew && isPlain(value)) release(value);
  }
}

/**
 * All objects that a value is or holds, as far as it is plain data, in the order in which they stand in it;
 * `undefined` for one that holds too many.
 */
export function objectsIn(value: unknown, looks: Looks): Set<object> | undefined {
  const met = new Set<object>();
  return meet(value, met, looks).isWhole ? met : undefined;
}

/** Adds to `met` all objects that a value is or holds, and returns those that are new, and whether they are all. */
function meet(
  value: unknown,
  met: Set<object>,
  looks: Looks,
): { readonly found: object[]; readonly isWhole: boolean } {
  const found: object[] = [];
  let isWhole = true;
  const pending = [value];
  while (pending.length > 0) {
    const each = pending.pop();
    if (!isObject(each) || met.has(each)) continue;
    met.add(each);
    found.push(each);
    if (!isContainer(each)) continue;
    if (!looks.allow(each)) {
      isWhole = false;
      continue;
    }
    const items = itemsOf(each);
    for (let at = items.length - 1; at >= 0; at--) {
      if (isObject(items[at])) pending.push(items[at]);
    }
  }
  return { found, isWhole };
}

function isReference(value: object): boolean {
  return typeof value === 'function' || value instanceof RpcTarget || isStub(value);
}

/** Classes whose instances go on to use their source when they have been sent. */
const LASTING = [ReadableStream, WritableStream, Request, Response];

/** Whether something in a value is used after it was sent, and so may need what it was reached through. */
export function outlivesCall(objects: ReadonlySet<object>): boolean {
  for (const each of objects) {
    if (isReference(each) || LASTING.some((kind) => each instanceof kind)) return true;
  }
  return false;
}

function isContainer(value: object): boolean {
  return isPlain(value) || Array.isArray(value) || types.isMap(value) || types.isSet(value);
}

function isPlain(value: unknown): value is object {
  return isObject(value) && Object.getPrototypeOf(value) === Object.prototype;
}
