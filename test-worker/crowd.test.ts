/** How many calls a target runs at once, and how many a caller keeps in flight. */
import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { type CallEvent, callChannel, newContinuation, type ReceiveEvent } from '@lumenize/call';
import { describe, expect, test, vi } from 'vitest';
import type { Crowd, CrowdedWorker, Overrun, Patient, Single } from './crowd.js';
import { calc, inCaller, thrownBy } from './in-object.js';

const on = newContinuation<Crowd>();
const single = newContinuation<Single>();

const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

function inCrowd<R>(name: string, run: (crowd: Crowd) => R | Promise<R>): Promise<R> {
  return runInDurableObject(env.CROWD.getByName(name), run);
}

function inWide<R>(name: string, run: (wide: Crowd) => R | Promise<R>): Promise<R> {
  return runInDurableObject(env.WIDE.getByName(name), run);
}

function inPatient<R>(name: string, run: (patient: Patient) => R | Promise<R>): Promise<R> {
  return runInDurableObject(env.PATIENT.getByName(name), run);
}

const begun = (name: string): Promise<unknown[]> => inCrowd(name, (crowd) => crowd.begun);

/** Waits until so many calls have begun on a crowd. */
async function haveBegun(name: string, count: number): Promise<void> {
  await vi.waitFor(async () => expect(await begun(name)).toHaveLength(count));
}

/** Ends an object, as a crash would. */
async function reset(stub: DurableObjectStub<Crowd>): Promise<void> {
  const ended = runInDurableObject(stub, (_, state) => state.abort('a test'));
  await expect(ended).rejects.toThrow('a test');
}

const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code ?? String(error);

describe('rule 65: a target runs `running` calls at once, and the others wait in their order', () => {
  test.for([true, false])('together: %s', (batch) =>
    inCaller('waits', async (caller) => {
      const name = `waits, together: ${batch}`;
      const calls = numbers(6).map((n) => caller.svc.callRaw('CROWD', name, on.pass(n), { batch }));
      await haveBegun(name, 2);
      // By Workers RPC, which no limit holds back.
      await env.CROWD.getByName(name).open();
      expect(await Promise.all(calls)).toEqual(numbers(6));
      expect(await begun(name)).toEqual(numbers(6));
      expect(await inCrowd(name, ({ most, running }) => [most, running])).toEqual([2, 0]);
    }),
  );

  test('whatever message they come in, and from whom', async () => {
    const name = 'whoever';
    const fill = inCaller('first of two', (caller) =>
      Promise.all([0, 1].map((n) => caller.svc.callRaw('CROWD', name, on.pass(n)))),
    );
    await haveBegun(name, 2);
    const rest = inCaller('second of two', (caller) =>
      Promise.all([
        caller.svc.callRaw('CROWD', name, on.soon(2)),
        caller.svc.callRaw('CROWD', name, on.at(3), { batch: false }),
        caller.svc.callRaw('CROWD', name, on.soon(4)),
        caller.svc.callRaw('CROWD', name, on.at(5, new Uint8Array(3))),
      ]),
    );
    await inCaller('second of two', (caller) =>
      vi.waitFor(() => expect(caller.svc.call.stats().programs).toBe(4)),
    );
    await env.CROWD.getByName(name).open();
    expect([await fill, await rest]).toEqual([
      [0, 1],
      [2, 3, 4, 5],
    ]);
    expect(await begun(name)).toEqual(numbers(6));
  });

  test('200 calls of one message, one at a time, each to its end', () =>
    inCaller('serial', async (caller) => {
      const calls = numbers(200).map(() => caller.svc.callRaw('SINGLE', 'serial', single.counts()));
      expect(await Promise.all(calls)).toEqual(numbers(200).map((n) => n + 1));
    }));

  test('a method that throws, at once or later, makes room like any other', () =>
    inCaller('throwing', async (caller) => {
      const remotes = numbers(200).flatMap((n) => [on.failNow(n), on.failLater(n), on.soon(n)]);
      const calls = remotes.map((remote) =>
        caller.svc.callRaw('SINGLE', 'throwing', remote as never).catch(String),
      );
      const [now, later] = ['RangeError: as it was told', 'RangeError: as it was told, later'];
      expect(await Promise.all(calls)).toEqual(numbers(200).flatMap((n) => [now, later, n]));
    }));

  test('what waits does not begin in the section of another call that lets it', () =>
    inCaller('sections', async (caller) => {
      const name = 'a section of another';
      const alone = { batch: false };
      const calls = [on.pass('passes'), on.opensInSection(), on.at('waited')].map((remote) =>
        caller.svc.callRaw('CROWD', name, remote as never, alone),
      );
      await Promise.all(calls);
      expect(await begun(name)).toEqual(['passes', 'opens', 'the section ends', 'waited']);
    }));

  test('a program of several steps is one call', () =>
    inCaller('program', async (caller) => {
      const nested = single.soon(single.soon(single.soon('nested')));
      const calls = [nested, single.at('behind')].map((remote) =>
        caller.svc.callRaw('SINGLE', 'program', remote),
      );
      expect(await Promise.all(calls)).toEqual(['nested', 'behind']);
      const order = await runInDurableObject(env.SINGLE.getByName('program'), (it) => it.begun);
      expect(order).toEqual(['nested', 'nested', 'nested', 'behind']);
    }));

  test('an event says how long a call has waited', async () => {
    const events: ReceiveEvent[] = [];
    const listen = (event: CallEvent): void => {
      if ('caller' in event) events.push(event);
    };
    callChannel.subscribe(listen);
    try {
      await inCaller('observed', (caller) =>
        Promise.all(numbers(3).map((n) => caller.svc.callRaw('CROWD', 'observed', on.soon(n)))),
      );
    } finally {
      callChannel.unsubscribe(listen);
    }
    const waited = events.filter(({ event }) => event === 'began').map((event) => event.waited);
    expect(waited).toEqual([undefined, undefined, expect.any(Number)]);
  });
});

describe('rule 66: beyond `waiting` a target refuses calls as `overloaded`, and nothing of them runs', () => {
  test.for([true, false])('together: %s', (batch) =>
    inCaller('refuses', async (caller) => {
      const name = `refuses, together: ${batch}`;
      const calls = numbers(8).map((n) => caller.svc.callRaw('CROWD', name, on.pass(n), { batch }));
      const refused = await Promise.allSettled(calls.slice(6));
      for (const outcome of refused) {
        expect(outcome).toMatchObject({
          reason: {
            name: 'CallError',
            code: 'overloaded',
            message: expect.stringContaining('Crowd runs 2 calls and lets 4 wait'),
            mayHaveRun: false,
          },
        });
      }
      await env.CROWD.getByName(name).open();
      expect(await Promise.all(calls.slice(0, 6))).toEqual(numbers(6));
      // There is room again.
      expect(await caller.svc.callRaw('CROWD', name, on.at('after'))).toBe('after');
      expect(await begun(name)).toEqual([...numbers(6), 'after']);
    }),
  );

  test('one whose callers have stopped waiting takes no room from others', () =>
    inCaller('dead', async (caller) => {
      const running = [0, 1].map((n) => caller.svc.callRaw('CROWD', 'dead', on.pass(n)));
      const made = Date.now();
      const dead = [2, 3, 4, 5].map((n) =>
        caller.svc.callRaw('CROWD', 'dead', on.pass(n), { timeout: 30 }).catch(codeOf),
      );
      expect(await Promise.all(dead)).toEqual(Array(4).fill('timeout'));
      // They came to their target a little later than they were made.
      await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(made + 100));
      const living = [6, 7].map((n) => caller.svc.callRaw('CROWD', 'dead', on.at(n)));
      await vi.waitFor(() => expect(caller.svc.call.stats().programs).toBe(8));
      await env.CROWD.getByName('dead').open();
      expect(await Promise.all([...running, ...living])).toEqual([0, 1, 6, 7]);
    }));
});

describe('rule 67: a call that waits at its target settles by its deadline, and does not run after it', () => {
  test('its deadline passes', () =>
    inCaller('late', async (caller) => {
      const running = [0, 1].map((n) => caller.svc.callRaw('CROWD', 'late', on.pass(n)));
      const made = Date.now();
      const late = caller.svc.callRaw('CROWD', 'late', on.at('late'), { timeout: 30 });
      const behind = caller.svc.callRaw('CROWD', 'late', on.at('behind'));
      await expect(late).rejects.toMatchObject({ code: 'timeout' });
      // It came to its target a little later than it was made.
      await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(made + 100));
      await env.CROWD.getByName('late').open();
      expect(await Promise.all([...running, behind])).toEqual([0, 1, 'behind']);
      expect(await begun('late')).toEqual([0, 1, 'behind']);
    }));

  test('its target is reset, and then runs as many as before', () =>
    inCaller('reset', async (caller) => {
      const calls = numbers(5).map((n) =>
        caller.svc.callRaw('CROWD', 'reset', on.pass(n)).catch(codeOf),
      );
      await haveBegun('reset', 2);
      await reset(env.CROWD.getByName('reset'));
      expect(await Promise.all(calls)).toEqual(Array(5).fill('target-reset'));
      const again = numbers(6).map((n) => caller.svc.callRaw('CROWD', 'reset', on.soon(n)));
      expect(await Promise.all(again)).toEqual(numbers(6));
    }));

  test('its caller cancels it', () =>
    inCaller('cancels', async (caller) => {
      const running = [0, 1].map((n) => caller.svc.callRaw('CROWD', 'cancels', on.pass(n)));
      const controller = new AbortController();
      const { signal } = controller;
      const cancelled = caller.svc.callRaw('CROWD', 'cancels', on.at('cancelled'), { signal });
      await haveBegun('cancels', 2);
      controller.abort();
      await expect(cancelled).rejects.toMatchObject({ code: 'cancelled', mayHaveRun: true });
      await env.CROWD.getByName('cancels').open();
      expect(await Promise.all(running)).toEqual([0, 1]);
    }));

  test.for([
    ['an object that calls itself', () => [on.again('a', 100), on.again('b', 100)]],
    [
      'two objects that call each other',
      (name: string) => [on.by(`${name} too`, 'a'), on.by(`${name} too`, 'b')],
    ],
  ] as const)('%s while it runs as many as it may: the deadline ends it', ([name, remotes]) =>
    inCaller('deadlock', async (caller) => {
      const calls = remotes(name).map((remote) =>
        caller.svc.callRaw('CROWD', name, remote, { timeout: 150 }).catch(codeOf),
      );
      expect(await Promise.all(calls)).toEqual(['timeout', 'timeout']);
      // Then it goes on.
      expect(await caller.svc.callRaw('CROWD', name, on.at('after'))).toBe('after');
      expect((await begun(name)).slice(0, 2)).toEqual(['a', 'b']);
      expect(await inCrowd(name, ({ running }) => running)).toBe(0);
    }),
  );
});

describe('rule 68: a caller keeps `inFlight` calls in flight to one target, and the others wait in their order', () => {
  test.for([true, false])('together: %s', (batch) =>
    inPatient('waits', async (patient) => {
      const name = `patient, together: ${batch}`;
      const { stats } = patient.svc.call;
      const before = stats().programs;
      const calls = numbers(8).map((n) => patient.svc.callRaw('WIDE', name, on.pass(n), { batch }));
      expect(stats()).toMatchObject({ pending: 8, unsent: 5 });
      // Calls to another target are none of its business.
      expect(await patient.svc.callRaw('WIDE', `${name}, another`, on.at('other'))).toBe('other');
      expect(stats()).toMatchObject({ pending: 8, unsent: 5, programs: before + 4 });
      expect(await inWide(name, (wide) => wide.begun)).toEqual([0, 1, 2]);
      await env.WIDE.getByName(name).open();
      expect(await Promise.all(calls)).toEqual(numbers(8));
      expect(stats()).toMatchObject({ pending: 0, unsent: 0 });
      expect(await inWide(name, ({ begun, most }) => [begun, most])).toEqual([numbers(8), 3]);
    }),
  );

  test('calls that have waited travel together, when those before them were answered together', () =>
    inPatient('batches', async (patient) => {
      const { stats } = patient.svc.call;
      const before = stats();
      for (const n of numbers(8)) {
        const at = on.at(n);
        patient.svc.call('WIDE', 'batches', at, patient.ctn().onOutcome(at));
      }
      await vi.waitFor(() => expect(patient.outcomes).toEqual(numbers(8)));
      expect(stats().frames - before.frames).toBe(3);
    }));

  test('one that travels alone does not overtake those before it, nor is it overtaken', () =>
    inPatient('order', async (patient) => {
      const call = (n: unknown, ...more: unknown[]): Promise<unknown> =>
        patient.svc.callRaw('WIDE', 'order', on.at(n, ...more), { batch: n !== 5 });
      const calls = [0, 1, 2, 3].map((n) => call(n));
      calls.push(call(4, new Uint8Array(3)), call(5), call(6));
      await Promise.all(calls);
      expect(await inWide('order', (wide) => wide.begun)).toEqual(numbers(7));
    }));

  test('a call that fails, or is cancelled, makes room', () =>
    inPatient('failing', async (patient) => {
      const call = (remote: unknown, options = {}): Promise<unknown> =>
        patient.svc.callRaw('WIDE', 'failing', remote as never, options).catch(codeOf);
      const controller = new AbortController();
      const hung = on.pass('hung');
      const calls = [
        call(on.failNow(0)),
        call(on.failLater(1)),
        call(hung, { timeout: 50 }),
        call(hung, { timeout: 60 }),
        call(hung, { signal: controller.signal }),
        call(hung, { signal: AbortSignal.abort() }),
        call(on.at('last')),
      ];
      await vi.waitFor(async () =>
        expect(await inWide('failing', ({ begun }) => begun.length)).toBe(6),
      );
      controller.abort();
      expect(await Promise.all(calls)).toEqual([
        'RangeError: as it was told',
        'RangeError: as it was told, later',
        'timeout',
        'timeout',
        'cancelled',
        'cancelled',
        'last',
      ]);
      expect(patient.svc.call.stats()).toMatchObject({ pending: 0, unsent: 0 });
    }));

  test('after a reset of its target the others are sent', () =>
    inPatient('reset', async (patient) => {
      const calls = numbers(6).map((n) =>
        patient.svc.callRaw('WIDE', 'reset', n < 3 ? on.pass(n) : on.at(n)).catch(codeOf),
      );
      await vi.waitFor(async () => expect(await inWide('reset', (it) => it.running)).toBe(3));
      await reset(env.WIDE.getByName('reset'));
      const code = 'target-reset';
      expect(await Promise.all(calls)).toEqual([code, code, code, 3, 4, 5]);
    }));
});

describe('rule 69: beyond `unsent` a call fails as `overloaded` before it is sent', () => {
  test('and the others do not', () =>
    inPatient('overloaded', async (patient) => {
      const { stats } = patient.svc.call;
      const before = stats();
      const calls = numbers(9).map((n) => patient.svc.callRaw('WIDE', 'overloaded', on.soon(n)));
      await expect(calls[8]).rejects.toMatchObject({
        name: 'CallError',
        code: 'overloaded',
        message: expect.stringMatching(
          /^soon\(8\) on WIDE\/overloaded was not sent: 3 .* in flight and 5 wait unsent/,
        ),
        mayHaveRun: false,
        binding: 'WIDE',
        instance: 'overloaded',
      });
      expect(await Promise.all(calls.slice(0, 8))).toEqual(numbers(8));
      expect(stats().programs - before.programs).toBe(8);
      expect(stats().settled.overloaded - before.settled.overloaded).toBe(1);
      expect(await patient.svc.callRaw('WIDE', 'overloaded', on.at('after'))).toBe('after');
    }));

  test('a handler receives it, as it receives any other outcome', () =>
    inPatient('handled', async (patient) => {
      const before = patient.outcomes.length;
      for (const n of numbers(9)) {
        const at = on.at(n);
        patient.svc.call('WIDE', 'handled', at, patient.ctn().onOutcome(at));
      }
      expect(patient.outcomes).toHaveLength(before);
      await vi.waitFor(() => expect(patient.outcomes).toHaveLength(before + 9));
      expect(patient.outcomes[before]).toMatchObject({ code: 'overloaded' });
    }));
});

describe('rule 70: the deadline of a call counts while it waits unsent', () => {
  test('one whose deadline passes is never sent', () =>
    inPatient('never sent', async (patient) => {
      const hung = numbers(3).map((n) => patient.svc.callRaw('WIDE', 'never sent', on.pass(n)));
      const late = patient.svc.callRaw('WIDE', 'never sent', on.at('late'), { timeout: 30 });
      await expect(late).rejects.toMatchObject({
        code: 'timeout',
        message: expect.stringContaining('at("late") on WIDE/never sent waited unsent for 30 ms'),
        mayHaveRun: false,
      });
      await env.WIDE.getByName('never sent').open();
      expect(await Promise.all(hung)).toEqual([0, 1, 2]);
      expect(await patient.svc.callRaw('WIDE', 'never sent', on.at('after'))).toBe('after');
      expect(await inWide('never sent', (wide) => wide.begun)).toEqual([0, 1, 2, 'after']);
    }));

  test('its target learns what is left', () =>
    inPatient('what is left', async (patient) => {
      const timeout = 5_000;
      const hung = numbers(3).map((n) => patient.svc.callRaw('WIDE', 'left', on.pass(n)));
      const made = Date.now();
      const deadline = patient.svc.callRaw('WIDE', 'left', on.deadline(), { timeout });
      // As long as a clock needs to show that time has passed.
      await vi.waitFor(() => expect(Date.now() - made).toBeGreaterThan(50));
      await env.WIDE.getByName('left').open();
      expect(Math.abs(Number(await deadline) - (made + timeout))).toBeLessThan(40);
      await Promise.all(hung);
    }));
});

describe('rule 71: a thousand synchronous calls let other events in between', () => {
  test.for([
    ['of one message', 'WIDE', 1],
    ['that wait for a slow one', 'SINGLE', 2],
  ] as const)('%s', ([how, binding, first]) =>
    inCaller('fair', async (caller) => {
      const slow = caller.svc.callRaw(binding, how, on.soon('slow'));
      const calls = numbers(1_000).map((n) =>
        caller.svc.callRaw(binding, how, n === 0 ? on.lures(binding, 'between') : on.works(n)),
      );
      expect(await Promise.all([slow, ...calls])).toEqual(['slow', ...numbers(1_000)]);
      const stub = env[binding].getByName(how) as unknown as DurableObjectStub<Crowd>;
      const order = await runInDurableObject(stub, (crowd) => crowd.begun);
      const events = ['between', 'between, by a timer'];
      expect(order.filter((n) => !events.includes(String(n)))).toEqual(['slow', ...numbers(1_000)]);
      for (const event of events) {
        expect(order.indexOf(event)).toBeGreaterThan(first);
        expect(order.indexOf(event)).toBeLessThan(600);
      }
    }),
  );
});

describe('rule 28: limits that make no sense are said, once for all calls', () => {
  test('by a target', () =>
    inCaller('wrong', async (caller) => {
      const overrun = newContinuation<Overrun>();
      await expect(caller.svc.callRaw('OVERRUN', 'main', overrun.ping())).rejects.toMatchObject({
        code: 'invalid-option',
        message: 'callLimits.running has to be a whole number from 1 to 100000',
        mayHaveRun: false,
      });
      const ping = newContinuation<CrowdedWorker>().ping();
      await expect(caller.svc.callRaw('CROWDED', undefined, ping)).rejects.toMatchObject({
        code: 'invalid-option',
        message:
          'callLimits.running of CrowdedWorker: a Worker entrypoint has an instance for each call',
      });
    }));

  test('by a caller, immediately', () =>
    runInDurableObject(env.UNCOUNTED.getByName('main'), async (uncounted) => {
      for (const call of [
        () => uncounted.svc.call('CALC', 'main', calc().next()),
        () => uncounted.svc.call(uncounted.ctn('CALC', 'main').next()),
      ]) {
        expect(thrownBy(call)).toMatchObject({
          code: 'invalid-option',
          message: 'callLimits.inFlight has to be a whole number from 1 to 100000',
        });
      }
      expect(uncounted.svc.call.stats().pending).toBe(0);
    }));
});
