/** The `CallError` of this package. */
import type { CallErrorCode } from './wasm/lumenize_call.js';

/** What is known about the call that an error belongs to. */
export interface CallErrorDetails {
  /** The name of the binding that was called. */
  readonly binding?: string | undefined;
  /** The name or id of the instance; `undefined` for a Worker entrypoint. */
  readonly instance?: string | undefined;
  /** What was called, as `explain` writes it. */
  readonly operation?: string | undefined;
  /** The id of the call in its object; `CallHandle.id`. */
  readonly callId?: number | undefined;
  /** Whether the remote method may have run, or may still run. Default: `false`. */
  readonly mayHaveRun?: boolean | undefined;
  /** The original error or value. */
  readonly cause?: unknown;
}

/**
 * What goes wrong with a call itself, as opposed to what the remote method throws.
 *
 * `code` is one of a closed set; docs/errors.md says for each when it comes and what to do.
 */
export class CallError extends Error {
  static {
    // biome-ignore lint/complexity/noThisInStatic: a name on the prototype, as built-in errors have it
    this.prototype.name = 'CallError';
  }

  readonly code: CallErrorCode;
  readonly binding: string | undefined;
  readonly instance: string | undefined;
  readonly operation: string | undefined;
  readonly callId: number | undefined;
  readonly mayHaveRun: boolean;

  constructor(code: CallErrorCode, message: string, details: CallErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined);
    this.code = code;
    this.binding = details.binding;
    this.instance = details.instance;
    this.operation = details.operation;
    this.callId = details.callId;
    this.mayHaveRun = details.mayHaveRun ?? false;
  }
}

/**
 * Adds to an error's stack where it surfaces. An engine follows `await` from the new error back to
 * whoever waits, at no cost to the calls that succeed.
 */
export function addStackOf(here: Error, error: unknown): void {
  const frames = here.stack?.indexOf('\n') ?? -1;
  if (!(error instanceof Error) || frames < 0) return;
  const value = `${error.stack}${here.stack?.slice(frames)}`;
  Object.defineProperty(error, 'stack', { value, configurable: true, writable: true });
}

/** The target of a call as text: `USERS/main`. */
export function placeOf({ binding, instance }: CallErrorDetails): string {
  return instance === undefined ? `${binding}` : `${binding}/${instance}`;
}

/**
 * Any value as text. It never throws, though the value's own methods may, and it is no longer than what
 * there is: arrays are only counted, since they may hold each other many times over.
 */
export function textOf(value: unknown): string {
  try {
    if (value instanceof Error) return textOfError(value);
    if (Array.isArray(value)) return `an array of ${value.length}`;
    // A stub would ask its object.
    if (typeof value === 'function') return Function.prototype.toString.call(value);
    return typeof value === 'bigint' ? textOfBigInt(value) : String(value);
  } catch {
    return kindOf(value);
  }
}

/** What the language says of a value, such as `[object Object]`. It never throws. */
export function kindOf(value: unknown): string {
  try {
    return Object.prototype.toString.call(value);
  } catch {
    return 'a value that cannot be read';
  }
}

function textOfError({ name, message }: Error): string {
  return [name, message].filter((part) => typeof part === 'string' && part !== '').join(': ');
}

/** To write one out takes the square of its length. */
function textOfBigInt(value: bigint): string {
  return BigInt.asIntN(BITS_SHOWN, value) === value ? `${value}` : 'a large bigint';
}

const BITS_SHOWN = 1_024;
