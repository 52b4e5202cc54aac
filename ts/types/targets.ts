/**
 * The types of calling: what may be a target, whose class it has, and what may be passed beside it. Where
 * something cannot be right, the compiler shows a sentence in its place.
 */
import type { CallHandle } from '../calling/call.js';
import type { CallStats } from '../calling/stats.js';
import type { CallOptions } from '../wasm/lumenize_call.js';
import type {
  Accepting,
  Any,
  ArrivalOf,
  Bound,
  IsAny,
  KnowsNoTarget,
  Recorded,
  RunsOn,
  Sendable,
  Uncalled,
  ValueOf,
} from './continuations.js';
import type { Handler, Settled } from './handlers.js';
import type { Received } from './received.js';

declare const MISTAKE: unique symbol;

/** What the compiler shows where something cannot be right. */
export interface Mistake<out Sentence = unknown> {
  readonly [MISTAKE]: Sentence;
}

/** Any namespace, by its shape: cheaper to compare than `DurableObjectNamespace<any>`. */
type AnyNamespace = Pick<DurableObjectNamespace, 'idFromName'>;

/** What may be called in place of a binding's name: a namespace, a service, a stub. */
export type AnyTarget = AnyNamespace | Fetcher;

/** The names in `Env` that are bound to a Durable Object namespace or a service; all, where it has no types. */
export type BindingName<Env> = [keyof Env] extends [never]
  ? string
  : {
      [B in keyof Env]-?: Env[B] extends AnyTarget | undefined | null ? B : never;
    }[keyof Env] &
      string;

/** What may be inferred of a target: more than {@link Named} lets pass, which says what is wrong. */
export type Nameable<Env> = BindingName<Env> | (string & {}) | object;

/** What a name of a binding stands for; what is no name stands for itself, whatever `Env` is. */
export type Behind<Env, B> = Exclude<
  B extends string ? (B extends keyof Env ? Env[B] : [keyof Env] extends [never] ? Any : B) : B,
  undefined | null
>;

/** The class behind a namespace, service or stub; `any` where it does not say. */
type ClassOf<Target> =
  IsAny<Target> extends true
    ? Any
    : Yields<1> extends Yields<infer _>
      ? Target extends DurableObjectNamespace<infer T>
        ? Known<T>
        : Target extends DurableObjectStub<infer T>
          ? Known<T>
          : Target extends (options: never) => Fetcher<infer T>
            ? Known<T>
            : Target extends Fetcher<infer T>
              ? Known<T>
              : never
      : never;

/**
 * To infer the class of a namespace, the compiler works out, once, how the types of Workers RPC vary.
 * That costs 27,000 instantiations if it begins at the namespace, and 5,000 if it begins at a result,
 * so two results are compared first.
 */
interface Yields<T> {
  readonly result: Rpc.Result<T>;
}

type Known<T> = undefined extends T ? Any : T;

/** Whether objects of a class take calls, as far as the compiler knows: those of the first version have `svc`. */
type TakesCalls<T> =
  IsAny<T> extends true ? true : T extends { __lmzCall: unknown } | { svc: unknown } ? true : false;

type TakesNoCalls =
  'this class takes no calls: let it extend LumenizeBase, LumenizeWorker or withCall(…)';

export type NoOptions =
  'ctn takes a binding and an instance: options go to svc.call or svc.callRaw';

/** What stands behind a target, and one argument more than may be written. */
export type BehindTarget = [unknown, unknown, unknown, Mistake<'options are the last argument'>];

/** What names an instance behind a target. */
export type InstanceOf<Target> =
  IsAny<Target> extends true
    ? string | DurableObjectId | undefined
    : Target extends undefined | null
      ? never
      : TakesCalls<ClassOf<Target>> extends true
        ? Target extends AnyNamespace
          ?
              | string
              | DurableObjectId
              | Mistake<'a Durable Object namespace takes an instance, by name or id'>
          : undefined | Mistake<'only a Durable Object namespace has instances: pass undefined'>
        : Mistake<TakesNoCalls>;

/** The class behind a target; `never`, which anything runs on, where it does not say. */
export type TargetOf<Target> = Target extends undefined | null
  ? never
  : IsAny<ClassOf<Target>> extends true
    ? never
    : ClassOf<Target>;

/** What `ctn(binding, instance)` begins. */
export type BoundTo<Env, B> = BoundOf<ClassOf<Behind<Env, B>>>;

/** Where the target is a mistake, which the compiler has said, `any`: it says nothing more. */
type BoundOf<T> = [T] extends [never]
  ? Any
  : IsAny<T> extends true
    ? Any
    : TakesCalls<T> extends true
      ? Bound<T>
      : Mistake<TakesNoCalls>;

/** Starts continuations that know their target. */
export interface BoundStarts<Env> {
  /**
   * Starts a continuation on a Worker entrypoint, or on what a stub leads to. Nothing is sent before it
   * is awaited or passed to `svc.call` or `svc.callRaw`.
   *
   * @param service - The name of a service in `env`; or a service, a stub, a facet.
   * @throws `CallError` with code `unknown-binding` or `invalid-target`.
   */
  <const B extends Nameable<Env>>(service: ServiceOf<Env, B>): BoundTo<Env, B>;
  /**
   * Starts a continuation on a Durable Object. Nothing is sent before it is awaited or passed to
   * `svc.call` or `svc.callRaw`.
   *
   * @param namespace - The name of a Durable Object namespace in `env`; or a namespace, such as
   *   `this.ctx.exports.Users`.
   * @param instance - Name, id or 64-digit hexadecimal id of the Durable Object.
   * @throws `CallError` with code `unknown-binding` or `invalid-target`.
   */
  <const B extends Nameable<Env>>(
    namespace: NamespaceOf<Env, B>,
    instance: InstanceOf<Behind<Env, B>>,
  ): BoundTo<Env, B>;
  /** @ignore An editor lists the names of bindings by it: it takes one argument more than may be written. */
  (binding: BindingName<Env>, instance: unknown, more: Mistake<NoOptions>): never;
}

/** `B`, if it is a target, the name of one, or a continuation that needs none; or a sentence that says why it is not. */
export type Named<Env, B> =
  Behind<Env, B> extends AnyTarget | RunsOn | Sendable<Any> ? B : NoTarget<Env, B>;

type NoTarget<Env, B> = B extends string
  ? Mistake<UnknownBinding<B, Near<Env, B>>>
  : 'this is no target: name a Durable Object namespace or service, or pass one, or a stub' &
      Mistake;

/**
 * `B`, if it is a namespace or the name of one, or a sentence that says why it is not. A name is looked up
 * in `Env`, because comparing it with all names takes longer the more there are.
 */
export type NamespaceOf<Env, B> = Behind<Env, B> extends AnyNamespace ? B : NoNamespace<Env, B>;

type NoNamespace<Env, B> =
  B extends BindingName<Env>
    ? Mistake<`${B} is a service, which has no instance: leave it out`>
    : B extends string
      ? Mistake<UnknownBinding<B, Near<Env, B>>>
      : B extends Fetcher
        ? 'only a Durable Object namespace takes an instance: leave it out' & Mistake
        : NoTypeArgument;

/** `B`, if it is a service or a stub, or the name of a service; or a sentence that says why it is not. */
export type ServiceOf<Env, B> = Behind<Env, B> extends Fetcher ? B : NoService<Env, B>;

type NoService<Env, B> =
  B extends BindingName<Env>
    ? Mistake<`${B} is a Durable Object namespace: name an instance too, as in ctn('${B}', 'main')`>
    : B extends string
      ? Mistake<UnknownBinding<B, Near<Env, B>>>
      : B extends AnyNamespace
        ? 'a Durable Object namespace takes an instance too' & Mistake
        : NoTypeArgument;

type UnknownBinding<B extends string, Known extends string> = [Known] extends [never]
  ? `Env has no Durable Object namespace or service '${B}'`
  : `Env has no Durable Object namespace or service '${B}': did you mean '${Known}'?`;

/** Bindings that begin with the same two letters: nearer ones the compiler cannot tell. */
type Near<Env, B extends string> = B extends `${infer First}${infer Second}${string}`
  ? Extract<BindingName<Env>, `${First}${Second}${string}`>
  : never;

type NoTypeArgument = 'the class comes from Env: leave out the type argument' & Mistake;

/** A handler that is a function: it receives the `V` that arrives, or an `Error`. */
export type FunctionHandler<V> = (outcome: Settled<V> | Error) => unknown;

/** `this.svc.call`. */
export interface CallFunction<Env, Self = never> {
  /**
   * Calls a method of another object and returns at once. The handler runs on this object with the
   * outcome, exactly once: with the value, or with an `Error`. Stubs in it are released when the handler
   * has ended, like the parameters of an RPC method: `dup()` one to keep it.
   *
   * @param remote - What to run there, recorded by `this.ctn(binding, instance)`.
   * @param handler - What to run here with the outcome: a function, or what `this.ctn()` has recorded.
   *   There the outcome goes where `remote` itself, or `$result`, stands; where neither does, it becomes
   *   the last argument. Without a handler, a failure goes to `onCallError`.
   * @throws `CallError` at once for what cannot be a call: `invalid-continuation`,
   *   `unknown-binding`, `invalid-target`, `invalid-option`, `limit-exceeded`. Everything that
   *   happens later arrives in the handler.
   * @example
   * ```ts
   * const user = this.ctn('USERS', 'main').getUser('u1');
   * this.svc.call(user, (user) => this.onUser(user, 'u1'), { timeout: 5_000 });
   * ```
   */
  <V = Any, H = FunctionHandler<V>>(
    remote: Sendable<V>,
    handler: CheckedHandler<H, V, Self>,
  ): CallHandle;
  /** The same without a handler: a failure goes to `onCallError`. */
  (remote: Sendable<Any>): CallHandle;
  /**
   * The same with options; or for what was recorded by `this.ctn<T>()`, which does not know its target.
   *
   * @param remote - What to run there; or a target: the name of a Durable Object namespace or service in
   *   `env`, or one itself, or a stub.
   * @param handler - What to run here; or the instance of the target: name, id or 64-digit hexadecimal id
   *   of the Durable Object, `undefined` for what is no namespace.
   * @param options - How to make the call; or what to run there, recorded by `this.ctn<T>()`.
   */
  <const F extends Nameable<Env>, C, H = FunctionHandler<ArrivalOf<F>>>(
    remote: Named<Env, F>,
    handler: F extends Sendable<Any>
      ? CheckedHandler<H, ArrivalOf<F>, Self>
      : F extends RunsOn
        ? KnowsNoTarget
        : InstanceOf<Behind<Env, F>>,
    options: F extends Sendable<Any>
      ? CallOptions | undefined
      : F extends RunsOn
        ? CallOptions | undefined
        : CheckedRemote<C, TargetOf<Behind<Env, F>>>,
  ): CallHandle;
  /**
   * The same for what was recorded by `this.ctn<T>()`, which does not know its target, with a handler.
   *
   * @example
   * ```ts
   * const user = this.ctn<Users>().getUser('u1');
   * this.svc.call('USERS', 'main', user, this.ctn().onUser(user, 'u1'), { timeout: 5_000 });
   * ```
   */
  <const B extends Nameable<Env>, C, H = FunctionHandler<Received<ValueOf<C>>>>(
    target: Named<Env, B>,
    instance: InstanceOf<Behind<Env, B>>,
    remote: CheckedRemote<C, TargetOf<Behind<Env, B>>>,
    handler: CheckedHandlerOf<H, ValueOf<C>, Self>,
    options?: CallOptions,
  ): CallHandle;
  /** @ignore An editor lists the names of bindings by it: it takes one argument more than may be written. */
  (target: BindingName<Env>, ...more: [unknown, ...BehindTarget]): never;

  /** What the calls of this object have come to. Counting costs nothing measurable. */
  stats(): CallStats;
}

/**
 * What is to run on a `Root`, or a sentence that says why it is not. Where the compiler cannot tell, as of `this`,
 * it compares the types themselves; a condition of `C` alone, which is spread over a union, keeps it from that.
 */
export type CheckedRemote<C, Root> =
  NoInfer<C> extends Recorded<unknown, Root>
    ? C extends Sendable<unknown>
      ? 'this continuation knows its target: pass it without binding and instance'
      : C
    : NoRemote<C, Root>;

type NoRemote<C, Root> = [C] extends [Recorded<unknown>]
  ? Recorded<unknown, Root> | Mistake<'this is recorded for another class than the target has'>
  : [C] extends [Uncalled]
    ? 'this method is not called: write this.ctn<Users>().getUser(id)'
    : [C] extends [RunsOn]
      ? 'the last argument is missing, which only a handler leaves out'
      : 'what runs there is recorded, as by this.ctn<Users>().getUser(id)';

/**
 * A handler, or none, or a sentence that says why it is no handler. That `undefined` stands in here, and not beside it
 * where it is used, lets the compiler infer a union, of which each member is checked.
 */
type CheckedHandler<H, V, Self> = H extends RunsOn
  ? CheckedRecorded<H, V, Self>
  : H extends FunctionHandler<V> | undefined
    ? H
    : NoFunctionHandler<H>;

/** The same of what yields a `V`: a function receives what arrives of it, or, of a type parameter, a `V`. */
type CheckedHandlerOf<H, V, Self> = H extends RunsOn
  ? CheckedRecorded<H, V, Self>
  : H extends FunctionHandler<Received<V>> | FunctionHandler<V> | undefined
    ? H
    : NoFunctionHandler<H>;

export type CheckedRecorded<H, V, Self> =
  H extends Handler<V> ? Handler<NoInfer<V>, Self> | Mistake<OfAnotherClass> : NoRecordedHandler<H>;

type OfAnotherClass = 'this handler is recorded for another class: begin it with this.ctn()';

type NoRecordedHandler<H> = H extends Uncalled
  ? 'this handler is not called: write this.ctn().onUser()'
  : H extends Accepting<infer P>
    ? NotAccepted<P>
    : NoHandler;

type NoFunctionHandler<H> = H extends (outcome: infer P) => unknown
  ? NotAccepted<P>
  : H extends CallOptions
    ? 'options come after the handler: call(remote, undefined, options)'
    : H extends (...args: never) => unknown
      ? 'a handler is called with the outcome and nothing else'
      : NoHandler;

type NotAccepted<P> = Error extends P
  ? 'this handler does not accept what the call yields'
  : 'this handler does not accept an Error, which may arrive too';

export type NoHandler = 'a handler is a function, or a call recorded by this.ctn()';
