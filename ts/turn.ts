/**
 * Turns: what several messages would have brought one after the other comes in one, and still begins
 * one after the other.
 *
 * Between two messages the runtime lets the first one's microtasks end, and holds the next one back
 * while the object waits for its storage or blocks concurrency (the input gate). Methods rely on it: a
 * counter that is read, awaited and written counts every call. So each piece of work has its turn,
 * until it waits for something outside of the object.
 */

/** Microtasks that an async method may take before it is asked whether it waits for the outside. */
const MICROTASKS = 16;

const resolved = Promise.resolve();

/** Runs something after this turn. The runtime's own `queueMicrotask` costs a microsecond more. */
export function soon(run: () => void): void {
  void resolved.then(run);
}

/** Microtasks by which whoever awaited a call has gone on, through a few functions of his own. */
const FEW = 8;

/** Runs something a few microtasks later, or as soon as that has no point any more. */
export function afterMicrotasks(run: () => void, isPointless: () => boolean): void {
  let left = FEW;
  // Not an async function: resuming one costs twice as much.
  const next = (): void => {
    left -= 1;
    if (left === 0 || isPointless()) run();
    else soon(next);
  };
  soon(next);
}

/** Lets so many microtasks run that async methods which wait for nothing have ended. */
export async function microtasks(hasEnded = (): boolean => false): Promise<void> {
  for (let left = MICROTASKS; left > 0 && !hasEnded(); left--) await undefined;
}

/**
 * Resolves when `work` has ended, or waits for something that lets other messages in.
 *
 * @param beforeWaiting - Runs if it does.
 */
export async function endOfTurn(work: Promise<unknown>, beforeWaiting?: () => void): Promise<void> {
  let hasEnded = false;
  const end = (): void => {
    hasEnded = true;
  };
  work.then(end, end);
  await microtasks(() => hasEnded);
  if (hasEnded) return;
  beforeWaiting?.();
  // A timer is an event: it comes when all microtasks have run and the input gate is open.
  await scheduler.wait(0);
}
