/** What a failed attempt means for the next one. */

import type { CallErrorCode } from '../wasm/lumenize_call.js';
import type { CallError } from '../wire/errors.js';
import type { Failure } from './wasm/lumenize_call_durable.js';

/** Whatever is not named here will not get better by itself, unless a deployment is under way. */
const FAILURES: Partial<Record<CallErrorCode, Failure>> = {
  timeout: 'slow',
  cancelled: 'broken',
  'target-reset': 'broken',
  disconnected: 'broken',
  internal: 'broken',
  overloaded: 'overloaded',
};

export function failureOf({ code }: CallError): Failure {
  return FAILURES[code] ?? 'refused';
}
