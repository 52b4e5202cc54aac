/** Objects on other base classes than those of this package. */
import { DurableObject } from 'cloudflare:workers';
import { callable, newContinuation, type Unprotected, withCall } from '@lumenize/call';
import type { Calc } from './index.js';

/** As a framework has it: methods and state of its own, and nothing of this package. */
class Framework<Env> extends DurableObject<Env> {
  /** What of it is meant for callers. */
  static readonly callable: readonly string[] = ['greet'];
  readonly greeted: string[] = [];

  greet(name: string): string {
    this.greeted.push(name);
    return `hello ${name}`;
  }

  /** As frameworks have them, for their own use. */
  destroy(): string {
    return 'destroyed';
  }
}

/** An object of a framework that calls and is called. */
export class Room extends withCall(Framework<Cloudflare.Env>) {
  static readonly exposes = ['ctx'] as const;
  readonly sums: (number | Error)[] = [];

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    // As code for the first version does.
    this.__lmzInit({ doBindingName: 'ROOM', doInstanceNameOrId: 'main' });
  }

  add(a: number, b: number): void {
    const sum = this.ctn<Calc>().add(a, b);
    this.svc.call('CALC', 'called by a room', sum, this.ctn().onSum(sum));
  }

  double(n: number): number {
    return 2 * n;
  }

  onSum(sum: number | Error): void {
    this.sums.push(sum);
  }

  greetItself(): Promise<string> {
    return this.svc.callRaw('ROOM', this.ctx.id, this.ctn<Room>().greet('itself'));
  }

  stored(): Promise<unknown> {
    const path = newContinuation<Unprotected<Room>>().ctx.storage.kv.get('k');
    this.ctx.storage.kv.put('k', 'stored');
    return this.svc.callRaw('ROOM', this.ctx.id.toString(), path);
  }
}

class Between extends withCall(Framework<Cloudflare.Env>) {
  between(): string {
    return 'between';
  }
}

/** A class that is wrapped again, after it has added a method. */
export class TwiceRoom extends withCall(Between) {
  above(): string {
    return 'above';
  }
}

/** As Agent of agents does it: its constructor puts functions of its own around the methods of a class. */
class Wrapping extends DurableObject {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    const { prototype } = this.constructor as { readonly prototype: Record<string, unknown> };
    for (const name of Object.getOwnPropertyNames(prototype)) {
      const method = prototype[name];
      if (name === 'constructor' || typeof method !== 'function') continue;
      prototype[name] = function (this: unknown, ...args: unknown[]): unknown {
        return Reflect.apply(method, this, args);
      };
    }
  }
}

export class Wrapped extends withCall(Wrapping) {
  open(): string {
    return 'open';
  }

  closed(): string {
    return 'closed';
  }
}

// As a decorator, in the legacy dialect: no tool need know it here.
const open = Object.getOwnPropertyDescriptor(Wrapped.prototype, 'open') as PropertyDescriptor;
callable()(Wrapped.prototype, 'open', open);

export class WrappedToo extends Wrapped {
  alsoClosed(): string {
    return 'closed';
  }
}

interface Services {
  call(...args: unknown[]): { readonly id: number };
  callRaw(...args: unknown[]): Promise<unknown>;
}

/** A base class of another package, whose services come from `globalThis` as in the first version. */
export class ForeignBase extends DurableObject {
  readonly #made = new Map<string, unknown>();

  readonly svc = new Proxy({} as Services, {
    get: (_services, name) => {
      const { __lumenizeServiceRegistry: registry } = globalThis as unknown as {
        __lumenizeServiceRegistry: Record<string, (self: object) => unknown>;
      };
      const key = String(name);
      if (!this.#made.has(key)) this.#made.set(key, registry[key]?.(this));
      return this.#made.get(key);
    },
  });
}

/** Records in its own way, which nobody else can read. */
export class OwnRecorder extends ForeignBase {
  ctn(): unknown {
    return new Proxy(() => {}, { get: () => () => {} });
  }
}

Object.assign(globalThis, { __LumenizeBasePrototype: ForeignBase.prototype });

export class Foreign extends ForeignBase {
  readonly outcomes: unknown[] = [];

  add(a: number, b: number): number {
    return a + b;
  }

  onOutcome(outcome: unknown): void {
    this.outcomes.push(outcome);
  }
}
