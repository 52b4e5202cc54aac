/** A message of several calls, which anyone may have sent. */
import { checkMessage } from '../wire/core.js';
import { CallError } from '../wire/errors.js';

export interface Message {
  readonly frames: readonly unknown[];
  readonly slotCounts: Uint16Array;
  readonly which: Uint16Array;
  readonly slots: readonly unknown[];
}

/** Throws `CallError` with code `protocol` or `limit-exceeded` for a message that no honest caller sends. */
export function readMessage([frames, slotCounts, which, slots]: readonly unknown[]): Message {
  const isMessage =
    Array.isArray(frames) &&
    slotCounts instanceof Uint16Array &&
    which instanceof Uint16Array &&
    Array.isArray(slots);
  if (!isMessage) throw new CallError('protocol', 'the message is not one of several calls');
  checkMessage(frames, slotCounts, which, slots.length);
  return { frames, slotCounts, which, slots };
}
