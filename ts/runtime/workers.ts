/** What the Workers runtime has: `#workers` of package.json. On Node, without-workers.ts is that. */
import * as runtime from 'cloudflare:workers';

export { DurableObject, RpcTarget, WorkerEntrypoint } from 'cloudflare:workers';
/** All of it: what that is depends on the version of the runtime. */
export { runtime };
