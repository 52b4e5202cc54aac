/** Arguments and results cross as Workers RPC would carry them, read once, together or alone. */
import { env } from 'cloudflare:workers';
import { type CallError, newContinuation } from '@lumenize/call';
import { describe, expect, test } from 'vitest';
import { calc, inCaller, thrownBy } from './in-object.js';
import type { Calc, CallerObject } from './index.js';
import { described, type Order } from './order.js';

const on = newContinuation<Order>();
/** By Workers RPC, which the calls are compared with. */
function rpc(): {
  describe(value: unknown): Promise<string>;
  mark(value: unknown): Promise<unknown>;
} {
  return env.ORDER.getByName('rpc') as never;
}

class Stack extends Map<string, number> {}

function withOwn<T extends object>(object: T, own: object): T {
  return Object.assign(object, own);
}

function sparse(length: number): unknown[] {
  const array: unknown[] = [];
  array.length = length;
  array[5] = 'five';
  return array;
}

interface Nested {
  readonly inner?: Nested;
}

function nested(depth: number): Nested {
  let value: Nested = {};
  for (let left = depth; left > 0; left--) value = { inner: value };
  return value;
}

function depthOf(value: Nested): number {
  let depth = 0;
  for (let at = value.inner; at; at = at.inner) depth += 1;
  return depth;
}

const shared = { x: 1 };

/** Values that are unlike what their prototypes say, and values that say little of what they are. */
const VALUES: Record<string, () => unknown> = {
  'an object with a tag that a getter would give': () => ({
    get [Symbol.toStringTag](): string {
      throw new RangeError('nobody reads it');
    },
  }),
  'a Date with a valueOf of its own': () => withOwn(new Date(5), { valueOf: () => 7 }),
  'a Date with a Symbol.toPrimitive of its own': () =>
    Object.defineProperty(new Date(5), Symbol.toPrimitive, { value: () => 7 }),
  'a Date that is none': () => new Date(Number.NaN),
  'a Map with an iterator of its own': () =>
    withOwn(new Map([[1, 2]]), { *[Symbol.iterator]() {} }),
  'a Map with a forEach of its own': () => withOwn(new Map([[1, 2]]), { forEach: () => {} }),
  'a Map without a prototype': () => Object.setPrototypeOf(new Map([[1, 2]]), null),
  'a Map with the prototype of objects': () =>
    Object.setPrototypeOf(new Map([[1, 2]]), Object.prototype),
  'a subclass of Map': () => new Stack([['a', 1]]),
  'a Set with a property': () => withOwn(new Set([1]), { x: 1 }),
  'an array without a prototype': () => Object.setPrototypeOf([1, 2], null),
  'an array with the prototype of objects': () => Object.setPrototypeOf([1, 2], Object.prototype),
  'an array with a property': () => withOwn([1], { x: 2 }),
  'an array with holes': () => [1, undefined, 3, undefined],
  'a sparse array of 100,000,000': () => sparse(100_000_000),
  'the longest array': () => sparse(2 ** 32 - 1),
  'a key __proto__': () => JSON.parse('{"__proto__": {"x": 1}, "a": 1}'),
  // biome-ignore lint/suspicious/noThenProperty: it is data
  'keys that are names of code': () => ({ then: 1, constructor: 2, arguments: [3], caller: null }),
  'a property that is not enumerable': () => Object.defineProperty({ a: 1 }, 'b', { value: 2 }),
  'a symbol as a key': () => ({ [Symbol('s')]: 1, a: 2 }),
  'a getter that takes another property away': () => ({
    get a() {
      Reflect.deleteProperty(this, 'b');
      return 1;
    },
    b: 2,
  }),
  'an array that a getter in it makes longer': () => {
    const array: unknown[] = [0, 1];
    return Object.defineProperty(array, 0, { enumerable: true, get: () => array.push('more') });
  },
  'an empty object': () => ({}),
  undefined: () => undefined,
  'undefined in an object': () => ({ a: undefined }),
  'minus zero': () => -0,
  'a boxed string': () => new String('x'),
  'a boxed number': () => new Number(4),
  'a regular expression': () => /a/g,
  'a typed array': () => new Uint8Array([1, 2]),
  'an error with a property': () => withOwn(new TypeError('m'), { x: 1 }),
};

const REFUSED: Record<string, () => unknown> = {
  'what has the prototype of arrays and is none': () => Object.create(Array.prototype),
  'what has the prototype of Map and is none': () => Object.create(Map.prototype),
  'what has the prototype of Date and is none': () => Object.create(Date.prototype),
  'an object without a prototype': () => Object.create(null),
  'an object with an object as its prototype': () => Object.create({ a: 1 }),
  'an instance of a class': () => new (class Inst {})(),
  arguments: () =>
    (function () {
      // biome-ignore lint/complexity/noArguments: it is what is tested
      return arguments;
    })(),
  'a proxy of an array': () => new Proxy([1], {}),
  'a proxy of a Map': () => new Proxy(new Map(), {}),
  'a symbol': () => Symbol('s'),
  'a WeakMap': () => new WeakMap(),
  'a locked stream': () => {
    const stream = new ReadableStream();
    stream.getReader();
    return stream;
  },
  'a SharedArrayBuffer': () => new SharedArrayBuffer(4),
  'a view of a SharedArrayBuffer': () => ({ bytes: new Uint8Array(new SharedArrayBuffer(4)) }),
  'a getter that throws a RangeError': () => ({
    get a() {
      throw new RangeError('mine');
    },
  }),
};

test('rule 16: data nested deep is what Workers RPC makes of it', () =>
  inCaller('nested', async (caller) => {
    const echo = (value: Nested): Promise<Nested> =>
      caller.svc.callRaw('CALC', 'nested', calc().echo(value)) as Promise<Nested>;
    const depths = [100, 1_500, 2_000, 2_400];
    expect((await Promise.all(depths.map(nested).map(echo))).map(depthOf)).toEqual(depths);
    const error: unknown = await echo(nested(100_000)).catch((failure: unknown) => failure);
    expect(error).toMatchObject({ code: 'limit-exceeded', mayHaveRun: false });
  }));

const ways = [
  ['together', {}],
  ['alone', { batch: false }],
] as const;

describe.each(ways)('rule 16: arguments and results %s', (way, options) => {
  test.for(Object.entries(VALUES))('%s is what Workers RPC makes of it', ([name, make]) =>
    inCaller(`arguments ${way}`, async (caller) => {
      const target = ['ORDER', `${way} ${name}`] as const;
      const call = caller.svc.callRaw(...target, on.describe(make()), options);
      const beside = caller.svc.callRaw(...target, on.mark(1), options);
      expect(await call).toBe(await rpc().describe(make()));
      expect(await beside).toBe(1);
    }),
  );

  test.for(Object.entries(REFUSED))('%s fails its own call, and nothing has run', ([name, make]) =>
    inCaller(`refused ${way}`, async (caller) => {
      const target = ['ORDER', `${way} ${name}`] as const;
      const before = caller.svc.callRaw(...target, on.mark(1), options);
      const failed = caller.svc.callRaw(...target, on.describe(make()), options);
      const after = caller.svc.callRaw(...target, on.mark(2), options);
      const error = (await failed.catch((thrown: unknown) => thrown)) as CallError;
      expect(error).toMatchObject({ code: 'not-cloneable', mayHaveRun: false });
      expect(await Promise.all([before, after])).toEqual([1, 2]);
    }),
  );

  test('a getter is read once, when the call is made', () =>
    inCaller(`getter ${way}`, async (caller) => {
      let reads = 0;
      const value = {
        get a() {
          reads += 1;
          return reads;
        },
      };
      const nested = { in: [value], ctn: on.mark('x') };
      const calls = [
        caller.svc.callRaw('ORDER', `getter ${way}`, on.mark(value), options),
        caller.svc.callRaw('ORDER', `getter ${way}`, on.mark(nested), options),
      ];
      expect(reads).toBe(2);
      expect(await Promise.all(calls)).toMatchObject([{ a: 1 }, { in: [{ a: 2 }], ctn: 'x' }]);
      expect(reads).toBe(2);
    }));

  test('what the caller changes later does not change the call', () =>
    inCaller(`changed ${way}`, async (caller) => {
      const bytes = new Uint8Array([1]);
      const value = { list: [1], map: new Map([[1, 1]]), date: new Date(1), bytes };
      const call = caller.svc.callRaw('ORDER', `changed ${way}`, on.describe(value), options);
      value.list.push(2);
      value.map.clear();
      value.date.setTime(2);
      bytes[0] = 2;
      expect(await call).toBe(
        described({
          list: [1],
          map: new Map([[1, 1]]),
          date: new Date(1),
          bytes: Uint8Array.of(1),
        }),
      );
    }));

  test('an object that stands twice in the arguments of a call is one', () =>
    inCaller(`shared ${way}`, async (caller) => {
      const remote = calc().pair(shared, [shared]);
      const [a, [b]] = (await caller.svc.callRaw('CALC', `shared ${way}`, remote, options)) as [
        object,
        [object],
      ];
      expect(a).toBe(b);
    }));

  test('holes and a key __proto__ beside a continuation are carried', () =>
    inCaller(`beside ${way}`, async (caller) => {
      const target = ['ORDER', `beside ${way}`] as const;
      const list = [1, undefined, 3, on.mark('x')];
      const object = JSON.parse('{"__proto__": 1}');
      object.continuation = on.mark('y');
      const send = (value: unknown): Promise<unknown> =>
        caller.svc.callRaw(...target, on.describe(value), options);
      expect(await send(list)).toBe(described([1, undefined, 3, 'x']));
      expect(await send(object)).toBe('Object {__proto__: number 1, continuation: string y}');
    }));

  test('every object that comes back has a disposer, as by Workers RPC', () =>
    inCaller(`disposer ${way}`, async (caller) => {
      for (const make of [() => ({ a: 1 }), () => [1], () => new Map(), () => new Date(0)]) {
        const call = caller.svc.callRaw('ORDER', `d ${way}`, on.mark(make() as object), options);
        void caller.svc.callRaw('ORDER', `d ${way}`, on.mark(1), options);
        const byRpc = (await rpc().mark(make())) as object;
        const shape = ({ value, ...descriptor }: PropertyDescriptor = {}): unknown => ({
          ...descriptor,
          value: typeof value,
        });
        expect(shape(Object.getOwnPropertyDescriptor(await call, Symbol.dispose))).toEqual(
          shape(Object.getOwnPropertyDescriptor(byRpc, Symbol.dispose)),
        );
      }
    }));

  test('a result that is large costs what it costs alone', () =>
    inCaller(`large ${way}`, async (caller) => {
      const numbers = Array.from({ length: 100_000 }, (_, n) => n);
      const calls = Array.from({ length: 10 }, () =>
        caller.svc.callRaw('ORDER', `large ${way}`, on.mark(numbers), options),
      );
      for (const result of await Promise.all(calls)) expect(result).toHaveLength(100_000);
    }));
});

test('rule 18: a getter that aborts the signal of its own call: nothing is sent', () =>
  inCaller('aborts itself', async (caller) => {
    const controller = new AbortController();
    const value = {
      get a() {
        controller.abort('by a getter');
        return 1;
      },
    };
    const { signal } = controller;
    const call = caller.svc.callRaw('ORDER', 'aborts itself', on.mark(value), { signal });
    await expect(call).rejects.toMatchObject({ code: 'cancelled', mayHaveRun: false });
    expect(caller.svc.call.stats().frames).toBe(0);
  }));

test('rule 3: a continuation of another object has no place in a handler', () =>
  inCaller('of another', (caller) => {
    const a = caller.ctn<Calc>().add(1, 10);
    const other = caller.ctn<CallerObject>().double(2);
    const handler = caller.ctn().onOutcome(a, other);
    const thrown = thrownBy(() => caller.svc.call('CALC', 'x', a, handler as never));
    expect(thrown.code).toBe('invalid-continuation');
    expect(thrown.message).toContain('double(2) was recorded by another ctn()');
  }));

test('rule 3: a continuation of the same object has, where both are recorded by one ctn()', () =>
  inCaller('of the same', async (caller) => {
    const me = caller.ctn();
    const a = caller.ctn<Calc>().add(1, 10);
    caller.svc.call('CALC', 'of the same', a, me.onOutcome(a, me.double(4)));
    await caller.arrived(1);
    expect(caller.received).toEqual([{ outcome: 11, rest: [8] }]);
  }));

test('rule 3: a continuation of a second copy of the package is refused, not sent as a function', () =>
  inCaller('second copy', (caller) => {
    const foreign = Object.assign(() => {}, {
      [Symbol.for('@lumenize/call:continuation')]: { of: undefined },
    });
    for (const value of [foreign, [foreign], { a: { b: foreign } }]) {
      const thrown = thrownBy(() => caller.svc.call('ORDER', 'x', on.mark(value)));
      expect(thrown.code).toBe('invalid-continuation');
      expect(thrown.message).toContain('another copy of this package');
    }
  }));
