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
  /** Counts and publishes what a call came to that is not under way. */
  note(call: Call, error: CallError): void;
  /** Keeps a request alive until something has happened. */
  waitUntil?: ((promise: Promise<unknown>) => void) | undefined;
}

/** The attempts of one call: one at a time. */
export class Attempts {
  readonly #options: CheckedOptions;
  readonly #settle: Settle;
  readonly #sending: Sending;
  /** That of the first attempt, which a call around it may have made earlier. */
  readonly #deadline: number;
  /** Runs something in the async context in which the call was made, outside of the spans of its attempts. */
  #enter: (run: () => void) => void = () => {};
  #call: Call;
  #sent = 1;
  /** What it failed with: the latest that may have run. */
  #failure: CallError | undefined;
  /** Ends the pause before the next attempt. */
  #wake: ((cancelled: CallError) => void) | undefined;

  constructor(options: CheckedOptions, settle: Settle, sending: Sending) {
    this.#options = options;
    this.#settle = settle;
    this.#sending = sending;
    this.#keepContext();
    const begun = time.now();
    this.#call = sending.send(options, this.#onOutcome);
    this.#deadline = begun + this.#call.timeout;
    this.#call.attempts = this;
  }

  #keepContext(): void {
    const { promise, resolve } = Promise.withResolvers<() => void>();
    void promise.then((run) => {
      this.#keepContext();
      run();
    });
    this.#enter = resolve;
  }

  /** The first attempt, whose id is that of the whole call. */
  get first(): Call {
    return this.#call;
  }

  cancel(reason: unknown): boolean {
    if (!this.#wake) return this.#sending.cancel(this.#call, reason);
    const cancelled = this.#asOfAll(this.#call.cancelledError(reason)) as CallError;
    this.#sending.note(this.#call, cancelled);
    this.#wake(cancelled);
    return true;
  }

  readonly #onOutcome: Settle = (outcome, failed) => {
    if (!failed) return this.#settle(outcome, false);
    const failure = this.#asOfAll(outcome);
    const pause = this.#pauseAfter(outcome);
    if (pause === undefined) return this.#settle(failure, true);
    this.#failure = failure as CallError;
    return this.#sendAfter(pause);
  };

  /**
   * What the whole call fails with, if an attempt fails with this. Where one before it may have run, nothing says that
   * none has: a target that refuses to repeat what is not marked leaves things as they were.
   */
  #asOfAll(outcome: unknown): unknown {
    const isRefused = outcome instanceof CallError && !outcome.mayHaveRun;
    if (!isRefused || !this.#failure?.mayHaveRun) return outcome;
    const { code, message, cause } = outcome;
    const details = { ...this.#call.details(), mayHaveRun: true };
    if (code === 'cancelled' || code === 'timeout') {
      return new CallError(code, message, { ...details, cause });
    }
    if (code !== 'not-callable') return this.#failure;
    const failed = this.#failure;
    const why = `${failed.message}; sent again, it was refused: ${message}`;
    return new CallError(failed.code, why, { ...details, cause: failed.cause });
  }

  /** Milliseconds until the next attempt, if there is to be one: full jitter, so that callers do not come back together. */
  #pauseAfter(outcome: unknown): number | undefined {
    const { attempts, delay } = this.#options.retry as NonNullable<CheckedOptions['retry']>;
    if (!mayPass(outcome) || this.#sent >= attempts) return undefined;
    const longest = Math.min(delay * 2 ** (this.#sent - 1), RetryOption.MostDelayMs);
    const pause = Math.random() * longest;
    return time.now() + pause < this.#deadline ? pause : undefined;
  }

  #sendAfter(pause: number): void | Promise<void> {
    const { signal } = this.#options;
    const { promise, resolve } = Promise.withResolvers<CallError | undefined>();
    let timer: unknown;
    try {
      timer = time.machine.setTimeout(() => resolve(undefined), pause);
    } catch {
      // The object has as many timers as it may have.
      return this.#settle(this.#failure, true);
    }
    const abort = (): void => void this.cancel(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    this.#wake = (cancelled) => {
      this.#wake = undefined;
      time.machine.clearTimeout(timer);
      resolve(cancelled);
    };
    this.#sending.waitUntil?.(promise);
    void promise.then((cancelled) => {
      this.#wake = undefined;
      signal?.removeEventListener('abort', abort);
      this.#enter(() => (cancelled ? void this.#settle(cancelled, true) : this.#sendAgain()));
    });
    return undefined;
  }

  #sendAgain(): void {
    const left = this.#deadline - time.now();
    const isRepeat = this.#failure?.mayHaveRun === true;
    this.#sent += 1;
    try {
      // A section may have held the pause back.
      if (left <= 0) throw this.#failure;
      const timeout = Math.min(left, this.#options.timeout);
      const options = { ...this.#options, timeout, attempt: this.#sent, isRepeat, batch: false };
      this.#call = this.#sending.send(options, this.#onOutcome);
    } catch {
      // Or what it needs is gone: an argument cannot be read any more, or its target is no binding now.
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
