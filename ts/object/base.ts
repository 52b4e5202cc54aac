/**
 * The base classes of Durable Objects and Worker entrypoints that make and receive calls.
 */

import { DurableObject, WorkerEntrypoint } from '#workers';
import { type Calling, calling } from './mixin.js';

const CallingDurableObject = calling(DurableObject, false) as unknown as abstract new <Env>(
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

const CallingEntrypoint = calling(WorkerEntrypoint, true) as unknown as abstract new <Env>(
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
