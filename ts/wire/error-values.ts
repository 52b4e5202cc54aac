/** The values in an error on its way: what can be carried of them, and what may be taken of what came. */

import { dataOf, isDataObject, itemsOf, types } from '../runtime/kinds.js';
import { define } from './reading.js';
import { tryToRead } from './text.js';

/** How deep a property is looked into for what can be carried of it, and how many values there are then. */
const MOST_IN_PART = { depth: 10, values: 1_000 };

/** Bytes of one error's properties: with the rest of it they have to fit one message. */
const MOST_BYTES = 24 * 1024 * 1024;

/** UTF-16 code units of a message or a stack. */
const MOST_TEXT = 1_000_000;

/** A text that is no longer than what one error may hold. */
export function cutText(text: string): string {
  return text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}…` : text;
}

/** What can be carried of values by name; what is shared among them stays shared where all of them can. */
export class Carried {
  readonly #values: Record<string, unknown> = Object.create(null);
  readonly #seen = new Set<object>();
  #bytes = 0;

  /** Takes a value as it is now, if it fits. */
  add(name: string, value: unknown): void {
    const bytes = sizeOf(value, MOST_BYTES - this.#bytes, this.#seen);
    if (bytes === undefined) return;
    this.#bytes += bytes;
    this.#values[name] = value;
  }

  copies(): Record<string, unknown> {
    const all = copyOf({ ...this.#values });
    if (all) return all.value as Record<string, unknown>;
    const copies: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(this.#values)) {
      const copy = copyOf(value) ?? partOf(value);
      if (copy) define(copies, name, copy.value);
    }
    return copies;
  }
}

/** Bytes that a value takes beside what has been seen; `undefined` where that is more than so many. */
function sizeOf(value: unknown, most: number, seen: Set<object>): number | undefined {
  const pending = [value];
  let bytes = 0;
  while (pending.length > 0) {
    const each = pending.pop();
    if (typeof each === 'string') bytes += each.length;
    if (bytes > most) return undefined;
    // Several views of one memory are sent with all of it, once.
    const object: unknown = ArrayBuffer.isView(each) ? each.buffer : each;
    if (!isDataObject(object) || seen.has(object)) continue;
    seen.add(object);
    bytes += bytesOf(object);
    for (const item of itemsOf(object)) pending.push(item);
  }
  return bytes > most ? undefined : bytes;
}

function bytesOf(object: object): number {
  return object instanceof ArrayBuffer ? object.byteLength : 0;
}

/**
 * What can be carried of an object or an array that holds functions, which are left out. `undefined`
 * for anything else, where something else in it cannot be carried, and where there is too much of it.
 */
function partOf(
  value: unknown,
  left = { ...MOST_IN_PART },
): { readonly value: unknown } | undefined {
  left.values -= 1;
  // Structured clone, too, takes an instance of a class for its data.
  const hasMembers =
    isDataObject(value) &&
    (Array.isArray(value) || Object.prototype.toString.call(value) === '[object Object]');
  if (!hasMembers || left.depth === 0 || left.values < 0) return undefined;
  left.depth -= 1;
  const members: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const member = tryToRead(value, key);
    if (typeof member?.value === 'function') continue;
    const copy = member && (copyOf(member.value) ?? partOf(member.value, left));
    if (!copy) return undefined;
    define(members, key, copy.value);
  }
  left.depth += 1;
  return { value: Array.isArray(value) ? Object.values(members) : members };
}

/**
 * What structured clone makes of a value; `undefined` where it refuses. The copy is sent, not the
 * value: Workers RPC refuses instances of classes, of which the copy has the data.
 */
export function copyOf(value: unknown): { readonly value: unknown } | undefined {
  try {
    return { value: structuredClone(value) };
  } catch {
    return undefined;
  }
}

/**
 * The data in what came from elsewhere. A function or a stub in it would be code of the sender's, and is
 * left out. It costs no more than what came, since what is shared stays shared, by whatever came with it, too.
 */
export function received(value: unknown): unknown {
  if (!isDataObject(value)) return typeof value === 'function' ? undefined : value;
  if (known.has(value)) return known.get(value);
  if (types.isMap(value) || types.isSet(value)) return receivedEntries(value);
  const isArray = Array.isArray(value);
  if (!isArray && Object.getPrototypeOf(value) !== Object.prototype) {
    known.set(value, isLeaf(value) ? value : undefined);
    return known.get(value);
  }
  const copy: object = isArray ? [] : {};
  known.set(value, copy);
  for (const [key, item] of dataOf(value)) {
    if (typeof item !== 'function') define(copy, key, received(item));
  }
  if (isArray) (copy as unknown[]).length = value.length;
  return copy;
}

/** What has been received, by what came: several failures of one message may hold the same. */
const known = new WeakMap<object, unknown>();

/** Of a Map or a Set, which came by structured clone, so that nothing about it is the sender's. */
function receivedEntries(value: object): object {
  if (value instanceof Map) {
    const copy = new Map<unknown, unknown>();
    known.set(value, copy);
    for (const [key, item] of value) copy.set(received(key), received(item));
    return copy;
  }
  const copy = new Set<unknown>();
  known.set(value, copy);
  for (const item of value as Set<unknown>) copy.add(received(item));
  return copy;
}

const LEAVES = /^\[object (?:Date|RegExp|Number|String|Boolean|BigInt|ArrayBuffer)\]$/;

/** Whether a value that is no container is data: an error is, where nothing stands in it that is more. */
function isLeaf(value: object): boolean {
  if (ArrayBuffer.isView(value)) return true;
  if (!(value instanceof Error)) return LEAVES.test(Object.prototype.toString.call(value));
  const own = Object.values(Object.getOwnPropertyDescriptors(value));
  return own.every(({ value: item }) => !isDataObject(item) && typeof item !== 'function');
}
