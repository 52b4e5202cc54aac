import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, test, vi } from 'vitest';

test('the cart of README gets its user', () =>
  runInDurableObject(env.CART.getByName('c1'), async (cart) => {
    cart.refresh('u1');
    await vi.waitUntil(() => cart.user !== undefined);
    expect(cart.user).toEqual({ id: 'u1', name: 'Ada' });
  }));

test('what knows its target is awaited, and its types are those of the class', () =>
  runInDurableObject(env.CART.getByName('c2'), async (cart) => {
    const users = cart.ctn('USERS', 'main');
    const user: { id: string; name: string } = await users.getUser('u1');
    expect(user.name).toBe('Ada');
    const outcomes: unknown[] = [];
    cart.svc.call(users.getUser('u2').id, (id) => {
      const known: string | Error = id;
      outcomes.push(known);
    });
    await vi.waitUntil(() => outcomes.length === 1);
    expect(outcomes).toEqual(['u2']);
    // @ts-expect-error: there is no such method
    const refused = cart.svc.callRaw(users.getUsr('u1'));
    await expect(refused).rejects.toMatchObject({ code: 'not-callable', mayHaveRun: false });
  }));
