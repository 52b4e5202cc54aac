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
export type { CallErrorInfo, Caller, CallHandle, CallStats } from './caller.js';
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
export type { Received } from './received.js';
export { explain, newContinuation } from './record.js';
export type {
  BindingName,
  BoundTo,
  CallFunction,
  FunctionHandler,
  InstanceOf,
  Mistake,
  TargetOf,
} from './targets.js';
export type {
  Accepting,
  Argument,
  Arriving,
  Beginning,
  Begun,
  Bound,
  BoundAnything,
  BoundCall,
  BoundMembers,
  BoundSteps,
  Call,
  Continuation,
  Fixed,
  Flexible,
  Handler,
  Members,
  NotRecorded,
  Own,
  Protected,
  Recorded,
  Result,
  RunsOn,
  Sendable,
  Start,
  Uncalled,
  Unprotected,
} from './types.js';
export { validate } from './validate.js';
export type { CallErrorCode, CallLimits, CallOptions } from './wasm/lumenize_call.js';
