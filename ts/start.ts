/**
 * Runs once for each isolate, from an entry. Bundlers keep it because package.json lists the entries under
 * `sideEffects`. They may drop the top-level code of any other unused module.
 */

import { register } from './object/registry.js';
import {
  checkLimits,
  checkMessage,
  checkStep,
  checkTimeout,
  decodeFrame,
  encodeFrame,
  initSync,
  isEntry,
  lists,
  PendingCalls,
  programMeaning,
  recover,
} from './wasm/lumenize_call.js';
import { load } from './wire/core.js';

/**
 * Starts the core, and registers the services of each object.
 *
 * @param module - The core, compiled or, where the runtime may compile it, as bytes.
 */
export function start(module: WebAssembly.Module | BufferSource): void {
  initSync({ module });
  // By name, so that bundlers drop unused functions.
  load({
    checkLimits,
    checkMessage,
    checkStep,
    checkTimeout,
    decodeFrame,
    encodeFrame,
    isEntry,
    lists,
    programMeaning,
    PendingCalls,
    recover,
  });
  register();
}
