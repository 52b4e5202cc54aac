/** A message of several calls, which anyone may have sent. */
import { Contexts } from '../wire/context.js';
import { checkMessage } from '../wire/core.js';
import { CallError } from '../wire/errors.js';

export interface Message {
  readonly frames: readonly unknown[];
  readonly slotCounts: Uint16Array;
  readonly which: Uint16Array;
  readonly slots: readonly unknown[];
  readonly contexts: Contexts;
}

/** Throws `CallError` with code `protocol` or `limit-exceeded` for a message that no honest caller sends. */
export function readMessage(message: readonly unknown[]): Message {
  const [frames, slotCounts, which, slots, context] = message;
  const isMessage =
    Array.isArray(frames) &&
    slotCounts instanceof Uint16Array &&
    which instanceof Uint16Array &&
    Array.isArray(slots);
  if (!isMessage) throw new CallError('protocol', 'the message is not one of several calls');
  checkMessage(frames, slotCounts, which, slots.length);
  return { frames, slotCounts, which, slots, contexts: Contexts.of(context, which.length) };
}
