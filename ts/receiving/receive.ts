/**
 * Receiving: a message that anyone may have sent becomes a checked program, runs on the target
 * and is answered. Nothing runs before the whole message is checked.
 */

import { afterOthers, endOfTurn, mustWait } from '../runtime/turn.js';
import { Contexts } from '../wire/context.js';
import { decodeFrame, type ReceivedProgram } from '../wire/core.js';
import { sendRefusal } from '../wire/outcome.js';
import { answer } from './attend.js';
import { type ClassRules, rulesOf } from './expose.js';
import { type Read, readAny } from './steps.js';

/**
 * Answers a message of one call. It never throws: a failure is data, because the runtime would lose
 * most of a thrown error.
 *
 * @param self - The target.
 * @param frame - The encoded program.
 * @param slots - The native values that it uses and, behind them, what travels with the call.
 */
export function receive(self: object, frame: unknown, slots: readonly unknown[]): unknown {
  if (!mustWait(self)) return begin(self, frame, slots);
  return afterOthers(self, () => {
    const sent = begin(self, frame, slots);
    return { sent, turn: sent instanceof Promise ? endOfTurn(sent) : undefined };
  });
}

function begin(self: object, frame: unknown, slots: readonly unknown[]): unknown {
  let program: ReceivedProgram;
  let read: Read;
  let contexts: Contexts;
  try {
    const rules = rulesOf(self);
    program = checkFrame(frame, slots.length, rules, self);
    // A program that calls one method reads only the entry that was just checked.
    read = program.method ? readAny : rules.read;
    contexts = Contexts.of(slots[program.slotCount], 1);
  } catch (refused) {
    return sendRefusal(refused);
  }
  const context = contexts.for(0, self, program.entries);
  return answer({ id: contexts.idOf(0), context, program, slots, firstSlot: 0, self, read });
}

/** The program of a frame, if its target lets callers run it. Throws `CallError`. */
export function checkFrame(
  frame: unknown,
  slotCount: number,
  rules: ClassRules,
  self: object,
): ReceivedProgram {
  const program = decodeFrame(frame, slotCount, rules.limits);
  for (const name of program.entries) rules.checkEntry(self, name);
  return program;
}
