/** A target, as a user writes it. */
import { LumenizeBase, LumenizeWorker } from '@lumenize/call';

export interface User {
  readonly id: string;
  readonly name: string;
}

export class Users extends LumenizeBase<Env> {
  /** Finds a user by id. */
  /*declared*/ getUser(id: string): User {
    return { id, name: 'Ada' };
  }

  /** Gives a user another name. */
  rename(user: User, name: string): User {
    return { ...user, name };
  }
}

export class Calc extends LumenizeBase<Env> {
  add(a: number, b: number): number {
    return a + b;
  }
}

export class Orders extends LumenizeWorker<Env> {
  total(count: number): string {
    return String(count);
  }
}

export interface Env {
  readonly USERS: DurableObjectNamespace<Users>;
  readonly CALC: DurableObjectNamespace<Calc>;
  readonly ORDERS: Service<typeof Orders>;
  readonly CART: DurableObjectNamespace;
}
