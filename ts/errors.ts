/**
 * Errors as values: the `CallError` of this package, and how any error crosses from the callee to
 * the caller as data, independent of what the runtime makes of thrown errors.
 */
import { isCallErrorCode } from './core.js';
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

/** The built-in classes that arrive as themselves. A name off the wire is looked up only here. */
const classes: ReadonlyMap<string, new (message: string) => Error> = new Map(
  [Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError].map(
    (builtIn) => [builtIn.name, builtIn],
  ),
);

/** A thrown thing as data: an error, or any other value. */
export type EncodedError =
  | { readonly thrown: unknown }
  | {
      readonly name: string;
      readonly message: string;
      readonly stack: string | undefined;
      /** Own enumerable properties that structured clone can carry. */
      readonly properties: Readonly<Record<string, unknown>>;
      readonly cause?: EncodedError | undefined;
      /** The errors of an `AggregateError`. */
      readonly errors?: readonly EncodedError[] | undefined;
    };

/** Own properties that are carried by name, or that an error has anyway. */
const CARRIED: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'cause', 'errors']);

/** Causes and errors deeper than this are left out: a chain may be endless. */
const DEEPEST_CAUSE = 32;

/** Makes data of anything that was thrown. It never throws itself. */
export function encodeError(thrown: unknown, depth = 0): EncodedError {
  if (!(thrown instanceof Error)) return { thrown: isCloneable(thrown) ? thrown : textOf(thrown) };
  const properties: Record<string, unknown> = {};
  for (const key of Object.keys(thrown)) {
    if (CARRIED.has(key)) continue;
    const value = read(thrown, key);
    if (isCloneable(value)) define(properties, key, value);
  }
  const nested = (value: unknown): EncodedError => encodeError(value, depth + 1);
  const isDeepest = depth >= DEEPEST_CAUSE;
  const errors: unknown = read(thrown, 'errors');
  const stack: unknown = read(thrown, 'stack');
  return {
    name: textOf(read(thrown, 'name')),
    message: textOf(read(thrown, 'message')),
    stack: typeof stack === 'string' ? stack : undefined,
    properties,
    ...('cause' in thrown && !isDeepest ? { cause: nested(read(thrown, 'cause')) } : {}),
    ...(thrown instanceof AggregateError && Array.isArray(errors) && !isDeepest
      ? { errors: errors.map(nested) }
      : {}),
  };
}

/**
 * Makes an error of what a callee sent.
 *
 * @param details - The call that failed: for the `CallError` that a thrown non-error becomes.
 * @throws `TypeError` where it is not what `encodeError` makes.
 */
export function decodeError(encoded: EncodedError, details: CallErrorDetails): Error {
  if ('thrown' in encoded) {
    const { operation, binding } = details;
    return new CallError(
      'remote-threw',
      `${operation} on ${binding} threw ${textOf(encoded.thrown)}, which is not an Error`,
      { ...details, mayHaveRun: true, cause: encoded.thrown },
    );
  }
  const error = construct(encoded, details);
  if ('cause' in encoded) define(error, 'cause', decodeNested(encoded.cause, details), false);
  for (const [key, value] of Object.entries(encoded.properties)) {
    // What a `CallError` does not know about itself, this side has put there.
    if (value !== undefined || !Object.hasOwn(error, key)) define(error, key, value);
  }
  if (encoded.stack !== undefined) define(error, 'stack', encoded.stack, false);
  return error;
}

type Encoded = Exclude<EncodedError, { readonly thrown: unknown }>;

function construct(encoded: Encoded, details: CallErrorDetails): Error {
  const { name, message, errors, properties } = encoded;
  if (typeof name !== 'string' || typeof message !== 'string') {
    throw new TypeError('an error has a name and a message');
  }
  const code = properties['code'];
  if (name === 'CallError' && isCallErrorCode(code)) return new CallError(code, message, details);
  if (errors) {
    const decoded = errors.map((inner) => decodeNested(inner, details));
    const aggregate = new AggregateError(decoded, message);
    if (name !== aggregate.name) define(aggregate, 'name', name, false);
    return aggregate;
  }
  const error = new (classes.get(name) ?? Error)(message);
  if (error.name !== name) define(error, 'name', name, false);
  return error;
}

function decodeNested(encoded: EncodedError | undefined, details: CallErrorDetails): unknown {
  if (encoded === undefined) return undefined;
  return 'thrown' in encoded ? encoded.thrown : decodeError(encoded, details);
}

/** A property of the value itself, whatever its name: an assignment could reach a prototype. */
function define(target: object, key: string, value: unknown, enumerable = true): void {
  Object.defineProperty(target, key, { value, enumerable, configurable: true, writable: true });
}

/** A property, or nothing where its getter throws. */
function read(from: object, key: string): unknown {
  try {
    return (from as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

function isCloneable(value: unknown): boolean {
  if (typeof value === 'function' || typeof value === 'symbol') return false;
  if (typeof value !== 'object' || value === null) return true;
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}

function textOf(value: unknown): string {
  try {
    return typeof value === 'string' ? value : String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}
