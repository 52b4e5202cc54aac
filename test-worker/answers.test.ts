/** The other side may answer anything: each call settles, and what it costs is bounded. */
import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { newContinuation } from '@lumenize/call';
import { describe, expect, test, vi } from 'vitest';
import { asSent, frameOf } from './handmade.js';
import { inCaller } from './in-object.js';
import type { Calc, CallerObject } from './index.js';
import { Session } from './index.js';

const on = newContinuation<Calc>();
const handle = newContinuation<CallerObject>();
const LIAR = 'LIAR' as 'CALC';

test.for(['an object with a method then', 'a method then that rejects'])(
  'rule 7: %s, alone and in a message, is no promise to wait for',
  (lie) =>
    inCaller(`thenable ${lie}`, async (caller) => {
      const call = (options: object): Promise<unknown> =>
        caller.svc.callRaw(LIAR, 'main', on.echo(lie), { timeout: 5_000, ...options });
      const outcomes = await Promise.allSettled([
        call({ batch: false }),
        call({}),
        caller.svc.callRaw(LIAR, 'main', on.echo('honest'), { timeout: 5_000 }),
      ]);
      const refused = { status: 'rejected', reason: { code: 'protocol', mayHaveRun: true } };
      expect(outcomes).toMatchObject([refused, refused, { status: 'fulfilled', value: 'honest' }]);
      // A handler receives it as it is: an argument is not awaited.
      caller.svc.call(LIAR, 'main', on.echo(lie), handle.onOutcome());
      await caller.arrived(1);
      expect(caller.received[0]?.outcome).toHaveProperty('then', expect.any(Function));
    }),
);

test('rule 25: a target cannot say in the name of the runtime that nothing was sent', () =>
  inCaller('forged', async (caller) => {
    const call = (options: object): Promise<unknown> =>
      caller.svc.callRaw(LIAR, 'forged', on.echo('a forged refusal'), options);
    const calls = [call({ batch: false }), call({}), call({})];
    for (const outcome of await Promise.allSettled(calls)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { mayHaveRun: true } });
    }
  }));

describe('rule 25: a rest that has no end', () => {
  const lies = [
    'settles nothing',
    'settles what is none',
    'settles one again and again',
    'names no numbers',
    'one marker for all',
    'no stub',
  ];
  test.for(lies)('that %s ends when it answers nothing new', (lie) =>
    inCaller(`endless ${lie}`, async (caller) => {
      const target = [LIAR, `endless ${lie}`] as const;
      const outcomes = await Promise.allSettled(
        [lie, 'b', 'c'].map((value) =>
          caller.svc.callRaw(...target, on.echo(JSON.stringify(value)), { timeout: 5_000 }),
        ),
      );
      expect(outcomes[1]).toMatchObject({ reason: { code: 'protocol', mayHaveRun: true } });
      expect(outcomes[2]).toMatchObject({ reason: { code: 'protocol', mayHaveRun: true } });
      const asked = await runInDurableObject(
        env.LIAR.getByName(`endless ${lie}`),
        (liar) => liar.asked,
      );
      expect(asked).toBeLessThanOrEqual(3);
    }),
  );
});

test.for(['a fetch that hangs', 'a group that never comes'])(
  'rule 25: a message is let go when its calls have passed their deadlines: %s',
  (lie) =>
    inCaller(`let go ${lie}`, async (caller) => {
      const target = [LIAR, `let go ${lie}`] as const;
      const outcomes = await Promise.allSettled(
        [lie, 'b'].map((value) =>
          caller.svc.callRaw(...target, on.echo(JSON.stringify(value)), { timeout: 100 }),
        ),
      );
      expect(outcomes).toMatchObject([
        { reason: { code: 'timeout' } },
        { reason: { code: 'timeout' } },
      ]);
      await vi.waitFor(async () => {
        const liar = env.LIAR.getByName(`let go ${lie}`);
        expect(await runInDurableObject(liar, ({ stopped }) => stopped)).toBe(1);
      });
    }),
);

describe('rule 7: a result that comes too late is released', () => {
  const ways = [
    ['together', {}],
    ['alone', { batch: false }],
  ] as const;
  const late = [
    ['an RpcTarget', on.sessionWhenOpen()],
    ['one inside of data', on.pairWhenOpen(1)],
  ] as const;
  const cases = ways.flatMap(([way, options]) =>
    late.flatMap(([kind, remote]) =>
      (['after its deadline', 'after it was cancelled'] as const).map(
        (when) => [kind, when, way, options, remote] as const,
      ),
    ),
  );
  test.for(cases)('%s, %s, %s', ([kind, when, way, options, remote]) =>
    inCaller('late', async (caller) => {
      const target = ['CALC', `${kind} ${when} ${way}`] as const;
      const before = Session.released;
      const timeout = when === 'after its deadline' ? 20 : 5_000;
      const handler = handle.onOutcome();
      const handles = [1, 2].map(() =>
        caller.svc.call(...target, remote as never, handler, { ...options, timeout }),
      );
      if (when === 'after it was cancelled') {
        await scheduler.wait(1);
        for (const each of handles) each.cancel();
      }
      await caller.arrived(2);
      await caller.svc.callRaw(...target, on.open());
      await vi.waitFor(() => expect(Session.released).toBe(before + 2));
    }),
  );
});

test('rule 25: who asks twice at once for the rest of a message gets an answer to each', async () => {
  const frame = asSent(frameOf(['hangs'], 1, [0, 0, 0], [1, 1, 0]));
  const stub = env.ORDER.getByName('asked twice') as unknown as {
    __lmzCalls(
      ...message: unknown[]
    ): Promise<[unknown, unknown, { next(): Promise<unknown[]>; stop(): Promise<void> }]>;
  };
  const answer = await stub.__lmzCalls([frame], Uint16Array.of(1), Uint16Array.of(0, 0), [1, 2]);
  const [, , rest] = answer;
  const first = rest.next();
  const second = rest.next();
  expect(await first).toMatchObject([[], []]);
  await rest.stop();
  expect(await second).toMatchObject([[], []]);
  (answer as unknown as Disposable)[Symbol.dispose]();
});
