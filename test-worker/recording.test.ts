/** What a continuation records, how its steps run on the target, and how `explain` shows it. */
import { runInDurableObject } from 'cloudflare:test';
import { env, RpcTarget } from 'cloudflare:workers';
import { explain, newContinuation } from '@lumenize/call';
import { expect, test } from 'vitest';
import { calc, inCalc, inCaller, thrownBy } from './in-object.js';
import type { Users } from './index.js';
import type { Machine } from './machine.js';

test('rule 1: recording runs nothing and sends nothing', () =>
  inCaller('records', async (caller) => {
    caller.ctn<Users>().getUser('u1');
    calc().add(1, 10);
    await caller.svc.callRaw('CALC', 'records', calc().echo(0));
    expect(await inCalc('records', (target) => [target.log, target.messages])).toEqual([[], 1]);
  }));

test('rule 1: a continuation is reused, and extended in two directions', () =>
  inCaller('reuses', async (caller) => {
    const origin = calc().origin;
    const x = origin.x;
    const distance = origin.distance(10);
    const call = caller.svc.callRaw.bind(caller.svc);
    expect(await call('CALC', 'reuses', x)).toBe(7);
    expect(await call('CALC', 'reuses', distance)).toBe(3);
    expect(await call('CALC', 'reuses', x)).toBe(7);
    expect(await inCalc('reuses', (target) => target.log)).toEqual(['origin', 'origin', 'origin']);
  }));

test('rule 1: a continuation is immutable', () => {
  const continuation = calc().add(1, 10) as object;
  expect(() => Object.assign(continuation, { extra: 1 })).toThrow(TypeError);
  expect(() => Object.setPrototypeOf(continuation, null)).toThrow(TypeError);
  expect(() => Object.defineProperty(continuation, 'extra', { value: 1 })).toThrow(TypeError);
  expect(() => Reflect.construct(continuation as () => void, [])).toThrow(TypeError);
});

test.for([
  ['a method', calc().add(1, 10), 11],
  ['a method of a promise', calc().whenAsked('b').slice(0, 1), 'b'],
  ['a getter', calc().origin.x, 7],
  ['a method of a returned object, with its `this`', calc().origin.distance(10), 3],
  ['a closure that a method returned', calc().adder(1)(10), 11],
  ['a long chain', calc().greet().trim().toUpperCase().slice(0, 1).length, 1],
  ['an argument that is undefined', calc().pair(undefined, null), [undefined, null]],
  [
    'a Map, a Date and a bigint',
    calc().echo([new Map([[1, 2n]]), new Date(0)]),
    [new Map([[1, 2n]]), new Date(0)],
  ],
] as const)('rule 2: records %s', ([, continuation, expected]) =>
  inCaller('shapes', async (caller) => {
    expect(await caller.svc.callRaw('CALC', 'shapes', continuation)).toEqual(expected);
  }),
);

test('rule 3: nested continuations run first, in one message', () =>
  inCaller('nests', async (caller) => {
    const sum = calc().add(calc().add(1, 10), calc().addSlowly(100, 1000));
    expect(await caller.svc.callRaw('CALC', 'nests', sum)).toBe(1111);
    expect(await inCalc('nests', (target) => [target.log, target.messages])).toEqual([
      ['add(1, 10)', 'addSlowly(100, 1000)', 'add(11, 1100)'],
      1,
    ]);
  }));

test('rule 3: one continuation used twice runs once', () =>
  inCaller('shares', async (caller) => {
    const next = calc().next();
    expect(await caller.svc.callRaw('CALC', 'shares', calc().pair(next, next))).toEqual([2, 2]);
    expect(
      await caller.svc.callRaw('CALC', 'shares', calc().pair(calc().next(), calc().next())),
    ).toEqual([3, 4]);
  }));

test('rule 3: a continuation stands inside objects and arrays', () =>
  inCaller('contains', async (caller) => {
    const next = calc().next();
    const value = { k: [1, calc().add(2, 3)], twice: [next, { deep: next }], plain: { a: [1] } };
    const echoed = caller.svc.callRaw('CALC', 'contains', calc().echo(value));
    expect(await echoed).toEqual({ k: [1, 5], twice: [2, { deep: 2 }], plain: { a: [1] } });
    expect(await inCalc('contains', (target) => target.log)).toEqual(['add(2, 3)', 'next()']);
  }));

test('rule 4: every step runs once, arguments left to right, inner before outer', () =>
  inCaller('orders', async (caller) => {
    const first = calc().addSlowly(1, 1);
    await caller.svc.callRaw(
      'CALC',
      'orders',
      calc().pair(calc().pair(first, calc().add(2, 2)), calc().add(first, 3)),
    );
    expect(await inCalc('orders', (target) => target.log)).toEqual([
      'addSlowly(1, 1)',
      'add(2, 2)',
      'pair()',
      'add(2, 3)',
      'pair()',
    ]);
  }));

test('rule 4: each step of a chain runs once', async () => {
  const chain = newContinuation<Machine>().cell.with(1).later(2).value;
  const log = [
    'cell',
    'with [1,null]',
    'later [2,null]',
    'with [2,null]',
    expect.stringMatching(/^value/),
  ];
  const ran = await runInDurableObject(env.MACHINE.getByName('counted'), async (machine) => {
    await machine.svc.callRaw('MACHINE', 'counted', chain);
    return machine.log.splice(0);
  });
  expect(ran).toEqual(log);
});

test.for([
  ['a call', calc().add(1, 10), 'add(1, 10)'],
  [
    'nested calls',
    calc().add(calc().add(1, 10), calc().add(100, 1000)),
    'add(add(1, 10), add(100, 1000))',
  ],
  ['a chain', calc().origin.distance(10), 'origin.distance(10)'],
  ['a closure', calc().adder(1)(2), 'adder(1)(2)'],
  ['the start', calc(), 'ctn()'],
  ['a long string', calc().echo('x'.repeat(100)), `echo("${'x'.repeat(40)}…")`],
  ['a long list', calc().echo([1, 2, 3, 4, 5, 6, 7]), 'echo([1, 2, 3, 4, 5, … 2 more])'],
  [
    'an object',
    calc().echo({ a: 1n, b: { c: [new Date(0), null] } }),
    'echo({a: 1n, b: {c: [Date, null]}})',
  ],
  ['an outcome', calc().echo(calc().$result), 'echo($result)'],
  ['no continuation', 42, '42'],
] as const)('explain: %s', ([, continuation, text]) => {
  expect(explain(continuation)).toBe(text);
});

test('explain: an argument that contains itself ends', () => {
  const endless: unknown[] = [];
  endless.push(endless);
  expect(explain(calc().echo(endless))).toBe('echo([[[[[…]]]]])');
});

test('what the language reads behind one’s back is not recorded', () => {
  const continuation = newContinuation<Users>().getUser('u1');
  expect(`${continuation as unknown as string}`).toBe('getUser("u1")');
  expect(JSON.stringify({ continuation })).toBe('{}');
  expect(Object.prototype.toString.call(continuation)).toBe('[object Continuation]');
  expect(Reflect.get(continuation, 'constructor')).toBeUndefined();
});

test('rule 2: a method of a stub that a method returned is called in its place', () =>
  inCaller('stubs', async (caller) => {
    const session = calc().sessionOf('other');
    const hello = session.hello('Ada');
    expect(await caller.svc.callRaw('CALC', 'stubs', hello)).toBe('hello Ada');
    const twice = calc().pair(hello, session.hello('Grace'));
    expect(await caller.svc.callRaw('CALC', 'stubs', twice)).toEqual(['hello Ada', 'hello Grace']);
  }));

test('rule 2: a chain goes on from what a call by Workers RPC returns', () =>
  inCaller('elsewhere', async (caller) => {
    const last = calc().wordsElsewhere().at(-1);
    expect(await caller.svc.callRaw('CALC', 'here', last as never)).toBe('a');
  }));

test('rule 3: an argument that is passed by reference is not looked into', () =>
  inCaller('reference', async (caller) => {
    class Keeper extends RpcTarget {
      readonly kept = calc().next();

      hello(): string {
        return 'hello';
      }
    }
    const hello = calc().greeted(new Keeper());
    expect(await caller.svc.callRaw('CALC', 'reference', hello)).toBe('hello');
  }));

class Wrapper {
  constructor(readonly inner: unknown) {}
}

test.for([
  ['a Map', (n: unknown) => ({ users: [new Map([['u1', n]])] }), '.users[0].get("u1")', 'Map'],
  ['a key of a Map', (n: unknown) => new Map([[n, 1]]), '.keys()', 'Map'],
  ['a Map under a bigint', (n: unknown) => new Map([[1n, n]]), '.get(1n)', 'Map'],
  ['a Set', (n: unknown) => [1, new Set([n])], '[1].values()', 'Set'],
  ['an instance of a class', (n: unknown) => ({ a: new Wrapper([n]) }), '.a.inner[0]', 'Wrapper'],
  ['a Date with properties', (n: unknown) => Object.assign(new Date(0), { n }), '.n', 'Date'],
] as const)('rule 3: a continuation in %s is refused with its path', ([, argument, path, kind]) =>
  inCaller('refuses', (caller) => {
    const error = thrownBy(() =>
      caller.svc.call('CALC', 'main', calc().echo(argument(calc().next()))),
    );
    expect(error.code).toBe('invalid-continuation');
    expect(error.message).toBe(
      `a continuation at ${path} stands in a ${kind}, where its value cannot take its place: ` +
        'put it into an array or a plain object',
    );
  }),
);

test('rule 3: a continuation in a container that contains itself is refused', () =>
  inCaller('cyclic', (caller) => {
    const cyclic: unknown[] = [{ next: calc().next() }];
    cyclic.push(cyclic);
    const error = thrownBy(() => caller.svc.call('CALC', 'main', calc().echo(cyclic)));
    expect(error.message).toBe('an argument contains itself and, at [0].next, a continuation');
  }));

test('a value that contains itself is sent as it is', () =>
  inCaller('cycles', async (caller) => {
    const cyclic: unknown[] = [1];
    cyclic.push(cyclic);
    const echoed = (await caller.svc.callRaw('CALC', 'cycles', calc().echo(cyclic))) as unknown[];
    expect(echoed[1]).toBe(echoed);
  }));

test.for([
  [
    'ctn() called',
    () => (calc() as unknown as (n: number) => unknown)(1),
    /ctn\(\) is no function/,
  ],
  ['ctn() as an argument', () => calc().echo(calc()), /ctn\(\) alone is not an argument/],
  ['a name that is not Unicode', () => Reflect.get(calc(), '\ud800'), /is not Unicode/],
  ['a name with U+0000', () => Reflect.get(calc(), 'a\0b'), /U\+0000/],
] as const)('%s is refused at once', ([, remote, message]) =>
  inCaller('refused', (caller) => {
    const call = caller.svc.call.bind(caller.svc) as unknown as (...args: unknown[]) => unknown;
    const error = thrownBy(() => call('CALC', 'main', remote()));
    expect(error).toMatchObject({
      code: 'invalid-continuation',
      message: expect.stringMatching(message),
    });
  }),
);

test('what tools do with values does no harm', () => {
  const continuation = calc().add(1, 10) as object;
  expect(() => structuredClone(continuation)).toThrow(/could not be cloned/);
  expect({ ...continuation }).toEqual({});
  expect(() => [...(continuation as unknown as unknown[])]).toThrow(TypeError);
  expect(() => Number(continuation)).not.toThrow();
  expect(() => console.log(continuation)).not.toThrow();
  expect(Object.keys(continuation)).toEqual([]);
  expect(JSON.stringify({ continuation })).toBe('{}');
  for (const name of ['constructor', 'prototype', '__proto__']) {
    expect(Reflect.get(continuation, name)).toBeUndefined();
  }
});
