/**
 * Reach: the members of a step's value that callers reach. It is an allow-list by kind of value: a
 * kind that is not listed is closed, and so is a name that its kind does not open. Workers RPC would
 * give the caller a copy or a stub. A chain runs where the value lives, so it may use only members that neither
 * change the value, nor yield more than it holds, nor lead to code that is not the user's own.
 *
 * A name is looked up without reading it, so a getter runs only once.
 */

import { isObject, types } from '../runtime/kinds.js';
import { namesNotOfAStub, namesOfCode } from '../wire/core.js';
import { CallError } from '../wire/errors.js';
import { didYouMean } from '../wire/near.js';
import { ours } from '../wire/stack.js';
import { Kind, type Shape, shapeOf } from './shapes.js';

/**
 * The open names of built-in values, by kind. The types read some of them, too, in types/open.ts.
 */
export const OPEN = {
  // Reading it, and parts of it. A change of case makes it three times as long at most, and no longer
  // when repeated. Not methods that join, repeat, split or search by a pattern, nor `lastIndexOf`, which
  // takes the product of both lengths.
  [Kind.String]: [
    'length',
    'at',
    'charAt',
    'charCodeAt',
    'codePointAt',
    'includes',
    'startsWith',
    'endsWith',
    'indexOf',
    'slice',
    'substring',
    'trim',
    'trimStart',
    'trimEnd',
    'toUpperCase',
    'toLowerCase',
    'isWellFormed',
    'toWellFormed',
  ],
  // Not methods that join, flatten, sort or iterate: they make much of little, or change the array.
  [Kind.Array]: ['length', 'at', 'includes', 'indexOf', 'lastIndexOf', 'slice'],
  [Kind.Map]: ['size', 'get', 'has'],
  [Kind.Set]: ['size', 'has'],
  [Kind.Date]: [
    'getTime',
    'getFullYear',
    'getMonth',
    'getDate',
    'getDay',
    'getHours',
    'getMinutes',
    'getSeconds',
    'getMilliseconds',
    'getUTCFullYear',
    'getUTCMonth',
    'getUTCDate',
    'getUTCDay',
    'getUTCHours',
    'getUTCMinutes',
    'getUTCSeconds',
    'getUTCMilliseconds',
    'getTimezoneOffset',
    'toISOString',
    'toJSON',
    'valueOf',
  ],
  [Kind.RegExp]: ['source', 'flags'],
  [Kind.Error]: ['name', 'message'],
  // Not the buffer, which can be transferred away.
  [Kind.TypedArray]: [
    'length',
    'byteLength',
    'byteOffset',
    'at',
    'includes',
    'indexOf',
    'lastIndexOf',
    'slice',
  ],
  [Kind.ArrayBuffer]: ['byteLength', 'slice'],
  [Kind.DataView]: [
    'byteLength',
    'byteOffset',
    'getInt8',
    'getUint8',
    'getInt16',
    'getUint16',
    'getInt32',
    'getUint32',
    'getFloat32',
    'getFloat64',
    'getBigInt64',
    'getBigUint64',
  ],
  [Kind.Headers]: ['get', 'has'],
  // Not their bodies, which may be endless.
  [Kind.Request]: ['method', 'url', 'headers'],
  [Kind.Response]: ['status', 'statusText', 'ok', 'url', 'redirected', 'headers'],
  [Kind.Blob]: ['size', 'type'],
} as const satisfies Partial<Record<Kind, readonly string[]>>;

export const open = new Map<Kind, ReadonlySet<string>>(
  Object.entries(OPEN).map(([kind, names]) => [Number(kind), new Set(names)]),
);

const INDEX = /^(?:0|[1-9]\d{0,15})$/;

/** Whether a name leads to code, which it does unless it is a key of data. */
export function leadsToCode(receiver: unknown, name: string): boolean {
  if (!namesOfCode.has(name)) return false;
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
    throw new CallError('not-callable', reasonFor(receiver, shape, name));
  }
  const value: unknown = (receiver as Record<string, unknown>)[name];
  return typeof value === 'function' && isOfTable(receiver, shape, name) ? guarded(value) : value;
}

ours(readOpen);

/** Why a name is not open: there is no such member, or it is closed. */
function reasonFor(receiver: unknown, shape: Shape, name: string): string {
  const { kind, prototypes } = shape;
  if (kind !== Kind.Closed && !types.isProxy(receiver) && !(name in Object(receiver))) {
    const members = prototypes.flatMap((each) => Object.getOwnPropertyNames(each));
    const known = [...members, ...(open.get(kind) ?? []), ...firstKeysOf(Object(receiver))];
    return `what was returned has no '${name}'${didYouMean(name, known)}`;
  }
  const remedy =
    kind === Kind.RpcTarget && isOwnFunction(receiver as object, name)
      ? MAKE_IT_A_METHOD
      : 'return its value, or an RpcTarget or an instance of a class that has it';
  return `'${name}' of what was returned is not open to callers: ${remedy}`;
}

/** Own keys of a value, of which there may be many. */
function firstKeysOf(value: object): string[] {
  const keys: string[] = [];
  for (const key in value) {
    if (keys.push(key) === MOST_COMPARED) break;
  }
  return keys;
}

const MOST_COMPARED = 100;

/** The remedy for a function that {@link isOwnFunction} finds. */
export const MAKE_IT_A_METHOD = 'make it a method, since callers do not reach own properties';

/** Whether a name belongs to a function in a field, as in `get = () => …`. Reads nothing. */
export function isOwnFunction(object: object, name: string): boolean {
  return typeof Object.getOwnPropertyDescriptor(object, name)?.value === 'function';
}

function isOpen(receiver: unknown, { kind, prototypes }: Shape, name: string): boolean {
  switch (kind) {
    case Kind.Closed:
      return false;
    case Kind.Stub:
      return !namesNotOfAStub.has(name);
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
        // As by Workers RPC, there is nothing beyond the end.
        (kind === Kind.Array && INDEX.test(name)) ||
        Object.hasOwn(receiver as object, name) ||
        areOpenIn(prototypes, name) ||
        isOfTable(receiver, { kind, prototypes }, name)
      );
    case Kind.String:
    // Node's Buffer is a class above typed arrays whose methods change it.
    case Kind.TypedArray:
      return INDEX.test(name) || isOfTable(receiver, { kind, prototypes }, name);
    case Kind.Unlisted:
      return areOpenIn(prototypes, name);
    default:
      return areOpenIn(prototypes, name) || isOfTable(receiver, { kind, prototypes }, name);
  }
}

/** Whether a name is in the table, and neither the value nor its class replaces the member. */
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

/** Guards a built-in method against arguments that it would read from or call. */
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

/** Methods that read or copy a whole value. */
const GOES_THROUGH =
  /^(?:includes|indexOf|lastIndexOf|slice|substring|trim|to(?:Upper|Lower|Well)|isWell)/;

/** Built-in methods, and whether they go through a whole value. */
export const guards = new WeakMap<object, boolean>();
