/**
 * The types of recording and calling. A continuation's type carries two things: the value that it
 * yields, and the class on which it starts. From these the compiler checks that a binding holds
 * what the remote was recorded for, and that a handler accepts what may arrive.
 */

declare const VALUE: unique symbol;
declare const ROOT: unique symbol;
declare const OUTCOME: unique symbol;

/** Anything recorded that yields `V` when it runs on a `Root`. */
export interface Recorded<out V, out Root = unknown> {
  readonly [VALUE]: V;
  readonly [ROOT]: Root;
}

/** A recorded call that lacks its last argument, of type `P`: the outcome takes its place. */
export interface OpenContinuation<in P, out Root = unknown> {
  readonly [OUTCOME]: (outcome: P) => void;
  readonly [ROOT]: Root;
}

/**
 * A recorded chain of property reads and method calls that yields `V`. It is a value: nothing runs
 * before it is passed to `call` or `callRaw`.
 */
export type Continuation<V, Root = V> = Recorded<V, Root> &
  Steps<V, Root> & {
    /** The place where a handler wants the outcome. Its type is not checked. */
    readonly $result: Recorded<never>;
  };

/** The steps that a value of type `V` offers. */
type Steps<V, Root> = V extends (...args: infer A) => infer R
  ? Apply<A, R, Root>
  : { readonly [K in Extract<keyof V, string | number>]: Continuation<Awaited<V[K]>, Root> };

/**
 * A call with all its arguments yields the method's result. With fewer, it lacks the one after the
 * last that is given.
 */
type Apply<A extends readonly unknown[], R, Root> = <G extends Partial<Arguments<A, Root>>>(
  ...args: G
) => G extends Arguments<A, Root>
  ? Continuation<Awaited<R>, Root>
  : OpenContinuation<A[G['length'] & keyof A], Root>;

type Arguments<A extends readonly unknown[], Root> = { [I in keyof A]: Argument<A[I], Root> };

/**
 * What may stand for a parameter of type `P`: a value, a continuation that runs on the same
 * object, or, where the parameter accepts an `Error`, the outcome of a call to another one.
 */
export type Argument<P, Root> =
  | P
  | Recorded<P, Root>
  | (Error extends P ? Recorded<P, unknown> : never);

/** What may handle an outcome of type `R`: its parameter for it accepts `R` and `Error`. */
export type Handler<R> = Recorded<unknown> | OpenContinuation<NoInfer<R> | Error>;

/** The names in `Env` that are bound to a Durable Object namespace or a service. */
export type BindingName<Env> = {
  [B in keyof Env]: Env[B] extends DurableObjectNamespace<infer _> | Fetcher ? B : never;
}[keyof Env] &
  string;

/** What names an instance behind a binding. */
export type InstanceOf<Binding> =
  Binding extends DurableObjectNamespace<infer _> ? string | DurableObjectId : undefined;

/** The class behind a binding; `unknown` where the binding does not say. */
export type TargetOf<Binding> =
  Binding extends DurableObjectNamespace<infer T>
    ? [T] extends [undefined]
      ? unknown
      : T
    : unknown;
