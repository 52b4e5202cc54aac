/**
 * Disposal of what arrived, and of what has never been sent, or has been sent and come to nothing: the
 * runtime releases the stubs of a result when its caller disposes of it, and this does the same where there
 * is no caller.
 */

import { RpcTarget } from '#workers';
import { isObject, itemsOf, types } from '../runtime/kinds.js';
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
  releaseAll([value], new Set(), Number.POSITIVE_INFINITY);
}

/**
 * Releases what values hold, one after the other. Each object is looked at once, in however many it stands.
 *
 * @param kept - What belongs to somebody else, with all that it holds; what is met here is added to it.
 * @param most - How many items are looked at before no more containers are opened: what stands in those is
 *   left to the garbage collector.
 */
export function releaseAll(values: readonly unknown[], kept: Set<object>, most: number): void {
  const budget = { items: most };
  for (const value of values) {
    const isNew = isObject(value) && !kept.has(value);
    for (const each of meet(value, kept, budget)) if (isReference(each)) release(each);
    if (isNew && isPlain(value)) release(value);
  }
}

/** All objects that a value is or holds, as far as it is plain data, in the order in which they stand in it. */
export function objectsIn(value: unknown): Set<object> {
  const met = new Set<object>();
  meet(value, met, { items: Number.POSITIVE_INFINITY });
  return met;
}

/** Adds to `met` all objects that a value is or holds, and returns those that are new. */
function meet(value: unknown, met: Set<object>, budget: { items: number }): object[] {
  const found: object[] = [];
  const pending = [value];
  while (pending.length > 0) {
    const each = pending.pop();
    if (!isObject(each) || met.has(each)) continue;
    met.add(each);
    found.push(each);
    if (!isContainer(each) || budget.items <= 0) continue;
    const items = itemsOf(each);
    budget.items -= items.length;
    for (const item of items.reverse()) pending.push(item);
  }
  return found;
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
