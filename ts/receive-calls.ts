/**
 * Receiving several calls in one message. Each begins in its turn, as if it had come alone. All
 * outcomes go back together when none has to wait; else those that are ready go back at once, with an
 * object by which the caller asks for the rest.
 */
import { RpcTarget } from 'cloudflare:workers';
import type { ReceivedProgram } from './core.js';
import { CallError } from './errors.js';
import { rulesOf } from './expose.js';
import { FETCH, release, sendRefusal } from './outcome.js';
import { answer, checkFrame } from './receive.js';
import type { Read } from './run.js';
import { isSmall, SMALL_BYTES, Snapshot } from './snapshot.js';
import { endOfTurn, microtasks } from './turn.js';
import { MessageLimit } from './wasm/lumenize_call.js';

/**
 * Answers a message of several calls; `Receiver.__lmzCalls` describes it. It never throws.
 *
 * @param self - The target.
 * @param message - The arguments of `__lmzCalls`.
 * @param waitUntil - Keeps what ends with its request until work has ended that nobody waits for.
 */
export function receiveCalls(
  self: object,
  message: readonly unknown[],
  waitUntil?: (work: Promise<unknown>) => void,
): unknown {
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
    calls = new Calls(checked, programs, self, rules.read, waitUntil);
  } catch (refused) {
    return sendRefusal(refused);
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
  for (const frame of which) slotCount += slotCounts[frame] ?? Number.NaN;
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
  readonly #waitUntil: ((work: Promise<unknown>) => void) | undefined;
  #next = 0;
  #nextSlot = 0;

  constructor(
    message: Message,
    programs: readonly (ReceivedProgram | CallError)[],
    self: object,
    read: Read,
    waitUntil: ((work: Promise<unknown>) => void) | undefined,
  ) {
    this.#waitUntil = waitUntil;
    this.#message = message;
    this.#programs = programs;
    this.#self = self;
    this.#read = read;
    this.#answers = new Answers(message.which.length);
  }

  /** Synchronously, until a call yields a promise. Returns the first reply, or a promise of it. */
  run(): unknown {
    while (this.#next < this.#message.which.length) {
      const sent = this.#runNext();
      if (sent instanceof Promise) return this.#goOn(sent);
      this.#answers.add(this.#next - 1, sent);
    }
    return this.#answers.reply();
  }

  /** Replies with what is ready as soon as something has to wait, and goes on. */
  #goOn(first: Promise<unknown>): Promise<unknown> {
    return new Promise((resolve) => {
      let hasReplied = false;
      const reply = (): void => {
        if (!hasReplied) resolve(this.#answers.reply());
        hasReplied = true;
      };
      const done = this.#runRest(first, reply).then(reply, reply);
      this.#waitUntil?.(done);
    });
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
    this.#waitUntil?.(added);
    return endOfTurn(added, replyIfReady);
  }

  #runNext(): unknown {
    const { which, slotCounts, slots } = this.#message;
    const frame = which[this.#next++] as number;
    const firstSlot = this.#nextSlot;
    this.#nextSlot += slotCounts[frame] as number;
    const program = this.#programs[frame] as ReceivedProgram | CallError;
    if (program instanceof CallError) return sendRefusal(program);
    return answer(program, slots, firstSlot, this.#self, this.#read);
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
      release(sent);
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
    const snapshot = new Snapshot();
    let copy = sent;
    try {
      copy = snapshot.copy(sent);
    } catch {
      // A getter threw: the runtime will say so.
      snapshot.isWhole = false;
    }
    const bytes = this.#bytes + snapshot.bytes;
    if (snapshot.isWhole && bytes <= MessageLimit.Bytes) {
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
    this.#toFetch.forEach(release);
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
