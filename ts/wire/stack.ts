/**
 * Stacks for users: their own lines, and one line for a call instead of the functions of
 * this package, which are recognised by names that no minifier changes: names of methods, and a name given
 * to functions at run time. A stack in another format stays unchanged.
 */
import { CallError, type CallErrorDetails, placeOf } from './errors.js';
import { cut } from './text.js';

const OURS = '@lumenize/call';

/** The beginning of a frame, and the marks of this package's runner and entry. */
const FRAME = '    at ';
const IN_OURS = [` ${OURS} `, `.${OURS} `];
const IN_ENTRY = ['.__lmzCall ', '.__lmzCalls '];

/** Marks a function that runs user code: the functions below it in a stack belong to this package. */
export function ours<F extends object>(runsUserCode: F): F {
  return Object.defineProperty(runsUserCode, 'name', { value: OURS });
}

/**
 * A stack without this package's functions that ran the user's code: from the first marked function
 * to the entry, or to the end if there is no entry, as in code that runs later.
 *
 * @param message - The error's message. It precedes the frames, and may be a caller's text that looks alike.
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

/** UTF-16 code units of a target's name to show. The name may be arbitrarily long. */
const SHOWN_OF_PLACE = 200;

/**
 * The line that represents a call. `wrangler dev` parses each line and needs a position in brackets, or
 * else shows `[object Object]`. It looks for it after the first bracket that follows a blank.
 */
function lineOf(details: CallErrorDetails): string {
  const place = cut(placeOf(details), SHOWN_OF_PLACE);
  const parts = `${details.operation} on ${place}`.replaceAll('\n', '').split('(');
  const operation = parts
    .map((part, at) => (at < parts.length - 1 ? part.trimEnd() : part))
    .join('(');
  return `\n    at remote call ${operation} (remote:1:1)`;
}

/** Adds the call's line to the stack of a remote error, or of an error about the call itself. */
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

/** Lets the stack of a refused call begin where the user called `entry`, which is running. */
export function startAt(error: unknown, entry: object): unknown {
  if (error instanceof CallError) (Error as Capturing).captureStackTrace?.(error, entry);
  return error;
}

/**
 * Adds the awaiting code to an error's stack: the lines below `entry`, which is running. An engine follows
 * `await` from a new error back to the waiting code, at no cost to successful calls. A refused call has
 * its stack already.
 */
export function addStack(error: unknown, entry: object): void {
  if (!(error instanceof Error) || (error instanceof CallError && error.callId === undefined)) {
    return;
  }
  const { stack } = error;
  const here = new Error();
  // Of the error, too: debuggers show the captured stack, not its text.
  for (const each of [here, error]) (Error as Capturing).captureStackTrace?.(each, entry);
  const [frames = ''] = /\n[\s\S]*/.exec(String(here.stack)) ?? [];
  setStack(error, `${stack}${frames}`);
}

/** Folds the stack of a value that user code threw here, which may be anything. */
export function foldStack(thrown: unknown): void {
  try {
    const { stack, message } = thrown as Error;
    if (thrown instanceof Error && typeof stack === 'string') {
      setStack(thrown, fold(stack, typeof message === 'string' ? message : ''));
    }
  } catch {
    // The value cannot be read, so it stays unchanged.
  }
}

function setStack<E extends Error>(error: E, value: string): E {
  Reflect.defineProperty(error, 'stack', { value, configurable: true, writable: true });
  return error;
}
