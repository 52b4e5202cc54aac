/** The work of built-in methods for a caller, which each program may use only so much of. */

import { ChainLimit, MessageLimit } from '../wasm/lumenize_call.js';
import { Looks } from '../wire/dispose.js';
import { guards } from './reach.js';
import { Kind, shapeOf } from './shapes.js';

/** What the calls of one message have cost their target. */
export class Effort {
  /** What they may look at in search of stubs that they passed through. */
  readonly looks = new Looks(ChainLimit.Items);
  /** Bytes that built-in methods have processed, and of results, since others were let in. */
  #bytes = 0;
  /** Calls that have begun since then. */
  #calls = 0;

  add(bytes: number): void {
    this.#bytes += bytes;
  }

  addCall(): void {
    this.#calls += 1;
  }

  /** Whether it is time to let others in. */
  get isGreat(): boolean {
    return this.#calls >= CALLS_OF_A_TURN || this.hasManyBytes;
  }

  /** Whether what is ready should leave before others are let in. */
  get hasManyBytes(): boolean {
    return this.#bytes > MessageLimit.Bytes;
  }

  begin(): void {
    this.#bytes = 0;
    this.#calls = 0;
  }
}

/**
 * Calls that begin in a row. It is a number and no time, since the clock of a Worker stands still while code runs. To
 * let others in takes as long as some twenty calls.
 */
export const CALLS_OF_A_TURN = 200;

/**
 * Bytes that a call of a built-in method processes. It reads its arguments, as a key
 * or a number, and may compare the sought value at each place. A list counts with its stated length,
 * whatever it holds.
 */
export function costOf(method: object, receiver: unknown, args: readonly unknown[]): number {
  const goesThrough = guards.get(method);
  if (goesThrough === undefined) return 0;
  const ofArguments = args.reduce((sum: number, each) => sum + bytesOf(each), 0);
  if (!goesThrough) return ofArguments;
  const { length = 0, byteLength } = receiver as { length?: number; byteLength?: number };
  const ofAPlace = typeof receiver === 'string' ? 2 : BYTES_OF_AN_ITEM;
  const looked = byteLength ?? length * Math.max(ofAPlace, ofArguments / COMPARED_AT_ONCE);
  return ofArguments + looked;
}

/** Bytes that are compared in the time of reading one. */
const COMPARED_AT_ONCE = 16;

const BYTES_OF_AN_ITEM = 8;

/** The size of a primitive value that may be long. */
function bytesOf(value: unknown): number {
  if (typeof value === 'string') return 2 * value.length;
  return typeof value === 'bigint' ? value.toString(HEXADECIMAL).length : 0;
}

const HEXADECIMAL = 16;

/** Kinds whose strings the runtime creates on each read. */
const MAKE_TEXTS: ReadonlySet<Kind> = new Set([
  Kind.Error,
  Kind.Headers,
  Kind.Request,
  Kind.Response,
  Kind.Blob,
]);

/** Bytes of a string that was read from a value, unless the value holds it already. */
export function costOfText(text: string, receiver: unknown): number {
  return MAKE_TEXTS.has(shapeOf(receiver).kind) ? bytesOf(text) : 0;
}
