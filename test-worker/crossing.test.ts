/** What crosses with an error, compared with Workers RPC; and what a hostile target sends in its place. */

import { createExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { CallError, createCaller, explain, newContinuation, registerErrors } from '@lumenize/call';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { inCaller } from './in-object.js';
import type { Calc } from './index.js';
import { BUILT_IN, Newer, Older, type Thrower } from './thrower.js';

const on = newContinuation<Thrower>();

/** What a method throws, as it arrives in a Durable Object. */
function thrown(name: string): Promise<Error> {
  return inCaller('crossing', (caller) =>
    caller.svc.callRaw('THROWER', 'main', on.throwIt(name)).then(
      () => expect.unreachable('it threw nothing'),
      (error: Error) => error,
    ),
  );
}

/** The same by Workers RPC. */
function thrownByRpc(name: string): Promise<Error> {
  return inCaller('crossing', () => {
    const call: Promise<unknown> = env.THROWER.getByName('main').throwIt(name);
    return call.then(
      () => expect.unreachable('it threw nothing'),
      (error: Error) => error,
    );
  });
}

/** Own properties of an error but for those that each side words in its own way. */
function ownOf(error: Error): Record<string, unknown> {
  const own = Object.getOwnPropertyNames(error).filter((name) => name !== 'stack');
  return Object.fromEntries(own.sort().map((name) => [name, Reflect.get(error, name)]));
}

/** The runtime's own globals are those of the prototypes of the global object. */
function namesOf(owner: object): string[] {
  const names = new Set<string>();
  for (let at: object = owner; at && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at)) names.add(name);
  }
  return [...names];
}

test('rule 22: every built-in class of errors of the runtime is among those that cross', () => {
  const owners = [globalThis, WebAssembly] as const;
  const found = owners.flatMap((owner) =>
    namesOf(owner).filter((name) => {
      const each: unknown = Reflect.get(owner, name);
      if (typeof each !== 'function') return false;
      const isError = each === Error || each.prototype instanceof Error;
      return isError || name === 'DOMException';
    }),
  );
  // Not what tests bring along, which replace one of them.
  const native = found.filter((name) => {
    const each = Reflect.get(globalThis, name) ?? Reflect.get(WebAssembly, name);
    return name === 'DOMException' || /\[native code\]/.test(String(each));
  });
  expect(Object.keys(BUILT_IN).sort()).toEqual(native.sort());
});

test.for(Object.keys(BUILT_IN))(
  'rule 22: %s arrives as itself, with its own fields',
  async (name) => {
    const error = await thrown(name);
    const original = BUILT_IN[name]?.() as Error;
    expect(error.constructor).toBe(original.constructor);
    expect(error).toMatchObject({ name: original.name, message: original.message, remote: true });
    for (const own of Object.getOwnPropertyNames(original)) {
      if (own === 'stack') continue;
      expect(Reflect.get(error, own), own).toEqual(Reflect.get(original, own));
    }
  },
);

test('rule 21: what is shared among the properties of an error stays shared', async () => {
  const { s1, s2 } = (await thrown('shared')) as unknown as { s1: object; s2: [object] };
  expect(s1).toEqual({ x: 1 });
  expect(s2[0]).toBe(s1);
});

test('rule 21: what is too large for a message is left out alone', async () => {
  const views = await thrown('large properties');
  expect(Object.keys(views)).toHaveLength(20);
  const error = await thrown('a property that is too large');
  expect(error).toBeInstanceOf(RangeError);
  expect(error).toMatchObject({ message: 'm', small: 1, last: 2 });
  expect(error).not.toHaveProperty('bytes');
  expect((await thrown('a message that is too long')).message).toMatch(/^x{1000000}…$/);
});

test('rule 25: what a target refuses for many calls is decoded for the price of one', () =>
  inCaller('refused for many', async (caller) => {
    const calls = Array.from({ length: 500 }, () =>
      caller.svc.callRaw('FORGER' as 'CALC', 'main', newContinuation<Calc>().echo('refusal')),
    );
    const outcomes = await Promise.allSettled(calls);
    const errors = outcomes.map((outcome) => (outcome as PromiseRejectedResult).reason);
    expect(new Set(errors).size).toBe(500);
    expect(new Set(errors.map(({ bytes }) => bytes)).size).toBe(1);
  }));

test.for([
  ...['hidden', 'nested', 'accessor', 'caused', 'no message', 'headers'],
  'a subclass of DOMException',
])('rule 21: own properties cross as by Workers RPC: %s', async (name) => {
  const [ours, byRpc] = [await thrown(name), await thrownByRpc(name)];
  expect(ownOf(ours)).toEqual(ownOf(byRpc));
  expect(ours.constructor).toBe(byRpc.constructor);
});

test('rule 21: what the errors of one failure share stays shared, and costs what it costs once', async () => {
  const { errors } = (await thrown('rows that all failed')) as AggregateError;
  expect(errors).toHaveLength(90);
  const inputs = new Set(errors.map(({ input }) => input));
  expect(inputs.size).toBe(1);
  expect([...inputs][0]).toHaveLength(1_000);
});

test('rule 21: a list among them keeps the places of what can be sent', async () => {
  expect(ownOf(await thrown('a list of another prototype'))).toMatchObject({ list: [1, 2] });
  const { list } = (await thrown('a list with a function')) as Error & { list: unknown[] };
  expect([list.length, list[0], list[2]]).toEqual([3, 1, 2]);
});

test.for(['RangeError', 'DOMException'])(
  'rule 21: `remote` and `durableObjectId` are those of Workers RPC: %s',
  async (name) => {
    const marks = (error: Error): unknown => {
      const { remote, durableObjectId } = error as { remote?: unknown; durableObjectId?: unknown };
      return { remote, durableObjectId };
    };
    expect(marks(await thrown(name))).toEqual(marks(await thrownByRpc(name)));
    // From a Worker, too.
    const caller = createCaller(env, createExecutionContext());
    const catchIt = (call: Promise<unknown>): Promise<Error> =>
      call.then(
        () => expect.unreachable(),
        (error: Error) => error,
      );
    const ours = await catchIt(caller.callRaw('THROWER', 'main', on.throwIt(name)));
    const byRpc = await catchIt(env.THROWER.getByName('main').throwIt(name));
    expect(marks(ours)).toEqual(marks(byRpc));
  },
);

describe('rule 22: registered classes', () => {
  test('the newer of a name replaces the older, whose errors still cross', async () => {
    registerErrors(Older);
    expect(await thrown('of the older class')).toBeInstanceOf(Older);
    registerErrors(Newer, Newer);
    for (const name of ['of the older class', 'of the newer class']) {
      const error = await thrown(name);
      expect(error).toBeInstanceOf(Newer);
      expect(error).not.toBeInstanceOf(Older);
    }
  });

  test('what zod throws arrives with its issues, as an instance of its class', async () => {
    registerErrors(z.ZodError);
    const error = await thrown('zod');
    expect(error).toBeInstanceOf(Error);
    expect(Reflect.get(error, '_zod')).toHaveProperty('traits');
    expect(error instanceof z.ZodError).toBe(true);
    expect(error).toMatchObject({
      name: 'ZodError',
      issues: [{ code: 'invalid_type', expected: 'string', path: [] }],
    });
  });
});

describe('rule 25: a target may send anything as an error', () => {
  const shared = (levels: number): unknown[] => {
    let array: unknown[] = [];
    for (let level = 0; level < levels; level++) array = [array, array];
    return array;
  };
  const sparse: unknown[] = [];
  sparse.length = 2 ** 32 - 1;
  const deep = (levels: number): unknown => {
    let error: object = { name: 'Error', message: 'deepest', properties: {} };
    for (let level = 0; level < levels; level++) {
      error = { name: 'Error', message: String(level), properties: {}, cause: error };
    }
    return error;
  };
  const plain = { name: 'Error', message: 'm', properties: {} };
  const stub = (): unknown => () => 'called';
  const lies: Record<string, () => unknown> = {
    'nested arrays as what was thrown': () => ({ thrown: shared(40) }),
    'nested arrays as a stack': () => ({ ...plain, stack: shared(40) }),
    'nested arrays as a message': () => ({ ...plain, message: shared(40) }),
    'the longest array as errors': () => ({ ...plain, errors: sparse }),
    'a stub as errors': () => ({ ...plain, errors: stub() }),
    'an object with a stub map as errors': () => ({ ...plain, errors: { map: stub(), length: 1 } }),
    'a stub as a stack': () => ({ ...plain, stack: stub() }),
    'a stub as a cause': () => ({ ...plain, cause: stub() }),
    'a stub as properties': () => ({ ...plain, properties: stub() }),
    // biome-ignore lint/suspicious/noThenProperty: it lies
    'a method then among the properties': () => ({ ...plain, properties: { then: stub() } }),
    'nested arrays as a property named stack': () => ({
      ...plain,
      properties: { stack: shared(40) },
    }),
    'nested arrays as a property named name': () => ({
      ...plain,
      properties: { name: shared(40) },
    }),
    'nested arrays as a property named message': () => ({
      ...plain,
      properties: { message: shared(40) },
    }),
    'nested arrays as a nested message': () => ({
      ...plain,
      nested: { message: { thrown: shared(40) } },
    }),
    // biome-ignore lint/suspicious/noThenProperty: it lies
    'a stub as a nested then': () => ({ ...plain, nested: { then: { thrown: stub() } } }),
    'a stub deep in what was thrown': () => ({ thrown: { a: [{ toString: stub() }] } }),
    '400 properties that share a long list': () => {
      const list = new Array(100_000).fill(1);
      const properties = Object.fromEntries(Array.from({ length: 400 }, (_, at) => [at, list]));
      return { ...plain, properties };
    },
    '28 MB of bytes': () => ({ ...plain, properties: { bytes: new Uint8Array(28_000_000) } }),
    'causes, 5,000 deep': () => deep(5_000),
    'more errors than any failure carries': () => ({ ...plain, errors: Array(500).fill(plain) }),
    'a key __proto__': () => ({ ...plain, properties: JSON.parse('{"__proto__": {"a": 1}}') }),
    'a circle': () => {
      const circle: Record<string, unknown> = { ...plain };
      circle['cause'] = circle;
      return circle;
    },
    nothing: () => undefined,
    'a stub': stub,
    'an array': () => [[]],
    'a large bigint': () => ({ thrown: 1n << 8_000_000n }),
  };
  const ways = [{ batch: false }, {}] as const;
  const cases = Object.keys(lies).flatMap((lie) => ways.map((options) => [lie, options] as const));
  test.for(cases)(
    '%s, %o: the call fails, soon, with an Error that can be caught and read',
    ([lie, options]) =>
      inCaller('lies', async (caller) => {
        const before = Date.now();
        const call = (): Promise<unknown> =>
          caller.svc.callRaw(
            'FORGER' as 'CALC',
            'main',
            newContinuation<Calc>().echo(lies[lie]?.()),
            {
              ...options,
              timeout: 10_000,
            },
          );
        const calls = [call(), call()].map((each) => each.catch((error: unknown) => error));
        for (const error of await Promise.all(calls)) {
          expect(error).toBeInstanceOf(Error);
          expect((error as { code?: unknown }).code).not.toBe('timeout');
          expect(String(error).length).toBeLessThan(2_000);
          expect(Object.getPrototypeOf({})).not.toHaveProperty('a');
        }
        expect(Date.now() - before).toBeLessThan(5_000);
      }),
  );
});

describe('explain is bounded', () => {
  test('302 nested steps', () => {
    let sum = newContinuation<Calc>().add(1, 1);
    for (let step = 0; step < 300; step++) sum = newContinuation<Calc>().add(sum, sum);
    expect(explain(sum).length).toBeLessThan(3_000);
  });

  test('a key of a megabyte, an array of any length, a chain without end', () => {
    const key = 'k'.repeat(1_000_000);
    const on = newContinuation<{ echo(value: unknown): unknown }>();
    expect(explain(on.echo({ [key]: 1 })).length).toBeLessThan(200);
    const array: unknown[] = [];
    array.length = 2 ** 32 - 1;
    expect(explain(on.echo(array)).length).toBeLessThan(200);
    let chain = newContinuation<Record<string, never>>() as unknown as { a: typeof chain };
    for (let step = 0; step < 10_000; step++) chain = chain.a;
    expect(explain(chain).length).toBeLessThan(3_000);
  });

  test('a getter is not run for it', () => {
    let runs = 0;
    const value = {
      get a() {
        runs += 1;
        return 1;
      },
    };
    expect(explain({ value })).toBe('{value: {a: …}}');
    expect(runs).toBe(0);
  });
});

test('rule 6: 64 hexadecimal digits are a name where they are no id of the namespace', () =>
  inCaller('hash', async (caller) => {
    const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode('a@b.c'));
    const hash = Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0'));
    const next = newContinuation<Calc>().next();
    const name = hash.join('');
    expect(await caller.svc.callRaw('CALC', name, next)).toBe(2);
    expect(await env.CALC.getByName(name).next()).toBe(3);
    const id = env.CALC.idFromName('by its id').toString();
    expect(await caller.svc.callRaw('CALC', id, next)).toBe(2);
    expect(await env.CALC.getByName('by its id').next()).toBe(3);
  }));

test('a CallError that a remote method threw is marked as from there, and one of this side is not', () =>
  inCaller('marked', async (caller) => {
    const remote = newContinuation<Calc>().callNever('marked', 10);
    const fromThere = await caller.svc.callRaw('CALC', 'marks', remote).catch((error) => error);
    expect(fromThere).toBeInstanceOf(CallError);
    expect(fromThere).toMatchObject({ code: 'timeout', remote: true });
    const never = newContinuation<Calc>().never();
    const fromHere = await caller.svc
      .callRaw('CALC', 'marks', never, { timeout: 10 })
      .catch((error) => error);
    expect(fromHere).not.toHaveProperty('remote');
  }));
