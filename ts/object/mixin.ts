/** What gives a class both sides of calls, whatever it extends. */

import { DurableObject } from '#workers';
import type { Caller } from '../calling/caller.js';
import type { CallErrorInfo } from '../calling/owner.js';
import type { ReceivedCall } from '../receiving/attend.js';
import { closeToRpc } from '../receiving/closed-to-rpc.js';
import { addBoundary } from '../receiving/entries.js';
import { receive } from '../receiving/receive.js';
import { type EntrypointRequest, receiveCalls } from '../receiving/receive-calls.js';
import { ownContinuation } from '../record/record.js';
import { watchSections } from '../runtime/sections.js';
import type { Begun, IsAny } from '../types/continuations.js';
import type { Own } from '../types/handlers.js';
import type {
  Behind,
  BindingName,
  BoundTo,
  InstanceOf,
  Mistake,
  Nameable,
  NamespaceOf,
  NoOptions,
  ServiceOf,
} from '../types/targets.js';
import { invalidOption } from '../wire/errors.js';
import { explain } from '../wire/explain.js';
import { startAt } from '../wire/stack.js';
import { callerOf, contextOf, envOf, type RequestContext } from './create.js';
import { afterStart, START } from './starting.js';

/** What {@link withCall} adds to a class: both sides of calls. */
export interface Calling<Env, Context = DurableObjectState> {
  /** Makes calls. */
  get svc(): Caller<Env, this>;

  /**
   * Records a continuation on this object, as handlers are. Nothing runs. A path through `ctx` or
   * `env` may be a handler too: `this.ctn().ctx.storage.kv.put('user', user)`.
   */
  ctn(): Own<this, Env, Context>;
  /**
   * Starts a continuation on a target that is named when it is called. Nothing runs and nothing is sent.
   *
   * @typeParam T - The class of the target.
   */
  ctn<T>(): Begun<T>;
  /**
   * Starts a continuation on a Worker entrypoint, or on what a stub leads to. Awaiting a call of it sends
   * it; nothing else does but `svc.call` and `svc.callRaw`.
   *
   * @param service - The name of a service in `env`; or a service, a stub, a facet.
   * @throws `CallError` with code `unknown-binding` or `invalid-target`.
   */
  ctn<const B extends Nameable<Env>>(service: ServiceOf<Env, B>): BoundTo<Env, B>;
  /**
   * Starts a continuation on a Durable Object. Awaiting a call of it sends it; nothing else does but
   * `svc.call` and `svc.callRaw`.
   *
   * @param namespace - The name of a Durable Object namespace in `env`; or a namespace, such as
   *   `this.ctx.exports.Users`.
   * @param instance - Name, id or 64-digit hexadecimal id of the Durable Object.
   * @throws `CallError` with code `unknown-binding` or `invalid-target`.
   * @example
   * ```ts
   * const calc = this.ctn('CALC', 'main');
   * const sum = await calc.add(calc.add(1, 10), calc.add(100, 1000)); // one message
   * ```
   */
  ctn<const B extends Nameable<Env>>(
    namespace: NamespaceOf<Env, B>,
    instance: InstanceOf<Behind<Env, B>>,
  ): BoundTo<Env, B>;
  /** @ignore An editor lists the names of bindings by it: it takes one argument more than may be written. */
  ctn(binding: BindingName<Env>, instance: unknown, more: Mistake<NoOptions>): never;

  /**
   * Receives the errors that nobody else sees: a handler threw, or a call without a handler
   * failed. Default: `console.error`.
   *
   * @param error - What was thrown, or what the call came to.
   * @param info - The call.
   */
  onCallError?(error: unknown, info: CallErrorInfo): void | Promise<void>;

  /**
   * Looks at a call before anything of it runs; what it throws, or rejects with, refuses the call, and is its outcome. It
   * runs once for each member of the class with which the call begins.
   *
   * @param call - The member, and what the caller says of itself.
   */
  onReceive?(call: ReceivedCall): void | Promise<void>;

  /**
   * Receives what a method threw that was called. What it returns leaves in its place, to hide what callers must not
   * see; `undefined` lets it leave as it is. Default: `console.error`, and it leaves as it is.
   *
   * @param error - What was thrown.
   * @param call - The call.
   */
  onReceiveError?(error: unknown, call: ReceivedCall): unknown;

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

/**
 * The bindings that a class of Durable Objects is written for; where it does not say, all there are. One of
 * `DurableObject<any>` says that there may be any.
 */
export type EnvOf<Base> = Base extends abstract new (
  ctx: never,
  env: infer Env,
) => unknown
  ? IsAny<Env> extends true
    ? AnyEnv<Base>
    : unknown extends Env
      ? Cloudflare.Env
      : Env
  : Cloudflare.Env;

/** What a mixin returns may take any arguments at all, which says nothing of `env`. */
type AnyEnv<Base> = Base extends abstract new (
  ...args: infer A
) => unknown
  ? unknown[] extends A
    ? Cloudflare.Env
    : A[1 & keyof A]
  : never;

/**
 * Gives a class of Durable Objects both sides: `this.svc` and `this.ctn()` to call others, and the
 * entry for calls of others. It adds to any base class, of yours or of a framework's, and takes nothing
 * from it. Callers reach what your class adds; of what it wraps, a framework's methods or those of a base of
 * your own, only what `static callable` or `@callable()` names, in your class or in that base.
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
    throw invalidOption(
      `withCall takes a class that extends DurableObject, not ${what}` +
        ' (for a Worker entrypoint, extend LumenizeWorker)',
    );
  }
  return calling(Base, false) as unknown as B & Class<Calling<EnvOf<B>>>;
}

/** The objects by their contexts, because a framework may hand out proxies of them. */
export const objects = new WeakMap<object, object>();

/** Callers: of an object by its context, of a Worker entrypoint by its instance. */
const callers = new WeakMap<object, Caller<unknown, never>>();

/** Factories for further instances of a Worker entrypoint: each call has its own. */
const makers = new WeakMap<object, () => object>();

/** The request that all calls of a Worker entrypoint's message belong to. */
function requestOf(self: object): EntrypointRequest {
  const context = contextOf(self) as RequestContext;
  return {
    waitUntil: (work) => context.waitUntil(work),
    instanceOf: (call) => (call === 0 ? self : (makers.get(self)?.() ?? self)),
  };
}

/** @param isWorker - Whether the class is of Worker entrypoints, whose instances end with their request. */
export function calling(Base: Class<object>, isWorker: boolean): Class<object> {
  const startsFirst = START in Base.prototype;

  // Has no private fields: these exist on the object itself, and only after the constructors
  // of its bases have ended. A framework may use its members earlier, or through a proxy.
  abstract class Both extends Base implements Calling<unknown> {
    // biome-ignore lint/suspicious/noExplicitAny: TypeScript asks for it in a mixin
    constructor(...args: any[]) {
      if (!isWorker) watchSections(args[0]);
      super(...args);
      const context = contextOf(this);
      if (isWorker) {
        const made = new.target as unknown as new (...args: unknown[]) => object;
        makers.set(this, () => Reflect.construct(made, args));
      } else if (context) objects.set(context, this);
      closeToRpc(this);
    }

    get svc(): Caller<unknown, this> {
      const context = contextOf(this);
      // A tool that reads the prototype finds nothing.
      if (!context) return undefined as unknown as Caller<unknown, this>;
      const key = isWorker ? this : context;
      let caller = callers.get(key) as Caller<unknown, this> | undefined;
      if (!caller) {
        const self = (objects.get(context) ?? this) as this;
        const request = isWorker ? (context as RequestContext) : undefined;
        caller = callerOf<unknown, this>(self, envOf(this), request);
        callers.set(key, caller as unknown as Caller<unknown, never>);
      }
      return caller;
    }

    ctn(...target: unknown[]): never {
      // Decided by the number of arguments: a missing binding must not mean this object.
      if (target.length === 0) return ownContinuation() as never;
      const ctn = this.svc.ctn as (...target: unknown[]) => unknown;
      try {
        return ctn(...target) as never;
      } catch (error) {
        throw startAt(error, this.ctn);
      }
    }

    __lmzInit(): void {}

    __lmzCall(frame: unknown, ...slots: unknown[]): unknown {
      if (startsFirst) return afterStart(this, () => receive(this, frame, slots));
      return receive(this, frame, slots);
    }

    __lmzCalls(...message: unknown[]): unknown {
      const request = isWorker ? requestOf(this) : undefined;
      if (startsFirst) return afterStart(this, () => receiveCalls(this, message, request));
      return receiveCalls(this, message, request);
    }
  }
  addBoundary(Both.prototype);
  return Both;
}
