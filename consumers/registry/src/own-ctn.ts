import { newContinuation } from '@lumenize/call';
import { LumenizeBase } from './lumenize-base.js';
import type { Users } from './objects.js';

export { default, Users } from './objects.js';

/** It has a `ctn` of its own, whose recordings only its own package can read. */
export class Cart extends LumenizeBase {
  ctn(): unknown {
    const recording = (): void => {};
    return new Proxy(recording, { get: () => this.ctn(), apply: () => this.ctn() });
  }

  async theirs() {
    const { getUser } = this.ctn() as { getUser(id: string): never };
    return this.svc.callRaw('USERS', 'main', getUser('u3'));
  }

  async ours() {
    return this.svc.callRaw('USERS', 'main', newContinuation<Users>().getUser('u3'));
  }
}
