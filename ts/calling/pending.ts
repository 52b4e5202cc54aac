/**
 * Pending calls, by eras. A step of the machine's clock ends an era: calls that wait already go by the timer
 * and the clock that they have, and calls that are made from then on have their own.
 */
import { Era, type PendingCall } from './era.js';

/** The pending calls of one object, or of one section of it. */
export class Pending<C extends PendingCall> {
  #era: Era<C>;
  /** Eras that have ended, with calls that are still pending. */
  readonly #ended = new Set<Era<C>>();
  readonly #onDue: (calls: readonly C[]) => void;
  readonly #onIdle: () => void;

  /**
   * @param onDue - Receives calls whose deadline has passed, already removed.
   * @param onIdle - Runs when the code that awaited the last pending call of an era has continued.
   */
  constructor(onDue: (calls: readonly C[]) => void, onIdle: () => void) {
    this.#onDue = onDue;
    this.#onIdle = onIdle;
    this.#era = this.#begin();
  }

  #begin(): Era<C> {
    const era: Era<C> = new Era(this.#onDue, () => {
      this.#ended.delete(era);
      this.#onIdle();
    });
    return era;
  }

  /** Opens a call whose timeout has been checked. It never throws. */
  open(call: C): void {
    let now = this.#era.now();
    if (this.#era.hasEnded(now)) {
      if (this.#era.size > 0) this.#ended.add(this.#era);
      this.#era = this.#begin();
      now = this.#era.now();
    }
    call.era = this.#era;
    this.#era.open(call, now);
    this.#retry();
  }

  /** Removes a call, which the remover settles. Returns `false` if it already has its outcome. */
  close(call: C): boolean {
    const isClosed = (call.era as Era<C> | undefined)?.close(call) ?? false;
    this.#retry();
    return isClosed;
  }

  /** An era in which nobody makes calls any more may lack a timer that the runtime has refused. */
  #retry(): void {
    for (const era of this.#ended) era.retry();
  }

  /** Milliseconds since a call was opened. */
  since(call: C): number {
    return ((call.era as Era<C> | undefined)?.now() ?? 0) - call.openedAt;
  }

  get size(): number {
    let { size } = this.#era;
    for (const era of this.#ended) size += era.size;
    return size;
  }

  /** Whether `onIdle` is about to be called. */
  get isIdling(): boolean {
    return this.#era.isIdling || [...this.#ended].some((era) => era.isIdling);
  }
}
