/** Spans of what a target runs. */

import { classOf, currentContext, placeOf } from '../wire/context.js';
import type { ReceivedProgram } from '../wire/core.js';
import { CallError } from '../wire/errors.js';
import { describeInvocation, inSpan, rpcAttributes } from '../wire/tracing.js';

/** Runs a method of a target in a span of its own, such as `Users.getUser`. */
export function inMethodSpan<R>(self: object, method: string, run: () => R): R {
  const service = classOf(self) ?? '';
  // After a wait, its message may have begun other calls.
  const id = { 'lumenize.call.id': currentContext()?.callId };
  return inSpan(`${service}.${method}`, rpcAttributes(service, method, id), run);
}

/** Says of the invocation what its message runs; what the target refuses is left out. */
export function describeMessage(
  self: object,
  programs: readonly (ReceivedProgram | CallError)[],
): void {
  describeInvocation(
    programs.flatMap((each) => (each instanceof CallError ? [] : [placeOf(self, each.entries)])),
  );
}
