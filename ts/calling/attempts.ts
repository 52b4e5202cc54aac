/** A call that is sent again while what it fails with may pass: the option `retry`. */

import { time } from '../runtime/clock.js';
import { RetryOption } from '../wasm/lumenize_call.js';
import { CallError } from '../wire/errors.js';
import type { Call, Settle } from './call.js';
import type { CheckedOptions } from './options.js';

/** How a call is sent, and taken back. */
interface Sending {
  /** Sends it once. A repeat is of one that may have run. */
  send(options: CheckedOptions, settle: Settle): Call;
  cancel(call: Call, reason: unknown): boolean;
  /** Keeps a request alive until something has happened. */
  waitUntil?: ((promise: Promise<unknown>) => void) | undefined;
}

/** The attempts of one call: one at a time. */
export class Attempts {
  readonly #options: CheckedOptions;
  readonly #settle: Settle;
  readonly #sending: Sending;
  readonly #deadline: number;
  #call: Call;
  #sent = 1;
  /** What it failed with: of those that may have run, the first. */
  #failure: CallError | undefined;
  /** Ends the pause before the next attempt. */
  #wake: ((cancelled: CallError) => void) | undefined;

  constructor(options: CheckedOptions, settle: Settle, sending: Sending) {
    this.#options = options;
    this.#settle = settle;
    this.#sending = sending;
    this.#deadline = time.now() + options.timeout;
    this.#call = sending.send(options, this.#onOutcome);
    this.#call.attempts = this;
  }

  /** The first attempt, whose id is that of the whole call. */
  get first(): Call {
    return this.#call;
  }

  cancel(reason: unknown): boolean {
    if (!this.#wake) return this.#sending.cancel(this.#call, reason);
    this.#wake(this.#call.cancelledError(reason));
    return true;
  }

  readonly #onOutcome: Settle = (outcome, failed) => {
    if (!failed) return this.#settle(outcome, false);
    // A target refuses to repeat what is not marked: then it is as if nothing had been sent again.
    const isRefused = outcome instanceof CallError && !outcome.mayHaveRun;
    const failure = isRefused && this.#failure?.mayHaveRun ? this.#failure : outcome;
    const pause = this.#pauseAfter(outcome);
    if (pause === undefined) return this.#settle(failure, true);
    this.#failure = failure as CallError;
    this.#sendAfter(pause);
    return undefined;
  };

  /** Milliseconds until the next attempt, if there is to be one: full jitter, so that callers do not come back together. */
  #pauseAfter(outcome: unknown): number | undefined {
    const { attempts, delay } = this.#options.retry as NonNullable<CheckedOptions['retry']>;
    if (!mayPass(outcome) || this.#sent >= attempts) return undefined;
    const longest = Math.min(delay * 2 ** (this.#sent - 1), RetryOption.MostDelayMs);
    const pause = Math.random() * longest;
    return time.now() + pause < this.#deadline ? pause : undefined;
  }

  #sendAfter(pause: number): void {
    const { signal } = this.#options;
    const { promise, resolve } = Promise.withResolvers<CallError | undefined>();
    const timer = time.machine.setTimeout(() => resolve(undefined), pause);
    const abort = (): void => void this.cancel(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    this.#wake = (cancelled) => {
      this.#wake = undefined;
      time.machine.clearTimeout(timer);
      resolve(cancelled);
    };
    this.#sending.waitUntil?.(promise);
    // In the async context in which the call was made, since outcomes come in it.
    void promise.then((cancelled) => {
      this.#wake = undefined;
      signal?.removeEventListener('abort', abort);
      if (cancelled) void this.#settle(cancelled, true);
      else this.#sendAgain();
    });
  }

  #sendAgain(): void {
    const left = Math.max(1, this.#deadline - time.now());
    const isRepeat = this.#failure?.mayHaveRun === true;
    this.#sent += 1;
    try {
      const timeout = Math.min(left, this.#options.timeout);
      const options = { ...this.#options, timeout, attempt: this.#sent, isRepeat, batch: false };
      this.#call = this.#sending.send(options, this.#onOutcome);
    } catch {
      // What it needs is gone: an argument cannot be read any more, or its target is no binding now.
      void this.#settle(this.#failure, true);
    }
  }
}

/** Failures of the way to a target and of its object. The platform asks callers not to repeat what it calls overloaded. */
function mayPass(outcome: unknown): boolean {
  if (!(outcome instanceof CallError)) return false;
  const { code, mayHaveRun } = outcome;
  return (
    code === 'disconnected' || code === 'target-reset' || (code === 'overloaded' && !mayHaveRun)
  );
}
