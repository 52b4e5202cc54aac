// What scripts/check/console.test.mjs shows by `wrangler dev`: an error that leaves a Worker, and what is logged.
import { createCaller, LumenizeBase, newContinuation } from '@lumenize/call';

export class Users extends LumenizeBase {
  /** What its callers show is looked at, and not what it logs. */
  onReceiveError() {}

  getUser(id) {
    throw new RangeError(`no user ${id}`);
  }

  never() {
    return new Promise(() => {});
  }
}

/** Awaits calls in a function whose name a stack can show. */
async function awaitUser(env, ctx, remote) {
  return await createCaller(env, ctx).callRaw('USERS', 'main', remote, { timeout: 20 });
}

export default {
  async fetch(request, env, ctx) {
    const users = newContinuation();
    const { pathname, searchParams } = new URL(request.url);
    const id = searchParams.get('id') ?? 'u1';
    if (pathname === '/throw') await awaitUser(env, ctx, users.getUser(id));
    if (pathname === '/late') await awaitUser(env, ctx, users.never());
    console.log('a value:', users.getUser(id));
    console.log('an error:', await awaitUser(env, ctx, users.getUser(id)).catch((error) => error));
    console.log('the end');
    return new Response();
  },
};
