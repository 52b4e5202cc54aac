/** The target's side of durable calls: a method runs once, and repeats are answered from its record. */

import { answer } from '../receiving/attend.js';
import { rulesOf } from '../receiving/expose.js';
import { checkFrame } from '../receiving/receive.js';
import { readAny } from '../receiving/steps.js';
import { FacadeEntry } from '../wasm/lumenize_call.js';
import { Context, checkData, currentContext, placeOf } from '../wire/context.js';
import { CallError } from '../wire/errors.js';
import { sendFailure } from '../wire/outcome.js';
import { textOf } from '../wire/text.js';
import type { Carried, Carrier } from './carrier.js';
import { type Answer, DONE, LATE, type Message } from './message.js';
import { outcomeRow } from './rows.js';
import type { DurableMachine, Effect, Entry } from './wasm/lumenize_call_durable.js';
import { Durable } from './wasm/lumenize_call_durable.js';

export class Ledger {
  readonly #carrier: Carrier;
  /** Answers of methods that run, by the rows of their calls. */
  readonly #running = new Map<string, Promise<unknown>>();
  readonly effects: Carried<'forget' | 'sweep'> = {
    forget: ({ rows }) => {
      for (const row of rows) this.#carrier.rows.deleteOutcome(row);
    },
    sweep: ({ after, limit }) => {
      const entries = this.#carrier.rows.outcomes(after, limit);
      this.#carrier.tell((machine) => {
        for (const [row, { version, expires }] of entries) machine.outcome(row, version, expires);
        return machine.swept(entries.length === limit);
      });
    },
  };

  constructor(carrier: Carrier) {
    this.#carrier = carrier;
  }

  /**
   * Answers a call. Anybody may have sent it.
   *
   * @throws `CallError`: nothing has run.
   */
  receive(message: readonly unknown[]): Answer | Promise<Answer> {
    const [version, from, id, expires, settled, frame, slots, data] = checkMessage(message);
    const row = outcomeRow(from, id);
    const known = this.#carrier.rows.outcome(row)?.head.version;
    const isRunning = this.#running.has(row);
    const isNew = known === undefined && !isRunning;
    const run = isNew ? this.#prepare(id, expires, frame, slots, data) : undefined;
    const rows = Array.from(settled, (each) => outcomeRow(from, each));
    const received = (machine: DurableMachine): Effect[] =>
      machine.received(version, row, expires, known, isRunning, rows);
    const effects = this.#carrier.sure(() => this.#carrier.ask(received));
    const decision = effects.pop();
    this.#carrier.sure(() => this.#carrier.carryOut(effects));
    return this.#decide(decision, row, run);
  }

  /** Checks a program; it runs when the result is called. Throws `CallError`. */
  #prepare(
    id: string,
    expires: number,
    frame: unknown,
    slots: readonly unknown[],
    data: unknown,
  ): () => unknown {
    const { self } = this.#carrier;
    const rules = rulesOf(self);
    const program = checkFrame(frame, slots.length, rules, self);
    if (program.entries.includes(FacadeEntry.Durable)) {
      const text = `'${FacadeEntry.Durable}' is not a method that callers may use`;
      throw new CallError('not-callable', text);
    }
    const { caller = [] } = currentContext() ?? {};
    const origin = data === undefined ? undefined : ([[], checkData(data)] as const);
    const context = new Context(caller, expires, origin, placeOf(self, program.entries));
    const read = program.method ? readAny : rules.read;
    return () => answer({ id, context, program, slots, firstSlot: 0, self, read });
  }

  #decide(
    decision: Effect | undefined,
    row: string,
    run: (() => unknown) | undefined,
  ): Answer | Promise<Answer> {
    if (decision === 'late') return LATE;
    if (decision === 'join') return this.#join(row);
    if (decision === 'repeat') return [DONE, this.#carrier.rows.outcome(row)?.sent];
    if (typeof decision === 'object' && 'run' in decision && run) {
      return this.#run(row, decision.run.entry, run());
    }
    const message = `this is a durable call or a record of another version than ${Durable.Version}`;
    throw new CallError('protocol', message);
  }

  async #join(row: string): Promise<Answer> {
    return [DONE, await this.#running.get(row)];
  }

  #run(row: string, head: Entry, sent: unknown): Answer | Promise<Answer> {
    if (!(sent instanceof Promise)) return [DONE, this.#record(row, head, sent)];
    const ended = sent.then((each: unknown) => {
      this.#running.delete(row);
      return this.#record(row, head, each);
    });
    this.#running.set(row, ended);
    return this.#join(row);
  }

  /** Records an outcome in the turn in which its method has ended, and returns what is to be answered. */
  #record(row: string, head: Entry, sent: unknown): unknown {
    const { rows } = this.#carrier;
    return this.#carrier.sure(() => {
      try {
        rows.putOutcome(row, { head, sent });
        return sent;
      } catch (cause) {
        const text = `its result cannot be stored, as that of a durable call is: ${textOf(cause)}`;
        const failed = sendFailure(new CallError('not-cloneable', text, { mayHaveRun: true }));
        rows.putOutcome(row, { head, sent: failed });
        return failed;
      }
    });
  }

  /** How many methods run for others. */
  get running(): number {
    return this.#running.size;
  }
}

/** UTF-16 code units of what names a caller or a call, which become parts of a storage key. */
const MOST_UNITS = { from: 128, id: 600 };

/** Calls that one message says have settled. */
const MOST_SETTLED = 1_000;

/** Throws `CallError` with code `protocol` for what no caller of this version sends. */
function checkMessage(message: readonly unknown[]): Message {
  const [version, from, id, expires, settled, frame, slots, data] = message;
  const isMessage =
    isCount(version) &&
    isName(from, MOST_UNITS.from) &&
    isName(id, MOST_UNITS.id) &&
    isCount(expires) &&
    Array.isArray(settled) &&
    settled.length <= MOST_SETTLED &&
    Array.from(settled).every((each) => isName(each, MOST_UNITS.id)) &&
    Array.isArray(slots);
  if (!isMessage) throw new CallError('protocol', 'this is no message of a durable call');
  return [version, from, id, expires, settled, frame, slots, data] as unknown as Message;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isName(value: unknown, most: number): boolean {
  return typeof value === 'string' && value.length > 0 && value.length <= most;
}
