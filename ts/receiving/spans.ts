/** Spans of what a target runs. */

import { FacadeEntry } from '../wasm/lumenize_call.js';
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

/** Says of the invocation what its message runs: nothing of what is refused, or of durable calls inside of it. */
export function describeMessage(
  self: object,
  programs: readonly (ReceivedProgram | CallError)[],
): void {
  const places = programs.flatMap((each) =>
    each instanceof CallError || isDurable(each) ? [] : [placeOf(self, each.entries)],
  );
  if (places.length > 0) describeInvocation(places);
}

/** Whether a program only carries a durable call. */
export function isDurable({ method }: ReceivedProgram): boolean {
  return method?.name === FacadeEntry.Durable;
}
