/** The types of durable calls. */

import type {
  Any,
  ArrivalOf,
  KnowsNoTarget,
  RunsOn,
  Sendable,
  ValueOf,
} from '../types/continuations.js';
import type {
  AnyTarget,
  Behind,
  BehindTarget,
  BindingName,
  CheckedRecorded,
  CheckedRemote,
  InstanceOf,
  Mistake,
  Nameable,
  Named,
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
type OnDurable<F> = F extends RunsOn<infer Root> ? IfTaken<Root, F> : F;

type CheckedDurable<C, Root> = IfTaken<Root, CheckedRemote<C, Root>>;

type IfTaken<Root, T> =
  Takes<Root> extends true
    ? T
    : Mistake<'this class takes no durable calls: let it extend withDurableCalls(…)'>;

/** Whether a class takes durable calls, as far as the compiler knows. */
type Takes<Root> = [Root] extends [never]
  ? true
  : unknown extends Root
    ? true
    : Root extends { __lmzDurable: unknown }
      ? true
      : false;

/** As `Named`, without services. */
type Storing<Env, B> =
  Behind<Env, B> extends Fetcher
    ? B extends AnyTarget | string
      ? Mistake<'a service stores nothing: durable calls go to Durable Objects'>
      : Named<Env, B>
    : Named<Env, B>;

/** A handler that can be stored, or a sentence that says why it is none. */
type StoredHandler<H, V, Self> = H extends RunsOn
  ? CheckedRecorded<H, V, Self>
  : H extends undefined
    ? H
    : H extends (...args: never) => unknown
      ? 'a function cannot be stored: record the handler, as by this.ctn().onUser()'
      : H extends DurableCallOptions
        ? 'options come after the handler: call(remote, undefined, options)'
        : 'a handler is recorded, as by this.ctn().onUser()';

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
  <const F extends Sendable<Any>, H = undefined>(
    remote: OnDurable<F>,
    handler?: StoredHandler<H, ArrivalOf<NoInfer<F>>, Self>,
  ): string;
  /**
   * The same with options; or for what was recorded by `this.ctn<T>()`, which does not know its target.
   *
   * @param remote - What to run there; or the name of a Durable Object namespace in `env`.
   * @param handler - What to run here; or the instance: name, id or 64-digit hexadecimal id of the Durable Object.
   * @param options - How to make the call; or what to run there, recorded by `this.ctn<T>()`.
   */
  <const F extends Nameable<Env>, C, H = undefined>(
    remote: F extends Sendable<Any> ? OnDurable<F> : Storing<Env, F>,
    handler: F extends Sendable<Any>
      ? StoredHandler<H, ArrivalOf<F>, Self>
      : F extends RunsOn
        ? KnowsNoTarget
        : InstanceOf<Behind<Env, F>>,
    options: F extends Sendable<Any> | RunsOn
      ? DurableCallOptions | undefined
      : CheckedDurable<C, TargetOf<Behind<Env, F>>>,
  ): string;
  /** The same for what was recorded by `this.ctn<T>()`, which does not know its target, with a handler. */
  <const B extends Nameable<Env>, C, H = undefined>(
    target: Storing<Env, B>,
    instance: InstanceOf<Behind<Env, B>>,
    remote: CheckedDurable<C, TargetOf<Behind<Env, B>>>,
    handler: StoredHandler<H, ValueOf<C>, Self>,
    options?: DurableCallOptions,
  ): string;
  /** @ignore An editor lists the names of bindings by it: it takes one argument more than may be written. */
  (target: BindingName<Env>, ...more: [unknown, ...BehindTarget]): never;
}
