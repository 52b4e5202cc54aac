/**
 * Calls between Cloudflare Durable Objects: typed, never hanging.
 *
 * @packageDocumentation
 */

export {
  type Calling,
  createCaller,
  type EnvOf,
  LumenizeBase,
  LumenizeWorker,
  withCall,
} from './base.js';
export type { CallErrorInfo, Caller, CallFunction, CallHandle, CallStats } from './caller.js';
export {
  type CallEvent,
  type CallEventDetails,
  type CallListener,
  type CallSettle,
  type CallStart,
  callChannel,
  type Settlement,
} from './channel.js';
export { callErrorCodes } from './core.js';
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
  Protected,
  Recorded,
  Start,
  TargetOf,
  Unprotected,
} from './types.js';
export { validate } from './validate.js';
export type { CallErrorCode, CallLimits, CallOptions } from './wasm/lumenize_call.js';
