/**
 * Outcomes on their way back. A value travels unchanged, because wrapping each would cost a tenth of
 * a call. A failure travels as a marked array. A value that looks like such an array is marked,
 * too, so no value can pass for a failure.
 */
import { release } from './dispose.js';
import { decodeError, encodeError, type Origin } from './error-data.js';
import { CallError, type CallErrorDetails } from './errors.js';
import { explain } from './explain.js';
import { nodeOf } from './node.js';
import { couldBeMarked, FAILURE, isMarked, REFUSAL, VALUE } from './protocol.js';
import { withCallIn } from './stack.js';

/** An outcome: a value, or, if `failed`, an error. */
export interface Outcome {
  readonly outcome: unknown;
  readonly failed: boolean;
}

/** A call whose outcome is read. */
interface Settling extends Origin {
  details(): CallErrorDetails;
}

/** The callee's answer for a value. */
export function sendValue(value: unknown): unknown {
  try {
    if (nodeOf(value)) return sendFailure(notSent(value));
    return couldBeMarked(value) ? [VALUE, value] : value;
  } catch {
    // The value cannot be read. Sending it reports that.
    return value;
  }
}

/** A continuation would otherwise cross as a function that records on this side. */
export function notSent(recorded: unknown): CallError {
  const message = `the result is the continuation ${explain(recorded)}: await it first`;
  return new CallError('not-cloneable', message, { mayHaveRun: true });
}

/** The callee's answer if anything was thrown after steps began to run. */
export function sendFailure(thrown: unknown): unknown {
  return [FAILURE, encodeError(thrown)];
}

/** The callee's answer to a message of which nothing has run. */
export function sendRefusal(refused: unknown): unknown {
  return [REFUSAL, encodeError(refused)];
}

/**
 * Reads an answer: the outcome, and whether it is an error. A target that answers
 * with anything else fails the call as `protocol`.
 */
export function readOutcome(sent: unknown, call: Settling): Outcome {
  if (typeof sent !== 'object' || !isMarked(sent)) {
    return { outcome: withDisposer(sent), failed: false };
  }
  if (sent[0] === VALUE) {
    // The marked array is released with its value.
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
    // An error is data. No code owns stubs in it.
    release(sent);
  }
}

/** The disposer of a result without stubs. */
const nothingToRelease = (): void => {};

/**
 * Gives a result a disposer, as Workers RPC does. In a message of several
 * results, only the message itself has one.
 */
function withDisposer(result: unknown, dispose = nothingToRelease): unknown {
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
