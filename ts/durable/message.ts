/** What travels of a durable call: the arguments of its entry in an ordinary call, and that call's result. */

/** The arguments of `__lmzDurable`. */
export type Message = readonly [
  version: number,
  /** The id of the object that calls. */
  from: string,
  id: string,
  /** When the call settles as `timeout`, by the caller's clock: milliseconds since 1970. */
  expires: number,
  /** Ids of calls of the same caller that have settled, and are never sent again. */
  settled: readonly string[],
  /** The program, as in an ordinary call, and its native values. */
  frame: unknown,
  slots: readonly unknown[],
  /** The data of the call inside which it was made. */
  data: unknown,
];

/** What an outcome comes with, as the target of an ordinary call sends it. */
export const DONE = 'done';

/** The answer to a call that came too late. */
export const LATE = ['late'] as const;

export type Answer = readonly [typeof DONE, unknown] | typeof LATE;

/** What answers a durable call. */
export interface DurableReceiver {
  __lmzDurable(...message: readonly unknown[]): unknown;
}
