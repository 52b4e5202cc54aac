/** What durable calls have in the storage of their object, and the one place that reads and writes it. */

import type { Method } from '../wire/core.js';
import type { Entry, Record as Head, Row } from './wasm/lumenize_call_durable.js';
import { Durable } from './wasm/lumenize_call_durable.js';

/** A recorded handler as it is stored: one method call, or a program. */
export type StoredHandler = { readonly text: string; readonly slots: readonly unknown[] } & (
  | { readonly method: Method }
  | { readonly words: Uint32Array; readonly names: readonly string[] }
);

/** A stored call: its head, which the machine wrote, and what travels and runs. */
export interface StoredCall {
  readonly head: Head;
  readonly binding: string;
  readonly instance: string;
  /** What is called, as `explain` writes it. */
  readonly operation: string;
  readonly frame: string;
  readonly slots: readonly unknown[];
  readonly handler: StoredHandler | undefined;
}

/** A call that was given up, beside its outcome, which has a row of its own: both may be large. */
export interface StoredLetter extends StoredCall {
  readonly why: 'threw' | 'crashed';
  readonly at: number;
  /** What its handler threw, as data. */
  readonly error: unknown;
}

/** A recorded outcome, as the target sends it. */
export interface StoredOutcome {
  readonly head: Entry;
  readonly sent: unknown;
}

/** Rows of durable calls begin so. */
const PREFIX = '__lmz:';
/** Calls by their rows; how often a handler had begun; dead letters, and their outcomes; the ledger. */
const CALL = `${PREFIX}o:`;
const COUNT = `${PREFIX}c:`;
const LETTER = `${PREFIX}x:`;
const OUTCOME = `${PREFIX}y:`;
const LEDGER = `${PREFIX}l:`;

/** The rows of one object. Its methods run synchronously, as parts of the turn that calls them. */
export class Rows {
  readonly #kv: SyncKvStorage;

  constructor(kv: SyncKvStorage) {
    this.#kv = kv;
  }

  get hasCalls(): boolean {
    for (const _ of this.#kv.list({ prefix: CALL, limit: 1 })) return true;
    return false;
  }

  call(row: string): StoredCall | undefined {
    return this.#kv.get(CALL + row);
  }

  /** Calls after a row, in order. What another version wrote has no head that could be read. */
  calls(after: string | undefined, limit: number): Row[] {
    return this.#page(CALL, after, limit).map(([row, stored]) => {
      const { head } = stored as StoredCall;
      return { row, record: head.version === Durable.Version ? head : undefined };
    });
  }

  putCall(row: string, call: StoredCall): void {
    this.#kv.put(CALL + row, call);
  }

  deleteCall(row: string): void {
    this.#kv.delete(CALL + row);
    this.#kv.delete(COUNT + row);
  }

  counts(): [string, number][] {
    return this.#page(COUNT, undefined, undefined) as [string, number][];
  }

  putCount(row: string, count: number): void {
    this.#kv.put(COUNT + row, count);
  }

  letter(row: string): StoredLetter | undefined {
    return this.#kv.get(LETTER + row);
  }

  outcomeOf(row: string): unknown {
    return this.#kv.get(OUTCOME + row);
  }

  putLetter(row: string, letter: StoredLetter, sent: unknown): void {
    this.#kv.put(LETTER + row, letter);
    this.#kv.put(OUTCOME + row, sent);
  }

  deleteLetter(row: string): void {
    this.#kv.delete(LETTER + row);
    this.#kv.delete(OUTCOME + row);
  }

  outcome(row: string): StoredOutcome | undefined {
    return this.#kv.get(LEDGER + row);
  }

  putOutcome(row: string, outcome: StoredOutcome): void {
    this.#kv.put(LEDGER + row, outcome);
  }

  deleteOutcome(row: string): void {
    this.#kv.delete(LEDGER + row);
  }

  outcomes(after: string | undefined, limit: number): [string, Entry][] {
    return this.#page(LEDGER, after, limit).map(([row, stored]) => [
      row,
      (stored as StoredOutcome).head,
    ]);
  }

  /** Calls and dead letters after a row, in order. */
  listed(after: string | undefined, limit: number): [string, StoredCall | StoredLetter][] {
    const both = [...this.#page(CALL, after, limit), ...this.#page(LETTER, after, limit)];
    both.sort(([one], [other]) => (one < other ? -1 : 1));
    return both.slice(0, limit) as [string, StoredCall | StoredLetter][];
  }

  #page(prefix: string, after: string | undefined, limit: number | undefined): [string, unknown][] {
    const options = {
      prefix,
      ...(limit === undefined ? {} : { limit }),
      ...(after === undefined ? {} : { startAfter: prefix + after }),
    };
    // Read to its end at once: only one list of an object can be read at a time.
    return Array.from(this.#kv.list(options), ([key, value]) => [key.slice(prefix.length), value]);
  }
}
