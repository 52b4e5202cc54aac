/**
 * Pending calls: the core holds which calls are open and when they expire, this holds what each
 * does with its outcome, the clock and the one timer.
 */
import { createPendingCalls, guard, type PendingCalls } from './core.js';

/** A call that waits for its outcome. Neither of its methods throws. */
export interface PendingCall {
  /** Receives the one outcome: a value, or the error that `failed` announces. */
  settle(outcome: unknown, failed: boolean): void;
  /** The error of a call whose deadline has passed. */
  timeoutError(): Error;
}

/** Longer delays than this would wrap around to none. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** The pending calls of one object. */
export class Pending {
  readonly #table: PendingCalls = createPendingCalls();
  readonly #calls = new Map<number, PendingCall>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerDeadline = Number.POSITIVE_INFINITY;

  /**
   * Opens a call and returns its id. Throws `CallError` with code `invalid-option` for a timeout
   * that is not above 0.
   */
  open(timeout: number, call: PendingCall): number {
    const now = Date.now();
    const id = guard(() => this.#table.open(now, timeout), `timeout is ${timeout}`);
    this.#calls.set(id, call);
    if (now + timeout < this.#timerDeadline) this.#arm();
    return id;
  }

  /** Gives a call its outcome. `false`: it had one, and this one is dropped. */
  settle(id: number, outcome: unknown, failed: boolean): boolean {
    if (!this.#table.settle(id)) return false;
    this.#take(id)?.settle(outcome, failed);
    return true;
  }

  /** The same, but the call learns of it after this turn. */
  settleLater(id: number, outcome: unknown, failed: boolean): boolean {
    if (!this.#table.settle(id)) return false;
    const call = this.#take(id);
    queueMicrotask(() => call?.settle(outcome, failed));
    return true;
  }

  #expire(): void {
    this.#timer = undefined;
    this.#timerDeadline = Number.POSITIVE_INFINITY;
    // The table has let go of these calls: each is settled, whatever becomes of the others.
    const due = [...this.#table.due(Date.now())].map((id) => this.#take(id));
    this.#arm();
    for (const call of due) call?.settle(call.timeoutError(), true);
  }

  #take(id: number): PendingCall | undefined {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    if (this.#calls.size === 0 && this.#timer !== undefined) {
      // Two turns of microtasks later, so that whoever awaited this call has gone on by then.
      queueMicrotask(() => queueMicrotask(this.#disarmIfIdle));
    }
    return call;
  }

  /** One timer, for the earliest deadline. It may fire early, but never late. */
  #arm(): void {
    const deadline = this.#table.nextDeadline();
    if (deadline >= this.#timerDeadline) return;
    this.#disarm();
    const delay = Math.min(Math.max(deadline - Date.now(), 0), LONGEST_DELAY_MS);
    this.#timer = setTimeout(() => this.#expire(), delay);
    this.#timerDeadline = deadline;
  }

  /**
   * An idle object holds no timer: one would keep it from hibernating. If another call has followed
   * at once, the timer serves that one too.
   */
  readonly #disarmIfIdle = (): void => {
    if (this.#calls.size === 0) this.#disarm();
  };

  #disarm(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerDeadline = Number.POSITIVE_INFINITY;
  }
}
