/**
 * Replies: the outcomes of one message on their way back. All travel together if none has to wait. Otherwise
 * the ready ones travel immediately, with an object by which the caller asks for the rest.
 */
import { RpcTarget } from '#workers';
import { microtasks } from '../runtime/turn.js';
import { MessageLimit } from '../wasm/lumenize_call.js';
import { Copies } from '../wire/copy.js';
import { releaseLocal } from '../wire/dispose.js';
import { sendFailure } from '../wire/outcome.js';
import { FETCH } from '../wire/protocol.js';
import { ReadFailure } from '../wire/reading.js';
import type { Effort } from './work.js';

/** Outcomes on their way back, ready to be sent. */
export class Reply {
  readonly #calls: number;
  readonly #effort: Effort;
  #left: number;
  #which: number[] = [];
  #outcomes: unknown[] = [];
  #bytes = 0;
  /** Results that only the runtime can carry, each as its own RPC result. */
  readonly #toFetch = new Map<number, unknown>();
  #rest: RestTarget | undefined;
  /** Wakes the caller's pending `next()`. */
  #wake: (() => void) | undefined;
  #isWanted = true;

  constructor(calls: number, effort: Effort) {
    this.#calls = calls;
    this.#left = calls;
    this.#effort = effort;
  }

  readonly add = (call: number, sent: unknown): void => {
    if (!this.#isWanted) {
      releaseLocal(sent);
      return;
    }
    this.#left -= 1;
    this.#addCopy(call, sent);
    this.#wake?.();
  };

  #addCopy(call: number, sent: unknown): void {
    const copies = new Copies('result');
    let copy = sent;
    let { isWhole } = copies;
    try {
      copy = copies.copy(sent);
      isWhole = !keepDisposer(copy, sent) && copies.isWhole;
    } catch (failure) {
      if (failure instanceof ReadFailure) {
        copies.letGo();
        this.#push(call, sendFailure(failure.cause));
        return;
      }
      // The value is nested too deep, which the runtime reports.
      isWhole = false;
    }
    this.#effort.add(copies.bytes);
    const bytes = this.#bytes + copies.bytes;
    if (isWhole && bytes <= MessageLimit.Bytes) {
      this.#bytes = bytes;
      this.#push(call, copy);
    } else {
      this.#toFetch.set(call, copy);
      this.#push(call, FETCH);
    }
  }

  #push(call: number, sent: unknown): void {
    this.#which.push(call);
    this.#outcomes.push(sent);
  }

  get areReady(): boolean {
    return this.#which.length > 0;
  }

  /** `[which, outcomes]` of the ready calls, without `which` if these are all; and the object for the rest. */
  first(): unknown {
    const [which, outcomes] = this.#take();
    const isAll = outcomes.length === this.#calls && which.every((call, at) => call === at);
    const group = [isAll ? undefined : which, outcomes];
    if (this.#left === 0 && this.#toFetch.size === 0) return group;
    this.#rest ??= new RestTarget(this);
    return [...group, this.#rest];
  }

  /** The outcomes that have become ready since. At the end, none. */
  async next(): Promise<unknown> {
    if (this.#which.length === 0 && this.#left > 0 && this.#isWanted) {
      // Two concurrent questions each receive an answer.
      this.#wake?.();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      // Outcomes that become ready at the same time share a message.
      await microtasks();
    }
    return this.#take();
  }

  fetch(call: number): unknown {
    const value = this.#toFetch.get(call);
    this.#toFetch.delete(call);
    return value;
  }

  /** The caller has stopped waiting: unfetched results are released, as the runtime releases a lost result. */
  stop(): void {
    this.#isWanted = false;
    this.#take();
    for (const value of this.#toFetch.values()) releaseLocal(value);
    this.#toFetch.clear();
    this.#wake?.();
  }

  #take(): [number[], unknown[]] {
    const taken: [number[], unknown[]] = [this.#which, this.#outcomes];
    this.#which = [];
    this.#outcomes = [];
    this.#bytes = 0;
    return taken;
  }
}

/**
 * The disposer of a plain object runs when the caller disposes of the result. A copy
 * keeps it, but only the runtime can carry it.
 */
function keepDisposer(copy: unknown, result: unknown): boolean {
  if (copy === result || typeof copy !== 'object' || copy === null || Array.isArray(copy)) {
    return false;
  }
  const dispose: unknown = (result as Partial<Disposable>)[Symbol.dispose];
  if (typeof dispose !== 'function') return false;
  const value = (): unknown => Reflect.apply(dispose, result, []);
  Object.defineProperty(copy, Symbol.dispose, { value, configurable: true });
  return true;
}

/** Held by the caller of a message until it has all outcomes, or stops waiting. */
class RestTarget extends RpcTarget {
  readonly #reply: Reply;

  constructor(reply: Reply) {
    super();
    this.#reply = reply;
  }

  next(): Promise<unknown> {
    return this.#reply.next();
  }

  fetch(call: number): unknown {
    return this.#reply.fetch(call);
  }

  stop(): void {
    this.#reply.stop();
  }

  [Symbol.dispose](): void {
    this.#reply.stop();
  }
}
