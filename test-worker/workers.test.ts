/** Workers that call and are called: what lives for one request only. */
import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { createCaller, newContinuation } from '@lumenize/call';
import { expect, test, vi } from 'vitest';
import { Gateway } from './gateway.js';
import { calc, inCaller } from './in-object.js';
import type { Users } from './index.js';

const gateway = newContinuation<Gateway>;
/** The binding as its own caller sees it: Workers RPC, without this package. */
const direct = env.GATEWAY as unknown as Gateway;

test('a Durable Object calls a Worker entrypoint, which has no instance', () =>
  inCaller('worker', async (caller) => {
    expect(await caller.svc.callRaw('GATEWAY', undefined, gateway().greet('Ada'))).toBe(
      'hello Ada',
    );
    const failing = caller.svc.callRaw('GATEWAY', undefined, gateway().throwTypeError());
    await expect(failing).rejects.toBeInstanceOf(TypeError);
    const closed = gateway() as unknown as { svc: { call(): never } };
    const refused = caller.svc.callRaw('GATEWAY', undefined, closed.svc.call() as never);
    await expect(refused).rejects.toMatchObject({ code: 'not-callable', mayHaveRun: false });
  }));

test('a Worker entrypoint calls a Durable Object, and itself', async () => {
  expect(await direct.add(1, 10)).toBe(11);
  expect(await direct.greetByItself('Ada')).toBe('hello Ada');
});

test('rule 7: a handler in a Worker runs, though its request has been answered', async () => {
  expect(await direct.addLater(1, 10, 'r1')).toBe('accepted');
  await vi.waitFor(() => expect(Gateway.log).toContain('r1: 11'));
  expect(Gateway.log.filter((line) => line.startsWith('r1'))).toHaveLength(1);
});

test('rule 9: an error that nobody else sees in a Worker reaches its onCallError, as long as that takes', async () => {
  expect(await direct.failLater('r2')).toBe('accepted');
  await vi.waitFor(() => expect(Gateway.log).toContain('r2: timeout'));
});

test('12: stubs of one request are not carried to the next', async () => {
  for (let request = 0; request < 3; request++)
    expect(await direct.add(request, 1)).toBe(request + 1);
});

test('a fetch handler calls by `createCaller`, and its handlers run before the request ends', async () => {
  const ctx = createExecutionContext();
  const handled: unknown[] = [];
  const self = {
    async onSum(sum: number | Error): Promise<void> {
      await scheduler.wait(1);
      handled.push(sum);
    },
  };
  const caller = createCaller(env, ctx, self);
  expect(await caller.callRaw('CALC', 'fetched', calc().add(1, 10))).toBe(11);
  caller.call('CALC', 'fetched', calc().addSlowly(2, 20), newContinuation<typeof self>().onSum());
  expect(handled).toEqual([]);
  await waitOnExecutionContext(ctx);
  expect(handled).toEqual([22]);
});

test('rule 17 to 19: deadlines and signals hold in a fetch handler', async () => {
  const ctx = createExecutionContext();
  const caller = createCaller(env, ctx);
  const late = caller.callRaw('CALC', 'fetched', calc().never(), { timeout: 10 });
  await expect(late).rejects.toMatchObject({ code: 'timeout' });
  const signal = AbortSignal.abort('gone');
  const aborted = caller.callRaw('CALC', 'fetched', calc().never(), { signal });
  await expect(aborted).rejects.toMatchObject({ code: 'cancelled', cause: 'gone' });
  await waitOnExecutionContext(ctx);
});

test('rule 9: errors that nobody else sees reach `onCallError` of the object, or the log', async () => {
  const users = newContinuation<Users>;
  const seen: unknown[] = [];
  const ctx = createExecutionContext();
  const observer = { onCallError: (error: unknown): void => void seen.push(error) };
  createCaller(env, ctx, observer).call('USERS', 'main', users().throwTypeError());
  const log = vi.spyOn(console, 'error').mockImplementation(() => {});
  try {
    createCaller(env, ctx).call('USERS', 'main', users().throwTypeError());
    await waitOnExecutionContext(ctx);
    expect(seen).toEqual([new TypeError('wrong type')]);
    // Its target has logged both, and nobody has seen the second one.
    const { calls } = log.mock;
    expect(
      calls.map(([text]) => /Users\.throwTypeError threw|add a handler/.exec(text)?.[0]),
    ).toEqual(['Users.throwTypeError threw', 'Users.throwTypeError threw', 'add a handler']);
  } finally {
    log.mockRestore();
  }
});

test('rule 6: a mistake throws at once in a Worker too', () => {
  const caller = createCaller(env, createExecutionContext());
  expect(() => caller.call('GATEWAY', 'x' as never, gateway().greet('Ada') as never)).toThrow(
    /is a Worker entrypoint, which has no instances/,
  );
});
