/** Classes whose marks something has been put around, and classes over bases of their own. */
import { DurableObject } from 'cloudflare:workers';
import { callable, LumenizeBase, withCall } from '@lumenize/call';
import type { Calc } from './index.js';

type Method = (...args: never[]) => unknown;

/** What a decorator that logs puts in the place of a method. */
export function around(method: Method): Method {
  return function (this: unknown, ...args) {
    return Reflect.apply(method, this, args);
  };
}

class Wipeable extends LumenizeBase {
  wipe(): string {
    return 'wiped';
  }
}

/** Marked by a second copy of the package, which knows the first only by what both call alike. */
export class MarkedElsewhere extends Wipeable {
  open(): string {
    return 'open';
  }
}
Object.defineProperty(MarkedElsewhere.prototype, Symbol.for('@lumenize/call:callable'), {
  value: new Set(['open']),
});

/** Its method is replaced before there is an object. */
export class Spied extends Wipeable {
  open(): string {
    return 'open';
  }
}
callable()(
  Spied.prototype,
  'open',
  Object.getOwnPropertyDescriptor(Spied.prototype, 'open') as PropertyDescriptor,
);
Object.defineProperty(Spied.prototype, 'open', { value: around(Spied.prototype.open) });

/** What was marked is not there any more. */
export class MarkLost extends Wipeable {
  open(): string {
    return 'open';
  }
}
callable()(
  MarkLost.prototype,
  'open',
  Object.getOwnPropertyDescriptor(MarkLost.prototype, 'open') as PropertyDescriptor,
);
Reflect.deleteProperty(MarkLost.prototype, 'open');

/** As a framework has it, and named by nobody. */
class Base extends DurableObject<Cloudflare.Env> {
  destroy(): string {
    return 'destroyed';
  }

  onStart(): string {
    return 'started';
  }
}

export class OverABase extends withCall(Base) {
  override onStart(): string {
    return 'started anew';
  }

  mine(): string {
    return 'mine';
  }

  queue(): string {
    return 'queued';
  }
}

export class Naming extends withCall(Base) {
  static readonly callable: readonly string[] = ['destroy'];

  mine(): string {
    return 'mine';
  }
}

class Superior extends LumenizeBase {
  wipe(): string {
    return 'wiped';
  }
}

/** Its list holds for Workers RPC, too. */
export class Guarded extends Superior {
  static readonly callable: readonly string[] = ['open'];
  static readonly closedToRpc = true;

  open(): string {
    return `open, and inside ${this.wipe()}`;
  }

  override wipe(): string {
    return `wiped by super ${super.wipe()}`;
  }

  get secret(): string {
    return 'secret';
  }
}

/** What it sees of itself while a framework looks at it in its own ways. */
class Looking extends DurableObject<Cloudflare.Env> {
  readonly looks: string[] = [];

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    const { prototype } = new.target;
    this.looks.push(`${typeof Reflect.get(prototype, 'svc')} on the prototype`);
    const { svc } = this as unknown as { svc: { callRaw: unknown } };
    this.looks.push(`${typeof svc.callRaw} in the constructor of the base`);
  }
}

export class Framed extends withCall(Looking) {
  async seen(): Promise<string[]> {
    const proxy = new Proxy(this, {});
    const looks = [
      ...this.looks,
      `${typeof proxy.svc.callRaw} through a proxy`,
      proxy.svc === this.svc ? 'one caller' : 'two callers',
    ];
    const sum = await proxy.svc.callRaw('CALC', 'framed', proxy.ctn<Calc>().add(1, 2));
    return [...looks, `${sum} by a call through the proxy`];
  }
}
