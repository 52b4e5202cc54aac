/**
 * The clock by which deadlines are kept: milliseconds that never go back, whatever becomes of the
 * machine's own clock. What the runtime offers as a monotonic clock is the same wall clock, so steps are
 * found out: one back shows at the next reading, or when a timer fires too early by the clock; one
 * forward, when the clock is far beyond the time by which a timer has to have fired. After either the
 * clock may be slow until the next timer fires, which sets it right: no deadline comes early.
 */

/** By how much a timer may be late, in milliseconds: longer than anything keeps an object from events. */
const MOST_LATENESS_MS = 60_000;

let offset = 0;
let latest = 0;

/** How often the clock went so far beyond a timer that it was set right. */
export let stepsForward = 0;

/**
 * Milliseconds since an arbitrary point in time.
 *
 * @param due - When a timer is to fire that has not fired yet.
 */
export function now(due = Number.POSITIVE_INFINITY): number {
  const read = performance.now() + offset;
  const isSteppedForward = read - due > MOST_LATENESS_MS;
  if (isSteppedForward) stepsForward += 1;
  if (read < latest || isSteppedForward) offset += latest - read;
  else latest = read;
  return latest;
}

/** A timer that was to fire at `due` has fired: it is not earlier now, and not much later. */
export function hasFired(due: number): void {
  const late = performance.now() + offset - due;
  if (late < 0 || late > MOST_LATENESS_MS) offset -= late;
  now();
}
