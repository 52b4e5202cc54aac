/** What one sees of calls without being part of them: events, counts, and what a receiver would say. */
import {
  type CallError,
  type CallEvent,
  type CallSettle,
  callChannel,
  callErrorCodes,
  explain,
  newContinuation,
  validate,
} from '@lumenize/call';
import { expect, test, vi } from 'vitest';
import { calc, inCaller, thrownBy } from './in-object.js';
import type { CallerObject } from './index.js';

const on = newContinuation<CallerObject>;

/** The events while something runs. */
async function eventsOf(run: () => Promise<unknown>): Promise<CallEvent[]> {
  const events: CallEvent[] = [];
  const listener = (event: CallEvent): void => {
    // What the targets see of them, which are in this isolate, is context.test.ts's.
    if (!('caller' in event)) events.push(event);
  };
  expect(callChannel.hasSubscribers).toBe(false);
  callChannel.subscribe(listener);
  expect(callChannel.hasSubscribers).toBe(true);
  try {
    await run();
  } finally {
    callChannel.unsubscribe(listener);
  }
  expect(callChannel.hasSubscribers).toBe(false);
  return events;
}

const settles = (events: readonly CallEvent[]): CallSettle[] =>
  events.filter((event) => event.event === 'settle');

test('each call has one event when it begins and one when it settles', () =>
  inCaller('events', async (caller) => {
    const events = await eventsOf(async () => {
      await caller.svc.callRaw('CALC', 'events', calc().add(1, 10));
      await expect(caller.svc.callRaw('CALC', 'events', calc().fail())).rejects.toThrow(RangeError);
      const hung = caller.svc.call('CALC', 'events', calc().never(), on().onOutcome());
      hung.cancel();
      await caller.arrived(1);
    });
    const [first] = events;
    expect(first).toEqual({
      event: 'start',
      id: expect.any(Number),
      binding: 'CALC',
      instance: 'events',
      operation: 'add(1, 10)',
    });
    expect(events.map(({ event }) => event)).toEqual(
      Array.from({ length: 6 }, (_, n) => (n % 2 ? 'settle' : 'start')),
    );
    expect(settles(events).map(({ code }) => code)).toEqual(['value', 'remote-threw', 'cancelled']);
    for (const { ms } of settles(events)) expect(ms).toBeGreaterThanOrEqual(0);
    expect(new Set(events.map(({ id }) => id)).size).toBe(3);
  }));

test('a subscriber that throws touches no call', () =>
  inCaller('a subscriber throws', async (caller) => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {});
    const listener = (): void => {
      throw new Error('cannot listen');
    };
    callChannel.subscribe(listener);
    try {
      expect(await caller.svc.callRaw('CALC', 'heard', calc().add(1, 1))).toBe(2);
    } finally {
      callChannel.unsubscribe(listener);
      logged.mockRestore();
    }
  }));

test('the channel is that of node:diagnostics_channel where there is one', () =>
  inCaller('channel', async (caller) => {
    const { process } = globalThis as unknown as {
      process: {
        getBuiltinModule(name: string): {
          subscribe(channel: string, listener: (event: unknown) => void): void;
          unsubscribe(channel: string, listener: (event: unknown) => void): void;
        };
      };
    };
    const diagnostics = process.getBuiltinModule('node:diagnostics_channel');
    const events: unknown[] = [];
    const listener = (event: unknown): void => void events.push(event);
    diagnostics.subscribe('lumenize:call', listener);
    await caller.svc.callRaw('CALC', 'channel', calc().add(1, 1));
    diagnostics.unsubscribe('lumenize:call', listener);
    expect(events).toMatchObject(['start', 'began', 'ended', 'settle'].map((event) => ({ event })));
  }));

test('counts: pending, settled by code, messages, programs in them, bytes', () =>
  inCaller('counts', async (caller) => {
    const { stats } = caller.svc.call;
    const before = stats();
    expect(before).toMatchObject({ pending: 0, frames: 0, programs: 0, bytes: 0 });
    expect(Object.keys(before.settled)).toEqual(['value', ...callErrorCodes]);
    const sums = Array.from({ length: 10 }, (_, n) =>
      caller.svc.callRaw('CALC', 'counts', calc().add(n, 1), { batch: n < 9 }),
    );
    const lost = expect(
      caller.svc.callRaw('CALC', 'counts', calc().never(), { timeout: 500 }),
    ).rejects.toMatchObject({ code: 'timeout' });
    expect(stats().pending).toBe(11);
    await Promise.all(sums);
    expect(stats()).toMatchObject({ pending: 1, settled: { value: 10, timeout: 0 } });
    await lost;
    const { pending, settled, frames, programs, bytes } = stats();
    expect({ pending, frames, programs }).toEqual({ pending: 0, frames: 3, programs: 11 });
    expect(settled).toMatchObject({ value: 10, timeout: 1, 'remote-threw': 0 });
    // Nine programs of one form are one frame.
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(11 * 20);
  }));

test('rule 24: the codes are there to be walked', () => {
  expect(callErrorCodes).toHaveLength(15);
  expect(new Set(callErrorCodes).size).toBe(15);
});

test('validate says what a receiver would, before anything is sent', () => {
  const nested = calc().add(calc().add(1, 10), 5);
  expect(validate(nested)).toBeUndefined();
  const refusals: [unknown, Parameters<typeof validate>[1], CallError['code'], string][] = [
    [nested, { steps: 3 }, 'limit-exceeded', '4 steps in a program'],
    [calc().add(1, 2), { nameBytes: 2 }, 'limit-exceeded', 'bytes in a name'],
    [(calc() as never as { fetch(): unknown }).fetch(), {}, 'not-callable', "'fetch'"],
    ['no continuation', {}, 'invalid-continuation', '"no continuation"'],
    [nested, { stepz: 3 } as never, 'invalid-option', 'stepz'],
  ];
  for (const [remote, limits, code, text] of refusals) {
    const error = thrownBy(() => validate(remote, limits));
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(text)]);
  }
  expect(explain(nested)).toBe('add(add(1, 10), 5)');
});
