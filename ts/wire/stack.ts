/**
 * Stacks for users: their own lines, and one line for a call instead of the functions of
 * this package, which are recognised by names that no minifier changes: names of methods, and a name given
 * to functions at run time. A stack in another format stays unchanged.
 */
import { CallError, type CallErrorDetails, placeOf } from './errors.js';

const OURS = '@lumenize/call';

/** How a frame begins, and what stands in one of a function with the name above, and in one of an entry. */
const FRAME = '    at ';
const IN_OURS = [` ${OURS} `, `.${OURS} `];
const IN_ENTRY = ['.__lmzCall ', '.__lmzCalls '];

/** Marks a function that runs the user's code: the functions below it in a stack are this package's. */
export function ours<F extends object>(runsUserCode: F): F {
  return Object.defineProperty(runsUserCode, 'name', { value: OURS });
}

/**
 * A stack without the functions of this package that ran the user's code: from the first with the name above
 * to the entry of calls; where that is missing, since what runs later has nobody below it, to the end.
 *
 * @param message - The error's. It stands before the frames, may look like some, and may be the caller's.
 */
export function fold(stack: string, message: string): string {
  const from = endOfMessage(stack, message);
  const lines = stack.slice(from).split('\n');
  const first = lines.findIndex((line) => isFrame(line, IN_OURS));
  if (first < 0) return stack;
  const entry = lines.findIndex((line, at) => at > first && isFrame(line, IN_ENTRY));
  lines.splice(first, entry < 0 ? lines.length : entry - first + 1);
  return stack.slice(0, from) + lines.join('\n');
}

/** Where the message ends with which a stack begins, behind the name of a class; 0 where another has. */
function endOfMessage(stack: string, message: string): number {
  const at = stack.startsWith(message) ? 0 : stack.indexOf(': ') + 2;
  return stack.startsWith(message, at) ? at + message.length : 0;
}

function isFrame(line: string, parts: readonly string[]): boolean {
  return line.startsWith(FRAME) && parts.some((part) => line.includes(part));
}

/** UTF-16 code units of a target's name that the line of a call shows. It may be as long as anybody wants. */
const SHOWN_OF_PLACE = 200;

/**
 * The line that stands for a call. `wrangler dev` takes each line apart and needs a place in brackets, or
 * else shows `[object Object]`. It looks for that behind the first bracket after a blank.
 */
function lineOf(details: CallErrorDetails): string {
  const place = placeOf(details);
  const shown = place.length > SHOWN_OF_PLACE ? `${place.slice(0, SHOWN_OF_PLACE)}…` : place;
  const parts = `${details.operation} on ${shown}`.replaceAll('\n', '').split('(');
  const operation = parts
    .map((part, at) => (at < parts.length - 1 ? part.trimEnd() : part))
    .join('(');
  return `\n    at remote call ${operation} (remote:1:1)`;
}

/** The stack of an error from the other side of a call, or of one that only the call itself explains. */
export function withCallIn<E extends Error>(
  error: E,
  details: CallErrorDetails,
  stack = `${error.name}: ${error.message}`,
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
    const { stack, message } = thrown as Error;
    if (thrown instanceof Error && typeof stack === 'string') {
      setStack(thrown, fold(stack, typeof message === 'string' ? message : ''));
    }
  } catch {
    // It cannot be looked at; whoever receives it sees it as it is.
  }
}

function setStack<E extends Error>(error: E, value: string): E {
  Reflect.defineProperty(error, 'stack', { value, configurable: true, writable: true });
  return error;
}
