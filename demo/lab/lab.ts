/** The object of one run or one example: it makes the calls, and tells the page what comes of them. */
import { CallError, type CallEvent, callChannel, LumenizeBase } from '@lumenize/call';
import type { Example, RunEvent, Sequence, Summary } from './events.js';
import { Examples, type Made } from './examples.js';
import type { Failure, Mode, Settings } from './settings.js';
import type { LabTarget, Work, Worked } from './target.js';

/** Milliseconds between two lines of progress. */
const PROGRESS = 100;

export class Lab extends LumenizeBase {
  #run: Run | undefined;
  #examples: Examples | undefined;

  /** Makes the calls of a run. Returns its events, one JSON text on each line. */
  async run(settings: Settings): Promise<ReadableStream<Uint8Array>> {
    const id = this.env.LAB_TARGET.newUniqueId();
    const stub = this.env.LAB_TARGET.get(id);
    // Both objects exist and know each other before the clock runs.
    await this.svc.callRaw('LAB_TARGET', id, this.ctn<LabTarget>().begin());
    await stub.begin();
    const { readable, writable } = new IdentityTransformStream();
    const before = this.svc.call.stats().bytes;
    const run = new Run(settings, writable.getWriter(), async () => ({
      messages: await stub.end(),
      bytes: settings.mode === 'rpc' ? undefined : this.svc.call.stats().bytes - before,
    }));
    this.#run = run;
    run.begin(String(this.ctx.id));
    const make = this.#maker(settings.mode, id, stub, settings.deadline, run);
    this.ctx.waitUntil(run.go(make));
    return readable;
  }

  /** Settles what is pending: somebody pressed Stop. */
  stop(): void {
    this.#run?.stop();
  }

  /** The handler of the calls of a run. */
  onWorked(outcome: Worked | Error, index: number): void {
    this.#run?.settle(index, outcome);
  }

  async example(name: Example): Promise<Sequence> {
    const id = this.env.LAB_TARGET.newUniqueId();
    const target = this.env.LAB_TARGET.get(id);
    await this.svc.callRaw('LAB_TARGET', id, this.ctn<LabTarget>().begin());
    await target.begin();
    const examples = new Examples({
      call: (remote, timeout): Made => {
        const call = examples.nextCall();
        const handler = this.ctn().onOutcome(remote, call);
        const options = timeout === undefined ? {} : { timeout };
        const handle = this.svc.call('LAB_TARGET', id, remote, handler, options);
        return { id: handle.id, remote, handler, timeout };
      },
      trace: () => target.trace(),
    });
    this.#examples = examples;
    // The events of all objects of the isolate come by.
    const listen = (event: CallEvent): void => {
      if (event.event === 'settle' && event.instance === String(id)) examples.watch(event);
    };
    callChannel.subscribe(listen);
    try {
      return await examples.show(name);
    } finally {
      callChannel.unsubscribe(listen);
    }
  }

  /** The handler of the calls of an example. */
  onOutcome(outcome: unknown, call: number): void {
    this.#examples?.settle(call, outcome);
  }

  /** How one call is made. */
  #maker(
    mode: Mode,
    id: DurableObjectId,
    stub: DurableObjectStub<LabTarget>,
    timeout: number,
    run: Run,
  ): (work: Work) => void {
    const { signal } = run;
    const settle =
      ({ index }: Work) =>
      (outcome: unknown) =>
        run.settle(index, outcome);
    const remote = (work: Work) => this.ctn<LabTarget>().work(work);
    const makers: Record<Mode, (work: Work) => void> = {
      rpc: (work) => void stub.workByRpc(work).then(settle(work), settle(work)),
      awaited: (work) =>
        void this.svc
          .callRaw('LAB_TARGET', id, remote(work), { batch: false, signal, timeout })
          .then(settle(work), settle(work)),
      handler: (work) => {
        const worked = remote(work);
        const handler = this.ctn().onWorked(worked, work.index);
        this.svc.call('LAB_TARGET', id, worked, handler, { batch: false, signal, timeout });
      },
      batched: (work) => {
        const worked = remote(work);
        const handler = this.ctn().onWorked(worked, work.index);
        this.svc.call('LAB_TARGET', id, worked, handler, { signal, timeout });
      },
    };
    return makers[mode];
  }
}

/** What was sent in a run. */
type Sent = Pick<Summary, 'messages' | 'bytes'>;

/** The calls of one run, and what has come of them. */
class Run {
  readonly #settings: Settings;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #end: () => Promise<Sent>;
  readonly #stop = new AbortController();
  readonly #payload: string;
  readonly #began: Float64Array;
  readonly #handled: Uint8Array;
  readonly #errors = new Map<string, number>();
  readonly #ended = Promise.withResolvers<void>();
  #latencies: number[] = [];
  #handlersRun = 0;
  #wrong = 0;
  #lastAt = 0;
  #isFlushing = false;

  /** @param end - Ends the counting at the target, and says what was sent. */
  constructor(
    settings: Settings,
    writer: WritableStreamDefaultWriter<Uint8Array>,
    end: () => Promise<Sent>,
  ) {
    this.#settings = settings;
    this.#writer = writer;
    this.#end = end;
    this.#payload = 'x'.repeat(settings.payload);
    this.#began = new Float64Array(settings.calls);
    this.#handled = new Uint8Array(settings.calls);
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Calls of ours settle as cancelled; Workers RPC has no such thing, and is left waiting. */
  stop(): void {
    this.#stop.abort('stopped in the page');
    if (this.#settings.mode === 'rpc') this.#ended.resolve();
  }

  begin(run: string): void {
    this.#write({ type: 'begin', run });
  }

  /** Makes all calls in one turn, and tells what comes of them until all is told. */
  async go(make: (work: Work) => void): Promise<void> {
    const { calls, delay, failure, failureRate, mode, deadline } = this.#settings;
    const start = performance.now();
    for (let index = 0; index < calls; index++) {
      this.#began[index] = performance.now();
      make({
        index,
        payload: this.#payload,
        delay,
        failure: failureOf(index, failureRate, failure),
      });
    }
    // Workers RPC has no deadline: with it, this is how long the lab waits.
    const timer = mode === 'rpc' ? setTimeout(() => this.#ended.resolve(), deadline) : undefined;
    await this.#ended.promise;
    clearTimeout(timer ?? null);
    const ms = (this.#handlersRun === calls ? this.#lastAt : performance.now()) - start;
    const sent = await this.#end();
    this.#flush();
    this.#write({ type: 'end', summary: this.#summary(ms, sent) });
    await this.#writer.close().catch(() => {});
  }

  /** Runs in each handler, and after each `await` of a call that has none. */
  settle(index: number, outcome: unknown): void {
    this.#lastAt = performance.now();
    this.#handled[index] = (this.#handled[index] ?? 0) + 1;
    this.#handlersRun += 1;
    this.#latencies.push(this.#lastAt - (this.#began[index] ?? 0));
    const error = errorOf(outcome);
    if (error !== undefined) this.#errors.set(error, (this.#errors.get(error) ?? 0) + 1);
    else if (!this.#isOwn(index, outcome as Worked)) this.#wrong += 1;
    if (this.#handlersRun === this.#settings.calls) this.#ended.resolve();
    else this.#flushSoon();
  }

  #isOwn(index: number, worked: Worked): boolean {
    return worked.index === index && worked.payload === this.#payload;
  }

  #flushSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    setTimeout(() => {
      this.#isFlushing = false;
      this.#flush();
    }, PROGRESS);
  }

  #flush(): void {
    if (this.#latencies.length === 0) return;
    const latencies = this.#latencies;
    this.#latencies = [];
    this.#write({ type: 'progress', handled: this.#handlersRun, latencies });
  }

  #write(event: RunEvent): void {
    const line = new TextEncoder().encode(`${JSON.stringify(event)}\n`);
    // The page may have gone: then nobody needs to know.
    this.#writer.write(line).catch(() => {});
  }

  #summary(ms: number, sent: Sent): Summary {
    const { calls } = this.#settings;
    return {
      calls,
      ms,
      ...sent,
      handledOnce: this.#handled.filter((times) => times === 1).length,
      wrong: this.#wrong,
      errors: Object.fromEntries(this.#errors),
      pending: calls - this.#handlersRun,
    };
  }
}

/** What a call of that number does if it fails: spread evenly, and the same in each run. */
function failureOf(index: number, rate: number, failure: Failure): Failure | undefined {
  const failuresBefore = (calls: number): number => Math.floor((calls * rate) / 100);
  return failuresBefore(index + 1) > failuresBefore(index) ? failure : undefined;
}

/** The code of a `CallError`, the class of another error, `undefined` for a value. */
function errorOf(outcome: unknown): string | undefined {
  if (outcome instanceof CallError) return outcome.code;
  if (outcome instanceof Error) return outcome.name;
  return typeof outcome === 'object' && outcome !== null ? undefined : 'no Error';
}
