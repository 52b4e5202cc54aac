/** One call, from its acceptance to its outcome. */

import type { EncodedProgram } from '../record/encode.js';
import { type CallErrorCode, ContextLimit } from '../wasm/lumenize_call.js';
import type { CallEventDetails } from '../wire/channel.js';
import type { Origin } from '../wire/context.js';
import { release } from '../wire/dispose.js';
import { CallError, type CallErrorDetails, placeOf } from '../wire/errors.js';
import { explainNode } from '../wire/explain.js';
import type { Node } from '../wire/node.js';
import { withCallIn } from '../wire/stack.js';
import { textOf } from '../wire/text.js';
import type { PendingCall } from './era.js';
import type { Outgoing } from './outbox.js';
import type { Pending } from './pending.js';
import type { Target } from './target.js';

/** A call that was made. */
export interface CallHandle {
  /** Identifies the call in its object; `CallError.callId`. */
  readonly id: number;
  /**
   * Settles the call as `cancelled` if it is still pending; the remote method may have run all the
   * same, or may still run.
   *
   * @param reason - Becomes the `cause` of the error that the handler receives.
   * @returns Whether the call was pending.
   */
  cancel(reason?: unknown): boolean;
}

/** What a call does with its outcome; a promise where that takes time. It never throws. */
export type Settle = (outcome: unknown, failed: boolean) => void | Promise<void>;

export class Call implements PendingCall, Outgoing {
  isPending = false;
  place = 0;
  openedAt = 0;
  era: object | undefined;
  isSent = false;
  isSettled = false;
  /** Whether its start was published. If so, its end is published, too. */
  isObserved = false;
  /** Whether its outcome has arrived and waits for earlier handlers to end. */
  isWaiting = false;
  /** Whether it was cancelled while its outcome waited, and the reason. */
  isCancelled = false;
  reason: unknown;
  /** The target's answer, until the call is settled. */
  answer: unknown;
  onSettled: (() => void) | undefined;
  /** Runs a function in the async context in which the call was made. Set only if the context matters. */
  #enter: ((run: () => void) => void) | undefined;
  #unwatch: (() => void) | undefined;
  #end: ((ended: void | Promise<void>) => void) | undefined;

  constructor(
    readonly id: number,
    readonly target: Target,
    private readonly remote: Node,
    readonly encoded: EncodedProgram,
    readonly timeout: number,
    /** What is left of the call around it, if that ends it earlier. */
    private readonly isCutShort: boolean,
    /** What it inherits. */
    readonly origin: Origin | undefined,
    /** The table in which it waits, which also times its deadline. */
    readonly pending: Pending<Call>,
    private readonly onOutcome: Settle,
  ) {}

  /**
   * Keeps the current async context (the values of `AsyncLocalStorage`) for the outcome. A promise runs a
   * callback in the context in which the callback was registered.
   */
  keepContext(): void {
    const { promise, resolve } = Promise.withResolvers<() => void>();
    promise.then(runIt);
    this.#enter = resolve;
  }

  /** Runs a function in the call's async context: immediately, or as a microtask. */
  enter(run: () => void): void {
    if (this.#enter) this.#enter(run);
    else run();
  }

  settle(outcome: unknown, failed: boolean): void | Promise<void> {
    this.isSettled = true;
    this.#unwatch?.();
    this.onSettled?.();
    const ended = this.onOutcome(outcome, failed);
    this.#end?.(ended);
    return ended;
  }

  /** Resolves when the call is settled and its handler has ended. */
  ended(): Promise<void> {
    return new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** A signal may outlive many calls, so the listener is removed when this call settles. */
  watch(signal: AbortSignal, abort: (reason: unknown) => void): void {
    const listener = (): void => abort(signal.reason);
    signal.addEventListener('abort', listener, { once: true });
    this.#unwatch = () => signal.removeEventListener('abort', listener);
  }

  timeoutError(): CallError {
    const what = `did not answer within ${this.timeout} ms`;
    const why =
      ', when the call ends inside which it was made: { context: null } makes it of its own';
    return this.#error('timeout', this.isCutShort ? what + why : what);
  }

  cancelledError(reason: unknown): CallError {
    const cause = reason === undefined ? {} : { cause: reason };
    return this.#error('cancelled', 'was cancelled', { ...cause, mayHaveRun: this.isSent });
  }

  /** The error of a call that would go through more objects than the platform lets it. */
  tooFarError(): CallError {
    const chain = this.origin?.[0].join(' → ');
    const what = `would be call ${ContextLimit.Hops + 1} of a chain, of which ${ContextLimit.Hops} are allowed: ${chain}`;
    return this.#error('limit-exceeded', what, { mayHaveRun: false });
  }

  /** The error of a call whose argument could not be read: the user's own code threw `cause`. */
  unreadableError(cause: unknown): CallError {
    const what = `could not be sent: reading an argument threw ${textOf(cause)}`;
    return this.#error('not-cloneable', what, { cause, mayHaveRun: false });
  }

  /** The error of an awaited call whose result has a method `then`. */
  thenableError(value: unknown): CallError {
    release(value);
    const what =
      'answered with an object that has a method then, which no promise can hold: ' +
      'return it inside of another object, or receive it in a handler';
    return this.#error('protocol', what);
  }

  durableObjectIdWith(error: Error): string | undefined {
    return this.target.durableObjectIdWith(error);
  }

  details(): CallErrorDetails {
    const { id: callId, ...details } = this.eventDetails();
    return { ...details, callId };
  }

  eventDetails(): CallEventDetails {
    const { binding, instance } = this.target;
    return { id: this.id, binding, instance, operation: explainNode(this.remote) };
  }

  #error(code: CallErrorCode, what: string, more: CallErrorDetails = {}): CallError {
    const details = { ...this.details(), mayHaveRun: true, ...more };
    const message = `${details.operation} on ${placeOf(details)} ${what}`;
    return withCallIn(new CallError(code, message, details), details);
  }
}

function runIt(run: () => void): void {
  run();
}
