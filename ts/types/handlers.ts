/** The types of handlers, and of what an object records for itself. */
import type { Accepting, Begun, Continuation, IsAny } from './continuations.js';

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
export type Own<Self, Env, Context> = Begun<Self> & Protected<Self, Env, Context>;

/**
 * A class with its `ctx` and `env` public, for paths into what `static exposes` opens:
 * `this.ctn<Unprotected<Users>>().ctx.storage.kv.get('k')`.
 */
export type Unprotected<T> = T & { readonly ctx: DurableObjectState; readonly env: Cloudflare.Env };
