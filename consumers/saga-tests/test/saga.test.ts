/** Each failure of the saga: what is left is an order that is paid, or one of which nothing is left. */
import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { clock, faults, record } from '@lumenize/call/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

let id = '';
let tests = 0;
beforeEach(() => {
  tests += 1;
  id = `o${tests}`;
});
afterEach(() => faults.reset());

const order = () => env.ORDER.getByName(id);
const stock = () => env.STOCK.getByName(`sku ${id}`);
const bank = () => env.BANK.getByName(`customer ${id}`);

const place = () => order().place(id, `sku ${id}`, `customer ${id}`);

/** What each object says in the end; no call may be left. */
async function end(): Promise<{ state: string | undefined; left: number; balance: number }> {
  const pending = await runInDurableObject(order(), (object) => object.svc.durable.list());
  expect(pending).toEqual([]);
  return { state: await order().state, left: await stock().left, balance: await bank().balance };
}

const PAID = { state: 'paid', left: 0, balance: 70 };

test('an order is reserved and paid, in two messages', async () => {
  using recording = record();
  await place();
  await vi.waitFor(async () => expect(await end()).toEqual(PAID));
  expect(recording.messages).toMatchObject([
    { binding: 'STOCK', calls: [{ operation: `reserve("${id}")`, outcome: 'value' }] },
    { binding: 'BANK', calls: [{ operation: `charge("${id}", 30)`, outcome: 'value' }] },
  ]);
});

test('without a piece there is no charge', async () => {
  faults.next({ method: 'reserve' }).throw(new RangeError('sold out'));
  using recording = record();
  await place();
  await clock.advance(0);
  expect(await end()).toEqual({ state: 'refused: sold out', left: 1, balance: 100 });
  expect(recording.calls.map(({ binding }) => binding)).toEqual(['STOCK']);
});

test('a charge that is declined releases the piece', async () => {
  faults.next({ method: 'charge' }).throw(new RangeError('not enough money'));
  await place();
  await clock.advance(0);
  expect(await end()).toEqual({ state: 'cancelled: not enough money', left: 1, balance: 100 });
});

test.each(['overloaded', 'disconnected', 'target-reset', 'internal'] as const)(
  'a bank that fails as %s twice is asked again',
  async (code) => {
    const twice = [1, 2].map(() =>
      faults.next({ binding: 'BANK', instance: `customer ${id}` }).fail(code),
    );
    await place();
    await clock.advance(30_000);
    expect(await end()).toEqual(PAID);
    expect(twice.map(({ hits }) => hits)).toEqual([1, 1]);
  },
);

test('a charge whose answer is lost is charged once', async () => {
  const fault = faults.next({ method: 'charge' }).loseAnswer();
  await place();
  await clock.advance(120_000);
  expect(await end()).toEqual(PAID);
  expect(fault.hits).toBe(1);
});

test.each([false, true])('a bank that is reset is charged once (after: %s)', async (after) => {
  const fault = faults.next({ method: 'charge' }).resetTarget({ after });
  await place();
  await clock.advance(30_000);
  expect(await end()).toEqual(PAID);
  expect(fault.hits).toBe(1);
});

test('a bank that cannot be reached cancels the order, and the piece is there again', async () => {
  const fault = faults.always({ method: 'charge' }).fail('disconnected');
  await place();
  await clock.advance(310_000);
  const { state, ...rest } = await end();
  expect(state).toMatch(/^cancelled: charge\(.*has no outcome after 300000 ms/);
  expect(rest).toEqual({ left: 1, balance: 100 });
  expect(fault.hits).toBeGreaterThan(2);
});

test('a charge that ran, and was never answered, is refunded', async () => {
  faults.always({ method: 'charge' }).loseAnswer();
  await place();
  await clock.advance(310_000);
  const { state, ...rest } = await end();
  expect(state).toMatch(/^cancelled/);
  expect(rest).toEqual({ left: 1, balance: 100 });
});

test('a compensation that fails is repeated, too', async () => {
  faults.next({ method: 'charge' }).throw(new RangeError('not enough money'));
  const fault = faults.next({ method: 'release' }).fail('overloaded');
  await place();
  await clock.advance(0);
  expect(await stock().left).toBe(0);
  await clock.advance(30_000);
  expect(fault.hits).toBe(1);
  expect(await end()).toMatchObject({ left: 1, balance: 100 });
});

test('an order that is reset while it waits goes on', async () => {
  faults.next({ method: 'charge' }).fail('overloaded');
  await place();
  await clock.advance(0);
  const stub: DurableObjectStub = order();
  await runInDurableObject(stub, (_, state) => state.abort('a crash')).catch(() => {});
  await clock.advance(30_000);
  expect(await end()).toEqual(PAID);
});
