/**
 * Disposal of what has never been sent, or has been sent and come to nothing: the runtime releases the
 * stubs of a result when its caller disposes of it, and this does the same where there is no caller.
 */
import { RpcTarget } from '#workers';
import { isStub } from './reach.js';

/**
 * Releases what a value holds, as the runtime would if its caller disposed of it: stubs, objects that are
 * passed by reference and functions, wherever they stand in plain data, and at last the value itself where
 * it is a plain object with a disposer.
 *
 * @param kept - What belongs to somebody else; it is filled with all that has been met.
 */
export function releaseLocal(value: unknown, kept = new Set<unknown>()): void {
  releaseInside(value, kept);
  if (isPlain(value)) dispose(value);
}

function releaseInside(value: unknown, met: Set<unknown>): void {
  if (!isObject(value) || met.has(value)) return;
  met.add(value);
  if (typeof value === 'function' || value instanceof RpcTarget || isStub(value)) dispose(value);
  else for (const item of itemsOf(value)) releaseInside(item, met);
}

/** All objects that a value is or holds, as far as it is plain data. */
export function objectsIn(value: unknown, met = new Set<unknown>()): Set<unknown> {
  if (!isObject(value) || met.has(value)) return met;
  met.add(value);
  for (const item of itemsOf(value)) objectsIn(item, met);
  return met;
}

function itemsOf(value: object): Iterable<unknown> {
  if (Array.isArray(value) || value instanceof Set) return value;
  if (value instanceof Map) return [...value].flat();
  return isPlain(value) ? Object.values(value) : [];
}

function isPlain(value: unknown): value is object {
  return isObject(value) && Object.getPrototypeOf(value) === Object.prototype;
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function dispose(value: object): void {
  try {
    (value as Partial<Disposable>)[Symbol.dispose]?.();
  } catch {
    // Then there is nothing left to release.
  }
}
