/**
 * The types of recording and calling. The type of a continuation carries what it yields, what it
 * runs on, and what it accepts as an outcome. From these the compiler checks that a binding holds
 * what the remote was recorded for, and that a handler accepts what may arrive.
 */

declare const VALUE: unique symbol;
declare const ROOT: unique symbol;
declare const OUTCOME: unique symbol;

/*
 * `[ROOT]` is written as a method, so that what was recorded for a class fits its subclasses and the
 * other way about: a subclass of LumenizeBase, whose `ctn()` is about itself, stays assignable to it.
 */

/** Anything recorded that runs on a `Root` and yields `V`. */
export interface Recorded<out V, Root = never> {
  readonly [VALUE]: V;
  [ROOT](target: Root): void;
}

/** Anything recorded that runs on a `Root` and accepts an outcome of type `P`. */
export interface Accepting<in P, Root = never> {
  readonly [OUTCOME]: (outcome: P) => void;
  [ROOT](target: Root): void;
}

/** What every continuation has, whatever it yields. */
export interface Start<V, Root> extends Recorded<V, Root> {
  /** In a handler, the place where the outcome of this remote goes, as if it were passed itself. */
  readonly $result: Recorded<V, Root>;
}

/** What `ctn()` begins with. */
export interface Beginning {
  /** The place where a handler wants the outcome, of whatever type: the compiler does not check. */
  readonly $result: Recorded<never, unknown>;
}

/**
 * A recorded chain of property reads and method calls that runs on a `Root` and yields `V`. It is a
 * value: nothing runs before it is passed to `call` or `callRaw`.
 */
export type Continuation<V, Root = V> = Start<V, Root> & Steps<V, Root>;

/** The steps that a value of type `V` offers. */
type Steps<V, Root> = V extends Method
  ? Apply<Parameters<V>, ReturnType<V>, Root>
  : { readonly [K in keyof V & (string | number)]: Member<V[K], Root> };

/** A method is there to be called; any other member is a value. */
type Member<M, Root> = M extends (...args: infer A) => infer R
  ? Only<A> extends M
    ? Apply<A, R, Root>
    : Overloaded<M, Root>
  : Continuation<Awaited<M>, Root>;

/** A function with these parameters and no other overload. Its result fits any. */
type Only<A extends readonly unknown[]> = (...args: A) => never;

/** A method with overloads, of which the last four count, or with type parameters. */
type Overloaded<M, Root> = M extends {
  (...args: infer A): infer R;
  (...args: infer B): infer S;
  (...args: infer C): infer T;
  (...args: infer D): infer U;
}
  ? Overload<A, R, Root> & Overload<B, S, Root> & Overload<C, T, Root> & Apply<D, U, Root>
  : never;

/** Where a method has fewer than four, the compiler infers parameters of any kind. */
type Overload<A extends readonly unknown[], R, Root> = unknown[] extends A
  ? unknown
  : Apply<A, R, Root>;

type Method = (...args: never) => unknown;

/**
 * A call with all its arguments yields the method's result. One that lacks its last argument is no
 * continuation yet, but a handler: the outcome becomes that argument.
 */
type Apply<A extends readonly unknown[], R, Root> = number extends A['length']
  ? Flexible<A, R, Root>
  : A extends Required<A>
    ? Fixed<A, R, Root>
    : Flexible<A, R, Root>;

/** A method of so many parameters. It is by far the most frequent kind, and the cheapest to check. */
export interface Fixed<A extends readonly unknown[], R, Root> {
  (...args: Arguments<A, Root>): Called<Awaited<R>, Root, unknown>;
  (...args: AllButLast<A, Root>): Accepting<Last<A>, Root>;
}

type AllButLast<A extends readonly unknown[], Root> = A extends readonly [...infer Rest, unknown]
  ? Arguments<Rest, Root>
  : never;

type Last<A extends readonly unknown[]> = A extends readonly [...unknown[], infer L] ? L : never;

type Arguments<A extends readonly unknown[], Root> = { [I in keyof A]: Argument<A[I], Root> };

/** A method with optional or rest parameters: the outcome goes to the first one left. */
export type Flexible<A extends readonly unknown[], R, Root> = <
  G extends Partial<Arguments<A, Root>>,
>(
  ...args: G
) => G extends Given<A>
  ? Called<Awaited<R>, Root, PlacesOutcome<A, G> extends true ? unknown : Next<A, G>>
  : Accepting<Next<A, G>, Root>;

/** As many arguments as the parameters ask for. */
type Given<A extends readonly unknown[]> = { [I in keyof A]: unknown };

/** The parameter after the last argument; anything, where there is none. */
type Next<A extends readonly unknown[], G extends readonly unknown[]> =
  Required<A> extends readonly [...{ [I in keyof G]: unknown }, unknown, ...unknown[]]
    ? A[G['length'] & keyof A]
    : number extends A['length']
      ? A[number]
      : unknown;

/** A recorded call that yields `V` and, as a handler, accepts a `P`. */
type Called<V, Root, P> = Call<V, Root, P> & Steps<V, Root>;

export interface Call<V, Root, P> extends Start<V, Root> {
  readonly [OUTCOME]: (outcome: P) => void;
}

/** Whether a continuation stands in the arguments: the outcome, as far as the compiler can see. */
type PlacesOutcome<A extends readonly unknown[], G extends readonly unknown[]> = [
  Extract<G[number], Recorded<unknown>>,
] extends [never]
  ? G extends Partial<A>
    ? false
    : true
  : true;

/**
 * What may stand for a parameter of type `P`: a value, a continuation that runs on the same
 * object, or, where the parameter accepts an `Error`, the outcome of a call to another one; alone,
 * or inside plain objects and arrays.
 */
export type Argument<P, Root, Depth extends keyof Shallower = 4> =
  | P
  | Recorded<P, Error extends P ? never : Root>
  | Inside<P, Root, Depth>;

type Inside<P, Root, Depth extends keyof Shallower> = Depth extends 0
  ? never
  : P extends Whole
    ? never
    : { [K in keyof P]: Argument<P[K], Root, Shallower[Depth]> };

/** How deep the compiler looks for places of continuations: data types may be endless. */
interface Shallower {
  0: 0;
  1: 0;
  2: 1;
  3: 2;
  4: 3;
}

/** What is passed as a whole: a continuation has no place inside. */
type Whole =
  | string
  | number
  | boolean
  | bigint
  | symbol
  | null
  | undefined
  | Date
  | RegExp
  | Error
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | ArrayBufferLike
  | ArrayBufferView
  | ((...args: never) => unknown);

/** What may handle an outcome of type `R` on a `Self`: it accepts `R` and `Error`. */
export type Handler<R, Self = never> = Accepting<Settled<R> | Error, Self>;

/** What a method yields that returns nothing is `undefined`. */
type Settled<R> = [R] extends [void] ? ([R] extends [never] ? R : undefined) : R;

/** The names in `Env` that are bound to a Durable Object namespace or a service. */
export type BindingName<Env> = {
  [B in keyof Env]: Env[B] extends DurableObjectNamespace<infer _> | Fetcher ? B : never;
}[keyof Env] &
  string;

/** What names an instance behind a binding. */
export type InstanceOf<Binding> =
  Binding extends DurableObjectNamespace<infer _> ? string | DurableObjectId : undefined;

/** The class behind a binding; `never`, which anything runs on, where the binding does not say. */
export type TargetOf<Binding> =
  Binding extends DurableObjectNamespace<infer T> ? ([T] extends [undefined] ? never : T) : never;

/** What only an object itself may use, as in its handlers. */
export interface Protected<Self, Env, Context> {
  readonly ctx: Continuation<Context, Self>;
  readonly env: Continuation<Env, Self>;
}

/**
 * A class with its `ctx` and `env` public, for paths into what `static exposes` opens:
 * `this.ctn<Unprotected<Users>>().ctx.storage.kv.get('k')`.
 */
export type Unprotected<T> = T & { readonly ctx: DurableObjectState; readonly env: Cloudflare.Env };
