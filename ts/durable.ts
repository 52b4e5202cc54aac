/** The entry of durable calls for the Workers runtime: loads their machine, and the core before it. */
import './workerd.js';
import { load } from './durable/machine.js';
import {
  checkKey,
  checkTimeout,
  DurableMachine,
  initSync,
} from './durable/wasm/lumenize_call_durable.js';
import module from './durable/wasm/lumenize_call_durable_bg.wasm';

initSync({ module });
load({ checkKey, checkTimeout, DurableMachine });

export * from './durable/index.js';
