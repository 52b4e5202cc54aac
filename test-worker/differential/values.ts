/** The values of plans: what arguments and results are made of. */
import { RpcTarget } from 'cloudflare:workers';
import { describe } from './describe.js';

/** Where a value is made: it tells what becomes of itself. */
export interface Maker {
  /** Tells the values of one call apart: `3.argument 0`. */
  readonly name: string;
  /** Something was made that has a disposer. */
  onMade(name: string): void;
  onDisposed(name: string): void;
  /** A getter was read, or a function or an RpcTarget was called. Returns how often so far. */
  onUsed(what: string): number;
}

class Instance {
  readonly x = 1;

  method(): number {
    return this.x;
  }
}

class Entries extends Map {}
class Items extends Array {}

/** Passed by reference; says so when it is used and when it is disposed. */
export class Greeter extends RpcTarget {
  readonly #maker: Maker;
  readonly #name: string;

  constructor(maker: Maker, part = '') {
    super();
    this.#maker = maker;
    this.#name = `${maker.name}${part}`;
    maker.onMade(this.#name);
  }

  hello(to: unknown): string {
    const times = this.#maker.onUsed(`${this.#name} hello ${describe(to)}`);
    return `hello ${describe(to)} ${times}`;
  }

  [Symbol.dispose](): void {
    this.#maker.onDisposed(this.#name);
  }
}

function disposerOf(maker: Maker, part: string): { [Symbol.dispose](): void } {
  const name = `${maker.name}${part}`;
  maker.onMade(name);
  return { [Symbol.dispose]: () => maker.onDisposed(name) };
}

function functionOf(maker: Maker, part = ''): unknown {
  const times = (value: unknown): number =>
    maker.onUsed(`${maker.name}${part} called with ${describe(value)}`);
  return Object.assign(times, disposerOf(maker, part));
}

function lockedStream(): ReadableStream {
  const stream = new ReadableStream({});
  stream.getReader();
  return stream;
}

function cycle(): unknown {
  const object: Record<string, unknown> = { a: 1 };
  object['self'] = object;
  return object;
}

function sharedReferences(): unknown {
  const part = { x: 1 };
  return { first: part, second: [part, part] };
}

function proxied(target: object): unknown {
  return new Proxy(target, {});
}

function replaced(target: object, prototype: object | null): unknown {
  return Object.setPrototypeOf(target, prototype);
}

/** Data with a getter that runs once, before it gives a value. */
function withGetter<T extends object>(target: T, key: string | number, get: () => unknown): T {
  let isRead = false;
  return Object.defineProperty(target, key, {
    enumerable: true,
    configurable: true,
    get() {
      const value = isRead ? 'read twice' : get();
      isRead = true;
      return value;
    },
  });
}

/** What its getters change while they are read. */
const CHANGING = {
  'first item given by a getter': () => withGetter([1, 2], 0, () => '__lmzFailure'),
  'array that a getter changes': () => {
    const array: unknown[] = [1, 2, 3];
    return withGetter(array, 0, () => {
      array[2] = 'changed';
      delete array[1];
      return 'read';
    });
  },
  'array that a getter shortens': () => {
    const array: unknown[] = [1, 2, 3];
    return withGetter(array, 1, () => {
      array.length = 2;
      return 'read';
    });
  },
  'array that an item changes': () => {
    const array: unknown[] = [{}, 2, 3, 4];
    withGetter(array[0] as object, 'a', () => {
      array[2] = 'changed';
      array.push('more');
      return 'read';
    });
    return array;
  },
  'long array that a getter changes': () => {
    const array: unknown[] = Array.from({ length: 1_001 }, (_, at) => at);
    return withGetter(array, 1_000, () => {
      delete array[0];
      return 'last';
    });
  },
  'long array that an item changes': () => {
    const array: unknown[] = Array.from({ length: 1_001 }, (_, at) => at);
    array[0] = withGetter({}, 'a', () => {
      array[500] = 'changed';
      return 'read';
    });
    return array;
  },
  'object that a getter changes': () => {
    const object: Record<string, unknown> = { a: 1, b: 2, toString: 3, c: 4 };
    return withGetter(object, 'a', () => {
      Reflect.deleteProperty(object, 'b');
      Reflect.deleteProperty(object, 'toString');
      Object.assign(object, { c: 'changed', d: 'more' });
      return 'read';
    });
  },
  'map that a getter changes': () => {
    const map = new Map<unknown, unknown>();
    map.set(
      'a',
      withGetter({}, 'x', () => map.set('b', 'changed').set('c', 'more').size),
    );
    return map.set('b', 2);
  },
  'set that a getter changes': () => {
    const set = new Set<unknown>();
    set.add(withGetter({}, 'x', () => set.delete('b') && set.add('more').size));
    return set.add('b');
  },
};

// biome-ignore lint/suspicious/noSparseArray: that holes stay holes is what it is for
const holes = (): unknown => [1, , 3];

/** What a target gives where a value has to be worked out there. */
export const GIVEN = 'given';

const LONG = 200;
const LARGE = 1_000;

/** What crosses by copy. */
const DATA = {
  undefined: () => undefined,
  null: () => null,
  true: () => true,
  number: () => 7,
  'negative zero': () => -0,
  'not a number': () => Number.NaN,
  string: () => 'text',
  'long string': () => 'x'.repeat(LONG),
  'lone surrogate': () => 'a\ud800',
  bigint: () => 5n ** 40n,
  'plain object': () => ({ a: 1, b: 'two' }),
  'nested object': () => ({ a: { b: [1, { c: null }] } }),
  'undefined property': () => ({ a: undefined, b: 1 }),
  'shared references': sharedReferences,
  cycle,
  holes,
  'long sparse array': () => Object.assign([], { 5: 1, length: 1e8 }),
  'trailing hole': () => Object.assign([1], { length: 3 }),
  'array with a property': () => Object.assign([1, 2], { x: 1 }),
  'array with a hidden item': () =>
    Object.assign(Object.defineProperty([1, 2, 3], 1, { enumerable: false }), { x: 'X' }),
  'long array with a hidden item': () =>
    Object.assign(
      Object.defineProperty(
        Array.from({ length: 1_001 }, (_, at) => at),
        1,
        { enumerable: false },
      ),
      { x: 'X' },
    ),
  'array of another prototype': () => replaced([1, 2], Object.prototype),
  'subclass of Array': () => Items.from([1, 2]),
  'frozen object': () => Object.freeze({ a: 1 }),
  'own __proto__': () => JSON.parse('{"__proto__":{"x":1},"a":1}') as unknown,
  'symbol key': () => ({ a: 1, [Symbol('s')]: 2 }),
  'hidden property': () => Object.defineProperty({ a: 1 }, 'b', { value: 2 }),
  'then that is data': () => Object.fromEntries([['then', 5]]),
  date: () => new Date(5),
  'invalid date': () => new Date(Number.NaN),
  'date with own valueOf': () => Object.assign(new Date(5), { valueOf: () => 77, x: 2 }),
  'date with own toPrimitive': () =>
    Object.defineProperty(new Date(5), Symbol.toPrimitive, { value: () => 77 }),
  map: () =>
    new Map<unknown, unknown>([
      ['a', 1],
      [{ k: 1 }, [2]],
    ]),
  'map with own iterator': () =>
    Object.assign(new Map([[1, 2]]), {
      *[Symbol.iterator]() {
        yield [9, 9];
      },
    }),
  'map of another prototype': () => replaced(new Map([[1, 2]]), Object.prototype),
  'map without a prototype': () => replaced(new Map([[1, 2]]), null),
  'subclass of Map': () => new Entries().set(1, 2),
  'map of a list of another prototype': () =>
    new Map([['list', replaced([1, 2], Object.prototype)]]),
  'map of a list with own iterator': () =>
    new Map([
      [
        'list',
        Object.assign([1, 2], {
          *[Symbol.iterator]() {
            yield 9;
          },
        }),
      ],
    ]),
  'own tag': () => ({ a: 1, [Symbol.toStringTag]: 'Tag' }),
  'tag alone': () => ({ [Symbol.toStringTag]: 'Tag' }),
  'map with a property': () => Object.assign(new Map([[1, 2]]), { x: 1 }),
  set: () => new Set([1, 'a']),
  'set with own iterator': () =>
    Object.assign(new Set([1]), {
      *[Symbol.iterator]() {
        yield 9;
      },
    }),
  regexp: () => Object.assign(/a+/gi, { x: 1 }),
  error: () => Object.assign(new TypeError('given'), { x: 1 }),
  bytes: () => new Uint8Array([1, 2, 3]),
  'view of bytes': () => new Uint8Array([1, 2, 3, 4]).subarray(1, 3),
  buffer: () => new Uint8Array([1, 2]).buffer,
  'boxed string': () => new String('x'),
  'boxed number': () => new Number(4),
  'boxed number of another prototype': () => replaced(new Number(4), Object.prototype),
  headers: () => new Headers({ a: 'b' }),
  'like a failure of ours': () => ['__lmzFailure', { thrown: 1 }],
  'like a value of ours': () => ['__lmzValue', 1],
  'like a late one of ours': () => ['__lmzFetch'],
  'many numbers': () => Array.from({ length: LARGE }, (_, at) => at),
};

/** What the runtime refuses. */
const REFUSED = {
  instance: () => new Instance(),
  'locked stream': lockedStream,
  symbol: () => Symbol('s'),
  'null prototype': () => Object.assign(Object.create(null), { a: 1 }),
  'array by Object.create': () => Object.create(Array.prototype),
  'arguments object': () =>
    (function (..._: unknown[]) {
      // biome-ignore lint/complexity/noArguments: it is the value
      return arguments;
    })(),
  'proxy of an array': () => proxied([1, 2]),
  'proxy of a map': () => proxied(new Map([[1, 2]])),
  'fake map': () => Object.create(Map.prototype),
  'fake date': () => Object.create(Date.prototype),
  'object by Object.create': () => Object.create({ a: 1 }),
  'weak map': () => new WeakMap(),
  generator: () => [1].values(),
  'getter that throws': () => ({
    get a(): never {
      throw new RangeError('the getter threw');
    },
  }),
};

/** What crosses by reference, or tells of its use. */
const TOLD = {
  greeter: (maker: Maker) => new Greeter(maker),
  function: (maker: Maker) => functionOf(maker),
  'greeter inside': (maker: Maker) => ({ deep: { greeter: new Greeter(maker, '.inside') } }),
  'proxy of an object': () => proxied({ a: 1 }),
  'counting getter': (maker: Maker) => ({
    get a(): number {
      return maker.onUsed(`${maker.name} read`);
    },
  }),
  ...CHANGING,
};

/** What tells that it was read. */
const READ_ONCE = ['counting getter', ...Object.keys(CHANGING)];

/** What only a result is. */
const DISPOSABLE = {
  'disposable data': (maker: Maker) => ({ a: 1, ...disposerOf(maker, '.own') }),
  'disposable data deep inside': (maker: Maker) => ({ a: { b: disposerOf(maker, '.deep') } }),
  'disposable with stubs': (maker: Maker) => ({
    greeter: new Greeter(maker, '.greeter'),
    function: functionOf(maker, '.function'),
    deep: { greeter: new Greeter(maker, '.deep greeter') },
    ...disposerOf(maker, '.own'),
  }),
  'array of stubs': (maker: Maker) => [new Greeter(maker, '.0'), new Greeter(maker, '.1')],
};

const MAKERS: Record<string, (maker: Maker) => unknown> = {
  ...DATA,
  ...REFUSED,
  ...TOLD,
  ...DISPOSABLE,
};

export type DataKind = keyof typeof DATA;
export type RefusedKind = keyof typeof REFUSED;
export type ToldKind = keyof typeof TOLD;
export type DisposableKind = keyof typeof DISPOSABLE;

export const dataKinds = Object.keys(DATA) as DataKind[];
export const refusedKinds = Object.keys(REFUSED) as RefusedKind[];
export const toldKinds = Object.keys(TOLD) as ToldKind[];
export const disposableKinds = Object.keys(DISPOSABLE) as DisposableKind[];

/** A value of a plan: a kind, or others inside a list or an object. */
export type Value<Kind extends string = DataKind | RefusedKind | ToldKind> =
  | Kind
  | { readonly list: readonly Value<Kind>[] }
  | { readonly object: Readonly<Record<string, Value<Kind>>> };

export function make(value: Value<string>, maker: Maker): unknown {
  if (typeof value === 'string') return (MAKERS[value] as (maker: Maker) => unknown)(maker);
  if ('list' in value) {
    return value.list.map((item, at) => make(item, { ...maker, name: `${maker.name}[${at}]` }));
  }
  const entries = Object.entries(value.object).map(([key, item]) => [
    key,
    make(item, { ...maker, name: `${maker.name}.${key}` }),
  ]);
  return Object.fromEntries(entries);
}

/** Whether some kind of these stands in a value. */
export function holds(value: Value<string>, kinds: readonly string[]): boolean {
  if (typeof value === 'string') return kinds.includes(value);
  const items = 'list' in value ? value.list : Object.values(value.object);
  return items.some((item) => holds(item, kinds));
}

const EPOCH = 1_000;

/** Changes a value in place, and what is inside of a list or a plain object. */
export function mutate(value: unknown, within = 2): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value) || within === 0) return;
  if (isMap(value)) Map.prototype.set.call(value, 'mutated', true);
  else if (value instanceof Set) Set.prototype.add.call(value, 'mutated');
  else if (value instanceof Date) Date.prototype.setTime.call(value, EPOCH);
  else if (value instanceof Uint8Array) value[0] = EPOCH;
  else if (Array.isArray(value)) {
    for (const item of Object.values(value)) mutate(item, within - 1);
    Array.prototype.push.call(value, 'mutated');
  } else if (isPlain(value)) {
    for (const key of Object.keys(value)) {
      const { value: item } = Object.getOwnPropertyDescriptor(value, key) ?? {};
      mutate(item, within - 1);
    }
    (value as Record<string, unknown>)['mutated'] = true;
  }
}

function isPlain(value: object): boolean {
  const isOfPlain = Object.getPrototypeOf(value) === Object.prototype;
  return isOfPlain && Object.prototype.toString.call(value) === '[object Object]';
}

/** Whatever its prototype says. With properties of its own one would be taken for a plain object. */
function isMap(value: object): boolean {
  try {
    Map.prototype.keys.call(value as Map<unknown, unknown>);
    return true;
  } catch {
    return false;
  }
}

/** How often kinds of these stand in values. */
function count(values: readonly unknown[], kinds: readonly string[]): number {
  return values
    .map((value): number => {
      if (typeof value === 'string') return kinds.includes(value) ? 1 : 0;
      if (typeof value !== 'object' || value === null) return 0;
      return count(
        Object.values(value).flatMap((item) => items(item)),
        kinds,
      );
    })
    .reduce((sum, each) => sum + each, 0);
}

function items(value: unknown): unknown[] {
  return typeof value === 'object' && value !== null ? Object.values(value) : [value];
}

/**
 * Whether it is determined why values cannot be sent, and what of them has been read by then: the runtime
 * stops at the first that it refuses, while this package reads all of them before.
 */
export function areTelling(values: readonly unknown[]): boolean {
  const refused = count(values, refusedKinds);
  return refused === 0 || (refused === 1 && count(values, READ_ONCE) === 0);
}

/** Whether the runtime can carry a value of a plan. */
export function crosses(value: Value<string>): boolean {
  return !holds(value, refusedKinds);
}
