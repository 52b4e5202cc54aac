/**
 * Disposal of what has never been sent, or has been sent and come to nothing: the runtime releases the
 * stubs of a result when its caller disposes of it, and this does the same where there is no caller.
 */

import { RpcTarget } from '#workers';
import { isObject, itemsOf, types } from '../runtime/kinds.js';
import { isStub } from '../runtime/references.js';

/**
 * Releases what a value holds, as the runtime would if its caller disposed of it: stubs, objects that are
 * passed by reference and functions, wherever they stand in plain data, and at last the value itself where
 * it is a plain object with a disposer.
 *
 * @param kept - What belongs to somebody else; it is filled with all that has been met.
 */
export function releaseLocal(value: unknown, kept = new Set<unknown>()): void {
  const met = [...objectsIn(value)].filter((each) => !kept.has(each));
  for (const each of met) {
    kept.add(each);
    if (isReference(each)) dispose(each);
  }
  if (isPlain(value) && met.includes(value)) dispose(value);
}

/** All objects that a value is or holds, as far as it is plain data, in the order in which they stand in it. */
export function objectsIn(value: unknown): Set<object> {
  const met = new Set<object>();
  const pending = [value];
  while (pending.length > 0) {
    const each = pending.pop();
    if (!isObject(each) || met.has(each)) continue;
    met.add(each);
    if (isContainer(each)) for (const item of itemsOf(each).reverse()) pending.push(item);
  }
  return met;
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

function dispose(value: object): void {
  try {
    (value as Partial<Disposable>)[Symbol.dispose]?.();
  } catch {
    // Then there is nothing left to release.
  }
}
