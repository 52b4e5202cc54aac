/**
 * Replies: the outcomes of one message on their way back. All go together when none has to wait; else those
 * that are ready go at once, with an object by which the caller asks for the rest.
 */
import { RpcTarget } from '#workers';
import { microtasks } from '../runtime/turn.js';
import { MessageLimit } from '../wasm/lumenize_call.js';
import { Copies, isSmall, SMALL_BYTES } from '../wire/copy.js';
import { releaseLocal } from '../wire/dispose.js';
import { sendFailure } from '../wire/outcome.js';
import { FETCH } from '../wire/protocol.js';
import { ReadFailure } from '../wire/reading.js';

/** Outcomes on their way back, ready to be sent. */
export class Reply {
  readonly #calls: number;
  #left: number;
  #which: number[] = [];
  #outcomes: unknown[] = [];
  #bytes = 0;
  /** Results that only the runtime can carry, each as the result of an RPC call. */
  readonly #toFetch = new Map<number, unknown>();
  #rest: RestTarget | undefined;
  /** Wakes the caller's question for what is ready. */
  #wake: (() => void) | undefined;
  #isWanted = true;

  constructor(calls: number) {
    this.#calls = calls;
    this.#left = calls;
  }

  readonly add = (call: number, sent: unknown): void => {
    if (!this.#isWanted) {
      releaseLocal(sent);
      return;
    }
    this.#left -= 1;
    if (isSmall(sent) && this.#bytes + SMALL_BYTES <= MessageLimit.Bytes) {
      this.#bytes += SMALL_BYTES;
      this.#push(call, sent);
    } else this.#addCopy(call, sent);
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
      // It is nested too deep: the runtime says so.
      isWhole = false;
    }
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

  /** `[which, outcomes]` of what is ready, without `which` if that is all; and how to get the rest. */
  first(): unknown {
    const [which, outcomes] = this.#take();
    const isAll = outcomes.length === this.#calls && which.every((call, at) => call === at);
    const group = [isAll ? undefined : which, outcomes];
    if (this.#left === 0 && this.#toFetch.size === 0) return group;
    this.#rest ??= new RestTarget(this);
    return [...group, this.#rest];
  }

  /** What has become ready since; at the end, nothing. */
  async next(): Promise<unknown> {
    if (this.#which.length === 0 && this.#left > 0 && this.#isWanted) {
      // Whoever asks twice at once gets an answer for each.
      this.#wake?.();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      // What becomes ready at the same time goes in one message.
      await microtasks();
    }
    return this.#take();
  }

  fetch(call: number): unknown {
    const value = this.#toFetch.get(call);
    this.#toFetch.delete(call);
    return value;
  }

  /** Nobody waits any more: what nobody fetches is released, as the runtime would a lost result. */
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
 * A plain object with a disposer of its own has it run when the caller disposes of the result. A copy
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

/** What the caller holds of a message until it has all outcomes, or wants no more of them. */
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
