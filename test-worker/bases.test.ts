/** Other base classes, and code that was written for the first version. */
import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { DurableObject, env, WorkerEntrypoint } from 'cloudflare:workers';
import { CallError, newContinuation, withCall } from '@lumenize/call';
import { expect, test, vi } from 'vitest';
import {
  type Foreign,
  ForeignBase,
  OwnRecorder,
  type Room,
  type TwiceRoom,
  type WrappedToo,
} from './bases.js';
import { calc, inCaller, thrownBy } from './in-object.js';
import type { Calc, CallerObject } from './index.js';

const room = newContinuation<Room>;

test('an object on another base class calls, and its handler runs once', () =>
  runInDurableObject(env.ROOM.getByName('calls'), async (self) => {
    self.add(1, 10);
    self.add(100, 1_000);
    await vi.waitUntil(() => self.sums.length === 2);
    expect(self.sums).toEqual([11, 1_100]);
    expect(self.svc.call.stats()).toMatchObject({ pending: 0, frames: 1, programs: 2 });
  }));

test('rule 27: it is called, and so is what its base names, and nothing else of the base', () =>
  inCaller('calls a room', async (caller) => {
    const call = caller.svc.callRaw.bind(caller.svc);
    expect(await call('ROOM', 'called', room().greet('Ada'))).toBe('hello Ada');
    expect(await env.ROOM.getByName('called').greet('Bob')).toBe('hello Bob');
    // As callers that are not held to the types would record it.
    // biome-ignore lint/suspicious/noExplicitAny: any chain
    const secret = newContinuation<any>();
    expect(await call('ROOM', 'called', room().double(4))).toBe(8);
    const closed = [
      ...[secret.greeted, secret.svc, secret.ctn(), secret.onCallError],
      room().destroy(),
    ];
    for (const remote of closed) {
      const called = call('ROOM', 'called', remote as never);
      await expect(called).rejects.toMatchObject({ code: 'not-callable', mayHaveRun: false });
    }
  }));

test('it calls itself, by id; and a path goes where `static exposes` lets it', () =>
  runInDurableObject(env.ROOM.getByName('itself'), async (self) => {
    expect(await self.greetItself()).toBe('hello itself');
    expect(await self.stored()).toBe('stored');
  }));

test('rule 27: a class that is wrapped again opens nothing of what was added between', () =>
  inCaller('calls a room wrapped twice', async (caller) => {
    const on = newContinuation<TwiceRoom>();
    const call = caller.svc.callRaw.bind(caller.svc);
    expect(await call('TWICE', 'main', on.greet('Ada'))).toBe('hello Ada');
    expect(await call('TWICE', 'main', on.above())).toBe('above');
    for (const closed of [on.between(), on.destroy()]) {
      await expect(call('TWICE', 'main', closed)).rejects.toMatchObject({ code: 'not-callable' });
    }
  }));

test('rule 27: marks hold where a framework puts its own functions around methods, in subclasses too', () =>
  inCaller('calls what is wrapped', async (caller) => {
    const on = newContinuation<WrappedToo>();
    const open = on.open() as never;
    // In this order: the framework has wrapped the methods of the first class before it knows the second.
    for (const binding of ['WRAPPED', 'WRAPPED_TOO'] as const) {
      expect(await caller.svc.callRaw(binding, 'main', open)).toBe('open');
      for (const closed of [on.closed(), on.alsoClosed()]) {
        const call = caller.svc.callRaw(binding, 'main', closed as never);
        await expect(call).rejects.toMatchObject({ code: 'not-callable' });
      }
    }
  }));

test('withCall says what it does not take', () => {
  const take = withCall as (Base: unknown) => unknown;
  for (const [Base, what] of [
    [class Mine {}, 'Mine'],
    [WorkerEntrypoint, 'WorkerEntrypoint'],
    [undefined, 'undefined'],
  ] as const) {
    const error = thrownBy(() => take(Base));
    expect(error).toBeInstanceOf(CallError);
    expect(error).toMatchObject({ code: 'invalid-option' });
    expect(error.message).toContain(`a class that extends DurableObject, not ${what}`);
  }
  expect(take(DurableObject)).toBeTypeOf('function');
});

test('a base class of another package finds `call` and `callRaw` among its services', () =>
  runInDurableObject(env.FOREIGN.getByName('calls'), async (self: Foreign) => {
    expect(await self.svc.callRaw('CALC', 'main', calc().add(1, 10))).toBe(11);
    const on = newContinuation<Foreign>();
    expect(self.svc.call('CALC', 'main', calc().add(1, 2), on.onOutcome()).id).toBeGreaterThan(0);
    await vi.waitUntil(() => self.outcomes.length === 1);
    expect(self.outcomes).toEqual([3]);
  }));

test('its `ctn` knows a target that is named', () =>
  runInDurableObject(env.FOREIGN.getByName('binds'), async (self: Foreign) => {
    const ctn = (self as unknown as { ctn(...target: unknown[]): Calc }).ctn.bind(self);
    expect(await ctn('CALC', 'foreign').add(1, 10)).toBe(11);
    expect(thrownBy(() => ctn('CLAC', 'foreign'))).toMatchObject({ code: 'unknown-binding' });
    const remote = ctn().add(1, 2);
    expect(await self.svc.callRaw('CALC', 'foreign', remote)).toBe(3);
  }));

test('and is called, since the receiver is installed on it', async () => {
  await inCaller('calls a foreign object', async (caller) => {
    const on = newContinuation<Foreign>();
    const sums = [1, 2, 3].map((n) => caller.svc.callRaw('FOREIGN', 'called', on.add(n, 1)));
    expect(await Promise.all(sums)).toEqual([2, 3, 4]);
  });
  await evictDurableObject(env.FOREIGN.getByName('called'));
});

test('what it has itself is left alone, and what it records is refused with what helps', () => {
  expect(Object.hasOwn(ForeignBase.prototype, 'ctn')).toBe(true);
  expect(OwnRecorder.prototype.ctn).not.toBe(ForeignBase.prototype['ctn' as never]);
  return inCaller('records elsewhere', (caller: CallerObject) => {
    const foreign = OwnRecorder.prototype.ctn() as never;
    return expect(caller.svc.callRaw('CALC', 'main', foreign)).rejects.toMatchObject({
      code: 'invalid-continuation',
      message: expect.stringContaining('newContinuation of this one'),
    });
  });
});
