/**
 * How many calls of one object are in flight to one target, and how many wait unsent until others have settled:
 * `inFlight` and `unsent` of its class's `callLimits`.
 */

import { afterMicrotasks, soon } from '../runtime/turn.js';
import { type CallLimits, MostLimit } from '../wasm/lumenize_call.js';
import { checkLimits } from '../wire/core.js';
import { type Counts, countsOf } from '../wire/counts.js';
import type { CallError } from '../wire/errors.js';
import type { Call } from './call.js';
import type { Outbox } from './outbox.js';

/** How calls end that are not sent. */
interface Failing {
  refuse(call: Call, error: CallError): void;
  fail(call: Call, error: unknown): void;
}

/** The calls of one object, on their way to the outbox. */
export class Flights {
  readonly #outbox: Outbox<Call>;
  readonly #failing: Failing;
  /** Looked up when the first call is made; `null` where its class limits nothing. */
  #most: Counts | null | undefined;
  /** Calls that wait, to whatever target. */
  unsent = 0;

  constructor(outbox: Outbox<Call>, failing: Failing) {
    this.#outbox = outbox;
    this.#failing = failing;
  }

  /** Throws `CallError` with code `invalid-option` if what the class of an object says makes no sense. */
  check(self: object): void {
    if (this.#most === undefined) this.#most = mostOf(self) ?? null;
  }

  /** Sends a call, or lets it wait, or fails it if too many wait. */
  send(call: Call): void {
    const { target } = call;
    if (!this.#most) {
      this.post(call);
      return;
    }
    target.flight ??= new Flight(this, this.#most);
    if (!target.flight.add(call)) this.#failing.refuse(call, call.overloadedError(this.#most));
  }

  /** Sends a call for which there is room. */
  post(call: Call): void {
    if (call.isAlone) this.#outbox.addAlone(call);
    else this.#outbox.add(call);
  }

  /** The same for one that has waited: it was accepted, so its handler runs later. */
  postLate(call: Call): void {
    try {
      this.post(call);
    } catch (error) {
      soon(() => this.#failing.fail(call, error));
    }
  }
}

function mostOf(self: object): Counts | undefined {
  const { callLimits } = (self.constructor ?? {}) as { readonly callLimits?: CallLimits };
  if (callLimits === undefined) return undefined;
  const counts = countsOf(checkLimits(callLimits));
  return counts.inFlight === MostLimit.inFlight ? undefined : counts;
}

/** The calls of one object to one target. */
export class Flight {
  readonly #all: Flights;
  readonly #most: Counts;
  /** Calls that are sent and not settled. */
  #inFlight = 0;
  /** Calls that wait, in their order. */
  readonly #unsent = new Set<Call>();
  /** How many have settled. */
  #settled = 0;
  #isAboutToSend = false;

  constructor(all: Flights, most: Counts) {
    this.#all = all;
    this.#most = most;
  }

  get isEmpty(): boolean {
    return this.#inFlight === 0 && this.#unsent.size === 0;
  }

  /** Returns `false` if too many wait. */
  add(call: Call): boolean {
    const isFree = this.#inFlight < this.#most.inFlight && this.#unsent.size === 0;
    if (!isFree && this.#unsent.size >= this.#most.unsent) return false;
    call.flight = this;
    if (isFree) {
      this.#inFlight += 1;
      this.#all.post(call);
    } else {
      this.#unsent.add(call);
      this.#all.unsent += 1;
    }
    return true;
  }

  /** Learns that a call is settled, whatever it came to. */
  settled(call: Call): void {
    if (this.#forget(call)) return;
    this.#inFlight -= 1;
    this.#settled += 1;
    if (this.#unsent.size === 0 || this.#isAboutToSend) return;
    this.#isAboutToSend = true;
    this.#sendNextSoon();
  }

  /** When the calls have settled that were answered together, as many others travel together. */
  #sendNextSoon(): void {
    const before = this.#settled;
    afterMicrotasks(() => {
      if (this.#settled === before) this.#sendNext();
      else this.#sendNextSoon();
    });
  }

  #sendNext(): void {
    this.#isAboutToSend = false;
    for (const call of this.#unsent) {
      if (this.#inFlight >= this.#most.inFlight) return;
      this.#forget(call);
      if (call.isPending && call.waited()) {
        this.#inFlight += 1;
        this.#all.postLate(call);
      } else call.flight = undefined;
    }
  }

  #forget(call: Call): boolean {
    const isUnsent = this.#unsent.delete(call);
    if (isUnsent) this.#all.unsent -= 1;
    return isUnsent;
  }
}
