/** The entry for the Workers runtime: loads the core, then is the public API. */
import { start } from './start.js';
import module from './wasm/lumenize_call_bg.wasm';

start(module);

export * from './index.js';
