/** The protocol, as its two sides see each other; docs/wire-format.md has it for other implementations. */

import { types } from '../runtime/kinds.js';

/** The two methods of a receiver: for a call that travels alone, and for several. */
export interface Receiver {
  /** @param more - The slots of the program and, behind them, what travels with the call (`context.ts`). */
  __lmzCall(frame: string, ...more: readonly unknown[]): PromiseLike<unknown>;
  /**
   * @param frames - The programs, each that differs once.
   * @param slotCounts - How many slots each of them takes.
   * @param which - For each call its frame, by number.
   * @param slots - Those of all calls, one after the other.
   * @param context - What travels with the calls (`context.ts`).
   * @returns `[which, outcomes, rest]`: of the calls that are ready, by number; without `which`, of
   *   all in their order. `rest` is there until all are: a stub with `next()`, which returns the next
   *   `[which, outcomes]`; `fetch(call)`, which returns a result that only the runtime can carry; and
   *   `stop()`, for a caller that wants no more.
   */
  __lmzCalls(
    frames: readonly string[],
    slotCounts: Uint16Array,
    which: Uint16Array,
    slots: readonly unknown[],
    context: unknown,
  ): PromiseLike<unknown>;
}

/** A stub of what the target holds of a message until all is answered. */
export interface RestStub {
  next(): PromiseLike<unknown>;
  fetch(call: number): PromiseLike<unknown>;
  stop(): PromiseLike<unknown>;
}

/** What marks an answer that is no bare value: `[VALUE, value]` is a value that looks like a marked one. */
export const VALUE = '__lmzValue';
/** `[FAILURE, error]`: steps had begun to run. */
export const FAILURE = '__lmzFailure';
/** `[REFUSAL, error]`: nothing has run. */
export const REFUSAL = '__lmzRefusal';
/** `[LATER]`: the result has to be fetched. */
const LATER = '__lmzFetch';

/**
 * What travels with calls beside their programs: `[CONTEXT, caller, times, origins?]`. The caller is `[class, id, name]`;
 * times are the id and the milliseconds until its deadline of each call; origins, where a call has one, are
 * `[chain, data?]`: the calls around it, and their data.
 */
export const CONTEXT = '__lmzContext';

const MARKERS: readonly unknown[] = [VALUE, FAILURE, REFUSAL, LATER];

/** What stands for the outcome of a call that its target forgot: the caller fails as `protocol`. */
export const NO_ANSWER: unknown = [FAILURE];

/** What stands for a result that the caller has to fetch by itself. */
export const FETCH: unknown = [LATER];

/** Whether a result has to be fetched. */
export function isToBeFetched(sent: unknown): boolean {
  return isMarked(sent) && sent[0] === LATER;
}

/** Whether a target refused a message as a whole. */
export function isRefusal(sent: unknown): boolean {
  return isMarked(sent) && sent[0] === REFUSAL;
}

/** Whether an answer, which came by RPC, is more than a bare value. */
export function isMarked(sent: unknown): sent is [string, unknown] {
  return Array.isArray(sent) && MARKERS.includes(sent[0]);
}

/** Whether a result, which is still the user's, could be taken for a marked one. It runs no getter. */
export function couldBeMarked(result: unknown): boolean {
  if (!Array.isArray(result) || types.isProxy(result)) return false;
  const first = Object.getOwnPropertyDescriptor(result, 0);
  return first !== undefined && ('get' in first || MARKERS.includes(first.value));
}
