/**
 * Carries out what the machine says, for one object, in the turn in which it says so: rows are written with what
 * the object writes in that turn.
 */

import { time } from '../runtime/clock.js';
import { soon } from '../runtime/turn.js';
import { textOf } from '../wire/text.js';
import { type AlarmHandler, SharedAlarm } from './alarm.js';
import { Ledger } from './ledger.js';
import { createMachine, step } from './machine.js';
import { Outbox } from './outbox.js';
import { Rows } from './rows.js';
import { recentStarts } from './starts.js';
import type { DurableMachine, Effect } from './wasm/lumenize_call_durable.js';

/** The names of effects that have fields. */
type Name = Exclude<Effect, string> extends infer E ? (E extends E ? keyof E : never) : never;

/** The fields of an effect. */
export type FieldsOf<N extends Name> = Extract<Effect, { [K in N]: unknown }>[N];

/** Tells the machine of an event. */
export type Event = (machine: DurableMachine) => Effect[];

/** What carries out the effects of one side. */
export type Carried<N extends Name> = { readonly [K in N]: (fields: FieldsOf<K>) => void };

/** An object with durable calls. */
export interface DurableSelf {
  readonly ctx: DurableObjectState;
  readonly env: object;
  alarm?: AlarmHandler;
}

export class Carrier {
  readonly self: DurableSelf;
  readonly rows: Rows;
  readonly alarm: SharedAlarm;
  readonly outbox: Outbox;
  readonly ledger: Ledger;
  readonly #ctx: DurableObjectState;
  readonly #carried: Carried<Name>;
  #machine: DurableMachine | undefined;
  /** Transactions that are open. What they write may be taken back. */
  #transactions = 0;
  #isCommitting = false;
  /** What the machine has said, and is not carried out yet. */
  readonly #said: Effect[] = [];
  #isCarryingOut = false;

  /** @param theirs - The object's own handler of alarms, if it has one. */
  constructor(self: DurableSelf, theirs: () => AlarmHandler | undefined) {
    this.self = self;
    this.#ctx = self.ctx;
    const { storage } = this.#ctx;
    this.rows = new Rows(storage.kv);
    this.alarm = new SharedAlarm(storage, theirs, () => this.tell((machine) => machine.woke()));
    this.outbox = new Outbox(this);
    this.ledger = new Ledger(this);
    this.#carried = {
      ...this.outbox.effects,
      ...this.ledger.effects,
      wake: ({ at }) => {
        const due = time.alarm?.(at, this.#ctx, () => this.tell((machine) => machine.woke())) ?? at;
        void this.alarm.wake(due).catch((error: unknown) => this.#end(error));
      },
    };
    this.#watchStorage(storage);
    soon(() => this.sure(() => this.rows.hasCalls && this.machine));
  }

  /** The id by which targets know this object. */
  get id(): string {
    return this.#ctx.id.toString();
  }

  /** Told that its object has started, before anything else. */
  get machine(): DurableMachine {
    if (!this.#machine) {
      this.#machine = createMachine();
      const hasRecords = this.rows.hasCalls;
      const counts = hasRecords ? this.rows.counts() : [];
      const rows = counts.map(([row]) => row);
      const crashes = Uint32Array.from(counts, ([, count]) => count);
      const recent = hasRecords ? recentStarts(this.id) : 0;
      this.tell((machine) => machine.started(this.id, hasRecords, rows, crashes, recent));
    }
    return this.#machine;
  }

  /**
   * Tells the machine of an event, and carries out what it says, after what it has said before: the last alarm
   * that it asks for is the one that counts.
   */
  tell(event: Event): void {
    this.sure(() => this.carryOut(this.ask(event)));
  }

  /** Tells the machine of an event, and returns what it says. */
  ask(event: Event): Effect[] {
    return step(this.machine, event);
  }

  carryOut(effects: readonly Effect[]): void {
    this.#said.push(...effects);
    if (this.#isCarryingOut) return;
    this.#isCarryingOut = true;
    try {
      // It grows meanwhile.
      for (const effect of this.#said) {
        for (const [name, fields] of Object.entries(effect)) {
          this.#carried[name as Name](fields as never);
        }
      }
    } finally {
      this.#said.length = 0;
      this.#isCarryingOut = false;
    }
  }

  /** Says `committed` when this turn has ended, and every transaction with it. */
  commitSoon(): void {
    if (this.#transactions > 0) this.tell((machine) => machine.held());
    if (this.#isCommitting) return;
    this.#isCommitting = true;
    soon(() => {
      this.#isCommitting = false;
      if (this.#transactions > 0) return;
      this.tell((machine) => machine.committed());
      this.outbox.forget();
    });
  }

  /** Waits until what was written is committed. */
  async sync(): Promise<void> {
    await this.#ctx.storage.sync();
  }

  /** Runs what must not fail: a turn whose records cannot be written must not commit. */
  sure<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      return this.#end(error);
    }
  }

  #end(error: unknown): never {
    this.#ctx.abort(`@lumenize/call: durable calls cannot go on: ${textOf(error)}`);
    throw error;
  }

  /** What ends or deletes more than a turn writes has to be known here. */
  #watchStorage(storage: DurableObjectStorage): void {
    const deleteAll = storage.deleteAll.bind(storage);
    const transaction = storage.transaction.bind(storage);
    const transactionSync = storage.transactionSync.bind(storage);
    const run = async <T>(closure: (txn: DurableObjectTransaction) => Promise<T>): Promise<T> => {
      this.#transactions += 1;
      let isTakenBack = false;
      try {
        return await transaction((txn) => {
          this.alarm.share(txn);
          const rollback = txn.rollback.bind(txn);
          txn.rollback = () => {
            isTakenBack = true;
            rollback();
          };
          return closure(txn);
        });
      } catch (error) {
        isTakenBack = true;
        throw error;
      } finally {
        this.#transactions -= 1;
        this.#endTransaction(isTakenBack);
      }
    };
    const runSync = <T>(closure: () => T): T => {
      try {
        return transactionSync(closure);
      } catch (error) {
        this.#endTransaction(true);
        throw error;
      }
    };
    Object.assign(storage, {
      transaction: run,
      transactionSync: runSync,
      deleteAll: (options?: DurableObjectPutOptions) => {
        this.outbox.forget();
        this.tell((machine) => machine.wiped());
        return deleteAll(options);
      },
    });
  }

  /** Durable calls that were never used are not concerned. */
  #endTransaction(isTakenBack: boolean): void {
    if (!this.#machine) return;
    if (isTakenBack) {
      this.outbox.forget();
      this.tell((machine) => machine.takenBack());
    }
    this.commitSoon();
  }
}
