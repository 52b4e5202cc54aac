import type { newContinuation } from '@lumenize/call';
import { LumenizeBase } from './lumenize-base.js';

interface User {
  id: string;
  name: string;
}

export class Users extends LumenizeBase {
  getUser(id: string): User {
    if (id === 'nobody') throw new RangeError(`no user ${id}`);
    return { id, name: 'Ada' };
  }
}

export class Cart extends LumenizeBase {
  /** The base class has none: it comes with calls. */
  declare readonly ctn: typeof newContinuation;

  #handled: string[] = [];
  #both: (() => void) | undefined;

  async refresh() {
    const both = new Promise<void>((resolve) => {
      this.#both = resolve;
    });
    for (const id of ['u1', 'nobody']) {
      const user = this.ctn<Users>().getUser(id);
      this.svc.call('USERS', 'main', user, this.ctn<Cart>().onUser(user));
    }
    await both;
    return this.#handled;
  }

  onUser(user: User | Error) {
    this.#handled.push(user instanceof Error ? `${user}` : user.name);
    if (this.#handled.length === 2) this.#both?.();
  }

  async raw() {
    return this.svc.callRaw('USERS', 'main', this.ctn<Users>().getUser('u2'));
  }

  async others() {
    const { unknown } = this.svc as unknown as Record<string, unknown>;
    return unknown;
  }

  async shouted() {
    return this.svc.shout('still here');
  }
}

export default {
  async fetch(request, env) {
    const [, binding, method] = new URL(request.url).pathname.split('/');
    const objects = env[binding as 'CART'].getByName('main');
    try {
      return Response.json(await objects[method as 'refresh']());
    } catch (error) {
      return Response.json(`${error}`);
    }
  },
} satisfies ExportedHandler<Cloudflare.Env>;
