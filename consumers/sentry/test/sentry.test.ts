/** Classes that Sentry instruments call each other as others do, and their errors are captured on both sides. */
import { runInDurableObject } from 'cloudflare:test';
import { env, exports } from 'cloudflare:workers';
import { beforeEach, expect, test, vi } from 'vitest';
import { events, spans } from '../src/worker';

const cart = () => env.CART.getByName('c1');

beforeEach(() => {
  events.length = 0;
  spans.length = 0;
});

test('calls arrive, alone and together, through fetch and its answer', async () => {
  expect(await cart().get('u1')).toBe('user u1');
  expect(await cart().getBoth()).toEqual(['user u1', 'user u2']);
  const response = await (exports as { default: Fetcher }).default.fetch('https://cart.invalid/u3');
  expect(await response.text()).toBe('user u3');
  expect(events).toEqual([]);
});

test('what a method throws is captured at its target, with its stack, and arrives at its caller', async () => {
  expect(await cart().getClass('nobody')).toBe('RangeError');
  await vi.waitFor(() => expect(events).toHaveLength(1));
  expect(events[0].tags).toMatchObject({ method: 'Users.getUser' });
  const [{ type, value, stacktrace }] = events[0].exception?.values ?? [];
  expect([type, value]).toEqual(['RangeError', "there is no user 'nobody'"]);
  expect(stacktrace?.frames?.at(-1)?.function).toContain('getUser');
});

test('what a handler throws is captured at its caller', async () => {
  await cart().handle('nobody else');
  await vi.waitFor(() => expect(events).toHaveLength(2));
  expect(events.map(({ tags }) => tags)).toMatchObject([
    { method: 'Users.getUser' },
    { handler: expect.stringContaining('onUser') },
  ]);
  await runInDurableObject(cart(), ({ seen }) => {
    expect(seen).toEqual(["RangeError: there is no user 'nobody else'"]);
  });
});

test('what was captured at its target is not captured again where a handler throws it on', async () => {
  const before = await runInDurableObject(cart(), ({ reported }) => reported);
  await cart().handleAgain('nobody at all');
  await vi.waitFor(async () => {
    expect(await runInDurableObject(cart(), ({ reported }) => reported)).toBe(before + 1);
  });
  expect(events.map(({ tags }) => tags)).toMatchObject([{ method: 'Users.getUser' }]);
});

test('its spans say by which entries calls came', async () => {
  await cart().get('u1');
  await vi.waitFor(() => expect(spans).toContain('__lmzCall'));
});
