/** Durable calls: what an object sees of them. */
import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import type { Buyer, Seller } from './durable.js';
import { thrownBy } from './in-object.js';

function inBuyer<R>(name: string, run: (buyer: Buyer) => R | Promise<R>): Promise<R> {
  return runInDurableObject(env.BUYER.getByName(name), run);
}

function inSeller<R>(name: string, run: (seller: Seller) => R | Promise<R>): Promise<R> {
  return runInDurableObject(env.SELLER.getByName(name), run);
}

/** The rows of durable calls that an object has. */
function rowsOf(object: Buyer | Seller): string[] {
  const storage = (object as unknown as { ctx: DurableObjectState }).ctx.storage;
  return Array.from(storage.kv.list({ prefix: '__lmz:' }), ([key]) => key);
}

test('rule 34: a durable call is sent, and its handler runs with the outcome', () =>
  inBuyer('plain', async (buyer) => {
    const piece = buyer.ctn('SELLER', 'plain').take('chair');
    const id = buyer.svc.durable.call(piece, buyer.ctn().onTaken(piece, 'for u1'));
    expect(buyer.svc.durable.get(id)).toMatchObject({
      id,
      binding: 'SELLER',
      instance: 'plain',
      operation: 'take("chair")',
      handler: 'onTaken(take("chair"), "for u1")',
      state: 'stored',
    });
    expect(await buyer.arrived(1)).toEqual([{ outcome: 'chair 1', rest: ['for u1'] }]);
    expect(rowsOf(buyer)).toEqual([]);
    expect(buyer.svc.durable.get(id)).toBeUndefined();
    expect(buyer.svc.durable.stats()).toMatchObject({ pending: 0, inFlight: 0 });
  }));

test('rule 37: what a method throws is an outcome', () =>
  inBuyer('throws', async (buyer) => {
    const piece = buyer.ctn('SELLER', 'throws').refuse('chair');
    buyer.svc.durable.call(piece, buyer.ctn().onTaken(piece));
    const [handled] = await buyer.arrived(1);
    expect(handled?.outcome).toMatchObject({ name: 'RangeError', message: 'no chair' });
    await inSeller('throws', (seller) => {
      expect(seller.begun).toBe(1);
    });
  }));

test('rule 36: a handler may be any program, and what it was recorded with is stored', () =>
  inBuyer('program', async (buyer) => {
    const piece = buyer.ctn('SELLER', 'program').take('lamp');
    const handler = buyer.ctn().onTaken(buyer.ctn().$result, { at: [piece, new Date(5)] });
    buyer.svc.durable.call(piece, handler);
    expect(await buyer.arrived(1)).toEqual([
      { outcome: 'lamp 1', rest: [{ at: ['lamp 1', new Date(5)] }] },
    ]);
  }));

test('rule 35: many calls of one turn run once each, and travel together', () =>
  inBuyer('many', async (buyer) => {
    for (let at = 0; at < 200; at++) {
      const piece = buyer.ctn('SELLER', 'many').take('cup');
      buyer.svc.durable.call(piece, buyer.ctn().onTaken(piece, at));
    }
    const handled = await buyer.arrived(200);
    expect(handled.map(({ rest }) => rest[0])).toEqual(Array.from({ length: 200 }, (_, at) => at));
    expect(buyer.svc.call.stats().frames).toBeLessThan(3);
    await inSeller('many', (seller) => {
      expect(seller.sold).toBe(200);
    });
  }));

test('rule 34: a call is sent again after its object was evicted', async () => {
  const stub = env.BUYER.getByName('evicted');
  await inBuyer('evicted', (buyer) => {
    const piece = buyer.ctn('SELLER', 'evicted').takeWhenReleased('bed');
    buyer.svc.durable.call(piece, buyer.ctn().onTaken(piece));
  });
  await inSeller('evicted', async (seller) => {
    while (seller.begun < 1) await scheduler.wait(1);
  });
  await evictDurableObject(stub);
  await inBuyer('evicted', async (buyer) => {
    await inSeller('evicted', (seller) => seller.release());
    expect(await buyer.arrived(1)).toEqual([{ outcome: 'bed 1', rest: [] }]);
  });
  await inSeller('evicted', (seller) => {
    expect(seller.begun).toBe(1);
  });
});

test('rule 38: a handler that throws leaves a dead letter, which can be retried and dropped', () =>
  inBuyer('dead', async (buyer) => {
    const piece = buyer.ctn('SELLER', 'dead').take('desk');
    const id = buyer.svc.durable.call(piece, buyer.ctn().onThrow());
    while (buyer.reported.length < 1) await scheduler.wait(1);
    expect(buyer.reported).toMatchObject([{ error: { message: 'as the test asked' }, id }]);
    expect(buyer.svc.durable.list()).toMatchObject([
      { id, state: 'dead', error: { message: 'as the test asked' } },
    ]);
    expect(buyer.svc.durable.retry(id)).toBe(true);
    expect(buyer.reported).toHaveLength(2);
    buyer.ctx.storage.kv.put('well', true);
    expect(buyer.svc.durable.retry(id)).toBe(true);
    expect(buyer.handled).toEqual([{ outcome: 'desk 1', rest: [] }]);
    expect(buyer.svc.durable.list()).toEqual([]);
    expect(buyer.svc.durable.retry(id)).toBe(false);
    expect(buyer.svc.durable.drop(id)).toBe(false);
    await inSeller('dead', (seller) => {
      expect(seller.begun).toBe(1);
    });
  }));

test('rule 40: calls with one key are one call', () =>
  inBuyer('key', async (buyer) => {
    const piece = buyer.ctn('SELLER', 'key').take('sofa');
    const order = (): string =>
      buyer.svc.durable.call(piece, buyer.ctn().onTaken(piece), { key: 'order 1' });
    const id = order();
    expect(order()).toBe(id);
    await buyer.arrived(1);
    expect(order()).not.toBe(id);
    expect(await buyer.arrived(2)).toEqual([
      { outcome: 'sofa 1', rest: [] },
      { outcome: 'sofa 2', rest: [] },
    ]);
  }));

test('rule 44: what cannot be stored is refused at once, with nothing written', () =>
  inBuyer('refused', (buyer) => {
    const seller = buyer.ctn('SELLER', 'refused');
    const { durable } = buyer.svc;
    const big = 'x'.repeat(1_200_000);
    const refused = [
      thrownBy(() => durable.call(seller.take('a'), ((): void => {}) as never)),
      thrownBy(() => durable.call(seller.take((() => {}) as never))),
      thrownBy(() => durable.call(seller.take(big))),
      thrownBy(() => durable.call(seller.take('a'), undefined, { timeout: 8 * 86_400_000 })),
      thrownBy(() => durable.call(seller.take('a'), undefined, { key: 5 as never })),
      thrownBy(() => durable.call(seller.take('a'), undefined, { key: '' })),
      thrownBy(() => durable.call(seller.take('a'), undefined, { retries: 5 } as never)),
      thrownBy(() => durable.call(buyer.ctn('TALLY').ran('a') as never)),
    ];
    expect(refused.map(({ code, message }) => `${code}: ${message}`)).toMatchInlineSnapshot();
    expect(rowsOf(buyer)).toEqual([]);
  }));
