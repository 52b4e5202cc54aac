/** The values in an error: the part that can be sent, and the part of a received one that may be used. */

import { dataOf, isBareList, isDataObject, itemsOf, types } from '../runtime/kinds.js';
import { ErrorLimit } from '../wasm/lumenize_call.js';
import { define } from './reading.js';
import { cut, tryToRead } from './text.js';

/** How deep, and for how many values, a property is searched for its transferable part. */
const MOST_IN_PART = { depth: 10, values: 1_000 };

/** A text that is no longer than what one error may hold. */
export function cutText(text: string): string {
  return cut(text, ErrorLimit.Text);
}

/** What has own properties that are given to it once all are known. */
interface Carrying {
  properties: Readonly<Record<string, unknown>>;
}

/**
 * The transferable part of the own properties of all errors of one failure. What several of them share stays
 * shared, and counts once, if all of it is transferable.
 */
export class Carried {
  readonly #values = new Map<Carrying, Record<string, unknown>>();
  readonly #seen = new Set<object>();
  #bytes = 0;

  /** Takes a value as it is now, if it fits. */
  add(to: Carrying, name: string, value: unknown): void {
    const bytes = sizeOf(value, ErrorLimit.Bytes - this.#bytes, this.#seen);
    if (bytes === undefined) return;
    this.#bytes += bytes;
    const values = this.#values.get(to) ?? {};
    define(values, name, value);
    this.#values.set(to, values);
  }

  /** Gives each its copies. */
  give(): void {
    const all = copyOf([...this.#values.values()]);
    const copies = all?.value as Record<string, unknown>[] | undefined;
    const parts = new Map<unknown, ReturnType<typeof copyOf>>();
    for (const [at, [to, values]] of [...this.#values].entries()) {
      to.properties = copies?.[at] ?? partsOf(values, parts);
    }
  }
}

/** @param known - By value, what has been made of it for another error. */
function partsOf(
  values: Record<string, unknown>,
  known: Map<unknown, ReturnType<typeof copyOf>>,
): Record<string, unknown> {
  const together = copyOf(values);
  if (together) return together.value as Record<string, unknown>;
  const copies: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(values)) {
    const copy = known.has(value) ? known.get(value) : (copyOf(value) ?? partOf(value));
    known.set(value, copy);
    if (copy) define(copies, name, copy.value);
  }
  return copies;
}

/** Bytes that a value adds to those already seen; `undefined` beyond a limit. */
function sizeOf(value: unknown, most: number, seen: Set<object>): number | undefined {
  const pending = [value];
  let bytes = 0;
  while (pending.length > 0 && bytes <= most) {
    const each = pending.pop();
    if (typeof each === 'string') bytes += each.length;
    // Several views of one memory are sent with all of it, once.
    const object: unknown = ArrayBuffer.isView(each) ? each.buffer : each;
    if (!isDataObject(object) || seen.has(object)) continue;
    seen.add(object);
    bytes += bytesOf(object);
    pushItems(pending, object);
  }
  return bytes > most ? undefined : bytes;
}

/** By index, since the items may be a list of the user's, which has an iterator of its own. */
function pushItems(pending: unknown[], object: object): void {
  const items = itemsOf(object);
  for (let at = 0; at < items.length; at++) {
    const item = items[at];
    if (typeof item === 'string' || isDataObject(item)) pending.push(item);
  }
}

function bytesOf(object: object): number {
  return object instanceof ArrayBuffer ? object.byteLength : 0;
}

/**
 * The transferable part of an object or an array, without its functions. `undefined`
 * for anything else, for an untransferable part other than functions, and beyond a limit.
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
  return { value: Array.isArray(value) ? listOf(members, value.length) : members };
}

/** An item that cannot be sent leaves a hole, so that the others keep their places. */
function listOf(members: Record<string, unknown>, length: number): unknown[] {
  const list: unknown[] = Object.assign([], members);
  list.length = length;
  return list;
}

/**
 * The structured clone of a value; `undefined` if that fails. The copy is sent instead of the
 * value: Workers RPC refuses class instances, and the copy has their data.
 */
export function copyOf(value: unknown): { readonly value: unknown } | undefined {
  try {
    return { value: structuredClone(value) };
  } catch {
    return undefined;
  }
}

/**
 * The data in a received value. A function or a stub in it would be the sender's code, and is
 * left out. The cost is linear in the value, because shared parts stay shared, also with its neighbours.
 */
export function received(value: unknown): unknown {
  if (!isDataObject(value)) return typeof value === 'function' ? undefined : value;
  if (known.has(value)) return known.get(value);
  if (types.isMap(value) || types.isSet(value)) return receivedEntries(value);
  if (Array.isArray(value)) return receivedList(value);
  if (Object.getPrototypeOf(value) !== Object.prototype) {
    known.set(value, isLeaf(value) ? value : undefined);
    return known.get(value);
  }
  return receivedData(value, {});
}

function receivedList(list: unknown[]): object {
  const copy: unknown[] = [];
  if (isBareList(list)) {
    known.set(list, copy);
    for (const item of list) {
      if (typeof item === 'function') copy.length += 1;
      else copy.push(received(item));
    }
  } else receivedData(list, copy);
  copy.length = list.length;
  return copy;
}

function receivedData(value: object, copy: object): object {
  known.set(value, copy);
  for (const [key, item] of dataOf(value)) {
    if (typeof item !== 'function') define(copy, key, received(item));
  }
  return copy;
}

/** Results by received value: several failures of one message may share values. */
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

const LEAVES =
  /^\[object (?:Date|RegExp|Number|String|Boolean|BigInt|ArrayBuffer|Headers|Request|Response|Blob|File)\]$/;

/** Whether a value that is no container is data: an error is, where nothing stands in it that is more. */
function isLeaf(value: object): boolean {
  if (ArrayBuffer.isView(value)) return true;
  if (!(value instanceof Error)) return LEAVES.test(Object.prototype.toString.call(value));
  const own = Object.values(Object.getOwnPropertyDescriptors(value));
  return own.every(({ value: item }) => !isDataObject(item) && typeof item !== 'function');
}
