/**
 * Sending: calls that are made to one target in one turn travel in one message, a call that is alone
 * as the cheapest message there is.
 *
 * Their order is kept. A call whose arguments cannot wait, since they are more than plain data, is sent
 * at once, after those before it. So a message of several calls holds nothing that the runtime could
 * refuse, and what it refuses fails one call.
 */

import type { Message } from '../record/encode.js';
import { afterMicrotasks, soon } from '../runtime/turn.js';
import { MessageLimit } from '../wasm/lumenize_call.js';
import { isRefusal, isToBeFetched, NO_ANSWER, release } from '../wire/outcome.js';
import { stubSurvives } from './platform.js';
import type { Connection, Target } from './target.js';

/** A call on its way to its target. */
export interface Outgoing {
  readonly target: Target;
  readonly message: Message;
  /** Whether it has its outcome already: then it is not sent any more. */
  readonly isSettled: boolean;
  isSent: boolean;
  /** Runs when it has its outcome. */
  onSettled: (() => void) | undefined;
}

/** Who made the calls. None of its methods throws. */
export interface Sender<C extends Outgoing> {
  /** Receives outcomes as the target sent them, as many as calls. */
  receive(calls: readonly C[], sent: readonly unknown[]): void;
  receiveOne(call: C, sent: unknown): void;
  /**
   * Learns that a message broke. Calls that have their outcome already are among them.
   *
   * @param isLocal - Whether the runtime refused to send it.
   */
  fail(calls: readonly C[], rejected: unknown, isLocal?: boolean): void;
  /** Whether it calls `Outbox.rest` when this turn has ended. */
  readonly willRest: boolean;
}

/** The calls of one object that wait for the end of the turn. */
export class Outbox<C extends Outgoing> {
  readonly #sender: Sender<C>;
  /** Targets for which calls wait. */
  #targets: Target[] = [];
  /** Targets to which a message has ended. */
  #answered: Target[] = [];
  /** Messages sent, the programs in them, and their bytes without arguments. */
  readonly sent = { frames: 0, programs: 0, bytes: 0 };

  constructor(sender: Sender<C>) {
    this.#sender = sender;
  }

  /** Takes a call that may wait for the end of the turn if its arguments may. */
  add(call: C): void {
    const { isWhole, bytes } = call.message;
    if (!isWhole || bytes > MessageLimit.Bytes) {
      this.addAlone(call);
      return;
    }
    const { waiting } = call.target;
    waiting.push(call);
    if (waiting.length > 1) return;
    if (this.#targets.length === 0) soon(this.#flushAll);
    this.#targets.push(call.target);
  }

  /** Sends a call at once, after those to its target that wait. */
  addAlone(call: C): void {
    this.#flush(call.target);
    this.#sendAlone(call);
  }

  /**
   * Forgets the stubs that nothing uses. Within the turn of an answer a stub is as good as new, so calls
   * that follow each other share one; later it may have broken unseen.
   */
  rest(): void {
    for (const target of this.#answered) target.forgetUnused();
    this.#answered = [];
  }

  #afterAnswer(target: Target): void {
    this.#answered.push(target);
    if (!this.#sender.willRest) this.rest();
  }

  readonly #flushAll = (): void => {
    const targets = this.#targets;
    this.#targets = [];
    for (const target of targets) this.#flush(target);
  };

  #flush(target: Target): void {
    const queue = target.waiting as C[];
    if (queue.length === 0) return;
    target.waiting = [];
    let first = 0;
    let bytes = 0;
    for (let at = 0; at < queue.length; at++) {
      const call = queue[at] as C;
      const more = call.message.bytes;
      if (at - first === MessageLimit.Calls || bytes + more > MessageLimit.Bytes) {
        this.#send(queue.slice(first, at));
        first = at;
        bytes = 0;
      }
      bytes += more;
    }
    this.#send(first === 0 ? queue : queue.slice(first));
  }

  #send(queue: readonly C[]): void {
    const calls = queue.every(isUnsettled) ? queue : queue.filter(isUnsettled);
    const [first] = calls;
    if (calls.length === 1 && first) this.#sendAlone(first);
    else if (first) this.#sendTogether(first.target, calls);
  }

  #sendAlone(call: C): void {
    const { target } = call;
    const { frame, slots, isWhole, bytes } = call.message;
    call.isSent = true;
    this.#count(1, frame.length);
    let connection: Connection | undefined;
    // What the runtime cannot send it refuses at once: nothing that was sent is answered in this turn.
    let mayBeRefused = !isWhole || bytes > MessageLimit.Bytes;
    const fail = (rejected: unknown): void =>
      this.#fail([call], connection, rejected, mayBeRefused);
    try {
      if (mayBeRefused) afterMicrotasks(() => (mayBeRefused = false));
      connection = target.take();
      connection.callOne(frame, slots).then((sent) => {
        target.giveBack(connection, true);
        this.#sender.receiveOne(call, sent);
        this.#afterAnswer(target);
      }, fail);
    } catch (error) {
      // The call is accepted: its handler runs later, as for any other outcome.
      soon(() => fail(error));
    }
  }

  #fail(
    calls: readonly C[],
    connection: Connection | undefined,
    rejected: unknown,
    isLocal = false,
  ): void {
    const { target } = calls[0] as C;
    target.giveBack(connection, stubSurvives(rejected, isLocal));
    this.#sender.fail(calls, rejected, isLocal);
    this.#afterAnswer(target);
  }

  #count(programs: number, bytes: number): void {
    this.sent.frames += 1;
    this.sent.programs += programs;
    this.sent.bytes += bytes;
  }

  #sendTogether(target: Target, calls: readonly C[]): void {
    const frames = new Map<string, number>();
    const slotCounts: number[] = [];
    const slots: unknown[] = [];
    const which = new Uint16Array(calls.length);
    let bytes = 0;
    let latest = '';
    let frame: number | undefined;
    for (let at = 0; at < calls.length; at++) {
      const call = calls[at] as C;
      const { message } = call;
      // Most are of the same form as the one before.
      if (message.frame !== latest) frame = frames.get(message.frame);
      latest = message.frame;
      if (frame === undefined) {
        frame = frames.size;
        frames.set(message.frame, frame);
        bytes += message.frame.length;
        slotCounts.push(message.slots.length);
      }
      which[at] = frame;
      for (const slot of message.slots) slots.push(slot);
    }
    for (const call of calls) call.isSent = true;
    this.#count(calls.length, bytes);
    let connection: Connection | undefined;
    const fail = (rejected: unknown): void => this.#fail(calls, connection, rejected);
    try {
      const taken = target.take();
      connection = taken;
      taken.callSeveral([...frames.keys()], slotCounts, which, slots).then((sent) => {
        target.giveBack(taken, true);
        void new Answers(this.#sender, calls, target, taken).receive(sent);
        this.#afterAnswer(target);
      }, fail);
    } catch (error) {
      soon(() => fail(error));
    }
  }
}

/** A stub of what the target holds of a message until all is answered. */
interface Rest {
  next(): PromiseLike<unknown>;
  fetch(call: number): PromiseLike<unknown>;
  stop(): PromiseLike<unknown>;
}

/** The answers to one message of several calls. What the target sends may be anything. */
class Answers<C extends Outgoing> {
  readonly #sender: Sender<C>;
  readonly #target: Target;
  readonly #connection: Connection;
  /** Each at its number; those that have their outcome are let go before the rest is waited for. */
  #calls: readonly (C | undefined)[];
  /** By number, which have been answered: a second answer to one counts for nothing. */
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

  /** Receives what was ready first, and then the rest. */
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
      // What came by RPC and is a function is a stub.
      const rest = typeof more === 'function' ? (more as unknown as Rest) : undefined;
      // It is kept for its stub only: what was ready is not to wait for the last call.
      if (Array.isArray(sent)) sent.length = 0;
      this.#receive(which, outcomes, rest);
      if (rest) await this.#receiveRest(rest);
    } catch {
      // It is no answer at all.
    }
    const forgotten = this.#unsettled();
    const nothing = forgotten.map(() => NO_ANSWER);
    if (forgotten.length > 0) this.#sender.receive(forgotten, nothing);
    release(sent);
  }

  #unsettled(): C[] {
    return this.#calls.filter((call) => call !== undefined && !call.isSettled) as C[];
  }

  async #receiveRest(rest: Rest): Promise<void> {
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
      this.#sender.fail(this.#unsettled(), rejected);
    }
    await Promise.all(this.#fetches);
  }

  /** The target need not keep what nobody waits for: all may have passed their deadlines. */
  #settled(call: C, rest: Rest): void {
    call.onSettled = undefined;
    const isFetched = this.#fetching.delete(call);
    if (!isFetched && !this.#awaited.delete(call)) return;
    if (this.#awaited.size + this.#fetching.size > 0 || !(isFetched || this.#isAsking)) return;
    const ignore = (): void => {};
    try {
      rest.stop().then(ignore, ignore);
    } catch {
      // Then it was no stub.
    }
    release(this.#sent);
  }

  /** Receives one group. `false`: it answers nothing, and those that follow would not either. */
  #receive(which: unknown, outcomes: unknown, rest: Rest | undefined): boolean {
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

  /** Whether it is the number of a call that has not been answered yet. */
  #isAwaited(number: unknown): number is number {
    return typeof number === 'number' && this.#areAnswered[number] === 0;
  }

  /** The call of that number, if it still waits, which is answered now. */
  #take(number: number): C | undefined {
    this.#areAnswered[number] = 1;
    const call = this.#calls[number];
    if (call && this.#awaited.size > 0) this.#awaited.delete(call);
    return call;
  }

  /**
   * It comes as the result of an RPC call: stubs in it are this side's then. One that came too late is
   * fetched as well, since that is how it is released.
   */
  async #fetch(call: C | undefined, number: number, rest: Rest): Promise<void> {
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
      if (call) this.#sender.fail([call], rejected);
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

/** The runtime names the object behind the stub of the message, where it would name another for a call. */
function nameCaller(rejected: unknown, target: Target): void {
  if (!(rejected instanceof Error) || Reflect.get(rejected, 'remote') !== true) return;
  const id = target.durableObjectIdWith(rejected);
  if (id !== undefined) Reflect.set(rejected, 'durableObjectId', id);
}

function isUnsettled(call: Outgoing): boolean {
  return !call.isSettled;
}
