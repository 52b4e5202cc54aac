/** Calls that are made to one target in one turn. */
import { env, RpcTarget } from 'cloudflare:workers';
import { newContinuation } from '@lumenize/call';
import { describe, expect, test, vi } from 'vitest';
import { asSent, frameOf } from './handmade.js';
import { calc, inCalc, inCaller } from './in-object.js';
import { type Calc, type CallerObject, Session } from './index.js';

const on = newContinuation<CallerObject>;
const MIB = 2 ** 20;

/** Calls of one turn, each with its outcome. */
function together(
  name: string,
  remotes: readonly unknown[],
  options: { readonly timeout?: number; readonly batch?: boolean } = {},
): Promise<PromiseSettledResult<unknown>[]> {
  return inCaller(name, (caller) => {
    const call = caller.svc.callRaw.bind(caller.svc) as (...args: unknown[]) => Promise<unknown>;
    return Promise.allSettled(remotes.map((remote) => call('CALC', name, remote, options)));
  });
}

const fulfilled = (values: readonly unknown[]): unknown[] =>
  values.map((value) => ({ status: 'fulfilled', value }));

test('rule 13: calls to one target in one turn travel in one message, with handlers or awaited', () =>
  inCaller('one message', async (caller) => {
    const sums = Array.from({ length: 100 }, (_, n) => {
      caller.svc.call('CALC', 'one message', calc().add(n, 1), on().onOutcome(on().$result, n));
      return caller.svc.callRaw('CALC', 'one message', calc().add(n, 2));
    });
    caller.svc.call('CALC', 'another', calc().add(0, 0));
    expect(await Promise.all(sums)).toEqual(Array.from({ length: 100 }, (_, n) => n + 2));
    await caller.arrived(100);
    expect(caller.received).toEqual(
      Array.from({ length: 100 }, (_, n) => ({ outcome: n + 1, rest: [n] })),
    );
    expect(await inCalc('one message', ({ messages }) => messages)).toBe(1);
    expect(await inCalc('another', ({ messages }) => messages)).toBe(1);
  }));

test('rule 13: what is made in a later turn travels in a later message', () =>
  inCaller('turns', async (caller) => {
    const first = caller.svc.callRaw('CALC', 'turns', calc().next());
    await undefined;
    const second = caller.svc.callRaw('CALC', 'turns', calc().next());
    expect(await Promise.all([first, second])).toEqual([2, 3]);
    expect(await inCalc('turns', ({ messages }) => messages)).toBe(2);
  }));

test('rule 13: more calls than a message may hold travel in several, in order', async () => {
  const outcomes = await together(
    'many',
    Array.from({ length: 2_100 }, () => calc().next()),
  );
  expect(outcomes).toEqual(fulfilled(Array.from({ length: 2_100 }, (_, n) => n + 2)));
  expect(await inCalc('many', ({ messages }) => messages)).toBe(3);
});

test('rule 15: arguments and results of many megabytes are divided among messages', async () => {
  const texts = Array.from({ length: 12 }, (_, n) => String(n).repeat((3 + (n % 3)) * MIB));
  const outcomes = await together(
    'megabytes',
    texts.map((text) => calc().echo(text)),
  );
  expect(outcomes.map((outcome) => outcome.status === 'fulfilled' && outcome.value)).toEqual(texts);
  const large = Array.from({ length: 12 }, () => calc().large(4 * MIB));
  const results = await together('megabytes', large);
  expect(results.every(({ status }) => status === 'fulfilled')).toBe(true);
});

test('rule 10: calls arrive in their order, whether they travel together, alone, or cannot wait', () =>
  inCaller('order', async (caller) => {
    const arguments_ = [1, [2], new Map([[3, 3]]), 4, { five: 5 }, new Session(), 7, 'eight'];
    const pairs = arguments_.map((argument, n) =>
      caller.svc.callRaw('CALC', 'order', calc().pair(argument, calc().add(n, 0)), {
        batch: n % 5 !== 3,
      }),
    );
    // One of them has a stub.
    for (const pair of await Promise.all(pairs)) (pair as Partial<Disposable>)[Symbol.dispose]?.();
    const sums = await inCalc('order', ({ log }) => log.filter((line) => line.startsWith('add')));
    expect(sums).toEqual(arguments_.map((_, n) => `add(${n}, 0)`));
  }));

test('rule 18: a call that is cancelled in its own turn is not sent', () =>
  inCaller('at once', async (caller) => {
    const handle = caller.svc.call('CALC', 'at once', calc().next(), on().onOutcome());
    const others = [calc().add(1, 10), calc().add(2, 20)].map((add) =>
      caller.svc.callRaw('CALC', 'at once', add),
    );
    expect(handle.cancel()).toBe(true);
    await caller.arrived(1);
    expect(caller.received[0]?.outcome).toMatchObject({ code: 'cancelled', mayHaveRun: false });
    expect(await Promise.all(others)).toEqual([11, 22]);
    expect(await inCalc('at once', ({ log }) => log)).toEqual(['add(1, 10)', 'add(2, 20)']);
  }));

describe('rule 14: in one message', () => {
  test('a hung call delays no other, wherever it stands', () =>
    inCaller('hung', async (caller) => {
      const order = [calc().add(1, 0), calc().never(), calc().add(2, 0), calc().addSlowly(3, 0)];
      for (const [n, remote] of order.entries()) {
        const handler = on().onOutcome(on().$result, n);
        caller.svc.call('CALC', 'hung', remote, handler, { timeout: 2_000 });
      }
      await caller.arrived(3);
      expect(caller.received.map(({ outcome }) => outcome).toSorted()).toEqual([1, 2, 3]);
      expect(await inCalc('hung', ({ messages }) => messages)).toBe(1);
      await caller.arrived(4);
      expect(caller.received[3]).toMatchObject({ outcome: { code: 'timeout' }, rest: [1] });
    }));

  test('outcomes come as they become ready', () =>
    inCaller('ready', async (caller) => {
      const late = ['c', 'a', 'b'].map((value) => calc().whenOpen(value));
      for (const remote of [...late, calc().add(1, 10)]) {
        caller.svc.call('CALC', 'ready', remote, on().onOutcome());
      }
      await caller.arrived(1);
      expect(caller.received).toEqual([{ outcome: 11, rest: [] }]);
      await caller.svc.callRaw('CALC', 'ready', calc().open());
      await caller.arrived(4);
      expect(caller.received.slice(1).map(({ outcome }) => outcome)).toEqual(['c', 'a', 'b']);
    }));

  test('a target keeps nothing for calls that have all passed their deadline', () =>
    inCaller('given up', async (caller) => {
      const hung = [1, 2].map(() =>
        caller.svc.callRaw('CALC', 'given up', calc().sessionWhenOpen(), { timeout: 20 }),
      );
      await Promise.allSettled(hung);
      const before = Session.released;
      await caller.svc.callRaw('CALC', 'given up', calc().open());
      // Nobody fetches these sessions any more.
      await vi.waitFor(() => expect(Session.released).toBe(before + 2));
    }));
});

describe('rule 15: in one message', () => {
  test('an argument that cannot be sent fails alone', async () => {
    const circular: { self?: unknown } = {};
    circular.self = circular;
    const throwing = {
      get bad(): never {
        throw new Error('a getter threw');
      },
    };
    const remotes = [
      calc().next(),
      calc().echo(new WeakMap()),
      calc().next(),
      calc().echo([{ deep: [Symbol('x')] }]),
      calc().echo(circular),
      calc().echo(throwing),
      calc().next(),
    ];
    const outcomes = await together('bad argument', remotes);
    expect(outcomes).toMatchObject([
      { value: 2 },
      { reason: { code: 'not-cloneable', mayHaveRun: false } },
      { value: 3 },
      { reason: { code: 'not-cloneable', mayHaveRun: false } },
      { value: { self: { self: {} } } },
      { status: 'rejected' },
      { value: 4 },
    ]);
  });

  test('a result that cannot be returned fails alone, and nothing runs twice', async () => {
    const remotes = [calc().next(), calc().unsendable(), calc().large(33 * MIB), calc().next()];
    const outcomes = await together('bad result', remotes);
    expect(outcomes).toMatchObject([
      { value: 2 },
      { reason: { code: 'not-cloneable', mayHaveRun: true } },
      { reason: { code: 'limit-exceeded', mayHaveRun: true } },
      { value: 3 },
    ]);
    const log = await inCalc('bad result', (target) => target.log);
    expect(log).toEqual(['next()', 'unsendable()', 'large()', 'next()']);
  });

  test('a method that is not there, a refused name and an error fail alone', async () => {
    const missing = calc() as unknown as { missing(): unknown; ctn(): unknown };
    const remotes = [calc().next(), missing.missing(), calc().fail(), missing.ctn(), calc().next()];
    const outcomes = await together('refused', remotes);
    expect(outcomes).toMatchObject([
      { value: 2 },
      { reason: { code: 'not-callable', mayHaveRun: false } },
      { reason: { name: 'RangeError' } },
      { reason: { code: 'not-callable', mayHaveRun: false } },
      { value: 3 },
    ]);
  });
});

describe.for([true, false])('rule 16: with `batch: %s`', (batch) => {
  const named = (name: string): string => `${name} ${batch}`;

  test('arguments are read when the call is made', () =>
    inCaller(named('snapshot'), async (caller) => {
      const list = [1];
      const nested = { list, again: list, map: new Map([['list', list]]) };
      const call = (value: unknown): Promise<unknown> =>
        caller.svc.callRaw('CALC', named('snapshot'), calc().echo(value), { batch });
      const calls = [call(list), call(nested), call(5)];
      list.push(2);
      nested.map.clear();
      calls.push(call(list));
      expect(await Promise.all(calls)).toEqual([
        [1],
        { list: [1], again: [1], map: new Map([['list', [1]]]) },
        5,
        [1, 2],
      ]);
    }));

  test('each call has its own copy of an argument, in which an object that stands twice is one', () =>
    inCaller(named('copies'), async (caller) => {
      const list = [1];
      const call = (remote: unknown): Promise<unknown> =>
        caller.svc.callRaw('CALC', named('copies'), remote as never, { batch });
      const calls = [
        call(calc().mutate(list)),
        call(calc().mutate(list)),
        call(calc().pair(list, list)),
      ];
      const [first, second, pair] = (await Promise.all(calls)) as [unknown, unknown, unknown[]];
      expect([first, second]).toEqual([
        [1, 0],
        [1, 0],
      ]);
      expect(pair[0]).toBe(pair[1]);
    }));

  test('a result is what it was when the method returned', async () => {
    const remotes = [1, 2, 3].map((value) => calc().append(value));
    const outcomes = await together(named('results'), remotes, { batch });
    expect(outcomes).toEqual(fulfilled([[1], [1, 2], [1, 2, 3]]));
  });

  test('a counter that is read, awaited and written counts every call', async () => {
    const remotes = Array.from({ length: 50 }, () => calc().countInStorage());
    const outcomes = await together(named('counter'), remotes, { batch });
    expect(outcomes).toEqual(fulfilled(Array.from({ length: 50 }, (_, n) => n + 1)));
  });

  test('handlers that read, await and write count every outcome', () =>
    inCaller(named('counting'), async (caller) => {
      for (let n = 0; n < 50; n++) {
        caller.svc.call('CALC', named('counting'), calc().add(n, 1), on().onCounting(), { batch });
      }
      await caller.arrived(50);
      expect(caller.received.map(({ outcome }) => outcome)).toEqual(
        Array.from({ length: 50 }, (_, n) => n + 1),
      );
    }));

  test('a method that blocks concurrency holds back the calls after it', async () => {
    const remotes = [calc().exclusively(), calc().next()];
    await together(named('exclusive'), remotes, { batch });
    const log = await inCalc(named('exclusive'), (target) => target.log);
    expect(log).toEqual(['exclusively() begins', 'exclusively() ends', 'next()']);
  });

  test('values of every kind that structured clone knows come back as they were', async () => {
    const values = [
      ...[undefined, null, true, 0, -0, Number.NaN, 5n, '', '\ud83d', 'x'.repeat(1_000)],
      ...[[], [undefined], {}, { a: { b: [1] } }, new Date(5), /x/gi, new Set([new Set([1])])],
      new Map<unknown, unknown>([[{ key: 1 }, [2]]]),
      Uint8Array.of(1, 2),
      Float64Array.of(1.5),
      new ArrayBuffer(3),
      Object.assign([1, 2], { extra: true }),
      new Error('a value, not thrown'),
      Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`key ${n}`, n])),
    ];
    const outcomes = await together(
      named('values'),
      values.map((value) => calc().echo(value)),
      { batch },
    );
    expect(outcomes).toEqual(fulfilled(values));
  });

  test('stubs cross both ways, and are the caller\u2019s', () =>
    inCaller(named('stubs'), async (caller) => {
      const options = { batch };
      const before = Session.released;
      const [session, greeted, also] = await Promise.all([
        caller.svc.callRaw('CALC', named('stubs'), calc().session(), options),
        caller.svc.callRaw('CALC', named('stubs'), calc().greeted(new Greeter()), options),
        caller.svc.callRaw('CALC', named('stubs'), calc().pair(calc().session(), 1), options),
      ]);
      expect(greeted).toBe('hello from the caller');
      const stub = session as unknown as Session & Disposable;
      expect(await stub.hello('Ada')).toBe('hello Ada');
      const [nested] = also as unknown as [Session];
      expect(await nested.hello('Bob')).toBe('hello Bob');
      expect(Session.released).toBe(before);
      stub[Symbol.dispose]();
      (also as unknown as Disposable)[Symbol.dispose]();
      await vi.waitFor(() => expect(Session.released).toBe(before + 2));
    }));

  test('a reset settles every call, and the next succeeds', async () => {
    const remotes = [calc().never(), calc().never(), calc().abort('told to'), calc().next()];
    const outcomes = await together(named('reset'), remotes, { batch });
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ reason: { code: 'target-reset', mayHaveRun: true } });
    }
    expect(await together(named('reset'), [calc().next()], { batch })).toEqual(fulfilled([2]));
  });

  test('a reset after some have their outcome settles the rest, and the next succeeds', () =>
    inCaller(named('late reset'), async (caller) => {
      const target = named('late reset');
      const options = { batch, timeout: 5_000 };
      const hung = [1, 2].map(() => caller.svc.callRaw('CALC', target, calc().never(), options));
      const settled = Promise.allSettled(hung);
      expect(await caller.svc.callRaw('CALC', target, calc().add(1, 10), options)).toBe(11);
      const abort = caller.svc.callRaw('CALC', target, calc().abort('later'), options);
      await expect(abort).rejects.toMatchObject({ code: 'target-reset' });
      for (const outcome of await settled) {
        expect(outcome).toMatchObject({ reason: { code: 'target-reset', mayHaveRun: true } });
      }
      expect(await caller.svc.callRaw('CALC', target, calc().next(), options)).toBe(2);
    }));
});

/** Passed by reference, from the caller. */
class Greeter extends RpcTarget {
  hello(): string {
    return 'hello from the caller';
  }
}

test('rule 6: `batch` is true or false', () =>
  inCaller('options', (caller) => {
    const call = (batch: unknown): unknown =>
      caller.svc.call('CALC', 'x', calc().next(), undefined, { batch: batch as boolean });
    expect(() => call('yes')).toThrow(/batch is "yes": it has to be true or false/);
    expect(() => call(null)).toThrow(/batch is null/);
  }));

describe('rule 25: a message of several calls that is none is refused, and nothing runs:', () => {
  const next = asSent(frameOf(['next'], 0, [0, 0, 0], [1, 1]));
  const echo = asSent(frameOf(['echo'], 1, [0, 0, 0], [1, 1, 0]));
  const counts = (...of: number[]): Uint16Array => Uint16Array.from(of);
  const which = counts;
  const messages: readonly [string, readonly unknown[], string][] = [
    ['nothing', [], 'protocol'],
    ['frames that are no list', [next, counts(0), which(0), []], 'protocol'],
    ['a list of calls that is none', [[next], counts(0), [0], []], 'protocol'],
    ['slots that are no list', [[next], counts(0), which(0), null], 'protocol'],
    ['a call of a frame that is not there', [[next], counts(0), which(1), []], 'protocol'],
    ['too few slots', [[echo], counts(1), which(0, 0), [1]], 'protocol'],
    ['too many slots', [[echo], counts(1), which(0), [1, 2]], 'protocol'],
    ['a count below 0', [[next, echo], counts(-1, 1), which(0, 1), []], 'protocol'],
    ['counts that are none', [[next], ['0'], which(0), []], 'protocol'],
    [
      'a list of counts that has no end',
      [[next], { length: 2 ** 32 - 1 }, which(0), []],
      'protocol',
    ],
    ['wider counts', [[next], Uint32Array.of(0), which(0), []], 'protocol'],
    ['a count too few', [[next, next], counts(0), which(0, 0), []], 'protocol'],
    ['more frames than calls', [[next, next], counts(0, 0), which(0), []], 'protocol'],
    ['1,025 calls', [[next], counts(0), new Uint16Array(1_025), []], 'limit-exceeded'],
    ['1,025 counts', [[next], new Uint16Array(1_025), which(0), []], 'protocol'],
    ['frames without end', [new Array(2 ** 32 - 1), counts(0), which(0), []], 'limit-exceeded'],
  ];
  test.for(messages)('%s', async ([name, message, code]) => {
    const stub = env.CALC.getByName(`hostile ${name}`) as unknown as {
      __lmzCalls(...message: readonly unknown[]): Promise<unknown>;
    };
    expect(await stub.__lmzCalls(...message)).toMatchObject([
      '__lmzRefusal',
      { properties: { code } },
    ]);
    expect(await inCalc(`hostile ${name}`, ({ log }) => log)).toEqual([]);
  });

  test('a frame that is hostile fails its own calls only', async () => {
    const stub = env.CALC.getByName('half hostile') as unknown as {
      __lmzCalls(...message: readonly unknown[]): Promise<unknown>;
    };
    const frames = [next, asSent(frameOf(['__proto__'], 0, [0, 0, 0])), '\u0100', 5];
    // One that is not even there.
    frames.length = 5;
    const answer = await stub.__lmzCalls(
      frames,
      counts(0, 0, 0, 0, 0),
      which(1, 0, 2, 3, 4, 0),
      [],
    );
    const refused = (code: string): unknown => ['__lmzRefusal', { properties: { code } }];
    expect(answer).toMatchObject([
      undefined,
      [
        refused('not-callable'),
        2,
        refused('protocol'),
        refused('protocol'),
        refused('protocol'),
        3,
      ],
    ]);
  });
});

test.for([
  ['nothing', null],
  ['a number', 5],
  ['outcomes that are no list', [null, 5]],
  ['too few outcomes', [null, []]],
  [
    'outcomes of calls that there are not',
    [
      [7, -1, 'x'],
      [1, 2, 3],
    ],
  ],
  ['a rest that is none', [[], [], 5]],
  [
    'numbers that are none',
    [
      [{ toString: 1 }, 'length'],
      [1, 2],
    ],
  ],
  ['more outcomes than calls', [null, [1, 2, 3, 4]]],
  ['a rest that never ends', 'endless'],
  [
    'something to fetch from nowhere',
    [
      [0, 1],
      [['__lmzFetch'], ['__lmzFetch']],
    ],
  ],
] as const)('rule 7: a target that answers with %s settles its calls', ([, answer]) =>
  inCaller('lied to together', async (caller) => {
    const call = (): Promise<unknown> =>
      caller.svc.callRaw('LIAR' as 'CALC', 'main', calc().echo(JSON.stringify(answer)), {
        timeout: 500,
      });
    const healthy = caller.svc.callRaw('CALC', 'healthy', calc().never(), { timeout: 500 });
    await expect(healthy).rejects.toMatchObject({ code: 'timeout' });
    for (const outcome of await Promise.allSettled([call(), call()])) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { mayHaveRun: true } });
    }
  }),
);

test('a result keeps all that it has, whatever stands in it', async () => {
  const error = new Error('a value');
  const values = [
    { a: 1, error, code: 5, list: [1] },
    { pattern: /x/, flags: 'g' },
    [new Error('first'), 1, { deep: [/y/, 2] }],
    new Map<unknown, unknown>([
      ['error', error],
      ['after', 1],
    ]),
    new Set([error, 1]),
    { bytes: Uint8Array.of(1), after: 2, big: 2n ** 100n },
    JSON.parse('{ "__proto__": { "own": 1 }, "after": 2 }'),
    Array.from({ length: 60 }).reduce<object>((next, _, v) => ({ next, v }), {}),
  ];
  const outcomes = await together(
    'non-plain',
    values.map((value) => calc().echo([value])),
  );
  expect(outcomes).toEqual(fulfilled(values.map((value) => [value])));
  const [, thrown] = await together('non-plain', [
    calc().next(),
    calc().failWith({ a: /x/, b: 2 }),
  ]);
  expect(thrown).toMatchObject({ reason: { a: /x/, b: 2 } });
});

test('rule 15: what takes more than it seems to is sent all the same', async () => {
  const numbers = await together('bigints', [
    ...Array.from({ length: 5 }, () => calc().bigint(8 * MIB)),
    calc().next(),
  ]);
  expect(numbers.map(({ status }) => status)).toEqual(Array(6).fill('fulfilled'));
  const text = 'x'.repeat(50);
  const strings = Array.from({ length: 400 }, () => calc().count(...Array(900).fill(text)));
  expect(await together('strings', strings)).toEqual(fulfilled(Array(400).fill(900)));
});

test('rule 8: handlers of calls that failed together run one after the other too', () =>
  inCaller('failing together', async (caller) => {
    for (let n = 0; n < 10; n++) {
      caller.svc.call('CALC', 'failing together', calc().never(), on().onCountingAny());
    }
    caller.svc.call('CALC', 'failing together', calc().abort('all'), on().onCountingAny());
    await caller.arrived(11);
    for (let n = 0; n < 10; n++) {
      const options = { timeout: 20 };
      caller.svc.call('CALC', 'hung', calc().never(), on().onCountingAny(), options);
    }
    await caller.arrived(21);
    const counts = caller.received.map(({ outcome }) => outcome);
    expect(counts).toEqual(Array.from({ length: 21 }, (_, n) => n + 1));
  }));

test('rule 18: a call whose outcome waits for the handler before it can still be cancelled', () =>
  inCaller('cancelled in line', async (caller) => {
    const handles = [0, 1].map((n) =>
      caller.svc.call('CALC', 'cancelled in line', calc().add(n, 0), on().onCountingAny()),
    );
    vi.spyOn(caller, 'onCountingAny').mockImplementation(async (outcome) => {
      const wasPending = handles[1]?.cancel('by the first handler');
      caller.onOutcome(outcome, wasPending);
      await scheduler.wait(1);
    });
    await caller.arrived(2);
    expect(caller.received).toMatchObject([
      { outcome: 0, rest: [true] },
      { outcome: { code: 'cancelled', cause: 'by the first handler' }, rest: [false] },
    ]);
  }));

test('rule 4: an argument that makes a call when it is read confuses no other call', () =>
  inCaller('reading', async (caller) => {
    const call = (remote: unknown): Promise<unknown> =>
      caller.svc.callRaw('CALC', 'reading', remote as never);
    const shared = calc().next();
    const meddling = {
      get x(): number {
        caller.svc.call('CALC', 'elsewhere', calc().add(1, 2));
        return 1;
      },
    };
    const three = calc().three as (...args: unknown[]) => unknown;
    expect(await call(three(shared, meddling, shared))).toEqual([2, { x: 1 }, 2]);
    expect(await call(three(calc().next(), { x: 1 }, calc().next()))).toEqual([3, { x: 1 }, 4]);
  }));

test('rule 6: a remote is not its own handler, whatever was called before', () =>
  inCaller('own handler', async (caller) => {
    const remote = calc().echo(1);
    caller.svc.call('CALC', 'own handler', calc().echo(2), on().onOutcome(2));
    await caller.arrived(1);
    expect(() => caller.svc.call('CALC', 'x', remote, remote as never)).toThrow(/its own handler/);
  }));

test('a result that throws when it is looked at fails its call, and at once', async () => {
  const outcomes = await together('throwing', [calc().next(), calc().throwing(), calc().next()]);
  expect(outcomes).toMatchObject([{ value: 2 }, { status: 'rejected' }, { value: 3 }]);
});

test('rule 7: one thousand calls to one target, each of another kind', async () => {
  const kinds: ((n: number) => unknown)[] = [
    (n) => calc().add(n, 1),
    (n) => calc().addSlowly(n, 1),
    (n) => calc().pair(calc().add(n, 0), [calc().add(0, 1)]),
    (n) => calc().echo({ n, list: [n] }),
    () => calc().fail(),
    () => (calc() as unknown as { missing(): unknown }).missing(),
    (n) => calc().origin.distance(n),
    (n) => calc().addElsewhere(n, 1),
    (n) => calc().adder(n)(1),
    (n) => calc().echo(Uint8Array.of(n % 256)),
  ];
  const remotes = Array.from({ length: 1_000 }, (_, n) => kinds[n % 10]?.(n));
  const outcomes = await together('kinds', remotes);
  for (const [n, outcome] of outcomes.entries()) {
    const expected: unknown[] = [
      ...[n + 1, n + 1, [n, [1]], { n, list: [n] }, 'RangeError', 'not-callable'],
      ...[Math.abs(7 - n), n + 1, n + 1, Uint8Array.of(n % 256)],
    ];
    const reason =
      outcome.status === 'rejected' ? (outcome.reason as Error & { code?: string }) : undefined;
    const came = outcome.status === 'fulfilled' ? outcome.value : (reason?.code ?? reason?.name);
    expect(came).toEqual(expected[n % 10]);
  }
});

test('the same frames, in a message of a class with narrower limits, fail one by one', () =>
  inCaller('limits', async (caller) => {
    const limited = newContinuation<Calc>;
    const call = caller.svc.callRaw.bind(caller.svc) as (...args: unknown[]) => Promise<unknown>;
    const long = limited().echo(limited().echo(limited().echo(limited().echo(1))));
    const outcomes = await Promise.allSettled(
      [limited().echo(1), long, limited().echo(2)].map((remote) => call('LIMITED', 'x', remote)),
    );
    expect(outcomes).toMatchObject([
      { value: 1 },
      { reason: { code: 'limit-exceeded', mayHaveRun: false } },
      { value: 2 },
    ]);
  }));
