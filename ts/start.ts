/** Starts the core; an entry does it once for each isolate. */
import { load } from './core.js';
import {
  checkLimits,
  checkTimeout,
  codes,
  decodeFrame,
  encodeFrame,
  initSync,
  isEntry,
  onlyFollowed,
  PendingCalls,
  recover,
} from './wasm/lumenize_call.js';

/** @param module - The core, compiled or, where the runtime may compile it, as bytes. */
export function start(module: WebAssembly.Module | BufferSource): void {
  initSync({ module });
  // By name, so that bundlers leave out what is not used.
  load({
    checkLimits,
    checkTimeout,
    codes,
    decodeFrame,
    encodeFrame,
    isEntry,
    onlyFollowed,
    PendingCalls,
    recover,
  });
}
