/** Recorded handlers: programs that the caller's own object runs with the outcome. */

import { Copies } from '../wire/copy.js';
import { type Method, type Program, runnable } from '../wire/core.js';
import { isStart, type Node, nodeOf } from '../wire/node.js';
import { ReadFailure } from '../wire/reading.js';
import { Flattening, mayHold } from './flatten.js';
import { BoundStart, result } from './record.js';

/** A recorded handler with its native values. Most call one method; the others are programs. */
export type HandlerProgram =
  | { readonly method: Method; readonly slots: readonly unknown[] }
  | {
      readonly method: undefined;
      readonly program: Program;
      readonly slots: readonly unknown[];
    };

/**
 * The program of a handler. The outcome goes where `remote` or `$result` stands;
 * if neither does, it becomes the last argument of the last call.
 */
export function handlerOf(handler: Node, remote: Node): HandlerProgram {
  try {
    return methodOf(handler, remote) ?? flattened(handler, remote);
  } catch (failure) {
    throw failure instanceof ReadFailure ? failure.cause : failure;
  }
}

/** A handler that calls one method, with arguments in which no other continuation stands. */
function methodOf(handler: Node, remote: Node): HandlerProgram | undefined {
  const { args, of } = handler;
  const begun = of?.of;
  const isMethod = begun && isStart(begun) && !(begun instanceof BoundStart);
  if (!args || !isMethod || of?.name === undefined) return undefined;
  // Flattening refuses any use of the outcome other than as an argument.
  if (handler === remote || of === remote) return undefined;
  const place = placeOfOutcome(args, remote);
  if (place === undefined) return undefined;
  const isLast = place < 0;
  const method = {
    name: of.name,
    argumentCount: isLast ? args.length + 1 : args.length,
    outcomeAt: isLast ? args.length : place,
  };
  return { method, slots: args };
}

/**
 * The index of the outcome among the arguments; -1 if it is not there, and `undefined` if there are two of
 * them, or other continuations.
 */
function placeOfOutcome(args: readonly unknown[], remote: Node): number | undefined {
  let place = -1;
  for (const [at, argument] of args.entries()) {
    const node = nodeOf(argument);
    const isOutcome = node === remote || node === result;
    if (isOutcome ? place >= 0 : node || mayHold(argument)) return undefined;
    if (isOutcome) place = at;
  }
  return place;
}

function flattened(handler: Node, remote: Node): HandlerProgram {
  const flattening = new Flattening(remote, new Copies('handler'), []);
  flattening.finish(handler);
  if (!flattening.placesOutcome) flattening.appendOutcome(handler);
  // A handler receives the values themselves, because nothing is sent.
  const sources = flattening.copies.sources();
  const slots = flattening.slots.map((slot) => sources.get(slot as object) ?? slot);
  return { method: undefined, program: runnable(flattening), slots };
}
