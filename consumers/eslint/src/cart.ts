import { LumenizeBase } from '@lumenize/call';

interface Env {
  readonly USERS: DurableObjectNamespace<Users>;
}

export class Users extends LumenizeBase<Env> {
  getUser(id: string): { id: string } {
    return { id };
  }
}

export class Cart extends LumenizeBase<Env> {
  async refresh(): Promise<void> {
    const users = this.ctn('USERS', 'main');
    users.getUser('forgotten');
    users.getUser('its member, too').id;
    void users.getUser('not sent either');
    await users.getUser('awaited');
    this.svc.call(users.getUser('with a handler'), () => {});
    this.svc.callRaw(users.getUser('also forgotten'));
    const recorded = users.getUser('recorded');
    await recorded;
  }
}
