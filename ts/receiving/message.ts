/** A message of several calls, as anybody may have sent it. */
import { MessageLimit } from '../wasm/lumenize_call.js';
import { CallError } from '../wire/errors.js';

export interface Message {
  readonly frames: readonly unknown[];
  readonly slotCounts: readonly number[];
  readonly which: Uint16Array;
  readonly slots: readonly unknown[];
}

/** Throws `CallError` with code `protocol` or `limit-exceeded` for what no honest caller sends. */
export function checkMessage([frames, slotCounts, which, slots]: readonly unknown[]): Message {
  const isMessage =
    Array.isArray(frames) &&
    Array.isArray(slotCounts) &&
    which instanceof Uint16Array &&
    Array.isArray(slots);
  if (!isMessage) throw new CallError('protocol', 'the message is not one of several calls');
  const count = Math.max(which.length, frames.length);
  if (count > MessageLimit.Calls) {
    const limit = `the limit is ${MessageLimit.Calls}`;
    throw new CallError('limit-exceeded', `${count} calls or frames in the message, ${limit}`);
  }
  let slotCount = 0;
  let bytes = 0;
  for (const frame of which) {
    slotCount += slotCounts[frame] ?? Number.NaN;
    // A frame costs what it takes each time that it runs. What is none is refused later.
    bytes += (frames[frame] as string | undefined)?.length ?? 0;
  }
  if (bytes > MessageLimit.Bytes) {
    const limit = `the limit is ${MessageLimit.Bytes}`;
    throw new CallError('limit-exceeded', `${bytes} bytes of programs in the message, ${limit}`);
  }
  const isCount = (count: unknown): boolean => Number.isInteger(count) && (count as number) >= 0;
  // Spread, since `every` does not look at holes.
  const areCounts =
    frames.length <= which.length &&
    slotCounts.length === frames.length &&
    [...slotCounts].every(isCount);
  if (!areCounts || slotCount !== slots.length) {
    throw new CallError('protocol', 'the frames and slots of the message do not fit its calls');
  }
  return { frames, slotCounts, which, slots };
}
