/**
 * Pending calls: this holds which calls have no outcome yet, the clock and the one timer; the core, which
 * are due. It hears of a call only if that still waits when the timer fires, so most calls never go into
 * wasm. What the core holds can be made again from what is held here.
 */
import {
  ask,
  coreInstance,
  createPendingCalls,
  freePendingCalls,
  type PendingCalls,
} from './core.js';
import { afterMicrotasks } from './turn.js';

/** A call that waits for its outcome. */
export interface PendingCall {
  /** Given when it is opened: no other call of the object has it. */
  id: number;
  /** Whether it has no outcome yet. */
  isPending: boolean;
  /** Where it is among the calls that the core has not heard of. */
  place: number;
  /** Milliseconds since the epoch. */
  readonly openedAt: number;
  /** Milliseconds from then to the deadline. */
  readonly timeout: number;
}

/** Longer delays than this would wrap around to none. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** Places may be empty, or deadlines in the core out of date, as many as are pending and so many more. */
const SLACK = 64;

/** The pending calls of one object. */
export class Pending<C extends PendingCall> {
  /** Calls that the core has not heard of, up to `end`. Nothing of a call stays when it has settled. */
  #recent: (C | undefined)[] = [];
  #end = 0;
  /** Those that it watches, by id. */
  readonly #watched = new Map<number, C>();
  #size = 0;
  /** Learns of calls whose deadline has passed; they are no longer here. */
  readonly #onDue: (calls: readonly C[]) => void;
  /** Learns that whoever awaited the last pending call has gone on. */
  readonly #onRest: () => void;
  #table: PendingCalls | undefined;
  /** The instance of the core in which the table is. */
  #instance = -1;
  #greatestId = 0;
  #isResting = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerDeadline = Number.POSITIVE_INFINITY;

  constructor(onDue: (calls: readonly C[]) => void, onRest: () => void) {
    this.#onDue = onDue;
    this.#onRest = onRest;
  }

  get size(): number {
    return this.#size;
  }

  /** Whether `onRest` is about to be called. */
  get isResting(): boolean {
    return this.#isResting;
  }

  /** Opens a call and gives it its id. Its timeout has been checked. */
  open(call: C): void {
    const deadline = call.openedAt + call.timeout;
    this.#greatestId += 1;
    call.id = this.#greatestId;
    call.isPending = true;
    this.#size += 1;
    call.place = this.#end;
    this.#recent[this.#end++] = call;
    if (this.#end > 2 * this.#size + SLACK) this.#closeRanks();
    if (deadline < this.#timerDeadline) this.#arm(deadline);
  }

  /** Takes a call out: whoever does so settles it. `false`: it has, or had, its outcome. */
  close(call: C): boolean {
    if (!call.isPending) return false;
    call.isPending = false;
    if (this.#watched.size === 0 || !this.#watched.delete(call.id)) {
      this.#recent[call.place] = undefined;
    }
    this.#size -= 1;
    if (this.#size > 0) return true;
    this.#end = 0;
    if (!this.#isResting) {
      this.#isResting = true;
      // By then whoever awaited this call has gone on: timers cost more than what they would watch.
      afterMicrotasks(this.#rest, this.#isBusy);
    }
    return true;
  }

  #takeRecent(): C[] {
    const recent = this.#recent.slice(0, this.#end).filter((call) => call !== undefined);
    this.#recent = [];
    this.#end = 0;
    return recent;
  }

  #closeRanks(): void {
    const recent = this.#takeRecent();
    for (const [place, call] of recent.entries()) call.place = place;
    this.#recent = recent;
    this.#end = recent.length;
  }

  #expire(): void {
    this.#timer = undefined;
    this.#timerDeadline = Number.POSITIVE_INFINITY;
    const now = Date.now();
    let due: readonly number[];
    let next: number;
    try {
      [due, next] = ask(() => this.#look(now));
    } catch {
      // A core that keeps dying moves no deadline.
      const deadlines = [...this.#watched].map(([id, call]): [number, number] => [
        id,
        call.openedAt + call.timeout,
      ]);
      due = deadlines.filter(([, at]) => at <= now).map(([id]) => id);
      next = deadlines
        .map(([, at]) => at)
        .filter((at) => at > now)
        .reduce((earliest, at) => Math.min(earliest, at), Number.POSITIVE_INFINITY);
    }
    const calls = due.map((id) => this.#watched.get(id)).filter((call) => call !== undefined);
    // Each is taken out before any is settled, whatever becomes of the others.
    const open = calls.filter((call) => this.close(call));
    this.#arm(next);
    this.#onDue(open);
  }

  /** Which calls are due, and the next deadline. */
  #look(now: number): [number[], number] {
    const recent = this.#takeRecent();
    for (const call of recent) this.#watched.set(call.id, call);
    let table = this.#table;
    if (table && this.#instance === coreInstance()) {
      const deadlines = table.watch(flat(recent));
      if (deadlines > 2 * this.#size + SLACK) {
        freePendingCalls(table);
        table = this.#makeTable();
      }
    } else table = this.#makeTable();
    return [[...table.due(now)], table.nextDeadline()];
  }

  #makeTable(): PendingCalls {
    this.#table = undefined;
    const table = createPendingCalls();
    this.#instance = coreInstance();
    this.#table = table;
    table.watch(flat([...this.#watched.values()]));
    return table;
  }

  /** One timer, for the earliest deadline. It may fire early, but never late. */
  #arm(deadline: number): void {
    if (deadline >= this.#timerDeadline) return;
    this.#disarm();
    const delay = Math.min(Math.max(deadline - Date.now(), 0), LONGEST_DELAY_MS);
    this.#timer = setTimeout(() => this.#expire(), delay);
    this.#timerDeadline = deadline;
  }

  readonly #isBusy = (): boolean => this.#size > 0;

  /**
   * An idle object holds no timer, which would keep it from hibernating, and nothing in wasm memory, which
   * is shared with all others. If another call has followed at once, it finds both as they were.
   */
  readonly #rest = (): void => {
    this.#isResting = false;
    this.#onRest();
    if (this.#size > 0) return;
    this.#disarm();
    this.#recent = [];
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

/** Calls as the core takes them. */
function flat(calls: readonly PendingCall[]): Float64Array {
  return Float64Array.from(calls.flatMap(({ id, openedAt, timeout }) => [id, openedAt, timeout]));
}
