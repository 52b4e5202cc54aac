/**
 * How many calls a Durable Object runs at once, and how many wait until others have ended: `running` and `waiting` of
 * its class's `callLimits`.
 */

import { time } from '../runtime/clock.js';
import { afterOthers, endOfTurn, letAllIn } from '../runtime/turn.js';
import { classOf } from '../wire/context.js';
import { CallError } from '../wire/errors.js';
import { answer, type Incoming, refuse } from './attend.js';
import { CALLS_OF_A_TURN } from './work.js';

/** Answers a call, or lets it wait. It never throws. */
export type Answer = (call: Incoming) => unknown;

/** The answers of calls that have not begun. */
const waiting = new WeakSet<Promise<unknown>>();

/** Whether a call waits. It takes its turn when it begins. */
export function isWaiting(sent: Promise<unknown>): boolean {
  return waiting.has(sent);
}

/** The end of a call's turn, if that takes time. */
export function turnOf(sent: unknown): Promise<void> | undefined {
  return sent instanceof Promise && !isWaiting(sent) ? endOfTurn(sent) : undefined;
}

/** Answers the calls of a class: on each object so many at once. */
export function limited(running: number, waiting: number): Answer {
  const queues = new WeakMap<object, Queue>();
  return (call) => {
    let queue = queues.get(call.self);
    if (!queue) {
      queue = new Queue(call.self, running, waiting);
      queues.set(call.self, queue);
    }
    return queue.answer(call);
  };
}

/** A call that waits. */
interface Wait {
  readonly since: number;
  /** Gives it its answer. */
  readonly answer: (sent: unknown) => void;
}

/** The calls of one object. */
class Queue {
  readonly #self: object;
  readonly #mostRunning: number;
  readonly #mostWaiting: number;
  #running = 0;
  /** Calls that wait, in their order. */
  readonly #waiting = new Map<Incoming, Wait>();
  /** No call that waits has an earlier deadline. */
  #earliest = Number.POSITIVE_INFINITY;
  #isBeginning = false;
  /** Calls that waited and ended at once. */
  #inARow = 0;

  constructor(self: object, mostRunning: number, mostWaiting: number) {
    this.#self = self;
    this.#mostRunning = mostRunning;
    this.#mostWaiting = mostWaiting;
  }

  answer(call: Incoming): unknown {
    if (this.#isFree && this.#waiting.size === 0) return this.#run(call);
    if (this.#waiting.size >= this.#mostWaiting) this.#refuseLate();
    if (this.#waiting.size >= this.#mostWaiting) return this.#refuse(call);
    this.#earliest = Math.min(this.#earliest, call.context.deadline);
    const sent = new Promise<unknown>((resolve) => {
      this.#waiting.set(call, { since: performance.now(), answer: resolve });
    });
    waiting.add(sent);
    return sent;
  }

  get #isFree(): boolean {
    return this.#running < this.#mostRunning;
  }

  #run(call: Incoming): unknown {
    this.#running += 1;
    const sent = answer(call);
    if (sent instanceof Promise) return sent.finally(this.#ended);
    this.#running -= 1;
    return sent;
  }

  readonly #ended = (): void => {
    this.#running -= 1;
    this.#beginNext();
  };

  /** Each that begins has a turn of its own, as if it had come in now. */
  #beginNext(): void {
    if (this.#isBeginning || !this.#isFree || this.#waiting.size === 0) return;
    this.#isBeginning = true;
    void afterOthers(this.#self, () => {
      this.#isBeginning = false;
      const sent = this.#runNext();
      this.#beginNext();
      return { sent: undefined, turn: turnOf(sent) ?? this.#fairTurn() };
    });
  }

  /** Others are let in between calls that end at once. */
  #fairTurn(): Promise<void> | undefined {
    this.#inARow = (this.#inARow + 1) % CALLS_OF_A_TURN;
    return this.#inARow === 0 ? letAllIn() : undefined;
  }

  #runNext(): unknown {
    for (const [call, wait] of this.#waiting) {
      this.#waiting.delete(call);
      call.waited = performance.now() - wait.since;
      const isLate = call.context.deadline <= time.machine.Date.now();
      const sent = isLate ? late(call) : this.#run(call);
      wait.answer(sent);
      if (!isLate) return sent;
    }
    return undefined;
  }

  /** Callers of these have stopped waiting. */
  #refuseLate(): void {
    const now = time.machine.Date.now();
    if (now < this.#earliest) return;
    this.#earliest = Number.POSITIVE_INFINITY;
    for (const [call, wait] of this.#waiting) {
      const { deadline } = call.context;
      if (deadline > now) this.#earliest = Math.min(this.#earliest, deadline);
      else {
        this.#waiting.delete(call);
        wait.answer(late(call));
      }
    }
  }

  #refuse(call: Incoming): unknown {
    const most = `${this.#mostRunning} calls and lets ${this.#mostWaiting} wait`;
    const message = `${classOf(this.#self)} runs ${most}: that is its callLimits, running and waiting`;
    return refuse(call, new CallError('overloaded', message));
  }
}

function late(call: Incoming): unknown {
  return refuse(
    call,
    new CallError('timeout', 'the deadline passed while the call waited at its target'),
  );
}
