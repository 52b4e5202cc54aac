/** What the platform itself does to a call, provoked for real. */
import { abortAllDurableObjects, evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { newContinuation } from '@lumenize/call';
import { expect, test, vi } from 'vitest';
import { calc, inCalc, inCaller } from './in-object.js';
import { Calc, type CallerObject, type Unborn } from './index.js';
import type { Order } from './order.js';

const on = newContinuation<CallerObject>;
const MIB = 2 ** 20;

test('rule 23: `ctx.abort()` before, while and after a method runs is `target-reset`', () =>
  inCaller('aborts', async (caller) => {
    const call = caller.svc.callRaw.bind(caller.svc);
    const target = 'aborted';
    const hung = call('CALC', target, calc().never());
    const during = call('CALC', target, calc().abort('told to'));
    const behind = call('CALC', target, calc().next());
    const outcomes = await Promise.allSettled([hung, during, behind]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({
        reason: { code: 'target-reset', mayHaveRun: true, binding: 'CALC', instance: target },
      });
    }
    expect(outcomes[0]).toMatchObject({
      reason: {
        message: expect.stringContaining(`never() on CALC/${target}: told to (fix the target`),
      },
    });
    expect(outcomes[0]).toMatchObject({ reason: { cause: { durableObjectReset: true } } });
  }));

test('rule 12: the call after a reset succeeds, and the target begins anew', () =>
  inCaller('resets', async (caller) => {
    const next = (): Promise<number> => caller.svc.callRaw('CALC', 'reset', calc().next());
    for (let round = 0; round < 5; round++) {
      expect([await next(), await next()]).toEqual([2, 3]);
      await expect(caller.svc.callRaw('CALC', 'reset', calc().abort())).rejects.toMatchObject({
        code: 'target-reset',
      });
    }
  }));

test('rule 12: a call succeeds after a reset that came while none was in flight', () =>
  inCaller('idle reset', async (caller) => {
    const next = (): Promise<number> => caller.svc.callRaw('CALC', 'idle reset', calc().next());
    for (let round = 0; round < 3; round++) {
      expect([await next(), await next()]).toEqual([2, 3]);
      // It answers first, and is reset when the answer has arrived.
      expect(await caller.svc.callRaw('CALC', 'idle reset', calc().abortSoon())).toBe('soon');
      await vi.waitFor(() => expect(Calc.resets).toBe(round + 1));
    }
  }));

test('rule 12: also where a call to another target is made as soon as the answer is there, and hangs', () =>
  inCaller('idle reset beside a hung call', async (caller) => {
    const target = 'idle reset beside a hung call';
    const next = (): Promise<number> => caller.svc.callRaw('CALC', target, calc().next());
    const before = Calc.resets;
    expect(await next()).toBe(2);
    expect(await caller.svc.callRaw('CALC', target, calc().abortSoon())).toBe('soon');
    const hung = caller.svc.call('CALC', 'hung', calc().never(), on().onOutcome());
    await vi.waitFor(() => expect(Calc.resets).toBe(before + 1));
    expect(await next()).toBe(2);
    hung.cancel();
    await caller.arrived(1);
  }));

test('rule 12: also where the last answer came too late for its call', () =>
  inCaller('reset after a late answer', async (caller) => {
    const target = 'reset after a late answer';
    const before = Calc.resets;
    const late = caller.svc.callRaw('CALC', target, calc().addLate(1, 10, 40), { timeout: 10 });
    await expect(late).rejects.toMatchObject({ code: 'timeout' });
    await vi.waitFor(() => expect(inCalc(target, ({ log }) => log)).resolves.toContain('late'));
    const direct = env.CALC.getByName(target);
    // Its answer follows the late one.
    expect(await direct.add(1, 1)).toBe(2);
    expect(await direct.abortSoon()).toBe('soon');
    await vi.waitFor(() => expect(Calc.resets).toBe(before + 1));
    expect(await caller.svc.callRaw('CALC', target, calc().add(1, 10))).toBe(11);
  }));

test('rule 7: an abort with many calls in flight settles each of them once', () =>
  inCaller('many', async (caller) => {
    for (let n = 0; n < 100; n++) {
      caller.svc.call('CALC', 'many', calc().never(), on().onOutcome(on().$result, n));
    }
    caller.svc.call('CALC', 'many', calc().abort('all of you'), on().onOutcome(on().$result, 100));
    await caller.arrived(101);
    expect(await caller.svc.callRaw('CALC', 'many', calc().add(1, 10))).toBe(11);
    expect(caller.received.map(({ rest }) => rest[0]).toSorted()).toEqual(
      Array.from({ length: 101 }, (_, n) => n).toSorted(),
    );
    for (const { outcome } of caller.received) {
      expect(outcome).toMatchObject({ code: 'target-reset', mayHaveRun: true });
    }
  }));

test('rule 23: a target whose constructor throws is `target-reset`, whatever flags it forges', () =>
  inCaller('unborn', async (caller) => {
    for (let round = 0; round < 2; round++) {
      const call = caller.svc.callRaw('UNBORN', 'x', newContinuation<Unborn>().greet());
      await expect(call).rejects.toMatchObject({
        code: 'target-reset',
        message: expect.stringContaining(
          'greet() on UNBORN/x: not today (fix the target: its constructor',
        ),
        cause: { name: 'RangeError' },
      });
    }
  }));

test('rule 12: an object that was evicted is called as if nothing had happened', () =>
  inCaller('evicts', async (caller) => {
    const next = (): Promise<number> => caller.svc.callRaw('CALC', 'evicted', calc().next());
    expect([await next(), await next()]).toEqual([2, 3]);
    await evictDurableObject(env.CALC.getByName('evicted'));
    expect(await next()).toBe(2);
  }));

test('rule 12: when all objects are aborted, callers among them, they call again as before', async () => {
  const stub = env.CALLER.getByName('aborted with all');
  const order = newContinuation<Order>();
  // Alone: an object that dies with the stub of a message that is not over leaves it to the collector.
  const calling = runInDurableObject(stub, async (caller) => {
    await caller.svc.callRaw('ORDER', 'all', order.hangs(1));
  });
  const outcome = calling.then(
    () => 'it answered',
    (error: Error) => error.message,
  );
  const begun = (): Promise<unknown[]> =>
    runInDurableObject(env.ORDER.getByName('all'), (target) => target.begun);
  await vi.waitFor(async () => expect(await begun()).toEqual([1]));
  await abortAllDurableObjects();
  expect(await outcome).toMatch(/abort/i);
  const two = await inCaller('aborted with all', (caller) =>
    caller.svc.callRaw('ORDER', 'all', order.mark(2)),
  );
  expect(two).toBe(2);
});

test('rule 8: an object told to stop by its own handler stops; the next call finds a new one', async () => {
  const stub = env.CALLER.getByName('stopped');
  const stopped = runInDurableObject(stub, async (caller) => {
    caller.svc.call('CALC', 'stopped', calc().add(1, 10), on().onOutcomeThenAbort());
    await caller.arrived(2);
  });
  await expect(stopped).rejects.toThrow(/told to stop by its handler/);
  await inCaller('stopped', async (caller) => {
    expect(caller.received).toEqual([]);
    expect(await caller.svc.callRaw('CALC', 'stopped', calc().add(1, 10))).toBe(11);
  });
});

test('rule 23: arguments above 32 MiB are `limit-exceeded`, and nothing ran', () =>
  inCaller('large arguments', async (caller) => {
    const call = caller.svc.callRaw('CALC', 'large', calc().echo('x'.repeat(33 * MIB)));
    await expect(call).rejects.toMatchObject({ code: 'limit-exceeded', mayHaveRun: false });
    expect(await caller.svc.callRaw('CALC', 'large', calc().next())).toBe(2);
  }));

test('rule 23: a result above 32 MiB is `limit-exceeded`, after it ran', () =>
  inCaller('large result', async (caller) => {
    const call = caller.svc.callRaw('CALC', 'large result', calc().large(33 * MIB));
    await expect(call).rejects.toMatchObject({ code: 'limit-exceeded', mayHaveRun: true });
    expect(await caller.svc.callRaw('CALC', 'large result', calc().next())).toBe(2);
    expect(await inCalc('large result', ({ log }) => log)).toEqual(['large()', 'next()']);
  }));

test('just below 32 MiB, both ways', () =>
  inCaller('almost too large', async (caller) => {
    const value = 'x'.repeat(31 * MIB);
    const back = await caller.svc.callRaw('CALC', 'almost too large', calc().echo(value));
    expect(back === value).toBe(true);
  }));
