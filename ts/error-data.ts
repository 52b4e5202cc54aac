/**
 * Errors as data: how any error crosses from the callee to the caller, independent of what the
 * runtime makes of thrown errors.
 */
import { isCallErrorCode } from './core.js';
import { classNameOf, createError } from './error-classes.js';
import { CallError, type CallErrorDetails, placeOf, textOf } from './errors.js';

/** A thrown thing as data: an error, or any other value. */
export type EncodedError = { readonly thrown: unknown } | ErrorData;

/** Errors may cause each other in a circle: so does the data, which structured clone can carry. */
interface ErrorData {
  /** The error's own class, if it is one that both sides may know. */
  readonly class: string | undefined;
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Own enumerable properties that structured clone can carry. */
  readonly properties: Readonly<Record<string, unknown>>;
  cause?: EncodedError;
  /** The errors of an `AggregateError`. */
  errors?: readonly EncodedError[];
}

/** Own properties that are carried by name, or that an error has anyway. */
const CARRIED: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'cause']);

/** Errors that one failure carries at most: a getter may invent causes without end. */
const MOST_ERRORS = 100;

/** Makes data of anything that was thrown. It never throws itself. */
export function encodeError(thrown: unknown, known = new Map<unknown, ErrorData>()): EncodedError {
  try {
    return isError(thrown) ? encodeObject(thrown, known) : encodeValue(thrown);
  } catch {
    // A proxy may refuse every question.
    return { thrown: 'a value that cannot be read' };
  }
}

function encodeValue(thrown: unknown): EncodedError {
  // Nobody else looks at what becomes of a promise that was thrown.
  if (thrown instanceof Promise) thrown.catch(() => {});
  const copy = copyOf(thrown);
  return { thrown: copy ? copy.value : textOf(thrown) };
}

function encodeObject(error: Error, known: Map<unknown, ErrorData>): EncodedError {
  const before = known.get(error);
  if (before) return before;
  const stack = read(error, 'stack')?.value;
  const errors = error instanceof AggregateError ? read(error, 'errors')?.value : undefined;
  const encoded: ErrorData = {
    class: classNameOf(error),
    name: textOf(read(error, 'name')?.value),
    message: textOf(read(error, 'message')?.value),
    stack: typeof stack === 'string' ? stack : undefined,
    properties: propertiesOf(error, errors ? 'errors' : undefined),
  };
  known.set(error, encoded);
  const hasRoom = (): boolean => known.size < MOST_ERRORS;
  const cause = 'cause' in error && hasRoom() ? read(error, 'cause') : undefined;
  if (cause) encoded.cause = encodeError(cause.value, known);
  if (Array.isArray(errors)) {
    const first = errors.slice(0, MOST_ERRORS);
    encoded.errors = first.flatMap((each) => (hasRoom() ? [encodeError(each, known)] : []));
  }
  return encoded;
}

/** An error of another realm is no instance of this one's `Error`. */
function isError(value: unknown): value is Error {
  const { isError: isOfAnyRealm } = Error as { isError?: (value: unknown) => boolean };
  return value instanceof Error || isOfAnyRealm?.(value) === true;
}

function propertiesOf(error: Error, except: string | undefined): Record<string, unknown> {
  const properties: Record<string, unknown> = {};
  for (const key of Object.keys(error)) {
    if (CARRIED.has(key) || key === except) continue;
    const property = read(error, key);
    const copy = property && copyOf(property.value);
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
  const operation = `${details.operation} on ${placeOf(details)}`;
  if ('thrown' in encoded) {
    const message = `${operation} threw ${textOf(encoded.thrown)}, which is not an Error`;
    return new CallError('remote-threw', message, { ...details, cause: encoded.thrown });
  }
  const error = decodeObject(encoded, details, new Map());
  define(error, 'stack', `${error.stack}\n    at remote call ${operation}`, false);
  return error;
}

/** A cause, or one of several errors: it is not about this call. */
function decodeNested(encoded: EncodedError, known: Map<ErrorData, Error>): unknown {
  return 'thrown' in encoded ? encoded.thrown : decodeObject(encoded, { mayHaveRun: true }, known);
}

function decodeObject(
  encoded: ErrorData,
  details: CallErrorDetails,
  known: Map<ErrorData, Error>,
): Error {
  const before = known.get(encoded);
  if (before) return before;
  const error = construct(encoded, details);
  known.set(encoded, error);
  const { cause, errors, stack } = encoded;
  if (cause) define(error, 'cause', decodeNested(cause, known), false);
  if (errors)
    define(
      error,
      'errors',
      errors.map((each) => decodeNested(each, known)),
      false,
    );
  for (const [key, value] of Object.entries(encoded.properties)) {
    // What a `CallError` does not know about itself, this side has put there. Whether anything
    // has run is a question about this call, whatever the error says of another.
    const isOurs = error instanceof CallError && (value === undefined || key === 'mayHaveRun');
    if (!isOurs) define(error, key, value);
  }
  if (stack !== undefined) define(error, 'stack', stack, false);
  return error;
}

function construct(encoded: ErrorData, details: CallErrorDetails): Error {
  const { name, message, properties, class: className = name } = encoded;
  if (typeof name !== 'string' || typeof message !== 'string') {
    throw new TypeError('an error has a name and a message');
  }
  const code = properties['code'];
  if (name === 'CallError' && isCallErrorCode(code)) return new CallError(code, message, details);
  const error = createError(className, name, message);
  // A getter of the user's may need what only the constructor sets up.
  if (read(error, 'name')?.value !== name) define(error, 'name', name, false);
  return error;
}

/** A property of the value itself, whatever its name: an assignment could reach a prototype. */
function define(target: object, key: string, value: unknown, enumerable = true): void {
  Object.defineProperty(target, key, { value, enumerable, configurable: true, writable: true });
}

/** A property, or nothing where its getter throws. */
function read(from: object, key: string): { readonly value: unknown } | undefined {
  try {
    return { value: (from as Record<string, unknown>)[key] };
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
