/**
 * The types of recording. The type of a continuation carries what it yields, what it runs on, what
 * arrives of it, and what it accepts as an outcome. From these the compiler checks that a target has
 * what was recorded for it, and that a handler accepts what may arrive.
 *
 * Members of a user's class are listed by a key parameter `K extends keyof V`, so that an editor finds
 * their declarations, references and comments.
 */
import type { LumenizeBase, LumenizeWorker } from '../object/base.js';
import type { DataNames } from './open.js';
import type { Indivisible, Owned, Received } from './received.js';

declare const VALUE: unique symbol;
declare const ROOT: unique symbol;
declare const ARRIVES: unique symbol;
declare const OUTCOME: unique symbol;
declare const BOUND: unique symbol;
declare const UNCALLED: unique symbol;

/**
 * Anything recorded that runs on a `Root`. `Root` stands in a method, whose parameters are compared in both
 * directions, so that what was recorded for a class fits its subclasses and the other way about: a subclass
 * of LumenizeBase, whose `ctn()` is about itself, stays assignable to it.
 */
export interface RunsOn<Root = never> {
  [ROOT](target: Root): void;
}

/** Anything recorded that runs on a `Root` and yields `V` there. */
export interface Recorded<out V, Root = never> extends RunsOn<Root> {
  readonly [VALUE]: V;
}

/** Anything recorded of which `V` arrives at its caller. */
export interface Arriving<out V> {
  readonly [ARRIVES]: V;
}

/** Anything recorded that runs on a `Root` and accepts an outcome of type `P`. */
export interface Accepting<in P, Root = never> extends RunsOn<Root>, Unbound {
  readonly [OUTCOME]: (outcome: P) => void;
}

/** A method that was recorded, but not called. */
export interface Uncalled extends RunsOn, Unbound {
  readonly [UNCALLED]: true;
}

/** What something recorded yields; anything, where the compiler knows nothing of it. */
export type ValueOf<C> = C extends { readonly [VALUE]: unknown } ? C[typeof VALUE] : Any;

/** What arrives of it; anything, where the compiler knows nothing of it. */
export type ArrivalOf<C> = C extends Arriving<unknown> ? C[typeof ARRIVES] : Any;

/** Where nothing is known of a value. */
// biome-ignore lint/suspicious/noExplicitAny: it is what is meant
export type Any = any;

/** Whether nothing is known of a type. */
export type IsAny<V> = 0 extends 1 & V ? true : false;

type Method = (...args: never) => unknown;

/** The members that every class has which makes calls: they are nobody's to call. */
type Reserved = keyof LumenizeBase<unknown> | keyof LumenizeWorker<unknown>;

/** The names that callers of a `T` use. */
export type OwnNames<T> = Exclude<keyof T, Reserved | symbol | 'then' | '__lmzDurable'>;

// What knows its target: `ctn('USERS', 'main')`.

/** The methods of a target of class `T`: each records a call, and awaiting the call sends it. */
export type Bound<T> = BoundMembers<T, T, OwnNames<T>> & NotSent;

type NoCall = 'only calls and properties are sent: call a method, as in this.ctn(…).getUser(id)';

/** It has a `then` that nobody can use, so that the compiler refuses to await it. */
export declare abstract class NotSent {
  readonly [BOUND]: NoCall;
  readonly [ARRIVES]: unknown;
  // biome-ignore lint/suspicious/noThenProperty: it is what the compiler looks for
  protected then(this: NoCall, onfulfilled: never): never;
}

/** A recorded call that knows its target, so that it may be sent as it is. `V` arrives. */
export interface Sendable<out V> extends Arriving<V> {
  readonly [BOUND]: true;
}

/**
 * A recorded call, or property, of a target. Awaiting it sends it, once however often it is awaited.
 *
 * @privateRemarks A program has more types of this kind than of any other. That it does not extend Recorded
 * and Sendable, but has their members, spares the compiler a third of the types that awaiting one takes.
 */
export interface BoundCall<V, Root> extends Promise<Owned<Received<V>>> {
  readonly [BOUND]: true;
  readonly [VALUE]: V;
  readonly [ARRIVES]: Received<V>;
  [ROOT](target: Root): void;
  /** In a handler, the place where the outcome of this goes, as if it were passed itself. */
  readonly $result: Result<V, Root, Received<V>>;
}

/** A recorded call that may be gone on from: its result's own members can be recorded, too. */
export type BoundSteps<V, Root> = BoundCall<V, Root> & BoundFurther<V, Root>;

type BoundFurther<V, Root> =
  IsAny<V> extends true
    ? BoundAnything<Root>
    : Exclude<V, Nothing> extends never
      ? unknown
      : Exclude<V, Nothing> extends Method
        ? BoundReturned<V, Root>
        : BoundData<Exclude<V, Nothing>, Root>;

type Nothing = undefined | null | void;

type BoundData<V, Root> = BoundMembers<V, Root, DataNames<V>>;

/** Where the compiler knows nothing: any step, with any arguments. */
export interface BoundAnything<Root> {
  // biome-ignore lint/suspicious/noExplicitAny: any arguments are what is meant
  (...args: any[]): BoundSteps<any, Root>;
  // biome-ignore lint/suspicious/noExplicitAny: any result is what is meant
  readonly [name: string]: BoundSteps<any, Root>;
}

export type BoundMembers<V, Root, K extends keyof V> = {
  readonly [P in K]-?: BoundMember<V[P], Root>;
};

/** A method that may be missing is called all the same; where it is missing, the call fails. */
type BoundMember<M, Root> = unknown extends M
  ? BoundSteps<M, Root>
  : Exclude<M, undefined> extends Method
    ? BoundMethod<M, Root>
    : BoundSteps<Awaited<M>, Root>;

type BoundMethod<M, Root> = M extends (...args: infer A) => infer R
  ? Only<A> extends M
    ? BoundFunction<A, R, Root>
    : BoundOverloads<M, Root> & NotSent
  : never;

/** A method of a target, of which only calls are sent. An editor would go to the signature of an interface, too. */
export type BoundFunction<A extends readonly unknown[], R, Root> = NotSent &
  ((...args: Arguments<A, Root>) => BoundSteps<Awaited<R>, Root>);

/** A function that a method returns: its own calls can be recorded, too. */
type BoundReturned<M, Root> = M extends (...args: infer A) => infer R
  ? Only<A> extends M
    ? (...args: Arguments<A, Root>) => BoundSteps<Awaited<R>, Root>
    : BoundOverloads<M, Root>
  : never;

type BoundOverloads<M, Root> = M extends {
  (...args: infer A): infer R;
  (...args: infer B): infer S;
  (...args: infer C): infer T;
  (...args: infer D): infer U;
}
  ? BoundOverload<A, R, Root> &
      BoundOverload<B, S, Root> &
      BoundOverload<C, T, Root> &
      ((...args: Arguments<D, Root>) => BoundSteps<Awaited<U>, Root>)
  : never;

/** Where a method has fewer than four, the compiler infers parameters of any kind. */
type BoundOverload<A extends readonly unknown[], R, Root> = unknown[] extends A
  ? unknown
  : (...args: Arguments<A, Root>) => BoundSteps<Awaited<R>, Root>;

// What is told its target when it is called: `ctn<Users>()`, and `ctn()`, which is about this object.

/** It has a `then` that nobody can use, so that the compiler refuses to await it. */
declare abstract class Unbound {
  readonly [BOUND]: KnowsNoTarget;
  readonly [ARRIVES]: unknown;
  // biome-ignore lint/suspicious/noThenProperty: it is what the compiler looks for
  protected then(this: KnowsNoTarget, onfulfilled: never): never;
}

export type KnowsNoTarget =
  'this continuation knows no target: begin it with this.ctn(binding, instance), or pass binding and instance first';

/** What every continuation has that does not know its target, whatever it yields. */
export interface Start<V, Root> extends Unbound, Recorded<V, Root> {
  readonly [ARRIVES]: V;
  /** In a handler, the place where the outcome of this remote goes, as if it were passed itself. */
  readonly $result: Result<V, Root>;
}

/** The place of the outcome of a remote that yields `V`, of which `A` arrives. */
export interface Result<V, Root, A = V> extends Recorded<V, Root> {
  readonly [ARRIVES]: A;
}

/** What `ctn()` begins with. */
export interface Beginning {
  /** The place where a handler wants the outcome, of whatever type: the compiler does not check. */
  readonly $result: Recorded<never, unknown> & Arriving<never>;
}

/**
 * A recorded chain of property reads and method calls that runs on a `Root` and yields `V`. It is a
 * value: nothing runs before it is passed to `call` or `callRaw`.
 */
export type Continuation<V, Root = V> = Start<V, Root> & Steps<V, Root>;

/** A continuation on a `T`, from its beginning. */
export type Begun<T> = Start<T, T> & FirstSteps<T, T> & Beginning;

/** A conditional type, so that the compiler looks through `this` and type parameters at what they extend. */
type FirstSteps<T, Root> = T extends Method ? Steps<T, Root> : Members<T, Root, OwnNames<T>>;

/** Where nothing is known of a value, any step is. */
type AnySteps<V, Known> = IsAny<V> extends true ? Any : Known;

/** The steps that a value of type `V` offers. */
type Steps<V, Root> = V extends Method
  ? AnySteps<V, Apply<Parameters<V>, ReturnType<V>, Root>>
  : Members<V, Root, DataNames<V>>;

export type Members<V, Root, K extends keyof V> = { readonly [P in K]-?: Member<V[P], Root> };

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

type Overload<A extends readonly unknown[], R, Root> = unknown[] extends A
  ? unknown
  : Apply<A, R, Root>;

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
export interface Fixed<A extends readonly unknown[], R, Root> extends Uncalled {
  (...args: Arguments<A, Root>): Called<Awaited<R>, Root, unknown>;
  (...args: AllButLast<A, Root>): Accepting<Last<A>, Root>;
}

type AllButLast<A extends readonly unknown[], Root> = A extends readonly [...infer Rest, unknown]
  ? Arguments<Rest, Root>
  : never;

type Last<A extends readonly unknown[]> = A extends readonly [...unknown[], infer L] ? L : never;

type Arguments<A extends readonly unknown[], Root> = { [I in keyof A]: Argument<A[I], Root> };

/** A method with optional or rest parameters: the outcome goes to the first one left. */
export interface Flexible<A extends readonly unknown[], R, Root> extends Uncalled {
  <G extends Partial<Arguments<A, Root>>>(
    ...args: G
  ): G extends Given<A>
    ? Called<Awaited<R>, Root, PlacesOutcome<A, G> extends true ? unknown : Next<A, G>>
    : Accepting<Next<A, G>, Root>;
}

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
type PlacesOutcome<A extends readonly unknown[], G extends readonly unknown[]> =
  Extract<G[number], Recorded<unknown>> extends never
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
  | (Error extends P ? Arriving<P> : Recorded<P, Root>)
  | Inside<P, Root, Depth>;

type Inside<P, Root, Depth extends keyof Shallower> = Depth extends 0
  ? never
  : P extends Whole
    ? P extends Rpc.Stubable
      ? Unstubbed<P>
      : never
    : { [K in keyof P]: Argument<P[K], Root, Shallower[Depth]> } & NotBound;

/** Workers RPC makes the stub that a method takes of what is passed by reference. */
type Unstubbed<P> = P extends Rpc.StubBase<infer T> ? T : never;

/** A continuation stands for a value by what it yields, not by members that it happens to have. */
interface NotBound {
  readonly [BOUND]?: never;
}

/** How deep the compiler looks into types, which may be endless. */
export interface Shallower {
  0: 0;
  1: 0;
  2: 1;
  3: 2;
  4: 3;
  5: 4;
  6: 5;
}

/** What is passed as a whole: a continuation has no place inside. */
type Whole = Indivisible | Rpc.Stubable | ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>;
