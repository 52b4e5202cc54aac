/** What faults do: each ends a call or a message in the way in which the platform or the target would. */

import type { Call } from '../calling/call.js';
import { DONE } from '../durable/message.js';
import { type CallErrorCode, FacadeEntry } from '../wasm/lumenize_call.js';
import { release } from '../wire/dispose.js';
import { CallError, invalidOption } from '../wire/errors.js';
import { sendFailure, sendRefusal } from '../wire/outcome.js';
import { setTimer } from './clock.js';
import { plugin } from './plugin.js';
import { never } from './waiting.js';

/** What a fault does to a call. */
export interface Action {
  /** As it was written, for recordings. */
  readonly text: string;
  /** Whether the call runs first. */
  readonly after: boolean;
  /** Whether it happens to the message, with all calls in it, as what the platform does. */
  readonly isOfMessage: boolean;
  /** Whether the call has an answer only after a while, or never. */
  readonly isSlow: boolean;
  /**
   * What arrives: an answer, as a target sends it, or a rejection, as the platform rejects a message.
   *
   * @param sent - What the target has sent, if the call has run.
   */
  outcome(call: Call, sent: unknown): Promise<unknown>;
}

/** When a fault happens. */
export interface FaultOptions {
  /** Whether the call has run when it fails. Default: `false`, which means that it does not run at all. */
  readonly after?: boolean | undefined;
}

const ON_CALL = { isOfMessage: false, isSlow: false } as const;
const SLOW = { isOfMessage: false, isSlow: true } as const;
const ON_MESSAGE = { isOfMessage: true, isSlow: false } as const;

export function delay(ms: number): Action {
  const outcome = (_: Call, sent: unknown): Promise<unknown> =>
    new Promise((resolve) => {
      setTimer(() => resolve(sent), ms);
    });
  return { text: `delay(${ms})`, after: true, ...SLOW, outcome };
}

export function hang(): Action {
  return { text: 'hang()', after: false, ...SLOW, outcome: never };
}

export function loseAnswer(): Action {
  return { text: 'loseAnswer()', after: true, ...SLOW, outcome: lose };
}

function lose(_: Call, sent: unknown): Promise<never> {
  release(sent);
  return never();
}

/** What the platform rejects messages with, as platform.ts knows it. */
const REJECTIONS: Partial<Record<CallErrorCode, () => Error>> = {
  'target-reset': () =>
    rejection('Durable Object reset because its code was updated.', 'durableObjectReset'),
  overloaded: () =>
    rejection('Durable Object is overloaded. Requests queued for too long.', 'overloaded'),
  disconnected: () => rejection('Network connection lost.', 'retryable'),
  'invalid-target': () =>
    new Error('Cannot perform I/O on behalf of a different request: a fault of this test.'),
};

function rejection(message: string, flag: string): Error {
  return Object.assign(new Error(message), { [flag]: true });
}

export function fail(code: CallErrorCode, after: boolean): Action {
  const text = `fail('${code}'${after ? ', { after: true }' : ''})`;
  const reject = REJECTIONS[code];
  if (reject) {
    return {
      text,
      after,
      ...ON_MESSAGE,
      outcome: (_, sent) => Promise.reject(inPlaceOf(sent, reject())),
    };
  }
  if (code === 'timeout') return { ...(after ? loseAnswer() : hang()), text };
  if (code === 'remote-threw') return { ...throwing('a fault of this test', after), text };
  const failure = (): CallError => new CallError(code, 'a fault of this test');
  const outcome = async (call: Call, sent: unknown): Promise<unknown> => {
    release(sent);
    return after ? thrownBy(call, failure()) : sendRefusal(failure());
  };
  return { text, after, ...ON_CALL, outcome };
}

function inPlaceOf(sent: unknown, error: Error): Error {
  release(sent);
  return error;
}

export function throwing(thrown: unknown, after: boolean): Action {
  const text = `throw(…${after ? ', { after: true }' : ''})`;
  const outcome = async (call: Call, sent: unknown): Promise<unknown> => {
    release(sent);
    return thrownBy(call, thrown);
  };
  return { text, after, ...ON_CALL, outcome };
}

/** The answer of a target whose method threw. A durable call has it inside of its own. */
function thrownBy({ encoded }: Call, thrown: unknown): unknown {
  const failure = sendFailure(thrown);
  return encoded.frame.includes(FacadeEntry.Durable) ? [DONE, failure] : failure;
}

export function resetTarget(after: boolean): Action {
  const outcome = async ({ target }: Call, sent: unknown): Promise<never> => {
    release(sent);
    if (!target.id)
      throw invalidOption(`${target.binding} is no Durable Object: nothing can be reset`);
    const { runInDurableObject } = await plugin();
    const stub = target.place.connect() as unknown as DurableObjectStub;
    try {
      await runInDurableObject(stub, (_, state) =>
        state.abort('a fault of this test has reset it'),
      );
    } catch (error) {
      throw isReset(error) ? rejection(error.message, 'durableObjectReset') : error;
    }
    throw new Error('the target was not reset');
  };
  return { text: `resetTarget(${after ? '{ after: true }' : ''})`, after, ...ON_MESSAGE, outcome };
}

/** What the plugin says of it, as who waits for an answer would not see it, comes from the other side. */
function isReset(error: unknown): error is Error {
  return error instanceof Error && Reflect.get(error, 'durableObjectReset') === true;
}
