/**
 * Calls between Cloudflare Durable Objects: typed, never hanging.
 *
 * @packageDocumentation
 */
export { createCaller, LumenizeBase, LumenizeWorker } from './base.js';
export type { CallErrorInfo, Caller, CallHandle } from './call.js';
export { registerErrors } from './error-classes.js';
export { CallError, type CallErrorDetails } from './errors.js';
export { type CallableDecorator, callable, type ReceiverClass } from './expose.js';
export { explain, newContinuation } from './record.js';
export type {
  Accepting,
  Argument,
  Beginning,
  BindingName,
  Call,
  Continuation,
  Fixed,
  Flexible,
  Handler,
  InstanceOf,
  Recorded,
  Start,
  TargetOf,
} from './types.js';
export type { CallErrorCode, CallLimits, CallOptions } from './wasm/lumenize_call.js';
