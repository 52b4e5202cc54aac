/** An Agent of `agents` makes durable calls, with schedules of its own beside them. */
import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, test, vi } from 'vitest';
import type { Bank, Clerk } from '../src/index.js';

/** Milliseconds: durable calls ask for an alarm 10 s after they are made, and leave it when they have ended. */
const UNTIL_ALARM = 15_000;

function inClerk<R>(
  name: string,
  run: (clerk: Clerk, state: DurableObjectState) => R | Promise<R>,
) {
  return runInDurableObject(env.CLERK.getByName(name), run);
}

function inBank<R>(name: string, run: (bank: Bank) => R | Promise<R>) {
  return runInDurableObject(env.BANK.getByName(name), run);
}

test(
  'a durable call is handled once, and the schedules of the agent run',
  () =>
    inClerk('c1', async (clerk, { storage }) => {
      await clerk.schedule(1, 'tick', 'once');
      const { id } = await clerk.scheduleEvery(2, 'tick', 'every 2 s');
      await clerk.schedule(60, 'tick', 'later');
      clerk.pay('b1', 5);
      await vi.waitUntil(() => clerk.state.handled.length > 0);
      await vi.waitUntil(() => clerk.state.ticks.length >= 3, UNTIL_ALARM);
      expect(clerk.state.ticks.toSorted()).toEqual(['every 2 s', 'every 2 s', 'once']);
      await clerk.cancelSchedule(id);
      clerk.pay('b1', 5);
      await vi.waitUntil(() => clerk.rows.length === 0, UNTIL_ALARM);
      expect(clerk.state.handled.map(({ outcome }) => outcome)).toEqual(['5', '10']);
      expect(clerk.state.ticks).toHaveLength(3);
      // The alarm is the agent's again.
      const [later] = clerk.getSchedules();
      expect(later?.payload).toBe('later');
      expect(await storage.getAlarm()).toBe((later?.time ?? 0) * 1_000);
    }),
  2 * UNTIL_ALARM,
);

test('an agent that was reset before the answer has started when its handler runs', async () => {
  await inClerk('c2', (clerk) => clerk.paySlowly('b2', 7));
  await inBank('b2', (bank) => vi.waitUntil(() => bank.begun > 0));
  const reset = inClerk('c2', (_, state) => state.abort('as the test asked'));
  await expect(reset).rejects.toThrow('as the test asked');
  await inBank('b2', (bank) => bank.release());
  // The runtime makes the object anew without a request to it, as it does for an alarm of durable calls.
  await inClerk('c2', async (clerk) => {
    await vi.waitUntil(() => clerk.started > 0 && clerk.state.handled.length > 0);
    expect(clerk.state.handled).toEqual([{ outcome: '7', started: 1 }]);
    expect(clerk.svc.durable.list()).toEqual([]);
    expect(clerk.state.ticks).toEqual([]);
  });
});
