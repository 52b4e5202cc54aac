/** Handlers of durable calls: recorded ones, as they are stored, and run again from there. */

import { handlerFor, textOfHandler } from '../calling/handlers.js';
import { runEither } from '../receiving/handle.js';
import type { HandlerProgram } from '../record/handler.js';
import { notRecorded } from '../record/record.js';
import { runnable } from '../wire/core.js';
import { type Node, nodeOf } from '../wire/node.js';
import { isTraced } from '../wire/tracing.js';
import type { StoredHandler } from './rows.js';

/**
 * What is stored of a handler.
 *
 * @param self - The object on which it will run.
 * @throws `CallError` with code `invalid-continuation` for what cannot be one.
 */
export function storedHandlerFor(
  handler: unknown,
  remote: Node,
  self: object,
): StoredHandler | undefined {
  if (typeof handler === 'function' && !nodeOf(handler)) {
    const remedy =
      'record one, as in this.ctn().onUser(user): the handler of a durable call is stored, and a function cannot be';
    throw notRecorded('handler', handler, remedy);
  }
  const checked = handlerFor(handler, remote, self) as HandlerProgram | undefined;
  if (!checked) return undefined;
  const text = textOfHandler(handler) as string;
  if (!checked.method) {
    const { words, names } = checked.program;
    return { text, words: Uint32Array.from(words), names: [...names], slots: checked.slots };
  }
  const { method } = checked;
  // Where the outcome goes stands the continuation that yields it.
  const slots = checked.slots.map((slot, at) => (at === method.outcomeAt ? undefined : slot));
  return { text, method: { ...method }, slots };
}

/** Runs a stored handler. */
export function runStored(
  stored: StoredHandler,
  self: object,
  outcome: unknown,
): void | Promise<void> {
  return runEither(programOf(stored), self, outcome, isTraced());
}

function programOf(stored: StoredHandler): HandlerProgram {
  const { slots } = stored;
  if ('method' in stored) return { method: stored.method, slots };
  const { words, names } = stored;
  return { method: undefined, program: runnable({ words: [...words], names: [...names] }), slots };
}
