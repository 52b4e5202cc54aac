/**
 * Sending: calls made to one target in one turn travel in one message, and a single call travels
 * as the cheapest message possible.
 *
 * Calls keep their order. A call whose arguments are more than plain data cannot wait and is sent
 * immediately, after earlier calls. A message of several calls therefore holds nothing that the runtime could
 * refuse, and a refusal fails only one call.
 */

import type { EncodedProgram } from '../record/encode.js';
import { afterMicrotasks, soon } from '../runtime/turn.js';
import { MessageLimit } from '../wasm/lumenize_call.js';
import { contextOf, contextOfAll, type Origin, type SentCaller } from '../wire/context.js';
import type { Receiver } from '../wire/protocol.js';
import { Answers } from './answers.js';
import { stubSurvives } from './platform.js';
import type { Connection, Target } from './target.js';

/** A call on its way to its target. */
export interface Outgoing {
  readonly id: number;
  readonly timeout: number;
  readonly origin: Origin | undefined;
  readonly target: Target;
  readonly encoded: EncodedProgram;
  /** Whether it is already settled. A settled call is not sent. */
  readonly isSettled: boolean;
  isSent: boolean;
  /** Runs when it has its outcome. */
  onSettled: (() => void) | undefined;
}

/** Who made the calls. None of its methods throws. */
export interface Sender<C extends Outgoing> {
  /** Who makes the calls, as it says of itself. */
  readonly name: SentCaller;
  /** Receives outcomes as the target sent them, as many as calls. */
  receive(calls: readonly C[], sent: readonly unknown[]): void;
  receiveOne(call: C, sent: unknown): void;
  /**
   * Learns that a message failed. Some of its calls may already be settled.
   *
   * @param isLocal - Whether the runtime refused to send it.
   */
  fail(calls: readonly C[], rejected: unknown, isLocal?: boolean): void;
  /** Whether it calls `Outbox.forgetUnused` when this turn has ended. */
  willForgetUnused(): boolean;
}

/** What sends calls in one message. */
export type Send = (calls: readonly Outgoing[]) => PromiseLike<unknown>;

/** What stands between callers and the platform: nothing, unless `testing/` puts something there. */
export const between: { send?: (calls: readonly Outgoing[], send: Send) => PromiseLike<unknown> } =
  {};

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

  /** Takes a call, to be sent at the end of the turn if its arguments can wait. */
  add(call: C): void {
    const { isWhole, bytes } = call.encoded;
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

  /** Sends a call immediately, after the waiting calls to its target. */
  addAlone(call: C): void {
    this.#flush(call.target);
    this.#sendAlone(call);
  }

  /**
   * Forgets unused stubs. Within the turn of an answer a stub is known to work, so calls
   * that follow each other share it. Later it may have broken unnoticed.
   */
  forgetUnused(): void {
    for (const target of this.#answered) target.forgetUnused();
    this.#answered = [];
  }

  #afterAnswer(target: Target): void {
    this.#answered.push(target);
    if (!this.#sender.willForgetUnused()) this.forgetUnused();
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
      const more = call.encoded.bytes;
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
    const { frame, slots, isWhole, bytes } = call.encoded;
    call.isSent = true;
    this.#count(1, frame.length);
    let connection: Connection | undefined;
    // The runtime refuses unsendable values in this turn. No answer arrives in this turn.
    let mayBeRefused = !isWhole || bytes > MessageLimit.Bytes;
    const fail = (rejected: unknown): void =>
      this.#fail([call], connection, rejected, mayBeRefused);
    try {
      if (mayBeRefused) afterMicrotasks(() => (mayBeRefused = false));
      const context = contextOf(this.#sender.name, call);
      const taken = target.take();
      connection = taken;
      const sending = between.send
        ? between.send([call], () => taken.callOne(frame, slots, context))
        : taken.callOne(frame, slots, context);
      sending.then((sent) => {
        target.giveBack(taken, true);
        this.#sender.receiveOne(call, sent);
        this.#afterAnswer(target);
      }, fail);
    } catch (error) {
      // The call was accepted, so its handler runs later, as for any other outcome.
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
    const { name } = this.#sender;
    const message = messageOf(name, calls);
    for (const call of calls) call.isSent = true;
    let bytes = 0;
    for (const frame of message[0]) bytes += frame.length;
    this.#count(calls.length, bytes);
    let connection: Connection | undefined;
    const fail = (rejected: unknown): void => this.#fail(calls, connection, rejected);
    try {
      const taken = target.take();
      connection = taken;
      const sending = between.send
        ? between.send(calls, (some) => taken.callSeveral(...messageOf(name, some)))
        : taken.callSeveral(...message);
      sending.then((sent) => {
        target.giveBack(taken, true);
        void new Answers(this.#sender, calls, target, taken).receive(sent);
        this.#afterAnswer(target);
      }, fail);
    } catch (error) {
      soon(() => fail(error));
    }
  }
}

/** Calls as the arguments of `__lmzCalls`: each program once. */
function messageOf(
  name: SentCaller,
  calls: readonly Outgoing[],
): Parameters<Receiver['__lmzCalls']> {
  const frames = new Map<string, number>();
  const slotCounts: number[] = [];
  const slots: unknown[] = [];
  const which = new Uint16Array(calls.length);
  for (let at = 0; at < calls.length; at++) {
    const { encoded } = calls[at] as Outgoing;
    let frame = frames.get(encoded.frame);
    if (frame === undefined) {
      frame = frames.size;
      frames.set(encoded.frame, frame);
      slotCounts.push(encoded.slots.length);
    }
    which[at] = frame;
    for (const slot of encoded.slots) slots.push(slot);
  }
  const context = contextOfAll(name, calls);
  return [[...frames.keys()], Uint16Array.from(slotCounts), which, slots, context];
}

function isUnsettled(call: Outgoing): boolean {
  return !call.isSettled;
}
