/**
 * Pending calls: this holds which calls have no outcome yet, and the one timer; the core, which are due.
 * It hears of a call only if that still waits when the timer fires, so most calls never go into wasm.
 * What the core holds can be made again from what is held here.
 */
import { Clock } from '../runtime/clock.js';
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
  /** Where it is among the calls that the core has not heard of. */
  place: number;
  /** When it was opened, by the clock of deadlines. */
  openedAt: number;
  /** Milliseconds from then to the deadline. */
  readonly timeout: number;
}

/** Longer delays than this would wrap around to none. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** Places may be empty, or deadlines in the core out of date, as many as are pending and so many more. */
const SLACK = 64;

/** Milliseconds by which a timer may seem to fire early, since clocks have whole ones. */
const ROUNDING_MS = 2;

/** The pending calls of one object, or of one section of it. */
export class Pending<C extends PendingCall> {
  /** Calls that the core has not heard of, up to `end`. Nothing of a call stays when it has settled. */
  #recent: (C | undefined)[] = [];
  #end = 0;
  /** Those that it watches, by id. */
  readonly #watched = new Map<number, C>();
  #size = 0;
  readonly #clock = new Clock();
  #latestId = 0;
  /** How many steps of it have been taken into account. */
  #stepsForward = 0;
  #stepsBack = 0;
  /** The first call that was opened by a slow clock. */
  #slowSince = Number.POSITIVE_INFINITY;
  /** Learns of calls whose deadline has passed; they are no longer here. */
  readonly #onDue: (calls: readonly C[]) => void;
  /** Learns that whoever awaited the last pending call has gone on. */
  readonly #onIdle: () => void;
  #table: PendingCalls | undefined;
  /** The instance of the core in which the table is. */
  #instance = -1;
  #isIdling = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Timers of before a step of the clock. */
  readonly #left: ReturnType<typeof setTimeout>[] = [];
  /** For how long the timer waits, and until when. */
  #timerDelay = Number.POSITIVE_INFINITY;
  #timerDue = Number.POSITIVE_INFINITY;
  /** Whether the runtime has refused a timer: the object has too many of its own. */
  #isRefused = false;

  constructor(onDue: (calls: readonly C[]) => void, onIdle: () => void) {
    this.#onDue = onDue;
    this.#onIdle = onIdle;
  }

  /** Milliseconds of the clock by which these calls are timed. */
  now(): number {
    // Without a timer that would tell, a long pause is taken for a step: no deadline comes early.
    return this.#clock.now(this.#isRefused ? this.#clock.latest : this.#timerDue);
  }

  get size(): number {
    return this.#size;
  }

  /** Whether `onIdle` is about to be called. */
  get isIdling(): boolean {
    return this.#isIdling;
  }

  /** Opens a call whose timeout has been checked. It never throws. */
  open(call: C): void {
    call.openedAt = this.now();
    this.#noteSteps(call);
    this.#latestId = call.id;
    call.isPending = true;
    this.#size += 1;
    call.place = this.#end;
    this.#recent[this.#end++] = call;
    if (this.#end > 2 * this.#size + SLACK) this.#closeRanks();
    // A timer that waits for no longer than the call does fires in time, whatever the clock says.
    if (call.timeout < this.#timerDelay) this.#arm(call.timeout);
  }

  /** A call is opened by a clock that has been slow since it was found to have stepped. */
  #noteSteps(call: C): void {
    const { stepsForward, stepsBack } = this.#clock;
    if (stepsForward === this.#stepsForward && stepsBack === this.#stepsBack) return;
    if (stepsForward !== this.#stepsForward) this.#leaveTimer();
    this.#stepsForward = stepsForward;
    this.#stepsBack = stepsBack;
    this.#slowSince = Math.min(this.#slowSince, call.id);
  }

  /** Takes a call out: whoever does so settles it. `false`: it has, or had, its outcome. */
  close(call: C): boolean {
    if (!call.isPending) return false;
    call.isPending = false;
    if (this.#watched.size === 0 || !this.#watched.delete(call.id)) {
      this.#recent[call.place] = undefined;
    }
    this.#size -= 1;
    if (this.#size > 0) {
      if (this.#isRefused) this.#expire();
      return true;
    }
    this.#end = 0;
    if (!this.#isIdling) {
      this.#isIdling = true;
      // By then whoever awaited this call has gone on: timers cost more than what they would watch.
      afterMicrotasks(this.#becomeIdle, this.#isBusy);
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

  /** @param latestId - The latest call when the timer was set. */
  #fire(due: number, latestId: number): void {
    const slow = this.#clock.hasFired(due);
    if (slow > ROUNDING_MS) this.#postpone(latestId, slow);
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
      // A core that keeps dying moves no deadline.
      const deadlines = [...this.#watched].map(([id, call]): [number, number] => [
        id,
        call.openedAt + call.timeout,
      ]);
      due = deadlines.filter(([, at]) => at <= time).map(([id]) => id);
      next = deadlines
        .map(([, at]) => at)
        .filter((at) => at > time)
        .reduce((earliest, at) => Math.min(earliest, at), Number.POSITIVE_INFINITY);
    }
    const calls = due.map((id) => this.#watched.get(id)).filter((call) => call !== undefined);
    // Refused again it would be looked at with each call that closes: not with these.
    this.#isRefused = false;
    // Each is taken out before any is settled, whatever becomes of the others.
    const open = calls.filter((call) => this.close(call));
    if (next - time < this.#timerDelay) this.#arm(next - time);
    this.#onDue(open);
  }

  /**
   * The clock has become slow since a call was made: those that were opened after that, and after it was seen
   * to have stepped, are younger than they seem.
   */
  #postpone(latestId: number, slow: number): void {
    for (const call of this.#takeRecent()) this.#watched.set(call.id, call);
    for (const [id, call] of this.#watched) {
      if (id > latestId && id >= this.#slowSince) call.openedAt += slow;
    }
    if (this.#table && this.#instance === coreInstance()) freePendingCalls(this.#table);
    this.#table = undefined;
  }

  /** Which calls are due, and the next deadline. */
  #look(time: number): [number[], number] {
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
    const [next = Number.POSITIVE_INFINITY, ...due] = table.due(time);
    return [due, next];
  }

  #makeTable(): PendingCalls {
    this.#table = undefined;
    const table = createPendingCalls();
    this.#instance = coreInstance();
    this.#table = table;
    table.watch(flat([...this.#watched.values()]));
    return table;
  }

  /** One timer. It may fire early, but never late. */
  #arm(wait: number): void {
    const delay = Math.min(Math.max(wait, 0), LONGEST_DELAY_MS);
    try {
      const due = this.now() + delay;
      const latestId = this.#latestId;
      const timer = setTimeout(() => this.#fire(due, latestId), delay);
      this.#disarm();
      this.#timer = timer;
      this.#timerDelay = delay;
      this.#timerDue = due;
    } catch {
      // The next call that is made or answered asks again, and looks for what is due meanwhile.
      this.#isRefused = true;
    }
  }

  readonly #isBusy = (): boolean => this.#size > 0;

  /**
   * An idle object holds no timer, which would keep it from hibernating, and nothing in wasm memory, which
   * is shared with all others. If another call has followed at once, it finds both as they were.
   */
  readonly #becomeIdle = (): void => {
    this.#isIdling = false;
    this.#onIdle();
    if (this.#size > 0) return;
    this.#disarm();
    for (const timer of this.#left.splice(0)) clearTimeout(timer);
    this.#isRefused = false;
    this.#slowSince = Number.POSITIVE_INFINITY;
    this.#recent = [];
    // What a dead instance held has gone with it.
    if (this.#table && this.#instance === coreInstance()) freePendingCalls(this.#table);
    this.#table = undefined;
  };

  #disarm(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#forgetTimer();
  }

  /** After a step of the clock only the timer knows when its call is due: another is set beside it. */
  #leaveTimer(): void {
    if (this.#timer !== undefined) this.#left.push(this.#timer);
    this.#forgetTimer();
  }

  #forgetTimer(): void {
    this.#timer = undefined;
    this.#timerDelay = Number.POSITIVE_INFINITY;
    this.#timerDue = Number.POSITIVE_INFINITY;
  }
}

/** Calls as the core takes them. */
function flat(calls: readonly PendingCall[]): Float64Array {
  return Float64Array.from(calls.flatMap(({ id, openedAt, timeout }) => [id, openedAt, timeout]));
}
