/** How the calls of a plan are made: by Workers RPC, or by this package, each alone or batched. */
import { newContinuation, type Recorded } from '@lumenize/call';
import { Thrown } from './differences.js';
import { dispose } from './disposers.js';
import type { Call, TargetKind } from './plan.js';
import type { Run } from './run.js';
import type { DifferentialCaller, Env } from './target.js';

/** How the calls of a run travel. */
export type Way = 'Workers RPC' | 'alone' | 'batched';

/** Milliseconds. */
const TIMEOUT = 20_000;

/** What a target is to Workers RPC. */
export interface Stub {
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
export interface Recordable {
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

/** Makes a call, and tells the run what becomes of it. */
export interface Driver {
  send(call: Call, args: readonly unknown[]): void;
}

/** Where the targets of a run are. */
export class Targets {
  readonly names: readonly (string | undefined)[];
  readonly stubs: readonly Stub[];

  /** @param name - Of the caller: those of its targets begin with it. */
  constructor(
    readonly kinds: readonly TargetKind[],
    env: Env,
    name: string,
    namesOfIds: Map<string, string>,
  ) {
    this.names = kinds.map((kind, at) => {
      if (kind === 'entrypoint') return undefined;
      return kind === 'self' ? name : `${name} ${at}`;
    });
    this.stubs = kinds.map((kind, at) => {
      const binding: unknown = env[BINDINGS[kind]];
      if (kind === 'entrypoint') return binding as Stub;
      const namespace = binding as DurableObjectNamespace;
      const id = namespace.idFromName(this.names[at] as string);
      if (kind !== 'self') namesOfIds.set(String(id), `the id of target ${at}`);
      return namespace.get(id) as unknown as Stub;
    });
  }
}

/** By Workers RPC: one stub for each target, calls in the order in which they are made. */
export class RpcDriver implements Driver {
  constructor(
    readonly run: Run,
    readonly targets: Targets,
  ) {}

  send(call: Call, args: readonly unknown[]): void {
    const { promise, release } = this.#call(call, args);
    if (call.outcome === 'awaited') {
      void this.run.await(call, promise).then(release);
      return;
    }
    const settle = async (outcome: unknown): Promise<void> => {
      // As this package documents it: what a handler received is released when it has ended.
      try {
        await this.run.handle(call.id, outcome);
      } catch (error) {
        this.run.report(call.id, error);
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
        this.run.end(call.id);
      };
      void promise.then(drop, (error) => this.run.report(call.id, fail(error)));
    }
  }

  /** By Workers RPC, what is pipelined on has to be released by who pipelines. */
  #call(
    { id, to, chain }: Call,
    args: readonly unknown[],
  ): { readonly promise: Promise<unknown>; readonly release: () => void } {
    const stub = this.targets.stubs[to] as Stub;
    const first = stub.play(this.run.notes.key, id, ...args);
    if (chain === 'none') return { promise: first, release: () => {} };
    // It is asked for, so that what it holds can be released, and so that its failure is seen.
    const release = (): void => void first.then(dispose, () => {});
    if (chain === 'method of a stub') return { promise: first.hello('pipelined'), release };
    return { promise: chain === 'property' ? first.a : first('pipelined'), release };
  }
}

/** By this package. */
export class PackageDriver implements Driver {
  constructor(
    readonly run: Run,
    readonly targets: Targets,
    readonly batch: boolean,
  ) {}

  send(call: Call, args: readonly unknown[]): void {
    const any = this.run.caller.svc as unknown as AnyCaller;
    const remote = this.#recorded(call, args);
    const binding = BINDINGS[this.targets.kinds[call.to] as TargetKind];
    const instance = this.targets.names[call.to];
    const options = { timeout: TIMEOUT, batch: this.batch };
    if (call.outcome === 'awaited') {
      void this.run.await(call, any.callRaw(binding, instance, remote, options));
      return;
    }
    const { caller, notes } = this.run;
    const ctn = newContinuation<DifferentialCaller>();
    const handler = call.outcome === 'none' ? undefined : ctn.onOutcome(notes.key, call.id, remote);
    const { id } = any.call(binding, instance, remote, handler, options);
    caller.made(id, this.run, call.id);
    if (call.outcome === 'none') void this.run.endUnheard(call.id);
  }

  #recorded({ id, chain }: Call, args: readonly unknown[]): unknown {
    const start = newContinuation<Recordable>();
    const played = start.play(this.run.notes.key, id, ...args) as unknown as RecordedPlay;
    if (chain === 'none') return played;
    if (chain === 'method of a stub') return played.hello('pipelined');
    return chain === 'property' ? played.a : played('pipelined');
  }
}
