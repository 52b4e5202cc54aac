/** The steps of a running program: each reads, calls or makes a value. */

import { ArgumentKind, ChainLimit, StepKind } from '../wasm/lumenize_call.js';
import type { Program } from '../wire/core.js';
import { CallError } from '../wire/errors.js';
import { ours } from '../wire/stack.js';
import { isTraced } from '../wire/tracing.js';
import { leadsToCode } from './reach.js';
import { inMethodSpan } from './spans.js';
import { costOf, costOfText, type Effort } from './work.js';

/** The index of the first step's word. The counts of slots and steps precede it. */
export const FIRST_STEP = 2;

/** Reads without a check: the member was checked before, or a handler reads it on its own object. */
export function readAny(receiver: object, name: string): unknown {
  return (receiver as Record<string, unknown>)[name];
}

/** Reads a property of a value that is neither `undefined` nor `null`. `self` is the program's target. */
export interface Read {
  (receiver: object, name: string, self: object): unknown;
  /** Properties of the target behind which everything is open. */
  readonly exposes?: ReadonlySet<string>;
}

/** Calls the value of a step. */
export function apply(
  method: unknown,
  self: unknown,
  args: readonly unknown[],
  name: string,
): unknown {
  if (typeof method === 'function') return Reflect.apply(method, self, args);
  throw new TypeError(`${name} is ${method === null ? 'null' : typeof method}, not a function`);
}

/** A running program. Functions use it instead of methods, because one is created for each run. */
export interface Run {
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
  /** The receiver of each value, which is the `this` of a call. */
  readonly receivers: unknown[];
  /** How many values there are. */
  made: number;
  /** Values that other objects have lent to this program by RPC. */
  lent: unknown[] | undefined;
  /** What the programs of its message cost. */
  readonly effort: Effort | undefined;
  /** Results of methods that the program only follows. */
  yielded: unknown[] | undefined;
  /** Numbers of values that were reached through an exposed `ctx` or `env`. */
  opened: Set<number> | undefined;
  /** Bytes that built-in methods have processed. */
  work: number;
  at: number;
}

export function takeStep(run: Run): unknown {
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
      // The cost of the target's own methods is its own matter.
      if (receiver !== run.self && typeof method === 'function') {
        work(run, costOf(method, receiver, args));
      }
      const isTracedHere = receiver === run.self && run.read !== readAny && isTraced();
      const name = isTracedHere || typeof method !== 'function' ? nameOf(run, callee) : '';
      const result = isTracedHere
        ? inMethodSpan(run.self, name, () => apply(method, receiver, args, name))
        : apply(method, receiver, args, name);
      return counted(run, result, receiver);
    }
    case StepKind.Array:
      return nextArguments(run);
    case StepKind.Object:
      return nextObject(run);
    default:
      throw new CallError('internal', `there is no step of kind ${kind}`);
  }
}

/** Limits the work of built-in methods, however often a program calls them. */
function work(run: Run, bytes: number): void {
  run.work += bytes;
  run.effort?.add(bytes);
  if (run.work <= ChainLimit.Work) return;
  throw new CallError(
    'limit-exceeded',
    `the chain goes through more than ${ChainLimit.Work} bytes of strings and lists: ` +
      'let a method of the target do that',
  );
}

/** Counts a string that a caller has read, or received from a method. */
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

/** Reads a member behind `ctx` or `env`, which the class exposes. */
function readOpened(run: Run, receiver: unknown, name: string): unknown {
  if (leadsToCode(receiver, name)) {
    throw new CallError('not-callable', `the name '${name}' is refused`);
  }
  run.opened?.add(run.made);
  return (receiver as Record<string, unknown>)[name];
}

/** The name of the step that made a value, for error messages. */
function nameOf({ words, names }: Run, value: number): string {
  let at = FIRST_STEP;
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
 * A value that leaves the program, as an argument or as its result. A method that was read but
 * not called must not leave: its receiver could call it with another `this`.
 */
export function pass({ values, receivers }: Run, number: number): unknown {
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

function kindOf(argument: number): ArgumentKind {
  return argument & ((1 << ArgumentKind.Bits) - 1);
}

// Last: wrangler's bundler names functions at their declarations.
for (const each of [apply, readAny]) ours(each);
