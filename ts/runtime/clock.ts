/** Timers, and the time since 1970, in milliseconds. */
export interface Machine {
  readonly Date: { now(): number };
  setTimeout(run: () => void, delay: number): unknown;
  clearTimeout(timer: unknown): void;
}

/** Time, which is the machine's unless `testing/` puts another in its place. */
export const time: {
  /** Milliseconds since an arbitrary point in time. A function, since `globalThis.performance` is looked up slowly. */
  now: () => number;
  machine: Machine;
  /** Learns when an object wants to be woken, and says when its alarm is to be. Milliseconds since 1970. */
  alarm?: (at: number, of: DurableObjectState, wake: () => void) => number;
} = { now: () => performance.now(), machine: globalThis as unknown as Machine };

/** The lateness of a timer that counts as a clock step, in milliseconds. Nothing blocks events for so long. */
const MOST_LATENESS_MS = 60_000;

/**
 * The clock by which the deadlines of some calls are kept: milliseconds that never go back, whatever becomes
 * of the machine's own clock. What the runtime offers as a monotonic clock is the same wall clock, so
 * steps are found out: one back shows at the next reading, or when a timer fires too early by the
 * clock; one forward, when the clock is far beyond the time by which a timer has to have fired. After
 * either the clock may be slow until the next timer fires, which sets it right: no deadline comes early.
 *
 * Each group of calls has one of its own, since only their timers know better than the machine's clock.
 */
export class Clock {
  #offset = 0;
  #latest = 0;
  /** How often the machine's clock went back, or so far beyond a timer that this one did not follow. */
  steps = 0;

  /** The last time that was told. */
  get latest(): number {
    return this.#latest;
  }

  /**
   * Milliseconds since an arbitrary point in time.
   *
   * @param due - When a timer is to fire that has not fired yet; `Infinity` where there is none.
   */
  now(due: number): number {
    const read = time.now() + this.#offset;
    const isSteppedForward = read - due > MOST_LATENESS_MS;
    const isSteppedBack = read < this.#latest;
    if (isSteppedBack || isSteppedForward) {
      this.steps += 1;
      this.#offset += this.#latest - read;
    } else this.#latest = read;
    return this.#latest;
  }

  /**
   * Learns that a timer set for `due` has fired: it is not earlier now, and `now` bounds how much later.
   *
   * @returns By how many milliseconds the clock was slow.
   */
  hasFired(due: number): number {
    const read = this.now(due);
    if (read >= due) return 0;
    this.#offset += due - read;
    return due - read;
  }
}
