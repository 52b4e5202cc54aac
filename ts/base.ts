/**
 * Where calls begin and end: base classes that give a Durable Object or a Worker both sides, and a
 * caller for a Worker that is no class.
 */
import { DurableObject, WorkerEntrypoint } from 'cloudflare:workers';
import { type CallErrorInfo, Caller } from './call.js';
import { receive } from './receive.js';
import { receiveCalls } from './receive-calls.js';
import { newContinuation } from './record.js';
import type { Beginning, Continuation } from './types.js';

/**
 * A Durable Object that calls others through `this.svc` and can be called by them.
 *
 * @typeParam Env - The bindings; defaults to those that `wrangler types` writes.
 * @example
 * ```ts
 * export class Cart extends LumenizeBase<Env> {
 *   refresh(userId: string) {
 *     const user = this.ctn<Users>().getUser(userId);
 *     this.svc.call('USERS', 'main', user, this.ctn().onUser(user, userId));
 *   }
 *   onUser(user: User | Error, userId: string) {}
 * }
 * ```
 */
export abstract class LumenizeBase<Env = Cloudflare.Env> extends DurableObject<Env> {
  #svc: Caller<Env, this> | undefined;

  /** Makes calls. */
  get svc(): Caller<Env, this> {
    this.#svc ??= callerOf<Env, this>(this, this.env);
    return this.#svc;
  }

  /** Records a continuation on this object, as handlers are. Nothing runs. */
  ctn(): Continuation<this> & Beginning;
  /**
   * Records a continuation on a target. Nothing runs and nothing is sent.
   *
   * @typeParam T - The class of the target.
   */
  ctn<T>(): Continuation<T> & Beginning;
  ctn(): unknown {
    return newContinuation();
  }

  /**
   * Receives the errors that nobody else sees: a handler threw, or a call without a handler
   * failed. Default: `console.error`.
   *
   * @param error - What was thrown, or what the call came to.
   * @param info - The call.
   */
  onCallError?(error: unknown, info: CallErrorInfo): void | Promise<void>;

  /** @internal The entry of other objects' calls. */
  __lmzCall(frame: unknown, ...slots: unknown[]): unknown {
    return receive(this, LumenizeBase.prototype, frame, slots);
  }

  /** @internal Several calls in one message. */
  __lmzCalls(...message: unknown[]): unknown {
    return receiveCalls(this, LumenizeBase.prototype, message);
  }
}

/**
 * A Worker entrypoint that calls Durable Objects and other Workers through `this.svc` and can be
 * called by them, with `undefined` for the instance. All is as with {@link LumenizeBase}, but that
 * an entrypoint lives for one request: pending calls and their handlers keep the request going, by
 * `ctx.waitUntil`, for as long as the platform allows.
 *
 * @typeParam Env - The bindings; defaults to those that `wrangler types` writes.
 * @example
 * ```ts
 * export class Orders extends LumenizeWorker<Env> {
 *   async total(cartId: string) {
 *     return this.svc.callRaw('CART', cartId, this.ctn<Cart>().total());
 *   }
 * }
 * ```
 */
export abstract class LumenizeWorker<Env = Cloudflare.Env> extends WorkerEntrypoint<Env> {
  #svc: Caller<Env, this> | undefined;

  /** Makes calls. */
  get svc(): Caller<Env, this> {
    this.#svc ??= callerOf<Env, this>(this, this.env, this.ctx);
    return this.#svc;
  }

  /** Records a continuation on this entrypoint, as handlers are. Nothing runs. */
  ctn(): Continuation<this> & Beginning;
  /**
   * Records a continuation on a target. Nothing runs and nothing is sent.
   *
   * @typeParam T - The class of the target.
   */
  ctn<T>(): Continuation<T> & Beginning;
  ctn(): unknown {
    return newContinuation();
  }

  /** As {@link LumenizeBase.onCallError}. */
  onCallError?(error: unknown, info: CallErrorInfo): void | Promise<void>;

  /** @internal The entry of other objects' calls. */
  __lmzCall(frame: unknown, ...slots: unknown[]): unknown {
    return receive(this, LumenizeWorker.prototype, frame, slots);
  }

  /** @internal Several calls in one message. */
  __lmzCalls(...message: unknown[]): unknown {
    return receiveCalls(this, LumenizeWorker.prototype, message, (work) => {
      this.ctx.waitUntil(work);
    });
  }
}

/**
 * Makes calls for a Worker that is no class, for the length of one request: make one in each, since
 * stubs and timers belong to the request that made them. Pending calls and their handlers keep the
 * request going, by `ctx.waitUntil`, for as long as the platform allows.
 *
 * @param env - The bindings.
 * @param ctx - The request's context.
 * @param self - The object on which handlers run, recorded by `newContinuation<typeof self>()`. Its
 *   `onCallError(error, info)`, if it has one, receives the errors that nobody else sees. Default:
 *   an empty object, for calls without handlers.
 * @example
 * ```ts
 * export default {
 *   fetch: async (_request, env, ctx) => {
 *     const user = newContinuation<Users>().getUser('u1');
 *     return Response.json(await createCaller(env, ctx).callRaw('USERS', 'main', user));
 *   },
 * } satisfies ExportedHandler<Env>;
 * ```
 */
export function createCaller<Env, Self extends object = object>(
  env: Env,
  ctx: Pick<ExecutionContext, 'waitUntil'>,
  self?: Self,
): Caller<Env, Self> {
  return callerOf<Env, Self>(self ?? {}, env, ctx);
}

/** Who may want to know of errors that nobody else sees. */
interface Observer {
  onCallError?(error: unknown, info: CallErrorInfo): unknown;
}

/** @param request - The context of the request that all calls belong to, if they belong to one. */
function callerOf<Env, Self>(
  self: object,
  env: unknown,
  request?: Pick<ExecutionContext, 'waitUntil'>,
): Caller<Env, Self> {
  const waitUntil = request && ((ended: Promise<unknown>): void => request.waitUntil(ended));
  return new Caller<Env, Self>({
    self,
    env: env as object,
    waitUntil,
    report: (error, info) => {
      const reported = report(self, error, info);
      waitUntil?.(reported);
    },
  });
}

/** Nothing escapes from here, and nothing is lost: an error in `onCallError` is logged beside it. */
async function report(self: Observer, error: unknown, info: CallErrorInfo): Promise<void> {
  const what = `@lumenize/call: ${info.operation} on ${info.binding}:`;
  try {
    if (self.onCallError) await self.onCallError(error, info);
    else console.error(what, error);
  } catch (failure) {
    console.error(what, error, 'and onCallError failed:', failure);
  }
}
