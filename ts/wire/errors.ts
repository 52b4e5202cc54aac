/** The `CallError` of this package. */
import type { CallErrorCode } from '../wasm/lumenize_call.js';
import { explain } from './explain.js';
import { kindOf, tryToRead } from './text.js';

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
 * A failure of a call itself, as opposed to an error that the remote method throws.
 *
 * `code` is one of a closed set; docs/errors.md says for each when it comes and what to do.
 */
export class CallError extends Error {
  static {
    // biome-ignore lint/complexity/noThisInStatic: a name on the prototype, as built-in errors have it
    this.prototype.name = 'CallError';
    // Minifiers rename classes, and the console shows the name of an error's class.
    // biome-ignore lint/complexity/noThisInStatic: see above
    Object.defineProperty(this, 'name', { value: 'CallError' });
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

  /**
   * The error as data, for structured logs: what `JSON.stringify` writes. It never throws, and follows
   * causes five levels deep; a value in it that is an object becomes text, as `explain` writes it.
   */
  toJSON(): Record<string, unknown> {
    return asJson(this, MOST_CAUSES) as Record<string, unknown>;
  }
}

/** Causes that are followed: they may have no end, or cause each other in a circle. */
const MOST_CAUSES = 5;

/** Any value as JSON data. It never throws. */
function asJson(value: unknown, causesLeft: number): unknown {
  try {
    if (!(value instanceof Error)) return plain(value);
    const json = (key: string): unknown => plain(tryToRead(value, key)?.value);
    const ofCall = value instanceof CallError && {
      target: { binding: json('binding'), instance: json('instance') },
      operation: json('operation'),
      callId: json('callId'),
      mayHaveRun: json('mayHaveRun'),
    };
    const cause =
      causesLeft > 0 ? asJson(tryToRead(value, 'cause')?.value, causesLeft - 1) : undefined;
    return { name: json('name'), code: json('code'), message: json('message'), ...ofCall, cause };
  } catch {
    return kindOf(value);
  }
}

function plain(value: unknown): unknown {
  const isData = value === null || ['string', 'number', 'boolean'].includes(typeof value);
  return isData || value === undefined ? value : explain(value);
}

/** The target of a call as text: `USERS/main`. */
export function placeOf({ binding, instance }: CallErrorDetails): string {
  return instance === undefined ? `${binding}` : `${binding}/${instance}`;
}

/** What cannot be a continuation that is run. */
export function invalidContinuation(message: string): CallError {
  return new CallError('invalid-continuation', message);
}

/** What cannot be an option. */
export function invalidOption(message: string, cause?: unknown): CallError {
  return new CallError('invalid-option', message, cause === undefined ? {} : { cause });
}
