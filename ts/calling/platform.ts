/**
 * Classifies the platform's rejections. Flags come first, because texts change. A flag
 * counts only if the error did not come from user code, which could have set it.
 */

import { isDataObject } from '../runtime/kinds.js';
import type { CallErrorCode } from '../wasm/lumenize_call.js';
import { CallError, type CallErrorDetails, placeOf } from '../wire/errors.js';
import { withCallIn } from '../wire/stack.js';
import { textOf } from '../wire/text.js';

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
  /** Default: `true`. Only a failure that precedes everything else is certain. */
  readonly mayHaveRun?: false;
  /** Whether the stub can be used again. Default: `false`; a new one costs nothing. */
  readonly stubIsHealthy?: boolean;
  /** A remedy, if the text does not already suggest one. It precedes a text of the platform's, which says less. */
  readonly remedy?: string;
}

/** An error that user code threw outside a method. The platform does not say where. */
const BY_USER_CODE =
  'fix the target: its constructor or blockConcurrencyWhile threw this, or it called ctx.abort';

/** [workerd] What the runtime says of a stub in an answer whose object, or request, has ended. */
const GONE = /^The execution context which hosts this callback is no longer running/;

/** Whether the runtime has rejected something with that. */
export function saysGone(rejected: unknown): boolean {
  return rejected instanceof Error && GONE.test(messageOf(rejected));
}

/**
 * The first line that fits decides; the last fits all.
 *
 * Sources: [handling] "Error handling" and [troubleshooting] "Troubleshooting" in Cloudflare's
 * documentation of Durable Objects; [workerd] read off the runtime, by the tests that provoke it;
 * [depth] seen in production, where alone the depth of requests is limited.
 */
export const FAILURES: readonly Failure[] = [
  // [handling] [workerd] What the platform itself says of it; also of a class that is missing.
  {
    code: 'target-reset',
    flag: 'durableObjectReset',
    text: /\b(Durable Object|Actor|isolate|internal error)\b/i,
  },
  // [workerd]
  {
    code: 'target-reset',
    flag: 'durableObjectReset',
    remedy: BY_USER_CODE,
  },
  // [handling]
  { code: 'overloaded', flag: 'overloaded' },
  // [handling]
  { code: 'disconnected', flag: 'retryable' },
  // [workerd] Memory that is shared, in a result: it arrives and cannot be read.
  { code: 'not-cloneable', text: /^Unable to deserialize cloned data/, stubIsHealthy: true },
  // [workerd] A stream or a body that somebody reads already, in a result.
  {
    code: 'not-cloneable',
    text: /^The (Readable|Writable)Stream (has been|is currently) locked|^Body has already been used/,
    stubIsHealthy: true,
  },
  // [workerd] Arguments fail before anything is sent, a result after the method ran, on the other side.
  { code: 'not-cloneable', name: 'DataCloneError', stubIsHealthy: true },
  // [workerd]
  {
    code: 'limit-exceeded',
    text: /^Serialized RPC arguments or return values are limited/,
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
    remedy: 'the target has to extend LumenizeBase, LumenizeWorker or withCall(…)',
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
  { code: 'target-reset', text: GONE },
  // A receiver answers with what its methods throw: this was thrown outside of them, most likely by
  // the target's constructor.
  { code: 'target-reset', isRemote: true, remedy: BY_USER_CODE },
  // Whatever the platform does not explain.
  { code: 'disconnected' },
];

/** A stub that was already broken also rejects immediately. */
const BROKEN_BEFORE: ReadonlySet<unknown> = new Set([
  'durableObjectReset',
  'overloaded',
  'retryable',
]);

/** A refusal to send, under whatever name: nothing was sent. */
const REFUSED: Failure = { code: 'not-cloneable', mayHaveRun: false, stubIsHealthy: true };

/**
 * Makes a `CallError` of what the platform rejected.
 *
 * @param isSent - Whether the call has been given to the platform.
 * @param isLocal - Whether it was rejected in the very turn of that, so that nothing has left.
 */
export function platformError(
  rejected: unknown,
  details: CallErrorDetails,
  { isSent = true, isLocal = false } = {},
): CallError {
  const failure = classify(rejected, isLocal);
  const { code, mayHaveRun = true } = failure;
  const text = textFor(failure, messageOf(rejected));
  const error = new CallError(code, `${details.operation} on ${placeOf(details)}: ${text}`, {
    ...details,
    // A target can invent a rejection. Only a call refused on this side has certainly not run.
    mayHaveRun: isSent && !isLocal && mayHaveRun,
    cause: rejected,
  });
  return withCallIn(error, details);
}

function textFor({ remedy, text }: Failure, message: string): string {
  if (!remedy) return message;
  return text ? `${remedy} (${message})` : `${message} (${remedy})`;
}

/** Whether a stub can be used again after that. */
export function stubSurvives(rejected: unknown, isLocal = false): boolean {
  return classify(rejected, isLocal).stubIsHealthy ?? false;
}

function classify(rejected: unknown, isLocal: boolean): Failure {
  try {
    const original = asPlatformError(rejected);
    const text = messageOf(rejected);
    const found = FAILURES.find((each) => fits(each, original, text)) as Failure;
    const isKnown = BROKEN_BEFORE.has(found.flag) || found.code === 'limit-exceeded';
    return isLocal && !isKnown ? REFUSED : found;
  } catch {
    // Reading the rejection throws.
    return FAILURES.at(-1) as Failure;
  }
}

function asPlatformError(rejected: unknown): PlatformError {
  return isDataObject(rejected) ? rejected : {};
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
