/** What a class opens to callers, and what it keeps closed. */
import { env } from 'cloudflare:workers';
import { type CallError, callable, newContinuation, type Recorded } from '@lumenize/call';
import { expect, test } from 'vitest';
import type { Legacy } from './decorated.legacy.js';
import type { Standard } from './decorated.standard.js';
import { frameOf, refusal, send } from './handmade.js';
import { calc, inCaller, thrownBy } from './in-object.js';
import type { Calc } from './index.js';
import type { Chosen, Limited, Misconfigured, Misspelt, Open } from './receivers.js';

/** What calling a method of an object comes to: its result, or the code of a `CallError`. */
function outcomeOf(
  binding:
    | 'CHOSEN'
    | 'STANDARD'
    | 'LEGACY'
    | 'OPEN'
    | 'LIMITED'
    | 'MISCONFIGURED'
    | 'NARROWER'
    | 'MISSPELT',
  remote: unknown,
): Promise<unknown> {
  return inCaller('receiving', (caller) => {
    const call = caller.svc.callRaw.bind(caller.svc) as unknown as (
      ...args: unknown[]
    ) => Promise<unknown>;
    return call(binding, 'main', remote).catch((error: CallError) => error.code);
  });
}

test('a handmade honest frame runs', async () => {
  expect(await send('handmade', frameOf(['next'], 0, [0, 0, 0], [1, 1]))).toBe(2);
});

test('rule 27: with `static callable`, only the methods named are open', async () => {
  const chosen = newContinuation<Chosen>();
  expect(await outcomeOf('CHOSEN', chosen.open())).toBe('open');
  expect(await outcomeOf('CHOSEN', chosen.closed())).toBe('not-callable');
  expect(await outcomeOf('CHOSEN', chosen.inherited())).toBe('not-callable');
  expect(await outcomeOf('CHOSEN', chosen.itself().closed())).toBe('not-callable');
});

test.for([
  ['standard', 'STANDARD', newContinuation<Standard>()],
  ['legacy', 'LEGACY', newContinuation<Legacy>()],
] as const)(
  'rule 27: `@callable()` as a %s decorator opens what it marks, and only that',
  async ([, binding, target]) => {
    expect(await outcomeOf(binding, target.open())).toBe('open');
    expect(await outcomeOf(binding, target.getter)).toBe('getter');
    expect(await outcomeOf(binding, target.closed())).toBe('not-callable');
    expect(await outcomeOf(binding, target.inherited())).toBe('inherited');
  },
);

test('rule 27: a subclass opens less than its parent', async () => {
  const narrower = newContinuation<Chosen>();
  expect(await outcomeOf('NARROWER', narrower.itself().open())).toBe('not-callable');
  expect(await outcomeOf('NARROWER', narrower.open())).toBe('not-callable');
});

test('rule 27: a name in `static callable` that is no member is said to every caller', () =>
  inCaller('misspelt', async (caller) => {
    const call = caller.svc.callRaw('MISSPELT', 'main', newContinuation<Misspelt>().inherited());
    await expect(call).rejects.toMatchObject({
      code: 'invalid-option',
      message: "static callable of Misspelt names 'inherted', which is no member of it",
    });
  }));

test('rule 27: `@callable()` refuses what it cannot mark', () => {
  const decorate = callable() as unknown as (...args: unknown[]) => void;
  for (const args of [
    [undefined, { kind: 'field', name: 'field' }],
    [() => {}, { kind: 'method', name: Symbol('s') }],
    [() => {}, { kind: 'method', name: 'made', static: true }],
    [class {}, { kind: 'class' }],
  ]) {
    expect(thrownBy(() => decorate(...args))).toMatchObject({ code: 'invalid-option' });
  }
});

test('rule 26: `ctx` and `env` are open where the class says so, and only there', async () => {
  const open = newContinuation<Open>();
  expect(await outcomeOf('OPEN', open.ctx.storage.kv.put('k', 'v'))).toBeUndefined();
  expect(await outcomeOf('OPEN', open.ctx.storage.kv.get('k'))).toBe('v');
  expect(await outcomeOf('OPEN', open.env.NAME)).toBe(env.NAME);
  expect(await outcomeOf('OPEN', newContinuation<{ own: string }>().own)).toBe('not-callable');
  expect(await outcomeOf('CHOSEN', newContinuation<Open>().ctx.storage.kv.get('k'))).toBe(
    'not-callable',
  );
});

test('rule 27: members that are private or protected for TypeScript are methods like any others', async () => {
  // biome-ignore lint/suspicious/noExplicitAny: a caller that ignores the types
  const remote = newContinuation<any>();
  expect(await outcomeOf('OPEN', remote.hiddenByTypes())).toBe('private, and this is');
  expect(await outcomeOf('OPEN', remote.guardedByTypes())).toBe('protected, private, and this is');
  expect(await outcomeOf('OPEN', remote['#hidden']())).toBe('not-callable');
  // As by Workers RPC.
  const stub = env.OPEN.getByName('main') as unknown as { hiddenByTypes(): Promise<string> };
  expect(await stub.hiddenByTypes()).toBe('private, and this is');
});

test('rule 28: `static callLimits` narrows and widens for its class', async () => {
  const limited = newContinuation<Limited>();
  expect(await outcomeOf('LIMITED', limited.echo(limited.echo(1)))).toBe(1);
  expect(await outcomeOf('LIMITED', limited.echo(limited.echo(limited.echo(1))))).toBe(
    'limit-exceeded',
  );
});

test('rule 28: a limit that does not exist is said to every caller', () =>
  inCaller('misconfigured', async (caller) => {
    const call = caller.svc.callRaw(
      'MISCONFIGURED',
      'main',
      newContinuation<Misconfigured>().open(),
    );
    await expect(call).rejects.toMatchObject({
      code: 'invalid-option',
      message: expect.stringMatching(/^callLimits has no 'stepz': there is frameBytes, steps, /),
      mayHaveRun: false,
    });
  }));

test('rule 28: nesting deeper than the limit of the receiver is refused, and nothing runs', () =>
  inCaller('deep', async (caller) => {
    let nested = calc().echo(0);
    for (let depth = 0; depth < 64; depth++) nested = calc().echo(nested);
    expect(await caller.svc.callRaw('CALC', 'deep', nested)).toBe(0);
    const call = caller.svc.callRaw('CALC', 'deep', calc().echo(nested));
    await expect(call).rejects.toMatchObject({ code: 'limit-exceeded', mayHaveRun: false });
  }));

test.for([
  [
    'an argument list',
    () => calc().adder(1)(...(new Array(32_769).fill(0) as [number])),
    '32769 arguments of a call, the limit is 32768',
  ],
  [
    'an array beside a continuation',
    () => calc().echo([...new Array(200_000).fill(0), calc().next()]),
    '200001 items of an array that holds a continuation, the limit is 32768',
  ],
  [
    'an object beside a continuation',
    () =>
      calc().echo({ ...Object.fromEntries(Array(32_768).fill(0).entries()), last: calc().next() }),
    '32769 entries of an object that holds a continuation, the limit is 32768',
  ],
  [
    'a chain',
    () =>
      Array.from({ length: 33_000 }).reduce<unknown>(
        (chain) => (chain as { echo(n: number): unknown }).echo(1),
        calc(),
      ),
    '33000 slots of the frame, the limit is 32768',
  ],
  [
    'a nested array',
    () =>
      calc().echo(Array.from({ length: 300 }).reduce<unknown>((inner) => [inner], calc().next())),
    '257 levels of nesting, the limit is 256',
  ],
  [
    'a nested call',
    () => Array.from({ length: 300 }).reduce<unknown>((inner) => calc().echo(inner), 0),
    '257 levels of nesting, the limit is 256',
  ],
  [
    'a name',
    () => (calc() as unknown as Record<string, () => unknown>)['n'.repeat(4_097)]?.(),
    '4097 bytes in a name, the limit is 4096',
  ],
] as const)('rule 28: %s that is too long is refused at once', ([, remote, message]) =>
  inCaller('long', (caller) => {
    const call = caller.svc.call.bind(caller.svc) as unknown as (...args: unknown[]) => unknown;
    expect(thrownBy(() => call('CALC', 'main', remote()))).toMatchObject({
      name: 'CallError',
      code: 'limit-exceeded',
      message,
    });
  }),
);

test('rule 25: bytes that were accepted once are still checked against the slots that come along', async () => {
  const add = frameOf(['add'], 2, [0, 0, 0], [1, 1, 0, 1]);
  expect(await send('accepted', add, 1, 10)).toBe(11);
  expect(await send('accepted', add, 2, 20)).toBe(22);
  expect(await refusal('accepted', add, 1)).toMatchObject({ code: 'protocol' });
  // What follows is not the program's.
  expect(await send('accepted', add, 1, 10, 100)).toBe(11);
  expect(await send('accepted', add, 3, 30)).toBe(33);
});

test('rule 27: bytes that one class accepted are no key to another', async () => {
  const open = newContinuation<Chosen & { closed(): string }>();
  expect(await outcomeOf('CHOSEN', open.open())).toBe('open');
  expect(await outcomeOf('STANDARD', open.closed())).toBe('not-callable');
  expect(await outcomeOf('MISCONFIGURED', open.open())).toBe('invalid-option');
});

test('rule 25: a flood of different frames is answered like the first', () =>
  inCaller('flood', async (caller) => {
    const echo = calc() as unknown as Record<string, () => Recorded<number, Calc>>;
    for (let index = 0; index < 600; index++) {
      const missing = caller.svc.callRaw(
        'CALC',
        'flood',
        (echo[`missing${index}`] as () => Recorded<number, Calc>)(),
      );
      await expect(missing).rejects.toMatchObject({ code: 'not-callable' });
    }
    expect(await caller.svc.callRaw('CALC', 'flood', calc().next())).toBe(2);
  }));

test('rule 25: a refusal names the place', async () => {
  const { message } = await refusal('places', frameOf(['next'], 0, [0, 0, 0], [1, 1, -7]));
  expect(message).toBe("step 2, 'next': value 7 is not computed before this step");
});
