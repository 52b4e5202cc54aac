/**
 * Running: one program in flat form on one object, each step once, in order.
 *
 * It runs synchronously until a step yields a promise and asynchronously from there, so that a
 * target whose methods are synchronous answers in the same turn.
 */

import type { Method, Program } from './core.js';
import { CallError } from './errors.js';
import { release } from './outcome.js';
import { ArgumentKind, StepKind } from './wasm/lumenize_call.js';

/** Reads a property of anything that is neither `undefined` nor `null`; `self` is what the program runs on. */
export type Read = (receiver: object, name: string, self: object) => unknown;

/** Reads what has been checked, or need not be: a handler is the object's own, and may use every member. */
export function readAny(receiver: object, name: string): unknown {
  return (receiver as Record<string, unknown>)[name];
}

/**
 * Runs a program.
 *
 * @param slots - Its native values, from `firstSlot` on.
 * @param read - How properties are read: it decides what the program reaches.
 * @param outcome - What stands where a handler wants the outcome.
 * @returns What the last step yields, or a promise of it as soon as one step yields a promise.
 */
export function run(
  program: Program,
  slots: readonly unknown[],
  firstSlot: number,
  self: object,
  read: Read,
  outcome?: unknown,
): unknown {
  program.method ??= methodOf(program);
  if (program.method) return callMethod(program.method, slots, firstSlot, self, read, outcome);
  return new Run(program, slots, firstSlot, self, read, outcome).start();
}

/** Where a program of one method call, `GET 0 name` and `APPLY 1 count …`, has what differs. */
enum Word {
  StepCount = 1,
  First = 2,
  Name = 4,
  Second = 5,
  Callee = 6,
  ArgumentCount = 7,
  Arguments = 8,
}

function methodOf({ words, names }: Program): Method | false {
  if (
    words[Word.StepCount] !== 2 ||
    words[Word.First] !== StepKind.Get ||
    words[Word.Second] !== StepKind.Apply ||
    words[Word.Callee] !== 1
  ) {
    return false;
  }
  const argumentCount = words[Word.ArgumentCount] as number;
  let outcomeAt = -1;
  for (let at = 0; at < argumentCount; at++) {
    const word = words[Word.Arguments + at] as number;
    if (word === ArgumentKind.Outcome && outcomeAt < 0) outcomeAt = at;
    else if (word !== (ArgumentKind.Slot | (at << ArgumentKind.Bits))) return false;
  }
  return { name: names[words[Word.Name] as number] as string, argumentCount, outcomeAt };
}

function callMethod(
  { name, argumentCount, outcomeAt }: Method,
  slots: readonly unknown[],
  firstSlot: number,
  self: object,
  read: Read,
  outcome: unknown,
): unknown {
  const method = read(self, name, self);
  const isAll = firstSlot === 0 && slots.length === argumentCount && outcomeAt < 0;
  const args = isAll ? slots : slots.slice(firstSlot, firstSlot + argumentCount);
  if (outcomeAt >= 0) (args as unknown[])[outcomeAt] = outcome;
  const value = apply(method, self, args, 1);
  return isThenable(value) ? Promise.resolve(value) : value;
}

/** Calls what a step has yielded. */
function apply(method: unknown, self: unknown, args: readonly unknown[], step: number): unknown {
  if (typeof method === 'function') return Reflect.apply(method, self, args);
  throw new TypeError(`step ${step} yields ${typeof method}, which cannot be called`);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (typeof value === 'function') return 'then' in value;
  if (typeof value !== 'object' || value === null) return false;
  return typeof (value as { then?: unknown }).then === 'function';
}

class Run {
  readonly #words: ArrayLike<number>;
  readonly #names: readonly string[];
  readonly #slots: readonly unknown[];
  readonly #firstSlot: number;
  readonly #read: Read;
  readonly #outcome: unknown;
  /** The value of each step so far; value 0 is the object itself. */
  readonly #values: unknown[];
  /** What each value was read from: the `this` of a call. */
  readonly #receivers: unknown[];
  /** How many values there are. */
  #made: number;
  #borrowed: unknown[] | undefined;
  #at: number;

  constructor(
    program: Program,
    slots: readonly unknown[],
    firstSlot: number,
    self: object,
    read: Read,
    outcome: unknown,
  ) {
    this.#words = program.words;
    this.#names = program.names;
    this.#slots = slots;
    this.#firstSlot = firstSlot;
    this.#read = read;
    this.#outcome = outcome;
    const values = 1 + (program.words[Word.StepCount] as number);
    this.#values = new Array(values);
    this.#receivers = new Array(values);
    this.#values[0] = self;
    this.#made = 1;
    this.#borrowed = undefined;
    this.#at = Word.First;
  }

  start(): unknown {
    while (this.#at < this.#words.length) {
      const isRead = this.#words[this.#at] === StepKind.Get;
      const value = this.#step();
      if (this.#isAwaited(value, isRead)) return this.#finish(value);
      this.#values[this.#made++] = value;
    }
    return this.#pass(this.#made - 1);
  }

  async #finish(first: PromiseLike<unknown>): Promise<unknown> {
    let result: unknown;
    try {
      this.#values[this.#made] = this.#borrow(first, await first);
      this.#made += 1;
      while (this.#at < this.#words.length) {
        const isRead = this.#words[this.#at] === StepKind.Get;
        const value = this.#step();
        const isAwaited = this.#isAwaited(value, isRead);
        this.#values[this.#made] = isAwaited ? this.#borrow(value, await value) : value;
        this.#made += 1;
      }
      result = this.#pass(this.#made - 1);
      return result;
    } finally {
      // A result is sent when this has long returned, and may hold some of it; not if it came by RPC
      // itself.
      const borrowed = this.#borrowed ?? [];
      const mayGo = !isObject(result) || borrowed.includes(result);
      if (mayGo) borrowed.filter((value) => value !== result).forEach(release);
    }
  }

  /** What another object has lent to this program by RPC; nobody else gives it back. */
  #borrow(promise: PromiseLike<unknown>, value: unknown): unknown {
    if (typeof promise === 'function' && isObject(value)) {
      this.#borrowed ??= [];
      this.#borrowed.push(value);
    }
    return value;
  }

  /**
   * A promise is awaited before the next step. What is read from an RPC stub is a promise and a
   * path to what lies behind it: where the program only goes on from it, it is followed, which is
   * the only way to call a method of a stub.
   */
  #isAwaited(value: unknown, isRead: boolean): value is PromiseLike<unknown> {
    if (!isThenable(value)) return false;
    return !(typeof value === 'function' && isRead && this.#isOnlyFollowed());
  }

  /** Whether the steps to come read from the latest value or call it, and use it in no other way. */
  #isOnlyFollowed(): boolean {
    const value = this.#made;
    const uses = [...usesAfter(this.#words, this.#at)].filter((use) => use.value === value);
    return uses.length > 0 && uses.every((use) => use.isFollowed);
  }

  #step(): unknown {
    const kind = this.#next();
    switch (kind) {
      case StepKind.Get:
        return this.#get(this.#next(), this.#nextName());
      case StepKind.Apply:
        return this.#apply(this.#next(), this.#arguments());
      case StepKind.Array:
        return this.#arguments();
      case StepKind.Object:
        return this.#object();
      default:
        throw new CallError('internal', `there is no step of kind ${kind}`);
    }
  }

  #get(of: number, name: string): unknown {
    const receiver = this.#values[of];
    this.#receivers[this.#made] = receiver;
    if (receiver === undefined || receiver === null) {
      throw new TypeError(`cannot read '${name}' of ${receiver}`);
    }
    return this.#read(receiver, name, this.#values[0] as object);
  }

  #apply(callee: number, args: unknown[]): unknown {
    return apply(this.#values[callee], this.#receivers[callee], args, callee);
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
    switch (kindOf(word)) {
      case ArgumentKind.Slot:
        return this.#slots[this.#firstSlot + number];
      case ArgumentKind.Value:
        return this.#pass(number);
      default:
        return this.#outcome;
    }
  }

  /**
   * A value that leaves the program, as an argument or as its result. A method that was read and
   * not called is not one: whoever got hold of it could call it with another `this`.
   */
  #pass(number: number): unknown {
    const value = this.#values[number];
    if (typeof value === 'function' && this.#receivers[number] !== undefined) {
      throw new CallError('not-callable', 'a method is there to be called, not to be passed on');
    }
    return value;
  }

  #next(): number {
    return this.#words[this.#at++] as number;
  }

  #nextName(): string {
    return this.#names[this.#next()] as string;
  }
}

interface Use {
  readonly value: number;
  /** Whether it is read from or called; otherwise it is an argument. */
  readonly isFollowed: boolean;
}

/** The values that the steps from `start` on use. */
function* usesAfter(words: ArrayLike<number>, start: number): Iterable<Use> {
  let at = start;
  const word = (): number => words[at++] as number;
  while (at < words.length) {
    const kind = word();
    if (kind === StepKind.Get || kind === StepKind.Apply) {
      yield { value: word(), isFollowed: true };
    }
    // The name of a `Get` stands where other steps have a count, and no argument follows it.
    const next = word();
    for (let left = kind === StepKind.Get ? 0 : next; left > 0; left--) {
      if (kind === StepKind.Object) word();
      const argument = word();
      if (kindOf(argument) === ArgumentKind.Value) {
        yield { value: argument >>> ArgumentKind.Bits, isFollowed: false };
      }
    }
  }
}

function isObject(value: unknown): boolean {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function kindOf(argument: number): ArgumentKind {
  return argument & ((1 << ArgumentKind.Bits) - 1);
}
