/** Running handlers, by the runner that runs what callers send. */

import type { HandlerProgram } from '../record/handler.js';
import { release } from '../wire/outcome.js';
import { ours } from '../wire/stack.js';
import { callMethod, run, settled } from './run.js';
import { readAny } from './steps.js';

/**
 * Runs a handler, whose result nobody receives: what came by RPC is released, what the handler itself has
 * returned is its own.
 *
 * @returns A promise of its end where it takes time. It throws, or rejects with, what the handler does.
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

/** What a handler is that was not recorded: it receives the outcome. */
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

function endOf(returned: unknown, lent: readonly unknown[]): void | Promise<void> {
  if (!(returned instanceof Promise)) return undefined;
  return returned.then((result) => {
    if (lent.includes(result)) release(result);
  });
}

// Last, since wrangler's bundler names functions where they stand.
ours(runFunction);
