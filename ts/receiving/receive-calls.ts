/**
 * Receiving several calls in one message. Each begins in its turn, as if it had come alone. All
 * outcomes go back together when none has to wait; else those that are ready go back at once, with an
 * object by which the caller asks for the rest.
 */
import { RpcTarget } from '#workers';
import { afterOthers, type Begun, endOfTurn, hold, microtasks, mustWait } from '../runtime/turn.js';
import { MessageLimit } from '../wasm/lumenize_call.js';
import { Copies, isSmall, SMALL_BYTES } from '../wire/copy.js';
import type { ReceivedProgram } from '../wire/core.js';
import { releaseLocal } from '../wire/dispose.js';
import { CallError } from '../wire/errors.js';
import { FETCH, sendFailure, sendRefusal } from '../wire/outcome.js';
import { ReadFailure } from '../wire/reading.js';
import { rulesOf } from './expose.js';
import { answer, checkFrame } from './receive.js';
import type { Read } from './run.js';

/** The request that all calls of a Worker entrypoint's message belong to. */
export interface EntrypointRequest {
  /** Keeps the request going until work has ended that nobody waits for. */
  waitUntil(work: Promise<unknown>): void;
  /** The instance on which a call runs: each has one of its own. */
  instanceOf(call: number): object;
}

/**
 * Answers a message of several calls; `Receiver.__lmzCalls` describes it. It never throws.
 *
 * @param self - The target.
 * @param message - The arguments of `__lmzCalls`.
 * @param request - Where the target is a Worker entrypoint, which ends with its request.
 */
export function receiveCalls(
  self: object,
  message: readonly unknown[],
  request?: EntrypointRequest,
): unknown {
  if (mustWait(self)) return afterOthers(self, () => begin(self, message, request));
  const { sent, turn } = begin(self, message, request);
  // Calls of an entrypoint are requests of their own: they have no order.
  if (turn && !request) hold(self, turn);
  return sent;
}

function begin(
  self: object,
  message: readonly unknown[],
  request: EntrypointRequest | undefined,
): Begun {
  let calls: Calls;
  try {
    const checked = checkMessage(message);
    const { frames, slotCounts } = checked;
    const rules = rulesOf(self);
    const programs = frames.map((frame, at) => {
      try {
        return checkFrame(frame, slotCounts[at] as number, rules, self);
      } catch (refused) {
        return refused instanceof CallError ? refused : new CallError('internal', String(refused));
      }
    });
    calls = new Calls(checked, programs, self, rules.read, request);
  } catch (refused) {
    return { sent: sendRefusal(refused), turn: undefined };
  }
  return calls.run();
}

interface Message {
  readonly frames: readonly unknown[];
  readonly slotCounts: readonly number[];
  readonly which: Uint16Array;
  readonly slots: readonly unknown[];
}

/** Throws `CallError` with code `protocol` or `limit-exceeded` for what no honest caller sends. */
function checkMessage([frames, slotCounts, which, slots]: readonly unknown[]): Message {
  const isMessage =
    Array.isArray(frames) &&
    Array.isArray(slotCounts) &&
    which instanceof Uint16Array &&
    Array.isArray(slots);
  if (!isMessage) throw new CallError('protocol', 'the message is not one of several calls');
  const count = Math.max(which.length, frames.length);
  if (count > MessageLimit.Calls) {
    const limit = `the limit is ${MessageLimit.Calls}`;
    throw new CallError('limit-exceeded', `${count} calls or frames in the message, ${limit}`);
  }
  let slotCount = 0;
  let bytes = 0;
  for (const frame of which) {
    slotCount += slotCounts[frame] ?? Number.NaN;
    // A frame costs what it takes each time that it runs. What is none is refused later.
    bytes += (frames[frame] as string | undefined)?.length ?? 0;
  }
  if (bytes > MessageLimit.Bytes) {
    const limit = `the limit is ${MessageLimit.Bytes}`;
    throw new CallError('limit-exceeded', `${bytes} bytes of programs in the message, ${limit}`);
  }
  const isCount = (count: unknown): boolean => Number.isInteger(count) && (count as number) >= 0;
  // Spread, since `every` does not look at holes.
  const areCounts =
    frames.length <= which.length &&
    slotCounts.length === frames.length &&
    [...slotCounts].every(isCount);
  if (!areCounts || slotCount !== slots.length) {
    throw new CallError('protocol', 'the frames and slots of the message do not fit its calls');
  }
  return { frames, slotCounts, which, slots };
}

/** The calls of one message. */
class Calls {
  readonly #message: Message;
  readonly #programs: readonly (ReceivedProgram | CallError)[];
  readonly #self: object;
  readonly #read: Read;
  readonly #answers: Answers;
  readonly #request: EntrypointRequest | undefined;
  #next = 0;
  #nextSlot = 0;

  constructor(
    message: Message,
    programs: readonly (ReceivedProgram | CallError)[],
    self: object,
    read: Read,
    request: EntrypointRequest | undefined,
  ) {
    this.#request = request;
    this.#message = message;
    this.#programs = programs;
    this.#self = self;
    this.#read = read;
    this.#answers = new Answers(message.which.length);
  }

  /** Synchronously, until a call yields a promise. Its turn is over when all have had theirs. */
  run(): Begun {
    while (this.#next < this.#message.which.length) {
      const sent = this.#runNext();
      if (sent instanceof Promise) return this.#goOn(sent);
      this.#answers.add(this.#next - 1, sent);
    }
    return { sent: this.#answers.reply(), turn: undefined };
  }

  /** Replies with what is ready as soon as something has to wait, and goes on. */
  #goOn(first: Promise<unknown>): Begun {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    let hasReplied = false;
    const reply = (): void => {
      if (!hasReplied) resolve(this.#answers.reply());
      hasReplied = true;
    };
    const turn = this.#runRest(first, reply).then(reply, reply);
    this.#request?.waitUntil(turn);
    return { sent: promise, turn };
  }

  async #runRest(first: Promise<unknown>, reply: () => void): Promise<void> {
    await this.#turnOf(first, reply);
    while (this.#next < this.#message.which.length) {
      const sent = this.#runNext();
      if (sent instanceof Promise) await this.#turnOf(sent, reply);
      else this.#answers.add(this.#next - 1, sent);
    }
  }

  #turnOf(sent: Promise<unknown>, reply: () => void): Promise<void> {
    const call = this.#next - 1;
    const { add } = this.#answers;
    const replyIfReady = (): void => {
      if (this.#answers.areReady) reply();
    };
    const added = sent.then((ready) => add(call, ready));
    this.#request?.waitUntil(added);
    return endOfTurn(added, this.#self, replyIfReady, this.#request === undefined);
  }

  #runNext(): unknown {
    const { which, slotCounts, slots } = this.#message;
    const call = this.#next++;
    const frame = which[call] as number;
    const firstSlot = this.#nextSlot;
    this.#nextSlot += slotCounts[frame] as number;
    const program = this.#programs[frame] as ReceivedProgram | CallError;
    if (program instanceof CallError) return sendRefusal(program);
    let self = this.#self;
    try {
      if (this.#request) self = this.#request.instanceOf(call);
    } catch (thrown) {
      return sendFailure(thrown);
    }
    return answer(program, slots, firstSlot, self, this.#read);
  }
}

/** Outcomes on their way back, ready to be sent. */
class Answers {
  readonly #calls: number;
  #left: number;
  #which: number[] = [];
  #outcomes: unknown[] = [];
  #bytes = 0;
  /** Results that only the runtime can carry, each as the result of an RPC call. */
  readonly #toFetch = new Map<number, unknown>();
  #rest: Rest | undefined;
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
  reply(): unknown {
    const [which, outcomes] = this.#take();
    const isAll = outcomes.length === this.#calls && which.every((call, at) => call === at);
    const group = [isAll ? undefined : which, outcomes];
    if (this.#left === 0 && this.#toFetch.size === 0) return group;
    this.#rest ??= new Rest(this);
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
class Rest extends RpcTarget {
  readonly #answers: Answers;

  constructor(answers: Answers) {
    super();
    this.#answers = answers;
  }

  next(): Promise<unknown> {
    return this.#answers.next();
  }

  fetch(call: number): unknown {
    return this.#answers.fetch(call);
  }

  stop(): void {
    this.#answers.stop();
  }

  [Symbol.dispose](): void {
    this.#answers.stop();
  }
}
