/** A call that runs, as its target sees it: inside of its context, looked at before, and heard of when it fails. */

import { isThenableObject } from '../runtime/kinds.js';
import { FacadeEntry } from '../wasm/lumenize_call.js';
import { isObserved, publish, type ReceiveEvent } from '../wire/channel.js';
import {
  type CallContext,
  type CallerInfo,
  type Context,
  classOf,
  placeOf,
  shownCaller,
  within,
} from '../wire/context.js';
import type { ReceivedProgram } from '../wire/core.js';
import { CallError } from '../wire/errors.js';
import { sendFailure, sendRefusal, sendValue } from '../wire/outcome.js';
import { loggable, textOf } from '../wire/text.js';
import { run } from './run.js';
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
}

/** Runs a call and returns its answer, or a promise of it. It never throws. */
export function answer(call: Incoming): unknown {
  const { context, self } = call;
  const isWatched = isObserved() || typeof (self as Attendant).onReceive === 'function';
  return within(context, isWatched && !isOurs(call) ? attend : runHere, call);
}

/** What carries a durable call is no call of the user's: that is inside of it. */
function isOurs({ program }: Incoming): boolean {
  return program.method?.name === FacadeEntry.Durable;
}

function runHere(call: Incoming): unknown {
  const { context, program, slots, firstSlot, self, read, effort } = call;
  context.begin(call.id);
  try {
    const returned = run(program, slots, firstSlot, self, read, undefined, undefined, effort);
    context.callId = undefined;
    if (returned instanceof Promise) return ended(returned, call);
    context.end();
    return sendValue(returned);
  } catch (thrown) {
    context.end();
    return failed(thrown, call);
  }
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

/** Lets the class look before anything runs, and tells observers. */
function attend(call: Incoming): unknown {
  const refuse = (thrown: unknown): unknown => {
    publishOf(call, { event: 'refused', error: thrown });
    return sendRefusal(thrown);
  };
  try {
    const looked = look(call, 0);
    if (looked === undefined) return runWatched(call);
    return looked.then(() => runWatched(call), refuse);
  } catch (thrown) {
    return refuse(thrown);
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
  publishOf(call, { event: 'began' });
  const end = (sent: unknown): unknown => {
    const error = thrownBy.get(call);
    publishOf(call, { event: 'ended', ms: performance.now() - begun, ...error });
    return sent;
  };
  const sent = runHere(call);
  return sent instanceof Promise ? sent.then(end) : end(sent);
}

/** What calls have thrown, for observers. */
const thrownBy = new WeakMap<Incoming, { readonly error: unknown }>();

type Happened = Pick<ReceiveEvent, 'event' | 'ms' | 'error'>;

function publishOf({ id, context, program, self }: Incoming, happened: Happened): void {
  if (!isObserved()) return;
  const { id: own } = (self as { ctx?: { id?: DurableObjectId } }).ctx ?? {};
  publish({
    id,
    class: classOf(self),
    binding: '',
    instance: own?.name ?? own?.toString(),
    operation: placeOf(self, program.entries),
    caller: shownCaller(context.caller),
    ...happened,
  });
}

function infoOf({ id, context }: Incoming, method: string): ReceivedCall {
  return { method, caller: shownCaller(context.caller), context: context.shown(id) };
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
