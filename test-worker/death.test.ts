/** The core traps, really: on a build that can be told to, in the middle of whatever is named. */
import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import {
  type CallHandle,
  countTraps,
  type Fault,
  newContinuation,
  type Operation,
  plan,
  type Recorded,
  type When,
} from './faulty.js';
import type { Mortal } from './mortal.js';

const mortal = newContinuation<Mortal>;

function inMortal<R>(name: string, run: (caller: Mortal) => R | Promise<R>): Promise<R> {
  return runInDurableObject(env.MORTAL.getByName(name), run);
}

/** `echo` with more arguments than it asks for. */
type Echo = (...args: readonly unknown[]) => Recorded<unknown, Mortal>;

const FAULTS: readonly Fault[] = ['panic', 'memory', 'stack'];

const WHEN: readonly When[] = ['before', 'after'];

/** As many arguments as no test had before: a frame of a form that nobody remembers. */
let argumentCount = 5;
function freshArguments(): number[] {
  argumentCount += 1;
  return Array.from({ length: argumentCount }, (_, n) => n);
}

describe.for(FAULTS)('rule 30: after a %s of the core', (fault) => {
  test.for(WHEN)(
    'that was %s it had read a message, the call in hand fails as `internal` and the next succeeds',
    (when) =>
      inMortal(`${fault} ${when} decodeFrame`, async (caller) => {
        const target = `${fault} ${when} decodeFrame, called`;
        plan(fault, 'decodeFrame', { when });
        const echo = mortal().echo as Echo;
        const call = caller.svc.callRaw('MORTAL', target, echo(...freshArguments()));
        await expect(call).rejects.toMatchObject({
          name: 'CallError',
          code: 'internal',
          message: expect.stringContaining('the wasm core failed'),
          mayHaveRun: false,
        });
        expect(countTraps()).toBe(1);
        expect(await caller.svc.callRaw('MORTAL', target, mortal().echo('next'))).toBe('next');
      }),
  );

  test('in encodeFrame, it is asked once more, and where it dies again the call fails as `internal`', () =>
    inMortal(`${fault} encodeFrame`, async (caller) => {
      const target = `${fault} encodeFrame, called`;
      const call = (): Promise<unknown> =>
        caller.svc.callRaw('MORTAL', target, (mortal().echo as Echo)(...freshArguments()));
      plan(fault, 'encodeFrame');
      expect(await call()).toBe(0);
      expect(countTraps()).toBe(1);
      plan(fault, 'encodeFrame', { times: 2 });
      await expect(call()).rejects.toMatchObject({ name: 'CallError', code: 'internal' });
      expect(countTraps()).toBe(2);
      expect(await caller.svc.callRaw('MORTAL', target, mortal().echo('next'))).toBe('next');
    }));

  test.for(WHEN.flatMap((when) => (['watch', 'due'] as const).map((of) => [when, of] as const)))(
    '%s %s, the table is made again and no call is lost',
    ([when, operation]) =>
      inMortal(`${fault} ${when} ${operation}`, async (caller) => {
        const on = mortal();
        const waiting = ['hung', 'hung too'].map((what) =>
          caller.svc.call('MORTAL', what, mortal().never(), on.onOutcome(), { timeout: 60 }),
        );
        plan(fault, operation, { when });
        caller.svc.call('MORTAL', 'alive', mortal().echo('answered'), on.onOutcome());
        await caller.arrived(1);
        expect(caller.outcomes).toEqual(['answered']);
        await caller.arrived(3);
        expect(countTraps()).toBe(1);
        expect(caller.outcomes.slice(1)).toMatchObject(
          waiting.map(({ id }) => ({ code: 'timeout', callId: id, mayHaveRun: true })),
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
      for (const operation of ['encodeFrame', 'decodeFrame'] satisfies Operation[]) {
        plan(fault, operation);
        const echo = mortal().echo({ [`${fault}${operation}`]: mortal().echo(operation) });
        await caller.svc.callRaw('MORTAL', 'alive', echo).catch(() => {});
        expect(countTraps()).toBe(1);
      }
    });
    await Promise.all([neighbour, victim]);
  });
});

test('rule 30: a core that keeps dying still gives each call its own outcome, in time', () =>
  inMortal('keeps dying', async (caller) => {
    const on = mortal();
    const call = (remote: Recorded<unknown, Mortal>, timeout: number): CallHandle =>
      caller.svc.call('MORTAL', 'alive', remote, on.onOutcome(), { timeout });
    const handles = [call(mortal().never(), 30), call(mortal().echo(1), 5_000)];
    const patient = call(mortal().never(), Number.POSITIVE_INFINITY);
    await caller.arrived(1);
    plan('panic', 'due', { times: Number.POSITIVE_INFINITY });
    await caller.arrived(2);
    expect(countTraps()).toBeGreaterThan(1);
    expect(caller.outcomes).toMatchObject([
      1,
      { code: 'timeout', callId: handles[0]?.id, mayHaveRun: true },
    ]);
    // Nobody's deadline has moved, and nothing is lost.
    expect(patient.cancel()).toBe(true);
    await caller.arrived(3);
    expect(caller.outcomes[2]).toMatchObject({ code: 'cancelled', callId: patient.id });
    expect(await caller.svc.callRaw('MORTAL', 'alive', mortal().echo('alive'))).toBe('alive');
    expect(caller.outcomes).toHaveLength(3);
  }));

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
