/**
 * Calls between Cloudflare Durable Objects: typed, never hanging.
 *
 * @packageDocumentation
 */

export type { CallHandle } from './calling/call.js';
export type { Caller } from './calling/caller.js';
export type { CallErrorInfo } from './calling/owner.js';
export type { CallStats } from './calling/stats.js';
export { LumenizeBase, LumenizeWorker } from './object/base.js';
export { createCaller } from './object/create.js';
export { type Calling, type EnvOf, withCall } from './object/mixin.js';
export type { ReceivedCall } from './receiving/attend.js';
export { type CallableDecorator, callable } from './receiving/callable.js';
export type { ReceiverClass } from './receiving/expose.js';
export { newContinuation } from './record/record.js';
export type {
  Accepting,
  Argument,
  Arriving,
  Beginning,
  Begun,
  Bound,
  BoundAnything,
  BoundCall,
  BoundFunction,
  BoundMembers,
  BoundSteps,
  Call,
  Continuation,
  Fixed,
  Flexible,
  Members,
  NotSent,
  Recorded,
  Result,
  RunsOn,
  Sendable,
  Start,
  Uncalled,
  ValueOf,
} from './types/continuations.js';
export type { Handler, MethodWithoutError, Own, Protected, Unprotected } from './types/handlers.js';
export type { Owned, Received } from './types/received.js';
export type {
  BindingName,
  BoundTo,
  CallFunction,
  CheckedRemote,
  FunctionHandler,
  InstanceOf,
  Mistake,
  TargetOf,
} from './types/targets.js';
export { validate } from './validate.js';
export type { CallErrorCode, CallLimits, CallOptions } from './wasm/lumenize_call.js';
export {
  type CallEvent,
  type CallEventDetails,
  type CallListener,
  type CallSettle,
  type CallStart,
  callChannel,
  type DurableEvent,
  type ReceiveEvent,
  type Settlement,
} from './wire/channel.js';
export type { CallContext, CallerInfo, ContextData } from './wire/context.js';
export { callErrorCodes } from './wire/core.js';
export { registerErrors } from './wire/error-classes.js';
export { CallError, type CallErrorDetails } from './wire/errors.js';
export { explain } from './wire/explain.js';
