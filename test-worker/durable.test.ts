/** Durable calls: what an object sees of them. */
import { runInDurableObject } from 'cloudflare:test';
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

/** Ends an object, as a crash would. */
async function reset(stub: DurableObjectStub<Buyer> | DurableObjectStub<Seller>): Promise<void> {
  const ended = runInDurableObject(stub as DurableObjectStub, (_, state) => state.abort('a test'));
  await expect(ended).rejects.toThrow('a test');
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

test('rule 34: a call is sent again after its object was reset', async () => {
  await inBuyer('reset', (buyer) => {
    const piece = buyer.ctn('SELLER', 'reset').takeWhenReleased('bed');
    buyer.svc.durable.call(piece, buyer.ctn().onTaken(piece));
  });
  await inSeller('reset', async (seller) => {
    while (seller.begun < 1) await scheduler.wait(1);
  });
  await reset(env.BUYER.getByName('reset'));
  await inBuyer('reset', async (buyer) => {
    while (buyer.svc.durable.stats().inFlight < 1) await scheduler.wait(1);
    await inSeller('reset', (seller) => seller.release());
    expect(await buyer.arrived(1)).toEqual([{ outcome: 'bed 1', rest: [] }]);
  });
  // The repeat joined the method that ran.
  await inSeller('reset', (seller) => {
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
    buyer.getWell();
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
      thrownBy(() => durable.call(buyer.ctn('TALLY').next() as never)),
    ];
    expect(refused.map(({ code, message }) => `${code}: ${message}`)).toEqual([
      'invalid-continuation: the handler is a function, not a continuation: record one, as in this.ctn().onUser(user): the handler of a durable call is stored, and a function cannot be',
      'not-cloneable: take(a function): a durable call is stored, and this one cannot be: an argument is more than data',
      'limit-exceeded: take("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…"): its arguments take about 2400036 bytes, at most 1990000 can be stored',
      'invalid-option: timeout is 691200000: it has to be milliseconds above 0, at most 604800000 (7 days)',
      'invalid-option: key is 5: it has to be a string',
      'invalid-option: key: it has 0 UTF-16 code units: 1 to 512 are allowed',
      "invalid-option: unknown option 'retries': there is timeout, key",
      "invalid-target: 'TALLY' is no Durable Object namespace: only Durable Objects record outcomes",
    ]);
    expect(rowsOf(buyer)).toEqual([]);
  }));
