/**
 * How outcomes are compared. What differs from Workers RPC on purpose stands in one table, each with
 * its reason; everything else has to be the same.
 */
import { CallError, type CallErrorCode } from '@lumenize/call';
import { describe } from './describe.js';

/** What Workers RPC rejected with where it is no error: this package makes an error of it. */
export class Thrown {
  constructor(readonly value: unknown) {}
}

type Names = (id: string) => string;

/** What an error of this package's own means, in terms of Workers RPC. */
const DOCUMENTED: {
  readonly [code in CallErrorCode]?: (error: CallError, names: Names) => string;
} = {
  // docs/errors.md: an outcome that failed is an `Error`, so what is none is the cause of one. Workers
  // RPC makes an error of a primitive too, of which that is the text.
  'remote-threw': ({ cause }, names) =>
    typeof cause === 'object' && cause !== null
      ? `threw ${describe(cause, names)}`
      : describe(new Error(String(cause)), names),
  // docs/errors.md: a failure of the platform has a code, and what the platform threw as its cause.
  'not-cloneable': (error, names) => describe(error.cause, names),
  // docs/errors.md: where a getter of a result throws, the platform says no more than where that was.
  'target-reset': (error, names) => describe(error.cause, names),
};

/** What the runtime adds to whatever is thrown: where that is no error, it becomes part of the value. */
const OF_THE_RUNTIME = ['remote', 'durableObjectId'];

/** An outcome as text, the same for what is documented to be different. */
export function describeOutcome(
  outcome: unknown,
  names: Names,
  { began, throwsNoError }: { readonly began: boolean; readonly throwsNoError: boolean },
): string {
  if (outcome instanceof Thrown) return `threw ${describe(withoutMarks(outcome.value), names)}`;
  if (!(outcome instanceof CallError)) {
    return describe(throwsNoError ? withoutMarks(outcome) : outcome, names);
  }
  const meaning = DOCUMENTED[outcome.code];
  if (!meaning) return `CallError ${outcome.code}: ${outcome.message}`;
  const isTrue = outcome.mayHaveRun === began;
  return `${meaning(outcome, names)}${isTrue ? '' : `, and mayHaveRun is ${outcome.mayHaveRun}`}`;
}

function withoutMarks(thrown: unknown): unknown {
  if (typeof thrown !== 'object' || thrown === null) return thrown;
  for (const name of OF_THE_RUNTIME) Reflect.deleteProperty(thrown, name);
  return thrown;
}

/** One line of a log that is not the same. */
export interface DifferentLine {
  /** Where it stands: `calls.0.atCaller.1`. */
  readonly path: string;
  readonly expected: unknown;
  readonly actual: unknown;
}

/** The lines that differ, one after the other. */
export function* differencesOf(
  expected: unknown,
  actual: unknown,
  path = '',
): Generator<DifferentLine> {
  if (typeof expected !== 'object' || typeof actual !== 'object' || !expected || !actual) {
    if (expected !== actual) yield { path, expected, actual };
    return;
  }
  for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
    yield* differencesOf(
      (expected as Record<string, unknown>)[key],
      (actual as Record<string, unknown>)[key],
      path === '' ? key : `${path}.${key}`,
    );
  }
}
