/** What a failed attempt means for the next one. */

import type { CallErrorCode } from '../wasm/lumenize_call.js';
import type { CallError } from '../wire/errors.js';
import { Failure } from './wasm/lumenize_call_durable.js';

/** Whatever is not named here will not get better by itself, unless a deployment is under way. */
const FAILURES: Partial<Record<CallErrorCode, Failure>> = {
  timeout: Failure.Slow,
  cancelled: Failure.Broken,
  'target-reset': Failure.Broken,
  disconnected: Failure.Broken,
  internal: Failure.Broken,
  overloaded: Failure.Overloaded,
};

export function failureOf({ code }: CallError): Failure {
  return FAILURES[code] ?? Failure.Refused;
}
