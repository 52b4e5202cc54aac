/** The core traps, really: on a build that can be told to, in the middle of whatever is named. */
import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import {
  countTraps,
  type Fault,
  newContinuation,
  type Operation,
  plan,
  type Recorded,
} from './faulty.js';
import type { Mortal } from './mortal.js';

const mortal = newContinuation<Mortal>;

function inMortal<R>(name: string, run: (caller: Mortal) => R | Promise<R>): Promise<R> {
  return runInDurableObject(env.MORTAL.getByName(name), run);
}

/** `echo` with more arguments than it asks for. */
type Echo = (...args: readonly unknown[]) => Recorded<unknown, Mortal>;

const FAULTS: readonly Fault[] = ['panic', 'memory', 'stack'];

describe.for(FAULTS)('rule 30: after a %s of the core', (fault) => {
  test.for(['encodeFrame', 'decodeFrame', 'isCode'] as const)(
    'in %s, the call in hand fails as `internal` and the next succeeds',
    (operation) =>
      inMortal(`${fault} ${operation}`, async (caller) => {
        const target = `${fault} ${operation}, called`;
        plan(fault, operation);
        // As many arguments as no test had before: a frame of a form that nobody remembers. What
        // is refused comes back with a code.
        const extra = Array.from({ length: 10 + FAULTS.indexOf(fault) }, (_, n) => n);
        const missing = mortal() as unknown as { missing: Echo };
        const echo = operation === 'isCode' ? missing.missing : (mortal().echo as Echo);
        const call = caller.svc.callRaw('MORTAL', target, echo(...extra));
        await expect(call).rejects.toMatchObject({
          name: 'CallError',
          code: 'internal',
          message: expect.stringContaining('the wasm core failed'),
        });
        expect(countTraps()).toBe(1);
        expect(await caller.svc.callRaw('MORTAL', target, mortal().echo('next'))).toBe('next');
      }),
  );

  test.for(['open', 'settle', 'due'] as const)(
    'in %s, the table is made again and no call is lost',
    (operation) =>
      inMortal(`${fault} ${operation}`, async (caller) => {
        const on = mortal();
        const waiting = ['hung', 'hung too'].map((what) =>
          caller.svc.call('MORTAL', what, mortal().never(), on.onOutcome(), { timeout: 60 }),
        );
        plan(fault, operation);
        caller.svc.call('MORTAL', 'alive', mortal().echo('answered'), on.onOutcome());
        await caller.arrived(1);
        expect(caller.outcomes).toEqual(['answered']);
        await caller.arrived(3);
        expect(countTraps()).toBe(1);
        expect(caller.outcomes.slice(1)).toMatchObject(
          waiting.map(({ id }) => ({ code: 'timeout', callId: id })),
        );
        const again = caller.svc.call('MORTAL', 'alive', mortal().echo('again'), on.onOutcome());
        expect(waiting.map(({ id }) => id)).not.toContain(again.id);
        await caller.arrived(4);
        expect(caller.outcomes[3]).toBe('again');
      }),
  );

  test('other objects of the isolate keep their pending calls and their deadlines', async () => {
    const start = Date.now();
    const neighbour = inMortal(`${fault} neighbour`, async (caller) => {
      caller.svc.call('MORTAL', 'hung', mortal().never(), mortal().onOutcome(), { timeout: 80 });
      const hung = caller.svc.call('MORTAL', 'hung', mortal().never(), mortal().onOutcome());
      await caller.arrived(1);
      expect(caller.outcomes[0]).toMatchObject({ code: 'timeout' });
      expect(Date.now() - start).toBeGreaterThanOrEqual(80);
      expect(hung.cancel('found by its id')).toBe(true);
      await caller.arrived(2);
      expect(caller.outcomes[1]).toMatchObject({ code: 'cancelled', callId: hung.id });
    });
    const victim = inMortal(`${fault} victim`, async (caller) => {
      for (const operation of ['encodeFrame', 'settle', 'open'] satisfies Operation[]) {
        plan(fault, operation);
        const echo = mortal().echo({ [`${fault}${operation}`]: mortal().echo(operation) });
        await caller.svc.callRaw('MORTAL', 'alive', echo).catch(() => {});
        expect(countTraps()).toBe(1);
      }
    });
    await Promise.all([neighbour, victim]);
  });
});

test.for(['open', 'settle', 'due'] as const)(
  'rule 30: a core that keeps dying in %s still costs no call its one outcome',
  (operation) =>
    inMortal(`keeps dying in ${operation}`, async (caller) => {
      const on = mortal();
      const call = (name: string): void => {
        try {
          caller.svc.call('MORTAL', name, mortal().fail(), on.onOutcome(), { timeout: 60 });
        } catch (error) {
          caller.onOutcome(error);
        }
      };
      call('alive');
      plan('panic', operation, Number.POSITIVE_INFINITY);
      call('dying');
      const never = mortal().never();
      if (operation === 'due') {
        caller.svc.call('MORTAL', 'hung', never, on.onOutcome(), { timeout: 20 });
      }
      const expected = operation === 'due' ? 3 : 2;
      await caller.arrived(expected);
      expect(countTraps()).toBeGreaterThan(1);
      plan('panic', operation, 0);
      expect(caller.outcomes).toHaveLength(expected);
      for (const outcome of caller.outcomes) expect(outcome).toBeInstanceOf(Error);
      expect(await caller.svc.callRaw('MORTAL', 'alive', mortal().echo('alive'))).toBe('alive');
      expect(caller.outcomes).toHaveLength(expected);
    }),
);

test('rule 30: a call made where the stack has run out does no harm to later ones', () =>
  inMortal('out of stack', async (caller) => {
    let attempts = 0;
    const failures: Promise<unknown>[] = [];
    const recurse = (): void => {
      try {
        recurse();
      } catch {
        // Deepest first: each of the last few frames tries, with a little more room.
        if (attempts++ < 200) {
          failures.push(
            caller.svc
              .callRaw('MORTAL', 'deep', mortal().echo(attempts))
              .then(() => 'answered')
              .catch((error: unknown) => error),
          );
        }
      }
    };
    try {
      recurse();
    } catch {
      // Not even the promise could be made.
    }
    for (const outcome of await Promise.all(failures)) {
      if (outcome !== 'answered') expect(outcome).toBeInstanceOf(Error);
    }
    expect(await caller.svc.callRaw('MORTAL', 'deep', mortal().echo('later'))).toBe('later');
  }));
