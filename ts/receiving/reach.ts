/**
 * Reach: what callers reach of a value that a step has yielded. It is an allow-list by kind of value: a
 * kind that is not here is closed, and so is a name that its kind does not open. Workers RPC would
 * give the caller a copy, or a stub; a chain runs where the value is, so it may use only what neither
 * changes the value, nor yields more than it is, nor leads to code that is not the user's own.
 *
 * A name is looked up property by property and never read to find out: a getter runs once.
 */

import { runtime } from '#workers';
import { builtinPrototypes, isNative } from '../runtime/builtin.js';
import { isObject } from '../runtime/kinds.js';
import { isStub } from '../runtime/references.js';
import { CallError } from '../wire/errors.js';
import { ours } from '../wire/stack.js';

/** Kinds of values, by what is open of them. */
enum Kind {
  /** Nothing, whatever its class adds: the target itself, by a detour. */
  Closed,
  /** A value of the runtime's that is not listed: only what a class of the user's adds to it. */
  Unlisted,
  /** Its own enumerable properties. */
  Plain,
  /** An instance of a class of the user's: its own properties, and what its prototypes have. */
  Instance,
  /** Passed by reference: what Workers RPC exposes of it, which is what its prototypes have. */
  RpcTarget,
  /** Of another object: whatever that exposes. */
  Stub,
  /** Returned to be called, with its own enumerable properties. */
  Function,
  /** Its own properties, and what the table has. */
  Array,
  Error,
  /** What the table has. */
  String,
  Map,
  Set,
  Date,
  RegExp,
  TypedArray,
  ArrayBuffer,
  DataView,
  Headers,
  Request,
  Response,
  Blob,
}

/** Of the language's and the runtime's own values, each name with others of its kind. */
const OPEN: Partial<Record<Kind, string>> = {
  // Looking at it, and parts of it. A change of case is three times as long at the most, and no longer
  // when it is repeated. Not what joins, repeats, splits or searches by a pattern, nor `lastIndexOf`, which
  // takes the product of both lengths.
  [Kind.String]:
    'length at charAt charCodeAt codePointAt includes startsWith endsWith indexOf ' +
    'slice substring trim trimStart trimEnd toUpperCase toLowerCase isWellFormed toWellFormed',
  // Not what joins, flattens, sorts or iterates: it makes much of little, or changes it.
  [Kind.Array]: 'length at includes indexOf lastIndexOf slice',
  [Kind.Map]: 'size get has',
  [Kind.Set]: 'size has',
  [Kind.Date]:
    'getTime getFullYear getMonth getDate getDay getHours getMinutes getSeconds getMilliseconds ' +
    'getUTCFullYear getUTCMonth getUTCDate getUTCDay getUTCHours getUTCMinutes getUTCSeconds ' +
    'getUTCMilliseconds getTimezoneOffset toISOString toJSON valueOf',
  [Kind.RegExp]: 'source flags',
  [Kind.Error]: 'name message',
  // Not the buffer, which can be taken away from it.
  [Kind.TypedArray]: 'length byteLength byteOffset at includes indexOf lastIndexOf slice',
  [Kind.ArrayBuffer]: 'byteLength slice',
  [Kind.DataView]:
    'byteLength byteOffset getInt8 getUint8 getInt16 getUint16 getInt32 getUint32 getFloat32 ' +
    'getFloat64 getBigInt64 getBigUint64',
  [Kind.Headers]: 'get has',
  // Not their bodies, which may have no end.
  [Kind.Request]: 'method url headers',
  [Kind.Response]: 'status statusText ok url redirected headers',
  [Kind.Blob]: 'size type',
};

const open = new Map<Kind, ReadonlySet<string>>(
  Object.entries(OPEN).map(([kind, names]) => [Number(kind), new Set(names.split(' '))]),
);

/** Names that lead from a stub to the runtime's own code, and not to its object. */
const NOT_OF_A_STUB: ReadonlySet<string> = new Set(['constructor', 'then', 'catch', 'finally']);

/** Names by which a function or a prototype leads to code: no property of the user's data. */
const NOT_OF_CODE: ReadonlySet<string> = new Set([
  'constructor',
  'prototype',
  'caller',
  'callee',
  'arguments',
]);

const INDEX = /^(?:0|[1-9]\d{0,15})$/;

/** Whether a name leads to code from anything that is no plain data. */
export function leadsToCode(receiver: unknown, name: string): boolean {
  if (!NOT_OF_CODE.has(name)) return false;
  return !(isObject(receiver) && typeof receiver !== 'function' && Object.hasOwn(receiver, name));
}

/**
 * Reads a property of a value for a caller.
 *
 * @param receiver - Neither `undefined` nor `null`, nor the target itself.
 * @throws `CallError` with code `not-callable` where it is not open.
 */
export function readOpen(receiver: unknown, name: string): unknown {
  const shape = shapeOf(receiver);
  if (!isOpen(receiver, shape, name)) {
    const remedy =
      shape.kind === Kind.RpcTarget && isOwnFunction(receiver as object, name)
        ? MAKE_IT_A_METHOD
        : 'return its value, or an RpcTarget or an instance of a class that has it';
    const message = `'${name}' of what was returned is not open to callers: ${remedy}`;
    throw new CallError('not-callable', message);
  }
  const value: unknown = (receiver as Record<string, unknown>)[name];
  return typeof value === 'function' && isOfTable(receiver, shape, name) ? guarded(value) : value;
}

ours(readOpen);

/** What to do about a function that {@link isOwnFunction} finds. */
export const MAKE_IT_A_METHOD = 'make it a method, since callers do not reach own properties';

/** Whether a name is that of a function in a field, as in `get = () => …`. Nothing is read to find out. */
export function isOwnFunction(object: object, name: string): boolean {
  return typeof Object.getOwnPropertyDescriptor(object, name)?.value === 'function';
}

/** What is known of a value by its prototype. */
interface Shape {
  readonly kind: Kind;
  /** Prototypes that classes of the user's have made, the nearest first. */
  readonly prototypes: readonly object[];
}

function isOpen(receiver: unknown, { kind, prototypes }: Shape, name: string): boolean {
  switch (kind) {
    case Kind.Closed:
      return false;
    case Kind.Stub:
      return !NOT_OF_A_STUB.has(name);
    case Kind.Function:
    case Kind.Plain:
      return isOwnEnumerable(receiver as object, name);
    case Kind.Instance:
      return Object.hasOwn(receiver as object, name) || areOpenIn(prototypes, name);
    case Kind.RpcTarget:
      return (
        !Object.hasOwn(receiver as object, name) && name !== 'dup' && areOpenIn(prototypes, name)
      );
    case Kind.Array:
    case Kind.Error:
      return (
        Object.hasOwn(receiver as object, name) ||
        areOpenIn(prototypes, name) ||
        isOfTable(receiver, { kind, prototypes }, name)
      );
    case Kind.String:
      return INDEX.test(name) || isOfTable(receiver, { kind, prototypes }, name);
    case Kind.TypedArray:
      // Node's Buffer is a class above it whose methods change it.
      return INDEX.test(name) || isOfTable(receiver, { kind, prototypes }, name);
    case Kind.Unlisted:
      return areOpenIn(prototypes, name);
    default:
      return areOpenIn(prototypes, name) || isOfTable(receiver, { kind, prototypes }, name);
  }
}

/** Whether a name is one of the table's, and not what the value or its class has put there instead. */
function isOfTable(receiver: unknown, { kind, prototypes }: Shape, name: string): boolean {
  if (!open.get(kind)?.has(name)) return false;
  if (!isObject(receiver)) return true;
  const isOwn = Object.hasOwn(receiver, name);
  return kind === Kind.Array ? !isOwn || name === 'length' : !isOwn && !areOpenIn(prototypes, name);
}

function isOwnEnumerable(receiver: object, name: string): boolean {
  return Object.prototype.propertyIsEnumerable.call(receiver, name);
}

function areOpenIn(prototypes: readonly object[], name: string): boolean {
  return name !== 'constructor' && prototypes.some((each) => Object.hasOwn(each, name));
}

/** A method of the language's own: the values of its arguments are neither read from nor called. */
function guarded(method: object): unknown {
  const { name } = method as { readonly name: string };
  const guard = function (this: unknown, ...args: unknown[]): unknown {
    if (args.some(isObject)) {
      throw new CallError('not-callable', `${name} of a value that was returned takes no objects`);
    }
    return Reflect.apply(method as () => unknown, this, args);
  };
  guards.set(guard, GOES_THROUGH.test(name));
  return guard;
}

/** Methods that look at all of a value, or copy it. */
const GOES_THROUGH =
  /^(?:includes|indexOf|lastIndexOf|slice|substring|trim|to(?:Upper|Lower|Well)|isWell)/;

/** Methods of the language's own, and whether they go through all of a value. */
const guards = new WeakMap<object, boolean>();

/** Bytes that one program may go through by such methods: as many as a message may carry. */
export const MOST_WORK = 32 * 1024 * 1024;

/**
 * Bytes that a method of the language's own goes through when it is called. It reads its arguments, as a key
 * or a number, and may compare what it seeks at each place. A list counts for as long as it says it is,
 * whatever it holds.
 */
export function costOf(method: object, receiver: unknown, args: readonly unknown[]): number {
  const goesThrough = guards.get(method);
  if (goesThrough === undefined) return 0;
  const ofArguments = args.reduce((sum: number, each) => sum + bytesOf(each), 0);
  if (!goesThrough) return ofArguments;
  const { length = 0, byteLength } = receiver as { length?: number; byteLength?: number };
  const ofAPlace = typeof receiver === 'string' ? 2 : BYTES_OF_AN_ITEM;
  const looked = byteLength ?? length * Math.max(ofAPlace, ofArguments / COMPARED_AT_ONCE);
  return ofArguments + looked;
}

/** Bytes that are compared in the time that it takes to look at one. */
const COMPARED_AT_ONCE = 16;

const BYTES_OF_AN_ITEM = 8;

/** Of a value that is no object, and may be long. */
function bytesOf(value: unknown): number {
  if (typeof value === 'string') return 2 * value.length;
  return typeof value === 'bigint' ? value.toString(HEXADECIMAL).length : 0;
}

const HEXADECIMAL = 16;

/** Kinds of which the runtime makes a text each time that it is read. */
const MAKE_TEXTS: ReadonlySet<Kind> = new Set([
  Kind.Error,
  Kind.Headers,
  Kind.Request,
  Kind.Response,
  Kind.Blob,
]);

/** Bytes that a text takes that was read from a value, unless the value holds it anyway. */
export function costOfText(text: string, receiver: unknown): number {
  return MAKE_TEXTS.has(shapeOf(receiver).kind) ? bytesOf(text) : 0;
}

const UNLISTED: Shape = { kind: Kind.Unlisted, prototypes: [] };
const PLAIN: Shape = { kind: Kind.Plain, prototypes: [] };
const FUNCTION: Shape = { kind: Kind.Function, prototypes: [] };
const STUB: Shape = { kind: Kind.Stub, prototypes: [] };
const STRING: Shape = { kind: Kind.String, prototypes: [] };

function shapeOf(value: unknown): Shape {
  if (typeof value === 'string') return STRING;
  if (!isObject(value)) return UNLISTED;
  if (isStub(value)) return STUB;
  if (typeof value === 'function') return FUNCTION;
  const prototype: object | null = Object.getPrototypeOf(value);
  // Namespaces of the language and of the runtime name themselves: Math, console, modules.
  if (Object.hasOwn(value, Symbol.toStringTag)) return UNLISTED;
  if (prototype === Object.prototype || prototype === null) return PLAIN;
  let shape = shapes.get(prototype);
  if (!shape) {
    shape = shapeOfPrototype(prototype);
    shapes.set(prototype, shape);
  }
  return shape;
}

/** A class is what it was when one of its instances was first met. */
const shapes = new WeakMap<object, Shape>();

function shapeOfPrototype(prototype: object): Shape {
  const prototypes: object[] = [];
  for (let at: object | null = prototype; at; at = Object.getPrototypeOf(at)) {
    if (at === Object.prototype) break;
    const kind = NATIVE.get(at);
    if (kind !== undefined) return { kind, prototypes };
    if (!isUsers(at)) return { kind: kindBelow(at), prototypes };
    prototypes.push(at);
  }
  // Nothing tells which members of its subclasses are the user's.
  builtins ??= builtinPrototypes();
  const isBuiltin = prototypes.some((each) => builtins?.has(each));
  return isBuiltin ? { kind: Kind.Closed, prototypes: [] } : { kind: Kind.Instance, prototypes };
}

/** Of the runtime's classes that are JavaScript, such as EventEmitter; found when they may matter. */
let builtins: ReadonlySet<object> | undefined;

/** The kind of the language's own classes below others, such as Uint8Array and RangeError. */
function kindBelow(prototype: object): Kind {
  for (const above of [Error.prototype, TYPED_ARRAY]) {
    if (Object.prototype.isPrototypeOf.call(above, prototype)) {
      return NATIVE.get(above) ?? Kind.Unlisted;
    }
  }
  return Kind.Unlisted;
}

/** Whether a prototype is that of a class, or a plain object, which the user has written. */
function isUsers(prototype: object): boolean {
  const maker = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  if (maker !== undefined) return typeof maker === 'function' && !isNative(maker);
  // Prototypes of the language's own iterators have no constructor, or one that cannot be told apart.
  const above: unknown = Object.getPrototypeOf(prototype);
  if (above !== Object.prototype && above !== null) return false;
  const members = Object.getOwnPropertyDescriptors(prototype) as PropertyDescriptorMap;
  return !Reflect.ownKeys(members).some((key) => {
    const { value, get } = members[key as string] ?? {};
    const member: unknown = value ?? get;
    return typeof member === 'function' && isNative(member);
  });
}

const TYPED_ARRAY: object = Object.getPrototypeOf(Uint8Array.prototype);

/** Kinds by the prototypes of the language and of the runtime; the others are not listed. */
const NATIVE = new Map<unknown, Kind>([
  [Array.prototype, Kind.Array],
  [Error.prototype, Kind.Error],
  [DOMException.prototype, Kind.Error],
  [Map.prototype, Kind.Map],
  [Set.prototype, Kind.Set],
  [Date.prototype, Kind.Date],
  [RegExp.prototype, Kind.RegExp],
  [TYPED_ARRAY, Kind.TypedArray],
  [ArrayBuffer.prototype, Kind.ArrayBuffer],
  [DataView.prototype, Kind.DataView],
]);

function addOf(names: readonly string[], from: object, kind: Kind): void {
  for (const name of names) {
    const prototype: unknown = (Reflect.get(from, name) as { prototype?: unknown } | undefined)
      ?.prototype;
    if (isObject(prototype)) NATIVE.set(prototype, kind);
  }
}

addOf(['Headers'], globalThis, Kind.Headers);
addOf(['Request'], globalThis, Kind.Request);
addOf(['Response'], globalThis, Kind.Response);
addOf(['Blob', 'File'], globalThis, Kind.Blob);
addOf(['RpcTarget'], runtime, Kind.RpcTarget);
addOf(['DurableObject', 'WorkerEntrypoint', 'WorkflowEntrypoint'], runtime, Kind.Closed);
