/** Receives the answers to a message of several calls: first those that are ready, then the rest. */

import { release } from '../wire/dispose.js';
import { isRefusal, isToBeFetched, NO_ANSWER, type RestStub } from '../wire/protocol.js';
import type { Outgoing, Sender } from './outbox.js';
import { stubSurvives } from './platform.js';
import type { Connection, Target } from './target.js';

/** The answers to one message of several calls. The target may send anything. */
export class Answers<C extends Outgoing> {
  readonly #sender: Sender<C>;
  readonly #target: Target;
  readonly #connection: Connection;
  /** Each call at its number. Settled calls are released before the wait for the rest. */
  #calls: readonly (C | undefined)[];
  /** By number, whether a call was answered. A second answer to one call is ignored. */
  readonly #areAnswered: Uint8Array;
  readonly #fetches: Promise<void>[] = [];
  readonly #awaited = new Set<C>();
  /** Calls whose results are being fetched. */
  readonly #fetching = new Set<C>();
  #isAsking = false;
  /** The first reply: it holds the stub of the rest. */
  #sent: unknown;

  constructor(sender: Sender<C>, calls: readonly C[], target: Target, connection: Connection) {
    this.#sender = sender;
    this.#calls = calls;
    this.#areAnswered = new Uint8Array(calls.length);
    this.#target = target;
    this.#connection = connection;
  }

  /** Receives the first group, then the rest. */
  async receive(sent: unknown): Promise<void> {
    if (isRefusal(sent)) {
      const calls = this.#unsettled();
      const refusals = calls.map(() => sent);
      this.#sender.receive(calls, refusals);
      return;
    }
    this.#sent = sent;
    try {
      const [which, outcomes, more]: unknown[] = Array.isArray(sent) ? sent : [];
      // A function that arrived by RPC is a stub.
      const rest = typeof more === 'function' ? (more as unknown as RestStub) : undefined;
      // The reply is kept for its stub only. Its outcomes must not live until the last call ends.
      if (Array.isArray(sent)) sent.length = 0;
      this.#receive(which, outcomes, rest);
      if (rest) await this.#receiveRest(rest);
    } catch {
      // The reply is not an answer.
    }
    const forgotten = this.#unsettled();
    const nothing = forgotten.map(() => NO_ANSWER);
    if (forgotten.length > 0) this.#sender.receive(forgotten, nothing);
    release(sent);
  }

  #unsettled(): C[] {
    return this.#calls.filter((call) => call !== undefined && !call.isSettled) as C[];
  }

  async #receiveRest(rest: RestStub): Promise<void> {
    this.#calls = this.#calls.map((call) => (call?.isSettled ? undefined : call));
    this.#calls.forEach((call, number) => {
      if (!call || this.#areAnswered[number]) return;
      this.#awaited.add(call);
      call.onSettled = () => this.#settled(call, rest);
    });
    try {
      while (this.#awaited.size > 0) {
        this.#isAsking = true;
        const group = await rest.next();
        this.#isAsking = false;
        if (!Array.isArray(group) || !this.#receive(group[0], group[1], rest)) break;
      }
    } catch (rejected) {
      this.#isAsking = false;
      this.#onBroken(rejected);
      const reason = await this.#connection.reasonFor(rejected);
      this.#sender.fail(this.#unsettled(), reason);
    }
    await Promise.all(this.#fetches);
  }

  /** Tells the target to drop the rest once no call waits for it: all may have passed their deadlines. */
  #settled(call: C, rest: RestStub): void {
    call.onSettled = undefined;
    const isFetched = this.#fetching.delete(call);
    if (!isFetched && !this.#awaited.delete(call)) return;
    if (this.#awaited.size + this.#fetching.size > 0 || !(isFetched || this.#isAsking)) return;
    const ignore = (): void => {};
    try {
      rest.stop().then(ignore, ignore);
    } catch {
      // The value was not a stub.
    }
    release(this.#sent);
  }

  /** Receives one group. Returns `false` if the group answers no open call, which ends the exchange. */
  #receive(which: unknown, outcomes: unknown, rest: RestStub | undefined): boolean {
    if (!Array.isArray(outcomes) || outcomes.length > this.#calls.length) return false;
    const calls: C[] = [];
    const sent: unknown[] = [];
    const isAll = !Array.isArray(which);
    let isProgress = false;
    for (let at = 0; at < outcomes.length; at++) {
      const outcome: unknown = outcomes[at];
      const number: unknown = isAll ? at : which[at];
      if (!this.#isAwaited(number)) continue;
      isProgress = true;
      const call = this.#take(number);
      if (isToBeFetched(outcome)) {
        if (rest) this.#fetches.push(this.#fetch(call, number, rest));
      } else if (call) {
        calls.push(call);
        sent.push(outcome);
      }
    }
    if (calls.length > 0) this.#sender.receive(calls, sent);
    return isProgress;
  }

  /** Whether a value is the number of an unanswered call. */
  #isAwaited(number: unknown): number is number {
    return typeof number === 'number' && this.#areAnswered[number] === 0;
  }

  /** Marks a call as answered, and returns it if it still waits. */
  #take(number: number): C | undefined {
    this.#areAnswered[number] = 1;
    const call = this.#calls[number];
    if (call && this.#awaited.size > 0) this.#awaited.delete(call);
    return call;
  }

  /**
   * Fetches a result as an RPC result of its own, so that this side owns its stubs. A late result is
   * fetched, too, because fetching is the only way to release it.
   */
  async #fetch(call: C | undefined, number: number, rest: RestStub): Promise<void> {
    if (call) {
      this.#fetching.add(call);
      call.onSettled = () => this.#settled(call, rest);
    }
    try {
      const sent = await rest.fetch(number);
      this.#isFetched(call);
      if (call) this.#sender.receive([call], [sent]);
      else release(sent);
    } catch (rejected) {
      this.#isFetched(call);
      this.#onBroken(rejected);
      nameCaller(rejected, this.#target);
      if (call) this.#sender.fail([call], await this.#connection.reasonFor(rejected));
    }
  }

  #isFetched(call: C | undefined): void {
    if (!call || !this.#fetching.delete(call)) return;
    call.onSettled = undefined;
  }

  #onBroken(rejected: unknown): void {
    if (!stubSurvives(rejected)) this.#target.forget(this.#connection);
  }
}

/** The runtime names the object behind the message's stub; for a call it would name another object. */
function nameCaller(rejected: unknown, target: Target): void {
  if (!(rejected instanceof Error) || Reflect.get(rejected, 'remote') !== true) return;
  const id = target.durableObjectIdWith(rejected);
  if (id !== undefined) Reflect.set(rejected, 'durableObjectId', id);
}
