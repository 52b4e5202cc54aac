/**
 * Where calls begin and end: what gives a Durable Object or a Worker both sides, the base classes that
 * have it, and a caller for a Worker that is no class.
 */
import { DurableObject, WorkerEntrypoint } from 'cloudflare:workers';
import { type CallErrorInfo, Caller } from './caller.js';
import { CallError } from './errors.js';
import { learnRules } from './expose.js';
import { sendRefusal } from './outcome.js';
import { receive } from './receive.js';
import { receiveCalls } from './receive-calls.js';
import { explain, ownContinuation } from './record.js';
import { watchSections } from './sections.js';
import type { Beginning, Continuation, Protected } from './types.js';

/** What {@link withCall} adds to a class: both sides of calls. */
export interface Calling<Env, Context = DurableObjectState> {
  /** Makes calls. */
  get svc(): Caller<Env, this>;

  /**
   * Records a continuation on this object, as handlers are. Nothing runs. A path through `ctx` or
   * `env` may be a handler too: `this.ctn().ctx.storage.kv.put('user', user)`.
   */
  ctn(): Continuation<this> & Beginning & Protected<this, Env, Context>;
  /**
   * Records a continuation on a target. Nothing runs and nothing is sent.
   *
   * @typeParam T - The class of the target.
   */
  ctn<T>(): Continuation<T> & Beginning;

  /**
   * Receives the errors that nobody else sees: a handler threw, or a call without a handler
   * failed. Default: `console.error`.
   *
   * @param error - What was thrown, or what the call came to.
   * @param info - The call.
   */
  onCallError?(error: unknown, info: CallErrorInfo): void | Promise<void>;

  /**
   * Does nothing: the first version of this package had to be told what it is called. Accepted so that
   * code written for it runs.
   *
   * @deprecated Leave it out.
   */
  __lmzInit(names?: { doBindingName?: string; doInstanceNameOrId?: string }): void;

  /** @internal The entry of other objects' calls. */
  __lmzCall(frame: unknown, ...slots: unknown[]): unknown;

  /** @internal Several calls in one message. */
  __lmzCalls(...message: unknown[]): unknown;
}

// biome-ignore lint/suspicious/noExplicitAny: TypeScript asks for `any[]` of the constructor of a mixin
type Class<T> = abstract new (...args: any[]) => T;

/** The bindings that a class of Durable Objects is written for; where it does not say, all there are. */
export type EnvOf<Base> = Base extends abstract new (
  ctx: never,
  env: infer Env,
) => unknown
  ? unknown extends Env
    ? Cloudflare.Env
    : Env
  : Cloudflare.Env;

/**
 * Gives a class of Durable Objects both sides: `this.svc` and `this.ctn()` to call others, and the
 * entry for calls of others. It adds to any base class, of yours or of a framework's, and takes nothing
 * from it. Callers reach what Workers RPC exposes of the class and of its bases, the framework's
 * methods included: `static callable` names the only ones that you mean.
 *
 * @param Base - A class that extends `DurableObject`, with its type of `env` where it takes one.
 * @throws `CallError` with code `invalid-option` for any other value.
 * @example
 * ```ts
 * export class Room extends withCall(DurableObject<Env>) {
 *   refresh(userId: string) {
 *     const user = this.ctn<Users>().getUser(userId);
 *     this.svc.call('USERS', 'main', user, this.ctn().onUser(user));
 *   }
 *   onUser(user: User | Error) {}
 * }
 * ```
 */
export function withCall<B extends Class<Rpc.DurableObjectBranded>>(
  Base: B,
): B & Class<Calling<EnvOf<B>>> {
  const prototype: unknown = typeof Base === 'function' ? Base.prototype : undefined;
  if (prototype !== DurableObject.prototype && !(prototype instanceof DurableObject)) {
    const what = typeof Base === 'function' ? (Base as { name: string }).name : explain(Base);
    throw new CallError(
      'invalid-option',
      `withCall takes a class that extends DurableObject, not ${what}` +
        ' (for a Worker entrypoint, extend LumenizeWorker)',
    );
  }
  return calling(Base, () => undefined) as unknown as B & Class<Calling<EnvOf<B>>>;
}

/**
 * How a framework (partyserver, agents) starts an object before its own entries: `onStart` and what
 * comes with it. It offers this to entries that it does not know, such as ours.
 */
const START = '__unsafe_ensureInitialized';

interface Starting {
  [START](): Promise<unknown>;
}

async function start(self: Starting): Promise<void> {
  await self[START]();
}

/** @param requestOf - What keeps the request going that all calls of an object belong to, if there is. */
function calling(
  Base: Class<object>,
  requestOf: (self: object) => RequestContext | undefined,
): Class<object> {
  const startsFirst = START in Base.prototype;

  abstract class Both extends Base implements Calling<unknown> {
    #svc: Caller<unknown, this> | undefined;
    #started: Promise<unknown> | undefined;

    // biome-ignore lint/suspicious/noExplicitAny: TypeScript asks for it in a mixin
    constructor(...args: any[]) {
      // Before the constructor of a framework replaces methods by its own around them, as Agent does.
      learnRules(new.target.prototype);
      watchSections(args[0]);
      super(...args);
    }

    get svc(): Caller<unknown, this> {
      this.#svc ??= callerOf<unknown, this>(this, envOf(this), requestOf(this));
      return this.#svc;
    }

    ctn(): Continuation<this> & Beginning & Protected<this, unknown, DurableObjectState>;
    ctn<T>(): Continuation<T> & Beginning;
    ctn(): unknown {
      return ownContinuation();
    }

    __lmzInit(): void {}

    __lmzCall(frame: unknown, ...slots: unknown[]): unknown {
      if (startsFirst) return this.#afterStart(() => receive(this, frame, slots));
      return receive(this, frame, slots);
    }

    __lmzCalls(...message: unknown[]): unknown {
      const request = requestOf(this);
      const answer = (): unknown =>
        receiveCalls(
          this,
          message,
          request && { waitUntil: (work) => request.waitUntil(work), instanceOf: () => this },
        );
      return startsFirst ? this.#afterStart(answer) : answer();
    }

    /** One promise for all messages, so that they keep their order. A failed start is tried again. */
    #afterStart(answer: () => unknown): Promise<unknown> {
      this.#started ??= start(this as unknown as Starting);
      return this.#started.then(answer, (failed) => {
        this.#started = undefined;
        return sendRefusal(failed);
      });
    }
  }
  return Both;
}

/** What keeps a request going. */
type RequestContext = Pick<ExecutionContext, 'waitUntil'>;

/** The bindings of an object, which only its class may read as far as the compiler is concerned. */
export function envOf(self: object): object {
  return (self as { env: object }).env;
}

const CallingDurableObject = calling(DurableObject, () => undefined) as unknown as abstract new <
  Env,
>(
  ctx: DurableObjectState,
  env: Env,
) => DurableObject<Env> & Calling<Env>;

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
export abstract class LumenizeBase<Env = Cloudflare.Env> extends CallingDurableObject<Env> {}

const CallingEntrypoint = calling(
  WorkerEntrypoint,
  (self) => (self as { ctx: ExecutionContext }).ctx,
) as unknown as abstract new <Env>(
  ctx: ExecutionContext,
  env: Env,
) => WorkerEntrypoint<Env> & Calling<Env, ExecutionContext>;

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
 *   async total(price: number, shipping: number) {
 *     return this.svc.callRaw('CALC', 'main', this.ctn<Calc>().add(price, shipping));
 *   }
 * }
 * ```
 */
export abstract class LumenizeWorker<Env = Cloudflare.Env> extends CallingEntrypoint<Env> {}

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
  ctx: RequestContext,
  self?: Self,
): Caller<Env, Self> {
  return callerOf<Env, Self>(self ?? {}, env, ctx);
}

/** Who may want to know of errors that nobody else sees. */
interface Observer {
  onCallError?(error: unknown, info: CallErrorInfo): unknown;
}

/** @param request - The context of the request that all calls belong to, if they belong to one. */
export function callerOf<Env, Self>(
  self: object,
  env: unknown,
  request?: RequestContext,
): Caller<Env, Self> {
  const waitUntil = request && ((ended: Promise<unknown>): void => request.waitUntil(ended));
  return new Caller<Env, Self>({
    self,
    env: env as object,
    ctx: (self as { ctx?: object }).ctx,
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
