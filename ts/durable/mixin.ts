/** What gives a class durable calls, both sides of them. */

import type { Caller } from '../calling/caller.js';
import type { EnvOf } from '../object/mixin.js';
import { START, startByFramework } from '../object/starting.js';
import { closeToRpc } from '../receiving/closed-to-rpc.js';
import { invalidOption } from '../wire/errors.js';
import { explain } from '../wire/explain.js';
import type { AlarmHandler } from './alarm.js';
import { DurableCalls } from './calls.js';
import { Carrier, type DurableSelf } from './carrier.js';
import type { DurableCallFunction } from './types.js';

// biome-ignore lint/suspicious/noExplicitAny: TypeScript asks for `any[]` of the constructor of a mixin
type Class<T> = abstract new (...args: any[]) => T;

/** What `this.svc` has beside ordinary calls. */
export interface DurableServices<Env, Self> {
  /** Calls that survive eviction, deployments and crashes. */
  readonly durable: Omit<DurableCalls, 'call'> & { readonly call: DurableCallFunction<Env, Self> };
}

/** What {@link withDurableCalls} adds to a class. */
export interface Durable<Env> {
  /** Makes calls. */
  get svc(): Caller<Env, this> & DurableServices<Env, this>;

  /** @internal The entry of other objects' durable calls. */
  __lmzDurable(...message: readonly unknown[]): unknown;
}

/** A class with both sides of calls: `LumenizeBase`, or one of `withCall`. */
interface HasCalls {
  readonly svc: unknown;
  __lmzCall(...message: unknown[]): unknown;
}

/** By the context of an object, because a framework may hand out proxies of it. */
const known = new WeakMap<object, { readonly carrier: Carrier; readonly calls: DurableCalls }>();

/**
 * Gives a class of Durable Objects durable calls: `this.svc.durable` to make them, and the entry for
 * those of others. It shares the object's one alarm with the class's own `alarm()`.
 *
 * @param Base - `LumenizeBase`, or a class that `withCall` made: `withDurableCalls(withCall(Agent))`.
 * @throws `CallError` with code `invalid-option` for any other value.
 * @example
 * ```ts
 * import { withDurableCalls } from '@lumenize/call/durable';
 * class Till extends withDurableCalls(LumenizeBase<Env>) {
 *   sell(sku: string, id: string) {
 *     this.ctx.storage.kv.put(`sale:${id}`, 'begun');
 *     const piece = this.ctn('WAREHOUSE', 'main').take(sku, id);
 *     this.svc.durable.call(piece, this.ctn().onTaken(piece, id), { key: `sale:${id}` });
 *   }
 *   onTaken(piece: string | Error, id: string) {
 *     this.ctx.storage.kv.put(`sale:${id}`, String(piece));
 *   }
 * }
 * ```
 */
export function withDurableCalls<B extends Class<HasCalls>>(Base: B): B & Class<Durable<EnvOf<B>>> {
  const prototype: unknown = typeof Base === 'function' ? Base.prototype : undefined;
  if (!prototype || typeof (prototype as HasCalls).__lmzCall !== 'function') {
    const what = typeof Base === 'function' ? (Base as { name: string }).name : explain(Base);
    throw invalidOption(
      `withDurableCalls takes a class with calls, as LumenizeBase or withCall(…), not ${what}`,
    );
  }
  const theirs = (prototype as DurableSelf).alarm;

  abstract class WithDurableCalls extends (Base as unknown as Class<
    HasCalls & Omit<DurableSelf, 'alarm'>
  >) {
    // biome-ignore lint/suspicious/noExplicitAny: TypeScript asks for it in a mixin
    constructor(...args: any[]) {
      super(...args);
      begin(this as DurableSelf, WithDurableCalls.prototype);
      closeToRpc(this);
    }

    override get svc(): never {
      const caller = super.svc as { durable?: DurableCalls } | undefined;
      const calls = this.ctx && known.get(this.ctx)?.calls;
      if (caller && calls && !caller.durable) {
        Object.defineProperty(caller, 'durable', { value: calls, enumerable: true });
      }
      return caller as never;
    }

    /** The runtime takes `setAlarm` only of a class that has this. What runs is an own property of the object. */
    alarm(info?: AlarmInvocationInfo): unknown {
      return theirs && Reflect.apply(theirs, this, [info]);
    }

    __lmzDurable(...message: readonly unknown[]): unknown {
      return known.get(this.ctx)?.carrier.ledger.receive(message);
    }
  }
  return WithDurableCalls as unknown as B & Class<Durable<EnvOf<B>>>;
}

/** Takes over the alarm of an object, and begins to carry its durable calls. */
function begin(self: DurableSelf, mixed: object): void {
  // A method of a class over or under ours, or an own property that a base's constructor set.
  let theirs: AlarmHandler | undefined = handlerOf(self, mixed);
  const run: AlarmHandler = (info) => {
    takeOver();
    const ring = (): Promise<void> => carrier.alarm.run(info);
    // Stored calls go on with an alarm, and their handlers rely on a framework's start.
    return START in self ? startByFramework(self).then(ring) : ring();
  };
  const takeOver = (): void => {
    // A class field of a subclass is set after this constructor.
    if (self.alarm !== run) theirs = handlerOf(self, mixed);
    Object.defineProperty(self, 'alarm', {
      value: run,
      enumerable: false,
      configurable: true,
      writable: true,
    });
  };
  const carrier: Carrier = new Carrier(self, () => {
    if (self.alarm !== run) takeOver();
    return theirs;
  });
  takeOver();
  known.set(self.ctx, { carrier, calls: new DurableCalls(carrier) });
}

/** The handler that an object has, if it is not only ours that stands for none. */
function handlerOf(self: DurableSelf, mixed: object): AlarmHandler | undefined {
  const { alarm } = self;
  if (alarm === undefined) return undefined;
  const isOurs = alarm === (mixed as DurableSelf).alarm;
  const hasTheirs =
    !isOurs || typeof (Object.getPrototypeOf(mixed) as DurableSelf).alarm === 'function';
  return hasTheirs ? (info) => Reflect.apply(alarm, self, [info]) : undefined;
}
