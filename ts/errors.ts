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
const CARRIED: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'cause']);

/** Errors that one failure carries at most: causes may be endless, and refer to each other. */
const MOST_ERRORS = 100;

/** Makes data of anything that was thrown. It never throws itself. */
export function encodeError(thrown: unknown, budget = { left: MOST_ERRORS }): EncodedError {
  if (!(thrown instanceof Error)) {
    const copy = copyOf(thrown);
    return { thrown: copy ? copy.value : textOf(thrown) };
  }
  budget.left -= 1;
  const nested = (value: unknown): EncodedError => encodeError(value, budget);
  const errors = thrown instanceof AggregateError ? read(thrown, 'errors') : undefined;
  const stack: unknown = read(thrown, 'stack');
  return {
    name: textOf(read(thrown, 'name')),
    message: textOf(read(thrown, 'message')),
    stack: typeof stack === 'string' ? stack : undefined,
    properties: propertiesOf(thrown, errors ? 'errors' : undefined),
    ...('cause' in thrown && budget.left > 0 ? { cause: nested(read(thrown, 'cause')) } : {}),
    ...(Array.isArray(errors) ? { errors: errors.slice(0, budget.left).map(nested) } : {}),
  };
}

function propertiesOf(error: Error, except: string | undefined): Record<string, unknown> {
  const properties: Record<string, unknown> = {};
  for (const key of Object.keys(error)) {
    if (CARRIED.has(key) || key === except) continue;
    const copy = copyOf(read(error, key));
    if (copy) define(properties, key, copy.value);
  }
  return properties;
}

/**
 * Makes an error of what a callee sent.
 *
 * @param details - The call that failed.
 * @throws `TypeError` where it is not what `encodeError` makes.
 */
export function decodeError(encoded: EncodedError, details: CallErrorDetails): Error {
  if ('thrown' in encoded) {
    const { operation, binding } = details;
    return new CallError(
      'remote-threw',
      `${operation} on ${binding} threw ${textOf(encoded.thrown)}, which is not an Error`,
      { ...details, cause: encoded.thrown },
    );
  }
  const error = construct(encoded, details);
  if ('cause' in encoded) define(error, 'cause', decodeNested(encoded.cause), false);
  for (const [key, value] of Object.entries(encoded.properties)) {
    // What a `CallError` does not know about itself, this side has put there. Whether anything
    // has run is a question about this call, whatever the error says of another.
    const isOurs = error instanceof CallError && (value === undefined || key === 'mayHaveRun');
    if (!isOurs) define(error, key, value);
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
  const error = errors
    ? new AggregateError(errors.map(decodeNested), message)
    : new (classes.get(name) ?? Error)(message);
  if (error.name !== name) define(error, 'name', name, false);
  return error;
}

/** A cause, or one of several errors: it is not about this call. */
function decodeNested(encoded: EncodedError | undefined): unknown {
  if (encoded === undefined) return undefined;
  return 'thrown' in encoded ? encoded.thrown : decodeError(encoded, { mayHaveRun: true });
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

/**
 * What structured clone makes of a value; `undefined` where it refuses. The copy is sent, not the
 * value: Workers RPC refuses instances of classes, of which the copy has the data.
 */
function copyOf(value: unknown): { readonly value: unknown } | undefined {
  try {
    return { value: structuredClone(value) };
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string {
  try {
    return typeof value === 'string' ? value : String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}
