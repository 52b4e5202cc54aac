/** The types of handlers, and of what an object records for itself. */
import type {
  Accepting,
  ArrivalOf,
  Begun,
  Continuation,
  IsAny,
  OwnNames,
  Sendable,
} from './continuations.js';

/** What may handle an outcome of type `R` on a `Self`: it accepts `R` and `Error`. */
export type Handler<R, Self = never> =
  | Accepting<Settled<R> | Error, Self>
  | Accepting<R | Error, Self>;

/** What a method yields that returns nothing is `undefined`. Where `R` is a type parameter, it still is an `R`. */
export type Settled<R> = R extends void ? R & undefined : R;

/** What only an object itself may use, as in its handlers. */
export interface Protected<Self, Env, Context> {
  readonly ctx: Continuation<Context, Self>;
  // biome-ignore lint/suspicious/noExplicitAny: of an Env of which nothing is known
  readonly env: IsAny<Env> extends true ? any : Continuation<Env, Self>;
}

/** What `this.ctn()` begins: a continuation on this object. */
export type Own<Self, Env, Context> = Begun<Self> &
  Protected<Self, Env, Context> &
  WithoutError<Self, Self>;

/** A conditional type, so that the compiler looks through `this` at the class. */
type WithoutError<T, Root> = T extends object ? MembersWithoutError<T, Root, OwnNames<T>> : never;

export type MembersWithoutError<V, Root, K extends keyof V> = {
  readonly [P in K]-?: V[P] extends (...args: infer A) => unknown
    ? MethodWithoutError<A, Root>
    : unknown;
};

/**
 * A method where a bound remote stands for a parameter that accepts no `Error`. As a handler it accepts no outcome
 * at all, which `call` refuses in a sentence.
 */
export type MethodWithoutError<A extends readonly unknown[], Root> = <
  const G extends readonly unknown[],
>(
  ...args: Misplacing<G, A>
) => Accepting<never, Root>;

/** `G`, if an outcome is misplaced in it; otherwise one argument more, so that other signatures are reported. */
type Misplacing<G extends readonly unknown[], A extends readonly unknown[]> = [
  Misplaced<G, A>,
] extends [never]
  ? readonly [...{ [I in keyof G]: unknown }, never]
  : G;

type Misplaced<G extends readonly unknown[], A extends readonly unknown[]> = {
  [I in keyof G]: I extends keyof A ? MisplacedAt<G[I], A[I]> : never;
}[number];

/** What yields anything may stand anywhere. */
type MisplacedAt<V, P> = Error extends P
  ? never
  : IsAny<ArrivalOf<V>> extends true
    ? never
    : Extract<V, Sendable<unknown>>;

/**
 * A class with its `ctx` and `env` public, for paths into what `static exposes` opens:
 * `this.ctn<Unprotected<Users>>().ctx.storage.kv.get('k')`.
 */
export type Unprotected<T> = T & { readonly ctx: DurableObjectState; readonly env: Cloudflare.Env };
