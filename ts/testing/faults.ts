/** Faults: which calls they strike, and what is done to them. */

import type { Call } from '../calling/call.js';
import { isDataObject } from '../runtime/kinds.js';
import type { CallErrorCode } from '../wasm/lumenize_call.js';
import { callErrorCodes } from '../wire/core.js';
import { type CallError, invalidOption } from '../wire/errors.js';
import { explain } from '../wire/explain.js';
import { unknownName } from '../wire/near.js';
import {
  type Action,
  delay,
  type FaultOptions,
  fail,
  hang,
  loseAnswer,
  resetTarget,
  throwing,
} from './actions.js';

/** Which calls: those of which all of it is so. Default: every call that an object of the isolate sends. */
export interface CallFilter {
  /** The name of the binding that is called. */
  readonly binding?: string | undefined;
  /** The name or id of the instance, as the caller has named it. */
  readonly instance?: string | undefined;
  /** The method that is called; of a chain the first one, with the path to it: `getUser`, `ctx.storage.kv.get`. */
  readonly method?: string | undefined;
}

/** A fault that waits for calls, until it is removed. */
export interface Fault extends Disposable {
  /** How many calls it has struck. */
  readonly hits: number;
  /** Removes it. What it did to calls stays. `using` does the same at the end of a block. */
  remove(): void;
}

/** What is to happen to the calls. */
export interface FaultActions {
  /**
   * The answer is late. The method runs in time.
   *
   * @param ms - By how many milliseconds, by the clock that `clock` moves: 0 or above.
   */
  delay(ms: number): Fault;
  /** The call never runs, and no answer comes: it settles by its deadline, or when it is cancelled. */
  hang(): Fault;
  /** The call runs, and no answer comes. */
  loseAnswer(): Fault;
  /**
   * The call fails.
   *
   * `target-reset`, `overloaded`, `disconnected` and `invalid-target` are what the platform does: they happen to the
   * message, so to every call in it, and `mayHaveRun` is `true`, since a caller cannot know. `timeout` comes when the
   * deadline passes, as with `hang` and `loseAnswer`. `remote-threw` is a value that is no `Error`. Of any other code the
   * target says so: it refuses the call (`mayHaveRun` is `false`), or, with `after`, its method throws that.
   *
   * @param code - One of `callErrorCodes`.
   */
  fail(code: CallErrorCode, options?: FaultOptions): Fault;
  /**
   * The method throws.
   *
   * @param thrown - What it throws: an error arrives as it would from the target.
   */
  throw(thrown: unknown, options?: FaultOptions): Fault;
  /**
   * The target, a Durable Object of the Worker under test, is reset, as by `ctx.abort()`: it loses what it has in memory,
   * and every call that it has not answered fails as `target-reset`. It happens to the message, as above.
   */
  resetTarget(options?: FaultOptions): Fault;
}

/** A fault, as it is kept. */
class Kept implements Fault {
  hits = 0;
  /** Calls that fitted. */
  #count = 0;

  constructor(
    readonly action: Action,
    private readonly filter: CallFilter,
    private readonly isStruck: (count: number) => boolean,
  ) {}

  fits(call: Call): boolean {
    const { binding, instance, operation } = call.eventDetails();
    const { filter } = this;
    return (
      (filter.binding ?? binding) === binding &&
      (filter.instance ?? instance) === instance &&
      (filter.method ?? methodOf(operation)) === methodOf(operation)
    );
  }

  /** Counts a call that fits. */
  strikes(): boolean {
    this.#count += 1;
    return this.isStruck(this.#count);
  }

  remove(): void {
    kept.delete(this);
  }

  [Symbol.dispose](): void {
    this.remove();
  }
}

const kept = new Set<Kept>();

function methodOf(operation: string): string {
  return operation.split('(', 1)[0] as string;
}

/** What happens to a call. Faults after the one that strikes it do not count it. */
export function actionFor(call: Call): Action | undefined {
  for (const fault of kept) {
    if (!fault.fits(call) || !fault.strikes()) continue;
    fault.hits += 1;
    return fault.action;
  }
  return undefined;
}

/**
 * Faults for calls that objects of this isolate send. A call has at most one: the first that strikes it, in the order in
 * which they were made, and later ones do not count it, so `next` twice is the next two calls. A durable call is one each
 * time that it is sent.
 *
 * @example
 * ```ts
 * import { faults } from '@lumenize/call/testing';
 *
 * using fault = faults.next({ binding: 'CALC', method: 'add' }).fail('overloaded');
 * const failed = await this.svc.callRaw(this.ctn('CALC', 'main').add(1, 2)).catch((error) => error);
 * console.log(failed.code); // overloaded
 * console.log(fault.hits); // 1
 * ```
 */
export const faults = {
  /**
   * The next call that fits, and no other.
   *
   * @throws `CallError` with code `invalid-option` for what is no filter, as all of these.
   */
  next: (filter?: CallFilter): FaultActions => actionsFor(filter, (count) => count === 1),

  /**
   * Each n-th call that fits: of 3 the third, the sixth, and so on.
   *
   * @param n - 1 or above.
   */
  every(n: number, filter?: CallFilter): FaultActions {
    if (!Number.isInteger(n) || n < 1) {
      throw invalidOption(`n is ${explain(n)}: it has to be a whole number, 1 or above`);
    }
    return actionsFor(filter, (count) => count % n === 0);
  },

  /** Each call that fits. */
  always: (filter?: CallFilter): FaultActions => actionsFor(filter, () => true),

  /** Removes all faults. What they did to calls stays. */
  reset(): void {
    kept.clear();
  },
};

function actionsFor(filter: unknown, isStruck: (count: number) => boolean): FaultActions {
  const checked = checkFilter(filter);
  const add = (action: Action): Fault => {
    const fault = new Kept(action, checked, isStruck);
    kept.add(fault);
    return fault;
  };
  return {
    delay: (ms) => add(delay(checkDelay(ms))),
    hang: () => add(hang()),
    loseAnswer: () => add(loseAnswer()),
    fail: (code, options) => add(fail(checkCode(code), isAfter(options))),
    throw: (thrown, options) => add(throwing(thrown, isAfter(options))),
    resetTarget: (options) => add(resetTarget(isAfter(options))),
  };
}

const FILTER: Record<keyof CallFilter, true> = { binding: true, instance: true, method: true };

function checkFilter(filter: unknown): CallFilter {
  if (filter === undefined) return {};
  for (const [name, value] of entriesOf('the filter is', filter, "{ method: 'take' }", FILTER)) {
    if (value === undefined || typeof value === 'string') continue;
    throw invalidOption(`${name} is ${explain(value)}: it has to be a string`);
  }
  return { ...(filter as CallFilter) };
}

function isAfter(options: unknown): boolean {
  if (options === undefined) return false;
  const [[, after] = []] = entriesOf('the options are', options, '{ after: true }', {
    after: true,
  });
  if (after === undefined || typeof after === 'boolean') return after ?? false;
  throw invalidOption(`after is ${explain(after)}: it has to be true or false`);
}

function entriesOf(
  what: string,
  value: unknown,
  example: string,
  known: Readonly<Record<string, true>>,
): [string, unknown][] {
  if (!isDataObject(value)) {
    throw invalidOption(`${what} ${explain(value)}: pass an object, as in ${example}`);
  }
  for (const name of Object.keys(value)) {
    if (!Object.hasOwn(known, name))
      throw invalidOption(unknownName('option', name, Object.keys(known)));
  }
  return Object.entries(value);
}

function checkDelay(ms: number): number {
  if (Number.isFinite(ms) && ms >= 0) return ms;
  throw invalidOption(`ms is ${explain(ms)}: it has to be a number of milliseconds, 0 or above`);
}

function checkCode(code: CallErrorCode): CallErrorCode {
  if (callErrorCodes.includes(code)) return code;
  throw unknownCode(code);
}

function unknownCode(code: unknown): CallError {
  return invalidOption(unknownName('code', String(code), callErrorCodes));
}
