/** A Server of `partyserver` makes durable calls, with an alarm of its own beside them. */
import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, test, vi } from 'vitest';
import type { Desk, Seats } from '../src/index.js';

/** Milliseconds: durable calls ask for an alarm 10 s after they are made, and leave it when they have ended. */
const UNTIL_ALARM = 15_000;

function inDesk<R>(name: string, run: (desk: Desk, state: DurableObjectState) => R | Promise<R>) {
  return runInDurableObject(env.DESK.getByName(name), run);
}

function inSeats<R>(name: string, run: (seats: Seats) => R | Promise<R>) {
  return runInDurableObject(env.SEATS.getByName(name), run);
}

test(
  'a durable call is handled once, and the alarm of the room runs once',
  () =>
    inDesk('d1', async (desk, { storage }) => {
      await storage.setAlarm(Date.now() + 300);
      desk.book('s1');
      await vi.waitUntil(() => desk.handled.length > 0);
      expect(desk.alarms).toBe(0);
      await vi.waitUntil(() => desk.alarms > 0);
      desk.book('s1');
      await vi.waitUntil(() => desk.rows.length === 0, UNTIL_ALARM);
      expect(desk.handled.map(({ outcome }) => outcome)).toEqual(['seat 1', 'seat 2']);
      expect(desk.alarms).toBe(1);
      expect(await storage.getAlarm()).toBeNull();
    }),
  UNTIL_ALARM,
);

test('a room that was reset before the answer has started when its handler runs', async () => {
  await inDesk('d2', (desk) => desk.bookSlowly('s2'));
  await inSeats('s2', (seats) => vi.waitUntil(() => seats.begun > 0));
  const reset = inDesk('d2', (_, state) => state.abort('as the test asked'));
  await expect(reset).rejects.toThrow('as the test asked');
  await inSeats('s2', (seats) => seats.release());
  // The runtime makes the object anew without a request to it, as it does for an alarm of durable calls.
  await inDesk('d2', async (desk) => {
    await vi.waitUntil(() => desk.handled.length > 0);
    expect(desk.handled).toEqual([{ outcome: 'seat 1', started: 1 }]);
    expect(desk.svc.durable.list()).toEqual([]);
    expect(desk.alarms).toBe(0);
  });
});
