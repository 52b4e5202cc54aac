/** `this.svc.durable`: what an object does with its durable calls. */

import { remoteOf } from '../calling/remote.js';
import type { Target } from '../calling/target.js';
import { encodeProgram } from '../record/encode.js';
import { routeOf, unbound } from '../record/record.js';
import { isDataObject } from '../runtime/kinds.js';
import { currentContext } from '../wire/context.js';
import { Copies } from '../wire/copy.js';
import { decodeError, type EncodedError } from '../wire/error-data.js';
import { CallError, invalidContinuation, invalidOption } from '../wire/errors.js';
import { explain, explainNode } from '../wire/explain.js';
import { unknownName } from '../wire/near.js';
import { type Node, nodeOf } from '../wire/node.js';
import { copyOfOptions } from '../wire/reading.js';
import { startAt } from '../wire/stack.js';
import { textOf } from '../wire/text.js';
import type { Carrier } from './carrier.js';
import { announce } from './events.js';
import { storedHandlerFor } from './handler.js';
import { checkKey, checkTimeout } from './machine.js';
import { rowOf, type StoredCall, type StoredLetter } from './rows.js';
import type { DurableCall, DurableCallFunction, DurableStats } from './types.js';
import type { DurableCallOptions, DurableMachine, Effect } from './wasm/lumenize_call_durable.js';
import { Durable, DurableTimeout } from './wasm/lumenize_call_durable.js';

/** Bytes of a stored value, at the most: the platform's limit for a key and its value, less what we add. */
const MOST_BYTES = 1_990_000;

/** How many calls `list` returns if it is not told. */
const LISTED = 100;

export class DurableCalls {
  readonly #carrier: Carrier;
  readonly call: DurableCallFunction<never>;

  constructor(carrier: Carrier) {
    this.#carrier = carrier;
    const call = (...args: unknown[]): string => {
      try {
        return this.#call(args);
      } catch (error) {
        throw startAt(error, call);
      }
    };
    this.call = call as never;
  }

  /**
   * The stored calls and dead letters of this object.
   *
   * @param limit - How many at the most. Default: 100.
   * @param after - The id after which the list goes on: that of the last one before.
   */
  list({ limit = LISTED, after }: { limit?: number; after?: string } = {}): DurableCall[] {
    const row = after === undefined ? undefined : rowOf(after);
    return this.#carrier.rows
      .listed(row, limit)
      .map(([key, stored]) => this.#described(key, stored));
  }

  /** One call by its id, while its record lives. */
  get(id: string): DurableCall | undefined {
    const stored = this.#find(id);
    return stored && this.#described(rowOf(id), stored);
  }

  /**
   * Runs the handler of a dead letter again, with the outcome that it had. Nothing is sent.
   *
   * @returns Whether there is such a dead letter.
   */
  retry(id: string): boolean {
    if (!this.#carrier.outbox.letter(id)) return false;
    this.#carrier.tell((machine) => machine.retried(id));
    return true;
  }

  /**
   * Gives a call up: its handler does not run, and the remote method may have run. Or deletes a dead letter.
   *
   * @returns Whether there was one.
   */
  drop(id: string): boolean {
    if (this.#carrier.outbox.letter(id)) {
      this.#carrier.sure(() => this.#carrier.rows.deleteLetter(rowOf(id)));
      return true;
    }
    if (!this.#find(id)) return false;
    this.#carrier.tell((machine) => machine.dropped(id));
    this.#carrier.commitSoon();
    return true;
  }

  /** What this object has in memory of its durable calls. */
  stats(): DurableStats {
    return { ...this.#carrier.machine.counts(), running: this.#carrier.ledger.running };
  }

  #call(args: readonly unknown[]): string {
    const [first, second, third, fourth, fifth] = args;
    const node = nodeOf(first);
    const remote = node ?? remoteOf(first, third);
    const target = node ? this.#bound(node) : this.#named(first, second);
    const { timeout, key } = checkOptions(node ? third : fifth);
    const call = this.#prepared(target, remote, node ? second : fourth);
    return this.#store(call, timeout, key);
  }

  /** Everything that is stored but the head. Throws `CallError`; nothing has been written. */
  #prepared(target: Target, remote: Node, handler: unknown): Omit<StoredCall, 'head'> {
    const operation = explainNode(remote);
    const { frame, slots, isWhole, bytes, failure } = encodeProgram(remote, target);
    if (failure) {
      throw notStored(
        operation,
        `reading an argument threw ${textOf(failure.cause)}`,
        failure.cause,
      );
    }
    if (!isWhole) throw notStored(operation, 'an argument is more than data');
    const { self } = this.#carrier;
    const stored = storedHandlerFor(handler, remote, self);
    const size = bytes + (stored ? sizeOf(operation, stored.slots) : 0);
    if (size > MOST_BYTES) {
      const text = `its arguments take about ${size} bytes, at most ${MOST_BYTES} can be stored`;
      throw new CallError('limit-exceeded', `${operation}: ${text}`, { operation });
    }
    const { binding, instance } = target;
    return {
      binding,
      instance: instance as string,
      operation,
      frame,
      slots,
      handler: stored,
      bytes: size,
      data: currentContext()?.origin[1],
    };
  }

  #store(call: Omit<StoredCall, 'head'>, timeout: number, key: string | undefined): string {
    const carrier = this.#carrier;
    const known = key === undefined ? undefined : this.#ofKey(key)?.head;
    if (known && known.version !== Durable.Version) return String(known.id ?? key);
    const target = `${call.binding}/${call.instance}`;
    const made = (machine: DurableMachine): Effect[] =>
      machine.made(key, known?.id, target, timeout);
    const [effect] = carrier.sure(() => carrier.ask(made));
    if (typeof effect !== 'object') throw new CallError('internal', 'the machine said nothing');
    if ('known' in effect) return effect.known.id;
    if (!('store' in effect)) throw new CallError('internal', 'the machine said something else');
    const { id } = effect.store;
    const head = { version: Durable.Version, owner: carrier.id, target, ...effect.store };
    try {
      const stored = { head, ...call };
      carrier.rows.putCall(rowOf(id), stored);
      carrier.outbox.keep(stored);
    } catch (cause) {
      carrier.tell((machine) => machine.missing(id));
      throw notStored(call.operation, textOf(cause), cause);
    }
    const { binding, instance, operation } = call;
    announce({ event: 'stored', id, binding, instance, operation });
    carrier.commitSoon();
    return id;
  }

  #ofKey(key: string): StoredCall | undefined {
    // The row of a key does not depend on the rest of the id.
    const row = rowOf(`.${key}`);
    return this.#carrier.rows.call(row) ?? this.#carrier.rows.letter(row);
  }

  #find(id: string): StoredCall | StoredLetter | undefined {
    const row = rowOf(id);
    const found = [this.#carrier.rows.call(row), this.#carrier.rows.letter(row)];
    return found.find((stored) => stored?.head.id === id);
  }

  #bound(node: Node): Target {
    const route = routeOf(node);
    if (!route) throw unbound(node);
    const target = route.target as Target;
    if (this.#named(target.key, target.named).targets === target.targets) return checked(target);
    throw invalidContinuation(
      `${explainNode(node)} was recorded by another object: begin it with this object's ctn()`,
    );
  }

  #named(binding: unknown, instance: unknown): Target {
    const { svc } = this.#carrier.self as unknown as { svc: { ctn(...to: unknown[]): unknown } };
    const route = routeOf(nodeOf(svc.ctn(binding, instance)) as Node);
    return checked(route?.target as Target);
  }

  #described(row: string, stored: StoredCall | StoredLetter): DurableCall {
    if (stored.head.version !== Durable.Version) return { ...UNKNOWN, id: row.slice(ROW_KIND) };
    const { head, binding, instance, operation, handler } = stored;
    const { id, made, expires, owner } = head;
    const described = { id, binding, instance, operation, handler: handler?.text, made, expires };
    if ('why' in stored) {
      const error = decodeError(
        stored.error as EncodedError,
        { binding, instance, operation },
        undefined,
      );
      return { ...described, state: 'dead', attempts: 0, error };
    }
    const [state, attempts] = this.#carrier.machine.state(id) ?? [
      owner === this.#carrier.id ? 'stored' : 'parked',
      0,
    ];
    return { ...described, state: state as DurableCall['state'], attempts };
  }
}

/** A target whose name can be stored. */
function checked(target: Target): Target {
  const { key, named, binding } = target;
  const isStorable = typeof key === 'string' || (binding !== 'namespace' && binding !== 'stub');
  const invalid = (what: string): CallError => new CallError('invalid-target', what, { binding });
  if (!isStorable) {
    throw invalid(`a durable call is stored: name a binding of env, since a ${binding} cannot be`);
  }
  if (named === undefined) {
    throw invalid(
      `'${binding}' is no Durable Object namespace: only Durable Objects record outcomes`,
    );
  }
  return target;
}

/** A call of which another version wrote the record. */
const UNKNOWN: Omit<DurableCall, 'id'> = {
  binding: '',
  instance: '',
  operation: '',
  handler: undefined,
  made: 0,
  expires: 0,
  state: 'parked',
  attempts: 0,
};

/** How a row begins: `i:` with an id, `k:` with a key. */
const ROW_KIND = 2;

const OPTIONS: Record<keyof DurableCallOptions, true> = { timeout: true, key: true };

function checkOptions(options: unknown): { timeout: number; key: string | undefined } {
  if (options === undefined) return { timeout: DurableTimeout.DefaultMs, key: undefined };
  if (!isDataObject(options)) {
    throw invalidOption(
      `the options are ${explain(options)}: pass an object, as in { timeout: 3_600_000 }`,
    );
  }
  const {
    timeout = DurableTimeout.DefaultMs,
    key,
    ...others
  } = copyOfOptions('the options', options as DurableCallOptions);
  for (const name of Object.keys(others)) {
    throw invalidOption(unknownName('option', name, Object.keys(OPTIONS)));
  }
  if (typeof timeout !== 'number') {
    throw invalidOption(`timeout is ${explain(timeout)}: it has to be a number of milliseconds`);
  }
  if (key !== undefined) {
    if (typeof key !== 'string') {
      throw invalidOption(`key is ${explain(key)}: it has to be a string`);
    }
    checkKey(key);
  }
  return { timeout: checkTimeout(timeout), key };
}

function notStored(operation: string, why: string, cause?: unknown): CallError {
  const text = `${operation}: a durable call is stored, and this one cannot be: ${why}`;
  return new CallError('not-cloneable', text, { operation, cause });
}

/** About how many bytes the values of a handler take. Throws `CallError` if they are more than data. */
function sizeOf(operation: string, slots: readonly unknown[]): number {
  const copies = new Copies('result');
  for (const slot of slots) copies.copy(slot);
  if (!copies.isWhole) throw notStored(operation, 'an argument of its handler is more than data');
  return copies.bytes;
}
