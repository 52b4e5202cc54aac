/** Waiting in tests, by the machine's own timers. */

import { time } from '../runtime/clock.js';

/** The machine's own, whatever stands in their place. */
export const { machine, now: machineNow } = time;

/** Waits by the machine's clock; for an event at the least, so nothing follows in the turn in which it is called. */
export function pause(ms = 0): Promise<void> {
  return new Promise((resolve) => {
    machine.setTimeout(resolve, ms);
  });
}

/** Never settles, as what the platform says of a message whose answer does not come. */
export function never(): Promise<never> {
  return new Promise(() => {});
}
