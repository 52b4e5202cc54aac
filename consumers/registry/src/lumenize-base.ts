// A base class in the manner of the first @lumenize/lumenize-base: it knows no service, and asks a
// registry on globalThis for each that is used, by name.
import { DurableObject } from 'cloudflare:workers';

type Service = (self: object) => unknown;

const globals = globalThis as {
  __lumenizeServiceRegistry?: Record<string, Service>;
  __LumenizeBasePrototype?: object;
};

declare global {
  interface LumenizeServices {
    /** A service that has nothing to do with calls. */
    readonly shout: (text: string) => string;
  }
}

export abstract class LumenizeBase<Env = Cloudflare.Env> extends DurableObject<Env> {
  #services: Map<string, unknown> = new Map();

  readonly #svc = new Proxy({} as LumenizeServices, {
    get: (_, name) => this.#service(String(name)),
  });

  get svc(): LumenizeServices {
    return this.#svc;
  }

  #service(name: string): unknown {
    const known = this.#services.get(name);
    if (known) return known;
    const service = globals.__lumenizeServiceRegistry?.[name]?.(this);
    if (!service) throw new Error(`Service '${name}' not found: import its package`);
    this.#services.set(name, service);
    return service;
  }
}

globals.__lumenizeServiceRegistry ??= {};
globals.__lumenizeServiceRegistry['shout'] = () => (text: string) => `${text.toUpperCase()}!`;
globals.__LumenizeBasePrototype = LumenizeBase.prototype;
