/**
 * Running: one program in flat form on one object, each step once, in order.
 *
 * It runs synchronously until a step yields a promise and asynchronously from there, so that a
 * target whose methods are synchronous answers in the same turn.
 */

import { isObject, isThenableObject } from '../runtime/kinds.js';
import { ChainLimit, StepKind } from '../wasm/lumenize_call.js';
import type { Method, Program } from '../wire/core.js';
import { Looks, objectsIn, outlivesCall, release, releaseAll } from '../wire/dispose.js';
import { ours } from '../wire/stack.js';
import { apply, FIRST_STEP, pass, type Read, type Run, readAny, takeStep } from './steps.js';
import { Effort } from './work.js';

/**
 * Runs a program.
 *
 * @param slots - Its native values, from `firstSlot` on.
 * @param read - How properties are read: it decides what the program reaches.
 * @param outcome - What stands where a handler wants the outcome.
 * @param lent - Where to note a result that came by RPC.
 * @param effort - What the programs of its message cost.
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
  effort?: Effort,
): unknown {
  if (program.method) {
    return callMethod(program.method, slots, firstSlot, self, read, outcome, lent);
  }
  const { words, names } = program;
  const values = new Array<unknown>(program.followed.length);
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
    effort,
    yielded: undefined,
    opened: undefined,
    work: 0,
    at: FIRST_STEP,
  });
}

/** Runs a program that is one method call. */
export function callMethod(
  { name, argumentCount, outcomeAt }: Method,
  slots: readonly unknown[],
  firstSlot: number,
  self: object,
  read: Read,
  outcome: unknown,
  lent: unknown[] | undefined,
): unknown {
  const method = read(self, name, self);
  const args = slots.slice(firstSlot, firstSlot + argumentCount);
  if (outcomeAt >= 0) args[outcomeAt] = outcome;
  return settled(apply(method, self, args, name), lent);
}

/** A method's result; any kind of thenable becomes a promise. */
export function settled(value: unknown, lent: unknown[] | undefined): unknown {
  if (!isThenable(value)) return value;
  // A stub's result is lent: no other code returns it.
  if (!lent || typeof value !== 'function') return Promise.resolve(value);
  return Promise.resolve(value).then((result) => {
    lent.push(result);
    return result;
  });
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'function' ? 'then' in value : isThenableObject(value);
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

/** Keeps the value of a step, and notes it if it has to be given back at the end. */
function keep(run: Run, value: unknown, isRead: boolean, promise?: PromiseLike<unknown>): void {
  run.values[run.made] = value;
  if (!isRead && isObject(value)) note(run, value, promise);
  run.made += 1;
}

function note(run: Run, value: object, promise: PromiseLike<unknown> | undefined): void {
  if (typeof promise === 'function') {
    // No other code gives back a stub's result.
    run.lent ??= [];
    run.lent.push(value);
  } else if (run.read !== readAny && !run.opened && isOnlyFollowed(run)) {
    run.yielded ??= [];
    run.yielded.push(value);
  }
}

/**
 * Gives back the intermediate values of a program, as Workers RPC does at the end of a
 * pipelined path.
 */
function giveBack({ lent, yielded, effort = new Effort() }: Run, result: unknown): void {
  // The result is sent later and may hold some of them, unless it arrived by RPC itself.
  if (lent && (!isObject(result) || lent.includes(result))) {
    lent.filter((value) => value !== result).forEach(release);
  }
  if (!yielded) return;
  // The result is sent, so that looking through it costs its own message.
  const kept = objectsIn(result, new Looks(ChainLimit.Items));
  // The runtime, too, keeps them for a result that is passed by reference.
  if (!kept || outlivesCall(kept)) return;
  releaseAll(yielded, kept, effort.looks);
}

/**
 * A promise is awaited before the next step. A property of an RPC stub is both a promise and a
 * path to a remote member. If the program only continues from it, the path is followed, which is
 * the only way to call a method of a stub.
 */
function isAwaited(run: Run, value: unknown, isRead: boolean): value is PromiseLike<unknown> {
  if (!isThenable(value)) return false;
  return !(typeof value === 'function' && isRead && isOnlyFollowed(run));
}

/** Whether later steps only read from the latest value or call it. */
function isOnlyFollowed({ program, made }: Run): boolean {
  return program.followed[made] === 1;
}

// Last: wrangler's bundler names functions at their declarations.
ours(finish);
