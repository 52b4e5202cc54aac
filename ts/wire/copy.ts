/**
 * Copies values as they are now. Workers RPC reads arguments when a call is made and results when a
 * method returns, and gives each call its own copy. Each value is therefore read once, here, and the copy
 * is encoded, waits for its message and is sent.
 *
 * A copy equals the value that Workers RPC would deliver. The engine's knowledge of a value decides, not
 * its prototype, iterator or `valueOf`, which belong to the user. A value that is not plain data stays
 * unchanged: a stub or a stream, which crosses by reference, or a value that the runtime may refuse.
 */
import {
  forEachOfMap,
  forEachOfSet,
  isBareList,
  isDataObject,
  isListOfData,
  LONG_LIST,
  timeOf,
  types,
} from '../runtime/kinds.js';
import { isPassedByReference, isStub } from '../runtime/references.js';
import { releaseLocal } from './dispose.js';
import { CallError, invalidContinuation } from './errors.js';
import { isForeign, nodeOf } from './node.js';
import { notSent } from './outcome.js';
import { holdsContinuation, isCyclic, pathTo } from './places.js';
import { define, keysOf, ReadFailure, read, valuesOf } from './reading.js';

/** Bytes of a value in a message, at the most; characters of strings and bytes of buffers apart. */
const BYTES_OF_A_VALUE = 16;

const HEXADECIMAL = 16;

/** Copies of values that belong together: an object that stands twice in them is copied once. */
export class Copies {
  /** Whether all was copied. Otherwise something in it is passed by reference. */
  isWhole = true;
  /** What the copies take in a message, at the most. */
  bytes = 0;
  /** By what they are copies of. */
  #copies: Map<object, object> | undefined;
  /** Copies of arrays and plain objects in which a continuation stands, at any depth. */
  #holding: Set<object> | undefined;
  /** How many continuations have been met, those in a container met again included. */
  #met = 0;
  /** The first copy in which the value of a continuation could not take its place, and its source. */
  #misplaced: { readonly copy: object; readonly source: object } | undefined;
  /** What is passed by reference, in the order in which it was met. */
  #passedOn: Set<object> | undefined;
  readonly #of: 'arguments' | 'result' | 'handler';
  /** In which no continuation stands: it is looked through once, in however much it stands. */
  #looked: Set<object> | undefined;

  /**
   * @param of - What is copied: arguments, in which continuations have their place; a result; or the
   *   arguments of a handler, which are looked through and not sent.
   */
  constructor(of: 'arguments' | 'result' | 'handler') {
    this.#of = of;
  }

  /**
   * Copies one value. A continuation in it stays where it is: `holds` says so of its container.
   *
   * @throws `ReadFailure` for what the user's own code throws; `CallError` with code
   *   `invalid-continuation` where a continuation stands in a Map, a Set or an instance of a class, in
   *   a container that contains itself, or is another package's; `limit-exceeded` where one stands in a
   *   value that is nested deeper than the stack.
   */
  copy(value: unknown): unknown {
    const before = this.#met;
    let copy: unknown;
    try {
      copy = this.#copy(value);
    } catch (error) {
      if (!(error instanceof RangeError) || !isDataObject(value)) throw error;
      if (this.#of === 'result' || holdsContinuation(value)) {
        throw new CallError('limit-exceeded', 'an argument is nested too deep', { cause: error });
      }
      // The runtime says whether it can carry it.
      this.#passOnAsIs(value);
      copy = value;
    }
    if (this.#met !== before && isDataObject(copy)) this.#checkPlaces(copy);
    return copy;
  }

  /** Whether a continuation stands in a copy. */
  holds(copy: object): boolean {
    return this.#holding?.has(copy) ?? false;
  }

  /** What the copies were made of, by copy. */
  sources(): Map<object, object> {
    return new Map([...(this.#copies ?? [])].map(([source, copy]) => [copy, source]));
  }

  /**
   * Releases values that were to be passed by reference, as the runtime does with the parts of a value
   * that it met before a failure.
   */
  letGo(): void {
    // A stub among arguments belongs to its owner. A method gives its result away.
    const isKept = (each: object): boolean => this.#of === 'arguments' && isStub(each);
    for (const each of this.#passedOn ?? []) if (!isKept(each)) releaseLocal(each);
  }

  #checkPlaces(copy: object): void {
    const misplaced = this.#misplaced;
    if (misplaced) {
      const kind = misplaced.source.constructor?.name ?? 'object';
      const path = `${pathTo(copy, misplaced.copy)}${pathTo(misplaced.source)}`;
      throw invalidContinuation(
        `a continuation at ${path} stands in a ${kind}, ` +
          'where its value cannot take its place: put it into an array or a plain object',
      );
    }
    if (isCyclic(copy, (each) => this.holds(each))) {
      throw invalidContinuation(
        `an argument contains itself and, at ${pathTo(copy)}, a continuation`,
      );
    }
  }

  #copy(value: unknown): unknown {
    this.bytes += BYTES_OF_A_VALUE;
    switch (typeof value) {
      case 'string':
        this.bytes += 2 * value.length;
        return value;
      case 'bigint':
        this.bytes += value.toString(HEXADECIMAL).length;
        return value;
      case 'object':
        return value === null ? null : this.#copyObject(value);
      case 'symbol':
        this.isWhole = false;
        return value;
      case 'function':
        this.#meetFunction(value as object);
        return value;
      default:
        return value;
    }
  }

  #meetFunction(value: object): void {
    const isContinuation = nodeOf(value) !== undefined;
    if (this.#of === 'result') {
      if (isContinuation) throw new ReadFailure(notSent(value));
      this.#passOnAsIs(value);
    } else if (isContinuation) this.#met += 1;
    else if (isForeign(value)) {
      throw invalidContinuation(
        'an argument is a continuation of another copy of this package: record it with this one, ' +
          'and see by `npm ls @lumenize/call` why there are two',
      );
    } else this.#passOnAsIs(value);
  }

  #passOnAsIs(value: object): void {
    this.isWhole = false;
    this.#passedOn ??= new Set();
    this.#passedOn.add(value);
  }

  #copyObject(source: object): object {
    const known = this.#copies?.get(source);
    if (known) {
      if (this.holds(known)) this.#met += 1;
      return known;
    }
    this.#copies ??= new Map();
    const kind = kindOf(source);
    if (kind === Kind.Other) return this.#passOn(source);
    const copy = startCopy(kind, source);
    this.#copies.set(source, copy);
    const before = this.#met;
    this.#fill(kind, copy, source);
    const isReplaceable = kind === Kind.Array || kind === Kind.Plain;
    // What the others have beside their entries does not cross.
    if (!isReplaceable && this.#of !== 'result' && this.#isHolding(source)) {
      this.#met += 1;
    }
    if (this.#met === before) return copy;
    this.#holding ??= new Set();
    this.#holding.add(copy);
    if (!isReplaceable) this.#misplaced ??= { copy, source };
    return copy;
  }

  #isHolding(source: object): boolean {
    this.#looked ??= new Set();
    return holdsContinuation(source, this.#looked);
  }

  /** Passes something on as it is. A continuation in it would cross as a function. */
  #passOn(source: object): object {
    if (this.#of === 'arguments') refuseShared(source);
    this.#passOnAsIs(source);
    if (this.#of === 'result') return source;
    if (!isPassedByReference(source) && this.#isHolding(source)) {
      this.#met += 1;
      this.#misplaced ??= { copy: source, source };
    }
    return source;
  }

  #fill(kind: Kind, copy: object, source: object): void {
    if (kind === Kind.Plain) this.#fillProperties(copy, source);
    else if (kind === Kind.Array) this.#fillArray(copy as unknown[], source as unknown[]);
    else if (kind === Kind.Map) {
      for (const [key, value] of entriesOf(source as Map<unknown, unknown>)) {
        (copy as Map<unknown, unknown>).set(this.#copy(key), this.#copy(value));
      }
    } else if (kind === Kind.Set) {
      for (const item of itemsOfSet(source as Set<unknown>)) {
        (copy as Set<unknown>).add(this.#copy(item));
      }
    }
  }

  /**
   * As the engine does it, it takes what is there when its turn comes: the getter of an item may change the
   * array. The cost depends on the items, not on the length. Holes stay holes.
   */
  #fillArray(copy: unknown[], source: unknown[]): void {
    const { length } = source;
    const isLong = length > LONG_LIST;
    if (isLong ? isLongBareList(source) : isBareList(source)) this.#fillItems(copy, source, length);
    else this.#fillProperties(copy, source);
    if (copy.length < length) copy.length = length;
  }

  #fillItems(copy: unknown[], items: unknown[], length: number): void {
    this.bytes += length * BYTES_OF_A_VALUE;
    for (let at = 0; at < length; at++) {
      if (!(at in items)) copy.length = at + 1;
      else {
        const value = read(items, at);
        // Pushed: the engine sends an array that ever had holes entry by entry.
        copy.push(typeof value === 'number' ? value : this.#copy(value));
      }
    }
  }

  #fillProperties(copy: object, source: object): void {
    for (const key of keysOf(source)) {
      // A getter may have taken it away meanwhile.
      if (!Object.hasOwn(source, key)) continue;
      this.bytes += 2 * key.length;
      const value = this.#copy(read(source, key));
      // An assignment could reach what is inherited.
      if (key in copy) define(copy, key, value);
      else (copy as Record<string, unknown>)[key] = value;
    }
  }
}

/**
 * Whether a long array has an item at each index, none by a getter, and nothing else: to list its keys would take
 * longer than to send it. It takes a property in place of a hidden item for that if their values are the same.
 */
function isLongBareList(array: readonly unknown[]): boolean {
  if (!isListOfData(array)) return false;
  const values = valuesOf(array);
  return values.length === array.length && values.every((each, at) => Object.is(each, array[at]));
}

/** The entries of a Map as they are now: the getter of one may change it. */
function entriesOf(map: Map<unknown, unknown>): [key: unknown, value: unknown][] {
  const entries: [unknown, unknown][] = [];
  forEachOfMap.call(map, (value, key) => entries.push([key, value]));
  return entries;
}

function itemsOfSet(set: Set<unknown>): unknown[] {
  const items: unknown[] = [];
  forEachOfSet.call(set, (item) => items.push(item));
  return items;
}

/** Kinds of objects, as structured clone tells them apart. */
const enum Kind {
  Plain,
  Array,
  Map,
  Set,
  Date,
  /** Anything else. */
  Other,
}

function kindOf(object: object): Kind {
  // A proxy differs from its target: Workers RPC passes a proxy of a plain object by reference.
  if (types.isProxy(object)) return Kind.Other;
  if (Array.isArray(object)) return Kind.Array;
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype === Object.prototype) return kindOfPlain(object);
  if (ArrayBuffer.isView(object) || isPassedByReference(object)) return Kind.Other;
  return brandOf(object);
}

/**
 * Only the engine knows of what is no plain object and has its prototype. With properties of its own, one is
 * taken for a plain object: to ask of each would take longer than to copy it.
 */
function kindOfPlain(object: object): Kind {
  // An object of arguments has symbols of its own.
  if (Symbol.iterator in object && types.isArgumentsObject(object)) return Kind.Other;
  for (const _ in object) return Kind.Plain;
  const kind = brandOf(object);
  if (kind !== Kind.Other) return kind;
  const isBranded =
    types.isBoxedPrimitive(object) ||
    types.isRegExp(object) ||
    types.isNativeError(object) ||
    types.isAnyArrayBuffer(object);
  return isBranded ? Kind.Other : Kind.Plain;
}

function brandOf(object: object): Kind {
  if (types.isMap(object)) return Kind.Map;
  if (types.isSet(object)) return Kind.Set;
  return types.isDate(object) ? Kind.Date : Kind.Other;
}

function startCopy(kind: Kind, source: object): object {
  switch (kind) {
    case Kind.Array:
      return [];
    case Kind.Map:
      return new Map();
    case Kind.Set:
      return new Set();
    case Kind.Date:
      return new Date(timeOf.call(source as Date));
    default:
      return {};
  }
}

/** Shared memory would be sent, and refused on arrival. */
function refuseShared(source: object): void {
  if (typeof SharedArrayBuffer === 'undefined') return;
  const memory = ArrayBuffer.isView(source) ? source.buffer : source;
  if (memory instanceof SharedArrayBuffer) {
    throw new ReadFailure(new TypeError('a SharedArrayBuffer cannot be sent'));
  }
}
