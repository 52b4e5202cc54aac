/** A call that runs, as its target sees it: inside of its context, looked at before, and heard of when it fails. */

import { isThenableObject } from '../runtime/kinds.js';
import { isObserved, publish, type ReceiveEvent } from '../wire/channel.js';
import {
  type CallContext,
  type CallerInfo,
  type Context,
  classOf,
  placeOf,
  within,
} from '../wire/context.js';
import type { ReceivedProgram } from '../wire/core.js';
import { CallError } from '../wire/errors.js';
import { sendFailure, sendRefusal, sendValue } from '../wire/outcome.js';
import { loggable, textOf } from '../wire/text.js';
import { isTraced } from '../wire/tracing.js';
import { run } from './run.js';
import { inMethodSpan, isDurable } from './spans.js';
import type { Read } from './steps.js';
import type { Effort } from './work.js';

/** A call that came in, as `onReceive` and `onReceiveError` see it. */
export interface ReceivedCall {
  /** The member of the class with which the call begins; `getUser+list` where it begins with several. */
  readonly method: string;
  /** Who calls, as it says itself. */
  readonly caller: CallerInfo;
  readonly context: CallContext;
}

/** What a class may have to look at calls that it receives. */
interface Attendant {
  onReceive?(call: ReceivedCall): unknown;
  onReceiveError?(error: unknown, call: ReceivedCall): unknown;
}

/** A call that came in and was checked. */
export interface Incoming {
  /** Its id in its caller. */
  readonly id: number | string | undefined;
  /** Shared with the calls of its message that have the same. */
  readonly context: Context;
  readonly program: ReceivedProgram;
  readonly slots: readonly unknown[];
  readonly firstSlot: number;
  readonly self: object;
  readonly read: Read;
  readonly effort?: Effort;
  /** Milliseconds that it waited for others to end, if it did. */
  waited?: number;
}

/** Runs a call and returns its answer, or a promise of it. It never throws. */
export function answer(call: Incoming): unknown {
  const { context, self } = call;
  const isLookedAt = typeof (self as Attendant).onReceive === 'function';
  if (isOurs(call) || !(isLookedAt || isObserved())) return within(context, runHere, call);
  return within(context, isLookedAt ? attend : runWatched, call);
}

/** What carries a durable call is no call of the user's: that is inside of it. */
function isOurs({ program }: Incoming): boolean {
  return isDurable(program);
}

function runHere(call: Incoming): unknown {
  const { context, program, self } = call;
  context.begin(call.id);
  try {
    // A program of several steps has a span for each method of its target.
    const returned =
      program.method && isTraced() && !isOurs(call)
        ? inMethodSpan(self, program.method.name, () => runProgram(call))
        : runProgram(call);
    context.callId = undefined;
    if (returned instanceof Promise) return ended(returned, call);
    context.end();
    return sendValue(returned);
  } catch (thrown) {
    context.end();
    return failed(thrown, call);
  }
}

function runProgram({ program, slots, firstSlot, self, read, effort }: Incoming): unknown {
  return run(program, slots, firstSlot, self, read, undefined, undefined, effort);
}

function ended(returned: Promise<unknown>, call: Incoming): Promise<unknown> {
  const { context } = call;
  return returned.then(
    (value) => {
      context.end();
      return sendValue(value);
    },
    (thrown) => {
      context.end();
      return failed(thrown, call);
    },
  );
}

/** Answers a call of which nothing has run, and tells observers. */
export function refuse(call: Incoming, thrown: unknown): unknown {
  if (isObserved()) publishOf(call, 'refused', undefined, { error: thrown });
  return sendRefusal(thrown);
}

/** Lets the class look before anything runs, and tells observers. */
function attend(call: Incoming): unknown {
  try {
    const looked = look(call, 0);
    if (looked === undefined) return runWatched(call);
    return looked.then(
      () => runWatched(call),
      (thrown) => refuse(call, thrown),
    );
  } catch (thrown) {
    return refuse(call, thrown);
  }
}

/** What throws, or rejects, refuses the call: once for each member with which it begins. */
function look(call: Incoming, first: number): Promise<void> | undefined {
  const self: Attendant = call.self;
  if (typeof self.onReceive !== 'function') return undefined;
  const { entries } = call.program;
  for (let at = first; at < entries.length; at++) {
    const looked = self.onReceive(infoOf(call, entries[at] as string));
    if (isThenableObject(looked)) return Promise.resolve(looked).then(() => look(call, at + 1));
  }
  return undefined;
}

function runWatched(call: Incoming): unknown {
  if (!isObserved()) return runHere(call);
  const begun = performance.now();
  publishOf(call, 'began');
  const end = (sent: unknown): unknown => {
    publishOf(call, 'ended', performance.now() - begun, thrownBy.get(call));
    return sent;
  };
  const sent = runHere(call);
  return sent instanceof Promise ? sent.then(end) : end(sent);
}

/** What calls have thrown, for observers. */
const thrownBy = new WeakMap<Incoming, { readonly error: unknown }>();

function publishOf(
  { id, context, program, self, waited }: Incoming,
  event: ReceiveEvent['event'],
  ms?: number,
  thrown?: { readonly error: unknown },
): void {
  const { class: class_, instance } = targetOf(self);
  const happened: ReceiveEvent = {
    event,
    id,
    class: class_,
    binding: '',
    instance,
    operation: placeOf(self, program.entries),
    caller: context.shownCaller,
    ms,
    waited: event === 'began' ? waited : undefined,
  };
  publish(thrown ? { ...happened, ...thrown } : happened);
}

/** What events say of a target: its runtime is asked once. */
type ObservedTarget = Pick<ReceiveEvent, 'class' | 'instance'>;

const observed = new WeakMap<object, ObservedTarget>();

function targetOf(self: object): ObservedTarget {
  let target = observed.get(self);
  if (!target) {
    const { id } = (self as { ctx?: { id?: DurableObjectId } }).ctx ?? {};
    target = { class: classOf(self), instance: id?.name ?? id?.toString() };
    observed.set(self, target);
  }
  return target;
}

function infoOf({ id, context }: Incoming, method: string): ReceivedCall {
  return { method, caller: context.shownCaller, context: context.shown(id) };
}

/** Errors may be anything, and throw when they are read. */
function log(text: string, ...more: readonly unknown[]): void {
  try {
    console.error(text, ...more.map(loggable));
  } catch {
    console.error(text, ...more.map(textOf));
  }
}

/** What leaves of what a call has thrown: by default that, and the log of its target has it, too. */
function failed(thrown: unknown, call: Incoming): unknown {
  const { entries } = call.program;
  if (isOurs(call)) return sendFailure(thrown);
  const self: Attendant = call.self;
  const place = placeOf(self, entries);
  if (isObserved()) thrownBy.set(call, { error: thrown });
  if (typeof self.onReceiveError !== 'function') {
    log(`@lumenize/call: ${place} threw:`, thrown);
    return sendFailure(thrown);
  }
  // Whatever it was to hide must not leave because it fails.
  const withhold = (failure: unknown): unknown => {
    log(`@lumenize/call: ${place} threw:`, thrown, 'and onReceiveError:', failure);
    const text = `${place} failed, and its error is withheld since onReceiveError failed`;
    return sendFailure(new CallError('internal', text, { mayHaveRun: true }));
  };
  try {
    const shown = self.onReceiveError(thrown, infoOf(call, entries.join('+')));
    const send = (other: unknown): unknown => sendFailure(other === undefined ? thrown : other);
    return isThenableObject(shown) ? Promise.resolve(shown).then(send, withhold) : send(shown);
  } catch (failure) {
    return withhold(failure);
  }
}
