/** Calls that are sent again: which, when, how often, and what is told of it. */
import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { type CallEvent, callChannel, createCaller, newContinuation } from '@lumenize/call';
import { clock, faults, record } from '@lumenize/call/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { inCaller } from './in-object.js';
import type { Narrow, Retried } from './retried.js';

const on = newContinuation<Retried>();
const narrow = newContinuation<Narrow>();

const asIs = (error: unknown): unknown => error;

const FAST = { attempts: 5, delay: 1 };

afterEach(() => {
  faults.reset();
  vi.restoreAllMocks();
});

/** A target of its own for each test. */
let name = '';
let tests = 0;
beforeEach(() => {
  tests += 1;
  name = `retried ${tests}`;
});

const ran = (): Promise<string[]> =>
  runInDurableObject(env.RETRIED.getByName(name), ({ ran }) => [...ran]);

describe('rule 73: with `retry` a call is sent again after what may pass', () => {
  test.for(['target-reset', 'disconnected'] as const)('of a marked method, after %s', (code) =>
    inCaller('retries', async (caller) => {
      faults.next({ method: 'read' }).fail(code);
      faults.next({ method: 'read' }).fail(code, { after: true });
      const sum = await caller.svc.callRaw('RETRIED', name, on.read(), { retry: FAST });
      expect(sum).toBe(2);
      expect(await ran()).toEqual(['read', 'read']);
    }),
  );

  test('after a real crash of its target', () =>
    inCaller('retries', async (caller) => {
      const retry = { attempts: 2, delay: 0 };
      expect(await caller.svc.callRaw('RETRIED', name, on.abortsFirst(), { retry })).toBe(2);
    }));

  test('with a handler, which runs once', () =>
    inCaller('retries', async (caller) => {
      faults.next({ method: 'read' }).fail('disconnected');
      const outcomes: unknown[] = [];
      caller.svc.call('RETRIED', name, on.read(), (outcome) => void outcomes.push(outcome), {
        retry: FAST,
      });
      await vi.waitFor(() => expect(outcomes).toEqual([1]));
    }));

  test('from a Worker', async () => {
    faults.next({ method: 'read' }).fail('disconnected');
    const kept: Promise<unknown>[] = [];
    const caller = createCaller(env, { waitUntil: (promise) => void kept.push(promise) });
    expect(await caller.callRaw('RETRIED', name, on.read(), { retry: FAST })).toBe(1);
    await Promise.all(kept);
    // Two attempts, and the pause between them.
    expect(kept).toHaveLength(3);
  });

  test('of one that was refused since others run, until there is room', () =>
    inCaller('retries', async (caller) => {
      const first = caller.svc.callRaw('NARROW', name, narrow.pass());
      await vi.waitFor(() => expect(caller.svc.call.stats().programs).toBeGreaterThan(0));
      const retry = { attempts: 10, delay: 20 };
      const events: CallEvent[] = [];
      const listener = (event: CallEvent): void => void events.push(event);
      callChannel.subscribe(listener);
      const second = caller.svc.callRaw('NARROW', name, narrow.pass(), { retry });
      await vi.waitFor(() =>
        expect(events).toContainEqual(
          expect.objectContaining({ event: 'settle', code: 'overloaded' }),
        ),
      );
      callChannel.unsubscribe(listener);
      await env.NARROW.getByName(name).open();
      expect(await Promise.all([first, second])).toEqual(['passed', 'passed']);
    }));

  test('and not after what does not pass', () =>
    inCaller('retries', async (caller) => {
      using recording = record();
      const retry = { retry: FAST };
      const thrown = caller.svc.callRaw('RETRIED', name, on.fails(), retry);
      await expect(thrown).rejects.toThrow(RangeError);
      for (const code of ['limit-exceeded', 'not-callable', 'protocol'] as const) {
        faults.next().fail(code);
        const failed = caller.svc.callRaw('RETRIED', name, on.read(), retry);
        await expect(failed).rejects.toMatchObject({ code });
      }
      expect(recording.messages).toHaveLength(4);
      expect(await ran()).toEqual(['fails']);
    }));

  test('nor without the option', () =>
    inCaller('retries', async (caller) => {
      using recording = record();
      faults.next().fail('disconnected');
      const failed = caller.svc.callRaw('RETRIED', name, on.read());
      await expect(failed).rejects.toMatchObject({ code: 'disconnected' });
      expect(recording.messages).toHaveLength(1);
    }));
});

describe('rule 74: what may have run is repeated only where its method is marked', () => {
  test('another fails with what it failed with, is told what to do, and has run once', () =>
    inCaller('retries', async (caller) => {
      faults.next({ method: 'write' }).fail('disconnected', { after: true });
      const failed = caller.svc.callRaw('RETRIED', name, on.write(), { retry: FAST });
      await expect(failed).rejects.toMatchObject({
        code: 'disconnected',
        mayHaveRun: true,
        message: expect.stringContaining('mark it by @retryable()'),
      });
      expect(await ran()).toEqual(['write']);
    }));

  test('by a decorator', () =>
    inCaller('retries', async (caller) => {
      faults.next({ method: 'marked' }).fail('disconnected', { after: true });
      expect(await caller.svc.callRaw('RETRIED', name, on.marked(), { retry: FAST })).toBe(2);
    }));

  test('a list in a subclass replaces the one above, and marks stay', () =>
    inCaller('retries', async (caller) => {
      const retry = { retry: FAST };
      for (const remote of [on.write(), on.marked()]) {
        faults.next().fail('disconnected', { after: true });
        await caller.svc.callRaw('RETRIED_LESS', name, remote, retry);
      }
      faults.next().fail('disconnected');
      const failed = caller.svc.callRaw('RETRIED_LESS', name, on.read(), retry);
      await expect(failed).rejects.toMatchObject({ code: 'disconnected', mayHaveRun: true });
    }));

  test('of a program with several methods each has to be', () =>
    inCaller('retries', async (caller) => {
      faults.next().fail('disconnected');
      const nested = on.failsAt([on.read(), on.write()]);
      const failed = caller.svc.callRaw('RETRIED', name, nested, { retry: FAST });
      await expect(failed).rejects.toMatchObject({ code: 'disconnected' });
      expect(await ran()).toEqual([]);
    }));

  test('a list that names no member is said to every caller', () =>
    inCaller('retries', async (caller) => {
      const remote = newContinuation<{ read(): number }>().read();
      const failed = caller.svc.callRaw('UNREPEATABLE', name, remote as never);
      await expect(failed).rejects.toThrow(
        "static retryable of Unrepeatable names 'raed', which is no member of it",
      );
    }));
});

describe('rule 75: attempts are inside of the deadline, and as many as were asked for', () => {
  test('they end with the last failure', () =>
    inCaller('retries', async (caller) => {
      using recording = record();
      faults.always({ method: 'read' }).fail('disconnected');
      const retry = { attempts: 3, delay: 1 };
      const failed = caller.svc.callRaw('RETRIED', name, on.read(), { retry });
      await expect(failed).rejects.toMatchObject({ code: 'disconnected' });
      expect(recording.messages).toHaveLength(3);
    }));

  test('pauses double, and are as long as chance says', () =>
    inCaller('retries', async (caller) => {
      using recording = record();
      vi.spyOn(Math, 'random').mockReturnValue(0.5);
      faults.always({ method: 'read' }).fail('disconnected');
      const retry = { attempts: 4, delay: 4_000 };
      const failed = caller.svc.callRaw('RETRIED', name, on.read(), { retry }).catch(asIs);
      for (const [at, pause] of [2_000, 4_000, 7_500].entries()) {
        await vi.waitFor(() => expect(caller.svc.call.stats().pending).toBe(0));
        // The machine's own time goes on meanwhile.
        await clock.advance(pause / 2);
        expect(recording.messages).toHaveLength(at + 1);
        await clock.advance(pause / 2);
        await vi.waitFor(() => expect(recording.messages).toHaveLength(at + 2));
      }
      expect(await failed).toMatchObject({ code: 'disconnected' });
    }));

  test('where the pause would be longer than what is left, the failure is told at once', () =>
    inCaller('retries', async (caller) => {
      vi.spyOn(Math, 'random').mockReturnValue(0.5);
      faults.always({ method: 'read' }).fail('disconnected');
      const options = { timeout: 400, retry: { attempts: 4, delay: 1_000 } };
      const failed = caller.svc.callRaw('RETRIED', name, on.read(), options);
      await expect(failed).rejects.toMatchObject({ code: 'disconnected' });
    }));

  test('a repeat has what is left of the deadline', () =>
    inCaller('retries', async (caller) => {
      vi.spyOn(Math, 'random').mockReturnValue(0.5);
      faults.next({ method: 'read' }).fail('disconnected');
      faults.next({ method: 'read' }).hang();
      const options = { timeout: 1_000, retry: { attempts: 4, delay: 1_000 } };
      const failed = caller.svc.callRaw('RETRIED', name, on.read(), options).catch(asIs);
      await vi.waitFor(() => expect(caller.svc.call.stats().pending).toBe(0));
      await clock.advance(500);
      await vi.waitFor(() => expect(caller.svc.call.stats().pending).toBe(1));
      await clock.advance(500);
      expect(await failed).toMatchObject({ code: 'timeout', mayHaveRun: true });
    }));

  test('they are inside of the deadline of the call around them', () =>
    inCaller('retries', async (caller) => {
      vi.spyOn(Math, 'random').mockReturnValue(0.5);
      using recording = record();
      faults.always({ method: 'read' }).fail('disconnected');
      const remote = on.readsElsewhere(name, { attempts: 3, delay: 20_000 });
      const outcome = await caller.svc.callRaw('RETRIED', `around ${name}`, remote, {
        timeout: 500,
      });
      // No pause of 7.5 s: the failure is told at once.
      expect(outcome).toBe('disconnected');
      expect(recording.messages.filter(({ instance }) => instance === name)).toHaveLength(1);
    }));

  test('an object without a timer left is told at once', () =>
    inCaller('retries', async (caller) => {
      vi.spyOn(globalThis, 'setTimeout').mockImplementation(() => {
        throw new Error('You have exceeded the number of active timeouts');
      });
      faults.next({ method: 'read' }).fail('disconnected');
      const failed = caller.svc.callRaw('RETRIED', name, on.read(), { retry: FAST });
      await expect(failed).rejects.toMatchObject({ code: 'disconnected' });
    }));

  test('what is cancelled after it may have run says so, with its event and its count', () =>
    inCaller('cancels', async (caller) => {
      vi.spyOn(Math, 'random').mockReturnValue(0.9);
      faults.always({ method: 'read' }).fail('disconnected', { after: true });
      const events: CallEvent[] = [];
      const listener = (event: CallEvent): void => void events.push(event);
      callChannel.subscribe(listener);
      const outcomes: unknown[] = [];
      const retry = { attempts: 5, delay: 15_000 };
      const handle = caller.svc.call('RETRIED', name, on.read(), (o) => void outcomes.push(o), {
        retry,
      });
      const has = (code: string): unknown =>
        vi.waitFor(() =>
          expect(events).toContainEqual(expect.objectContaining({ event: 'settle', code })),
        );
      await has('disconnected');
      handle.cancel();
      await has('cancelled');
      callChannel.unsubscribe(listener);
      await vi.waitFor(() =>
        expect(outcomes).toMatchObject([{ code: 'cancelled', mayHaveRun: true }]),
      );
      expect(caller.svc.call.stats().settled).toMatchObject({ disconnected: 1, cancelled: 1 });
    }));

  test('options of `namespace.get` are those of each attempt', () =>
    inCaller('retries', async (caller) => {
      const get = vi.spyOn(Object.getPrototypeOf(env.RETRIED), 'get');
      faults.next({ method: 'read' }).fail('disconnected');
      const retry = { ...FAST, maxRetries: 0 };
      await caller.svc.callRaw('RETRIED', name, on.read(), { locationHint: 'enam', retry });
      const given = get.mock.calls.map(([, options]) => options);
      expect(given.length).toBeGreaterThan(1);
      const expected = { locationHint: 'enam', retry: { maxRetries: 0 } };
      expect(given).toEqual(given.map(() => expected));
    }));

  test.for(['by its handle', 'by its signal'])(
    'a pause ends when the call is cancelled %s',
    (how) =>
      inCaller('retries', async (caller) => {
        using recording = record();
        faults.always({ method: 'read' }).fail('disconnected');
        const controller = new AbortController();
        const outcomes: unknown[] = [];
        const retry = { attempts: 2, delay: 15_000 };
        vi.spyOn(Math, 'random').mockReturnValue(0.9);
        const options = { retry, signal: controller.signal };
        const handle = caller.svc.call(
          'RETRIED',
          name,
          on.read(),
          (o) => void outcomes.push(o),
          options,
        );
        await vi.waitFor(() =>
          expect(recording.messages[0]?.calls[0]?.outcome).toBe('disconnected'),
        );
        if (how === 'by its signal') controller.abort('enough');
        else expect(handle.cancel('enough')).toBe(true);
        await vi.waitFor(() =>
          expect(outcomes).toMatchObject([{ code: 'cancelled', cause: 'enough' }]),
        );
        await clock.advance(20_000);
        expect(recording.messages).toHaveLength(1);
        expect(handle.cancel()).toBe(false);
      }),
  );

  test.for([
    [{ attempts: 0 }, 'retry.attempts is 0: it has to be a whole number from 1 to 10'],
    [{ attempts: 11 }, 'retry.attempts is 11: it has to be a whole number from 1 to 10'],
    [{ attempts: 1.5 }, 'retry.attempts is 1.5: it has to be a whole number from 1 to 10'],
    [{ attempts: '3' }, 'retry.attempts is "3": it has to be a number, 0 or above'],
    [{ attempts: 3, delay: -1 }, 'retry.delay is -1: it has to be a number, 0 or above'],
    [{ delay: 5 }, 'retry.delay is there without retry.attempts'],
    [{ attemps: 5 }, "'attemps'"],
    [3, 'retry is 3: pass an object, as in { attempts: 3 }'],
  ] as const)('wrong options are refused at once: %j', ([retry, message]) =>
    inCaller('retries', (caller) => {
      const options = { retry } as never;
      expect(() => caller.svc.call('RETRIED', name, on.read(), undefined, options)).toThrow(
        message,
      );
    }),
  );
});

test('rule 76: each attempt has its events, with its number from the second on', () =>
  inCaller('retries', async (caller) => {
    faults.next({ method: 'read' }).fail('disconnected');
    const events: CallEvent[] = [];
    const listener = (event: CallEvent): void => void events.push(event);
    callChannel.subscribe(listener);
    await caller.svc.callRaw('RETRIED', name, on.read(), { retry: FAST });
    callChannel.unsubscribe(listener);
    const own = events.filter(({ event }) => event === 'start' || event === 'settle');
    expect(own).toMatchObject([
      { event: 'start', operation: 'read()' },
      { event: 'settle', operation: 'read()', code: 'disconnected' },
      { event: 'start', operation: 'read()', attempt: 2 },
      { event: 'settle', operation: 'read()', code: 'value', attempt: 2 },
    ]);
    expect(own[0]).not.toHaveProperty('attempt');
  }));
