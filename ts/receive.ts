/**
 * Receiving: a message that anybody may have sent becomes a checked program, runs on the target
 * and is answered. Nothing of it runs before all of it is checked.
 */
import { decodeFrame } from './core.js';
import { CallError } from './errors.js';
import { sendFailure, sendValue } from './outcome.js';
import { type ReadEntry, run } from './run.js';

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
  try {
    const program = decodeFrame(frame, slots);
    const returned = run(program, self, exposed(base));
    return returned instanceof Promise
      ? returned.then(sendValue, sendFailure)
      : sendValue(returned);
  } catch (thrown) {
    return sendFailure(thrown);
  }
}

/** Reads what Workers RPC exposes: members of the target's own classes, down to the base. */
function exposed(base: object): ReadEntry {
  return (self, name) => {
    if (!Object.hasOwn(self, name)) {
      let prototype: object | null = Object.getPrototypeOf(self);
      for (; prototype && prototype !== base; prototype = Object.getPrototypeOf(prototype)) {
        if (Object.hasOwn(prototype, name)) return (self as Record<string, unknown>)[name];
      }
    }
    throw new CallError('not-callable', `${self.constructor.name} has no public method '${name}'`);
  };
}
