/** The entry for the Workers runtime: loads the core, then is the public API. */
import { load } from './core.js';
import {
  checkLimits,
  checkTimeout,
  decodeFrame,
  encodeFrame,
  initSync,
  isCode,
  isEntry,
  PendingCalls,
  recover,
} from './wasm/lumenize_call.js';
import module from './wasm/lumenize_call_bg.wasm';

initSync({ module });
// By name, so that bundlers leave out what is not used.
load({
  checkLimits,
  checkTimeout,
  decodeFrame,
  encodeFrame,
  isCode,
  isEntry,
  PendingCalls,
  recover,
});

export * from './index.js';
