/**
 * Snapshots: values as they are now, for a message that is sent later. Workers RPC reads arguments
 * when a call is made and results when a method returns, and gives each call its own copy. What waits
 * for the rest of its message is copied here, so that it means the same.
 */

/** Nesting beyond which nothing is copied: copying recurses. */
const DEEPEST = 50;

/** Bytes of a value in a message, at the most; characters of strings and bytes of buffers apart. */
const BYTES_OF_A_VALUE = 16;

const HEXADECIMAL = 16;

/** UTF-16 code units of a string that need not be looked at more closely. */
const SMALL_STRING = 50;

/** What a small value takes in a message, at the most. */
export const SMALL_BYTES = BYTES_OF_A_VALUE + 2 * SMALL_STRING;

/** Copies of values that belong together: an object that stands twice in them is copied once. */
export class Snapshot {
  /**
   * Whether all was copied. What is no plain data stays what it is: a stub or a stream, which is
   * passed by reference, or something that the runtime may refuse.
   */
  isWhole = true;
  /** What it takes in a message, at the most. */
  bytes = 0;
  #values = 0;
  readonly #most: number;
  #copies: Map<object, object> | undefined;

  /** @param most - How many values are copied; where there are more, not all of it is. */
  constructor(most = Number.POSITIVE_INFINITY) {
    this.#most = most;
  }

  copy(value: unknown): unknown {
    return this.#copy(value, 0);
  }

  #copy(value: unknown, depth: number): unknown {
    this.#values += 1;
    this.bytes += BYTES_OF_A_VALUE;
    if (typeof value === 'string') this.bytes += 2 * value.length;
    if (typeof value === 'bigint') this.bytes += value.toString(HEXADECIMAL).length;
    if (typeof value === 'object' && value !== null) return this.#copyObject(value, depth);
    if (typeof value === 'function' || typeof value === 'symbol') this.isWhole = false;
    return value;
  }

  #copyObject(object: object, depth: number): object {
    const known = this.#copies?.get(object);
    if (known) return known;
    const copy = depth < DEEPEST ? startCopy(object) : undefined;
    if (!copy) {
      this.isWhole = false;
      return object;
    }
    this.#copies ??= new Map();
    this.#copies.set(object, copy);
    this.#fill(copy, object, depth + 1);
    return copy;
  }

  #fill(copy: object, from: object, depth: number): void {
    if (copy instanceof Map) {
      for (const [key, item] of from as Map<unknown, unknown>) {
        if (this.#isTooMuch()) return;
        copy.set(this.#copy(key, depth), this.#copy(item, depth));
      }
    } else if (copy instanceof Set) {
      for (const item of from as Set<unknown>) {
        if (this.#isTooMuch()) return;
        copy.add(this.#copy(item, depth));
      }
    } else this.#fillProperties(copy as Properties, from as Properties, depth);
  }

  /** Then nobody looks at the copy. */
  #isTooMuch(): boolean {
    if (this.#values > this.#most) this.isWhole = false;
    return this.#values > this.#most;
  }

  #fillProperties(copy: Properties, from: Properties, depth: number): void {
    for (const key of Object.keys(from)) {
      if (this.#isTooMuch()) return;
      this.bytes += 2 * key.length;
      const value = this.#copy(from[key], depth);
      // An assignment would not make an own property of this one.
      if (key === '__proto__') Object.defineProperty(copy, key, { ...OWN, value });
      else copy[key] = value;
    }
  }
}

type Properties = Record<string, unknown>;

const OWN = { configurable: true, enumerable: true, writable: true };

/** What a copy begins as; `undefined` for what is no plain data. */
function startCopy(object: object): object | undefined {
  switch (Object.getPrototypeOf(object)) {
    case Object.prototype:
      return {};
    case Array.prototype:
      return new Array((object as unknown[]).length);
    case Map.prototype:
      return new Map();
    case Set.prototype:
      return new Set();
    case Date.prototype:
      return new Date(Number(object));
    default:
      return undefined;
  }
}

/** Whether a value is its own snapshot, and takes at most `SMALL_BYTES` in a message. */
export function isSmall(value: unknown): boolean {
  switch (typeof value) {
    case 'bigint':
    case 'object':
      return value === null;
    case 'string':
      return value.length <= SMALL_STRING;
    case 'function':
    case 'symbol':
      return false;
    default:
      return true;
  }
}
