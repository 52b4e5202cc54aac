/** Classes whose marks something has been put around, and classes over bases of their own. */
import { DurableObject } from 'cloudflare:workers';
import { callable, LumenizeBase, LumenizeWorker, withCall } from '@lumenize/call';
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

  override onCallError(): void {}

  __lmzOwn(): string {
    return 'ran';
  }
}

/** A class decorator that puts another constructor in place of the class's own. */
function replaced<C extends abstract new (...args: never[]) => object>(Class: C): C {
  const Replacement = function (this: unknown, ...args: unknown[]): object {
    return Reflect.construct(Class as never, args, new.target ?? Class);
  } as unknown as C;
  (Replacement as { prototype: unknown }).prototype = Class.prototype;
  Class.prototype.constructor = Replacement;
  return Object.setPrototypeOf(Replacement, Class);
}

class Original extends LumenizeBase {
  static readonly callable: readonly string[] = ['open'];

  open(): string {
    return 'open';
  }

  wipe(): string {
    return 'wiped';
  }
}

export const Replaced = replaced(Original);

/** As TypeScript's documentation mixes classes: every member of one is defined on another. */
export class Mixed extends LumenizeBase {}

class Marked {
  open(): string {
    return 'open';
  }

  wipe(): string {
    return 'wiped';
  }
}

callable()(
  Marked.prototype,
  'open',
  Object.getOwnPropertyDescriptor(Marked.prototype, 'open') as PropertyDescriptor,
);
for (const name of Object.getOwnPropertyNames(Marked.prototype)) {
  if (name === 'constructor') continue;
  const member = Object.getOwnPropertyDescriptor(Marked.prototype, name) as PropertyDescriptor;
  Object.defineProperty(Mixed.prototype, name, member);
}

/** It says that its list holds for Workers RPC, and has none. */
export class GuardedByNothing extends LumenizeBase {
  static readonly closedToRpc = true;

  open(): string {
    return 'open';
  }
}

/** An entrypoint whose list holds for Workers RPC, too. */
export class GuardedWorker extends LumenizeWorker {
  static readonly callable: readonly string[] = ['open'];
  static readonly closedToRpc = true;

  open(): string {
    return 'open';
  }

  wipe(): string {
    return 'wiped';
  }

  override queue(): void {}

  override email(): void {}
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
