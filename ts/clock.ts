/**
 * The clock by which deadlines are kept: milliseconds that never go back, whatever becomes of the
 * machine's own clock. What the runtime offers as a monotonic clock is the same wall clock, so steps are
 * found out: a step back shows at the next reading or when a timer fires too early by the clock, a step
 * forward when the clock is far beyond the time by which a timer has to have fired.
 */

/** By how much a timer may be late, in milliseconds: longer than anything may keep an object from its events. */
export const MOST_LATENESS_MS = 60_000;

let offset = 0;
let latest = 0;

/** Milliseconds since an arbitrary point in time. */
export function now(): number {
  const read = performance.now() + offset;
  if (read < latest) {
    offset += latest - read;
    return latest;
  }
  latest = read;
  return read;
}

/** A timer that was to fire at `due` has fired: it is not earlier now, and not much later. */
export function hasFired(due: number): void {
  const late = now() - due;
  if (late < 0 || late > MOST_LATENESS_MS) setTime(due);
}

/** It is `time` now, whatever the machine's clock says. Returns it. */
export function setTime(time: number): number {
  offset += time - latest;
  latest = time;
  return time;
}
