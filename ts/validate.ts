/** Validates a continuation on the recording side, as a receiver would. */

import { encodeProgram } from './record/encode.js';
import { recorded } from './record/record.js';
import type { CallLimits } from './wasm/lumenize_call.js';
import { checkLimits, decodeFrame } from './wire/core.js';

/**
 * Checks a remote continuation as its receiver will before any of it runs: its structure, its names and
 * all limits. What the receiver's class opens to callers is not known here.
 *
 * @param remote - Recorded by `ctn<T>()`.
 * @param limits - The receiver's `static callLimits`. Default: the limits of this package.
 * @throws `CallError`: `invalid-continuation`, `not-callable` for a name that is refused everywhere,
 *   `limit-exceeded`; `invalid-option` for limits that make no sense.
 * @example
 * ```ts
 * validate(newContinuation<Users>().getUser('u1'), { steps: 64 });
 * ```
 */
export function validate(remote: unknown, limits: CallLimits = {}): void {
  const { frame, slots, failure } = encodeProgram(recorded(remote), undefined);
  if (failure) throw failure.cause;
  decodeFrame(frame, slots.length, checkLimits(limits));
}
