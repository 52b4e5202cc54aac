/** Handlers that throw, hang or call again, and where an error goes that no handler receives. */
import { newContinuation } from '@lumenize/call';
import { expect, test, vi } from 'vitest';
import { calc, inCalc, inCaller, thrownBy } from './in-object.js';
import type { CallerObject, Users } from './index.js';

const on = newContinuation<CallerObject>;
const add = calc().add(1, 10);

test('rule 8: a handler that throws or rejects goes to onCallError and touches no other call', () =>
  inCaller('throws', async (caller) => {
    caller.svc.call('CALC', 'throws', add, on().onThrowing());
    caller.svc.call('CALC', 'throws', add, on().onRejecting());
    caller.svc.call('CALC', 'throws', add, on().onOutcome());
    await caller.arrived(3);
    expect(caller.errors).toEqual([
      new Error('the handler threw'),
      new Error('the handler rejected'),
    ]);
    expect(caller.infos[0]).toMatchObject({
      binding: 'CALC',
      instance: 'throws',
      operation: 'add(1, 10)',
      handler: 'onThrowing()',
    });
    expect(caller.received).toEqual([{ outcome: 11, rest: [] }]);
  }));

test('rule 9: a call without a handler that fails goes to onCallError', () =>
  inCaller('no handler', async (caller) => {
    caller.svc.call('USERS', 'main', newContinuation<Users>().throwTypeError());
    await caller.arrived(1);
    expect(caller.errors).toEqual([new TypeError('wrong type')]);
  }));

test('rule 7: what a handler gets beside the outcome is neither read nor copied', () =>
  inCaller('beside the outcome', async (caller) => {
    interface Link {
      next?: Link;
      before?: Link;
    }
    const first: Link = {};
    let last = first;
    for (let left = 5_000; left > 0; left--) {
      last.next = { before: last };
      last = last.next;
    }
    const beside = {
      first,
      get lazy(): never {
        throw new Error('read');
      },
      map: new Map(Array.from({ length: 100_000 }, (_, at) => [at, at])),
    };
    const start = Date.now();
    for (let calls = 0; calls < 5; calls++) {
      caller.svc.call('CALC', 'beside', add, on().onOutcome(on().$result, beside));
    }
    expect(Date.now() - start).toBeLessThan(1_000);
    await caller.arrived(5);
    expect(caller.received.every(({ rest }) => rest[0] === beside)).toBe(true);
  }));

test('rule 8: a handler that hangs holds up no other call, and nothing is left pending', () =>
  inCaller('hangs', async (caller) => {
    caller.svc.call('CALC', 'hangs', add, on().onHanging());
    caller.svc.call('CALC', 'hangs', add, on().onOutcome());
    await caller.arrived(2);
    expect(await caller.svc.callRaw('CALC', 'hangs', add)).toBe(11);
    expect(caller.received).toHaveLength(2);
    expect(caller.errors).toEqual([]);
  }));

test('rule 7: handlers call again from inside, a thousand deep, each once', () =>
  inCaller('countdown', async (caller) => {
    caller.svc.call('CALC', 'countdown', add, on().onCountdown(add, 1_000));
    await caller.arrived(1);
    expect(caller.received).toEqual([{ outcome: 1_011, rest: [] }]);
  }));

test('rule 7: a handler that cancels its own call cancels nothing', () =>
  inCaller('cancels itself', async (caller) => {
    const outcomes: unknown[] = [];
    const handle = caller.svc.call('CALC', 'cancels itself', add, on().onOutcome());
    vi.spyOn(caller, 'onOutcome').mockImplementation((outcome) => {
      outcomes.push(outcome, handle.cancel('from inside'));
    });
    await vi.waitFor(() => expect(outcomes).toHaveLength(2));
    await caller.svc.callRaw('CALC', 'cancels itself', add);
    expect(outcomes).toEqual([11, false]);
  }));

test('rule 8: an error of a handler that is not an Error goes to onCallError as it is', () =>
  inCaller('throws a string', async (caller) => {
    vi.spyOn(caller, 'onOutcome').mockImplementation(() => {
      throw 'a string';
    });
    caller.svc.call('CALC', 'throws a string', add, on().onOutcome());
    await caller.arrived(1);
    expect(caller.errors).toEqual(['a string']);
  }));

test('rule 6: a handler that does not exist is said at once, by name, and nothing is sent', () =>
  inCaller('no method', async (caller) => {
    const missing = on() as unknown as { onOutcom(): ReturnType<typeof on> };
    const thrown = thrownBy(() =>
      caller.svc.call('CALC', 'no method', add, missing.onOutcom() as never),
    );
    expect(thrown.code).toBe('invalid-continuation');
    expect(thrown.message).toContain("unknown method 'onOutcom': did you mean 'onOutcome'");
    await caller.svc.callRaw('CALC', 'no method', calc().next());
    expect(await inCalc('no method', ({ log }) => log.filter((what) => what !== 'next()'))).toEqual(
      [],
    );
  }));

test('rule 8: what onCallError throws or rejects with is logged, and goes no further', () =>
  inCaller('throws twice', async (caller) => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    try {
      const observed = vi.spyOn(caller, 'onCallError').mockImplementation(() => {
        throw new Error('onCallError threw');
      });
      caller.svc.call('CALC', 'throws twice', add, on().onThrowing());
      await vi.waitFor(() => expect(log).toHaveBeenCalledTimes(1));
      observed.mockImplementation(() => Promise.reject(new Error('onCallError rejected')) as never);
      caller.svc.call('CALC', 'throws twice', add, on().onThrowing());
      await vi.waitFor(() => expect(log).toHaveBeenCalledTimes(2));
      const thrown = new Error('the handler threw');
      const what =
        '@lumenize/call: the handler onThrowing() failed, given the outcome of add(1, 10) on CALC/throws twice:';
      const both = (failure: string): unknown[] => [
        what,
        thrown,
        'and onCallError failed:',
        new Error(failure),
      ];
      expect(log.mock.calls).toEqual([both('onCallError threw'), both('onCallError rejected')]);
      expect(await caller.svc.callRaw('CALC', 'throws twice', add)).toBe(11);
    } finally {
      log.mockRestore();
    }
  }));

test('rule 9: without onCallError, an error that nobody else sees is logged with its call', () =>
  inCaller('silent', async (caller) => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    try {
      Object.assign(caller, { onCallError: undefined });
      caller.svc.call('USERS', 'main', newContinuation<Users>().throwTypeError());
      // Its target has logged it, too.
      await vi.waitFor(() => expect(log).toHaveBeenCalledTimes(2));
      expect(log.mock.calls[1]).toEqual([
        '@lumenize/call: add a handler or onCallError to handle this: throwTypeError() on USERS/main failed:',
        new TypeError('wrong type'),
      ]);
    } finally {
      log.mockRestore();
    }
  }));
