/**
 * The one seam to the wasm core. Nothing else calls it, so this is the one place that turns what
 * the core refuses into a `CallError`, and the one that knows whether the core is loaded.
 */
import { CallError } from './errors.js';
import type * as Wasm from './wasm/lumenize_call.js';
import type { CallErrorCode, CallLimits } from './wasm/lumenize_call.js';

type Core = Pick<
  typeof Wasm,
  'encodeFrame' | 'decodeFrame' | 'checkLimits' | 'isCode' | 'PendingCalls'
>;

/** The table of pending calls that one object owns. It lives in wasm memory. */
export type PendingCalls = Wasm.PendingCalls;

/**
 * Programs in flat form: `words` refer to `names` by index and to `slots` by number. src/program.rs
 * describes the words.
 */
export interface Frame {
  readonly words: ArrayLike<number>;
  readonly names: readonly string[];
  /** Native values, untouched: they travel beside the frame by structured clone. */
  readonly slots: readonly unknown[];
}

const SEPARATOR = '\0';

let loaded: Core | undefined;

/** Hands the initialised core to the seam; an entry module does it once for each isolate. */
export function load(core: Core): void {
  loaded = core;
}

function core(): Core {
  return loaded ?? notLoaded();
}

function notLoaded(): never {
  throw new CallError(
    'internal',
    "the wasm core is not loaded: import '@lumenize/call', not one of its files",
  );
}

/** Encodes a frame as bytes. Throws `CallError` where a receiver would refuse it. */
export function encodeFrame({ words, names, slots }: Frame): Uint8Array {
  for (const name of names) {
    if (!name.isWellFormed()) {
      throw new CallError(
        'invalid-continuation',
        `the name ${JSON.stringify(name)} is not Unicode`,
      );
    }
  }
  const flat = Uint32Array.from(words);
  return guard(() => core().encodeFrame(flat, names.join(SEPARATOR), names.length, slots.length));
}

/** A frame that came in, checked. */
export interface ReceivedFrame extends Frame {
  /** The names that are read from the target itself: its class decides about them. */
  readonly entries: readonly string[];
}

/** The limits of one class, checked: opaque words. */
export type Limits = Uint32Array;

/** Checks the limits that a class sets. Throws `CallError` with code `invalid-option`. */
export function checkLimits(limits: CallLimits): Limits {
  return guard(() => core().checkLimits(limits));
}

/**
 * Decodes and checks bytes that anybody may have sent. Throws `CallError`; nothing has run.
 *
 * The core checks the size of a frame too, but wasm memory never shrinks: what is too large for
 * any class does not even cross.
 */
export function decodeFrame(
  bytes: unknown,
  slots: readonly unknown[],
  limits: Limits,
): ReceivedFrame {
  if (!(bytes instanceof Uint8Array)) {
    throw new CallError('protocol', 'a frame is a Uint8Array');
  }
  const [frameBytes] = limits as unknown as [number];
  if (bytes.byteLength > frameBytes) {
    throw new CallError(
      'limit-exceeded',
      `${bytes.byteLength} bytes in the frame, the limit is ${frameBytes}`,
    );
  }
  const [words, joined, indexes] = guard(() => core().decodeFrame(bytes, slots.length, limits));
  const names = joined.split(SEPARATOR);
  return { words, names, slots, entries: Array.from(indexes, (index) => names[index] as string) };
}

/** Whether a value off the wire is one of the codes. */
export function isCallErrorCode(value: unknown): value is CallErrorCode {
  return typeof value === 'string' && core().isCode(value);
}

/** A table without calls. */
export function createPendingCalls(): PendingCalls {
  return new (core().PendingCalls)();
}

/**
 * Runs a function of the core; what the core refuses becomes a `CallError`.
 *
 * @param place - What the core was asked about; it stands before the core's own sentence.
 */
export function guard<T>(run: () => T, place?: string): T {
  try {
    return run();
  } catch (thrown) {
    if (!Array.isArray(thrown)) throw thrown;
    const [code, message] = thrown as [CallErrorCode, string];
    throw new CallError(code, place === undefined ? message : `${place}: ${message}`);
  }
}
