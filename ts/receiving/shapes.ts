/** Kinds of values, told apart by the prototypes of the language and of the runtime. */
import { runtime } from '#workers';
import { isNative } from '../runtime/builtin.js';
import { isObject } from '../runtime/kinds.js';
import { isStub } from '../runtime/references.js';
import { isOfRuntime } from './runtime-classes.js';

/** Kinds of values, by their open members. */
export const enum Kind {
  /** Nothing, whatever its class adds; for instance the target itself. */
  Closed,
  /** An unlisted built-in value: only members that a user's class adds. */
  Unlisted,
  /** Its own enumerable properties. */
  Plain,
  /** An instance of a user's class: its own properties and the members of its prototypes. */
  Instance,
  /** Passed by reference: the members that Workers RPC exposes, which are those of its prototypes. */
  RpcTarget,
  /** A stub of another object: anything. */
  Stub,
  /** A returned function: calling it, and its own enumerable properties. */
  Function,
  /** Its own properties, and the names in the table. */
  Array,
  Error,
  /** The names in the table. */
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

/** The kind of a value, by its prototype. */
export interface Shape {
  readonly kind: Kind;
  /** Prototypes of the user's classes, the nearest first. */
  readonly prototypes: readonly object[];
}

const UNLISTED: Shape = { kind: Kind.Unlisted, prototypes: [] };

const PLAIN: Shape = { kind: Kind.Plain, prototypes: [] };

const FUNCTION: Shape = { kind: Kind.Function, prototypes: [] };

const STUB: Shape = { kind: Kind.Stub, prototypes: [] };

const STRING: Shape = { kind: Kind.String, prototypes: [] };

export function shapeOf(value: unknown): Shape {
  if (typeof value === 'string') return STRING;
  if (!isObject(value)) return UNLISTED;
  if (isStub(value)) return STUB;
  if (typeof value === 'function') return FUNCTION;
  const prototype: object | null = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) {
    return isNamespace(value) ? UNLISTED : PLAIN;
  }
  let shape = shapes.get(prototype);
  if (!shape) {
    shape = shapeOfPrototype(prototype);
    shapes.set(prototype, shape);
  }
  return shape;
}

/** Whether it is one of the objects such as Math and modules, which hide a tag of their own. */
function isNamespace(value: object): boolean {
  return Object.getOwnPropertyDescriptor(value, Symbol.toStringTag)?.enumerable === false;
}

/** Cached: a class keeps the shape of its first instance. */
const shapes = new WeakMap<object, Shape>();

function shapeOfPrototype(prototype: object): Shape {
  const prototypes: object[] = [];
  for (let at: object | null = prototype; at; at = Object.getPrototypeOf(at)) {
    if (at === Object.prototype) break;
    const kind = NATIVE.get(at);
    if (kind !== undefined) return shapeAbove(kind, prototypes);
    if (!isUsers(at)) return shapeAbove(kindBelow(at), prototypes);
    prototypes.push(at);
  }
  return shapeAbove(Kind.Instance, prototypes);
}

/** Nothing distinguishes the user's members in subclasses of built-in classes that are JavaScript. */
function shapeAbove(kind: Kind, prototypes: readonly object[]): Shape {
  const isListed = kind !== Kind.Instance && kind !== Kind.Unlisted;
  if (isListed || !prototypes.some(isOfRuntime)) return { kind, prototypes };
  return { kind: Kind.Closed, prototypes: [] };
}

/** The kind of a built-in subclass, such as Uint8Array or RangeError. */
function kindBelow(prototype: object): Kind {
  for (const above of [Error.prototype, TYPED_ARRAY]) {
    if (Object.prototype.isPrototypeOf.call(above, prototype)) {
      return NATIVE.get(above) ?? Kind.Unlisted;
    }
  }
  return Kind.Unlisted;
}

/** Whether a prototype belongs to a class or a plain object of the user's. */
function isUsers(prototype: object): boolean {
  const maker = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  if (maker !== undefined) return typeof maker === 'function' && !isNative(maker);
  // Prototypes of built-in iterators have no constructor, or an indistinguishable one.
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

/** Kinds of built-in prototypes. All others are unlisted. */
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
