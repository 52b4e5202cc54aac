/**
 * Receiving several calls in one message. Each begins in its turn, as if it had come alone; what is
 * ready goes back at once when something has to wait, and all together when nothing has to.
 */
import type { ReceivedProgram } from './core.js';
import { CallError } from './errors.js';
import { readExposed, rulesOf } from './expose.js';
import { sendRefusal } from './outcome.js';
import { answer, checkFrame } from './receive.js';
import type { Read } from './run.js';
import { isSmall, Snapshot } from './snapshot.js';
import { endOfTurn, microtasks } from './turn.js';
import { MessageLimit } from './wasm/lumenize_call.js';

/** Takes what is ready before the rest; a stub of the caller's function. */
type Deliver = (which: unknown, outcomes: unknown) => PromiseLike<unknown>;

/**
 * Answers a message of several calls; `Receiver.__lmzCalls` describes it. It never throws.
 *
 * @param self - The target.
 * @param base - The prototype whose members, and those above it, nobody may call.
 * @param message - The arguments of `__lmzCalls`.
 */
export function receiveCalls(self: object, base: object, message: readonly unknown[]): unknown {
  try {
    const checked = checkMessage(message);
    const { frames, slotCounts, which, deliver } = checked;
    const rules = rulesOf(self, base);
    const programs = frames.map((frame, at) => {
      try {
        return checkFrame(frame, slotCounts[at] as number, rules, self);
      } catch (refused) {
        return refused instanceof CallError ? refused : new CallError('internal', String(refused));
      }
    });
    const answers = new Answers(which.length, deliver);
    return new Calls(checked, programs, self, readExposed(self, rules), answers).run();
  } catch (refused) {
    return sendRefusal(refused);
  }
}

interface Message {
  readonly frames: readonly unknown[];
  readonly slotCounts: readonly number[];
  readonly which: Uint16Array;
  readonly slots: readonly unknown[];
  readonly deliver: Deliver;
}

/** Throws `CallError` with code `protocol` or `limit-exceeded` for what no honest caller sends. */
function checkMessage([frames, slotCounts, which, slots, deliver]: readonly unknown[]): Message {
  const isMessage =
    Array.isArray(frames) &&
    Array.isArray(slotCounts) &&
    which instanceof Uint16Array &&
    Array.isArray(slots) &&
    typeof deliver === 'function';
  if (!isMessage) throw new CallError('protocol', 'the message is not one of several calls');
  if (which.length > MessageLimit.Calls || frames.length > which.length) {
    const limit = `the limit is ${MessageLimit.Calls}`;
    throw new CallError('limit-exceeded', `${which.length} calls in the message, ${limit}`);
  }
  let slotCount = 0;
  for (const frame of which) slotCount += slotCounts[frame] ?? Number.NaN;
  const isCount = (count: unknown): boolean => Number.isInteger(count) && (count as number) >= 0;
  const areCounts = slotCounts.length === frames.length && slotCounts.every(isCount);
  if (!areCounts || slotCount !== slots.length) {
    throw new CallError('protocol', 'the frames and slots of the message do not fit its calls');
  }
  return { frames, slotCounts, which, slots, deliver: deliver as Deliver };
}

/** Messages that are not answered yet, by target: a stub must not be left to the garbage collector. */
const open = new WeakMap<object, Set<Calls>>();

/** The calls of one message. */
class Calls {
  readonly #message: Message;
  readonly #programs: readonly (ReceivedProgram | CallError)[];
  readonly #self: object;
  readonly #read: Read;
  readonly #answers: Answers;
  #next = 0;
  #nextSlot = 0;

  constructor(
    message: Message,
    programs: readonly (ReceivedProgram | CallError)[],
    self: object,
    read: Read,
    answers: Answers,
  ) {
    this.#message = message;
    this.#programs = programs;
    this.#self = self;
    this.#read = read;
    this.#answers = answers;
  }

  /** Synchronously, until a call yields a promise. */
  run(): unknown {
    while (this.#next < this.#message.which.length) {
      const sent = this.#runNext();
      if (sent instanceof Promise) return this.#goOn(sent);
      this.#answers.add(this.#next - 1, sent);
    }
    return this.#answers.takeLast();
  }

  async #goOn(first: Promise<unknown>): Promise<unknown> {
    this.#keep(true);
    await this.#turnOf(this.#next - 1, first);
    while (this.#next < this.#message.which.length) {
      const sent = this.#runNext();
      if (sent instanceof Promise) await this.#turnOf(this.#next - 1, sent);
      else this.#answers.add(this.#next - 1, sent);
    }
    const last = await this.#answers.all();
    this.#keep(false);
    return last;
  }

  /** Nothing else refers to a message whose method hangs, nor so to its caller's stub. */
  #keep(isOpen: boolean): void {
    const messages = open.get(this.#self) ?? new Set();
    open.set(this.#self, messages);
    if (isOpen) messages.add(this);
    else messages.delete(this);
  }

  #turnOf(call: number, sent: Promise<unknown>): Promise<void> {
    const added = sent.then((ready) => this.#answers.add(call, ready));
    return endOfTurn(added, () => this.#answers.deliverReady());
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
  readonly #deliver: Deliver;
  readonly #calls: number;
  #left: number;
  #which: number[] = [];
  #outcomes: unknown[] = [];
  #bytes = 0;
  readonly #delivered: PromiseLike<unknown>[] = [];
  /** Set when all calls have begun: then whatever is ready goes back. */
  #whenReady: (() => void) | undefined;

  constructor(calls: number, deliver: Deliver) {
    this.#calls = calls;
    this.#left = calls;
    this.#deliver = deliver;
  }

  add(call: number, sent: unknown): void {
    this.#left -= 1;
    if (isSmall(sent)) this.#push(call, sent, 0);
    else this.#addCopy(call, sent);
    this.#whenReady?.();
  }

  #addCopy(call: number, sent: unknown): void {
    const snapshot = new Snapshot();
    let copy = sent;
    try {
      copy = snapshot.copy(sent);
    } catch {
      snapshot.isWhole = false;
    }
    if (snapshot.isWhole && snapshot.bytes <= MessageLimit.Bytes) {
      this.#push(call, copy, snapshot.bytes);
    } else {
      this.#send(call, () => copy);
    }
  }

  #push(call: number, sent: unknown, bytes: number): void {
    if (this.#bytes + bytes > MessageLimit.Bytes) this.deliverReady();
    this.#bytes += bytes;
    this.#which.push(call);
    this.#outcomes.push(sent);
  }

  /** Sends what is ready, ahead of the rest. */
  deliverReady(): void {
    if (this.#which.length > 0) this.#send(...this.#take());
  }

  /** A caller that has gone does not want it any more. */
  #send(which: unknown, outcomes: unknown): void {
    const ignore = (): void => {};
    const sent = this.#deliver(which, outcomes).then(ignore, ignore);
    this.#delivered.push(sent);
  }

  /** What is left when all have their outcome; a promise where something is still on its way. */
  takeLast(): unknown {
    return this.#delivered.length === 0 ? this.#takeAll() : this.all();
  }

  /** Resolves with what is left when all have their outcome and the rest has arrived. */
  async all(): Promise<unknown> {
    while (this.#left > 0) {
      this.deliverReady();
      await new Promise<void>((resolve) => {
        this.#whenReady = resolve;
      });
      // What becomes ready at the same time goes in one message.
      await microtasks();
    }
    await Promise.all(this.#delivered);
    return this.#takeAll();
  }

  #takeAll(): unknown {
    const [which, outcomes] = this.#take();
    const isAll = outcomes.length === this.#calls && which.every((call, at) => call === at);
    return [isAll ? undefined : which, outcomes];
  }

  #take(): [number[], unknown[]] {
    const taken: [number[], unknown[]] = [this.#which, this.#outcomes];
    this.#which = [];
    this.#outcomes = [];
    this.#bytes = 0;
    return taken;
  }
}
