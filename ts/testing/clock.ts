/**
 * The clock by which deadlines and durable calls are timed, which a test moves. A timer has to fire in the object
 * that set it, and no other may call into that object. So each timer looks at the moved clock every few milliseconds.
 */

import { runtime } from '#workers';
import { prototypeHas } from '../calling/targets.js';
import { time } from '../runtime/clock.js';
import { isDataObject } from '../runtime/kinds.js';
import { invalidOption } from '../wire/errors.js';
import { explain } from '../wire/explain.js';
import { plugin } from './plugin.js';
import { quiet } from './sent.js';
import { machine, machineNow, pause } from './waiting.js';

/** How often a timer looks at the moved clock, in milliseconds. */
const LOOK_MS = 2;

/** How long a timer may take to fire once it is due: those of objects that are gone never do. */
const MOST_LATENESS_MS = 500;

/** By how much the clock is ahead of the machine's, in milliseconds. */
let ahead = 0;

interface Timer {
  readonly due: number;
  real: unknown;
}

/** Those that have not fired. */
const waiting = new Set<Timer>();

/** A durable object that wants to be woken. */
interface Wake {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly of: DurableObjectState;
  readonly run: () => void;
}

/** By the id of the object: each has one alarm. */
const wakes = new Map<string, Wake>();

/** Milliseconds since an arbitrary point in time. */
const now = (): number => machineNow() + ahead;

/** Milliseconds since 1970. */
const date = (): number => machine.Date.now() + ahead;

/** Runs something when the clock has come so far. */
export function setTimer(run: () => void, delay: number): Timer {
  const due = now() + delay;
  const look = (): void => {
    const left = due - now();
    if (left > 0) timer.real = machine.setTimeout(look, Math.min(left, LOOK_MS));
    else {
      waiting.delete(timer);
      run();
    }
  };
  const timer = { due, real: machine.setTimeout(look, Math.min(delay, LOOK_MS)) };
  waiting.add(timer);
  return timer;
}

/** Puts the clock in the place of the machine's. */
export function useClock(): void {
  time.now = now;
  time.machine = {
    Date: { now: date },
    setTimeout: setTimer,
    clearTimeout: (timer) => {
      waiting.delete(timer as Timer);
      machine.clearTimeout((timer as Timer).real);
    },
  };
  time.alarm = (at, of, run) => {
    wakes.set(of.id.toString(), { at, of, run });
    return at - ahead;
  };
}

/**
 * The clock of deadlines and durable calls. Your own `Date.now()` and timers keep the machine's time.
 *
 * @example
 * ```ts
 * import { clock, faults } from '@lumenize/call/testing';
 *
 * const slow = this.ctn('STOCK', 'main').take('slow', 'o7');
 * const failed = this.svc.callRaw(slow, { timeout: 30_000 }).catch((error) => error);
 * using _ = faults.next().loseAnswer();
 * await clock.advance(30_000);
 * console.log((await failed).code); // timeout
 * ```
 */
export const clock = {
  /**
   * Moves the clock forward, from one deadline, delay, or repeat of a durable call to the next, in their order. At each it
   * waits for the calls under way: until they settle, or for 100 ms of the machine's time.
   *
   * @param ms - By how many milliseconds, 0 or above.
   * @throws `CallError` with code `invalid-option` for anything else.
   */
  async advance(ms: number): Promise<void> {
    if (!(Number.isFinite(ms) && ms >= 0)) {
      throw invalidOption(
        `ms is ${explain(ms)}: it has to be a number of milliseconds, 0 or above`,
      );
    }
    await quiet();
    let left = ms;
    for (;;) {
      const step = Math.max(untilNext(), 0);
      if (step > left) break;
      ahead += step;
      left -= step;
      await fire();
      await quiet();
    }
    ahead += left;
  },
};

/** Milliseconds until something is due. */
function untilNext(): number {
  const timersDue = Array.from(waiting, ({ due }) => due - now());
  const wakesDue = Array.from(wakes.values(), ({ at }) => at - date());
  return Math.min(...timersDue, ...wakesDue);
}

async function fire(): Promise<void> {
  const due = [...waiting].filter((timer) => timer.due <= now());
  const until = machineNow() + MOST_LATENESS_MS;
  while (due.some((timer) => waiting.has(timer)) && machineNow() < until) await pause(1);
  for (const timer of due) waiting.delete(timer);
  for (const [id, { at }] of [...wakes]) if (at <= date()) await wake(id);
}

/** Wakes an object as its alarm would; it may have to start. */
async function wake(id: string): Promise<void> {
  const stub = stubOf(id);
  const run = (state: DurableObjectState | undefined): void => {
    const wanted = wakes.get(id);
    if (!wanted || wanted.at > date()) return;
    wakes.delete(id);
    // One that has started anew, and has not asked again, has nothing to do.
    if (wanted.of === state) wanted.run();
  };
  if (!stub) return run(undefined);
  const { runInDurableObject } = await plugin();
  await runInDurableObject(stub, (_, state) => run(state));
}

/** A stub of the object with an id, by whichever binding. */
function stubOf(id: string): DurableObjectStub | undefined {
  const { env } = runtime as { env?: unknown };
  for (const binding of isDataObject(env) ? Object.values(env) : []) {
    if (!prototypeHas(binding, 'getByName')) continue;
    const namespace = binding as DurableObjectNamespace;
    try {
      return namespace.get(namespace.idFromString(id));
    } catch {
      // The id is of another namespace.
    }
  }
  return undefined;
}
