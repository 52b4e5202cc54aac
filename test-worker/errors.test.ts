import { CallError, newContinuation } from '@lumenize/call';
import { expect, test } from 'vitest';
import { calc, inCalc, inCaller } from './in-object.js';
import type { CallerObject, Users } from './index.js';

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

test('rule 21: the chain of causes arrives, each as itself', async () => {
  const error = await errorOf(users().throwWithCause());
  expect(error.cause).toBeInstanceOf(RangeError);
  expect((error.cause as Error).message).toBe('inner');
  expect((error.cause as Error).cause).toBe('why');
});

test('rule 21: the errors of an AggregateError arrive', async () => {
  const error = (await errorOf(users().throwAggregate())) as AggregateError;
  expect(error).toBeInstanceOf(AggregateError);
  expect(error.errors).toEqual([new TypeError('one'), new Error('two')]);
  expect(error.errors[0]).toBeInstanceOf(TypeError);
});

test('rule 21: own properties arrive; one that cannot be cloned is dropped alone', async () => {
  const error = await errorOf(users().throwOutOfStock());
  expect(error).toMatchObject({
    name: 'OutOfStock',
    message: 'none left',
    sku: 'sku-1',
    left: new Map([['a', 0]]),
    price: { cents: 3 },
    errors: ['not those of an AggregateError'],
  });
  expect('retry' in error).toBe(false);
});

test('rule 21: a thrown non-error arrives as the cause of `remote-threw`', async () => {
  const error = await errorOf(users().rejectString());
  expect(error).toBeInstanceOf(CallError);
  expect(error).toMatchObject({ code: 'remote-threw', cause: 'just a string', mayHaveRun: true });
  expect(error.message).toBe('rejectString() on USERS threw just a string, which is not an Error');
});

test('rule 21: a thrown instance of a class arrives as its data', async () => {
  expect(await errorOf(users().throwInstance())).toMatchObject({
    code: 'remote-threw',
    cause: { cents: 5 },
  });
});

test('rule 21: errors that cause each other arrive, a hundred of them at most', async () => {
  const error = await errorOf(users().throwTangled());
  expect(error).toMatchObject({ name: 'AggregateError', message: 'tangled' });
  expect(((error as AggregateError).errors[0] as Error).cause).toBeInstanceOf(AggregateError);
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
  ['an error that causes itself', 'endless'],
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

test('rule 22: a class that is not registered arrives as Error with its name', async () => {
  const error = await errorOf(users().throwOutOfStock());
  expect(Object.getPrototypeOf(error)).toBe(Error.prototype);
  const confusing = await errorOf(users().throwNameOfPrototype());
  expect(Object.getPrototypeOf(confusing)).toBe(Error.prototype);
  expect(confusing.name).toBe('__proto__');
});

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
