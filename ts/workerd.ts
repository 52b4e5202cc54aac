/** The entry for the Workers runtime: loads the core, then is the public API. */
import { load } from './core.js';
import * as core from './wasm/lumenize_call.js';
import module from './wasm/lumenize_call_bg.wasm';

core.initSync({ module });
load(core);

export * from './index.js';
