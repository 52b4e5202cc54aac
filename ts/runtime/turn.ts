/**
 * Turns: calls that would have arrived in several messages arrive in one, and still begin
 * one after the other.
 *
 * Between two messages the runtime lets the first one's microtasks end, and holds the next one back
 * while the object waits for its storage or blocks concurrency (the input gate). Methods rely on it: a
 * counter that is read, awaited and written counts every call. So each piece of work has its turn,
 * until it waits for something outside of the object.
 */

/** Microtasks that an async method may take before it is asked whether it waits for the outside. */
const MICROTASKS_OF_A_METHOD = 16;

/** Microtasks of a method of an entrypoint that end before the next call of its message begins. */
const MICROTASKS_WITHOUT_GATE = 100;

/** Where no timer is to be had, so many have to do: most chains of promises are shorter. */
const MICROTASKS_WITHOUT_TIMER = 1_000;

/** And so many reads of the object's storage: most methods that wait for it wait less often. */
const READS_WITHOUT_TIMER = 50;

const resolved = Promise.resolve();

/** Runs something after this turn. The runtime's own `queueMicrotask` costs a microsecond more. */
export function soon(run: () => void): void {
  void resolved.then(run);
}

/** Microtasks by which whoever awaited a call has gone on, through a few functions of his own. */
const MICROTASKS_UNTIL_IDLE = 8;

/** Runs something a few microtasks later, or as soon as that has no point any more. */
export function afterMicrotasks(run: () => void, isPointless = (): boolean => false): void {
  let left = MICROTASKS_UNTIL_IDLE;
  // Not an async function: resuming one costs twice as much.
  const next = (): void => {
    left -= 1;
    if (left === 0 || isPointless()) run();
    else soon(next);
  };
  soon(next);
}

/** Lets so many microtasks run that async methods which wait for nothing have ended. */
export async function microtasks(
  hasEnded = (): boolean => false,
  most = MICROTASKS_OF_A_METHOD,
): Promise<void> {
  for (let left = most; left > 0 && !hasEnded(); left--) await undefined;
}

/** An object that takes its turns: a Durable Object has a storage, whose input gate holds messages back. */
interface Gated {
  readonly ctx?: { readonly storage?: DurableObjectStorage };
}

/**
 * Resolves when `work` has ended, or waits for something that lets other messages in.
 *
 * @param self - The object that works.
 * @param beforeWaiting - Runs if it waits.
 * @param isGated - Whether the object holds messages back while it waits for itself. A Worker entrypoint
 *   does not: the calls of its message begin within one event, so those of the next one follow them.
 */
export async function endOfTurn(
  work: Promise<unknown>,
  self: object,
  beforeWaiting?: () => void,
  isGated = true,
): Promise<void> {
  let hasEnded = false;
  const end = (): void => {
    hasEnded = true;
  };
  work.then(end, end);
  await microtasks(() => hasEnded);
  if (hasEnded) return;
  if (!isGated) {
    await microtasks(() => hasEnded, MICROTASKS_WITHOUT_GATE);
    if (!hasEnded) beforeWaiting?.();
    return;
  }
  beforeWaiting?.();
  try {
    // A timer is an event: it fires when all microtasks have run and the input gate is open.
    await scheduler.wait(0);
  } catch {
    // The object has the maximum number of timers, so it continues without one.
    await microtasks(() => hasEnded, MICROTASKS_WITHOUT_TIMER);
    const { storage } = (self as Gated).ctx ?? {};
    for (let left = READS_WITHOUT_TIMER; storage && left > 0 && !hasEnded; left--) {
      await storage.get('__lmz').catch(() => {});
    }
  }
}

/** Objects whose messages have not all begun, each with what those behind them wait for. */
const tails = new WeakMap<object, Promise<void>>();
/** How many there are: mostly none, and then nothing is looked up. */
let held = 0;

/** What a message does: what it sends, and when its turn is over, if that takes time. */
export interface Begun {
  readonly sent: unknown;
  readonly turn: Promise<void> | undefined;
}

/** Whether a message to an object has to wait for those that came before it. */
export function mustWait(self: object): boolean {
  return held > 0 && tails.has(self);
}

/**
 * Begins a message after those that came before it. Messages come one after the other, but the calls of
 * one may still have to begin when the next one is there.
 *
 * @param begin - Begins it. It never throws.
 * @returns A promise of what it sends.
 */
export function afterOthers(self: object, begin: () => Begun): Promise<unknown> {
  const tail = tails.get(self) ?? resolved;
  return new Promise((resolve) => {
    const turn = tail.then(() => {
      const begun = begin();
      resolve(begun.sent);
      return begun.turn;
    });
    hold(self, turn);
  });
}

/** Holds back the messages to come until a turn is over. */
export function hold(self: object, turn: Promise<void>): void {
  held += 1;
  tails.set(self, turn);
  const end = (): void => {
    held -= 1;
    if (tails.get(self) === turn) tails.delete(self);
  };
  turn.then(end, end);
}
