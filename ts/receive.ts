/**
 * Receiving: a message that anybody may have sent becomes a checked program, runs on the target
 * and is answered. Nothing of it runs before all of it is checked.
 */
import { decodeFrame, type ReceivedFrame } from './core.js';
import { readExposed, rulesOf } from './expose.js';
import { sendFailure, sendRefusal, sendValue } from './outcome.js';
import { type Read, run } from './run.js';

/**
 * Answers one message. It never throws: a failure is data, since the runtime would lose most of
 * an error that is thrown across.
 *
 * @param self - The target.
 * @param base - The prototype whose members, and those above it, nobody may call.
 * @param frame - The encoded program.
 * @param slots - The native values that it uses.
 */
export function receive(
  self: object,
  base: object,
  frame: unknown,
  slots: readonly unknown[],
): unknown {
  let program: ReceivedFrame;
  let read: Read;
  try {
    const rules = rulesOf(self, base);
    program = decodeFrame(frame, slots, rules.limits);
    for (const name of program.entries) rules.checkEntry(self, name);
    read = readExposed(self, rules);
  } catch (refused) {
    return sendRefusal(refused);
  }
  try {
    const returned = run(program, self, read);
    return returned instanceof Promise
      ? returned.then(sendValue, sendFailure)
      : sendValue(returned);
  } catch (thrown) {
    return sendFailure(thrown);
  }
}
