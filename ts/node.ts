/**
 * The entry for Node: recording, `explain`, `validate`, errors and codes, for tools and for tests that
 * need no runtime. What needs the Workers runtime says so when it is used.
 */
import { readFileSync } from 'node:fs';
import { start } from './start.js';
import { NeedsWorkers } from './without-workers.js';

start(readFileSync(new URL('./wasm/lumenize_call_bg.wasm', import.meta.url)));

export * from './index.js';

/** There are no bindings to call. */
export function createCaller(): never {
  throw new NeedsWorkers('createCaller');
}

/** A class that can be extended, so that its module loads, but not made. */
export function withCall<B>(_base: B): B {
  return class {
    constructor() {
      throw new NeedsWorkers(new.target.name);
    }
  } as B;
}
