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
  const { words, names } = program;
  const values = new Array<unknown>(1 + (words[Word.StepCount] as number));
  const receivers = new Array<unknown>(values.length);
  values[0] = self;
  return runSteps({
    words,
    names,
    slots,
    firstSlot,
    self,
    read,
    outcome,
    values,
    receivers,
    made: 1,
    borrowed: undefined,
    at: Word.First,
  });
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

/** A program that runs. Functions over this, not methods: it is made for each program that is run. */
interface Run {
  readonly words: ArrayLike<number>;
  readonly names: readonly string[];
  readonly slots: readonly unknown[];
  readonly firstSlot: number;
  readonly self: object;
  readonly read: Read;
  readonly outcome: unknown;
  /** The value of each step so far; value 0 is the object itself. */
  readonly values: unknown[];
  /** What each value was read from: the `this` of a call. */
  readonly receivers: unknown[];
  /** How many values there are. */
  made: number;
  /** What other objects have lent to this program by RPC. */
  borrowed: unknown[] | undefined;
  at: number;
}

function runSteps(run: Run): unknown {
  const { words, values } = run;
  while (run.at < words.length) {
    const isRead = words[run.at] === StepKind.Get;
    const value = takeStep(run);
    if (isAwaited(run, value, isRead)) return finish(run, value);
    values[run.made++] = value;
  }
  return pass(run, run.made - 1);
}

async function finish(run: Run, first: PromiseLike<unknown>): Promise<unknown> {
  const { words, values } = run;
  let result: unknown;
  try {
    values[run.made] = borrow(run, first, await first);
    run.made += 1;
    while (run.at < words.length) {
      const isRead = words[run.at] === StepKind.Get;
      const value = takeStep(run);
      const isLater = isAwaited(run, value, isRead);
      values[run.made] = isLater ? borrow(run, value, await value) : value;
      run.made += 1;
    }
    result = pass(run, run.made - 1);
    return result;
  } finally {
    // A result is sent when this has long returned, and may hold some of it; not if it came by RPC
    // itself.
    const { borrowed = [] } = run;
    const mayGo = !isObject(result) || borrowed.includes(result);
    if (mayGo) borrowed.filter((value) => value !== result).forEach(release);
  }
}

/** What another object has lent to this program by RPC; nobody else gives it back. */
function borrow(run: Run, promise: PromiseLike<unknown>, value: unknown): unknown {
  if (typeof promise === 'function' && isObject(value)) {
    run.borrowed ??= [];
    run.borrowed.push(value);
  }
  return value;
}

/**
 * A promise is awaited before the next step. What is read from an RPC stub is a promise and a
 * path to what lies behind it: where the program only goes on from it, it is followed, which is
 * the only way to call a method of a stub.
 */
function isAwaited(run: Run, value: unknown, isRead: boolean): value is PromiseLike<unknown> {
  if (!isThenable(value)) return false;
  return !(typeof value === 'function' && isRead && isOnlyFollowed(run));
}

/** Whether the steps to come read from the latest value or call it, and use it in no other way. */
function isOnlyFollowed({ words, at, made }: Run): boolean {
  const uses = [...usesAfter(words, at)].filter((use) => use.value === made);
  return uses.length > 0 && uses.every((use) => use.isFollowed);
}

function takeStep(run: Run): unknown {
  const kind = next(run);
  switch (kind) {
    case StepKind.Get:
      return get(run, next(run), nextName(run));
    case StepKind.Apply: {
      const callee = next(run);
      return apply(run.values[callee], run.receivers[callee], nextArguments(run), callee);
    }
    case StepKind.Array:
      return nextArguments(run);
    case StepKind.Object:
      return nextObject(run);
    default:
      throw new CallError('internal', `there is no step of kind ${kind}`);
  }
}

function get(run: Run, of: number, name: string): unknown {
  const receiver = run.values[of];
  run.receivers[run.made] = receiver;
  if (receiver === undefined || receiver === null) {
    throw new TypeError(`cannot read '${name}' of ${receiver}`);
  }
  return run.read(receiver, name, run.self);
}

function nextObject(run: Run): Record<string, unknown> {
  const entries: [string, unknown][] = [];
  for (let left = next(run); left > 0; left--) {
    entries.push([nextName(run), nextArgument(run)]);
  }
  return Object.fromEntries(entries);
}

function nextArguments(run: Run): unknown[] {
  const args = new Array<unknown>(next(run));
  for (let index = 0; index < args.length; index++) {
    // A place without an item stays a hole.
    if (kindOf(run.words[run.at] as number) === ArgumentKind.Hole) run.at += 1;
    else args[index] = nextArgument(run);
  }
  return args;
}

function nextArgument(run: Run): unknown {
  const word = next(run);
  const number = word >>> ArgumentKind.Bits;
  switch (kindOf(word)) {
    case ArgumentKind.Slot:
      return run.slots[run.firstSlot + number];
    case ArgumentKind.Value:
      return pass(run, number);
    default:
      return run.outcome;
  }
}

/**
 * A value that leaves the program, as an argument or as its result. A method that was read and
 * not called is not one: whoever got hold of it could call it with another `this`.
 */
function pass({ values, receivers }: Run, number: number): unknown {
  const value = values[number];
  if (typeof value === 'function' && receivers[number] !== undefined) {
    throw new CallError('not-callable', 'a method is there to be called, not to be passed on');
  }
  return value;
}

function next(run: Run): number {
  return run.words[run.at++] as number;
}

function nextName(run: Run): string {
  return run.names[next(run)] as string;
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
