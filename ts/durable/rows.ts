/** What durable calls have in the storage of their object, and the one place that reads and writes it. */

import type { ContextData } from '../wire/context.js';
import type { Method } from '../wire/core.js';
import type { Entry, Record as Head } from './wasm/lumenize_call_durable.js';
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
  /** About how many bytes the values take. */
  readonly bytes: number;
  /** The data of the call inside which it was made. */
  readonly data: ContextData | undefined;
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

/**
 * A call as its row holds it: a list, since the names of properties would be written with each. The version comes
 * first, whatever another version has after it.
 */
type CallRow = [
  version: number,
  owner: string,
  id: string,
  target: string,
  made: number,
  expires: number,
  binding: string,
  instance: string,
  operation: string,
  frame: string,
  slots: readonly unknown[],
  handler: StoredHandler | undefined,
  bytes: number,
  data: ContextData | undefined,
];

/** A dead letter: the same, with what ended it at the end. */
type LetterRow = [...CallRow, why: StoredLetter['why'], at: number, error: unknown];

/** An outcome. */
type OutcomeRow = [version: number, expires: number, sent: unknown];

/** Rows of durable calls begin so. */
const PREFIX = '__lmz:';
/** Calls by their rows; how often a handler had begun; dead letters, and their outcomes; the ledger. */
const CALL = `${PREFIX}o:`;
const COUNT = `${PREFIX}c:`;
const LETTER = `${PREFIX}x:`;
const OUTCOME = `${PREFIX}y:`;
const LEDGER = `${PREFIX}l:`;

/** The row of a call in the storage of its caller. A key, which an id has after a point, has one row. */
export function rowOf(id: string): string {
  const point = id.indexOf('.');
  return point < 0 ? `i:${id}` : `k:${id.slice(point + 1)}`;
}

/** The row of an outcome in the storage of its target. */
export function outcomeRow(from: string, id: string): string {
  return `${from}:${id}`;
}

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
    return unpackCall(this.#kv.get(CALL + row));
  }

  /** Calls after a row, in order; without a head where another version wrote it. */
  calls(after: string | undefined, limit: number): [row: string, head: Head | undefined][] {
    return this.#page(CALL, after, limit).map(([row, stored]) => {
      const call = unpackCall(stored as CallRow);
      return [row, call?.head.version === Durable.Version ? call.head : undefined];
    });
  }

  putCall(row: string, call: StoredCall): void {
    this.#kv.put(CALL + row, packCall(call));
  }

  deleteCall(row: string): void {
    this.#kv.delete(CALL + row);
  }

  deleteCount(row: string): void {
    this.#kv.delete(COUNT + row);
  }

  counts(): [string, number][] {
    return this.#page(COUNT, undefined, undefined) as [string, number][];
  }

  putCount(row: string, count: number): void {
    this.#kv.put(COUNT + row, count);
  }

  letter(row: string): StoredLetter | undefined {
    return unpackLetter(this.#kv.get(LETTER + row));
  }

  outcomeOf(row: string): unknown {
    return this.#kv.get(OUTCOME + row);
  }

  putLetter(row: string, letter: StoredLetter, sent: unknown): void {
    const { why, at, error } = letter;
    const packed: LetterRow = [...packCall(letter), why, at, error];
    this.#kv.put(LETTER + row, packed);
    this.#kv.put(OUTCOME + row, sent);
  }

  deleteLetter(row: string): void {
    this.#kv.delete(LETTER + row);
    this.#kv.delete(OUTCOME + row);
  }

  outcome(row: string): StoredOutcome | undefined {
    return unpackOutcome(this.#kv.get(LEDGER + row));
  }

  putOutcome(row: string, { head, sent }: StoredOutcome): void {
    const packed: OutcomeRow = [head.version, head.expires, sent];
    this.#kv.put(LEDGER + row, packed);
  }

  deleteOutcome(row: string): void {
    this.#kv.delete(LEDGER + row);
  }

  outcomes(after: string | undefined, limit: number): [string, Entry][] {
    return this.#page(LEDGER, after, limit).map(([row, stored]) => [
      row,
      (unpackOutcome(stored as OutcomeRow) as StoredOutcome).head,
    ]);
  }

  /** Calls and dead letters after a row, in order. */
  listed(after: string | undefined, limit: number): [string, StoredCall | StoredLetter][] {
    const calls = this.#page(CALL, after, limit).map(
      ([row, stored]) => [row, unpackCall(stored as CallRow)] as const,
    );
    const letters = this.#page(LETTER, after, limit).map(
      ([row, stored]) => [row, unpackLetter(stored as LetterRow)] as const,
    );
    const both = [...calls, ...letters].sort(([one], [other]) => (one < other ? -1 : 1));
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

function packCall(call: StoredCall): CallRow {
  const { version, owner, id, target, made, expires } = call.head;
  const { binding, instance, operation, frame, slots, handler, bytes, data } = call;
  const head = [version, owner, id, target, made, expires] as const;
  return [...head, binding, instance, operation, frame, slots, handler, bytes, data];
}

/** Of another version's row only the version is read. */
function unpackCall(row: CallRow | undefined): StoredCall | undefined {
  if (row === undefined) return undefined;
  const [version, owner, id, target, made, expires, binding, instance, operation] = row;
  const head = { version, owner, id, target, made, expires };
  const [, , , , , , , , , frame, slots, handler, bytes, data] = row;
  return { head, binding, instance, operation, frame, slots, handler, bytes, data };
}

function unpackLetter(row: LetterRow | undefined): StoredLetter | undefined {
  const call = unpackCall(row as CallRow | undefined);
  if (!row || !call) return undefined;
  const [why, at, error] = row.slice(-3) as [StoredLetter['why'], number, unknown];
  return { ...call, why, at, error };
}

/** What another version wrote expires never, as far as this one knows. */
function unpackOutcome(row: OutcomeRow | undefined): StoredOutcome | undefined {
  if (row === undefined) return undefined;
  const [version, expires, sent] = row;
  const isOurs = version === Durable.Version;
  return { head: { version, expires: isOurs ? expires : Number.MAX_SAFE_INTEGER }, sent };
}
