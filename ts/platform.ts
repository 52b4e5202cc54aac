/**
 * What the platform rejects a message with, told apart. Flags come first, since texts change; a flag
 * counts only where the error did not come out of user code, which could have set it.
 */
import { CallError, type CallErrorDetails, placeOf } from './errors.js';
import type { CallErrorCode } from './wasm/lumenize_call.js';

interface PlatformError {
  readonly name?: unknown;
  readonly message?: unknown;
  /** It was thrown on the other side; so it may be what user code made it. */
  readonly remote?: unknown;
  readonly overloaded?: unknown;
  readonly retryable?: unknown;
  readonly durableObjectReset?: unknown;
}

interface Failure {
  readonly code: CallErrorCode;
  /** A flag that only the platform can have set. */
  readonly flag?: 'durableObjectReset' | 'overloaded' | 'retryable';
  readonly name?: string;
  readonly text?: RegExp;
  readonly isRemote?: true;
  /** Default: `true`, for only a failure that comes before anything else is certain. */
  readonly mayHaveRun?: boolean | 'if it is remote';
  /** Whether the stub can be used again. Default: `false`; a new one costs nothing. */
  readonly stubIsHealthy?: boolean;
  /** What the user can do about it, where that is not plain from the text. */
  readonly remedy?: string;
}

/**
 * The first line that fits decides; the last fits all.
 *
 * Sources: "Error handling" and "Troubleshooting" of Cloudflare's documentation of Durable Objects
 * for flags and for texts that begin with "Durable Object"; the others were read off workerd, by the
 * tests that provoke them.
 */
const FAILURES: readonly Failure[] = [
  { code: 'target-reset', flag: 'durableObjectReset' },
  { code: 'overloaded', flag: 'overloaded' },
  { code: 'disconnected', flag: 'retryable' },
  // Arguments fail before anything is sent, a result after the method ran, on the other side.
  {
    code: 'not-cloneable',
    name: 'DataCloneError',
    mayHaveRun: 'if it is remote',
    stubIsHealthy: true,
  },
  {
    code: 'limit-exceeded',
    text: /^Serialized RPC arguments or return values are limited/,
    mayHaveRun: 'if it is remote',
    stubIsHealthy: true,
  },
  {
    code: 'protocol',
    text: /does not implement .*__lmzCall/,
    mayHaveRun: false,
    stubIsHealthy: true,
    remedy: 'the target has to extend LumenizeBase or LumenizeWorker',
  },
  { code: 'limit-exceeded', text: /^Subrequest depth limit exceeded/, stubIsHealthy: true },
  { code: 'disconnected', text: /^Network connection lost|^Worker ".*" not found/ },
  { code: 'overloaded', text: /^Durable Object is overloaded|too much load on Durable Objects/ },
  { code: 'target-reset', text: /^(The )?Durable Object.*(\breset\b|code (has been|was) updated)/ },
  // A receiver answers with what its methods throw: this was thrown outside of them, most likely by
  // the target's constructor.
  { code: 'target-reset', isRemote: true },
  { code: 'disconnected' },
];

/** Makes a `CallError` of what the platform rejected, and says whether its stub may be kept. */
export function platformError(
  rejected: unknown,
  details: CallErrorDetails,
): { readonly error: CallError; readonly stubIsHealthy: boolean } {
  const original = (
    typeof rejected === 'object' && rejected !== null ? rejected : {}
  ) as PlatformError;
  const text = typeof original.message === 'string' ? original.message : String(rejected);
  const isRemote = original.remote === true;
  const failure = FAILURES.find((each) => fits(each, original, text)) as Failure;
  const { code, mayHaveRun = true, remedy, stubIsHealthy = false } = failure;
  const message = `${details.operation} on ${placeOf(details)}: ${text}${remedy ? ` (${remedy})` : ''}`;
  return {
    error: new CallError(code, message, {
      ...details,
      mayHaveRun: mayHaveRun === 'if it is remote' ? isRemote : mayHaveRun,
      cause: rejected,
    }),
    stubIsHealthy,
  };
}

function fits(failure: Failure, original: PlatformError, text: string): boolean {
  const { flag, name, text: pattern, isRemote } = failure;
  return (
    (flag === undefined || (original[flag] === true && original.remote !== true)) &&
    (name === undefined || original.name === name) &&
    (pattern === undefined || pattern.test(text)) &&
    (isRemote === undefined || original.remote === true)
  );
}
