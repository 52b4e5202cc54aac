/**
 * The engine's knowledge of an object, regardless of its prototype and own properties, and the contents of
 * an object, read without running user code.
 */
import { builtin } from './builtin.js';

/** The part of `node:util`'s `types` that this file uses. */
interface Types {
  isProxy(value: unknown): boolean;
  isMap(value: unknown): boolean;
  isSet(value: unknown): boolean;
  isDate(value: unknown): boolean;
  isArgumentsObject(value: unknown): boolean;
  isStringObject(value: unknown): boolean;
  isBoxedPrimitive(value: unknown): boolean;
  isRegExp(value: unknown): boolean;
  isNativeError(value: unknown): boolean;
  isAnyArrayBuffer(value: unknown): boolean;
}

const { prototype: map } = Map;
const { prototype: set } = Set;
const { prototype: date } = Date;

export const forEachOfMap: Map<unknown, unknown>['forEach'] = map.forEach;
export const forEachOfSet: Set<unknown>['forEach'] = set.forEach;
export const sizeOfMap: (this: Map<unknown, unknown>) => number = getter(map, 'size');
export const sizeOfSet: (this: Set<unknown>) => number = getter(set, 'size');
export const timeOf: Date['getTime'] = date.getTime;

function getter<G>(prototype: object, name: string): G {
  return Object.getOwnPropertyDescriptor(prototype, name)?.get as G;
}

/** Whether a built-in method accepts an object, which shows its kind. */
function accepts(method: (this: never) => unknown): (value: unknown) => boolean {
  return (value) => {
    try {
      Reflect.apply(method, value, []);
      return true;
    } catch {
      return false;
    }
  };
}

const BOXED = /(?:Number|String|Boolean|BigInt|Symbol)\]$/;

export const types: Types = builtin<{ types: Types }>('node:util')?.types ?? {
  isProxy: () => false,
  isMap: accepts(map.keys),
  isSet: accepts(set.keys),
  isDate: accepts(timeOf),
  isArgumentsObject: (value) => Object.prototype.toString.call(value) === '[object Arguments]',
  isStringObject: (value) => typeof value === 'object' && accepts(String.prototype.valueOf)(value),
  isBoxedPrimitive: (value) => BOXED.test(Object.prototype.toString.call(value)),
  isRegExp: (value) => value instanceof RegExp,
  isNativeError: (value) => value instanceof Error,
  isAnyArrayBuffer: (value) => value instanceof ArrayBuffer,
};

const { __lookupGetter__: getterOf } = Object.prototype as unknown as {
  __lookupGetter__(key: number): unknown;
};

/** Whether an array has an item at each index, none of them by a getter, so that reading them runs no code. */
export function isListOfData(array: readonly unknown[]): boolean {
  for (let at = 0; at < array.length; at++) {
    if (!(at in array) || getterOf.call(array, at)) return false;
  }
  return true;
}

/** Whether an array has that, and nothing else. */
export function isBareList(array: readonly unknown[]): boolean {
  if (!isListOfData(array)) return false;
  const { length } = array;
  const keys = Object.keys(array);
  return keys.length === length && (length === 0 || keys[length - 1] === String(length - 1));
}

/** The data in an object, by key: its own enumerable properties, without getters. */
export function dataOf(source: object): [key: string, item: unknown][] {
  // A proxy is not read: its traps are user code.
  if (types.isProxy(source)) return [];
  try {
    // One by one: all descriptors at once take ten times as long.
    return Object.keys(source).map((key) => [
      key,
      Object.getOwnPropertyDescriptor(source, key)?.value,
    ]);
  } catch {
    // A proxy refuses to be looked at.
    return [];
  }
}

/** To list the keys of a longer array takes longer than anything that is done with its items. */
export const LONG_LIST = 1_000;

/**
 * The items of an object: its data, and the entries of a Map or a Set; of a long list the items alone. Bytes and
 * texts have none. They may be a list of the user's itself, so they are read by index.
 */
export function itemsOf(source: object): readonly unknown[] {
  if (ArrayBuffer.isView(source) || types.isStringObject(source)) return [];
  if (!types.isProxy(source) && Array.isArray(source)) {
    if (source.length > LONG_LIST ? isListOfData(source) : isBareList(source)) return source;
  }
  const items = dataOf(source).map(([, item]) => item);
  if (types.isMap(source)) {
    forEachOfMap.call(source as Map<unknown, unknown>, (value, key) => items.push(key, value));
  } else if (types.isSet(source)) {
    forEachOfSet.call(source as Set<unknown>, (item) => items.push(item));
  }
  return items;
}

/** Whether a value was made by an object literal, so that a copy of it means the same. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Whether a value has properties: functions are objects, too. */
export function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

/** Whether a value is an object that a promise would adopt instead of holding it. */
export function isThenableObject(value: unknown): value is PromiseLike<unknown> {
  return isDataObject(value) && typeof (value as { then?: unknown }).then === 'function';
}

/** Whether a value is an object that may be data, which no function is. */
export function isDataObject(value: unknown): value is object & Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
