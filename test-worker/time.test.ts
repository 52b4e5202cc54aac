/** Deadlines, and the one timer that watches over them. */
import { type CallError, newContinuation } from '@lumenize/call';
import { expect, test, vi } from 'vitest';
import { calc, inCalc, inCaller } from './in-object.js';
import type { CallerObject } from './index.js';

const on = newContinuation<CallerObject>;

test('rule 17: a call settles by its deadline, whatever the target does', () =>
  inCaller('deadline', async (caller) => {
    const start = Date.now();
    caller.svc.call('CALC', 'deadline', calc().never(), on().onOutcome(), { timeout: 50 });
    await caller.arrived(1);
    expect(Date.now() - start).toBeGreaterThanOrEqual(50);
    expect(caller.received[0]?.outcome).toMatchObject({
      name: 'CallError',
      code: 'timeout',
      message: 'never() on CALC/deadline did not answer within 50 ms',
      binding: 'CALC',
      instance: 'deadline',
      operation: 'never()',
      mayHaveRun: true,
    });
  }));

test('rule 17: deadlines come in their own order, and a quick call is not delayed by them', () =>
  inCaller('deadlines', async (caller) => {
    caller.svc.call('CALC', 'deadlines', calc().never(), on().onOutcome(on().$result, 'late'), {
      timeout: 600,
    });
    caller.svc.call('CALC', 'deadlines', calc().never(), on().onOutcome(on().$result, 'early'), {
      timeout: 300,
    });
    caller.svc.call('CALC', 'deadlines', calc().add(1, 10), on().onOutcome(on().$result, 'quick'), {
      timeout: Number.POSITIVE_INFINITY,
    });
    await caller.arrived(3);
    expect(caller.received.map(({ rest }) => rest[0])).toEqual(['quick', 'early', 'late']);
  }));

test('rule 17: `callRaw` rejects at its deadline', () =>
  inCaller('raw deadline', async (caller) => {
    const call = caller.svc.callRaw('CALC', 'raw deadline', calc().never(), { timeout: 20 });
    await expect(call).rejects.toMatchObject({ code: 'timeout', mayHaveRun: true });
  }));

test('rule 17: a chain that hangs in the middle settles by its deadline and runs no further step', () =>
  inCaller('chain', async (caller) => {
    const chain = calc().pair(calc().never(), calc().next());
    await expect(caller.svc.callRaw('CALC', 'chain', chain, { timeout: 20 })).rejects.toThrow(
      /did not answer/,
    );
    expect(await inCalc('chain', (target) => target.log)).toEqual(['never()']);
  }));

/** How many timers are armed while something runs, counted where they are armed and cleared. */
async function countingTimers(run: (armed: () => number) => Promise<void>): Promise<void> {
  const armed = new Set<unknown>();
  const set = vi.spyOn(globalThis, 'setTimeout');
  const clear = vi.spyOn(globalThis, 'clearTimeout');
  try {
    await run(() => {
      for (const { value } of set.mock.results.splice(0)) armed.add(value);
      for (const [timer] of clear.mock.calls.splice(0)) armed.delete(timer);
      return armed.size;
    });
  } finally {
    set.mockRestore();
    clear.mockRestore();
  }
}

/** Lets the microtasks of this turn run, and nothing else. */
async function endOfThisTurn(): Promise<void> {
  for (let microtask = 0; microtask < 30; microtask++) await undefined;
}

test('rule 19: one timer for all pending calls, none for an idle object', () =>
  inCaller('timers', (caller) =>
    countingTimers(async (armed) => {
      for (let index = 0; index < 10; index++) {
        caller.svc.call('CALC', 'timers', calc().add(index, 0), on().onOutcome());
      }
      expect(armed()).toBe(1);
      await caller.arrived(10);
      await caller.svc.callRaw('CALC', 'timers', calc().add(1, 10), { timeout: 5_000 });
      await endOfThisTurn();
      expect(armed()).toBe(0);
      await caller.svc.callRaw('CALC', 'timers', calc().add(1, 10), {
        timeout: Number.POSITIVE_INFINITY,
      });
      await endOfThisTurn();
      expect(armed()).toBe(0);
    }),
  ));

test('rule 20: objects in one isolate with the same call ids do not touch each other', async () => {
  const settledBy = (name: string, cancelled: boolean): Promise<unknown> =>
    inCaller(name, async (caller) => {
      const handle = caller.svc.call('CALC', 'isolated', calc().never(), on().onOutcome(), {
        timeout: 60,
      });
      if (cancelled) handle.cancel();
      await caller.arrived(1);
      const codes = caller.received.map(({ outcome }) => (outcome as CallError).code);
      return { id: handle.id, codes };
    });
  const [first, second] = await Promise.all([settledBy('first', false), settledBy('second', true)]);
  expect(first).toEqual({ id: expect.any(Number), codes: ['timeout'] });
  expect(second).toEqual({ id: (first as { id: number }).id, codes: ['cancelled'] });
});
