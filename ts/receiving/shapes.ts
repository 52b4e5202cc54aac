/** Kinds of values, told apart by the prototypes of the language and of the runtime. */
import { runtime } from '#workers';
import { builtinPrototypes, isNative } from '../runtime/builtin.js';
import { isObject } from '../runtime/kinds.js';
import { isStub } from '../runtime/references.js';

/** Kinds of values, by what is open of them. */
export enum Kind {
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

/** What is known of a value by its prototype. */
export interface Shape {
  readonly kind: Kind;
  /** Prototypes that classes of the user's have made, the nearest first. */
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
