/**
 * Durable calls between Durable Objects: an answer that survives eviction, deployments and crashes.
 *
 * @packageDocumentation
 */

export type { DurableCalls } from './calls.js';
export { type Durable, type DurableServices, withDurableCalls } from './mixin.js';
export type { DurableCall, DurableCallFunction, DurableStats } from './types.js';
export type { DurableCallOptions } from './wasm/lumenize_call_durable.js';
