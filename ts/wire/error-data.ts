/**
 * Errors as data: how any error crosses from the callee to the caller, independent of what the
 * runtime makes of thrown errors.
 */
import { isObject, isPlainObject } from '../runtime/kinds.js';
import { ErrorLimit } from '../wasm/lumenize_call.js';
import { isCallErrorCode } from './core.js';
import { classNameOf, createError } from './error-classes.js';
import { Carried, copyOf, cutText, received } from './error-values.js';
import { CallError, type CallErrorDetails, placeOf } from './errors.js';
import { define } from './reading.js';
import { fold, withCallIn } from './stack.js';
import { cut, MOST_SHOWN, textOf, tryToRead } from './text.js';

/** A thrown value as data: an error, or anything else. */
export type EncodedError = { readonly thrown: unknown } | ErrorData;

/** Errors may cause each other in a circle. The data does the same, and structured clone carries it. */
interface ErrorData {
  /** The error's own class, if it is one that both sides may know. */
  readonly class: string | undefined;
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Own properties that structured clone can carry, enumerable or not. */
  properties: Readonly<Record<string, unknown>>;
  /** Own properties that are errors: each arrives as one. */
  nested?: Record<string, EncodedError>;
  cause?: EncodedError;
  /** The errors of an `AggregateError`. */
  errors?: readonly EncodedError[];
}

/** Own properties that travel under fields of their own, as text. */
const CARRIED: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'cause']);

/** Properties of a `CallError` that the caller does not adopt. */
const NOT_CARRIED: ReadonlySet<string> = new Set(['mayHaveRun', 'toJSON']);

/** One failure in the making: the errors in it that are known, and what they carry. */
interface Encoding {
  readonly known: Map<unknown, ErrorData>;
  readonly carried: Carried;
}

/** Makes data of anything that was thrown. It never throws itself. */
export function encodeError(thrown: unknown): EncodedError {
  const encoding = { known: new Map(), carried: new Carried() };
  const encoded = encodePart(thrown, encoding);
  encoding.carried.give();
  return encoded;
}

function encodePart(thrown: unknown, encoding: Encoding): EncodedError {
  try {
    return isError(thrown) ? encodeObject(thrown, encoding) : encodeValue(thrown);
  } catch {
    // A proxy may refuse every question.
    return { thrown: 'a value that cannot be read' };
  }
}

function encodeValue(thrown: unknown): EncodedError {
  // No other code handles a thrown promise that rejects.
  if (thrown instanceof Promise) thrown.catch(() => {});
  const copy = copyOf(thrown);
  return { thrown: copy ? copy.value : textOf(thrown) };
}

function encodeObject(error: Error, encoding: Encoding): EncodedError {
  const { known } = encoding;
  const before = known.get(error);
  if (before) return before;
  const stack = tryToRead(error, 'stack')?.value;
  const isException = error instanceof DOMException;
  const className = classNameOf(error) ?? (isException ? DOMException.name : undefined);
  const name = textIn(error, 'name') ?? className ?? 'Error';
  const message = textIn(error, 'message') ?? '';
  const encoded: ErrorData = {
    class: className,
    name,
    message,
    stack: typeof stack === 'string' ? fold(cutText(stack), message) : undefined,
    properties: {},
  };
  known.set(error, encoded);
  const cause = 'cause' in error && hasRoom(known) ? tryToRead(error, 'cause') : undefined;
  if (cause) encoded.cause = encodePart(cause.value, encoding);
  const errors = error instanceof AggregateError ? tryToRead(error, 'errors')?.value : undefined;
  if (Array.isArray(errors)) {
    const first = errors.slice(0, ErrorLimit.Errors);
    encoded.errors = first.flatMap((each) => (hasRoom(known) ? [encodePart(each, encoding)] : []));
  }
  encodeProperties(error, encoded, encoding);
  return encoded;
}

function encodeProperties(error: Error, encoded: ErrorData, encoding: Encoding): void {
  for (const key of Object.getOwnPropertyNames(error)) {
    if (CARRIED.has(key) || (key === 'errors' && encoded.errors)) continue;
    const property = tryToRead(error, key);
    if (!property) continue;
    if (!isError(property.value)) encoding.carried.add(encoded, key, property.value);
    else if (hasRoom(encoding.known)) {
      encoded.nested ??= {};
      define(encoded.nested, key, encodePart(property.value, encoding));
    }
  }
}

/** A property as text; nothing where it is not there. */
function textIn(error: Error, key: 'name' | 'message'): string | undefined {
  const value = tryToRead(error, key)?.value;
  return value === undefined || value === null ? undefined : cutText(textOf(value));
}

function hasRoom(known: ReadonlyMap<unknown, unknown>): boolean {
  return known.size < ErrorLimit.Errors;
}

/** An error of another realm is not an instance of this realm's `Error`. */
function isError(value: unknown): value is Error {
  const { isError: isOfAnyRealm } = Error as { isError?: (value: unknown) => boolean };
  return value instanceof Error || isOfAnyRealm?.(value) === true;
}

/** Where an error came from. */
export interface Origin {
  /** The id that Workers RPC reports with an error from the target. */
  durableObjectIdWith(error: Error): string | undefined;
}

/**
 * Makes an error from a callee's answer, which may be anything.
 *
 * @param details - The call that failed.
 * @param origin - What Workers RPC says with what a method threw; `undefined` for a refusal.
 * @throws `TypeError` where it is not what `encodeError` makes.
 */
export function decodeError(
  sent: unknown,
  details: CallErrorDetails,
  origin: Origin | undefined,
): Error {
  const encoded = received(sent);
  if (isThrown(encoded)) {
    const operation = `${details.operation} on ${placeOf(details)}`;
    const thrown = shownOf(encoded.thrown);
    const message = `${operation} threw ${thrown}, which is not an Error`;
    const error = new CallError('remote-threw', message, { ...details, cause: encoded.thrown });
    return withCallIn(error, details);
  }
  const error = decodeObject(encoded, details, new Map());
  // What is refused before anything runs has only this package in its stack, and so has what came without.
  const hasOwn = typeof (encoded as ErrorData).stack === 'string';
  const isOurs = !origin && error instanceof CallError;
  withCallIn(error, details, hasOwn && !isOurs ? error.stack : undefined);
  // Not enumerable: an error's origin is not part of its content.
  if (origin) define(error, 'remote', true, false);
  const id = origin?.durableObjectIdWith(error);
  if (id !== undefined) define(error, 'durableObjectId', id, false);
  return error;
}

/** The text of a thrown value in a sentence. Calls may share a value whose text takes long to make. */
function shownOf(thrown: unknown): string {
  const isShared = isObject(thrown);
  const before = isShared ? shown.get(thrown) : undefined;
  const text = before ?? cut(textOf(thrown), MOST_SHOWN);
  if (isShared) shown.set(thrown, text);
  return text;
}

const shown = new WeakMap<object, string>();

function isThrown(encoded: unknown): encoded is { readonly thrown: unknown } {
  return isPlainObject(encoded) && Object.hasOwn(encoded, 'thrown');
}

/**
 * Decodes a cause, or one of several errors, which does not concern this call. Where calls share it, they share
 * the error.
 */
function decodeNested(encoded: unknown, known: Map<object, Error>): unknown {
  if (isThrown(encoded)) return encoded.thrown;
  const before = nested.get(encoded as object);
  if (before) return before;
  const error = decodeObject(encoded, { mayHaveRun: true }, known);
  nested.set(encoded as object, error);
  return error;
}

/** Errors inside of others that have been decoded. */
const nested = new WeakMap<object, Error>();

function decodeObject(
  encoded: unknown,
  details: CallErrorDetails,
  known: Map<object, Error>,
): Error {
  if (!hasRoom(known)) throw new TypeError('there are too many errors');
  const data = checked(encoded);
  const before = known.get(data);
  if (before) return before;
  const { name, message, class: className = name, properties, errors } = data;
  const error = construct(name, message, className, properties['code'], details);
  known.set(data, error);
  if (data.cause !== undefined) define(error, 'cause', decodeNested(data.cause, known), false);
  if (errors) {
    // Counts the items, whatever length the array claims.
    const first = Object.values(errors.slice(0, ErrorLimit.Errors));
    const decoded = first.map((each) => decodeNested(each, known));
    define(error, 'errors', decoded, false);
  }
  for (const [key, value] of entriesOf(properties)) addProperty(error, key, value);
  for (const [key, value] of entriesOf(data.nested ?? {})) {
    define(error, key, decodeNested(value, known));
  }
  if (typeof data.stack === 'string') define(error, 'stack', data.stack, false);
  return error;
}

/** Bytes and texts have as many properties as they are long, so each part has to be of its kind. */
function checked(encoded: unknown): ErrorData {
  if (!isPlainObject(encoded)) throw new TypeError('an error is an object');
  const { name, message, properties, errors, nested = {} } = encoded as Partial<ErrorData>;
  if (typeof name !== 'string' || typeof message !== 'string') {
    throw new TypeError('an error has a name and a message');
  }
  const isErrors = errors === undefined || Array.isArray(errors);
  if (!isPlainObject(properties) || !isPlainObject(nested) || !isErrors) {
    throw new TypeError('what an error has is of other kinds');
  }
  return encoded as unknown as ErrorData;
}

/** Own properties of an error. A target may send them once for many errors. */
function entriesOf(members: object): Entries {
  const before = shared.get(members);
  if (before) return before;
  const entries = Object.entries(members)
    .slice(0, ErrorLimit.Properties)
    .filter(([key]) => !CARRIED.has(key));
  shared.set(members, entries.slice(0, ErrorLimit.SharedProperties));
  return entries;
}

type Entries = [key: string, value: unknown][];

/** Of those that have been read before. */
const shared = new WeakMap<object, Entries>();

function addProperty(error: Error, key: string, value: unknown): void {
  // This side sets the details that a `CallError` lacks. Whether anything has run
  // concerns this call, whatever the error says about another. `toJSON` is a method.
  if (error instanceof CallError && (value === undefined || NOT_CARRIED.has(key))) return;
  define(error, key, value);
}

function construct(
  name: string,
  message: string,
  className: unknown,
  code: unknown,
  details: CallErrorDetails,
): Error {
  if (name === 'CallError' && isCallErrorCode(code)) return new CallError(code, message, details);
  const error = createError(className, name, message);
  // A user's getter may need state that only the constructor sets up.
  if (tryToRead(error, 'name')?.value !== name) define(error, 'name', name, false);
  return error;
}
