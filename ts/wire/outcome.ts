/**
 * Outcomes on their way back. A value travels as it is, since wrapping each would cost a tenth of
 * a call; a failure travels as a marked array. A value that happens to be such an array is marked
 * too, so that no value can pass for a failure.
 */
import { decodeError, encodeError, type Origin } from './error-data.js';
import { CallError, type CallErrorDetails } from './errors.js';
import { explain } from './explain.js';
import { nodeOf } from './node.js';
import { FAILURE, isMarked, REFUSAL, VALUE } from './protocol.js';
import { withCallIn } from './stack.js';

/** What a call came to: a value, or the error that `failed` announces. */
export interface Outcome {
  readonly outcome: unknown;
  readonly failed: boolean;
}

/** A call whose outcome is read. */
interface Settling extends Origin {
  details(): CallErrorDetails;
}

/** What the callee returns for a value. */
export function sendValue(value: unknown): unknown {
  try {
    if (nodeOf(value)) return sendFailure(notSent(value));
    return isMarked(value) ? [VALUE, value] : value;
  } catch {
    // It cannot be looked at: sending it will say so.
    return value;
  }
}

/** A continuation would cross as a function that records on this side. */
export function notSent(recorded: unknown): CallError {
  const message = `the result is the continuation ${explain(recorded)}: await it first`;
  return new CallError('not-cloneable', message, { mayHaveRun: true });
}

/** What the callee returns for anything that was thrown once steps had begun to run. */
export function sendFailure(thrown: unknown): unknown {
  return [FAILURE, encodeError(thrown)];
}

/** What the callee returns for a message of which nothing has run. */
export function sendRefusal(refused: unknown): unknown {
  return [REFUSAL, encodeError(refused)];
}

/**
 * What the caller makes of either: the outcome, and whether it is an error. A target that answers
 * with anything else, of whatever depth, fails the call as `protocol`.
 */
export function readOutcome(sent: unknown, call: Settling): Outcome {
  if (typeof sent !== 'object' || !isMarked(sent)) {
    return { outcome: withDisposer(sent), failed: false };
  }
  if (sent[0] === VALUE) {
    // What came with the mark is released with it.
    return { outcome: withDisposer(sent[1], () => release(sent)), failed: false };
  }
  try {
    const mayHaveRun = sent[0] === FAILURE;
    const details = { ...call.details(), mayHaveRun };
    const error = decodeError(sent[1], details, mayHaveRun ? call : undefined);
    return { outcome: error, failed: true };
  } catch (cause) {
    const [code, message] =
      cause instanceof CallError
        ? ([cause.code, cause.message] as const)
        : (['protocol', 'the target answered with what is neither a value nor a failure'] as const);
    const details = { ...call.details(), mayHaveRun: true, cause };
    return { outcome: withCallIn(new CallError(code, message, details), details), failed: true };
  } finally {
    // An error is data: stubs in it are nobody's.
    release(sent);
  }
}

/** A disposer of what holds nothing that has to be released. */
const nothingToRelease = (): void => {};

/**
 * Gives a result the disposer that Workers RPC gives to each object it yields: of a message of several
 * results only the message has one.
 */
export function withDisposer(result: unknown, dispose = nothingToRelease): unknown {
  if (typeof result !== 'object' || result === null || Object.hasOwn(result, Symbol.dispose)) {
    return result;
  }
  Object.defineProperty(result, Symbol.dispose, {
    value: dispose,
    configurable: true,
    writable: true,
  });
  return result;
}

/**
 * Releases the stubs in a value that came by RPC, which is what its `Symbol.dispose` does. Nobody
 * else will: a value that arrives too late is dropped, and what a handler received is its own only
 * while it runs, like the parameters of an RPC method.
 */
export function release(received: unknown): void {
  if (typeof received !== 'object' && typeof received !== 'function') return;
  try {
    (received as Partial<Disposable> | null)?.[Symbol.dispose]?.();
  } catch {
    // Then there is nothing left to release.
  }
}
