/** What `call` and `callRaw` accept, what they refuse at once, and in which order calls arrive. */
import { env } from 'cloudflare:workers';
import {
  type CallError,
  explain,
  type Handler,
  newContinuation,
  type Recorded,
} from '@lumenize/call';
import { expect, test } from 'vitest';
import { calc, inCalc, inCaller, thrownBy } from './in-object.js';
import type { Calc, CallerObject, Users } from './index.js';

test('rule 6: `call` returns at once, before anything has run', () =>
  inCaller('returns at once', async (caller) => {
    const user = caller.ctn<Users>().getUser('u1');
    const handle = caller.svc.call('USERS', 'main', user, caller.ctn().onUser(user, 'u1'));
    expect(handle.id).toBeGreaterThan(0);
    expect(caller.received).toEqual([]);
    await caller.arrived(1);
    expect(caller.received).toEqual([{ outcome: { id: 'u1', name: 'User u1' }, rest: ['u1'] }]);
  }));

const notTyped = (caller: CallerObject) =>
  caller.svc.call.bind(caller.svc) as unknown as (...args: readonly unknown[]) => unknown;

test.for([
  [
    'an unknown binding',
    ['USRES', 'main', calc().next()],
    'unknown-binding',
    "unknown binding 'USRES': did you mean 'USERS'?",
  ],
  [
    'an unknown binding like no other',
    ['QWERTYUIOP', 'main', calc().next()],
    'unknown-binding',
    /^unknown binding 'QWERTYUIOP': there is .*CALC/,
  ],
  [
    'a binding that is inherited',
    ['toString', 'main', calc().next()],
    'unknown-binding',
    /^unknown binding 'toString'/,
  ],
  [
    'a variable',
    ['NAME', 'main', calc().next()],
    'invalid-target',
    /^the binding 'NAME' is neither/,
  ],
  [
    'a number for the remote',
    ['CALC', 'main', 5],
    'invalid-continuation',
    'the remote is 5, not a continuation: record one, as in this.ctn<Users>().getUser(id)',
  ],
  [
    'a promise for the remote',
    ['CALC', 'main', Promise.resolve(1)],
    'invalid-continuation',
    /^the remote is Promise, not a continuation/,
  ],
  [
    'an object for the handler',
    ['CALC', 'main', calc().next(), { timeout: 5 }],
    'invalid-continuation',
    /^the handler is {timeout: 5}, not a continuation: options come after it/,
  ],
  [
    'a remote without a step',
    ['CALC', 'main', calc()],
    'invalid-continuation',
    'ctn() alone does nothing: call a method of it',
  ],
  [
    '$result in a remote',
    ['CALC', 'main', calc().echo(calc().$result)],
    'invalid-continuation',
    /only a handler/,
  ],
  [
    'a handler that reads a property',
    ['CALC', 'main', calc().next(), newContinuation<CallerObject>().received],
    'invalid-continuation',
    'the handler received reads a property: call a method, as in received()',
  ],
  [
    'no instance',
    ['CALC', undefined, calc().next()],
    'invalid-target',
    "the binding 'CALC' is a Durable Object namespace: name an instance, as in ctn('CALC', 'main')",
  ],
  ['an empty instance', ['CALC', '', calc().next()], 'invalid-target', /name an instance/],
  [
    'a number for the instance',
    ['CALC', 7, calc().next()],
    'invalid-target',
    "the binding 'CALC' has no instance 7: pass a name or one of its ids",
  ],
  [
    'an instance of an entrypoint',
    ['SERVICE', 'main', calc().next()],
    'invalid-target',
    /pass undefined/,
  ],
  [
    'a negative timeout',
    ['CALC', 'main', calc().next(), undefined, { timeout: -1 }],
    'invalid-option',
    'timeout is -1: it has to be milliseconds above 0, or Infinity for none',
  ],
  [
    'a timeout of 0',
    ['CALC', 'main', calc().next(), undefined, { timeout: 0 }],
    'invalid-option',
    /^timeout is 0/,
  ],
  [
    'a timeout of NaN',
    ['CALC', 'main', calc().next(), undefined, { timeout: Number.NaN }],
    'invalid-option',
    /^timeout is NaN/,
  ],
  [
    'a timeout that is text',
    ['CALC', 'main', calc().next(), undefined, { timeout: '5s' }],
    'invalid-option',
    /^timeout is "5s"/,
  ],
  [
    'options that are a number',
    ['CALC', 'main', calc().next(), undefined, 5_000],
    'invalid-option',
    'the options are 5000: pass an object, as in { timeout: 5_000 }',
  ],
  [
    'an option that is misspelt',
    ['CALC', 'main', calc().next(), undefined, { timeuot: 5 }],
    'invalid-option',
    "unknown option 'timeuot': did you mean 'timeout'?",
  ],
] as const)('rule 6: `call` refuses %s at once', ([, args, code, message]) =>
  inCaller('refuses', (caller) => {
    const error = thrownBy(() => notTyped(caller)(...args));
    expect(error).toMatchObject({ name: 'CallError', code, mayHaveRun: false });
    expect(error.message).toEqual(
      typeof message === 'string' ? message : expect.stringMatching(message),
    );
  }),
);

test('rule 6: what was called before opens no way for what only looks like it', () =>
  inCaller('cached', async (caller) => {
    await caller.svc.callRaw('CALC', '7', calc().next());
    expect(thrownBy(() => notTyped(caller)('CALC', 7, calc().next())).code).toBe('invalid-target');
    expect(thrownBy(() => notTyped(caller)(['CALC'], '7', calc().next())).code).toBe(
      'unknown-binding',
    );
    expect(thrownBy(() => notTyped(caller)(Symbol('CALC'), '7', calc().next())).code).toBe(
      'unknown-binding',
    );
    expect(thrownBy(() => notTyped(caller)('CALC', Symbol('7'), calc().next())).code).toBe(
      'invalid-target',
    );
    expect(thrownBy(() => notTyped(caller)('CALC', null, calc().next())).code).toBe(
      'invalid-target',
    );
  }));

test('rule 6: `callRaw` rejects with the same errors', () =>
  inCaller('rejects', async (caller) => {
    const rejected = caller.svc.callRaw('NAME' as 'CALC', 'main', calc().next());
    await expect(rejected).rejects.toMatchObject({ code: 'invalid-target' });
  }));

test('an instance is a name, an id or an id as text', () =>
  inCaller('instances', async (caller) => {
    const id = env.CALC.idFromName('by id');
    const next = calc().next();
    expect(await caller.svc.callRaw('CALC', 'by id', next)).toBe(2);
    expect(await caller.svc.callRaw('CALC', id, next)).toBe(3);
    expect(await caller.svc.callRaw('CALC', id.toString(), next)).toBe(4);
    expect(await caller.svc.callRaw('CALC', id.toString().toUpperCase(), next)).toBe(5);
  }));

const on = newContinuation<CallerObject>;
const add = calc().add(1, 10);

test.for([
  ['where the remote itself is passed', on().onOutcome(add, 'a'), 11, ['a']],
  ['where $result stands', on().onOutcome('a', add.$result), 'a', [11]],
  ['where $result of the handler stands', on().onOutcome(on().$result, 'b'), 11, ['b']],
  ['inside an object', on().onOutcome({ sum: add }), { sum: 11 }, []],
  ['inside an array, twice', on().onOutcome([add, [add.$result]]), [11, [11]], []],
  ['last, where it appears nowhere', on().onLast('a'), 11, ['a']],
  ['beside a local continuation', on().onOutcome(add, on().double(21)), 11, [42]],
  [
    'into a local continuation',
    on().onOutcome(on().double(add as unknown as Recorded<number, CallerObject>)),
    22,
    [],
  ],
] as const)('rule 5: the outcome goes %s', ([, handler, outcome, rest]) =>
  inCaller('places', async (caller) => {
    caller.received.length = 0;
    caller.svc.call('CALC', 'places', add, handler as Handler<number>);
    await caller.arrived(1);
    expect(caller.received).toEqual([{ outcome, rest }]);
  }),
);

test.for([0, 1, 2, 3, 4])(
  'rule 5: with %i other arguments, the outcome has any place or none',
  (count) =>
    inCaller(`any place of ${count}`, async (caller) => {
      const others: readonly unknown[] = Array.from({ length: count }, (_, n) => `argument ${n}`);
      const places = [...Array.from({ length: count + 1 }, (_, place) => place), undefined];
      // Each twice: what is known of the first must do for the second, with other arguments.
      for (const place of [...places, ...places]) {
        const before = caller.received.length;
        const own = others.map((other): unknown => `${other} of ${before}`);
        const args: unknown[] = place === undefined ? own : own.toSpliced(place, 0, add);
        const record = on().onOutcome as (...args: unknown[]) => Handler<number>;
        caller.svc.call('CALC', 'any place', add, record(...args));
        await caller.arrived(before + 1);
        const received = caller.received[before];
        expect([received?.outcome, ...(received?.rest ?? [])]).toEqual(
          own.toSpliced(place ?? count, 0, 11),
        );
      }
    }),
);

test('rule 5: a handler cannot use an outcome that may be an error', () =>
  inCaller('uses', (caller) => {
    const user = newContinuation<Users>().getUser('u1');
    const error = thrownBy(() => caller.svc.call('USERS', 'main', user, on().onOutcome(user.name)));
    expect(error.code).toBe('invalid-continuation');
    expect(error.message).toContain('getUser("u1").name uses the outcome');
  }));

test('rule 7: 200 concurrent calls run 200 handlers, each once', () =>
  inCaller('concurrent', async (caller) => {
    for (let index = 0; index < 200; index++) {
      caller.svc.call(
        'CALC',
        'concurrent',
        calc().add(index, 1),
        on().onOutcome(on().$result, index),
      );
    }
    await caller.arrived(200);
    expect(caller.received.map(({ outcome }) => outcome)).toEqual(
      Array.from({ length: 200 }, (_, index) => index + 1),
    );
    expect(await inCalc('concurrent', (target) => target.log.length)).toBe(200);
  }));

test('rule 10: calls to one target arrive in the order in which they were made', () =>
  inCaller('order', async (caller) => {
    for (let index = 0; index < 50; index++) caller.svc.call('CALC', 'order', calc().add(index, 0));
    await caller.svc.callRaw('CALC', 'order', calc().next());
    const log = await inCalc('order', (target) => target.log);
    expect(log).toEqual([
      ...Array.from({ length: 50 }, (_, index) => `add(${index}, 0)`),
      'next()',
    ]);
  }));

test('rule 8: arguments that can no longer be looked at do not keep a call from settling', () =>
  inCaller('revoked', async (caller) => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    const unknown = calc() as unknown as Record<
      'missing' | 'never',
      (a: unknown) => Recorded<number, Calc>
    >;
    const handler = (): Handler<unknown> => on().onOutcome() as Handler<unknown>;
    caller.svc.call('CALC', 'revoked', unknown.missing(proxy), handler());
    caller.svc.call('CALC', 'revoked', unknown.never(proxy), handler(), { timeout: 10 });
    revoke();
    await caller.arrived(2);
    expect(caller.received.map(({ outcome }) => (outcome as CallError).code)).toEqual([
      'not-callable',
      'timeout',
    ]);
  }));

test('rule 11: no storage is touched on the way of a call', () =>
  inCaller('storage', async (caller) => {
    await caller.svc.callRaw('CALC', 'storage', add);
    expect(await caller.storageIsUntouched()).toBe(true);
  }));

test('a target that does not use this package is named', () =>
  inCaller('plain', async (caller) => {
    const call = caller.svc.callRaw('PLAIN' as 'CALC', 'main', add);
    const error = await call.catch((caught: unknown) => caught as CallError);
    expect(error).toMatchObject({ code: 'protocol', mayHaveRun: false, binding: 'PLAIN' });
    expect((error as CallError).message).toContain('the target has to extend LumenizeBase');
    expect(explain(add)).toBe((error as CallError).operation);
  }));
