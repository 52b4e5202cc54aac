/** Calls to one target begin in the order in which they were made, however they travel. */

import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { AsyncLocalStorage } from 'node:async_hooks';
import { type CallEvent, callChannel, newContinuation, type Recorded } from '@lumenize/call';
import { describe, expect, test, vi } from 'vitest';
import { inCaller } from './in-object.js';
import { type CallerObject, Session } from './index.js';
import type { Order } from './order.js';

const on = newContinuation<Order>();
const handle = newContinuation<CallerObject>();

function begun(name: string): Promise<unknown[]> {
  return runInDurableObject(env.ORDER.getByName(name), (order) => order.begun);
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe('rule 10: calls begin in the order in which they were made', () => {
  const first: readonly [name: string, call: (n: number) => Recorded<unknown, Order>][] = [
    ['methods that await a timer', (n) => on.slow(n)],
    ['methods that await only storage', (n) => on.stores(n)],
    ['methods that await 40 resolved promises', (n) => on.resolves(n, 40)],
    ['methods that never answer', (n) => on.hangs(n)],
  ];
  const later: readonly [name: string, options: object, call: Recorded<unknown, Order>][] = [
    ['alone', { batch: false }, on.mark('mark')],
    ['together', {}, on.mark('mark')],
    ['with an argument that travels alone', {}, on.mark('mark', new Uint8Array(3))],
  ];
  const cases = first.flatMap(([kind, call]) =>
    later.flatMap(([how, options, mark]) =>
      (['in the same turn', 'in the next turn', '1 ms later'] as const).map(
        (when) => [kind, how, when, call, options, mark] as const,
      ),
    ),
  );
  test.for(cases)('%s, then one %s %s', ([kind, how, when, call, options, mark]) =>
    inCaller('order', async (caller) => {
      const name = `${kind}, ${how}, ${when}`;
      const timeout = 2_000;
      const before = numbers(20).map((n) =>
        caller.svc.callRaw('ORDER', name, call(n), { timeout: 200 }).catch(() => {}),
      );
      if (when === 'in the next turn') await undefined;
      if (when === '1 ms later') await scheduler.wait(1);
      expect(await caller.svc.callRaw('ORDER', name, mark, { ...options, timeout })).toBe('mark');
      expect(await begun(name)).toEqual([...numbers(20), 'mark']);
      await Promise.all(before);
    }),
  );

  test('500 calls, and one made 1 ms later begins as the 501st', () =>
    inCaller('many', async (caller) => {
      const calls = numbers(500).map((n) => caller.svc.callRaw('ORDER', 'many', on.slow(n)));
      await scheduler.wait(1);
      await caller.svc.callRaw('ORDER', 'many', on.mark('mark'));
      expect(await begun('many')).toEqual([...numbers(500), 'mark']);
      expect(await Promise.all(calls)).toEqual(numbers(500));
    }));

  test('one that the handler of the first outcome makes begins after those made before it', () =>
    inCaller('from a handler', async (caller) => {
      vi.spyOn(caller, 'onOutcome').mockImplementationOnce(() => {
        caller.svc.call('ORDER', 'from a handler', on.mark('mark'), handle.onOutcome());
      });
      const mark = on.mark(0);
      caller.svc.call('ORDER', 'from a handler', mark, handle.onOutcome(mark));
      for (const n of numbers(50)) caller.svc.call('ORDER', 'from a handler', on.slow(n + 1));
      await caller.arrived(1);
      expect(await begun('from a handler')).toEqual([...numbers(51), 'mark']);
    }));

  test('calls of other objects are held back no longer than until all have begun', () =>
    inCaller('one of two', async (caller) => {
      const hanging = numbers(3).map((n) =>
        caller.svc.callRaw('ORDER', 'shared', on.hangs(n), { timeout: 500 }).catch(() => 'late'),
      );
      await scheduler.wait(1);
      const mark = await inCaller('other of two', (other) =>
        other.svc.callRaw('ORDER', 'shared', on.mark('mark')),
      );
      expect(mark).toBe('mark');
      expect(await Promise.all(hanging)).toEqual(['late', 'late', 'late']);
    }));
});

test('calls that wait begin as close together as by Workers RPC', () =>
  inCaller('a thousand', async (caller) => {
    const count = 1_000;
    const stub = env.ORDER.getByName('a thousand');
    const took = async (call: (n: number) => Promise<number>): Promise<number> => {
      const start = Date.now();
      expect(await Promise.all(numbers(count).map(call))).toEqual(numbers(count));
      return Date.now() - start;
    };
    const ours = (n: number): Promise<number> =>
      caller.svc.callRaw('ORDER', 'a thousand', on.meets(n, count));
    const theirs = (n: number): Promise<number> => stub.meets(n, count);
    await took(ours);
    const least = await took(theirs);
    // Were there a timer between two of them, they would take ten times as long.
    expect(await took(ours)).toBeLessThan(3 * least);
  }));

test('calls of one message whose results are large let other messages in between', () =>
  inCaller('fair', async (caller) => {
    const count = 200;
    const calls = numbers(count).map((n) =>
      caller.svc.callRaw('ORDER', 'fair', on.large(n, 500_000)),
    );
    expect(await Promise.all(calls)).toHaveLength(count);
    const order = await begun('fair');
    expect(order.filter((n) => n !== 'between')).toEqual(numbers(count));
    expect(order.indexOf('between')).toBeGreaterThan(0);
    expect(order.indexOf('between')).toBeLessThan(count);
  }));

describe('rule 16: what a call runs in is that of the call', () => {
  const storage = new AsyncLocalStorage<string>();

  test('handlers, the error hook, deadlines and cancelled calls see the context of their call', () =>
    inCaller('contexts', async (caller) => {
      const seen: [what: unknown, store: string | undefined][] = [];
      const see = (what: unknown): void => void seen.push([what, storage.getStore()]);
      vi.spyOn(caller, 'onOutcome').mockImplementation((what, outcome) => {
        see(outcome instanceof Error ? `${what} ${(outcome as { code?: string }).code}` : what);
      });
      vi.spyOn(caller, 'onCallError').mockImplementation((_, { operation }) => see(operation));
      for (const id of ['a', 'b', 'c']) {
        storage.run(id, () => {
          const target = ['ORDER', 'contexts'] as const;
          const hangs = on.hangs(0);
          caller.svc.call(...target, on.mark(id), handle.onOutcome('ready'));
          caller.svc.call(...target, on.slow(1), handle.onOutcome('slow'));
          caller.svc.call(...target, hangs, handle.onOutcome('late'), { timeout: 50 });
          caller.svc.call(...target, hangs, handle.onOutcome('cancelled')).cancel();
          caller.svc.call(...target, on.mark(id, new Uint8Array()), handle.onOutcome('alone'));
          caller.svc.call(...target, on.mark(id), handle.onThrowing(), { batch: false });
        });
      }
      // Neither of these has a handler, nor a neighbour's context.
      await vi.waitFor(() => expect(seen).toHaveLength(18));
      const argumentsLast = (a: readonly unknown[], b: readonly unknown[]): number =>
        String(a).localeCompare(String(b));
      const expected = ['a', 'b', 'c'].flatMap((id): typeof seen => [
        ['ready', id],
        ['slow', id],
        ['late timeout', id],
        ['cancelled cancelled', id],
        ['alone', id],
        [`mark("${id}")`, id],
      ]);
      expect(seen.sort(argumentsLast)).toEqual(expected.sort(argumentsLast));
    }));

  test('code behind an await sees its own, and so do events of the channel', () =>
    inCaller('awaits', async (caller) => {
      const events: string[] = [];
      const listen = ({ event, operation }: CallEvent): void => {
        if (operation.startsWith('mark')) events.push(`${event} ${storage.getStore()}`);
      };
      callChannel.subscribe(listen);
      try {
        const stores = ['a', 'b'].map((id) =>
          storage.run(id, async () => {
            await caller.svc.callRaw('ORDER', 'awaits', on.mark(id));
            return storage.getStore();
          }),
        );
        expect(await Promise.all(stores)).toEqual(['a', 'b']);
      } finally {
        callChannel.unsubscribe(listen);
      }
      expect(events).toEqual(['start a', 'start b', 'settle a', 'settle b']);
    }));

  test('a listener that makes a call does not overtake the one that it was told of', () =>
    inCaller('listener', async (caller) => {
      const listen = ({ event, operation }: CallEvent): void => {
        if (event !== 'start' || operation !== 'mark("first")') return;
        caller.svc.call('ORDER', 'listener', on.mark('second'), handle.onOutcome());
      };
      callChannel.subscribe(listen);
      try {
        caller.svc.call('ORDER', 'listener', on.mark('first'), handle.onOutcome());
        await caller.arrived(2);
      } finally {
        callChannel.unsubscribe(listen);
      }
      expect(await begun('listener')).toEqual(['first', 'second']);
    }));

  test.for(['next', 'nextLater'] as const)(
    '%s of a Worker entrypoint has an instance for each call',
    (method) =>
      inCaller('entrypoint', async (caller) => {
        const next = newContinuation<{ next(): number; nextLater(): number }>();
        const calls = numbers(3).map(() =>
          caller.svc.callRaw('TALLY', undefined, next[method]() as never),
        );
        expect(await Promise.all(calls)).toEqual([1, 1, 1]);
      }),
  );

  test('what a handler returns is its own: only what came by RPC is released', () =>
    inCaller('disposable', async (caller) => {
      const before = Session.released;
      const returned = new Session();
      vi.spyOn(caller, 'onOutcome').mockImplementation((async () => returned) as never);
      caller.svc.call('ORDER', 'disposable', on.mark(1), handle.onOutcome());
      await caller.svc.callRaw('ORDER', 'disposable', on.mark(2));
      await scheduler.wait(5);
      expect(Session.released).toBe(before);
    }));
});
