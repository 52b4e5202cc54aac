/** The entry for the Workers runtime: loads the core, then is the public API. */
import type { Caller } from './calling/caller.js';
import { start } from './start.js';
import module from './wasm/lumenize_call_bg.wasm';

start(module);

export * from './index.js';

declare global {
  /** What `this.svc` offers in an object whose `LumenizeBase` comes from a package of its own. */
  interface LumenizeServices extends Pick<Caller<Cloudflare.Env>, 'call' | 'callRaw'> {}
}
