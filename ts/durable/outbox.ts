/** The caller's side of durable calls: sends what is stored, and runs handlers with what comes back. */

import type { CallHandle } from '../calling/call.js';
import type { CallErrorInfo } from '../calling/owner.js';
import { report } from '../object/create.js';
import { isObject } from '../runtime/kinds.js';
import { soon } from '../runtime/turn.js';
import { FacadeEntry } from '../wasm/lumenize_call.js';
import { type DurableEvent, settlementOf } from '../wire/channel.js';
import { Context, within } from '../wire/context.js';
import { release } from '../wire/dispose.js';
import { encodeError } from '../wire/error-data.js';
import { CallError, type CallErrorDetails, placeOf } from '../wire/errors.js';
import { NamedNode, NODE, Node } from '../wire/node.js';
import { type Outcome, readOutcome, sendFailure } from '../wire/outcome.js';
import { textOf } from '../wire/text.js';
import type { Carried, Carrier, FieldsOf } from './carrier.js';
import { announce } from './events.js';
import { failureOf } from './failures.js';
import { runStored } from './handler.js';
import { DONE } from './message.js';
import { rowOf, type StoredCall, type StoredLetter } from './rows.js';
import type { With } from './wasm/lumenize_call_durable.js';
import { Durable, Failure } from './wasm/lumenize_call_durable.js';

/** As much of `this.svc` as sends stored calls. */
interface Sender {
  call(
    target: string | object,
    instance: string,
    remote: unknown,
    handler: (outcome: unknown) => unknown,
    options: { readonly batch: boolean; readonly context: null },
  ): CallHandle;
}

/** What is known in memory of the last attempt of a call. */
interface Attempt {
  readonly row: string;
  /** What was read when it was sent, unless that is large: what deletes a record tells the machine. */
  stored?: StoredCall;
  /** What is called, for observers. */
  place?: Shown;
  /** The outcome, as the target sends it. */
  sent?: unknown;
  /** Why there was none. */
  failure?: CallError;
  /** What its handler threw. */
  thrown?: unknown;
  /** The end of its handler, while that takes time. */
  handling?: Promise<void>;
}

type Shown = Omit<DurableEvent, 'event'>;

const UNKNOWN: Omit<Shown, 'id'> = { binding: '', instance: undefined, operation: '' };

/** Bytes of a record that is kept in memory while its call is in flight, at the most. */
const MOST_KEPT = 4_000;

const START = new Node(undefined, undefined, undefined);
const ENTRY = new Node(START, FacadeEntry.Durable, undefined);

export class Outbox {
  readonly #carrier: Carrier;
  readonly #attempts = new Map<string, Attempt>();
  /** What this turn has stored, which is sent at its end without being read again. */
  readonly #made = new Map<string, StoredCall>();

  readonly effects: Carried<
    | 'load'
    | 'store'
    | 'known'
    | 'send'
    | 'count'
    | 'handle'
    | 'delete'
    | 'bury'
    | 'deleteLetter'
    | 'lost'
    | 'parked'
    | 'run'
  > = {
    load: ({ after, limit }) => {
      const rows = this.#carrier.rows.calls(after, limit);
      this.#carrier.tell((machine) => {
        for (const [row, head] of rows) {
          if (!head) machine.foundOther(row);
          else {
            const { version, owner, id, target, made, expires } = head;
            machine.found(row, version, owner, id, target, made, expires);
          }
        }
        return machine.loaded(rows.length === limit);
      });
    },
    send: (fields) => this.#send(fields),
    count: ({ id, crashes }) => {
      this.#carrier.rows.putCount(rowOf(id), crashes);
      void this.#carrier.sync().then(() => this.#carrier.tell((machine) => machine.counted(id)));
    },
    handle: ({ id, with: what }) => this.#handle(id, what),
    delete: ({ id, isCounted }) => {
      const row = this.#row(id);
      this.#attempts.delete(id);
      this.#carrier.rows.deleteCall(row);
      if (isCounted) this.#carrier.rows.deleteCount(row);
    },
    bury: (fields) => this.#bury(fields),
    deleteLetter: ({ id }) => {
      this.#attempts.delete(id);
      // Its key may be another call's by now.
      if (this.letter(id)) this.#carrier.rows.deleteLetter(rowOf(id));
    },
    lost: ({ id }) => {
      const { place = UNKNOWN } = this.#attempts.get(id) ?? {};
      this.#attempts.delete(id);
      announce({ event: 'lost', ...place, id });
    },
    parked: ({ row }) => {
      announce({ event: 'parked', ...UNKNOWN, id: row });
    },
    // Answers to what only the code asks that gets them.
    store: () => {},
    known: () => {},
    run: () => {},
  };

  constructor(carrier: Carrier) {
    this.#carrier = carrier;
  }

  #send({ id, attempt, alone, settled }: FieldsOf<'send'>): void {
    const made = this.#attempt(id);
    const stored = this.#made.get(id) ?? this.#stored(id);
    this.#made.delete(id);
    if (!stored) {
      this.#carrier.tell((machine) => machine.missing(id));
      return;
    }
    const { binding, instance, operation, frame, slots, head, data } = stored;
    const message = [Durable.Version, head.owner, id, head.expires, settled, frame, slots, data];
    const node = new NamedNode(ENTRY, message, operation);
    const remote = Object.assign(() => {}, { [NODE]: node });
    const { svc } = this.#carrier.self as unknown as { svc: Sender };
    const place = shown(stored);
    made.place = place;
    if (stored.bytes <= MOST_KEPT) made.stored = stored;
    announce({ event: attempt === 1 ? 'sent' : 'repeated', ...place, attempt });
    try {
      const receive = (outcome: unknown): unknown => this.#receive(id, outcome);
      // It is part of no other call, whose deadline would be its own.
      svc.call(this.#target(binding), instance, remote, receive, { batch: !alone, context: null });
    } catch (error) {
      // The binding is not there any more, or not yet.
      soon(() => void this.#receive(id, error));
    }
  }

  /** A call has been stored. */
  keep(call: StoredCall): void {
    if (call.bytes <= MOST_KEPT) this.#made.set(call.head.id, call);
  }

  /** What was stored is read before it is sent: it may be gone again, or has to wait. */
  forget(): void {
    this.#made.clear();
  }

  /** A binding of `env`, or an export of the Worker that stands for one. */
  #target(binding: string): string | object {
    const { ctx, env } = this.#carrier.self;
    if (Object.hasOwn(env, binding)) return binding;
    const { exports = {} } = ctx as unknown as { exports?: Readonly<Record<string, unknown>> };
    const exported = Object.hasOwn(exports, binding) ? exports[binding] : undefined;
    return isObject(exported) ? exported : binding;
  }

  /** @returns The end of the handler, if one runs and takes time. */
  #receive(id: string, outcome: unknown): Promise<void> | undefined {
    const attempt = this.#attempts.get(id);
    // It has settled meanwhile.
    if (!attempt) return undefined;
    if (!Array.isArray(outcome)) this.#fail(id, attempt, outcome);
    else if (outcome[0] === DONE) {
      attempt.sent = outcome[1];
      this.#carrier.tell((machine) => machine.answered(id));
    } else this.#carrier.tell((machine) => machine.tooLate(id));
    return attempt.handling;
  }

  #fail(id: string, attempt: Attempt, outcome: unknown): void {
    const failure =
      outcome instanceof CallError
        ? outcome
        : new CallError('protocol', 'the target answered with what is no answer to a durable call');
    const kind = failureOf(failure);
    if (kind === Failure.Refused && attempt.failure?.message !== failure.message) {
      console.warn(
        `@lumenize/call: a durable call is refused, and repeated for 10 minutes: ${textOf(failure)}`,
      );
    }
    attempt.failure = failure;
    this.#carrier.tell((machine) => machine.failed(id, kind));
  }

  #handle(id: string, what: With): void {
    const stored =
      what === 'stored' ? this.letter(id) : (this.#attempts.get(id)?.stored ?? this.#stored(id));
    if (!stored) {
      this.#carrier.tell((machine) => machine.missing(id));
      return;
    }
    const { outcome, failed } = this.#outcome(id, stored, what);
    announce({ event: 'settled', ...shown(stored), code: settlementOf(outcome, failed) });
    const attempt = this.#attempt(id);
    const end = (): void => {
      release(outcome);
      delete attempt.handling;
      this.#carrier.tell((machine) => machine.handled(id, 'thrown' in attempt));
    };
    const fail = (thrown: unknown): void => {
      attempt.thrown = thrown;
    };
    const { handler } = stored;
    if (!handler) {
      if (failed) this.#report(stored, outcome);
      end();
      return;
    }
    const run = (): void | Promise<void> => {
      try {
        const runIt = (): void | Promise<void> => runStored(handler, this.#carrier.self, outcome);
        return within(this.#contextOf(stored), runIt, undefined);
      } catch (error) {
        return fail(error);
      }
    };
    const ended = run();
    if (!(ended instanceof Promise)) {
      end();
      return;
    }
    attempt.handling = ended.catch(fail).then(() => {
      // The call may have been given up meanwhile, and be there again.
      this.#attempts.set(id, attempt);
      end();
      this.#attempts.delete(id);
    });
  }

  /** In which the handler of a call runs. */
  #contextOf({ data }: StoredCall): Context | undefined {
    if (!data) return undefined;
    return new Context([], Number.POSITIVE_INFINITY, [[], data], '');
  }

  #outcome(id: string, stored: StoredCall, what: With): Outcome {
    const details = { ...detailsOf(stored), mayHaveRun: true };
    if (what === 'failure') return { outcome: this.#attempts.get(id)?.failure, failed: true };
    if (what === 'timeout') {
      const { made, expires } = stored.head;
      const text = `${stored.operation} on ${placeOf(details)} has no outcome after ${expires - made} ms`;
      return { outcome: new CallError('timeout', text, details), failed: true };
    }
    const sent =
      what === 'stored' ? this.#carrier.rows.outcomeOf(rowOf(id)) : this.#attempts.get(id)?.sent;
    return readOutcome(sent, { details: () => details, durableObjectIdWith: () => undefined });
  }

  #bury({ id, why, with: what }: FieldsOf<'bury'>): void {
    const { rows } = this.#carrier;
    const row = rowOf(id);
    const stored = what === 'stored' ? this.letter(id) : this.#stored(id);
    const attempt = this.#attempts.get(id);
    if (!stored) {
      this.#attempts.delete(id);
      return;
    }
    const thrown =
      why === 'threw' ? attempt?.thrown : new Error('its object ended each time that it ran');
    const sent =
      what === 'answer'
        ? attempt?.sent
        : what === 'stored'
          ? rows.outcomeOf(row)
          : sendFailure(this.#outcome(id, stored, what).outcome);
    this.#attempts.delete(id);
    rows.putLetter(row, { ...stored, why, at: Date.now(), error: encodeError(thrown) }, sent);
    if (what !== 'stored') {
      rows.deleteCall(row);
      rows.deleteCount(row);
    }
    announce({ event: 'buried', ...shown(stored) });
    this.#report(stored, thrown);
  }

  /** The dead letter of a call. */
  letter(id: string): StoredLetter | undefined {
    const letter = this.#carrier.rows.letter(rowOf(id));
    return letter?.head.id === id ? letter : undefined;
  }

  /** The record of a call, unless its key belongs to another call by now. */
  #stored(id: string): StoredCall | undefined {
    const stored = this.#carrier.rows.call(this.#row(id));
    return stored?.head.id === id ? stored : undefined;
  }

  #attempt(id: string): Attempt {
    let attempt = this.#attempts.get(id);
    if (!attempt) {
      attempt = { row: rowOf(id) };
      this.#attempts.set(id, attempt);
    }
    return attempt;
  }

  #row(id: string): string {
    return this.#attempts.get(id)?.row ?? rowOf(id);
  }

  #report(stored: StoredCall, error: unknown): void {
    const { text: handler } = stored.handler ?? {};
    const info: CallErrorInfo = { ...detailsOf(stored), handler, durableId: stored.head.id };
    void report(this.#carrier.self, error, info);
  }
}

function detailsOf({ binding, instance, operation }: StoredCall): CallErrorDetails {
  return { binding, instance, operation };
}

function shown(stored: StoredCall): Shown {
  const { binding, instance, operation } = stored;
  return { id: stored.head.id, binding, instance, operation };
}
