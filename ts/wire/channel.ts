/**
 * Events for observers: one when a call begins and one when it settles. No event is created
 * without a subscriber.
 */
import { builtin } from '../runtime/builtin.js';
import type { CallErrorCode } from '../wasm/lumenize_call.js';
import type { CallerInfo } from './context.js';
import { CallError } from './errors.js';

/** What a call came to: `value`, or a code; `remote-threw` for whatever the remote method threw. */
export type Settlement = 'value' | CallErrorCode;

/** What every event says of its call. */
export interface CallEventDetails {
  /** The id of the call in its object; `CallHandle.id`. */
  readonly id: number;
  readonly binding: string;
  /** The name or id of the instance; `undefined` for a Worker entrypoint. */
  readonly instance: string | undefined;
  /** What is called, as `explain` writes it: it shows arguments, in short. */
  readonly operation: string;
}

/** A call was accepted, or is sent again. */
export interface CallStart extends CallEventDetails {
  readonly event: 'start';
  /** From the second attempt of a call with `{ retry }` on: which one it is. */
  readonly attempt?: number;
}

/** A call has its outcome; its handler, if it has one, is about to run. */
export interface CallSettle extends CallEventDetails {
  readonly event: 'settle';
  /** From the second attempt of a call with `{ retry }` on: which one it was. */
  readonly attempt?: number;
  readonly code: Settlement;
  /** Milliseconds since the call was accepted. */
  readonly ms: number;
}

/**
 * Something happened to a durable call: it was stored; sent, or sent again; it has its outcome, and its handler
 * is about to run; it became a dead letter (`buried`); its record is another object's, or another version's, and is
 * left alone (`parked`); or its record was taken back or deleted (`lost`).
 */
export interface DurableEvent {
  readonly event: 'stored' | 'sent' | 'repeated' | 'settled' | 'buried' | 'parked' | 'lost';
  /** The id of the durable call. */
  readonly id: string;
  /** Empty, like `operation`, for a call that is lost or parked before it was read. */
  readonly binding: string;
  readonly instance: string | undefined;
  /** What is called, as `explain` writes it. */
  readonly operation: string;
  /** Of `sent` and `repeated`: how often it was sent since its object started. */
  readonly attempt?: number | undefined;
  /** Of `settled`: what it came to. */
  readonly code?: Settlement | undefined;
}

/**
 * Something happened to a call that an object of this isolate received: its method has begun; it has ended; or nothing
 * of it has run, since `onReceive` refused it, or `callLimits` let no more wait.
 */
export interface ReceiveEvent {
  readonly event: 'began' | 'ended' | 'refused';
  /** The id of the call in its caller. */
  readonly id: number | string | undefined;
  /** The class of the target. */
  readonly class: string | undefined;
  /** Empty: a target does not know by which binding it is called. */
  readonly binding: string;
  /** The name of the target, or its id; `undefined` for a Worker entrypoint. */
  readonly instance: string | undefined;
  /** What runs, as `Users.getUser`. */
  readonly operation: string;
  /** Who calls, as it says itself. */
  readonly caller: CallerInfo;
  /** Of `began`: milliseconds that the call waited until its target ran fewer; nothing where it did not wait. */
  readonly waited?: number | undefined;
  /** Of `ended`: milliseconds since the method began. */
  readonly ms?: number | undefined;
  /** What was thrown, if anything. */
  readonly error?: unknown;
}

export type CallEvent = CallStart | CallSettle | DurableEvent | ReceiveEvent;

/**
 * Receives events synchronously. Errors that it throws are logged and touch no call; in workerd, listeners after it
 * do not receive the event.
 */
export type CallListener = (event: CallEvent, channel?: string | symbol) => void;

/** As much of `diagnostics_channel.Channel` as is needed here. */
interface Channel {
  /** A property in Node and in workerd now, a method in workerd before 2026. */
  readonly hasSubscribers: boolean | (() => boolean);
  publish(event: CallEvent): void;
  subscribe(listener: CallListener): void;
  unsubscribe(listener: CallListener): void;
}

/** The name of the channel in `node:diagnostics_channel`. */
const NAME = 'lumenize:call';

/** For runtimes without `node:diagnostics_channel`. */
class OwnChannel implements Channel {
  readonly #listeners = new Set<CallListener>();

  get hasSubscribers(): boolean {
    return this.#listeners.size > 0;
  }

  publish(event: CallEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event, NAME);
      } catch (error) {
        logFailure(error);
      }
    }
  }

  subscribe(listener: CallListener): void {
    this.#listeners.add(listener);
  }

  unsubscribe(listener: CallListener): void {
    this.#listeners.delete(listener);
  }
}

const channel =
  builtin<{ channel(name: string): Channel }>('node:diagnostics_channel')?.channel(NAME) ??
  new OwnChannel();

/**
 * Events of every call in this isolate, for logs, metrics and traces. It is the channel
 * `lumenize:call` of `node:diagnostics_channel` where the runtime has that module (`nodejs_compat`),
 * and works alike where it has not. What a listener throws is logged; it must not be an async function,
 * whose rejection nobody handles, nor make calls itself without end.
 *
 * @example
 * ```ts
 * callChannel.subscribe((event) => {
 *   if (event.event === 'settle') console.log(event.operation, event.code, event.ms);
 * });
 * ```
 */
export const callChannel = {
  /** Whether anybody listens. */
  get hasSubscribers(): boolean {
    return isObserved();
  },

  /** @param listener - Called with each event, at once, until it is unsubscribed. */
  subscribe(listener: CallListener): void {
    channel.subscribe(listener);
  },

  /** @param listener - One that was subscribed. */
  unsubscribe(listener: CallListener): void {
    channel.unsubscribe(listener);
  },
};

/** Whether anybody listens. */
export function isObserved(): boolean {
  const { hasSubscribers } = channel;
  return typeof hasSubscribers === 'boolean' ? hasSubscribers : hasSubscribers.call(channel);
}

/** Tells all listeners. Their failures do not affect the call. */
export function publish(event: CallEvent): void {
  try {
    channel.publish(event);
  } catch (error) {
    logFailure(error);
  }
}

function logFailure(error: unknown): void {
  console.error(`@lumenize/call: a subscriber of ${NAME} failed:`, error);
}

/** What an outcome counts as. */
export function settlementOf(outcome: unknown, failed: boolean): Settlement {
  if (!failed) return 'value';
  return outcome instanceof CallError ? outcome.code : 'remote-threw';
}
