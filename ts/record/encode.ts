/**
 * Encoding: the program that a call sends. Known forms are found without flattening.
 */

import { Copies } from '../wire/copy.js';
import { encodeFrame } from '../wire/core.js';
import { isStart, type Node, nodeOf } from '../wire/node.js';
import { ReadFailure } from '../wire/reading.js';
import { Flattening, isHolding } from './flatten.js';
import { forgetFormsOfAFlood, frames, MOST_IN_FORM, Token, tokenOf } from './forms.js';
import { BoundStart, type Destination } from './record.js';

/** An encoded call: a program as bytes, and copies of its native values. */
export interface EncodedProgram {
  readonly frame: string;
  readonly slots: readonly unknown[];
  /** Whether the slots are complete copies, which may wait. */
  readonly isWhole: boolean;
  /** Its size at most. */
  readonly bytes: number;
  /** Why it cannot be sent, if user code threw while a value was read. */
  readonly failure?: ReadFailure;
}

/** The destination of the program being encoded, which excludes continuations bound to other targets. */
let destination: Destination | undefined;

/**
 * The program that the target of a call runs. Each value in it is read once.
 *
 * @param target - Its destination; `undefined` if it is only validated.
 */
export function encodeProgram(node: Node, target: Destination | undefined): EncodedProgram {
  const slots: unknown[] = [];
  const copies = new Copies('arguments');
  // A getter in an argument may make a call of its own.
  const outer = destination;
  destination = target;
  try {
    const frame = frameOf(node, slots, copies);
    const { isWhole } = copies;
    return { frame, slots, isWhole, bytes: frame.length + copies.bytes };
  } catch (failure) {
    if (!(failure instanceof ReadFailure)) throw failure;
    copies.letGo();
    return { frame: '', slots: [], isWhole: true, bytes: 0, failure };
  } finally {
    destination = outer;
  }
}

function frameOf(node: Node, slots: unknown[], copies: Copies): string {
  forgetFormsOfAFlood();
  visit += 1;
  nodesLeft = MOST_IN_FORM.nodes;
  const walk = visit;
  // A getter in an argument may make a call that replaces the tables.
  const forms = frames;
  const found = formOf(node, 0, slots, copies);
  // A getter in an argument may have made a call, which spoils this walk.
  const form = visit === walk ? found : NO_FORM;
  const known = forms.values[form];
  if (known !== undefined) return known;
  slots.length = 0;
  const flattening = new Flattening(undefined, copies, slots, destination);
  flattening.finish(node);
  const frame = encodeFrame(flattening, slots.length);
  if (form !== NO_FORM) forms.values[form] = frame;
  return frame;
}

/** The current walk, which marks nodes, and the nodes that it may still visit. */
let visit = 0;
let nodesLeft = 0;

/** The form of a program that is not a small tree, in which a node used twice runs once. */
const NO_FORM = -1;

/**
 * Goes on from a form through a program, whose native values are added to `slots` in the order in which
 * flattening finds them.
 */
function formOf(node: Node, from: number, slots: unknown[], copies: Copies): number {
  if (isStart(node)) {
    // Flattening reports the error.
    const isElsewhere =
      node instanceof BoundStart && destination?.isSame(node.route.target) === false;
    return isElsewhere ? NO_FORM : from;
  }
  nodesLeft -= 1;
  if (!node.of || node.visit === visit || nodesLeft < 0) return NO_FORM;
  node.visit = visit;
  const before = formOf(node.of, from, slots, copies);
  if (before === NO_FORM) return NO_FORM;
  const { args, name = '' } = node;
  if (args) return formOfArguments(args, before, slots, copies);
  return name.length > MOST_IN_FORM.nameLength ? NO_FORM : frames.with(before, tokenOf(name));
}

function formOfArguments(
  args: readonly unknown[],
  from: number,
  slots: unknown[],
  copies: Copies,
): number {
  if (args.length > MOST_IN_FORM.arguments) return NO_FORM;
  let form = frames.with(from, args.length);
  for (let at = 0; at < args.length; at++) {
    const argument = args[at];
    const node = nodeOf(argument);
    if (!node) {
      const copy = copies.copy(argument);
      if (isHolding(copy, copies)) return NO_FORM;
      slots.push(copy);
      continue;
    }
    // `ctn()` alone is not an argument.
    if (isStart(node)) return NO_FORM;
    const nested = formOf(node, frames.with(form, Token.Nested + at), slots, copies);
    if (nested === NO_FORM) return NO_FORM;
    form = frames.with(nested, Token.NestedEnd);
  }
  return form;
}
