/**
 * Turns: calls that would have arrived in several messages arrive in one, and still begin
 * one after the other.
 *
 * Between two messages the runtime lets the first one's microtasks end, and holds the next one back
 * while the object waits for its storage or blocks concurrency (the input gate). Methods rely on it: a
 * counter that is read, awaited and written counts every call. So each piece of work has its turn,
 * until it waits for something outside of the object.
 */

/** Microtasks that an async method may take before it counts as waiting for something outside. */
const MICROTASKS_OF_A_METHOD = 16;

/** Microtasks of a method of an entrypoint that end before the next call of its message begins. */
const MICROTASKS_WITHOUT_GATE = 100;

const resolved = Promise.resolve();

/** Runs something after this turn. The runtime's own `queueMicrotask` costs a microsecond more. */
export function soon(run: () => void): void {
  void resolved.then(run);
}

/** Microtasks within which the code that awaited a call has continued, through a few functions. */
const MICROTASKS_UNTIL_IDLE = 8;

/** Runs a function a few microtasks later, or earlier if waiting has become pointless. */
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

/** Waits for enough microtasks that async methods without outside waits have ended. */
export async function microtasks(
  hasEnded = (): boolean => false,
  most = MICROTASKS_OF_A_METHOD,
): Promise<void> {
  for (let left = most; left > 0 && !hasEnded(); left--) await undefined;
}

/**
 * Resolves when `work` has ended, or waits for something that lets other messages in.
 *
 * @param beforeWaiting - Runs if it waits.
 * @param isGated - Whether the object holds messages back while it waits for itself. A Worker entrypoint
 *   does not: the calls of its message begin within one event, so those of the next one follow them.
 */
export async function endOfTurn(
  work: Promise<unknown>,
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
  await letOthersIn();
}

/** The runtime's own: a test may put another in its place. */
const RuntimeResponse = globalThis.Response;

/**
 * Waits for an event of the runtime, which comes when all microtasks have run and the input gate is open, as a
 * message does: so other messages come in before. A timer would be one, too, but takes a millisecond in
 * `wrangler dev`, and an object may have 10,000 of them. It never rejects.
 */
export async function letOthersIn(): Promise<void> {
  try {
    await new RuntimeResponse('.').text();
  } catch {
    // Whatever it was, the next call has to begin.
    await microtasks();
  }
}

const setRuntimeTimeout = globalThis.setTimeout;

/**
 * Waits until all events have been let in that have come. Only when it waits for a timer does the runtime look for what
 * comes from outside, and for other timers. In `wrangler dev` it takes a millisecond, elsewhere as long as
 * {@link letOthersIn}. It never rejects.
 */
export async function letAllIn(): Promise<void> {
  try {
    await new Promise<void>((resolve) => setRuntimeTimeout(resolve, 0));
  } catch {
    // The object has as many timers as it may have.
    await letOthersIn();
  }
}

/** A wait that somebody else ends. */
export interface Gated {
  /** It never rejects. */
  readonly ended: Promise<unknown>;
  readonly end: () => void;
}

/**
 * A wait that ends as a message arrives, whoever ends it: when the input gate is open, in the async context in which it
 * began. A promise would go on in the event, and inside of the section, of whoever resolves it.
 */
export function gated(): Gated {
  const { readable, writable } = new IdentityTransformStream();
  const ignore = (): void => {};
  const ended = readable.getReader().read().then(ignore, ignore);
  return { ended, end: () => void writable.close().catch(ignore) };
}

/** Objects with messages that have not all begun, and the promise that later messages wait for. */
const tails = new WeakMap<object, Promise<void>>();
/** Their number. It is mostly 0, which saves a lookup. */
let held = 0;

/** A message that has begun: its answer, and the end of its turn if that takes time. */
export interface Begun {
  readonly sent: unknown;
  readonly turn: Promise<void> | undefined;
}

/** Whether a message has to wait for earlier messages to the same object. */
export function mustWait(self: object): boolean {
  return held > 0 && tails.has(self);
}

/**
 * Begins a message after earlier ones. Messages arrive one after the other, but the calls of
 * one may not all have begun when the next arrives.
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

/** Holds later messages back until a turn is over. */
export function hold(self: object, turn: Promise<void>): void {
  held += 1;
  tails.set(self, turn);
  const end = (): void => {
    held -= 1;
    if (tails.get(self) === turn) tails.delete(self);
  };
  turn.then(end, end);
}
