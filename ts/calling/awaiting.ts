/** Rejections of awaited calls, and their stacks. */
import { CallError } from '../wire/errors.js';
import { addStack, startAt } from '../wire/stack.js';

/** A call refused when it is awaited shows only the line that awaits it. */
export function throwToAwaiter(error: unknown): never {
  const isRefused = error instanceof CallError && error.callId === undefined;
  if (isRefused) throw startAt(error, throwToAwaiter);
  addStack(error, throwToAwaiter);
  throw error;
}

export function throwWithStack(error: unknown): never {
  addStack(error, throwWithStack);
  throw error;
}
