/**
 * Stacks as a user reads them: the user's own lines, and one line for a call instead of the functions of
 * this package. Those are found by what no minifier changes: names of methods, and a name that is given
 * to functions at run time. In a stack of another form nothing is found, and nothing changes.
 */
import { CallError, type CallErrorDetails, placeOf } from './errors.js';
import { textOf } from './text.js';

const OURS = '@lumenize/call';

/**
 * From a function with the name above to the entry of calls; where that is missing, since what runs later has
 * nobody below it, to the end.
 */
const FRAMES = /\n +at (?:async )?(?:\S+\.)?@lumenize\/call .*(?:\n.*)*?(?:\n.*\.__lmzCalls? .*|$)/;

/** Marks a function that runs the user's code: the functions below it in a stack are this package's. */
export function ours<F extends object>(runsUserCode: F): F {
  return Object.defineProperty(runsUserCode, 'name', { value: OURS });
}

/** A stack without the functions of this package that ran the user's code. */
export function fold(stack: string): string {
  return stack.replace(FRAMES, '');
}

/**
 * The line that stands for a call. `wrangler dev` takes each line apart and needs a place in brackets, or
 * else shows `[object Object]`. It looks for that behind the first bracket after a blank.
 */
function lineOf(details: CallErrorDetails): string {
  const operation = `${details.operation} on ${placeOf(details)}`.replace(/\s+(?=\()|\n/g, '');
  return `\n    at remote call ${operation} (remote:1:1)`;
}

/** The stack of an error from the other side of a call, or of one that only the call itself explains. */
export function withCallIn<E extends Error>(
  error: E,
  details: CallErrorDetails,
  stack = textOf(error),
): E {
  return setStack(error, `${stack}${lineOf(details)}`);
}

interface Capturing {
  captureStackTrace?(error: Error, below: object): void;
}

/** The stack of what is refused at once begins where the user called `entry`, which is running. */
export function startAt(error: unknown, entry: object): unknown {
  if (error instanceof CallError) (Error as Capturing).captureStackTrace?.(error, entry);
  return error;
}

/**
 * Adds to an error's stack where it surfaces: below `entry`, which is running. An engine follows `await`
 * from a new error back to whoever waits, at no cost to the calls that succeed. What was refused at once has
 * the stack of its call.
 */
export function addStack(error: unknown, entry: object): void {
  if (!(error instanceof Error) || (error instanceof CallError && error.callId === undefined)) {
    return;
  }
  const { stack } = error;
  const here = new Error();
  // Of the error, too: debuggers show what the engine has captured, not the text.
  for (const each of [here, error]) (Error as Capturing).captureStackTrace?.(each, entry);
  const [frames = ''] = /\n[\s\S]*/.exec(String(here.stack)) ?? [];
  setStack(error, `${stack}${frames}`);
}

/** Folds the stack of what the user's own code threw here, which may be anything. */
export function foldStack(thrown: unknown): void {
  try {
    const { stack } = thrown as Error;
    if (thrown instanceof Error && typeof stack === 'string') setStack(thrown, fold(stack));
  } catch {
    // It cannot be looked at; whoever receives it sees it as it is.
  }
}

function setStack<E extends Error>(error: E, value: string): E {
  Reflect.defineProperty(error, 'stack', { value, configurable: true, writable: true });
  return error;
}
