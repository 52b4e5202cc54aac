/**
 * What the platform rejects a message with, told apart. Flags come first, since texts change; a flag
 * counts only where the error did not come out of user code, which could have set it.
 */
import { CallError, type CallErrorDetails, placeOf, textOf } from './errors.js';
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
 * Sources: [handling] "Error handling" and [troubleshooting] "Troubleshooting" in Cloudflare's
 * documentation of Durable Objects; [workerd] read off the runtime, by the tests that provoke it;
 * [depth] seen in production, where alone the depth of requests is limited.
 */
export const FAILURES: readonly Failure[] = [
  // [handling] [workerd] Also a constructor that throws, and a class that is missing.
  { code: 'target-reset', flag: 'durableObjectReset' },
  // [handling]
  { code: 'overloaded', flag: 'overloaded' },
  // [handling]
  { code: 'disconnected', flag: 'retryable' },
  // [workerd] Arguments fail before anything is sent, a result after the method ran, on the other side.
  {
    code: 'not-cloneable',
    name: 'DataCloneError',
    mayHaveRun: 'if it is remote',
    stubIsHealthy: true,
  },
  // [workerd]
  {
    code: 'limit-exceeded',
    text: /^Serialized RPC arguments or return values are limited/,
    mayHaveRun: 'if it is remote',
    stubIsHealthy: true,
  },
  // [workerd] What is nested thousands deep: serializing recurses.
  { code: 'limit-exceeded', text: /^Maximum call stack size exceeded/, stubIsHealthy: true },
  // [workerd]
  {
    code: 'protocol',
    text: /^The RPC receiver does not implement (the method )?"__lmzCalls?"/,
    mayHaveRun: false,
    stubIsHealthy: true,
    remedy: 'the target has to extend LumenizeBase or LumenizeWorker',
  },
  // [workerd]
  {
    code: 'invalid-target',
    text: /^Cannot perform I\/O on behalf of a different/,
    remedy: 'make a caller in each request',
  },
  // [depth]
  { code: 'limit-exceeded', text: /^Subrequest depth limit exceeded/, stubIsHealthy: true },
  // [workerd] The second: by wrangler, of a worker that is not running.
  { code: 'disconnected', text: /^Network connection lost|^Worker ".*" not found/ },
  // [troubleshooting]
  { code: 'overloaded', text: /^Durable Object is overloaded|too much load on Durable Objects/ },
  // [troubleshooting]
  { code: 'target-reset', text: /^(The )?Durable Object.*(\breset\b|code (has been|was) updated)/ },
  // A receiver answers with what its methods throw: this was thrown outside of them, most likely by
  // the target's constructor.
  { code: 'target-reset', isRemote: true },
  // Whatever the platform does not explain.
  { code: 'disconnected' },
];

/** Makes a `CallError` of what the platform rejected. */
export function platformError(
  rejected: unknown,
  details: CallErrorDetails,
  { isSent = true, isLocal = false } = {},
): CallError {
  void isLocal;
  const { code, mayHaveRun = true, remedy } = classify(rejected);
  const text = `${messageOf(rejected)}${remedy ? ` (${remedy})` : ''}`;
  return new CallError(code, `${details.operation} on ${placeOf(details)}: ${text}`, {
    ...details,
    mayHaveRun: isSent && (mayHaveRun === 'if it is remote' ? isRemote(rejected) : mayHaveRun),
    cause: rejected,
  });
}

/** Whether a stub can be used again after that. */
export function stubSurvives(rejected: unknown, _isLocal = false): boolean {
  return classify(rejected).stubIsHealthy ?? false;
}

function classify(rejected: unknown): Failure {
  try {
    const original = asPlatformError(rejected);
    const text = messageOf(rejected);
    return FAILURES.find((each) => fits(each, original, text)) as Failure;
  } catch {
    // It throws when it is looked at.
    return FAILURES.at(-1) as Failure;
  }
}

function asPlatformError(rejected: unknown): PlatformError {
  return typeof rejected === 'object' && rejected !== null ? rejected : {};
}

function isRemote(rejected: unknown): boolean {
  return asPlatformError(rejected).remote === true;
}

function messageOf(rejected: unknown): string {
  try {
    const { message } = asPlatformError(rejected);
    return typeof message === 'string' ? message : textOf(rejected);
  } catch {
    return 'an error that cannot be read';
  }
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
