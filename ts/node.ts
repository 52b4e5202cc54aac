/**
 * The entry for Node: recording, `explain`, `validate`, errors and codes, for tools and for tests that
 * need no runtime. What needs the Workers runtime says so when it is used.
 */
import { readFileSync } from 'node:fs';
import { NeedsWorkers, OfWorkers } from './runtime/without-workers.js';
import { start } from './start.js';

start(readFileSync(new URL('./wasm/lumenize_call_bg.wasm', import.meta.url)));

export * from './index.js';

/** Node has no bindings to call. */
export function createCaller(): never {
  throw new NeedsWorkers('createCaller');
}

/** Everything in the base class needs the Workers runtime. */
export function withCall<B>(_base: B): B {
  return OfWorkers as B;
}
