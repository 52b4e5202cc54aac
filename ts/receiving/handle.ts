/** Runs handlers, with the runner that also runs callers' programs. */

import type { HandlerProgram } from '../record/handler.js';
import { classOf } from '../wire/context.js';
import { release } from '../wire/dispose.js';
import { ours } from '../wire/stack.js';
import { inSpan } from '../wire/tracing.js';
import { callMethod, run, settled } from './run.js';
import { readAny } from './steps.js';

/**
 * Runs a handler. No code receives its result, so stubs in it that arrived by RPC are released. Values that
 * the handler created are its own.
 *
 * @returns A promise of its end, if it takes time. Throws, or rejects with, the handler's error.
 */
export function runHandler(
  handler: HandlerProgram,
  self: object,
  outcome: unknown,
): void | Promise<void> {
  const lent: unknown[] = [];
  const { method, slots } = handler;
  const returned = method
    ? callMethod(method, slots, 0, self, readAny, outcome, lent)
    : run(handler.program, slots, 0, self, readAny, outcome, lent);
  return endOf(returned, lent);
}

/** A handler that is a function: it receives the outcome. */
export type HandlerFunction = (outcome: unknown) => unknown;

/** Runs a function as {@link runHandler} does a recorded handler. */
export function runFunction(
  handler: HandlerFunction,
  self: object,
  outcome: unknown,
): void | Promise<void> {
  const lent: unknown[] = [];
  return endOf(settled(Reflect.apply(handler, self, [outcome]), lent), lent);
}

/** A handler that has been checked. */
export type CheckedHandler = HandlerProgram | HandlerFunction;

/** Runs either: in a span of its own, such as `Cart.onUser`, if its call is traced. */
export function runEither(
  handler: CheckedHandler,
  self: object,
  outcome: unknown,
  isTraced: boolean,
): void | Promise<void> {
  if (isTraced) {
    const name = `${classOf(self)}.${nameOf(handler)}`;
    return inSpan(name, undefined, () => runEither(handler, self, outcome, false));
  }
  return typeof handler === 'function'
    ? runFunction(handler, self, outcome)
    : runHandler(handler, self, outcome);
}

function nameOf(handler: CheckedHandler): string | undefined {
  // Its function may have a name of its own, which may be anything.
  if (typeof handler === 'function') return 'handler';
  return handler.method ? handler.method.name : handler.program.names[0];
}

function endOf(returned: unknown, lent: readonly unknown[]): void | Promise<void> {
  if (!(returned instanceof Promise)) return undefined;
  return returned.then((result) => {
    if (lent.includes(result)) release(result);
  });
}

// Last: wrangler's bundler names functions at their declarations.
ours(runFunction);
