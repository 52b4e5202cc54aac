/**
 * Receives several calls in one message. Each begins in its turn, as if it had travelled alone. All
 * outcomes return together if none has to wait. Otherwise the ready ones return immediately, with an
 * object by which the caller asks for the rest.
 */

import {
  afterOthers,
  type Begun,
  endOfTurn,
  hold,
  letOthersIn,
  mustWait,
} from '../runtime/turn.js';
import { within } from '../wire/context.js';
import type { ReceivedProgram } from '../wire/core.js';
import { CallError } from '../wire/errors.js';
import { sendFailure, sendRefusal } from '../wire/outcome.js';
import { answer } from './attend.js';
import { rulesOf } from './expose.js';
import { type Message, readMessage } from './message.js';
import { checkFrame } from './receive.js';
import { Reply } from './reply.js';
import type { Read } from './steps.js';
import { Effort } from './work.js';

/** The request that all calls of a Worker entrypoint's message belong to. */
export interface EntrypointRequest {
  /** Keeps the request alive until the work has ended. */
  waitUntil(work: Promise<unknown>): void;
  /** The instance on which a call runs: each has one of its own. */
  instanceOf(call: number): object;
}

/**
 * Answers a message of several calls; `Receiver.__lmzCalls` describes it. It never throws.
 *
 * @param self - The target.
 * @param message - The arguments of `__lmzCalls`.
 * @param request - The request of a Worker entrypoint, which ends with it.
 */
export function receiveCalls(
  self: object,
  message: readonly unknown[],
  request?: EntrypointRequest,
): unknown {
  if (mustWait(self)) return afterOthers(self, () => begin(self, message, request));
  const { sent, turn } = begin(self, message, request);
  // Each call of an entrypoint is a request of its own, so they have no order.
  if (turn && !request) hold(self, turn);
  return sent;
}

function begin(
  self: object,
  message: readonly unknown[],
  request: EntrypointRequest | undefined,
): Begun {
  let calls: Calls;
  try {
    const checked = readMessage(message);
    const { frames, slotCounts } = checked;
    const rules = rulesOf(self);
    // A hole among the frames is one that is refused.
    const programs = Array.from(frames, (frame, at) => {
      try {
        return checkFrame(frame, slotCounts[at] as number, rules, self);
      } catch (refused) {
        return refused instanceof CallError ? refused : new CallError('internal', String(refused));
      }
    });
    calls = new Calls(checked, programs, self, rules.read, request);
  } catch (refused) {
    return { sent: sendRefusal(refused), turn: undefined };
  }
  return calls.begin();
}

/** The calls of one message. */
export class Calls {
  readonly #message: Message;
  readonly #programs: readonly (ReceivedProgram | CallError)[];
  readonly #self: object;
  readonly #read: Read;
  readonly #reply: Reply;
  readonly #request: EntrypointRequest | undefined;
  readonly #effort = new Effort();
  #next = 0;
  #nextSlot = 0;

  constructor(
    message: Message,
    programs: readonly (ReceivedProgram | CallError)[],
    self: object,
    read: Read,
    request: EntrypointRequest | undefined,
  ) {
    this.#request = request;
    this.#message = message;
    this.#programs = programs;
    this.#self = self;
    this.#read = read;
    this.#reply = new Reply(message.which.length, this.#effort);
  }

  /** Runs in the context of its first call, which mostly is that of all. */
  begin(): Begun {
    const first = this.#programs[this.#message.which[0] as number];
    if (!first || first instanceof CallError) return this.#run();
    return within(
      this.#message.contexts.for(0, this.#self, first.entries),
      () => this.#run(),
      undefined,
    );
  }

  /** Runs synchronously until a call yields a promise. The message's turn ends with its last call's. */
  #run(): Begun {
    while (this.#next < this.#message.which.length) {
      const sent = this.#runNext();
      if (sent instanceof Promise) return this.#goOn(sent);
      this.#reply.add(this.#next - 1, sent);
      if (this.#isTimeForOthers) return this.#goOn(undefined);
    }
    return { sent: this.#reply.first(), turn: undefined };
  }

  get #isTimeForOthers(): boolean {
    return this.#effort.isGreat && this.#next < this.#message.which.length;
  }

  /**
   * Replies with the ready outcomes as soon as a call has to wait, or others are let in, and continues.
   *
   * @param first - The call that has to wait.
   */
  #goOn(first: Promise<unknown> | undefined): Begun {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    let hasReplied = false;
    const reply = (): void => {
      if (!hasReplied) resolve(this.#reply.first());
      hasReplied = true;
    };
    const turn = this.#runRest(first, reply).then(reply, reply);
    this.#request?.waitUntil(turn);
    return { sent: promise, turn };
  }

  async #runRest(first: Promise<unknown> | undefined, reply: () => void): Promise<void> {
    if (first !== undefined) await this.#turnOf(first, reply);
    while (this.#next < this.#message.which.length) {
      if (this.#effort.isGreat) await this.#letOthersIn(reply);
      const sent = this.#runNext();
      if (sent instanceof Promise) await this.#turnOf(sent, reply);
      else this.#reply.add(this.#next - 1, sent);
    }
  }

  async #letOthersIn(reply: () => void): Promise<void> {
    this.#effort.begin();
    reply();
    await letOthersIn();
  }

  #turnOf(sent: Promise<unknown>, reply: () => void): Promise<void> {
    const call = this.#next - 1;
    const { add } = this.#reply;
    const replyIfReady = (): void => {
      if (this.#reply.areReady) reply();
    };
    const added = sent.then((ready) => add(call, ready));
    this.#request?.waitUntil(added);
    return endOfTurn(added, replyIfReady, this.#request === undefined);
  }

  #runNext(): unknown {
    const { which, slotCounts, slots, contexts } = this.#message;
    const call = this.#next++;
    const frame = which[call] as number;
    const firstSlot = this.#nextSlot;
    this.#nextSlot += slotCounts[frame] as number;
    const program = this.#programs[frame] as ReceivedProgram | CallError;
    if (program instanceof CallError) return sendRefusal(program);
    let self = this.#self;
    try {
      if (this.#request) self = this.#request.instanceOf(call);
    } catch (thrown) {
      return sendFailure(thrown);
    }
    const context = contexts.for(call, self, program.entries);
    const id = contexts.idOf(call);
    const [read, effort] = [this.#read, this.#effort];
    return answer({ id, context, program, slots, firstSlot, self, read, effort });
  }
}
