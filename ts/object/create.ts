/** Creates callers: for one object, or for a Worker without a class. */
import { Caller } from '../calling/caller.js';
import type { CallErrorInfo } from '../calling/owner.js';
import { watchSections } from '../runtime/sections.js';
import { placeOf } from '../wire/errors.js';
import { loggable } from '../wire/text.js';

export function contextOf(self: object): object | undefined {
  return (self as { ctx?: object }).ctx;
}

/** The context that keeps a request alive. */
export type RequestContext = Pick<ExecutionContext, 'waitUntil'>;

/** The bindings of an object, which are protected for the compiler. */
export function envOf(self: object): object {
  return (self as { env: object }).env;
}

/**
 * Makes calls for a Worker without a class, for the duration of one request. Create one in each request,
 * because stubs and timers belong to the request that made them. Pending calls and their handlers keep the
 * request alive through `ctx.waitUntil`, for as long as the platform allows.
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

/** An object that may receive errors that no other code would see. */
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
  const ctx = contextOf(self) ?? request;
  // An object with another package's base class, or without one, is watched from now on.
  watchSections(ctx);
  return new Caller<Env, Self>({
    self,
    env: env as object,
    ctx,
    waitUntil,
    report: (error, info) => {
      const reported = report(self, error, info);
      waitUntil?.(reported);
    },
  });
}

/** Never rejects and loses nothing: an error in `onCallError` is logged with the original one. */
export async function report(
  self: Observer | object,
  error: unknown,
  info: CallErrorInfo,
): Promise<void> {
  const { handler, operation } = info;
  const call = `${operation} on ${placeOf(info)}`;
  const what = handler
    ? `@lumenize/call: the handler ${handler} failed, given the outcome of ${call}:`
    : `@lumenize/call: add a handler or onCallError to handle this: ${call} failed:`;
  try {
    const observer: Observer = self;
    if (observer.onCallError) await observer.onCallError(error, info);
    else console.error(what, loggable(error));
  } catch (failure) {
    console.error(what, loggable(error), 'and onCallError failed:', failure);
  }
}
