/** One call: what is known of it from the moment it is accepted until it has its outcome. */
import type { Outgoing } from './batch.js';
import type { CallEventDetails } from './channel.js';
import { CallError, type CallErrorDetails, placeOf } from './errors.js';
import type { PendingCall } from './pending.js';
import { explainNode, type Node } from './record.js';
import type { Target } from './target.js';
import type { CallErrorCode } from './wasm/lumenize_call.js';

/** What a call does with its outcome; a promise where that takes time. It never throws. */
export type Settle = (outcome: unknown, failed: boolean) => void | Promise<void>;

export class Call implements PendingCall, Outgoing {
  id = 0;
  isPending = false;
  place = 0;
  readonly openedAt = Date.now();
  bytes = 0;
  isSent = false;
  isSettled = false;
  /** Whether its start was told: then its end is, too. */
  isObserved = false;
  /** Whether its outcome has come, and waits for the handlers of others. */
  isWaiting = false;
  /** What its target has sent, until it is settled. */
  answer: unknown;
  onSettled: (() => void) | undefined;
  #unwatch: (() => void) | undefined;
  #end: ((ended: void | Promise<void>) => void) | undefined;

  constructor(
    readonly target: Target,
    private readonly remote: Node,
    readonly frame: string,
    public slots: readonly unknown[],
    readonly timeout: number,
    private readonly onOutcome: Settle,
  ) {}

  settle(outcome: unknown, failed: boolean): void | Promise<void> {
    this.isSettled = true;
    this.#unwatch?.();
    this.onSettled?.();
    const ended = this.onOutcome(outcome, failed);
    this.#end?.(ended);
    return ended;
  }

  /** Resolves when the call has its outcome and its handler has ended. */
  ended(): Promise<void> {
    return new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** A signal may outlive any number of calls: nothing of this one stays with it. */
  watch(signal: AbortSignal, abort: (reason: unknown) => void): void {
    const listener = (): void => abort(signal.reason);
    signal.addEventListener('abort', listener, { once: true });
    this.#unwatch = () => signal.removeEventListener('abort', listener);
  }

  timeoutError(): CallError {
    return this.#error('timeout', `did not answer within ${this.timeout} ms`);
  }

  cancelledError(reason: unknown): CallError {
    const cause = reason === undefined ? {} : { cause: reason };
    return this.#error('cancelled', 'was cancelled', { ...cause, mayHaveRun: this.isSent });
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
    return new CallError(code, `${details.operation} on ${placeOf(details)} ${what}`, details);
  }
}
