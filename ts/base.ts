/** The base class that gives a Durable Object both sides: it makes calls and receives them. */
import { DurableObject } from 'cloudflare:workers';
import { type CallErrorInfo, Caller } from './call.js';
import { receive } from './receive.js';
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
    this.#svc ??= new Caller<Env, this>({
      self: this,
      env: this.env as object,
      report: (error, info) => report(this, error, info),
    });
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

  /** @internal The one entry of other objects' calls. */
  __lmzCall(frame: unknown, ...slots: unknown[]): unknown {
    return receive(this, LumenizeBase.prototype, frame, slots);
  }
}

/** Nothing escapes from here: an error in `onCallError` itself is logged. */
function report(self: LumenizeBase<unknown>, error: unknown, info: CallErrorInfo): void {
  const log = (cause: unknown): void => {
    console.error(`@lumenize/call: ${info.operation} on ${info.binding}:`, cause);
  };
  if (!self.onCallError) {
    log(error);
    return;
  }
  try {
    // What an RPC method returns is a promise too, though no instance of the class.
    Promise.resolve(self.onCallError(error, info)).catch(log);
  } catch (cause) {
    log(cause);
  }
}
