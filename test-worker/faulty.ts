/**
 * The package as it is published, on a core that can be made to trap: really, in the middle of
 * whichever operation a test names. scripts/build/faulty.mjs builds it.
 */

import * as core from '../target/faulty/wasm/lumenize_call.js';
import module from '../target/faulty/wasm/lumenize_call_bg.wasm';
import { load } from '../target/faulty/wire/core.js';

export type Fault = 'panic' | 'memory' | 'stack';
export type Operation = 'encodeFrame' | 'decodeFrame' | 'watch' | 'due';

/** Whether the core traps before it has done what it was asked, or when it has. */
export type When = 'before' | 'after';

interface Plan {
  readonly fault: Fault;
  readonly operation: Operation;
  readonly when: When;
  times: number;
}

let planned: Plan | undefined;
let trapped = 0;

/** The next uses of an operation trap, as many as told. */
export function plan(
  fault: Fault,
  operation: Operation,
  { times = 1, when = 'before' as When } = {},
): void {
  planned = { fault, operation, times, when };
  trapped = 0;
}

/** How often the core has trapped since. */
export function countTraps(): number {
  return trapped;
}

function trapIfPlanned(operation: Operation, when: When): void {
  if (planned?.operation !== operation || planned.when !== when || planned.times === 0) return;
  planned.times -= 1;
  trapped += 1;
  core.fault(planned.fault);
}

function trapping<A extends unknown[], R>(
  operation: Operation,
  run: (...args: A) => R,
): (...args: A) => R {
  return (...args) => {
    trapIfPlanned(operation, 'before');
    const done = run(...args);
    trapIfPlanned(operation, 'after');
    return done;
  };
}

class PendingCalls extends core.PendingCalls {
  override watch = trapping('watch', (calls: Float64Array, pending: number) =>
    super.watch(calls, pending),
  );
  override due = trapping('due', (now: number) => super.due(now));
}

core.initSync({ module });
load({
  encodeFrame: trapping('encodeFrame', core.encodeFrame),
  decodeFrame: trapping('decodeFrame', core.decodeFrame),
  checkLimits: core.checkLimits,
  checkStep: core.checkStep,
  checkTimeout: core.checkTimeout,
  isEntry: core.isEntry,
  checkMessage: core.checkMessage,
  programMeaning: core.programMeaning,
  lists: core.lists,
  recover: core.recover,
  PendingCalls,
});

export {
  type CallHandle,
  LumenizeBase,
  newContinuation,
  type Recorded,
} from '../target/faulty/index.js';
