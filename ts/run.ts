/**
 * Running: one program in flat form on one object, each step once, in order.
 *
 * It runs synchronously until a step yields a promise and asynchronously from there, so that a
 * target whose methods are synchronous answers in the same turn.
 */

import { type Method, onlyFollowed, type Program } from './core.js';
import { objectsIn, outlivesCall, releaseAll } from './dispose.js';
import { CallError } from './errors.js';
import { release } from './outcome.js';
import { costOf, costOfText, leadsToCode, MOST_WORK } from './reach.js';
import { ours } from './stack.js';
import { ArgumentKind, StepKind } from './wasm/lumenize_call.js';

/** Reads a property of anything that is neither `undefined` nor `null`; `self` is what the program runs on. */
export interface Read {
  (receiver: object, name: string, self: object): unknown;
  /** Properties of the object itself from which on everything is open. */
  readonly exposes?: ReadonlySet<string>;
}

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
 * @param lent - Where to note a result that came by RPC.
 * @returns What the last step yields, or a promise of it as soon as one step yields a promise.
 */
export function run(
  program: Program,
  slots: readonly unknown[],
  firstSlot: number,
  self: object,
  read: Read,
  outcome?: unknown,
  lent?: unknown[],
): unknown {
  program.method ??= methodOf(program);
  if (program.method) {
    return callMethod(program.method, slots, firstSlot, self, read, outcome, lent);
  }
  const { words, names } = program;
  const values = new Array<unknown>(1 + (words[Word.StepCount] as number));
  const receivers = new Array<unknown>(values.length);
  values[0] = self;
  return runSteps({
    program,
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
    lent,
    yielded: undefined,
    opened: undefined,
    work: 0,
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

/**
 * Runs a handler, whose result nobody receives: what came by RPC is released, what the handler itself has
 * returned is its own.
 *
 * @returns A promise of its end where it takes time. It throws, or rejects with, what the handler does.
 */
export function runHandler(
  program: Program,
  slots: readonly unknown[],
  self: object,
  outcome: unknown,
): void | Promise<void> {
  const lent: unknown[] = [];
  return endOf(run(program, slots, 0, self, readAny, outcome, lent), lent);
}

/** What a handler is that was not recorded: it receives the outcome. */
export type HandlerFunction = (outcome: unknown) => unknown;

/** Runs a function as {@link runHandler} does a recorded handler. */
export function runFunction(
  handler: HandlerFunction,
  self: object,
  outcome: unknown,
): void | Promise<void> {
  const lent: unknown[] = [];
  return endOf(settled(Reflect.apply(handler, self, [outcome]), lent), lent);
}

function endOf(returned: unknown, lent: readonly unknown[]): void | Promise<void> {
  if (!(returned instanceof Promise)) return undefined;
  return returned.then((result) => {
    if (lent.includes(result)) release(result);
  });
}

function callMethod(
  { name, argumentCount, outcomeAt }: Method,
  slots: readonly unknown[],
  firstSlot: number,
  self: object,
  read: Read,
  outcome: unknown,
  lent: unknown[] | undefined,
): unknown {
  const method = read(self, name, self);
  const isAll = firstSlot === 0 && slots.length === argumentCount && outcomeAt < 0;
  const args = isAll ? slots : slots.slice(firstSlot, firstSlot + argumentCount);
  if (outcomeAt >= 0) (args as unknown[])[outcomeAt] = outcome;
  return settled(apply(method, self, args, name), lent);
}

/** What a method has returned, as a promise where it is one of any kind. */
function settled(value: unknown, lent: unknown[] | undefined): unknown {
  if (!isThenable(value)) return value;
  // What a stub promises is lent: nobody else gives it back.
  if (!lent || typeof value !== 'function') return Promise.resolve(value);
  return Promise.resolve(value).then((result) => {
    lent.push(result);
    return result;
  });
}

/** Calls what a step has yielded. */
function apply(method: unknown, self: unknown, args: readonly unknown[], name: string): unknown {
  if (typeof method === 'function') return Reflect.apply(method, self, args);
  throw new TypeError(`${name} is ${method === null ? 'null' : typeof method}, not a function`);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (typeof value === 'function') return 'then' in value;
  if (typeof value !== 'object' || value === null) return false;
  return typeof (value as { then?: unknown }).then === 'function';
}

/** A program that runs. Functions over this, not methods: it is made for each program that is run. */
interface Run {
  readonly program: Program;
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
  lent: unknown[] | undefined;
  /** What methods have yielded here that is only followed. */
  yielded: unknown[] | undefined;
  /** Numbers of values that were reached through what the class exposes whole. */
  opened: Set<number> | undefined;
  /** Bytes that methods of the language's own have gone through. */
  work: number;
  at: number;
}

function runSteps(run: Run): unknown {
  const { words } = run;
  try {
    while (run.at < words.length) {
      const isRead = words[run.at] === StepKind.Get;
      const value = takeStep(run);
      if (isAwaited(run, value, isRead)) return finish(run, value);
      keep(run, value, isRead);
    }
    const result = pass(run, run.made - 1);
    giveBack(run, result);
    return result;
  } catch (error) {
    giveBack(run, undefined);
    throw error;
  }
}

async function finish(run: Run, first: PromiseLike<unknown>): Promise<unknown> {
  const { words } = run;
  let result: unknown;
  try {
    keep(run, await first, false, first);
    while (run.at < words.length) {
      const isRead = words[run.at] === StepKind.Get;
      const value = takeStep(run);
      if (isAwaited(run, value, isRead)) keep(run, await value, false, value);
      else keep(run, value, isRead);
    }
    result = pass(run, run.made - 1);
    return result;
  } finally {
    giveBack(run, result);
  }
}

/** Keeps the value of a step, and what has to be given back at the end. */
function keep(run: Run, value: unknown, isRead: boolean, promise?: PromiseLike<unknown>): void {
  run.values[run.made] = value;
  if (!isRead && isObject(value)) note(run, value, promise);
  run.made += 1;
}

function note(run: Run, value: object, promise: PromiseLike<unknown> | undefined): void {
  if (typeof promise === 'function') {
    // Nobody else gives back what a stub has promised.
    run.lent ??= [];
    run.lent.push(value);
  } else if (run.read !== readAny && !run.opened && isOnlyFollowed(run)) {
    run.yielded ??= [];
    run.yielded.push(value);
  }
}

/**
 * Items that are looked at to give back what one program has passed through: a method may return long lists,
 * and a program may call it often.
 */
const MOST_ITEMS = 1_000_000;

/**
 * Gives back what the steps on the way to the result have yielded, as Workers RPC does at the end of a
 * path that was followed.
 */
function giveBack({ lent, yielded }: Run, result: unknown): void {
  // A result is sent when this has long returned, and may hold some of it; not if it came by RPC itself.
  if (lent && (!isObject(result) || lent.includes(result))) {
    lent.filter((value) => value !== result).forEach(release);
  }
  if (!yielded) return;
  const kept = objectsIn(result);
  // As the runtime keeps them, for what is passed by reference.
  if (outlivesCall(kept)) return;
  releaseAll(yielded, kept, MOST_ITEMS);
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
function isOnlyFollowed({ program, made }: Run): boolean {
  program.followed ??= onlyFollowed(program);
  return program.followed[made] === 1;
}

function takeStep(run: Run): unknown {
  const kind = next(run);
  switch (kind) {
    case StepKind.Get:
      return get(run, next(run), nextName(run));
    case StepKind.Apply: {
      const callee = next(run);
      const args = nextArguments(run);
      const method = run.values[callee];
      if (run.opened?.has(callee)) run.opened.add(run.made);
      const receiver = run.receivers[callee];
      // A method of the target's own costs what it costs.
      if (receiver !== run.self && typeof method === 'function') {
        work(run, costOf(method, receiver, args));
      }
      const name = typeof method === 'function' ? '' : nameOf(run, callee);
      return counted(run, apply(method, receiver, args, name), receiver);
    }
    case StepKind.Array:
      return nextArguments(run);
    case StepKind.Object:
      return nextObject(run);
    default:
      throw new CallError('internal', `there is no step of kind ${kind}`);
  }
}

/** No program makes much out of little, however often it asks. */
function work(run: Run, bytes: number): void {
  run.work += bytes;
  if (run.work <= MOST_WORK) return;
  throw new CallError(
    'limit-exceeded',
    `the chain goes through more than ${MOST_WORK} bytes of strings and lists: ` +
      'let a method of the target do that',
  );
}

/** What a caller has read, or called, of a value. */
function counted(run: Run, value: unknown, receiver: unknown): unknown {
  if (typeof value === 'string' && receiver !== run.self && run.read !== readAny) {
    work(run, costOfText(value, receiver));
  }
  return value;
}

function get(run: Run, of: number, name: string): unknown {
  const receiver = run.values[of];
  run.receivers[run.made] = receiver;
  if (receiver === undefined || receiver === null) {
    throw new TypeError(`cannot read '${name}' of ${receiver}`);
  }
  if (run.opened?.has(of)) return readOpened(run, receiver, name);
  const value = run.read(receiver, name, run.self);
  if (receiver === run.self && run.read.exposes?.has(name)) {
    run.opened ??= new Set();
    run.opened.add(run.made);
  }
  return counted(run, value, receiver);
}

/** Reads what lies behind `ctx` or `env`, which the class has opened whole. */
function readOpened(run: Run, receiver: unknown, name: string): unknown {
  if (leadsToCode(receiver, name)) {
    throw new CallError('not-callable', `the name '${name}' is refused`);
  }
  run.opened?.add(run.made);
  return (receiver as Record<string, unknown>)[name];
}

/** What the step that made a value is called, for who has to be told that it made none. */
function nameOf({ words, names }: Run, value: number): string {
  let at: number = Word.First;
  for (let step = 1; step < value; step++) at += lengthOfStep(words, at);
  return words[at] === StepKind.Get
    ? (names[words[at + 2] as number] as string)
    : 'what it returned';
}

function lengthOfStep(words: ArrayLike<number>, at: number): number {
  const [kind, second = 0, third = 0] = [words[at], words[at + 1], words[at + 2]];
  if (kind === StepKind.Get) return 3;
  if (kind === StepKind.Apply) return 3 + third;
  return 2 + (kind === StepKind.Object ? 2 * second : second);
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

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function kindOf(argument: number): ArgumentKind {
  return argument & ((1 << ArgumentKind.Bits) - 1);
}

// Last, since wrangler's bundler names functions where they stand.
for (const each of [apply, readAny, finish, runFunction]) ours(each);
