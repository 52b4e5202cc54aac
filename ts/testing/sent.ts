/** Calls that were sent, and have not settled. */

import type { Call } from '../calling/call.js';
import { type Settlement, settlementOf } from '../wire/channel.js';
import { machineNow, pause } from './waiting.js';

/** How long a test waits for calls under way, in milliseconds. */
const MOST_WAIT_MS = 100;

const underWay = new Set<Call>();

/** Follows a call until it settles. */
export function follow(call: Call, onSettle: (outcome: Settlement) => void): void {
  underWay.add(call);
  const settle = call.settle.bind(call);
  call.settle = (outcome, failed) => {
    underWay.delete(call);
    onSettle(settlementOf(outcome, failed));
    return settle(outcome, failed);
  };
}

/** A fault keeps a call from settling: nobody has to wait for it. */
export function forget(call: Call): void {
  underWay.delete(call);
}

/** Resolves when no call is under way, except for those that hang. */
export async function quiet(): Promise<void> {
  const until = machineNow() + MOST_WAIT_MS;
  do await pause();
  while (underWay.size > 0 && machineNow() < until);
  if (machineNow() >= until) underWay.clear();
}
