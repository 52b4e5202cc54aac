/** How many calls an object of a class runs, and makes, at once. */

import type { Limits } from './core.js';

export interface Counts {
  /** Calls that run at once on one object, and calls that wait there. */
  readonly running: number;
  readonly waiting: number;
  /** Calls of one object to one target that are sent and not settled, and calls that wait unsent. */
  readonly inFlight: number;
  readonly unsent: number;
}

/** They are the last of a class's limits. */
export function countsOf({ words }: Limits): Counts {
  const [running = 0, waiting = 0, inFlight = 0, unsent = 0] = words.subarray(-COUNTS);
  return { running, waiting, inFlight, unsent };
}

const COUNTS = 4;
