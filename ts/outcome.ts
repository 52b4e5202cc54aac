/**
 * Outcomes on their way back. A value travels as it is, since wrapping each would cost a tenth of
 * a call; a failure travels as a marked array. A value that happens to be such an array is marked
 * too, so that no value can pass for a failure.
 */
import { type EncodedError, encodeError } from './errors.js';

const VALUE = '__lmzValue';
const FAILURE = '__lmzFailure';

/** What the callee returns for a value. */
export function sendValue(value: unknown): unknown {
  return isMarked(value) ? [VALUE, value] : value;
}

/** What the callee returns for anything that was thrown. */
export function sendFailure(thrown: unknown): unknown {
  return [FAILURE, encodeError(thrown)];
}

/** What the caller makes of either. */
export function readOutcome(sent: unknown): {
  readonly value?: unknown;
  readonly failure?: EncodedError;
} {
  if (!isMarked(sent)) return { value: sent };
  return sent[0] === VALUE ? { value: sent[1] } : { failure: sent[1] as EncodedError };
}

function isMarked(value: unknown): value is [string, unknown] {
  return Array.isArray(value) && (value[0] === VALUE || value[0] === FAILURE);
}
