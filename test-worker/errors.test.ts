/** What an error is when it arrives: its class, its code, its stack, and whether anything ran. */
import { CallError, explain, newContinuation, type Recorded, registerErrors } from '@lumenize/call';
import { describe, expect, test } from 'vitest';
import { calc, inCalc, inCaller, thrownBy } from './in-object.js';
import type { CallerObject, Users } from './index.js';
import { OutOfStock, PROMISES, THROWN } from './thrown.js';

const users = newContinuation<Users>;

/** The error that an awaited call to `USERS` ends in. */
function errorOf(remote: unknown): Promise<Error> {
  return inCaller('errors', async (caller) => {
    const call = caller.svc.callRaw.bind(caller.svc) as (...args: unknown[]) => Promise<unknown>;
    return call('USERS', 'main', remote).then(
      () => expect.unreachable('it did not fail'),
      (error: unknown) => error as Error,
    );
  });
}

/** The error that a handler receives. */
function handledErrorOf(remote: Recorded<never, Users>): Promise<Error> {
  return inCaller('handled', async (caller) => {
    const on = newContinuation<CallerObject>;
    const before = caller.received.length;
    caller.svc.call('USERS', 'main', remote, on().onOutcome());
    await caller.arrived(before + 1);
    return caller.received[before]?.outcome as Error;
  });
}

test('rule 21: an error arrives in the handler with name, message and remote stack', () =>
  inCaller('handled', async (caller) => {
    const on = newContinuation<CallerObject>;
    caller.svc.call('USERS', 'main', users().throwTypeError(), on().onOutcome());
    await caller.arrived(1);
    const error = caller.received[0]?.outcome as Error;
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ name: 'TypeError', message: 'wrong type' });
    expect(error.stack).toContain('throwTypeError');
  }));

function remoteMethod(name: string): 'rejectWith' | 'throwPromise' {
  return Object.hasOwn(THROWN, name) ? 'rejectWith' : 'throwPromise';
}

describe.for(['handler', 'promise'] as const)('rule 21: what is thrown arrives in a %s:', (way) => {
  test.for(Object.entries({ ...THROWN, ...PROMISES }))('%s', async ([name, expected]) => {
    const remote = users()[remoteMethod(name)](name);
    const error = await (way === 'handler' ? handledErrorOf(remote) : errorOf(remote));
    expect(error).toMatchObject(expected.matches ?? {});
    // In the chain of prototypes, the class itself comes first.
    const { prototype } = expected.isExactly ?? Error;
    expect(Object.getPrototypeOf(error)).toBe(prototype);
    for (const property of expected.lacks ?? []) expect(Object.hasOwn(error, property)).toBe(false);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
    expect((error as { polluted?: unknown }).polluted).toBeUndefined();
    const operation = `${explain(remote)} on USERS/main`;
    if (expected.isNoError) expect(error.message).toContain(`${operation} threw `);
    else expect(error.stack).toContain(`\n    at remote call ${operation}`);
    expected.also?.(error as Error & Record<string, unknown>);
  });
});

test('rule 21: errors in a circle arrive as the same few errors', async () => {
  const error = await errorOf(users().rejectWith('causes in a circle'));
  expect((error.cause as Error).cause).toBe(error);
});

test('rule 21: twenty causes arrive, each with its own stack', async () => {
  let error: unknown = await errorOf(users().rejectWith('twenty causes'));
  for (let depth = 20; depth > 0; depth--) {
    expect(error).toMatchObject({
      message: String(depth),
      stack: expect.stringContaining('chain'),
    });
    error = (error as Error).cause;
  }
  expect(error).toBeInstanceOf(RangeError);
});

test('rule 21: a stack shows the remote part, the call, and who awaited it', async () => {
  async function refreshTheCart(): Promise<Error> {
    return inCaller('stacks', async (caller) => {
      try {
        await caller.awaitUser(users().throwTypeError());
      } catch (error) {
        return error as Error;
      }
      return expect.unreachable('it did not fail');
    });
  }
  const { stack = '' } = await refreshTheCart();
  expect(stack).toMatch(
    /^TypeError: wrong type\n[\s\S]*at Users\.throwTypeError [\s\S]*\n {4}at remote call throwTypeError\(\) on USERS\/main \(remote:1:1\)\n[\s\S]*at async CallerObject\.awaitUser /,
  );
});

test('rule 17: the stack of a timeout shows who awaited the call', () =>
  inCaller('stacks of time', async (caller) => {
    const error = (await caller
      .awaitUser(users().never(), { timeout: 10 })
      .catch((thrown) => thrown)) as Error;
    expect(error.stack).toMatch(
      /^CallError: never\(\) on USERS\/main did not answer within 10 ms\n[\s\S]*at async CallerObject\.awaitUser /,
    );
  }));

test.for([
  ['a class that is no error', [class Money {}], /not Money/],
  ['what is no class', ['OutOfStock'], /not OutOfStock/],
  ['a class that extends CallError', [class Late extends CallError {}], /not Late/],
  ['a class without a name', [class extends Error {}], /not a class without a name/],
  [
    'another class of a built-in name',
    [{ TypeError: class extends Error {} }.TypeError],
    /another class .* named TypeError/,
  ],
  ['a class named as ours', [class CallError extends Error {}], /another class .* named CallError/],
] as const)('rule 22: `registerErrors` refuses %s', ([, classes, message]) => {
  const register = registerErrors as (...args: readonly unknown[]) => void;
  expect(thrownBy(() => register(...classes))).toMatchObject({ code: 'invalid-option' });
  expect(() => register(...classes)).toThrow(message);
});

test('rule 22: registering a class twice changes nothing', async () => {
  registerErrors(OutOfStock, OutOfStock);
  expect(await errorOf(users().rejectWith('a registered class'))).toBeInstanceOf(OutOfStock);
});

test.for([
  ['a failure without an error', ['__lmzFailure']],
  ['a failure that is a number', ['__lmzFailure', 5]],
  ['a failure without a message', ['__lmzFailure', { name: 'Error', properties: {} }]],
  ['a failure without properties', ['__lmzFailure', { name: 'Error', message: '' }]],
  [
    'a cause that is a number',
    ['__lmzRefusal', { name: 'Error', message: '', properties: {}, cause: 5 }],
  ],
  [
    'errors that are no list',
    ['__lmzFailure', { name: 'Error', message: '', properties: {}, errors: 5 }],
  ],
] as const)('rule 7: a target that answers with %s settles its call as `protocol`', ([, answer]) =>
  inCaller('lied to', async (caller) => {
    const call = caller.svc.callRaw('LIAR' as 'CALC', 'main', calc().echo(answer));
    await expect(call).rejects.toMatchObject({
      name: 'CallError',
      code: 'protocol',
      mayHaveRun: true,
    });
  }),
);

test('rule 23: `mayHaveRun` is true once anything has run, whatever the error is', () =>
  inCaller('ran', async (caller) => {
    const missing = (calc() as unknown as { missing(): unknown }).missing();
    const nothing = caller.svc.callRaw('CALC', 'ran', calc().pair(calc().next(), missing));
    await expect(nothing).rejects.toMatchObject({ code: 'not-callable', mayHaveRun: false });
    const detour = (calc().closure() as unknown as { call(): number }).call();
    const something = caller.svc.callRaw('CALC', 'ran', calc().pair(calc().next(), detour));
    await expect(something).rejects.toMatchObject({ code: 'not-callable', mayHaveRun: true });
    expect(await inCalc('ran', (target) => target.log)).toEqual(['next()']);
  }));

test('rule 15: an argument that cannot be sent fails its call alone, and nothing ran', () =>
  inCaller('argument', async (caller) => {
    const bad = caller.svc.callRaw('CALC', 'argument', calc().echo(new WeakMap()));
    const good = caller.svc.callRaw('CALC', 'argument', calc().next());
    await expect(bad).rejects.toMatchObject({ code: 'not-cloneable', mayHaveRun: false });
    expect(await good).toBe(2);
  }));

test('rule 15: a result that cannot be returned fails its call alone, after it ran', () =>
  inCaller('result', async (caller) => {
    const bad = caller.svc.callRaw('CALC', 'result', calc().unsendable());
    const good = caller.svc.callRaw('CALC', 'result', calc().next());
    await expect(bad).rejects.toMatchObject({ code: 'not-cloneable', mayHaveRun: true });
    expect(await good).toBe(2);
    expect(await inCalc('result', (target) => target.log)).toEqual(['unsendable()', 'next()']);
  }));

test('a value that looks like a failure arrives as the value that it is', () =>
  inCaller('looks', async (caller) => {
    for (const value of [['__lmzFailure', { thrown: 1 }], ['__lmzValue', 1], ['__lmzValue']]) {
      expect(await caller.svc.callRaw('CALC', 'looks', calc().echo(value))).toEqual(value);
    }
  }));

test('a CallError that a target passes on keeps what it says', () =>
  inCaller('passes on', async (caller) => {
    const call = caller.svc.callRaw('CALC', 'passes on', calc().callNever('passes on too', 20));
    await expect(call).rejects.toMatchObject({
      name: 'CallError',
      code: 'timeout',
      operation: 'never()',
      instance: 'passes on too',
      mayHaveRun: true,
    });
  }));
