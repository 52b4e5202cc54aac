/** Any value as text: looking at one may run its own code, and may throw. */

/** A property, or nothing where its getter throws. */
export function tryToRead(from: object, key: string): { readonly value: unknown } | undefined {
  try {
    return { value: (from as Record<string, unknown>)[key] };
  } catch {
    return undefined;
  }
}

/**
 * Any value as text. It never throws, though the value's own methods may, and it is no longer than what
 * there is: arrays are only counted, since they may hold each other many times over.
 */
export function textOf(value: unknown): string {
  try {
    if (value instanceof Error) return textOfError(value);
    if (Array.isArray(value)) return `an array of ${value.length}`;
    // Converting a stub would call its object.
    if (typeof value === 'function') return Function.prototype.toString.call(value);
    if (ArrayBuffer.isView(value)) return `${kindOf(value)} of ${value.byteLength} bytes`;
    if (value instanceof BigInt) return textOfBigInt(BigInt.prototype.valueOf.call(value));
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

/** UTF-16 code units of what a sentence shows of a value. */
export const MOST_SHOWN = 1_000;

function textOfError({ name, message }: Error): string {
  return [name, message]
    .filter((part) => typeof part === 'string' && part !== '')
    .map((part) => cut(part, MOST_SHOWN))
    .join(': ');
}

/** Writing a bigint takes time quadratic in its length. */
function textOfBigInt(value: bigint): string {
  return BigInt.asIntN(BITS_SHOWN, value) === value ? `${value}` : 'a large bigint';
}

const BITS_SHOWN = 1_024;

/** A text, up to so many UTF-16 code units of it. */
export function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

/** UTF-16 code units of an error in the log: many calls may fail with one long text. */
const MOST_LOGGED = 10_000;

/** An error as the log shows it. */
export function loggable(error: unknown): unknown {
  const stack = error instanceof Error ? tryToRead(error, 'stack')?.value : undefined;
  return typeof stack === 'string' && stack.length > MOST_LOGGED ? cut(stack, MOST_LOGGED) : error;
}
