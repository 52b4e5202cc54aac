/** A hostile sender: everything here reaches `__lmzCall` without the facade. */
import { env } from 'cloudflare:workers';
import { newContinuation } from '@lumenize/call';
import { expect, test } from 'vitest';
import { calc, inCalc, inCaller } from './in-object.js';

/** What Workers RPC makes of a stub: the facade's own entry is not part of its types. */
interface Entry {
  __lmzCall(frame: unknown, ...slots: unknown[]): Promise<unknown>;
}

async function codeOf(frame: unknown, ...slots: unknown[]): Promise<unknown> {
  const stub = env.CALC.getByName('hostile') as unknown as Entry;
  const [marker, failure] = (await stub.__lmzCall(frame, ...slots)) as [
    string,
    { properties: { code: string } },
  ];
  expect(marker).toBe('__lmzFailure');
  return failure.properties.code;
}

/** `[1, ["next"], [[0, [[0, 0, 0], [1, 1]]]]]`: an honest call of `next()`. */
const honest = Uint8Array.from([
  0x83, 0x01, 0x81, 0x64, 0x6e, 0x65, 0x78, 0x74, 0x81, 0x82, 0x00, 0x82, 0x83, 0x00, 0x00, 0x00,
  0x82, 0x01, 0x01,
]);

test('rule 25: a handmade honest frame runs', async () => {
  const stub = env.CALC.getByName('handmade') as unknown as Entry;
  expect(await stub.__lmzCall(honest)).toBe(2);
});

test('rule 25: what is no frame gives `protocol`, and nothing runs', async () => {
  for (const frame of [undefined, null, 'text', 5, {}, [], new Uint8Array(), new Uint16Array(8)]) {
    expect(await codeOf(frame)).toBe('protocol');
  }
  for (let length = 0; length < honest.length; length++) {
    expect(await codeOf(honest.slice(0, length))).toBe('protocol');
  }
  expect(await codeOf(honest, 'one slot too many')).toBe('protocol');
  expect(await codeOf(Uint8Array.from([...honest, 0]))).toBe('protocol');
  expect(await inCalc('hostile', (target) => target.log)).toEqual([]);
});

test('rule 28: a frame above the limit is refused before it reaches the core', async () => {
  expect(await codeOf(new Uint8Array(1_048_577))).toBe('limit-exceeded');
});

test('rule 29: another version gives `protocol` with both numbers', async () => {
  const stub = env.CALC.getByName('hostile') as unknown as Entry;
  const [, failure] = (await stub.__lmzCall(honest.with(1, 2))) as [string, { message: string }];
  expect(failure.message).toContain('version 2');
  expect(failure.message).toContain('version 1');
});

/** What the types refuse and a sender without types may try. */
const untyped = newContinuation as unknown as () => Record<string, (...args: unknown[]) => unknown>;

test.for([
  ['a lifecycle method', untyped()['fetch']?.()],
  ['the alarm', untyped()['alarm']?.()],
  ['the recorder', untyped()['ctn']?.()],
  ['the facade', untyped()['svc']],
  ['the facade’s entry', untyped()['__lmzCall']?.(honest)],
  ['the error hook', untyped()['onCallError']?.()],
  ['an own property', untyped()['log']],
  ['the context', untyped()['ctx']],
  ['the environment', untyped()['env']],
  ['a method of Object.prototype', untyped()['toString']?.()],
  ['a method that is not there', untyped()['missing']?.()],
  ['`call` of a function', (calc().adder(1) as unknown as { call(): unknown }).call()],
  ['`bind` of a function', (calc().adder(1) as unknown as { bind(): unknown }).bind()],
  [
    '`__defineGetter__`',
    (calc().origin as unknown as { __defineGetter__(): unknown }).__defineGetter__(),
  ],
] as const)('rule 26: %s is refused', ([, continuation]) =>
  inCaller('refused', async (caller) => {
    const call = caller.svc.callRaw(
      'CALC',
      'refused',
      continuation as ReturnType<typeof calc>['messages'],
    );
    await expect(call).rejects.toMatchObject({
      name: 'CallError',
      code: 'not-callable',
      mayHaveRun: false,
    });
  }),
);

test('rule 28: nesting deeper than the limit is refused', () =>
  inCaller('deep', async (caller) => {
    let nested = calc().echo(0);
    for (let depth = 0; depth < 64; depth++) nested = calc().echo(nested) as typeof nested;
    expect(await caller.svc.callRaw('CALC', 'deep', nested)).toBe(0);
    const call = caller.svc.callRaw('CALC', 'deep', calc().echo(nested));
    await expect(call).rejects.toMatchObject({ code: 'limit-exceeded' });
  }));
