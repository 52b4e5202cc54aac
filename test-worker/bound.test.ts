/** Continuations that know their target: awaited, sent with handlers that are functions, to any target. */

import {
  createExecutionContext,
  runInDurableObject,
  waitOnExecutionContext,
} from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { AsyncLocalStorage } from 'node:async_hooks';
import { type CallError, createCaller, explain, newContinuation } from '@lumenize/call';
import { describe, expect, test, vi } from 'vitest';
import { inCalc, inCaller, thrownBy } from './in-object.js';
import type { Calc, CallerObject, Users } from './index.js';

const on = newContinuation<CallerObject>;

/** How many messages an object has sent, and how many programs in them. */
function sentBy(caller: CallerObject): { frames: number; programs: number } {
  const { frames, programs } = caller.svc.call.stats();
  return { frames, programs };
}

describe('awaiting sends', () => {
  test('what was recorded, nested calls inside it, in one message', () =>
    inCaller('awaits', async (caller) => {
      const calc = caller.ctn('CALC', 'awaits');
      expect(await calc.add(calc.add(1, 10), calc.add(100, 1000))).toBe(1111);
      expect(sentBy(caller)).toEqual({ frames: 1, programs: 1 });
      expect(await calc.sessionOf('other').hello('Ada')).toBe('hello Ada');
    }));

  test('nothing before, and once however often', () =>
    inCaller('once', async (caller) => {
      const next = caller.ctn('CALC', 'once').next();
      // What tools read of any value sends nothing.
      expect(Reflect.get(next, 'then')).toBeInstanceOf(Function);
      expect(explain(next)).toBe('next()');
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(sentBy(caller).frames).toBe(0);
      const outcomes = await Promise.all([next, next, next.then((n) => n), next.finally(() => {})]);
      expect(outcomes).toEqual([2, 2, 2, 2]);
      expect(await next).toBe(2);
      expect(sentBy(caller)).toEqual({ frames: 1, programs: 1 });
      // Passed to `callRaw` it is another call.
      expect(await caller.svc.callRaw(next)).toBe(3);
    }));

  test('calls of one turn share a message, in their order', () =>
    inCaller('together', async (caller) => {
      const calc = caller.ctn('CALC', 'together');
      expect(await Promise.all([calc.next(), calc.next(), calc.next()])).toEqual([2, 3, 4]);
      expect(sentBy(caller)).toEqual({ frames: 1, programs: 3 });
    }));

  test('a property, too; what begins is no promise', () =>
    inCaller('property', async (caller) => {
      const calc = caller.ctn('CALC', 'property');
      expect(await calc.pair(1, 2)[1]).toBe(2);
      // @ts-expect-error: the compiler refuses to await it
      expect(await Promise.resolve(calc)).toBe(calc);
    }));

  test('a failure rejects, with the line that awaits in its stack', () =>
    inCaller('fails', async (caller) => {
      async function theLineThatAwaits(): Promise<unknown> {
        return await caller.ctn('USERS', 'main').throwTypeError();
      }
      const error = await theLineThatAwaits().catch((failure: unknown) => failure as Error);
      expect(error).toBeInstanceOf(TypeError);
      expect((error as Error).stack).toContain('theLineThatAwaits');
      // Nor does one that is refused before it is sent lose that line.
      async function theLineOfAMistake(): Promise<unknown> {
        const elsewhere = caller.ctn('CALC', 'elsewhere').next();
        return await caller.ctn('CALC', 'here').add(1, elsewhere);
      }
      const mistake = await theLineOfAMistake().catch((failure: unknown) => failure as Error);
      expect((mistake as Error).stack).toMatch(
        /^CallError: await next\(\) first.*\n +at async theLineOfAMistake/,
      );
      const caught = caller
        .ctn('USERS', 'main')
        .throwTypeError()
        .catch((failure: Error) => failure.name);
      expect(await caught).toBe('TypeError');
    }));

  test('a method that returns one yields what it comes to', () =>
    inCaller('returned', async (caller) => {
      vi.spyOn(caller, 'onOutcome').mockImplementation(
        () => caller.ctn('CALC', 'returned').next() as never,
      );
      caller.svc.call('CALC', 'returned', newContinuation<Calc>().add(1, 1), on().onOutcome());
      await vi.waitFor(async () =>
        expect(await inCalc('returned', ({ log }) => log)).toContain('next()'),
      );
    }));

  test('what was recorded is no result: it would cross as a function', () =>
    inCaller('no result', async (caller) => {
      const users = caller.ctn('USERS', 'no result');
      const calls = [users.begun(), users.recordedInside(), users.getUser('u1')];
      const outcomes = await Promise.allSettled(calls.map((call) => caller.svc.callRaw(call)));
      const refused = { reason: { code: 'not-cloneable', mayHaveRun: true } };
      expect(outcomes).toMatchObject([refused, refused, { status: 'fulfilled' }]);
      expect((outcomes[1] as PromiseRejectedResult).reason.message).toMatch(
        /the result is the continuation next\(\): await it first/,
      );
    }));

  test.for(['begun', 'recordedInside'] as const)('nor is it alone, %s', (method) =>
    inCaller('no result alone', async (caller) => {
      const recorded = newContinuation<Users>()[method]();
      const call = caller.svc.callRaw('USERS', 'no result', recorded, { batch: false });
      await expect(call).rejects.toMatchObject({
        code: 'not-cloneable',
        mayHaveRun: true,
        message: expect.stringMatching(/await it first/),
      });
    }),
  );

  test('what knows no target rejects, and says what to write', async () => {
    const unbound = newContinuation<Users>().getUser('u1') as unknown as Promise<unknown>;
    const error = await unbound.then(undefined, (failure: unknown) => failure as CallError);
    expect(error).toMatchObject({ code: 'invalid-continuation' });
    expect((error as Error).message).toMatch(
      /^begin with a target, as in this\.ctn\('USERS', 'main'\)/,
    );
    await expect((async () => unbound)()).rejects.toThrow(/getUser\("u1"\) knows no target/);
    // What only begins is no call, and frameworks look at what methods such as `ctn` return.
    const begun: unknown = newContinuation<Users>();
    expect(await begun).toBe(begun);
  });
});

describe('an assertion about a rejection', () => {
  const asserted = (on: unknown) => expect(on).rejects.toThrow();

  test('calls what it is given: of a continuation that is another call, whose failure proves nothing', () =>
    inCaller('asserted', async (caller) => {
      const user = caller.ctn('USERS', 'main').getUser('u1');
      await asserted(user);
      await expect(user).rejects.toThrow(/what it returned is object, not a function/);
    }));

  test('sees a success of the promise that callRaw returns', () =>
    inCaller('asserted well', async (caller) => {
      const user = caller.ctn('USERS', 'main').getUser('u1');
      await expect(asserted(caller.svc.callRaw(user))).rejects.toThrow(/instead of rejecting/);
    }));
});

describe('a function may be the handler', () => {
  test('of what knows its target, with options and without', () =>
    inCaller('functions', async (caller) => {
      const calc = caller.ctn('CALC', 'functions');
      const outcomes: unknown[] = [];
      caller.svc.call(calc.add(1, 10), (sum) => outcomes.push(sum));
      caller.svc.call(calc.never(), (outcome) => outcomes.push(outcome), { timeout: 20 });
      caller.svc.call('CALC', 'functions', newContinuation<Calc>().add(2, 20), (sum) =>
        outcomes.push(sum),
      );
      await vi.waitFor(() => expect(outcomes).toHaveLength(3));
      expect(outcomes).toMatchObject([11, 22, { code: 'timeout' }]);
    }));

  test('`this` is the object; what it throws is reported with its name', () =>
    inCaller('reported', async (caller) => {
      const calc = caller.ctn('CALC', 'reported');
      function throwing(this: unknown): void {
        throw new Error(`on this object: ${this === caller}`);
      }
      caller.svc.call(calc.add(1, 10), throwing);
      caller.svc.call(calc.add(1, 10), () => Promise.reject(new Error('later')));
      await caller.arrived(2);
      expect(caller.errors).toEqual([new Error('on this object: true'), new Error('later')]);
      expect(caller.infos.map(({ handler }) => handler)).toEqual([
        'function throwing',
        '(outcome) => …',
      ]);
    }));

  test('each has its turn, in the async context of its call', () =>
    inCaller('contexts', async (caller) => {
      const context = new AsyncLocalStorage<string>();
      const calc = caller.ctn('CALC', 'contexts');
      const seen: string[] = [];
      for (const name of ['a', 'b']) {
        context.run(name, () =>
          caller.svc.call(calc.add(1, 1), async () => {
            seen.push(`${name} ${context.getStore()}`);
            await undefined;
            seen.push(`${name} ends`);
          }),
        );
      }
      await vi.waitFor(() => expect(seen).toEqual(['a a', 'a ends', 'b b', 'b ends']));
    }));

  test('stubs in the outcome are its own until it has ended', () =>
    inCaller('lent', async (caller) => {
      const greeted = Promise.withResolvers<string>();
      caller.svc.call(caller.ctn('CALC', 'lent').session(), async (session) => {
        if (session instanceof Error) throw session;
        greeted.resolve(await session.hello('Ada'));
      });
      expect(await greeted.promise).toBe('hello Ada');
    }));

  test.for([
    [{ timeout: 5 }, /options come after it, as in call\(remote, undefined, options\)/],
    ['onUser', /pass a function, or record one/],
    [5, /pass a function, or record one/],
  ] as const)('%j is none', ([handler, sentence]) =>
    inCaller('no handler', (caller) => {
      const call = caller.svc.call as unknown as (...args: unknown[]) => unknown;
      const error = thrownBy(() => call(caller.ctn('CALC', 'none').next(), handler));
      expect(error).toMatchObject({ code: 'invalid-continuation' });
      expect(error.message).toMatch(sentence);
    }),
  );

  test('nor does a call to another object run in one, whoever began the handler', () =>
    inCaller('no handler', (caller) => {
      const call = caller.svc.call as unknown as (...args: unknown[]) => unknown;
      const calc = caller.ctn('CALC', 'none');
      for (const begun of [caller.ctn(), newContinuation<CallerObject>()]) {
        const handler = begun.onOutcome(calc.add(1, 2) as never);
        const error = thrownBy(() => call(calc.next(), handler));
        expect(error).toMatchObject({ code: 'invalid-continuation' });
        expect(error.message).toMatch(/add\(1, 2\) was recorded by another ctn\(\)/);
      }
    }));

  test.for([
    ['a name that throws', 'throws'],
    ['a name that is no text', 'object'],
  ] as const)('%s takes no other handler along', ([title, name]) =>
    inCaller(title, async (caller) => {
      const handler = (): never => {
        throw new Error('the handler');
      };
      const get = (): unknown => {
        if (name === 'throws') throw new Error('the name');
        return { toString: () => 'x' };
      };
      Object.defineProperty(handler, 'name', { get });
      const calc = caller.ctn('CALC', title);
      caller.svc.call(calc.next(), handler);
      caller.svc.call(calc.next(), caller.ctn().onOutcome());
      await caller.arrived(2);
      expect(caller.received).toEqual([{ outcome: 3, rest: [] }]);
      expect(caller.infos[0]?.handler).toBe('(outcome) => …');
    }),
  );

  test('nor is a call to another object', () =>
    inCaller('no handler', (caller) => {
      const call = caller.svc.call as unknown as (...args: unknown[]) => unknown;
      const calc = caller.ctn('CALC', 'none');
      expect(thrownBy(() => call(calc.next(), calc.add(1, 2))).message).toMatch(
        /begin the handler with this\.ctn\(\): add\(1, 2\) would run on CALC\/none/,
      );
    }));
});

describe('any target', () => {
  const ways: Record<string, (caller: CallerObject) => { next(): PromiseLike<number> }> = {
    'the name of a binding': (caller) => caller.ctn('CALC', 'any'),
    'an id': (caller) => caller.ctn('CALC', env.CALC.idFromName('any')),
    'a namespace': (caller) => caller.ctn(env.CALC, 'any'),
    'a stub': (caller) => caller.ctn(env.CALC.getByName('any')),
    'an export of the Worker': (caller) =>
      caller.ctn(
        (caller as unknown as { ctx: { exports: { Calc: DurableObjectNamespace<Calc> } } }).ctx
          .exports.Calc,
        'any',
      ),
  };
  test.for(Object.entries(ways))('%s', ([, start]) =>
    inCaller('any target', async (caller) => {
      const before = await caller.ctn('CALC', 'any').next();
      expect(await start(caller).next()).toBe(before + 1);
    }),
  );

  test('a service, by its name and itself', () =>
    inCaller('services', async (caller) => {
      expect(await caller.ctn('TALLY').next()).toBe(1);
      expect(await caller.ctn(env.TALLY).next()).toBe(1);
    }));

  test('a stub that another object has sent', () =>
    inCaller('received', async (caller) => {
      const stub = await caller.ctn('REACHABLE', 'main').stub('object');
      const reached = caller.ctn(stub as unknown as DurableObjectStub<Calc>);
      const echo = (reached as unknown as { echo(value: unknown): PromiseLike<unknown> }).echo(
        'hello',
      );
      expect(await echo).toBe('hello');
    }));

  test('also where the binding stands first', () =>
    inCaller('four arguments', async (caller) => {
      const add = newContinuation<Calc>().add(1, 10);
      expect(await caller.svc.callRaw(env.CALC, 'four', add)).toBe(11);
      expect(await caller.svc.callRaw(env.CALC.getByName('four'), undefined, add)).toBe(11);
      const sums: unknown[] = [];
      caller.svc.call(env.CALC, 'four', add, (sum) => sums.push(sum));
      await vi.waitFor(() => expect(sums).toEqual([11]));
    }));

  test('a namespace that is bound in env is that binding: its calls share a message and an order', () =>
    inCaller('one target', async (caller) => {
      const outcomes = await Promise.all([
        caller.ctn('CALC', 'one').next(),
        caller.ctn(env.CALC, 'one').next(),
        caller.ctn('CALC', 'one').next(),
      ]);
      expect(outcomes).toEqual([2, 3, 4]);
      expect(sentBy(caller)).toEqual({ frames: 1, programs: 3 });
    }));

  test('errors name it: by its binding, its export, or as what it is', () =>
    inCaller('names', async (caller) => {
      const placeOf = async (call: PromiseLike<unknown>): Promise<unknown> => {
        const { binding, instance } = (await call.then(
          String,
          (error: CallError) => error,
        )) as CallError;
        return [binding, instance];
      };
      const fail = { timeout: 1 };
      const never = (start: { never(): unknown }): Promise<unknown> =>
        caller.svc.callRaw(start.never() as never, fail);
      expect(await placeOf(never(caller.ctn(env.CALC, 'n')))).toEqual(['CALC', 'n']);
      expect(await placeOf(never(caller.ctn(env.CALC.getByName('n'))))).toEqual(['stub', 'n']);
    }));

  test.for([
    ['nothing', [undefined], 'unknown-binding', /the target is undefined/],
    ['an unknown name', ['CLAC', 'main'], 'unknown-binding', /did you mean 'CALC'/],
    ['a namespace without an instance', ['CALC'], 'invalid-target', /name an instance/],
    [
      'a service with one',
      ['TALLY', 'main'],
      'invalid-target',
      /no instances: leave it out, or pass undefined/,
    ],
    ['a stub with one', [env.CALC.getByName('a'), 'b'], 'invalid-target', /which has no instances/],
    ['what is no target', [{}, 'main'], 'unknown-binding', /unknown binding '{}'/],
  ] as const)('%s is refused at once', ([, args, code, sentence]) =>
    inCaller('refused', (caller) => {
      const ctn = caller.ctn.bind(caller) as unknown as (...args: unknown[]) => unknown;
      const error = thrownBy(() => ctn(...args));
      expect(error).toMatchObject({ code });
      expect(error.message).toMatch(sentence);
    }),
  );

  test('options of `get` pass through; other ones than the platform has are refused', () =>
    inCaller('stub options', async (caller) => {
      const calc = caller.ctn('CALC', 'stub options');
      const options = { locationHint: 'weur', retry: { maxRetries: 1 }, timeout: 5_000 } as const;
      expect(await caller.svc.callRaw(calc.add(1, 10), options)).toBe(11);
      const call = caller.svc.callRaw(calc.next(), { routingMode: 'nowhere' as 'primary-only' });
      await expect(call).rejects.toMatchObject({ code: 'invalid-option' });
      const tally = caller.svc.callRaw(caller.ctn('TALLY').next(), { locationHint: 'weur' });
      await expect(tally).rejects.toThrow(/locationHint: only a Durable Object namespace/);
    }));
});

describe('no target is taken for another', () => {
  test('whatever an instance is called', () =>
    inCaller('keys', async (caller) => {
      const options = { locationHint: 'weur' } as const;
      const plain = caller.ctn('CALC', 'a').next();
      // What a key could be made of, as a name.
      for (const name of [
        'a\n{"locationHint":"weur"}',
        'a\0',
        '{"locationHint":"weur"}',
        'undefined',
      ]) {
        expect(await caller.svc.callRaw(plain, options)).toBeGreaterThan(1);
        expect(await caller.ctn('CALC', name).next()).toBe(2);
      }
      expect(await caller.svc.callRaw(plain, { ...options, retry: { maxRetries: 1 } })).toBe(6);
    }));

  test('nor is an id of another namespace, where a name has the same text', () =>
    inCaller('foreign ids', async (caller) => {
      const foreign = env.USERS.idFromName('foreign');
      expect(await caller.ctn('CALC', String(foreign)).next()).toBe(2);
      expect(thrownBy(() => caller.ctn('CALC', foreign))).toMatchObject({ code: 'invalid-target' });
      // An id and its text are one.
      const id = env.CALC.idFromName('own');
      const order = [caller.ctn('CALC', id).next(), caller.ctn('CALC', String(id)).next()];
      expect(
        await Promise.all([...order, caller.ctn('CALC', String(id).toUpperCase()).next()]),
      ).toEqual([2, 3, 4]);
      expect(sentBy(caller)).toEqual({ frames: 2, programs: 4 });
    }));

  test('nor is a revoked proxy, as the target or as the instance', () =>
    inCaller('revoked', (caller) => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      const ctn = caller.svc.ctn as unknown as (...target: unknown[]) => unknown;
      expect(thrownBy(() => ctn(proxy, 'x'))).toMatchObject({ code: 'unknown-binding' });
      expect(thrownBy(() => ctn('CALC', proxy))).toMatchObject({ code: 'invalid-target' });
    }));

  test('a stub that the caller has let go of is not kept for its target', () =>
    inCaller('let go', async (caller) => {
      for (let at = 0; at < 1_100; at++) caller.ctn(env.CALC.getByName('let go'));
      expect(await caller.ctn(env.CALC.getByName('let go')).next()).toBe(2);
    }));
});

describe('options of `get` that cannot be are refused at once, and nothing is sent', () => {
  const circular: Record<string, unknown> = { maxRetries: 1 };
  circular['timeoutMs'] = circular;
  const throwing = {
    get maxRetries(): never {
      throw new Error('not today');
    },
  };
  const { proxy: revoked, revoke } = Proxy.revocable({}, {});
  revoke();
  test.for<[title: string, options: object, sentence: RegExp]>([
    ['a circular retry', { retry: circular }, /retry\.timeoutMs is \{.*: it has to be a number/],
    ['a bigint in retry', { retry: { maxRetries: 1n } }, /retry\.maxRetries is 1n/],
    ['a retry that is a number', { retry: 3 }, /retry is 3: pass an object, as in \{ attempts/],
    ['a misspelt one', { retry: { maxretries: 1 } }, /'maxretries': did you mean 'maxRetries'\?/],
    ['a hint that is no text', { locationHint: 5 }, /locationHint is 5: it has to be a string/],
    ['a mode that is no text', { routingMode: {} }, /routingMode is \{\}: it has to be a string/],
    ['no number', { retry: { timeoutMs: Number.NaN } }, /retry\.timeoutMs is NaN: it has to be/],
    ['fewer than none', { retry: { maxRetries: -1 } }, /retry\.maxRetries is -1: it has to be/],
    ['a getter that throws', throwing, /the options cannot be read: Error: not today/],
    ['one in retry', { retry: throwing }, /retry cannot be read: Error: not today/],
    ['a proxy that is revoked', revoked, /the options cannot be read: TypeError/],
  ])('%s', ([, options, sentence]) =>
    inCaller('refused options', (caller) => {
      const next = caller.ctn('CALC', 'refused options').next();
      const error = thrownBy(() => caller.svc.call(next, undefined, options));
      expect(error).toMatchObject({ name: 'CallError', code: 'invalid-option' });
      expect(error.message).toMatch(sentence);
      expect(sentBy(caller).frames).toBe(0);
    }),
  );
});

describe('what is bound', () => {
  test('takes no part in a call to another target', () =>
    inCaller('elsewhere', async (caller) => {
      const [here, there] = [caller.ctn('CALC', 'here'), caller.ctn('CALC', 'there')];
      await expect((async () => here.add(1, there.next()))()).rejects.toThrow(
        /^await next\(\) first: it runs on CALC\/there, and the call goes to CALC\/here$/,
      );
      expect(await here.add(1, caller.ctn('CALC', 'here').next())).toBe(3);
      const unbound = newContinuation<Calc>();
      expect(await caller.svc.callRaw('CALC', 'here', unbound.add(1, here.next()))).toBe(4);
      await expect(
        caller.svc.callRaw('CALC', 'there', unbound.add(1, here.next())),
      ).rejects.toThrow(/await next\(\) first/);
    }));

  test('belongs to the object that made it', async () => {
    const theirs = await inCaller('theirs', (caller) => caller.ctn('CALC', 'main').next());
    expect(theirs).toBeGreaterThan(0);
    let bound: unknown;
    await inCaller('first', (caller) => {
      bound = caller.ctn('CALC', 'main').next();
    });
    await inCaller('second', async (caller) => {
      const call = caller.svc.callRaw(bound as never);
      await expect(call).rejects.toThrow(/next\(\) was recorded by another object/);
      const nested = caller.ctn('CALC', 'main').add(1, bound as never);
      await expect((async () => nested)()).rejects.toThrow(/was recorded by another object/);
    });
  });

  test('has its place in a handler', () =>
    inCaller('place', async (caller) => {
      const sum = caller.ctn('CALC', 'place').add(1, 10);
      caller.svc.call(sum, caller.ctn().onOutcome(sum, 'rest') as never);
      await caller.arrived(1);
      expect(caller.received).toEqual([{ outcome: 11, rest: ['rest'] }]);
    }));

  test('is there in a Worker, too', async () => {
    const context = createExecutionContext();
    const caller = createCaller(env, context);
    expect(await caller.ctn('CALC', 'worker').add(1, 10)).toBe(11);
    await waitOnExecutionContext(context);
  });

  test('stays as it was when the object forgot its target meanwhile', () =>
    inCaller('many', async (caller) => {
      const calc = caller.ctn('CALC', 'many');
      expect(await calc.next()).toBe(2);
      for (let at = 0; at < 1_100; at++) caller.ctn('CALC', `many ${at}`);
      const order = await Promise.all([calc.next(), caller.ctn('CALC', 'many').next()]);
      expect(order).toEqual([3, 4]);
    }));
});

test('an object of a base of its own has it in `svc`', () =>
  runInDurableObject(env.PLAIN.getByName('bound'), async (plain, state) => {
    const caller = createCaller(env, state, plain);
    expect(await caller.ctn('CALC', 'plain').add(1, 10)).toBe(11);
  }));
