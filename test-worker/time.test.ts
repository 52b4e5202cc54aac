/** Deadlines, and the one timer that watches over them. */
import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { type CallError, createCaller, newContinuation } from '@lumenize/call';
import { describe, expect, test, vi } from 'vitest';
import { calc, inCalc, inCaller } from './in-object.js';
import type { CallerObject } from './index.js';
import { holdAllTimers, type Order } from './order.js';

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

describe('rule 17: a deadline fires wherever the call was made', () => {
  const kinds = [
    ...(['block', 'transaction', 'nested', 'outlasting'] as const),
    ...(['in the context of before', 'begun before', 'in the context of an outer one'] as const),
    'nothing' as const,
  ];
  test.for(kinds)('in %s', async (kind) => {
    const newborn = env.NEWBORN.getByName(kind);
    expect(await newborn.hangIn(kind)).toBe('timeout');
    const more = kind === 'in the context of an outer one' ? ['outer: timeout'] : [];
    await vi.waitFor(async () => {
      const codes = await runInDurableObject(newborn, (object) => object.codes);
      expect(codes.toSorted()).toEqual(
        [`${kind}: timeout`, 'outside: timeout', ...more].toSorted(),
      );
    });
    expect(await newborn.pending()).toBe(0);
  });

  test('in an object of which this package only knows that it calls', () =>
    runInDurableObject(env.PLAIN.getByName('sections'), async (plain, state) => {
      const caller = createCaller(env, state, plain);
      const hang = (timeout: number): Promise<string> =>
        caller
          .callRaw('CALC', 'sections', calc().never(), { timeout })
          .catch((error: CallError) => error.code) as Promise<string>;
      const outside = hang(30);
      expect(await state.blockConcurrencyWhile(() => hang(50))).toBe('timeout');
      expect(await outside).toBe('timeout');
    }));

  test.for([
    ['in the constructor', 'constructor'],
    ['blocking', 'blocking constructor'],
  ] as const)('%s', async ([name, where]) => {
    const newborn = env.NEWBORN.getByName(name);
    await vi.waitFor(async () => {
      const codes = await runInDurableObject(newborn, (object) => object.codes);
      expect(codes).toEqual([`${where}: timeout`]);
    });
  });

  test('in an alarm', async () => {
    const newborn = env.NEWBORN.getByName('alarm');
    await newborn.setAlarm();
    await vi.waitFor(async () => {
      const codes = await runInDurableObject(newborn, (object) => object.codes);
      expect(codes).toEqual(['alarm: timeout']);
    });
  });

  test('what is shadowed to know of sections does what it did', () =>
    runInDurableObject(env.NEWBORN.getByName('shadowed'), async (newborn, state) => {
      expect(Object.keys(state)).not.toContain('blockConcurrencyWhile');
      expect(await state.blockConcurrencyWhile(async () => 5)).toBe(5);
      const done = state.storage.transaction(async (transaction) => {
        await transaction.put('k', 'v');
        return transaction.get('k');
      });
      expect(await done).toBe('v');
      expect(await newborn.hang('after')).toBe('timeout');
    }));
});

describe('rule 17: a step of the clock moves no deadline', () => {
  const HOUR = 3_600_000;
  const steps = [
    ['Date', 'back', -HOUR],
    ['Date', 'forward', HOUR],
    ['performance', 'back', -HOUR],
    ['performance', 'forward', HOUR],
  ] as const;
  test.for(steps)('%s an hour %s', ([clock, direction, step]) =>
    inCaller(`${clock} ${direction}`, async (caller) => {
      const real = clock === 'Date' ? Date.now : performance.now.bind(performance);
      const target = { Date, performance }[clock];
      const hang = async (timeout: number): Promise<number> => {
        const start = real();
        const call = caller.svc.callRaw('CALC', 'steps', calc().never(), { timeout });
        await expect(call).rejects.toMatchObject({ code: 'timeout' });
        return real() - start;
      };
      const pending = [hang(100), hang(400)];
      const spy = vi.spyOn(target, 'now').mockImplementation(() => real() + step);
      try {
        // Later ones, shorter and longer than what waits already.
        pending.push(hang(50), hang(200), hang(400));
        const [a, b, c, d, e] = await Promise.all(pending);
        const within = (waited: number | undefined, timeout: number): void => {
          expect(waited).toBeGreaterThanOrEqual(timeout - 2);
          expect(waited).toBeLessThan(timeout + 2_000);
        };
        within(a, 100);
        within(b, 400);
        within(c, 50);
        within(d, 200);
        within(e, 400);
      } finally {
        spy.mockRestore();
      }
      expect(await hang(50)).toBeLessThan(2_000);
    }),
  );

  test.for(steps)(
    'nor, %s an hour %s, does a shorter call that follows',
    ([clock, direction, step]) =>
      inCaller(`${clock} ${direction}, shorter`, async (caller) => {
        const real = clock === 'Date' ? Date.now : performance.now.bind(performance);
        const target = { Date, performance }[clock];
        const start = real();
        const hang = (timeout: number): Promise<number> =>
          caller.svc.callRaw('CALC', 'steps', calc().never(), { timeout }).then(
            () => expect.unreachable(),
            () => real() - start,
          );
        const long = hang(1_000);
        await scheduler.wait(800);
        const spy = vi.spyOn(target, 'now').mockImplementation(() => real() + step);
        try {
          const [waited] = await Promise.all([long, hang(50), hang(700)]);
          expect(waited).toBeGreaterThanOrEqual(998);
          expect(waited).toBeLessThan(1_500);
        } finally {
          spy.mockRestore();
        }
      }),
  );
});

describe('rule 17: where the runtime refuses timers, every call settles once', () => {
  test('of the caller', () =>
    inCaller('no timers', async (caller) => {
      const timers = holdAllTimers();
      expect(timers.length).toBeGreaterThan(1_000);
      const target = ['CALC', 'no timers'] as const;
      caller.svc.call(...target, calc().add(1, 10), on().onOutcome());
      caller.svc.call(...target, calc().fail(), on().onOutcome());
      caller.svc.call(...target, calc().add(1, 2), on().onCounting());
      expect(await caller.svc.callRaw(...target, calc().add(2, 20))).toBe(22);
      await caller.arrived(3);
      const late = expect(
        caller.svc.callRaw(...target, calc().never(), { timeout: 20 }),
      ).rejects.toMatchObject({ code: 'timeout' });
      for (const timer of timers) clearTimeout(timer);
      // The next call that is made finds that there are timers again.
      expect(await caller.svc.callRaw(...target, calc().add(3, 30))).toBe(33);
      await late;
      expect(caller.received).toHaveLength(3);
    }));

  test('of the target', () =>
    inCaller('target without timers', async (caller) => {
      const target = ['ORDER', 'no timers'] as const;
      const order = newContinuation<Order>();
      expect(await caller.svc.callRaw(...target, order.holdAllTimers())).toBeGreaterThan(1_000);
      const calls = [order.hangs(1), order.stores(2), order.resolves(3, 20), order.mark(4)].map(
        (remote) => caller.svc.callRaw(...target, remote as never, { timeout: 1_000 }),
      );
      const outcomes = await Promise.allSettled(calls);
      expect(outcomes.map(({ status }) => status)).toEqual([
        'rejected',
        'fulfilled',
        'fulfilled',
        'fulfilled',
      ]);
      // Those that wait for storage, and so hold back the others, count each other.
      const counts = Array.from({ length: 20 }, () =>
        caller.svc.callRaw(...target, order.counts()),
      );
      expect((await Promise.all(counts)).at(-1)).toBe(20);
      await caller.svc.callRaw(...target, order.releaseTimers());
    }));
});

test('rule 17: the default is 25 s, below what the platform allows a section', () =>
  inCaller('default', async (caller) => {
    const set = vi.spyOn(globalThis, 'setTimeout');
    try {
      await caller.svc.callRaw('CALC', 'default', calc().add(1, 10));
      expect(set.mock.calls.map(([, delay]) => delay)).toEqual([25_000]);
    } finally {
      set.mockRestore();
    }
  }));
