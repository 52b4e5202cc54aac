/** Runs a plan: by Workers RPC, or by this package, each call alone or batched. */
import { newContinuation, type Recorded } from '@lumenize/call';
import { describe } from './describe.js';
import { describeOutcome, Thrown } from './differences.js';
import { context, type Notes } from './notes.js';
import {
  type Argument,
  type Around,
  type Call,
  endOf,
  isNoError,
  type OutcomeKind,
  type Separator,
  type TargetKind,
} from './plan.js';
import type { DifferentialCaller, Env } from './target.js';
import { crosses, GIVEN, make, mutate } from './values.js';

/** How the calls of a run travel. */
export type Way = 'Workers RPC' | 'alone' | 'batched';

/** What a driver can be told to do wrong, to see that it is noticed. */
export type Fault = 'swaps two calls' | 'loses the context' | 'disposes of what it lent' | 'leaks';

/** Everything of a run that is compared. */
export interface Log {
  /** Whether calls to each target began in the order in which they were made. */
  readonly targets: readonly (readonly string[])[];
  readonly calls: readonly {
    readonly atCaller: readonly string[];
    readonly late: readonly string[];
    readonly uses: readonly string[];
    readonly usesOfResult: readonly string[];
  }[];
  readonly lateCounts: { readonly [target: string]: readonly number[] };
  /** Before results were disposed that the plan keeps until its end, and after. */
  readonly disposed: readonly string[];
  readonly disposedAtTheEnd: readonly string[];
}

/** Milliseconds. */
const TIMEOUT = 4_000;
/** Milliseconds after which a run that is not over says so. */
const PATIENCE = 6_000;
/** Milliseconds after which nobody waits for disposers any more. */
const PATIENCE_WITH_DISPOSERS = 400;

/** What a target is to Workers RPC. */
interface Stub {
  play(key: string, id: number, ...args: unknown[]): PipelinedPromise;
  ping(): Promise<void>;
}

type PipelinedPromise = Promise<unknown> &
  Partial<Disposable> & {
    (to: string): Promise<unknown>;
    hello(to: string): Promise<unknown>;
    readonly a: Promise<unknown>;
  };

/** What a target is to this package. */
interface Recordable {
  play(key: string, id: number, ...args: unknown[]): unknown;
  give(soon: boolean): unknown;
}

type RecordedPlay = Recorded<unknown> & {
  (to: string): RecordedPlay;
  hello(to: string): RecordedPlay;
  readonly a: RecordedPlay;
};

interface AnyCaller {
  call(
    binding: string,
    instance: string | undefined,
    remote: unknown,
    handler: unknown,
    options: unknown,
  ): { readonly id: number };
  callRaw(
    binding: string,
    instance: string | undefined,
    remote: unknown,
    options: unknown,
  ): Promise<unknown>;
}

const BINDINGS: { readonly [kind in TargetKind]: keyof Env } = {
  object: 'TARGET',
  twin: 'CALLER',
  self: 'CALLER',
  entrypoint: 'SERVICE',
};

/** One run of a plan, at its caller. */
export class Run {
  readonly #stubs: readonly Stub[];
  readonly #names: readonly (string | undefined)[];
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
  /** Calls whose results have been released: their disposers must run. */
  readonly #released = new Set<number>();
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
    const { targets, shared } = notes.plan;
    notes.namesOfIds.set(String(caller.self), 'the id of the caller');
    this.#names = targets.map((kind, at) => {
      if (kind === 'entrypoint') return undefined;
      return kind === 'self' ? name : `${name} ${at}`;
    });
    this.#stubs = targets.map((_, at) => this.#stubOf(at));
    this.#shared = shared.map((value, at) => make(value, notes.maker(`shared ${at}`, [])));
    for (const { id } of notes.calls) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#settled.set(id, { promise, done: resolve });
    }
  }

  #stubOf(target: number): Stub {
    const kind = this.notes.plan.targets[target] as TargetKind;
    const binding: unknown = this.caller.bindings[BINDINGS[kind]];
    if (kind === 'entrypoint') return binding as Stub;
    const namespace = binding as DurableObjectNamespace;
    const id = namespace.idFromName(this.#names[target] as string);
    this.notes.namesOfIds.set(
      String(id),
      kind === 'self' ? 'the id of the caller' : `the id of target ${target}`,
    );
    return namespace.get(id) as unknown as Stub;
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
        if (this.way === 'Workers RPC') this.#sendByRpc(call, args);
        else this.#sendByPackage(call, args);
      } catch (error) {
        this.#note(call.id, `threw at once ${this.#errorText(call.id, error)}`);
        this.#end(call.id);
      }
    };
    if (call.hasContext) context.run(`of call ${call.id}`, send);
    else send();
    const change = (): void => {
      for (const [at, argument] of args.entries()) {
        if (isData(call.args[at] as Argument)) mutate(argument);
      }
    };
    if (call.mutates === 'at once') change();
    if (call.mutates === 'in a microtask') void Promise.resolve().then(change);
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

  #sendByRpc(call: Call, args: readonly unknown[]): void {
    const { promise, release } = this.#callByRpc(call, args);
    if (call.outcome === 'awaited') {
      void this.#await(call, promise).then(release);
      return;
    }
    const settle = async (outcome: unknown): Promise<void> => {
      // As this package documents it: what a handler received is released when it has ended.
      try {
        await this.handle(call.id, outcome);
      } catch (error) {
        this.report(call.id, error);
      } finally {
        if (!(outcome instanceof Thrown)) dispose(outcome);
        release();
      }
    };
    const fail = (error: unknown): unknown => (error instanceof Error ? error : new Thrown(error));
    if (call.outcome !== 'none') void promise.then(settle, (error) => settle(fail(error)));
    else {
      const drop = (result: unknown): void => {
        dispose(result);
        release();
        this.#end(call.id);
      };
      void promise.then(drop, (error) => this.report(call.id, fail(error)));
    }
  }

  /** By Workers RPC, what is pipelined on has to be released by who pipelines. */
  #callByRpc(
    { id, to, chain }: Call,
    args: readonly unknown[],
  ): { readonly promise: Promise<unknown>; readonly release: () => void } {
    const stub = this.#stubs[to] as Stub;
    const first = stub.play(this.notes.key, id, ...args);
    if (chain === 'none') return { promise: first, release: () => {} };
    // It is asked for, so that what it holds can be released, and so that its failure is seen.
    const release = (): void => void first.then(dispose, () => {});
    if (chain === 'method of a stub') return { promise: first.hello('pipelined'), release };
    return { promise: chain === 'property' ? first.a : first('pipelined'), release };
  }

  #sendByPackage(call: Call, args: readonly unknown[]): void {
    const { svc } = this.caller;
    const any = svc as unknown as AnyCaller;
    const remote = this.#recorded(call, args);
    const binding = BINDINGS[this.notes.plan.targets[call.to] as TargetKind];
    const instance = this.#names[call.to];
    const options = { timeout: TIMEOUT, batch: this.way === 'batched' };
    if (call.outcome === 'awaited') {
      void this.#await(call, any.callRaw(binding, instance, remote, options));
      return;
    }
    const { key } = this.notes;
    const ctn = newContinuation<DifferentialCaller>();
    const handler = call.outcome === 'none' ? undefined : ctn.onOutcome(key, call.id, remote);
    this.caller.made(any.call(binding, instance, remote, handler, options).id, this, call.id);
    if (call.outcome === 'none') void this.#endUnheard(call.id);
  }

  #recorded({ id, chain }: Call, args: readonly unknown[]): unknown {
    const start = newContinuation<Recordable>();
    const played = start.play(this.notes.key, id, ...args) as unknown as RecordedPlay;
    if (chain === 'none') return played;
    if (chain === 'method of a stub') return played.hello('pipelined');
    return chain === 'property' ? played.a : played('pipelined');
  }

  async #await(call: Call, promise: Promise<unknown>): Promise<void> {
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
    this.#end(call.id);
  }

  #dispose(call: Call, result: unknown): void {
    if (this.fault === 'leaks') return;
    dispose(result);
    this.#released.add(call.id);
  }

  /** Runs as the handler of a call. An outcome that is an error has failed, or was returned. */
  handle(id: number, outcome: unknown): unknown {
    return this.#inContext(() => this.#handle(this.notes.calls[id] as Call, outcome));
  }

  #handle({ id, outcome: kind }: Call, outcome: unknown): unknown {
    this.#note(id, `is handled with ${this.#errorText(id, outcome)}`);
    this.#released.add(id);
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
  async #endUnheard(id: number): Promise<void> {
    const seen = this.notes.seenOf(id);
    const end = endOf(this.notes.calls[id] as Call);
    while (!seen.settled && !(seen.ended && 'returns' in end && crosses(end.returns))) {
      await scheduler.wait(1);
      if (seen.ended && 'returnsThenMutates' in end) break;
    }
    this.#released.add(id);
    this.#end(id);
  }

  /** A handler has ended when what it returned has been looked at. */
  #endSoon(id: number): void {
    void scheduler.wait(0).then(() => this.#end(id));
  }

  #end(id: number): void {
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
    const { notes } = this;
    await this.#disposersHaveRun();
    if (this.fault === 'disposes of what it lent') {
      for (const name of notes.made) if (name.startsWith('argument')) notes.disposed.push(name);
    }
    const disposed = this.#disposed();
    for (const call of notes.calls) {
      if (call.dispose !== 'at the end' || call.outcome !== 'awaited') continue;
      if (this.#results.has(call.id)) this.#dispose(call, this.#results.get(call.id));
    }
    await this.#disposersHaveRun();
    const log: Log = {
      targets: notes.atTargets.map((lines) => [...lines]),
      calls: notes.seen.map(({ atCaller, late, uses, usesOfResult, settled, began }) => ({
        atCaller: settled ? [...atCaller] : [...atCaller, 'is not settled'],
        late: [...late],
        uses: began ? [...uses] : [],
        usesOfResult: [...usesOfResult],
      })),
      lateCounts: Object.fromEntries(
        Object.entries(notes.lateCounts).map(([to, counts]) => [to, counts.toSorted()]),
      ),
      disposed,
      disposedAtTheEnd: this.#disposed(),
    };
    for (const result of this.#results.values()) dispose(result);
    return log;
  }

  /** Waits until everything is disposed that has to be, and then for what should not be, but is. */
  async #disposersHaveRun(): Promise<void> {
    if (this.notes.made.size === 0) return;
    const end = Date.now() + PATIENCE_WITH_DISPOSERS;
    while (!this.#allDisposed() && Date.now() < end) await scheduler.wait(1);
    await Promise.all(this.#stubs.map((stub) => stub.ping()));
    await Promise.all(this.#stubs.map((stub) => stub.ping()));
  }

  #allDisposed(): boolean {
    const disposed = new Set(this.notes.disposed);
    return [...this.notes.made].every((name) => disposed.has(name) || !this.#mustBeDisposed(name));
  }

  /**
   * Whether nobody promises that it is ever disposed: the request of an entrypoint may be over before the
   * disposers of its results have run, by Workers RPC too.
   */
  #isLost(name: string): boolean {
    const [, of, id] = /^(result|argument).*of call (\d+)/.exec(name) ?? [];
    const call = this.notes.calls[Number(id)];
    return of === 'result' && this.notes.plan.targets[call?.to ?? -1] === 'entrypoint';
  }

  #disposed(): string[] {
    return this.notes.disposed.filter((name) => !this.#isLost(name)).toSorted();
  }

  #mustBeDisposed(name: string): boolean {
    const call = this.notes.calls[Number(/of call (\d+)/.exec(name)?.[1])];
    if (!call || !this.notes.seenOf(call.id).began) return false;
    // Deep inside of a result, the runtime carries no disposer and runs none.
    if (this.#isLost(name) || name.endsWith('.deep')) return false;
    return name.startsWith('argument') || call.chain !== 'none' || this.#released.has(call.id);
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
  const isValue = typeof argument === 'string' || 'list' in argument || 'object' in argument;
  return isValue ? crosses(argument) : 'shared' in argument;
}

/** As `using` does, where the value has a disposer at all. */
function dispose(value: unknown): void {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return;
  (value as Partial<Disposable>)[Symbol.dispose]?.();
}
