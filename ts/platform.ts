/**
 * What the platform rejects a message with, told apart. Flags come first, since texts change;
 * a flag counts only where the error did not come out of user code, which could have set it.
 *
 * Sources: "Error handling" of Cloudflare's documentation of Durable Objects for the flags
 * `overloaded`, `retryable` and `remote`; the texts were read off workerd.
 */
import { CallError, type CallErrorDetails } from './errors.js';
import type { CallErrorCode } from './wasm/lumenize_call.js';

interface PlatformError {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly remote?: unknown;
  readonly overloaded?: unknown;
  readonly durableObjectReset?: unknown;
}

interface Verdict {
  readonly code: CallErrorCode;
  readonly mayHaveRun: boolean;
  /** What the user can do about it, where that is not plain from the text. */
  readonly remedy?: string;
  /** Whether the stub can be used again. */
  readonly stubIsHealthy?: boolean;
}

/** Makes a `CallError` of what the platform rejected, and says whether its stub may be kept. */
export function platformError(
  rejected: unknown,
  details: CallErrorDetails,
): { readonly error: CallError; readonly stubIsHealthy: boolean } {
  const original = (
    typeof rejected === 'object' && rejected !== null ? rejected : {}
  ) as PlatformError;
  const text = typeof original.message === 'string' ? original.message : String(rejected);
  const verdict = classify(original, text);
  const { code, mayHaveRun, remedy } = verdict;
  const message = `${details.operation} on ${placeOf(details)}: ${text}${remedy ? ` (${remedy})` : ''}`;
  return {
    error: new CallError(code, message, { ...details, mayHaveRun, cause: rejected }),
    stubIsHealthy: verdict.stubIsHealthy ?? false,
  };
}

/** The target of a call as text: `USERS/main`. */
export function placeOf({ binding, instance }: CallErrorDetails): string {
  return instance === undefined ? `${binding}` : `${binding}/${instance}`;
}

function classify(original: PlatformError, text: string): Verdict {
  if (original.durableObjectReset === true) return { code: 'target-reset', mayHaveRun: true };
  if (original.overloaded === true && original.remote !== true) {
    return { code: 'overloaded', mayHaveRun: true };
  }
  if (text.startsWith('Network connection lost')) return { code: 'disconnected', mayHaveRun: true };
  // Arguments fail before anything is sent, a result after the method ran, on the other side.
  const mayHaveRun = original.remote === true;
  if (original.name === 'DataCloneError') {
    return { code: 'not-cloneable', mayHaveRun, stubIsHealthy: true };
  }
  if (text.startsWith('Serialized RPC arguments or return values are limited')) {
    return { code: 'limit-exceeded', mayHaveRun, stubIsHealthy: true };
  }
  if (/does not implement .*__lmzCall/.test(text)) {
    const remedy = 'the target has to extend LumenizeBase';
    return { code: 'protocol', mayHaveRun: false, remedy, stubIsHealthy: true };
  }
  return { code: 'disconnected', mayHaveRun: true };
}
