import { CallError, createCaller, LumenizeBase, newContinuation } from '@lumenize/call';

export class Users extends LumenizeBase {
  static callable = ['getUser'];

  getUser(id) {
    if (id === 'nobody') throw new RangeError(`no user ${id}`);
    return { id, name: 'Ada' };
  }

  forget() {}
}

export class Cart extends LumenizeBase {
  handled = [];

  refresh(userId) {
    const user = this.ctn().getUser(userId);
    this.svc.call('USERS', 'main', user, this.ctn().onUser(user, userId), { timeout: 5_000 });
  }

  onUser(user, userId) {
    this.handled.push([
      userId,
      user instanceof Error ? `${user.name}: ${user.message}` : user.name,
    ]);
  }

  outcomes() {
    return this.handled;
  }

  async mistakes() {
    const made = [
      () => this.svc.call('USRES', 'main', this.ctn().getUser('u1')),
      () => this.svc.call('USERS', 'main', 'getUser'),
      () => this.svc.callRaw('USERS', 'main', this.ctn().forget()),
    ];
    const codes = [];
    for (const make of made) {
      try {
        await make();
        codes.push('none');
      } catch (error) {
        codes.push(error instanceof CallError ? error.code : error.name);
      }
    }
    return codes;
  }
}

export default {
  async fetch(request, env, ctx) {
    const what = new URL(request.url).pathname.slice(1);
    if (what === 'worker') {
      const user = newContinuation().getUser('u2');
      return Response.json(await createCaller(env, ctx).callRaw('USERS', 'main', user));
    }
    const cart = env.CART.getByName('c1');
    if (what === 'mistakes') return Response.json(await cart.mistakes());
    await cart.refresh('u1');
    await cart.refresh('nobody');
    let outcomes = await cart.outcomes();
    while (outcomes.length < 2) {
      await scheduler.wait(5);
      outcomes = await cart.outcomes();
    }
    return Response.json(outcomes);
  },
};
