/** What an awaited call rejects with. */
import { CallError } from '../wire/errors.js';
import { addStack, startAt } from '../wire/stack.js';

/** Whether a promise would wait for a value, or take an outcome from it, instead of holding it. */
export function isThenable(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}

/** What was refused when it was awaited has nobody else's line in its stack than that of who waits. */
export function throwToAwaiter(error: unknown): never {
  const isRefused = error instanceof CallError && error.callId === undefined;
  if (isRefused) throw startAt(error, throwToAwaiter);
  return throwWithStack(error);
}

export function throwWithStack(error: unknown): never {
  addStack(error, throwWithStack);
  throw error;
}
