/**
 * Sending: calls that are made to one target in one turn travel in one message, a call that is alone
 * as the cheapest message there is.
 *
 * Their order is kept. A call whose arguments cannot wait, since they are more than a little plain
 * data, is sent at once, after those before it. So a message of several calls holds nothing that the
 * runtime could refuse, and what it refuses fails one call.
 */
import { isRefusal, NO_ANSWER } from './outcome.js';
import { stubSurvives } from './platform.js';
import { isSmall, Snapshot } from './snapshot.js';
import type { Receiver, Target } from './target.js';
import { MessageLimit } from './wasm/lumenize_call.js';

/** A call on its way to its target. */
export interface Outgoing {
  readonly target: Target;
  readonly frame: Uint8Array;
  /** Those of the user, or copies of them. */
  slots: readonly unknown[];
  /** What they take in a message, at the most; 0 for next to nothing. */
  bytes: number;
  /** Whether it has its outcome already: then it is not sent any more. */
  readonly isSettled: boolean;
  isSent: boolean;
}

/** Who made the calls. None of its methods throws. */
export interface Sender<C extends Outgoing> {
  /** Receives outcomes as the target sent them, as many as calls. */
  receive(calls: readonly C[], sent: readonly unknown[]): void;
  /** Learns that a message broke. Calls that have their outcome already are among them. */
  fail(calls: readonly C[], rejected: unknown): void;
}

/** The calls of one object that wait for the end of the turn. */
export class Outbox<C extends Outgoing> {
  readonly #sender: Sender<C>;
  readonly #waiting = new Map<Target, C[]>();

  constructor(sender: Sender<C>) {
    this.#sender = sender;
  }

  /** Takes a call that may wait for the end of the turn if its arguments may. */
  add(call: C): void {
    if (!takeSnapshot(call)) {
      this.addAlone(call);
      return;
    }
    const queue = this.#waiting.get(call.target);
    if (queue) queue.push(call);
    else {
      call.target.isWaiting = true;
      if (this.#waiting.size === 0) queueMicrotask(() => this.#flushAll());
      this.#waiting.set(call.target, [call]);
    }
  }

  /** Sends a call at once, after those to its target that wait. */
  addAlone(call: C): void {
    this.#flush(call.target);
    this.#sendAlone(call);
  }

  #flushAll(): void {
    for (const target of this.#waiting.keys()) this.#flush(target);
  }

  #flush(target: Target): void {
    const queue = this.#waiting.get(target);
    if (!queue) return;
    this.#waiting.delete(target);
    target.isWaiting = false;
    let first = 0;
    let bytes = 0;
    for (const [at, call] of queue.entries()) {
      if (at - first === MessageLimit.Calls || bytes + call.bytes > MessageLimit.Bytes) {
        this.#send(queue.slice(first, at));
        first = at;
        bytes = 0;
      }
      bytes += call.bytes;
    }
    this.#send(first === 0 ? queue : queue.slice(first));
  }

  #send(queue: readonly C[]): void {
    const calls = queue.filter((call) => !call.isSettled);
    const [first] = calls;
    if (calls.length === 1 && first) this.#sendAlone(first);
    else if (first) this.#sendTogether(first.target, calls);
  }

  #sendAlone(call: C): void {
    const calls = [call];
    this.#transmit(
      call.target,
      calls,
      (stub) => stub.__lmzCall(call.frame, ...call.slots),
      (sent) => this.#sender.receive(calls, [sent]),
    );
  }

  #sendTogether(target: Target, calls: readonly C[]): void {
    const frames = new Map<Uint8Array, number>();
    const slotCounts: number[] = [];
    const slots: unknown[] = [];
    const which = new Uint16Array(calls.length);
    for (const [at, call] of calls.entries()) {
      let frame = frames.get(call.frame);
      if (frame === undefined) {
        frame = frames.size;
        frames.set(call.frame, frame);
        slotCounts.push(call.slots.length);
      }
      which[at] = frame;
      for (const slot of call.slots) slots.push(slot);
    }
    const answers = new Answers(this.#sender, calls);
    this.#transmit(
      target,
      calls,
      (stub) => stub.__lmzCalls([...frames.keys()], slotCounts, which, slots, answers.deliver),
      (sent) => answers.end(sent),
    );
  }

  #transmit(
    target: Target,
    calls: readonly C[],
    send: (stub: Receiver) => PromiseLike<unknown>,
    receive: (sent: unknown) => void,
  ): void {
    for (const call of calls) call.isSent = true;
    let stub: Receiver | undefined;
    const fail = (rejected: unknown): void => {
      target.giveBack(stub, stubSurvives(rejected));
      this.#sender.fail(calls, rejected);
    };
    try {
      stub = target.take();
      send(stub).then((sent) => {
        target.giveBack(stub, true);
        receive(sent);
      }, fail);
    } catch (error) {
      // The calls are accepted: their handlers run later, as for any other outcome.
      queueMicrotask(() => fail(error));
    }
  }
}

/** The answers to one message of several calls, in as many groups as the target makes of them. */
class Answers<C extends Outgoing> {
  readonly #sender: Sender<C>;
  readonly #calls: readonly C[];

  constructor(sender: Sender<C>, calls: readonly C[]) {
    this.#sender = sender;
    this.#calls = calls;
  }

  /**
   * Receives, from the target, what is ready before the rest: either a group of outcomes, or how to
   * fetch one that only the runtime can carry. What the target sends may be anything.
   */
  readonly deliver = (which: unknown, outcomes: unknown): unknown => {
    if (typeof which === 'number') return this.#fetch(this.#calls[which], outcomes);
    this.#receive(which, outcomes);
    return undefined;
  };

  /** Receives what the target returns when all is done. */
  end(sent: unknown): void {
    if (isRefusal(sent)) {
      const refusal = this.#calls.map(() => sent);
      this.#sender.receive(this.#calls, refusal);
      return;
    }
    if (Array.isArray(sent)) this.#receive(sent[0], sent[1]);
    const forgotten = this.#calls.filter((call) => !call.isSettled);
    const nothing = forgotten.map(() => NO_ANSWER);
    this.#sender.receive(forgotten, nothing);
  }

  /** Without indexes, the outcomes are those of all calls in their order. */
  #receive(which: unknown, outcomes: unknown): void {
    if (!Array.isArray(outcomes)) return;
    if (which === undefined && outcomes.length === this.#calls.length) {
      this.#sender.receive(this.#calls, outcomes);
    } else if (Array.isArray(which)) {
      const known = which.map((index) => this.#calls[index]);
      const calls = known.filter((call) => call !== undefined);
      const sent = outcomes.filter((_, at) => known[at] !== undefined);
      if (calls.length === sent.length) this.#sender.receive(calls, sent);
    }
  }

  /** A result comes as one of an RPC call: the stubs in it are this side's then. */
  async #fetch(call: C | undefined, fetch: unknown): Promise<void> {
    if (!call || typeof fetch !== 'function') return;
    try {
      this.#sender.receive([call], [await fetch()]);
    } catch (rejected) {
      this.#sender.fail([call], rejected);
    }
  }
}

/** Copies what the arguments are now. `false`: they cannot wait. */
function takeSnapshot(call: Outgoing): boolean {
  if (call.slots.every(isSmall)) return true;
  const snapshot = new Snapshot(MessageLimit.CopiedValues);
  try {
    const slots = call.slots.map((slot) => snapshot.copy(slot));
    if (!snapshot.isWhole) return false;
    call.slots = slots;
    call.bytes = snapshot.bytes;
    return true;
  } catch {
    // A getter threw: sending it will say so.
    return false;
  }
}
