/** A target that remembers in which order its methods began, and a Worker entrypoint that counts. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { LumenizeBase, LumenizeWorker } from '@lumenize/call';

export class Order extends LumenizeBase {
  /** What began, in order. */
  readonly begun: unknown[] = [];

  async slow(n: number, ms = 1): Promise<number> {
    this.begun.push(n);
    await scheduler.wait(ms);
    return n;
  }

  async stores(n: number): Promise<number> {
    this.begun.push(n);
    await this.ctx.storage.get('nothing');
    return n;
  }

  /** Counts by its storage, which holds back other messages while it waits. */
  async counts(): Promise<number> {
    const count = ((await this.ctx.storage.get<number>('count')) ?? 0) + 1;
    await this.ctx.storage.put('count', count);
    return count;
  }

  async resolves(n: number, promises: number): Promise<number> {
    this.begun.push(n);
    for (let left = promises; left > 0; left--) await undefined;
    return n;
  }

  /** Waits for so many others to begin. */
  async meets(n: number, others: number): Promise<number> {
    this.#met ??= Promise.withResolvers();
    this.begun.push(n);
    if (this.begun.length % others === 0) {
      this.#met.resolve();
      this.#met = undefined;
    } else await this.#met.promise;
    return n;
  }

  #met: PromiseWithResolvers<void> | undefined;

  /** Returns as much as told. The first has another message sent to this object. */
  large(n: number, length: number): string {
    this.begun.push(n);
    if (n === 0) void (this.env as Cloudflare.Env).ORDER.get(this.ctx.id).mark('between');
    return 'x'.repeat(length);
  }

  hangs(n: number): Promise<never> {
    this.begun.push(n);
    return new Promise(() => {});
  }

  mark<T>(n: T, ..._rest: unknown[]): T {
    this.begun.push(n);
    return n;
  }

  describe(value: unknown): string {
    return described(value);
  }

  /** Holds as many timers as an object may have, and then some calls. */
  holdAllTimers(): number {
    const timers = holdAllTimers();
    this.#release = () => timers.forEach(clearTimeout);
    return timers.length;
  }

  releaseTimers(): void {
    this.#release();
  }

  #release = (): void => {};
}

/** Sets timers until the runtime refuses one. */
export function holdAllTimers(): number[] {
  const timers: number[] = [];
  try {
    for (;;) timers.push(setTimeout(() => {}, 1_000_000) as unknown as number);
  } catch {
    return timers;
  }
}

/** What a value is, in more detail than equality looks at. */
export function described(value: unknown): string {
  if (typeof value !== 'object' || value === null) return `${typeof value} ${String(value)}`;
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  const entries =
    value instanceof Map || value instanceof Set
      ? [...value].map((entry) => JSON.stringify(entry))
      : Object.entries(value).map(([key, item]) => `${key}: ${described(item)}`);
  const length = Array.isArray(value) ? ` of ${value.length}` : '';
  const time = value instanceof Date ? ` ${value.getTime()}` : '';
  return `${kind}${length}${time} {${entries.join(', ')}}`;
}

/** Workers RPC makes an instance of it for each call. */
export class Tally extends LumenizeWorker {
  #calls = 0;

  next(): number {
    this.#calls += 1;
    return this.#calls;
  }

  async nextLater(): Promise<number> {
    await scheduler.wait(1);
    return this.next();
  }
}

/** Makes calls that hang where timers of other events do not fire. */
export class Newborn extends LumenizeBase {
  readonly codes: string[] = [];

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    if (ctx.id.name === 'in the constructor') void this.hang('constructor');
    if (ctx.id.name === 'blocking') {
      void ctx.blockConcurrencyWhile(() => this.hang('blocking constructor'));
    }
  }

  /** Awaits what never comes, and says what it came to. */
  async hang(where: string, timeout = 50): Promise<string> {
    const start = Date.now();
    const hangs = this.ctn<Order>().hangs(0);
    const call = this.svc.callRaw('ORDER', 'hangs', hangs, { timeout });
    const { code } = (await call.catch((error: unknown) => error)) as { code: string };
    const isPrompt = Date.now() - start < timeout + 1_000;
    this.codes.push(`${where}: ${code}${isPrompt ? '' : ' late'}`);
    return code;
  }

  async hangIn(
    kind:
      | 'block'
      | 'transaction'
      | 'nested'
      | 'outlasting'
      | 'in the context of before'
      | 'begun before'
      | 'in the context of an outer one'
      | 'nothing',
  ): Promise<string> {
    // One that is pending outside: its timer belongs to the outside.
    const outside = this.hang('outside', 30);
    const inside = (): Promise<string> => this.hang(kind);
    const nested = (): Promise<string> => this.ctx.blockConcurrencyWhile(inside);
    const code = await {
      block: () => this.ctx.blockConcurrencyWhile(inside),
      transaction: () => this.ctx.storage.transaction(inside),
      nested: () => this.ctx.blockConcurrencyWhile(nested),
      // The inner section goes on when what began it has ended.
      outlasting: () => {
        const { promise, resolve } = Promise.withResolvers<string>();
        void this.ctx.blockConcurrencyWhile(async () => {
          const begun = Promise.withResolvers<void>();
          void this.ctx.storage.transaction(async () => {
            begun.resolve();
            await scheduler.wait(20);
            resolve(await inside());
          });
          await begun.promise;
        });
        return promise;
      },
      'in the context of before': () => {
        const before = AsyncLocalStorage.snapshot();
        return this.ctx.blockConcurrencyWhile(() => before(inside));
      },
      'in the context of an outer one': () =>
        this.ctx.blockConcurrencyWhile(() => {
          const outer = AsyncLocalStorage.snapshot();
          // Its deadline is earlier, and its timer belongs to the outer section.
          void this.hang('outer', 30);
          return this.ctx.blockConcurrencyWhile(() => outer(inside));
        }),
      // What was begun outside goes on inside.
      'begun before': () => {
        const gate = Promise.withResolvers<void>();
        const job = gate.promise.then(inside);
        return this.ctx.blockConcurrencyWhile(async () => {
          gate.resolve();
          return await job;
        });
      },
      nothing: inside,
    }[kind]();
    await outside;
    return code;
  }

  override async alarm(): Promise<void> {
    await this.hang('alarm');
  }

  async setAlarm(): Promise<void> {
    await this.ctx.storage.setAlarm(Date.now());
  }

  pending(): number {
    return this.svc.call.stats().pending;
  }
}
