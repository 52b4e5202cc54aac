/**
 * Running: one program in flat form on one object, each step once, in order.
 *
 * It runs synchronously until a step yields a promise and asynchronously from there, so that a
 * target whose methods are synchronous answers in the same turn.
 */

import type { Frame } from './core.js';
import { CallError } from './errors.js';
import { ArgumentKind, StepKind } from './wasm/lumenize_call.js';

/** Reads the first property of a program from the object itself; decides what is exposed. */
export type ReadEntry = (self: object, name: string) => unknown;

/** On functions, these lead around the check of names. */
const REFUSED_ON_FUNCTIONS: ReadonlySet<string> = new Set(['call', 'apply', 'bind']);

/**
 * Runs the one program of a frame.
 *
 * @param outcome - What stands where a handler wants the outcome.
 * @returns What the last step yields, or a promise of it as soon as one step yields a promise.
 */
export function run(frame: Frame, self: object, readEntry: ReadEntry, outcome?: unknown): unknown {
  return new Run(frame, self, readEntry, outcome).start();
}

class Run {
  readonly #words: ArrayLike<number>;
  readonly #names: readonly string[];
  readonly #slots: readonly unknown[];
  readonly #readEntry: ReadEntry;
  readonly #outcome: unknown;
  /** The value of each step so far; value 0 is the object itself. */
  readonly #values: unknown[];
  /** What each value was read from: the `this` of a call. */
  readonly #receivers: unknown[] = [undefined];
  #at = 2;

  constructor(frame: Frame, self: object, readEntry: ReadEntry, outcome: unknown) {
    this.#words = frame.words;
    this.#names = frame.names;
    this.#slots = frame.slots;
    this.#values = [self];
    this.#readEntry = readEntry;
    this.#outcome = outcome;
  }

  start(): unknown {
    while (this.#at < this.#words.length) {
      const value = this.#step();
      if (this.#isAwaited(value)) return this.#finish(value);
      this.#values.push(value);
    }
    return this.#values.at(-1);
  }

  async #finish(first: PromiseLike<unknown>): Promise<unknown> {
    this.#values.push(await first);
    while (this.#at < this.#words.length) {
      const value = this.#step();
      this.#values.push(this.#isAwaited(value) ? await value : value);
    }
    return this.#values.at(-1);
  }

  /**
   * A promise is awaited before the next step. What an RPC stub yields is a promise and a path to
   * what lies behind it: as long as the next step follows that path, it costs no round trip.
   */
  #isAwaited(value: unknown): value is PromiseLike<unknown> {
    if (typeof value === 'object') {
      return value !== null && typeof (value as { then?: unknown }).then === 'function';
    }
    if (typeof value !== 'function' || !('then' in value)) return false;
    const kind = this.#words[this.#at];
    const isFollowed =
      (kind === StepKind.Get || kind === StepKind.Apply) &&
      this.#words[this.#at + 1] === this.#values.length;
    return !isFollowed;
  }

  #step(): unknown {
    const kind = this.#next();
    switch (kind) {
      case StepKind.Get:
        return this.#get(this.#next(), this.#nextName());
      case StepKind.Apply:
        return this.#apply(this.#next(), this.#arguments());
      case StepKind.Array:
        this.#receivers.push(undefined);
        return this.#arguments();
      case StepKind.Object:
        this.#receivers.push(undefined);
        return this.#object();
      default:
        throw new CallError('internal', `there is no step of kind ${kind}`);
    }
  }

  #get(of: number, name: string): unknown {
    const receiver = this.#values[of];
    this.#receivers.push(receiver);
    if (of === 0) return this.#readEntry(receiver as object, name);
    if (typeof receiver === 'function' && REFUSED_ON_FUNCTIONS.has(name)) {
      throw new CallError('not-callable', `'${name}' of a function is refused`);
    }
    if (receiver === undefined || receiver === null) {
      throw new TypeError(`cannot read '${name}' of ${receiver}`);
    }
    return (receiver as Record<string, unknown>)[name];
  }

  #apply(callee: number, args: unknown[]): unknown {
    const method = this.#values[callee];
    if (typeof method !== 'function') {
      throw new TypeError(`step ${callee} yields ${typeof method}, which cannot be called`);
    }
    this.#receivers.push(undefined);
    return Reflect.apply(method, this.#receivers[callee], args);
  }

  #object(): Record<string, unknown> {
    const entries: [string, unknown][] = [];
    for (let left = this.#next(); left > 0; left--) {
      entries.push([this.#nextName(), this.#argument(this.#next())]);
    }
    return Object.fromEntries(entries);
  }

  #arguments(): unknown[] {
    const args = new Array<unknown>(this.#next());
    for (let index = 0; index < args.length; index++) args[index] = this.#argument(this.#next());
    return args;
  }

  #argument(word: number): unknown {
    const number = word >>> ArgumentKind.Bits;
    switch (word & ((1 << ArgumentKind.Bits) - 1)) {
      case ArgumentKind.Slot:
        return this.#slots[number];
      case ArgumentKind.Value:
        return this.#values[number];
      default:
        return this.#outcome;
    }
  }

  #next(): number {
    return this.#words[this.#at++] as number;
  }

  #nextName(): string {
    return this.#names[this.#next()] as string;
  }
}
