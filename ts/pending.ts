/**
 * Pending calls: the core holds which calls are open and when they expire, this holds what each
 * does with its outcome, the clock and the one timer. What the core holds can be made again from
 * what is held here.
 */
import { coreInstance, createPendingCalls, guard, type PendingCalls } from './core.js';
import { CallError } from './errors.js';

/** A call that waits for its outcome. Neither of its methods throws. */
export interface PendingCall {
  /** Milliseconds since the epoch. */
  readonly openedAt: number;
  /** Milliseconds from then to the deadline. */
  readonly timeout: number;
  /** Receives the one outcome: a value, or the error that `failed` announces. */
  settle(outcome: unknown, failed: boolean): void;
  /** The error of a call whose deadline has passed. */
  timeoutError(): Error;
}

/** Longer delays than this would wrap around to none. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** The pending calls of one object. */
export class Pending {
  readonly #calls = new Map<number, PendingCall>();
  #table: PendingCalls | undefined;
  /** The instance of the core in which the table is. */
  #instance = -1;
  #greatestId = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerDeadline = Number.POSITIVE_INFINITY;

  /**
   * Opens a call and returns its id. Throws `CallError` with code `invalid-option` for a timeout
   * that is not above 0.
   */
  open(call: PendingCall): number {
    const { openedAt, timeout } = call;
    const id = this.#ask((table) => table.open(openedAt, timeout), `timeout is ${timeout}`);
    this.#greatestId = Math.max(this.#greatestId, id);
    this.#calls.set(id, call);
    this.#arm(openedAt + timeout);
    return id;
  }

  /** Gives a call its outcome. `false`: it had one, and this one is dropped. */
  settle(id: number, outcome: unknown, failed: boolean): boolean {
    if (!this.#close(id)) return false;
    this.#take(id)?.settle(outcome, failed);
    return true;
  }

  /** The same, but the call learns of it after this turn. */
  settleLater(id: number, outcome: unknown, failed: boolean): boolean {
    if (!this.#close(id)) return false;
    const call = this.#take(id);
    queueMicrotask(() => call?.settle(outcome, failed));
    return true;
  }

  /** Whether a call was open. */
  #close(id: number): boolean {
    try {
      return this.#ask((table) => table.settle(id));
    } catch {
      // A core that keeps dying does not cost a call its outcome.
      return this.#calls.has(id);
    }
  }

  #expire(): void {
    this.#timer = undefined;
    this.#timerDeadline = Number.POSITIVE_INFINITY;
    let due: readonly number[];
    let next = Number.POSITIVE_INFINITY;
    let failure: unknown;
    try {
      [due, next] = this.#ask((table) => [[...table.due(Date.now())], table.nextDeadline()]);
    } catch (error) {
      // Without a table nobody knows a deadline: better to fail early than never.
      failure = error;
      due = [...this.#calls.keys()];
    }
    // The table has let go of these calls: each is settled, whatever becomes of the others.
    const calls = due.map((id) => this.#take(id));
    this.#arm(next);
    for (const call of calls) call?.settle(failure ?? call.timeoutError(), true);
  }

  /**
   * Asks the table. If the core has died meanwhile, the table is made again first; if it dies under
   * this very question, it is asked once more.
   */
  #ask<T>(question: (table: PendingCalls) => T, place?: string): T {
    const ask = (): T => guard(() => question(this.#tableOf(coreInstance())), place);
    try {
      return ask();
    } catch (error) {
      if (!(error instanceof CallError) || error.code !== 'internal') throw error;
      return ask();
    }
  }

  #tableOf(instance: number): PendingCalls {
    if (this.#table && this.#instance === instance) return this.#table;
    const table = createPendingCalls(this.#greatestId);
    for (const [id, { openedAt, timeout }] of this.#calls) table.restore(id, openedAt, timeout);
    this.#instance = instance;
    this.#table = table;
    return table;
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
  #arm(deadline: number): void {
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
