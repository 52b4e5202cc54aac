/** Handlers: the program that the caller's own object runs with the outcome. */

import { ArgumentKind } from '../wasm/lumenize_call.js';
import { Copies } from '../wire/copy.js';
import type { Frame, Program } from '../wire/core.js';
import { isStart, type Node, nodeOf } from '../wire/node.js';
import { ReadFailure } from '../wire/reading.js';
import { Flattening, mayHold } from './flatten.js';
import { forgetFormsOfAFlood, handlers, MOST_IN_FORM, Token, tokenOf } from './forms.js';
import { BoundStart, result } from './record.js';

/** A handler: a program with its native values. */
export interface HandlerProgram {
  readonly program: Program;
  readonly slots: readonly unknown[];
}

/**
 * The program that the caller's own object runs with the outcome. The outcome goes where `remote` or
 * `$result` stands; where neither does, it is the last argument of the last call.
 */
export function handlerOf(handler: Node, remote: Node): HandlerProgram {
  try {
    return bind(handler, remote);
  } catch (failure) {
    throw failure instanceof ReadFailure ? failure.cause : failure;
  }
}

function bind(handler: Node, remote: Node): HandlerProgram {
  const { args } = handler;
  const begun = handler.of?.of;
  const isMethod = begun && isStart(begun) && !(begun instanceof BoundStart);
  const name = args && isMethod ? handler.of?.name : undefined;
  // What uses the outcome in another way than as an argument is refused when it is flattened.
  const usesOutcome = handler === remote || handler.of === remote;
  const place =
    args && name !== undefined && !usesOutcome ? placeOfOutcome(args, remote) : undefined;
  forgetFormsOfAFlood();
  if (!args || place === undefined || args.length > MOST_IN_FORM.arguments) {
    return unformed(flattenHandler(handler, remote));
  }
  const forms = handlers;
  const method = forms.with(forms.with(0, tokenOf(name as string)), args.length);
  const form = forms.with(method, Token.Nested + place + 1);
  let program = forms.values[form];
  if (!program) {
    // Where the outcome has no place, it follows the arguments.
    const argumentCount = place < 0 ? args.length + 1 : args.length;
    const flattened = flattenHandler(handler, remote);
    const native = args.filter((_, at) => at !== place);
    const { slots } = flattened;
    const areThere = native.every((value, at) => Object.is(value, slots[at]));
    if (!areThere || native.length !== slots.length) return unformed(flattened);
    program = withSlotsInPlace(flattened, argumentCount);
    forms.values[form] = program;
  }
  return { program, slots: args };
}

function unformed({ words, names, slots }: Frame): HandlerProgram {
  return { program: { words, names, method: undefined }, slots };
}

/**
 * Which of the arguments is the outcome; -1 if none is, and `undefined` where there is more to it: two of
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

/** The same program, but that its slots are the arguments themselves, the outcome's place included. */
function withSlotsInPlace({ words, names }: Program, argumentCount: number): Program {
  const start = words.length - argumentCount;
  const inPlace = Array.from(words, (word, at) =>
    at >= start && word !== ArgumentKind.Outcome ? (at - start) << ArgumentKind.Bits : word,
  );
  return { words: inPlace, names, method: undefined };
}

function flattenHandler(handler: Node, remote: Node): Frame {
  const flattening = new Flattening(remote, new Copies('handler'), []);
  flattening.finish(handler);
  if (!flattening.placesOutcome) flattening.appendOutcome(handler);
  // A handler gets the values themselves: nothing of it is sent.
  const sources = flattening.copies.sources();
  const slots = flattening.slots.map((slot) => sources.get(slot as object) ?? slot);
  return { words: flattening.words, names: flattening.names, slots };
}
