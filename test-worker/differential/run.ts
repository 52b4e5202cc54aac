/** Runs a plan at its caller: makes the calls of each turn in their time, and notes what becomes of them. */
import { newContinuation } from '@lumenize/call';
import { describe } from './describe.js';
import { describeOutcome, Thrown } from './differences.js';
import { Disposers, dispose } from './disposers.js';
import {
  type Driver,
  PackageDriver,
  type Recordable,
  RpcDriver,
  Targets,
  type Way,
} from './drivers.js';
import { context, type Log, type Notes } from './notes.js';
import {
  type Argument,
  type Around,
  type Call,
  endOf,
  isNoError,
  type OutcomeKind,
  type Separator,
} from './plan.js';
import type { DifferentialCaller } from './target.js';
import { crosses, GIVEN, make, mutate, type Value } from './values.js';

/** What a run can be told to do wrong, to see that it is noticed. */
export type Fault = 'swaps two calls' | 'loses the context' | 'disposes of arguments' | 'leaks';

/** Milliseconds after which a run that is not over says so. */
const PATIENCE = 30_000;

/** One run of a plan, at its caller. */
export class Run {
  readonly #driver: Driver;
  readonly #disposers: Disposers;
  /** What runs inside the handler of a call: the next turn. */
  readonly #inside = new Map<number, () => void>();
  readonly #settled = new Map<
    number,
    { readonly promise: Promise<void>; readonly done: () => void }
  >();
  readonly #shared: readonly unknown[];
  /** Calls that turns have waited for: what later calls may pass on, whatever the time. */
  readonly #awaited: number[] = [];
  readonly #results = new Map<number, unknown>();
  /** Rejects where the test itself is wrong. */
  readonly #broken = Promise.withResolvers<never>();
  #nextCall = 0;

  /** @param name - Of the caller: those of its targets begin with it. */
  constructor(
    readonly caller: DifferentialCaller,
    readonly notes: Notes,
    readonly way: Way,
    name: string,
    readonly fault?: Fault,
  ) {
    const { targets: kinds, shared } = notes.plan;
    notes.namesOfIds.set(String(caller.self), 'the id of the caller');
    const targets = new Targets(kinds, caller.bindings, name, notes.namesOfIds);
    this.#driver =
      way === 'Workers RPC'
        ? new RpcDriver(this, targets)
        : new PackageDriver(this, targets, way === 'batched');
    const ping = (): Promise<unknown> => Promise.all(targets.stubs.map((stub) => stub.ping()));
    this.#disposers = new Disposers(notes, ping);
    this.#shared = shared.map((value, at) => make(value, notes.maker(`shared ${at}`, [])));
    for (const { id } of notes.calls) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#settled.set(id, { promise, done: resolve });
    }
  }

  async execute(): Promise<Log> {
    this.caller.runs.set(this.notes.key, this);
    try {
      this.#makeTurnAfter(0);
      const settled = [...this.#settled.values()].map(({ promise }) => promise);
      await Promise.race([scheduler.wait(PATIENCE), Promise.all(settled), this.#broken.promise]);
      return await this.#finish();
    } finally {
      this.caller.runs.delete(this.notes.key);
      this.caller.forgetCalls();
    }
  }

  #makeTurnAfter(turn: number): void {
    this.#separate(turn)
      .then(() => this.#makeTurn(turn))
      .catch(this.#broken.reject);
  }

  /** Makes the calls of a turn, and sees to it that the next turn is made in its time. */
  #makeTurn(turn: number): void {
    const planned = this.notes.plan.turns[turn];
    if (!planned) return;
    const next = turn + 1;
    const inside = this.#handledBefore(next);
    if (inside !== undefined) this.#inside.set(inside, () => this.#makeTurn(next));
    const ids = planned.calls.map((_, at) => this.#nextCall + at);
    this.#nextCall += ids.length;
    if (this.fault === 'swaps two calls') ids.reverse();
    for (const id of ids) this.#make(this.notes.calls[id] as Call);
    if (inside === undefined) this.#makeTurnAfter(next);
  }

  /** The call inside whose handler a turn is made, if it is one. */
  #handledBefore(turn: number): number | undefined {
    const after = this.notes.plan.turns[turn]?.after;
    if (!after || !('handledBy' in after)) return undefined;
    const before = this.notes.calls.filter((call) => call.turn === turn - 1);
    const first = after.handledBy % before.length;
    const handled = [...before.slice(first), ...before].find(({ outcome }) => outcome !== 'none');
    return handled?.id;
  }

  async #separate(turn: number): Promise<void> {
    const after: Separator = this.notes.plan.turns[turn]?.after ?? { microtasks: 1 };
    if ('timer' in after) await scheduler.wait(after.timer);
    else if ('awaited' in after && this.#nextCall > 0) {
      const awaited = after.awaited % this.#nextCall;
      await this.#settled.get(awaited)?.promise;
      this.#awaited.push(awaited);
    } else {
      const count = 'microtasks' in after ? after.microtasks : 1;
      for (let left = count; left > 0; left--) await undefined;
    }
  }

  #make(call: Call): void {
    const args = call.args.map((argument, at) => this.#argument(argument, call.id, at));
    const send = (): void => {
      try {
        this.#driver.send(call, args);
      } catch (error) {
        this.#note(call.id, `threw at once ${this.#errorText(call.id, error)}`);
        this.end(call.id);
      }
    };
    if (call.hasContext) context.run(`of call ${call.id}`, send);
    else send();
    const change = (): void => {
      for (const [at, argument] of args.entries()) {
        if (isData(call.args[at] as Argument)) mutate(argument);
      }
    };
    if (this.fault === 'disposes of arguments') {
      void this.#settled.get(call.id)?.promise.then(() => args.forEach(dispose));
    }
    if (call.mutates === 'in a microtask' && !this.#isRefusedBeside(call)) {
      void Promise.resolve().then(change);
    } else if (call.mutates !== 'never') change();
  }

  /** What is refused where it is made has its outcome in a microtask, and which one says nothing. */
  #isRefusedBeside({ turn }: Call): boolean {
    return this.notes.plan.turns[turn]?.calls.some(({ args }) => args.some(isRefused)) ?? false;
  }

  #argument(argument: Argument, id: number, at: number): unknown {
    if (typeof argument === 'object' && 'shared' in argument) {
      return this.#shared[argument.shared % this.#shared.length];
    }
    if (typeof argument === 'object' && 'resultOf' in argument) {
      return this.#results.get(this.#awaited[argument.resultOf % this.#awaited.length] ?? -1);
    }
    if (typeof argument === 'object' && 'around' in argument) {
      const { give } = newContinuation<Recordable>();
      const isOurs = this.way !== 'Workers RPC';
      return madeAround(argument.around, isOurs ? give(argument.soon) : GIVEN);
    }
    const { uses } = this.notes.seenOf(id);
    return make(argument, this.notes.maker(`argument ${at} of call ${id}`, uses));
  }

  async await(call: Call, promise: Promise<unknown>): Promise<void> {
    try {
      const result = await promise;
      this.#inContext(() => this.#note(call.id, `yields ${this.#text(result)}`));
      this.#results.set(call.id, result);
      if (call.dispose === 'at once' || call.dispose === 'twice') this.#dispose(call, result);
      if (call.dispose === 'twice') this.#dispose(call, result);
    } catch (error) {
      const failed = error instanceof Error ? error : new Thrown(error);
      this.#inContext(() => this.#note(call.id, this.#errorText(call.id, failed)));
    }
    this.#inside.get(call.id)?.();
    await undefined;
    this.#note(call.id, 'goes on');
    this.end(call.id);
  }

  #dispose(call: Call, result: unknown): void {
    if (this.fault === 'leaks') return;
    dispose(result);
    this.#disposers.release(call.id);
  }

  /** Runs as the handler of a call. An outcome that is an error has failed, or was returned. */
  handle(id: number, outcome: unknown): unknown {
    return this.#inContext(() => this.#handle(this.notes.calls[id] as Call, outcome));
  }

  #handle({ id, outcome: kind }: Call, outcome: unknown): unknown {
    this.#note(id, `is handled with ${this.#errorText(id, outcome)}`);
    this.#disposers.release(id);
    this.#inside.get(id)?.();
    return this.#behave(id, kind);
  }

  #behave(id: number, kind: OutcomeKind): unknown {
    const disposable = (): Disposable => ({
      [Symbol.dispose]: () => this.#note(id, 'what its handler returned is disposed'),
    });
    switch (kind) {
      case 'handler that throws':
        throw new RangeError('the handler threw');
      case 'handler that rejects':
        return this.#goOn(id).then(() => {
          throw new RangeError('the handler rejected');
        });
      case 'async handler':
        return this.#goOn(id).then(() => this.#endSoon(id));
      case 'async handler that returns a disposable':
        return this.#goOn(id).then(() => {
          this.#endSoon(id);
          return disposable();
        });
      case 'handler that returns a disposable':
        this.#endSoon(id);
        return disposable();
      default:
        this.#endSoon(id);
        return undefined;
    }
  }

  async #goOn(id: number): Promise<void> {
    await undefined;
    this.#note(id, 'its handler goes on');
  }

  /** An error that nobody else sees: of a call without a handler, or of a handler. */
  report(id: number, error: unknown): void {
    this.#inContext(() => this.#note(id, `is reported with ${this.#errorText(id, error)}`));
    this.#endSoon(id);
  }

  /** Whether a call without a handler is over, only its target knows, or the report of its failure. */
  async endUnheard(id: number): Promise<void> {
    const seen = this.notes.seenOf(id);
    const end = endOf(this.notes.calls[id] as Call);
    while (!seen.settled && !(seen.ended && 'returns' in end && crosses(end.returns))) {
      await scheduler.wait(1);
      if (seen.ended && 'returnsThenMutates' in end) break;
    }
    this.#disposers.release(id);
    this.end(id);
  }

  /** A handler has ended when what it returned has been looked at. */
  #endSoon(id: number): void {
    void scheduler.wait(0).then(() => this.end(id));
  }

  end(id: number): void {
    this.notes.seenOf(id).settled = true;
    this.#settled.get(id)?.done();
  }

  #inContext<R>(handle: () => R): R {
    if (this.fault !== 'loses the context') return handle();
    return context.run('of a neighbour', handle);
  }

  #note(id: number, what: string): void {
    this.notes.seenOf(id).atCaller.push(`${what}; context ${context.getStore()}`);
  }

  #text(value: unknown): string {
    return describe(value, this.notes.nameOfId);
  }

  #errorText(id: number, outcome: unknown): string {
    const { end } = this.notes.calls[id] as Call;
    const throwsNoError = 'throws' in end && isNoError(end.throws);
    const { began } = this.notes.seenOf(id);
    return describeOutcome(outcome, this.notes.nameOfId, { began, throwsNoError });
  }

  async #finish(): Promise<Log> {
    const disposed = await this.#disposers.disposed();
    for (const call of this.notes.calls) {
      if (call.dispose !== 'at the end' || call.outcome !== 'awaited') continue;
      if (this.#results.has(call.id)) this.#dispose(call, this.#results.get(call.id));
    }
    const log = this.notes.log(disposed, await this.#disposers.disposed());
    for (const result of this.#results.values()) dispose(result);
    return log;
  }
}

function madeAround(around: Around, value: unknown): unknown {
  if (around === 'twice') return { a: value, b: [value, { c: 1 }] };
  // biome-ignore lint/suspicious/noSparseArray: that holes stay holes is what it is for
  if (around === 'hole') return [1, , 3, value];
  const object = JSON.parse('{"__proto__":{"x":1}}') as Record<string, unknown>;
  object['a'] = value;
  return object;
}

function isData(argument: Argument): boolean {
  return isValue(argument) ? crosses(argument) : 'shared' in argument;
}

function isRefused(argument: Argument): boolean {
  return isValue(argument) && !crosses(argument);
}

function isValue(argument: Argument): argument is Value {
  return typeof argument === 'string' || 'list' in argument || 'object' in argument;
}
