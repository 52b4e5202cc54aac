/**
 * Pending calls: the core holds which calls are open and when they expire, this holds what each
 * does with its outcome, the clock and the one timer. What the core holds can be made again from
 * what is held here.
 */
import {
  ask,
  coreInstance,
  createPendingCalls,
  freePendingCalls,
  type PendingCalls,
} from './core.js';
import { CallError } from './errors.js';
import { afterMicrotasks } from './turn.js';

/** A call that waits for its outcome. */
export interface PendingCall {
  /** Milliseconds since the epoch. */
  readonly openedAt: number;
  /** Milliseconds from then to the deadline. */
  readonly timeout: number;
}

/** Longer delays than this would wrap around to none. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** The pending calls of one object. */
export class Pending<C extends PendingCall> {
  readonly #calls = new Map<number, C>();
  /** Learns of calls whose deadline has passed; they are no longer here. */
  readonly #onDue: (calls: readonly C[]) => void;
  #table: PendingCalls | undefined;
  /** The instance of the core in which the table is. */
  #instance = -1;
  #greatestId = 0;
  #isResting = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerDeadline = Number.POSITIVE_INFINITY;

  constructor(onDue: (calls: readonly C[]) => void) {
    this.#onDue = onDue;
  }

  get size(): number {
    return this.#calls.size;
  }

  /** Opens a call and returns its id. Its timeout has been checked. */
  open(call: C): number {
    const { openedAt, timeout } = call;
    const id = this.#ask((table) => table.open(openedAt, timeout));
    if (id === 0) throw new CallError('limit-exceeded', 'too many calls are pending');
    if (id > this.#greatestId) this.#greatestId = id;
    this.#calls.set(id, call);
    if (openedAt + timeout < this.#timerDeadline) this.#arm(openedAt + timeout);
    return id;
  }

  /** Takes a call out: whoever does so settles it. `false`: it has, or had, its outcome. */
  close(id: number): boolean {
    let isOpen: boolean;
    try {
      isOpen = this.#ask((table) => table.settle(id));
    } catch {
      // A core that keeps dying does not cost a call its outcome.
      isOpen = this.#calls.has(id);
    }
    if (isOpen) this.#forget(id);
    return isOpen;
  }

  #expire(): void {
    this.#timer = undefined;
    this.#timerDeadline = Number.POSITIVE_INFINITY;
    let due: readonly number[];
    let next: number;
    const now = Date.now();
    try {
      [due, next] = this.#ask((table) => [[...table.due(now)], table.nextDeadline()]);
    } catch {
      // A core that keeps dying moves no deadline.
      const deadlines = [...this.#calls].map(([id, call]) => [id, call.openedAt + call.timeout]);
      due = deadlines.filter(([, at = 0]) => at <= now).map(([id = 0]) => id);
      next = Math.min(...deadlines.map(([, at = 0]) => at).filter((at) => at > now));
    }
    // The table has let go of these calls: each is settled, whatever becomes of the others.
    const calls = due.map((id) => this.#calls.get(id)).filter((call) => call !== undefined);
    for (const id of due) this.#forget(id);
    this.#arm(next);
    this.#onDue(calls);
  }

  /** Asks the table; one that has gone with a core that died is made again first. */
  #ask<T>(question: (table: PendingCalls) => T): T {
    return ask(() => question(this.#tableOf(coreInstance())));
  }

  #tableOf(instance: number): PendingCalls {
    if (this.#table && this.#instance === instance) return this.#table;
    const table = createPendingCalls(this.#greatestId);
    for (const [id, { openedAt, timeout }] of this.#calls) table.restore(id, openedAt, timeout);
    this.#instance = instance;
    this.#table = table;
    return table;
  }

  #forget(id: number): void {
    this.#calls.delete(id);
    if (this.#calls.size === 0 && !this.#isResting) {
      this.#isResting = true;
      // By then whoever awaited this call has gone on: timers cost more than what they would watch.
      void afterMicrotasks(this.#rest);
    }
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
   * An idle object holds no timer, which would keep it from hibernating, and nothing in wasm memory,
   * which is shared with all others. If another call has followed at once, it finds both as they were.
   */
  readonly #rest = (): void => {
    this.#isResting = false;
    if (this.#calls.size > 0) return;
    this.#disarm();
    // What a dead instance held has gone with it.
    if (this.#table && this.#instance === coreInstance()) freePendingCalls(this.#table);
    this.#table = undefined;
  };

  #disarm(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerDeadline = Number.POSITIVE_INFINITY;
  }
}
