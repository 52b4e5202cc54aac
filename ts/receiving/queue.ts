/**
 * How many calls a Durable Object runs at once, and how many wait until others have ended: `running` and `waiting` of
 * its class's `callLimits`.
 */

import { time } from '../runtime/clock.js';
import { afterOthers, endOfTurn, gated, letAllIn, mustWait } from '../runtime/turn.js';
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
  /** Lets it begin, or refuses it if it is late. */
  readonly end: () => void;
}

/** The calls of one object. */
class Queue {
  readonly #self: object;
  readonly #mostRunning: number;
  readonly #mostWaiting: number;
  /** Calls that run, and those that have room and are about to. */
  #running = 0;
  /** Calls that wait, in their order. */
  readonly #waiting = new Map<Incoming, Wait>();
  /** No call that waits has an earlier deadline. */
  #earliest = Number.POSITIVE_INFINITY;
  /** Calls that waited and began, one after the other. */
  #inARow = 0;
  #isLettingIn = false;

  constructor(self: object, mostRunning: number, mostWaiting: number) {
    this.#self = self;
    this.#mostRunning = mostRunning;
    this.#mostWaiting = mostWaiting;
  }

  answer(call: Incoming): unknown {
    if (this.#isFree && this.#waiting.size === 0) {
      this.#running += 1;
      return this.#run(call);
    }
    if (this.#waiting.size >= this.#mostWaiting) this.#refuseLate();
    if (this.#waiting.size >= this.#mostWaiting) return this.#refuse(call);
    this.#earliest = Math.min(this.#earliest, call.context.deadline);
    const { ended, end } = gated();
    this.#waiting.set(call, { since: performance.now(), end });
    // As if it had come in then: what it is part of, a section that is closed, a trace, is its own.
    const sent = ended.then(() => this.#begin(call));
    waiting.add(sent);
    return sent;
  }

  get #isFree(): boolean {
    return this.#running < this.#mostRunning;
  }

  /** Runs a call for which there is room. */
  #run(call: Incoming): unknown {
    const sent = answer(call);
    if (sent instanceof Promise) return sent.finally(this.#ended);
    this.#ended();
    return sent;
  }

  readonly #ended = (): void => {
    this.#running -= 1;
    this.#letIn();
  };

  /** Lets in those that wait, as many as there is room for; others are let in between calls that end at once. */
  #letIn(): void {
    if (this.#isLettingIn) return;
    for (const [call, wait] of this.#waiting) {
      if (!this.#isFree) return;
      this.#inARow += 1;
      if (this.#inARow % CALLS_OF_A_TURN === 0) {
        this.#isLettingIn = true;
        void letAllIn().then(() => {
          this.#isLettingIn = false;
          this.#letIn();
        });
        return;
      }
      this.#waiting.delete(call);
      this.#running += 1;
      call.waited = performance.now() - wait.since;
      wait.end();
    }
  }

  /** Begins a call that has waited, after messages that came before it. */
  #begin(call: Incoming): unknown {
    if (call.waited === undefined) return late(call);
    if (isLate(call)) {
      this.#ended();
      return late(call);
    }
    if (!mustWait(this.#self)) return this.#run(call);
    return afterOthers(this.#self, () => {
      const sent = this.#run(call);
      return { sent, turn: turnOf(sent) };
    });
  }

  /** Callers of these have stopped waiting. */
  #refuseLate(): void {
    if (time.machine.Date.now() < this.#earliest) return;
    this.#earliest = Number.POSITIVE_INFINITY;
    for (const [call, wait] of this.#waiting) {
      if (isLate(call)) {
        this.#waiting.delete(call);
        wait.end();
      } else this.#earliest = Math.min(this.#earliest, call.context.deadline);
    }
  }

  #refuse(call: Incoming): unknown {
    const most = `${this.#mostRunning} calls and lets ${this.#mostWaiting} wait`;
    const message = `${classOf(this.#self)} runs ${most}: that is its callLimits, running and waiting`;
    return refuse(call, new CallError('overloaded', message));
  }
}

function isLate({ context }: Incoming): boolean {
  return context.deadline <= time.machine.Date.now();
}

function late(call: Incoming): unknown {
  return refuse(
    call,
    new CallError('timeout', 'the deadline passed while the call waited at its target'),
  );
}
