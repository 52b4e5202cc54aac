/** The targets of plans: two classes of Durable Objects and a Worker entrypoint, which play their part. */
import { type CallErrorInfo, LumenizeBase, LumenizeWorker } from '@lumenize/call';
import { describe } from './describe.js';
import type { Way } from './drivers.js';
import { context, type Log, type Notes, notesOf, type Seen } from './notes.js';
import { type Call, type End, endOf, type Result, type Step, type ThrownKind } from './plan.js';
import { type Fault, Run } from './run.js';
import { GIVEN, make, mutate } from './values.js';

/** The bindings of the worker that runs plans. */
export interface Env {
  readonly TARGET: DurableObjectNamespace<DifferentialTarget>;
  readonly CALLER: DurableObjectNamespace<DifferentialCaller>;
  readonly SERVICE: Service<typeof DifferentialEntrypoint>;
}

/** What both kinds of objects are to a plan. `storage` is what only a Durable Object has. */
interface Player {
  readonly self: object;
  readonly storage: DurableObjectStorage | undefined;
}

/** One call as its target plays it. */
class Playing {
  readonly #call: Call;
  readonly #seen: Seen;
  readonly #args: readonly unknown[];
  /** Whether anything else may begin in the object meanwhile: then nobody promises an order. */
  #isLate = false;
  #stored: number | 'nothing stored' | 'late' = 'nothing stored';
  #count = 0;

  constructor(
    readonly player: Player,
    readonly notes: Notes,
    id: number,
    args: readonly unknown[],
  ) {
    this.#call = notes.calls[id] as Call;
    this.#seen = notes.seenOf(id);
    this.#args = args;
  }

  play(): unknown {
    const { id, steps } = this.#call;
    const memory = this.notes.memoryOf(this.player.self);
    memory.begun += 1;
    this.#count = memory.count;
    this.#seen.began = true;
    const args = this.#args.map((argument) => describe(argument, this.notes.nameOfId)).join(', ');
    this.#note(`call ${id}, ${memory.begun}. of its object, begins with (${args})`);
    const isAsync = steps.some((step) => step !== 'mutate arguments');
    if (isAsync) return this.#playSteps();
    if (steps.length > 0) this.#mutate();
    return this.#end();
  }

  async #playSteps(): Promise<unknown> {
    for (const step of this.#call.steps) await this.#step(step);
    return this.#end();
  }

  #step(step: Step): unknown {
    if (typeof step === 'object') {
      if ('microtasks' in step) return microtasks(step.microtasks);
      this.#isLate = true;
      return scheduler.wait(step.timer);
    }
    switch (step) {
      case 'storage':
        return this.#countInStorage();
      case 'use arguments':
        this.#isLate = true;
        return this.#useArguments();
      case 'own context':
        return context.run('of the method', () => microtasks(2));
      case 'mutate arguments':
        return this.#mutate();
      default:
        return undefined;
    }
  }

  #mutate(): void {
    for (const argument of this.#args) mutate(argument);
  }

  /** Reads, awaits and writes: the input gate keeps others out. */
  async #countInStorage(): Promise<void> {
    const { storage } = this.player;
    if (!storage) return microtasks(1);
    const { key, lateCounts } = this.notes;
    const wasLate = this.#isLate;
    const name = wasLate ? 'late count' : 'count';
    // Objects are used again: what another run has stored does not count.
    const stored = await storage.get<{ readonly key: string; readonly count: number }>(name);
    const count = (stored?.key === key ? stored.count : 0) + 1;
    await storage.put(name, { key, count });
    this.#stored = wasLate ? 'late' : count;
    if (!wasLate) return;
    lateCounts[this.#call.to] ??= [];
    lateCounts[this.#call.to]?.push(count);
  }

  /** Calls what came by reference. */
  async #useArguments(): Promise<void> {
    for (const argument of this.#args) {
      if (typeof argument !== 'function') continue;
      const stub = argument as unknown as { hello?(to: string): unknown } & ((
        n: number,
      ) => unknown);
      for (const use of [() => stub(1), () => stub.hello?.('the caller')]) {
        try {
          this.#note(`a use yields ${describe(await use())}`);
        } catch (error) {
          this.#note(`a use throws ${describe(error, this.notes.nameOfId)}`);
        }
      }
    }
  }

  #end(): unknown {
    const { id } = this.#call;
    this.#note(`call ${id} ends`);
    this.#seen.ended = true;
    const end: End = endOf(this.#call);
    if ('throws' in end) throw thrown(end.throws);
    if ('returns' in end) return this.#returned(end.returns);
    return this.#returnedThenMutated(end.returnsThenMutates);
  }

  #returned(result: Result): unknown {
    const memory = this.notes.memoryOf(this.player.self);
    switch (result) {
      case 'counter':
        if (this.#isLate) return 'late';
        memory.count = this.#count + 1;
        return memory.count;
      case 'own list':
        if (this.#isLate) return 'late';
        memory.list.push(this.#call.id);
        return memory.list;
      case 'stored counter':
        return this.#stored;
      case 'context':
        return context.getStore();
      case 'first argument':
        return this.#call.args.length > 0 && isSafe(this.#args[0]) ? this.#args[0] : 'no argument';
      default: {
        const { usesOfResult } = this.#seen;
        return make(result, this.notes.maker(`result of call ${this.#call.id}`, usesOfResult));
      }
    }
  }

  /** After a timer, for what a microtask changes may or may not be read already. */
  #returnedThenMutated(kind: 'list' | 'map' | 'object'): unknown {
    const result = { list: [1], map: new Map([[1, 1]]), object: { a: 1 } }[kind];
    setTimeout(() => mutate(result), 0);
    return result;
  }

  #note(what: string): void {
    const where = this.#isLate ? this.#seen.late : this.notes.atTargets[this.#call.to];
    where?.push(`${what}; context ${context.getStore()}`);
  }
}

/** Whether a value can be returned as it came: it is no stub, which is released with the arguments. */
function isSafe(argument: unknown): boolean {
  return !describe(argument).includes('stub');
}

function given(soon: boolean): unknown {
  return soon ? microtasks(2).then(() => GIVEN) : GIVEN;
}

async function microtasks(count: number): Promise<void> {
  for (let left = count; left > 0; left--) await undefined;
}

class OwnError extends Error {
  readonly code = 'OWN';

  override get name(): string {
    return 'OwnError';
  }
}

function thrown(kind: ThrownKind): unknown {
  switch (kind) {
    case 'RangeError with properties':
      return Object.assign(new RangeError('thrown'), { x: 1, list: [1], map: new Map([[1, 2]]) });
    case 'class of its own':
      return new OwnError('thrown');
    case 'error with hidden property':
      return Object.defineProperty(new TypeError('thrown'), 'issues', { value: [1, 2] });
    case 'error with a cause':
      return new Error('thrown', { cause: Object.assign(new RangeError('cause'), { x: 1 }) });
    case 'AggregateError':
      return new AggregateError([new RangeError('first'), 2], 'thrown');
    case 'SuppressedError':
      return new SuppressedError(new TypeError('a'), new RangeError('b'), 'thrown');
    case 'DOMException':
      return new DOMException('thrown', 'AbortError');
    case 'error with own then':
      return Object.assign(new Error('thrown'), Object.fromEntries([['then', 1]]));
    case 'error that claims to be of the platform':
      return Object.assign(new Error('thrown'), { remote: true, retryable: true });
    case 'string':
      return 'thrown';
    case 'plain object':
      return { thrown: true };
    default:
      return undefined;
  }
}

/** A target that is of another class than its caller. */
export class DifferentialTarget extends LumenizeBase<Env> {
  /** What fails on purpose is not logged. */
  override onReceiveError(): void {}

  play(key: string, id: number, ...args: unknown[]): unknown {
    const player = { self: this, storage: this.ctx.storage };
    return new Playing(player, notesOf(key), id, args).play();
  }

  /** A value that arguments are made around. */
  give(soon: boolean): unknown {
    return given(soon);
  }

  /** A round trip, before which everything has come that was sent earlier. */
  ping(): void {}
}

/** What makes the calls of a plan. Its handlers tell the run. */
export class DifferentialCaller extends DifferentialTarget {
  readonly runs = new Map<string, Run>();
  /** Calls by the ids that the package gave them. */
  readonly #made = new Map<number, { readonly run: Run; readonly id: number }>();

  get bindings(): Env {
    return this.env;
  }

  /** Runs the plan of that key. `name` is this object's own. */
  run(key: string, way: Way, name: string, fault?: Fault): Promise<Log> {
    return new Run(this, notesOf(key), way, name, fault).execute();
  }

  get self(): DurableObjectId {
    return this.ctx.id;
  }

  onOutcome(key: string, id: number, outcome: unknown): unknown {
    return this.runs.get(key)?.handle(id, outcome);
  }

  /** @param callId - The handle's. */
  made(callId: number, run: Run, id: number): void {
    this.#made.set(callId, { run, id });
  }

  override onCallError(error: unknown, { callId }: CallErrorInfo): void {
    const made = this.#made.get(callId as number);
    made?.run.report(made.id, error);
  }

  forgetCalls(): void {
    this.#made.clear();
  }
}

/** A target that lives for one call. */
export class DifferentialEntrypoint extends LumenizeWorker<Env> {
  /** What fails on purpose is not logged. */
  override onReceiveError(): void {}

  play(key: string, id: number, ...args: unknown[]): unknown {
    const player = { self: this, storage: undefined };
    return new Playing(player, notesOf(key), id, args).play();
  }

  give(soon: boolean): unknown {
    return given(soon);
  }

  ping(): void {}
}
