/** README's first example under @cloudflare/vitest-plugin. */
import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { CallError, validate } from '@lumenize/call';
import { expect, test, vi } from 'vitest';
import type { Users } from '../src/readme.js';

test('a Cart refreshes its user', () =>
  runInDurableObject(env.CART.getByName('c1'), async (cart) => {
    cart.refresh('u1');
    await vi.waitUntil(() => cart.user !== undefined);
    expect(cart.user).toEqual({ id: 'u1', name: 'Ada' });
  }));

test('a mistake throws at once', () =>
  runInDurableObject(env.CART.getByName('c2'), (cart) => {
    expect(() =>
      cart.svc.call('USRES' as 'USERS', 'main', cart.ctn<Users>().getUser('u1')),
    ).toThrow(CallError);
  }));

test('a mistake has the name of its class, and its stack those of functions', () => {
  expect(() => validate('a name' as never)).toThrow(
    expect.objectContaining({
      constructor: expect.objectContaining({ name: 'CallError' }),
      stack: expect.stringMatching(/ at validate \(/),
    }),
  );
});
