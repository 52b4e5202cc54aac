/** Recordings: what was called, in which messages, and what it came to. */

import type { Call } from '../calling/call.js';
import { type CallEvent, callChannel, type Settlement } from '../wire/channel.js';

/** A call that was sent. A durable call is one each time that it is sent. */
export interface RecordedCall {
  /** The name or id of the Durable Object that called; `undefined` for a Worker. */
  readonly caller: string | undefined;
  readonly binding: string;
  /** The name or id of the instance; `undefined` for a Worker entrypoint. */
  readonly instance: string | undefined;
  /** What was called, as `explain` writes it. */
  readonly operation: string;
  /** What it came to: `value`, or a code, as `callChannel` has it; `undefined` while it is pending. */
  readonly outcome: Settlement | undefined;
  /** The fault that struck it, as it is written: `fail('overloaded')`. */
  readonly fault: string | undefined;
}

/** A message: one request. */
export interface RecordedMessage {
  readonly binding: string;
  readonly instance: string | undefined;
  readonly calls: readonly RecordedCall[];
}

/** What was recorded, as data. It grows until it is stopped. */
export interface Recording extends Disposable {
  /** The messages, in the order in which they were sent. */
  readonly messages: readonly RecordedMessage[];
  /** The calls in them, in the same order. One that was never sent is among the events only. */
  readonly calls: readonly RecordedCall[];
  /** The events of `callChannel`, those of durable calls among them. */
  readonly events: readonly CallEvent[];
  /** Ends it. `using` does the same at the end of a block. */
  stop(): void;
}

type Growing<T> = { -readonly [K in keyof T]: T[K] };

/** What each recording that goes on does with a message. */
const recordings = new Set<(message: RecordedMessage) => void>();

/**
 * Records the calls that objects of this isolate send from now on.
 *
 * @example
 * ```ts
 * import { record } from '@lumenize/call/testing';
 *
 * using recording = record();
 * await this.ctn('USERS', 'main').getUser('u1');
 * console.log(recording.calls.map(({ operation }) => operation)); // ['getUser("u1")']
 * ```
 */
export function record(): Recording {
  const messages: RecordedMessage[] = [];
  const events: CallEvent[] = [];
  const add = (message: RecordedMessage): void => void messages.push(message);
  const listen = (event: CallEvent): void => void events.push(event);
  recordings.add(add);
  callChannel.subscribe(listen);
  const stop = (): void => {
    recordings.delete(add);
    callChannel.unsubscribe(listen);
  };
  return {
    messages,
    get calls() {
      return messages.flatMap(({ calls }) => calls);
    },
    events,
    stop,
    [Symbol.dispose]: stop,
  };
}

/**
 * Notes a message that is sent.
 *
 * @param struckBy - The fault that strikes a call, as text.
 * @returns For each call what learns its outcome.
 */
export function note(
  calls: readonly Call[],
  struckBy: readonly (string | undefined)[],
): ((outcome: Settlement) => void)[] {
  const noted = calls.map((call, at): Growing<RecordedCall> => {
    const { binding, instance, operation } = call.eventDetails();
    const { ownId } = call.target.targets;
    const caller = ownId?.name ?? ownId?.toString();
    return { caller, binding, instance, operation, outcome: undefined, fault: struckBy[at] };
  });
  const [{ binding, instance }] = noted as [RecordedCall];
  for (const add of recordings) add({ binding, instance, calls: noted });
  return noted.map((each) => (outcome) => {
    each.outcome = outcome;
  });
}
