/** A caller, in which an editor is asked. Each comment marks what stands behind it. */
import { LumenizeBase } from '@lumenize/call';
import type { Env, User, Users } from './users.js';

export class Cart extends LumenizeBase<Env> {
  async bound(): Promise<void> {
    const users = this.ctn('USERS', 'main');
    await users./*bound*/ getUser('u1');
    this.svc.call(users./*handled*/ getUser('u2'), (user) => this.onUser(user));
    await users./*completedBound*/ rename({ id: 'u1', name: 'Ada' }, 'Bob');
  }

  async unbound(): Promise<void> {
    const remote = this.ctn<Users>()./*unbound*/ getUser('u3');
    await this.svc.callRaw('USERS', 'main', remote);
    this.ctn<Users>()./*completedUnbound*/ rename({ id: 'u1', name: 'Ada' }, 'Bob');
  }

  onUser(user: User | Error): void {
    if (user instanceof Error) throw user;
  }
}
