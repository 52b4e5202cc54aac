/** A caller, in which an editor is asked. Each comment marks what stands behind it. */
import { createCaller, LumenizeBase } from '@lumenize/call';
import type { Calc, Env, User, Users } from './users.js';

export class Cart extends LumenizeBase<Env> {
  async bound(): Promise<void> {
    const users = this.ctn('USERS', 'main');
    await users./*bound*/ getUser('u1');
    this.svc.call(users./*handled*/ getUser('u2'), (user) => this.onUser(user));
    await users./*completedBound*/ rename({ id: 'u1', name: 'Ada' }, 'Bob');
  }

  async named(): Promise<void> {
    const remote = this.ctn<Calc>().add(1, 2);
    await this.ctn(/*namedStart*/ 'CALC', 'main').add(1, 2);
    await this.ctn(/*namedService*/ 'ORDERS').total(1);
    await this.svc.callRaw(/*namedAwaited*/ 'CALC', 'main', remote);
    this.svc.call(/*namedCall*/ 'CALC', 'main', remote);
    this.svc.call(/*namedWithHandler*/ 'CALC', 'main', remote, (sum) => this.onSum(sum));
    await createCaller(this.env, this.ctx).ctn(/*namedByCaller*/ 'CALC', 'main').add(1, 2);
  }

  async unbound(): Promise<void> {
    const remote = this.ctn<Users>()./*unbound*/ getUser('u3');
    await this.svc.callRaw('USERS', 'main', remote);
    this.ctn<Users>()./*completedUnbound*/ rename({ id: 'u1', name: 'Ada' }, 'Bob');
  }

  onSum(sum: number | Error): void {
    if (sum instanceof Error) throw sum;
  }

  onUser(user: User | Error): void {
    if (user instanceof Error) throw user;
  }
}
