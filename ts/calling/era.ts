/**
 * Pending calls of one era: between two steps of the machine's clock. This class holds the calls without an outcome
 * and the one timer; the core knows which are due. The core learns of a call only if it still waits when the timer
 * fires, so most calls never enter wasm. The core's table can be rebuilt from the calls held here.
 */
import { Clock, time as clocks } from '../runtime/clock.js';
import { afterMicrotasks } from '../runtime/turn.js';
import {
  ask,
  coreInstance,
  createPendingCalls,
  freePendingCalls,
  type PendingCalls,
} from '../wire/core.js';

/** A call that waits for its outcome. */
export interface PendingCall {
  /** No other call of the object has it. */
  readonly id: number;
  /** Whether it has no outcome yet. */
  isPending: boolean;
  /** Its index among the calls that the core does not know: with a `Set` of these, 200 calls take twice as long. */
  place: number;
  /** When it was opened, by the clock of deadlines. */
  openedAt: number;
  /** Milliseconds from then to the deadline. */
  readonly timeout: number;
  /** In which it was opened. */
  era?: object | undefined;
}

/** Longer delays than this would wrap around to none. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** Milliseconds by which a timer may seem early, because clocks show whole milliseconds. */
const ROUNDING_MS = 2;

export class Era<C extends PendingCall> {
  /** Calls that the core does not know, in any order. */
  #recent: C[] = [];
  /** Those that it watches, by id. */
  readonly #watched = new Map<number, C>();
  #size = 0;
  readonly #clock = new Clock();
  #latestId = 0;
  /** Receives calls whose deadline has passed, already removed. */
  readonly #onDue: (calls: readonly C[]) => void;
  /** Runs when the code that awaited the last pending call has continued. */
  readonly #onIdle: () => void;
  #table: PendingCalls | undefined;
  /** The instance of the core in which the table is. */
  #instance = -1;
  #isIdling = false;
  #timer: unknown;
  /** When the timer fires. */
  #timerDue = Number.POSITIVE_INFINITY;
  /** Whether the runtime has refused a timer: the object has too many of its own. */
  #isRefused = false;

  constructor(onDue: (calls: readonly C[]) => void, onIdle: () => void) {
    this.#onDue = onDue;
    this.#onIdle = onIdle;
  }

  /** Milliseconds of the clock by which these calls are timed. */
  now(): number {
    // Without a timer, a long pause counts as a clock step, so that no deadline comes early.
    return this.#clock.now(this.#isRefused ? this.#clock.latest : this.#timerDue);
  }

  get size(): number {
    return this.#size;
  }

  /** Whether `onIdle` is about to be called. */
  get isIdling(): boolean {
    return this.#isIdling;
  }

  /**
   * Whether the clock was found to have stepped, or shows a time by which the timer should have fired: then only the
   * timer knows the time.
   */
  hasEnded(now: number): boolean {
    return this.#clock.steps > 0 || now > this.#timerDue;
  }

  /** Opens a call whose timeout has been checked, now. It never throws. */
  open(call: C, now: number): void {
    call.openedAt = now;
    this.#latestId = call.id;
    call.isPending = true;
    this.#size += 1;
    call.place = this.#recent.push(call) - 1;
    if (now + call.timeout < this.#timerDue) this.#arm(call.timeout);
  }

  /** Removes a call, which the remover settles. Returns `false` if it already has its outcome. */
  close(call: C): boolean {
    if (!call.isPending) return false;
    call.isPending = false;
    if (this.#watched.size === 0 || !this.#watched.delete(call.id)) this.#forget(call);
    this.#size -= 1;
    if (this.#size > 0) {
      this.retry();
      return true;
    }
    if (!this.#isIdling) {
      this.#isIdling = true;
      // By then the code that awaited this call has continued. Setting timers costs more than this wait: one
      // awaited call, and three nested ones, would take 1.4 times as long without it, one with a handler 1.3.
      afterMicrotasks(this.#becomeIdle, this.#isBusy);
    }
    return true;
  }

  /** Tries again to set a timer that the runtime has refused. */
  retry(): void {
    if (this.#isRefused) this.#expire();
  }

  /** The last one takes its place. */
  #forget({ place }: C): void {
    const last = this.#recent.pop() as C;
    if (place === this.#recent.length) return;
    last.place = place;
    this.#recent[place] = last;
  }

  /** @param latestId - The latest call when the timer was set. */
  #fire(due: number, latestId: number): void {
    const slow = this.#clock.hasFired(due);
    if (slow > ROUNDING_MS && this.#clock.steps === 0) this.#postpone(latestId, slow);
    if (due === this.#timerDue) this.#forgetTimer();
    this.#expire();
  }

  #expire(): void {
    const time = this.now();
    let due: readonly number[];
    let next: number;
    try {
      [due, next] = ask(() => this.#look(time));
    } catch {
      // A core that keeps failing moves no deadline.
      const deadlines = [...this.#watched.values()].map((call) => call.openedAt + call.timeout);
      due = [...this.#watched.keys()].filter((_, at) => (deadlines[at] as number) <= time);
      next = deadlines.filter((at) => at > time).reduce(earlier, Number.POSITIVE_INFINITY);
    }
    const calls = due.map((id) => this.#watched.get(id)).filter((call) => call !== undefined);
    // A refused timer makes each closing call look here again; these calls must not.
    this.#isRefused = false;
    // All are removed before any is settled, so that settling one cannot affect another.
    const open = calls.filter((call) => this.close(call));
    if (next < this.#timerDue) this.#arm(next - time);
    this.#onDue(open);
  }

  /**
   * The clock has become slow, and nobody noticed: it went back by less than had passed since it was read. Calls
   * that were opened after the timer was set may be younger than they seem.
   */
  #postpone(latestId: number, slow: number): void {
    this.#watchRecent();
    for (const [id, call] of this.#watched) {
      if (id > latestId) call.openedAt += slow;
    }
    this.#dropTable();
  }

  #watchRecent(): C[] {
    const recent = this.#recent;
    this.#recent = [];
    for (const call of recent) this.#watched.set(call.id, call);
    return recent;
  }

  /** Which calls are due, and the next deadline. */
  #look(time: number): [number[], number] {
    const recent = this.#watchRecent();
    let table = this.#table;
    const isThere = table && this.#instance === coreInstance();
    if (!table || !isThere || table.watch(flat(recent), this.#size)) table = this.#makeTable();
    const [next = Number.POSITIVE_INFINITY, ...due] = table.due(time);
    return [due, next];
  }

  /** A dead instance's memory is gone with it. */
  #dropTable(): void {
    if (this.#table && this.#instance === coreInstance()) freePendingCalls(this.#table);
    this.#table = undefined;
  }

  #makeTable(): PendingCalls {
    this.#dropTable();
    const table = createPendingCalls();
    this.#instance = coreInstance();
    this.#table = table;
    table.watch(flat([...this.#watched.values()]), this.#size);
    return table;
  }

  /** One timer. It may fire early, but never late. */
  #arm(wait: number): void {
    const delay = Math.min(Math.max(wait, 0), LONGEST_DELAY_MS);
    try {
      const due = this.now() + delay;
      const latestId = this.#latestId;
      const timer = clocks.machine.setTimeout(() => this.#fire(due, latestId), delay);
      this.#disarm();
      this.#timer = timer;
      this.#timerDue = due;
    } catch {
      // The next call that is made or answered tries again, and checks for due calls.
      this.#isRefused = true;
    }
  }

  readonly #isBusy = (): boolean => this.#size > 0;

  /**
   * An idle object holds no timer, which would prevent hibernation, and nothing in wasm memory, which
   * all objects share. A call that follows immediately finds both unchanged.
   */
  readonly #becomeIdle = (): void => {
    this.#isIdling = false;
    this.#onIdle();
    if (this.#size > 0) return;
    this.#disarm();
    this.#isRefused = false;
    this.#clock.steps = 0;
    this.#dropTable();
  };

  #disarm(): void {
    if (this.#timer === undefined) return;
    clocks.machine.clearTimeout(this.#timer);
    this.#forgetTimer();
  }

  #forgetTimer(): void {
    this.#timer = undefined;
    this.#timerDue = Number.POSITIVE_INFINITY;
  }
}

function earlier(one: number, other: number): number {
  return Math.min(one, other);
}

/** Calls as the core takes them. */
function flat(calls: readonly PendingCall[]): Float64Array {
  return Float64Array.from(calls.flatMap(({ id, openedAt, timeout }) => [id, openedAt, timeout]));
}
