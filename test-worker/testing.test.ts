/** The kit for users' tests: what it does to calls is what the platform does. */
import { evictDurableObject, reset, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import {
  type CallError,
  type CallErrorCode,
  type CallOptions,
  callChannel,
  callErrorCodes,
  newContinuation,
} from '@lumenize/call';
import { clock, type Fault, type FaultActions, faults, record } from '@lumenize/call/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Buyer, Clock, Seller } from './durable.js';
import { calc, inCalc, inCaller, thrownBy } from './in-object.js';
import { type Calc, type CallerObject, type Liar, Session, type Unborn } from './index.js';

const on = newContinuation<CallerObject>;

function storageOf(object: Clock): DurableObjectStorage {
  return (object as unknown as { ctx: DurableObjectState }).ctx.storage;
}

let names = 0;
/** A new object for each test. */
let name: string;
beforeEach(() => {
  names += 1;
  name = `testing ${names}`;
});
afterEach(() => faults.reset());

/** The ways in which `add(1, 10)` is called: alone, or with a call before and after it in its turn. */
const WAYS: Record<string, (caller: CallerObject, options?: CallOptions) => PromiseLike<unknown>> =
  {
    'callRaw, alone': (caller, options) =>
      caller.svc.callRaw('CALC', name, calc().add(1, 10), options),
    'callRaw, batched': (caller, options) =>
      among(caller, () => caller.svc.callRaw('CALC', name, calc().add(1, 10), options)),
    'call, alone': (caller, options) => called(caller, options),
    'call, batched': (caller, options) => among(caller, () => called(caller, options)),
    'await, alone': awaited,
    'await, batched': (caller) => among(caller, () => awaited(caller)),
  };

/** What came of the calls beside the one in question. */
let beside: PromiseSettledResult<unknown>[] = [];

async function among(caller: CallerObject, call: () => Promise<unknown>): Promise<unknown> {
  const others = [0, 1].map((n) => [n, caller.svc.callRaw('CALC', name, calc().echo(n))] as const);
  const [[, before], [, after]] = others as [(typeof others)[0], (typeof others)[0]];
  void before.catch(() => {});
  const outcome = call();
  void outcome.catch(() => {});
  const settled = await Promise.allSettled([before, after]);
  beside = settled;
  return outcome;
}

/** It is sent when `then` is called. */
function awaited(caller: CallerObject): Promise<unknown> {
  return new Promise((resolve, reject) => {
    caller.ctn('CALC', name).add(1, 10).then(resolve, reject);
  });
}

async function called(caller: CallerObject, options?: CallOptions): Promise<unknown> {
  const before = caller.received.length;
  caller.svc.call('CALC', name, calc().add(1, 10), on().onOutcome(), options);
  await caller.arrived(before + 1);
  // A second outcome would arrive by then.
  await scheduler.wait(2);
  expect(caller.received).toHaveLength(before + 1);
  const { outcome } = caller.received[before] as { outcome: unknown };
  if (outcome instanceof Error) throw outcome;
  return outcome;
}

async function failureOf(outcome: PromiseLike<unknown>): Promise<CallError> {
  return outcome.then(
    (value) => expect.unreachable(`it came to ${value}`),
    (error) => error,
  );
}

const add = (): FaultActions => faults.next({ binding: 'CALC', instance: name, method: 'add' });

/** What ran there of the call in question. */
const ran = (): Promise<string[]> =>
  inCalc(name, ({ log }) => log.filter((line) => line.startsWith('add')));

/** Codes that come of the platform, with all calls of a message. */
const OF_PLATFORM: readonly CallErrorCode[] = [
  'target-reset',
  'overloaded',
  'disconnected',
  'invalid-target',
];

describe.each(Object.entries(WAYS))('%s', (way, make) => {
  const isBatched = way.endsWith('batched');

  const codes = callErrorCodes.filter((code) => code !== 'timeout');
  test.each(codes)('rule 60: fails as %s before it ran', (code) =>
    inCaller(name, async (caller) => {
      const fault = add().fail(code);
      const error = await failureOf(make(caller));
      const isKnown = OF_PLATFORM.includes(code) || code === 'remote-threw';
      expect(error).toMatchObject({ code, mayHaveRun: isKnown, operation: 'add(1, 10)' });
      expect(fault.hits).toBe(1);
      expect(await ran()).toEqual([]);
      if (isBatched) checkBeside(OF_PLATFORM.includes(code) ? code : undefined);
      expect(await caller.svc.callRaw('CALC', name, calc().add(2, 20))).toBe(22);
    }),
  );

  test.each(codes)('rule 60: fails as %s after it ran', (code) =>
    inCaller(name, async (caller) => {
      add().fail(code, { after: true });
      expect(await failureOf(make(caller))).toMatchObject({ code, mayHaveRun: true });
      expect(await ran()).toEqual(['add(1, 10)']);
      if (isBatched) checkBeside(OF_PLATFORM.includes(code) ? code : undefined);
      expect(await caller.svc.callRaw('CALC', name, calc().add(2, 20))).toBe(22);
    }),
  );

  test.each([
    ['hang()', (actions: FaultActions) => actions.hang(), []],
    ['fail(timeout)', (actions: FaultActions) => actions.fail('timeout'), []],
    ['loseAnswer()', (actions: FaultActions) => actions.loseAnswer(), ['add(1, 10)']],
    [
      'fail(timeout) after',
      (actions: FaultActions) => actions.fail('timeout', { after: true }),
      ['add(1, 10)'],
    ],
  ] as [string, (actions: FaultActions) => Fault, string[]][])(
    'rule 60: %s settles by the deadline',
    (_, fault, log) =>
      inCaller(name, async (caller) => {
        fault(add());
        const outcome = failureOf(make(caller));
        await clock.advance(24_000);
        if (isBatched) await vi.waitFor(() => checkBeside(undefined));
        expect(caller.svc.call.stats().pending).toBe(1);
        await clock.advance(1_000);
        expect(await outcome).toMatchObject({ code: 'timeout', mayHaveRun: true });
        expect(await ran()).toEqual(log);
        expect(caller.svc.call.stats().pending).toBe(0);
        expect(await caller.svc.callRaw('CALC', name, calc().add(2, 20))).toBe(22);
      }),
  );

  test('rule 60: an answer that is late arrives, and the method ran in time', () =>
    inCaller(name, async (caller) => {
      add().delay(10_000);
      const outcome = make(caller);
      await vi.waitFor(async () => expect(await ran()).toEqual(['add(1, 10)']));
      await clock.advance(9_000);
      if (isBatched) await vi.waitFor(() => checkBeside(undefined));
      expect(caller.svc.call.stats().pending).toBe(1);
      await clock.advance(1_000);
      expect(await outcome).toBe(11);
    }));

  test('rule 60: an answer that is later than the deadline is dropped', () =>
    inCaller(name, async (caller) => {
      add().delay(30_000);
      const outcome = failureOf(make(caller));
      await clock.advance(60_000);
      expect(await outcome).toMatchObject({ code: 'timeout' });
    }));

  test('rule 60: a method throws, before and after it ran', () =>
    inCaller(name, async (caller) => {
      const thrown = new RangeError('none left', { cause: 'sold' });
      for (const after of [false, true]) {
        add().throw(thrown, { after });
        const error = await failureOf(make(caller));
        expect(error).toBeInstanceOf(RangeError);
        expect(error).toMatchObject({ message: 'none left', cause: 'sold', remote: true });
        expect(await ran()).toEqual(after ? ['add(1, 10)'] : []);
      }
    }));

  test('rule 60: a reset of the target is what `ctx.abort()` is', () =>
    inCaller(name, async (caller) => {
      const next = (): Promise<number> => caller.svc.callRaw('CALC', name, calc().next());
      for (const after of [false, true]) {
        expect(await next()).toBe(2);
        add().resetTarget({ after });
        const error = await failureOf(make(caller));
        const aborting = caller.svc.callRaw('CALC', name, calc().abort('for comparison'));
        const real = await failureOf(aborting);
        expect(shown(error)).toEqual(shown(real));
        if (isBatched) checkBeside('target-reset');
      }
      expect(await next()).toBe(2);
    }));
});

function checkBeside(code: CallErrorCode | undefined): void {
  expect(beside).toMatchObject(
    code ? [{ reason: { code } }, { reason: { code } }] : [{ value: 0 }, { value: 1 }],
  );
}

/** What an error is, apart from its texts. */
function shown(error: CallError): unknown {
  const { code, mayHaveRun, cause } = error;
  return { code, mayHaveRun, flags: { ...(cause as object) }, class: cause?.constructor };
}

test('rule 60: a refusal and a hung method are the real ones', () =>
  inCaller(name, async (caller) => {
    const call = (options?: CallOptions): Promise<CallError> =>
      failureOf(caller.svc.callRaw('CALC', name, calc().add(1, 10), options));
    add().fail('not-callable');
    const missing = caller.svc.callRaw('CALC', name, newContinuation<Calc & Missing>().missing());
    expect(shown(await call())).toEqual(shown(await failureOf(missing)));
    add().hang();
    const hung = failureOf(caller.svc.callRaw('CALC', name, calc().never(), { timeout: 5_000 }));
    const struck = call({ timeout: 5_000 });
    await clock.advance(5_000);
    expect(shown(await struck)).toEqual(shown(await hung));
  }));

interface Missing {
  missing(): void;
}

test('rule 60: a call that hangs can be cancelled', () =>
  inCaller(name, async (caller) => {
    add().hang();
    const { cancel } = caller.svc.call('CALC', name, calc().add(1, 10), on().onOutcome());
    await clock.advance(0);
    expect(cancel('enough')).toBe(true);
    await caller.arrived(1);
    expect(caller.received).toMatchObject([{ outcome: { code: 'cancelled', cause: 'enough' } }]);
  }));

test('rule 60: of many calls of a message each has its own fault', () =>
  inCaller(name, async (caller) => {
    faults.every(10, { method: 'echo' }).throw(new RangeError('each tenth'));
    faults.every(7, { method: 'echo' }).delay(1_000);
    const echoes = Array.from({ length: 100 }, (_, n) =>
      caller.svc.callRaw('CALC', name, calc().echo({ n })),
    );
    const settled = Promise.allSettled(echoes);
    await clock.advance(1_000);
    for (const [n, each] of (await settled).entries()) {
      if ((n + 1) % 10 === 0) expect(each).toMatchObject({ reason: { message: 'each tenth' } });
      else expect(each).toMatchObject({ value: { n } });
    }
  }));

test('rule 60: results that only the runtime can carry arrive beside a fault, and after a delay', () =>
  inCaller(name, async (caller) => {
    faults.next({ method: 'adder' }).delay(1_000);
    add().hang();
    const lent = caller.svc.callRaw('CALC', name, calc().adder(1));
    const hung = failureOf(caller.svc.callRaw('CALC', name, calc().add(1, 10), { timeout: 2_000 }));
    const second = caller.svc.callRaw('CALC', name, calc().adder(2));
    expect(await (await second)(10)).toBe(12);
    await clock.advance(1_000);
    expect(await (await lent)(10)).toBe(11);
    await clock.advance(1_000);
    expect(await hung).toMatchObject({ code: 'timeout' });
  }));

test('rule 60: a call whose arguments are more than data fails as any other', () =>
  inCaller(name, async (caller) => {
    for (const code of ['disconnected', 'overloaded'] as const) {
      faults.next({ method: 'greeted' }).fail(code);
      const greeted = calc().greeted({ hello: () => 'hello' });
      const error = await failureOf(caller.svc.callRaw('CALC', name, greeted));
      expect(error).toMatchObject({ code, mayHaveRun: true });
    }
  }));

test('rule 60: what fails after a call ran waits for it, and for no other of its message', () =>
  inCaller(name, async (caller) => {
    faults.next({ method: 'addLate' }).fail('disconnected', { after: true });
    const calls = [calc().never(), calc().addLate(1, 10, 20), calc().never()].map((remote) =>
      failureOf(caller.svc.callRaw('CALC', name, remote)),
    );
    for (const error of await Promise.all(calls)) {
      expect(error).toMatchObject({ code: 'disconnected', mayHaveRun: true });
    }
    expect(await inCalc(name, ({ log }) => log)).toContain('late');
    expect(await caller.svc.callRaw('CALC', name, calc().add(2, 20))).toBe(22);
  }));

test('rule 60: a message that fails by itself fails, whatever fault is in it', () =>
  inCaller(name, async (caller) => {
    const refusal = {
      name: 'CallError',
      message: 'refused',
      properties: { code: 'limit-exceeded' },
    };
    const answer = JSON.stringify(['__lmzRefusal', refusal]);
    const target = newContinuation<Liar & { say(answer: string): void }>();
    const messages = [
      () => caller.svc.callRaw('UNBORN', name, newContinuation<Unborn>().greet()),
      () => caller.svc.callRaw('LIAR', name, target.say(answer)),
    ];
    const failures: unknown[] = [];
    for (const call of messages) {
      using fault = faults.next().delay(1);
      failures.push(await Promise.all([call(), call(), call()].map(failureOf)));
      expect(fault.hits).toBe(1);
    }
    const [unborn, refused] = [
      { code: 'target-reset', mayHaveRun: true },
      { code: 'limit-exceeded', mayHaveRun: false },
    ];
    expect(failures).toMatchObject([
      [unborn, unborn, unborn],
      [refused, refused, refused],
    ]);
  }));

test('rule 60: a target that is reset while a call of its message hangs fails all that is pending', () =>
  inCaller(name, async (caller) => {
    add().hang();
    const remotes = [calc().echo(1), calc().never(), calc().add(1, 10)];
    const [first, ...pending] = remotes.map((remote) => caller.svc.callRaw('CALC', name, remote));
    const failures = Promise.all(pending.map(failureOf));
    expect(await first).toBe(1);
    await failureOf(caller.svc.callRaw('CALC', name, calc().abort('for real')));
    for (const error of await failures) {
      expect(error).toMatchObject({ code: 'target-reset', mayHaveRun: true });
    }
  }));

test.each([
  ['loseAnswer()', (actions: FaultActions) => actions.loseAnswer()],
  ['fail(protocol)', (actions: FaultActions) => actions.fail('protocol', { after: true })],
  ['fail(overloaded)', (actions: FaultActions) => actions.fail('overloaded', { after: true })],
  ['throw', (actions: FaultActions) => actions.throw(new Error('no'), { after: true })],
  ['resetTarget()', (actions: FaultActions) => actions.resetTarget({ after: true })],
])('rule 60: %s releases the stubs of the answer that nobody gets', (_, strike) =>
  inCaller(name, async (caller) => {
    const before = Session.released;
    strike(faults.next({ method: 'session' }));
    const { svc } = caller;
    const lost = failureOf(svc.callRaw('CALC', name, calc().session(), { timeout: 1_000 }));
    await clock.advance(1_000);
    expect(await lost).toBeInstanceOf(Error);
    await vi.waitFor(() => expect(Session.released).toBe(before + 1));
  }),
);

describe('rule 61: a fault strikes', () => {
  const outcomes = (calls: readonly Promise<unknown>[]): Promise<string> =>
    Promise.allSettled(calls).then((settled) =>
      settled.map(({ status }) => (status === 'fulfilled' ? '.' : 'x')).join(''),
    );
  const sums = (caller: CallerObject, count: number): Promise<unknown>[] =>
    Array.from({ length: count }, (_, n) =>
      caller.svc.callRaw('CALC', name, calc().add(1, n), { batch: false }),
    );

  test('the next call, each n-th, or each, and is counted', () =>
    inCaller(name, async (caller) => {
      const filter = { binding: 'CALC', instance: name, method: 'add' };
      for (const [make, expected] of [
        [() => faults.next(filter), 'x....'],
        [() => faults.every(2, filter), '.x.x.'],
        [() => faults.always(filter), 'xxxxx'],
      ] as const) {
        using fault = make().fail('overloaded');
        expect(await outcomes(sums(caller, 5))).toBe(expected);
        expect(fault.hits).toBe(expected.split('x').length - 1);
      }
      expect(await outcomes(sums(caller, 2))).toBe('..');
    }));

  test('only what its filter names', () =>
    inCaller(name, async (caller) => {
      const none = [
        { binding: 'USERS' },
        { instance: 'another' },
        { method: 'ad' },
        { binding: 'CALC', instance: name, method: 'add(1, 0)' },
      ].map((filter) => faults.always(filter).fail('overloaded'));
      expect(await outcomes(sums(caller, 1))).toBe('.');
      expect(none.map(({ hits }) => hits)).toEqual([0, 0, 0, 0]);
      faults.always().fail('overloaded');
      expect(await outcomes(sums(caller, 1))).toBe('x');
    }));

  test('a chain by its first method, and the path to it', () =>
    inCaller(name, async (caller) => {
      using fault = faults.always({ method: 'words' }).fail('overloaded');
      const length = caller.svc.callRaw('CALC', name, calc().words().length);
      expect(await outcomes([length])).toBe('x');
      expect(fault.hits).toBe(1);
    }));

  test('one call after the other, where there are several', () =>
    inCaller(name, async (caller) => {
      const several = [add(), add(), add()].map((actions) => actions.fail('overloaded'));
      expect(await outcomes(sums(caller, 5))).toBe('xxx..');
      expect(several.map(({ hits }) => hits)).toEqual([1, 1, 1]);
    }));

  test('until it is removed; the first of several is the one that happens', () =>
    inCaller(name, async (caller) => {
      const first = add().fail('overloaded');
      const second = faults.always({ method: 'add', instance: name }).fail('disconnected');
      const code = async (): Promise<string> =>
        (await failureOf(Promise.all(sums(caller, 1)))).code;
      expect(await code()).toBe('overloaded');
      expect(await code()).toBe('disconnected');
      second.remove();
      expect(await outcomes(sums(caller, 1))).toBe('.');
      expect([first.hits, second.hits]).toEqual([1, 1]);
      faults.always().hang();
      faults.reset();
      expect(await outcomes(sums(caller, 1))).toBe('.');
    }));
});

describe('rule 62: the clock of tests', () => {
  test('settles calls in the order of their deadlines, each in its own object', async () => {
    const settled: string[] = [];
    const hang = (object: string, timeout: number): Promise<void> =>
      inCaller(object, async (caller) => {
        await failureOf(caller.svc.callRaw('CALC', object, calc().never(), { timeout }));
        // It belongs to the object: another one could not.
        caller.received.push({
          outcome: await caller.svc.callRaw('CALC', name, calc().add(1, 1)),
          rest: [],
        });
        settled.push(`${object.at(-1)}${timeout}`);
      });
    const all = Promise.all([
      hang(`${name}a`, 90_000),
      hang(`${name}b`, 25_000),
      hang(`${name}a`, 10_000),
      hang(`${name}b`, 4_000_000),
    ]);
    for (const object of ['a', 'b']) {
      await vi.waitFor(() =>
        inCaller(`${name}${object}`, (caller) => expect(caller.svc.call.stats().pending).toBe(2)),
      );
    }
    await clock.advance(9_000);
    expect(settled).toEqual([]);
    await clock.advance(100_000);
    expect(settled).toEqual(['a10000', 'b25000', 'a90000']);
    await clock.advance(4_000_000);
    await all;
    expect(settled).toEqual(['a10000', 'b25000', 'a90000', 'b4000000']);
  });

  test('moves deadlines in a section, too', () =>
    inCaller(name, async (caller) => {
      const { ctx } = caller as unknown as { ctx: DurableObjectState };
      const error = await ctx.blockConcurrencyWhile(async () => {
        const outcome = failureOf(caller.svc.callRaw('CALC', name, calc().never()));
        await clock.advance(25_000);
        return outcome;
      });
      expect(error).toMatchObject({ code: 'timeout' });
    }));

  test('times what it moves: a call that was made later has its whole time', () =>
    inCaller(name, async (caller) => {
      await clock.advance(1_000_000);
      const outcome = failureOf(
        caller.svc.callRaw('CALC', name, calc().never(), { timeout: 9_000 }),
      );
      await clock.advance(8_000);
      expect(caller.svc.call.stats().pending).toBe(1);
      await clock.advance(1_000);
      expect(await outcome).toMatchObject({ code: 'timeout' });
    }));

  test('without a test that moves it, deadlines come as they would', () =>
    inCaller(name, async (caller) => {
      const made = performance.now();
      const outcome = caller.svc.callRaw('CALC', name, calc().never(), { timeout: 30 });
      expect(await failureOf(outcome)).toMatchObject({ code: 'timeout' });
      expect(performance.now() - made).toBeGreaterThanOrEqual(28);
      expect(performance.now() - made).toBeLessThan(1_000);
    }));

  test('an object that is gone does not stop it', async () => {
    const gone = inCaller(name, (caller) => {
      caller.svc.call('CALC', name, calc().never(), on().onOutcome());
    });
    await gone;
    const stub: DurableObjectStub = env.CALLER.getByName(name);
    await runInDurableObject(stub, (_, state) => state.abort('gone')).catch(() => {});
    await clock.advance(60_000);
    await inCaller(name, (caller) => expect(caller.svc.call.stats().pending).toBe(0));
  });
});

describe('rule 62: durable calls', () => {
  const inBuyer = <R>(run: (buyer: Buyer) => R | Promise<R>): Promise<R> =>
    runInDurableObject(env.BUYER.getByName(name), run);
  const inSeller = <R>(run: (seller: Seller) => R | Promise<R>): Promise<R> =>
    runInDurableObject(env.SELLER.getByName(name), run);
  const buy = (timeout = 86_400_000): Promise<string> =>
    inBuyer((buyer) => {
      const piece = buyer.ctn('SELLER', name).take('chair');
      return buyer.svc.durable.call(piece, buyer.ctn().onTaken(piece), { timeout });
    });
  const handled = (): Promise<unknown[]> =>
    inBuyer((buyer) => buyer.handled.map(({ outcome }) => outcome));
  const begun = (): Promise<number> => inSeller((seller) => seller.begun);
  const take = { binding: 'SELLER', method: 'take' };

  test.each(['target-reset', 'overloaded', 'disconnected', 'internal'] as const)(
    'that fail as %s are repeated as the clock moves',
    async (code) => {
      using fault = faults.next({ ...take, instance: name }).fail(code);
      await buy();
      await vi.waitFor(() => expect(fault.hits).toBe(1));
      expect(await handled()).toEqual([]);
      await clock.advance(60_000);
      expect(await handled()).toEqual(['chair 1']);
      expect(await begun()).toBe(1);
    },
  );

  test('whose answer is lost run once, and are answered from the record', async () => {
    using fault = faults.next({ ...take, instance: name }).loseAnswer();
    await buy();
    await vi.waitFor(async () => expect(await begun()).toBe(1));
    await clock.advance(120_000);
    expect(await handled()).toEqual(['chair 1']);
    expect(await begun()).toBe(1);
    expect(fault.hits).toBe(1);
  });

  test('whose target is reset before and after it ran run effectively once', async () => {
    for (const after of [false, true]) {
      using fault = faults.next({ ...take, instance: name }).resetTarget({ after });
      await buy();
      await vi.waitFor(() => expect(fault.hits).toBe(1));
      await clock.advance(60_000);
    }
    expect(await handled()).toEqual(['chair 1', 'chair 2']);
    expect(await inSeller(({ sold }) => sold)).toBe(2);
  });

  test('whose method throws have that as their outcome', async () => {
    for (const after of [false, true]) {
      using _ = faults.next(take).throw(new RangeError('no chair'), { after });
      await buy();
      await vi.waitFor(async () => expect(await handled()).toHaveLength(after ? 2 : 1));
    }
    expect(await handled()).toMatchObject([
      { name: 'RangeError', message: 'no chair' },
      { name: 'RangeError', message: 'no chair' },
    ]);
    expect(await begun()).toBe(1);
  });

  test('that are always refused are final after 10 minutes', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    faults.always({ ...take, instance: name }).fail('not-callable');
    await buy();
    await clock.advance(540_000);
    expect(await handled()).toEqual([]);
    await clock.advance(180_000);
    expect(await handled()).toMatchObject([{ name: 'CallError', code: 'not-callable' }]);
    expect(warn).toHaveBeenCalled();
    warn.mockRestore();
  });

  test('settle as `timeout` by their deadline', async () => {
    using fault = faults.always({ ...take, instance: name }).fail('disconnected');
    await buy(600_000);
    await clock.advance(590_000);
    expect(await handled()).toEqual([]);
    expect(fault.hits).toBeGreaterThan(5);
    await clock.advance(20_000);
    expect(await handled()).toMatchObject([{ code: 'timeout' }]);
  });

  test('of an object that has an alarm of its own are repeated, and its alarm is its own', async () => {
    using fault = faults.next({ ...take, instance: name }).fail('disconnected');
    const inClock = <R>(run: (object: Clock) => R): Promise<R> =>
      runInDurableObject(env.CLOCK.getByName(name), run);
    await inClock((object) => {
      const piece = object.ctn('SELLER', name).take('chair');
      object.svc.durable.call(piece, object.ctn().onTaken(piece));
    });
    await vi.waitFor(() => expect(fault.hits).toBe(1));
    await clock.advance(60_000);
    const { kv } = await inClock((object) => ({
      kv: { taken: storageOf(object).kv.get('taken'), rung: object.rung },
    }));
    expect(kv).toEqual({ taken: 'chair 1', rung: [] });
  });

  test('are repeated as often as in real time: each attempt ends before the clock goes on', async () => {
    const fault = faults.always({ ...take, instance: name }).fail('disconnected');
    await buy();
    // After pauses of up to 1, 2 and 4 s.
    await clock.advance(7_000);
    expect(fault.hits).toBeGreaterThanOrEqual(4);
  });

  test('are repeated by the real alarm, too, however far the clock has moved', async () => {
    await clock.advance(3_600_000);
    using fault = faults.next({ ...take, instance: name }).fail('disconnected');
    await buy();
    await vi.waitFor(async () => expect(await handled()).toEqual(['chair 1']), 4_000);
    expect(fault.hits).toBe(1);
  });

  test('of an object whose storage was deleted are forgotten', async () => {
    using fault = faults.next({ ...take, instance: name }).fail('disconnected');
    await buy();
    await vi.waitFor(() => expect(fault.hits).toBe(1));
    await reset();
    using recording = record();
    await clock.advance(60_000);
    expect(await handled()).toEqual([]);
    expect(recording.calls).toEqual([]);
  });

  test('of an object that was evicted are repeated when the clock has moved', async () => {
    using fault = faults.next({ ...take, instance: name }).fail('disconnected');
    await buy();
    await vi.waitFor(() => expect(fault.hits).toBe(1));
    await evictDurableObject(env.BUYER.getByName(name));
    await clock.advance(60_000);
    using recording = record();
    expect(await handled()).toEqual(['chair 1']);
    expect(recording.calls).toEqual([]);
  });
});

describe('rule 63: a recording', () => {
  test('has each message, its calls and what they came to', () =>
    inCaller(name, async (caller) => {
      using recording = record();
      add().throw(new RangeError('none left'));
      const target = { binding: 'CALC', instance: name };
      const together = [
        caller.svc.callRaw('CALC', name, calc().add(1, 10)),
        caller.svc.callRaw('CALC', name, calc().echo('x')),
      ];
      expect(recording.messages).toEqual([]);
      await Promise.allSettled(together);
      await caller.svc.callRaw('CALC', name, calc().words().length);
      const sum = { caller: name, ...target, operation: 'add(1, 10)' };
      const echo = { caller: name, ...target, operation: 'echo("x")' };
      const words = { caller: name, ...target, operation: 'words().length' };
      const calls = [
        { ...sum, outcome: 'remote-threw', fault: 'throw(…)' },
        { ...echo, outcome: 'value', fault: undefined },
        { ...words, outcome: 'value', fault: undefined },
      ];
      expect(recording.messages).toEqual([
        { ...target, calls: calls.slice(0, 2) },
        { ...target, calls: calls.slice(2) },
      ]);
      expect(recording.calls).toEqual(calls);
      const made = recording.events.filter((event) => !('caller' in event));
      expect(made.map(({ event }) => event)).toEqual([
        'start',
        'start',
        'settle',
        'settle',
        'start',
        'settle',
      ]);
    }));

  test('says of a call that is pending that it is, and ends', () =>
    inCaller(name, async (caller) => {
      const recording = record();
      add().hang();
      const outcome = failureOf(caller.svc.callRaw('CALC', name, calc().add(1, 10)));
      await clock.advance(1);
      const ofSum = (): unknown[] => recording.calls.filter(({ fault }) => fault);
      expect(ofSum()).toMatchObject([
        { operation: 'add(1, 10)', outcome: undefined, fault: 'hang()' },
      ]);
      recording.stop();
      expect(callChannel.hasSubscribers).toBe(false);
      await clock.advance(25_000);
      await outcome;
      expect(ofSum()).toMatchObject([{ outcome: 'timeout' }]);
      const { length } = recording.messages;
      await caller.svc.callRaw('CALC', name, calc().add(2, 20));
      expect(recording.messages).toHaveLength(length);
    }));

  test('has each attempt of a durable call, and its events', async () => {
    using recording = record();
    faults.next({ binding: 'SELLER', instance: name }).fail('overloaded');
    await runInDurableObject(env.BUYER.getByName(name), (buyer: Buyer) => {
      const piece = buyer.ctn('SELLER', name).take('chair');
      buyer.svc.durable.call(piece, buyer.ctn().onTaken(piece));
    });
    await clock.advance(600_000);
    const attempt = { caller: name, binding: 'SELLER', instance: name, operation: 'take("chair")' };
    expect(recording.calls).toEqual([
      { ...attempt, outcome: 'overloaded', fault: "fail('overloaded')" },
      { ...attempt, outcome: 'value', fault: undefined },
    ]);
    const ofDurable = recording.events.filter(
      (event) => typeof event.id === 'string' && !('caller' in event),
    );
    expect(ofDurable.map(({ event }) => event)).toEqual(['stored', 'sent', 'repeated', 'settled']);
  });
});

describe('rule 61: what makes no sense is refused in a sentence', () => {
  const any = (value: unknown): never => value as never;
  test.each([
    [
      () => faults.next(any('take')),
      'the filter is "take": pass an object, as in { method: \'take\' }',
    ],
    [() => faults.next(any({ methd: 'x' })), "unknown option 'methd'"],
    [() => faults.next(any({ method: 5 })), 'method is 5: it has to be a string'],
    [() => faults.every(0), 'n is 0: it has to be a whole number, 1 or above'],
    [() => faults.every(any('2')), 'n is "2"'],
    [() => faults.next().delay(-1), 'ms is -1: it has to be a number of milliseconds, 0 or above'],
    [() => faults.next().fail(any('overload')), 'overloaded'],
    [
      () => faults.next().fail('internal', any({ after: 1 })),
      'after is 1: it has to be true or false',
    ],
    [() => faults.next().fail('internal', any({ before: true })), "unknown option 'before'"],
    [() => faults.next().fail('internal', any(true)), 'the options are true'],
  ])('%s', (run, text) => {
    expect(thrownBy(run)).toMatchObject({
      code: 'invalid-option',
      message: expect.stringContaining(text),
    });
  });

  test('a time that is none', async () => {
    for (const ms of [-1, Number.NaN, Number.POSITIVE_INFINITY, any('1')]) {
      await expect(clock.advance(ms)).rejects.toMatchObject({ code: 'invalid-option' });
    }
  });
});
