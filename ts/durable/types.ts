/** The types of durable calls. */

import type { Any, ArrivalOf, IsAny, RunsOn, Sendable, ValueOf } from '../types/continuations.js';
import type { Handler } from '../types/handlers.js';
import type {
  AnyTarget,
  Behind,
  BindingName,
  CheckedRemote,
  InstanceOf,
  Mistake,
  TargetOf,
} from '../types/targets.js';
import type { Counts, DurableCallOptions } from './wasm/lumenize_call_durable.js';

/** A durable call, as it is stored. */
export interface DurableCall {
  /** Identifies it. */
  readonly id: string;
  /** The name of the binding that is called. */
  readonly binding: string;
  /** The name or id of the instance. */
  readonly instance: string;
  /** What is called, as `explain` writes it. */
  readonly operation: string;
  /** Its handler, as `explain` writes it. */
  readonly handler: string | undefined;
  /** When it was made: milliseconds since 1970. */
  readonly made: number;
  /** When it settles as `timeout`: milliseconds since 1970. */
  readonly expires: number;
  /**
   * `stored`: it will be sent. `sent`: it has no answer yet. `waiting`: an attempt failed, and another
   * follows. `handling`: its handler runs. `parked`: the record is another object's, or another version's.
   * `dead`: its handler threw, or ended with its object five times; `retry` or `drop` it.
   */
  readonly state: 'stored' | 'sent' | 'waiting' | 'handling' | 'parked' | 'dead';
  /** How often it was sent since the object started. */
  readonly attempts: number;
  /** Of a dead letter: what its handler threw. */
  readonly error?: unknown;
}

/** What an object has in memory of its durable calls. */
export interface DurableStats extends Counts {
  /** Methods of this object that run for durable calls of others. */
  readonly running: number;
}

/** What runs on a class with durable calls, or a sentence that says why it does not. */
type OnDurable<F> =
  F extends RunsOn<infer Root>
    ? [Root] extends [never]
      ? F
      : IsAny<Root> extends true
        ? F
        : Root extends { __lmzDurable: unknown }
          ? F
          : Mistake<'this class takes no durable calls: let it extend withDurableCalls(…)'>
    : F;

/** `this.svc.durable.call`. */
export interface DurableCallFunction<Env, Self = never> {
  /**
   * Stores a call with what the object writes in this turn. It is sent once the turn has committed, and again
   * until it has an outcome, or its deadline passes; the target runs it effectively once. The handler runs with
   * the outcome, effectively once.
   *
   * @param remote - What to run there, recorded by `this.ctn(binding, instance)`. Its class has
   *   `withDurableCalls`, too.
   * @param handler - What to run here with the outcome, recorded by `this.ctn()`. The outcome goes where `remote`
   *   itself, or `$result`, stands; where neither does, it becomes the last argument. Without a handler, a
   *   failure goes to `onCallError`.
   * @returns The id of the call, for `get`, `retry` and `drop`.
   * @throws `CallError` at once, with nothing written: `invalid-continuation`, `unknown-binding`,
   *   `invalid-target`, `invalid-option`, `limit-exceeded`, `not-cloneable`.
   */
  <const F extends Sendable<Any>>(
    remote: OnDurable<F>,
    handler?: Handler<ArrivalOf<NoInfer<F>>, Self> | undefined,
    options?: DurableCallOptions,
  ): string;
  /**
   * The same for what was recorded by `this.ctn<T>()`, which does not know its target.
   *
   * @param target - The name of a Durable Object namespace in `env`.
   * @param instance - Name, id or 64-digit hexadecimal id of the Durable Object.
   */
  <B extends BindingName<Env> | AnyTarget, C>(
    target: B,
    instance: InstanceOf<Behind<Env, B>>,
    remote: CheckedRemote<C, TargetOf<Behind<Env, B>>> & OnDurable<C>,
    handler?: Handler<NoInfer<ValueOf<C>>, Self> | undefined,
    options?: DurableCallOptions,
  ): string;
}
