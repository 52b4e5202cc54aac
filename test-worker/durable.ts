/** Objects with durable calls: one that buys, and one that sells and counts. */
import { LumenizeBase } from '@lumenize/call';
import { withDurableCalls } from '@lumenize/call/durable';

/** What a handler of a `Buyer` was given. */
export interface Handled {
  readonly outcome: unknown;
  readonly rest: readonly unknown[];
}

export class Seller extends withDurableCalls(LumenizeBase<Cloudflare.Env>) {
  /** How often a method has been begun, since the object started. */
  begun = 0;
  #release: (() => void) | undefined;

  get sold(): number {
    return this.ctx.storage.kv.get<number>('sold') ?? 0;
  }

  /** Synchronous. */
  take(sku: string, count = 1): string {
    this.begun += 1;
    this.ctx.storage.kv.put('sold', this.sold + count);
    return `${sku} ${this.sold}`;
  }

  /** Writes last. */
  async takeSlowly(sku: string): Promise<string> {
    this.begun += 1;
    await scheduler.wait(1);
    this.ctx.storage.kv.put('sold', this.sold + 1);
    return `${sku} ${this.sold}`;
  }

  /** Goes on when it is released. */
  async takeWhenReleased(sku: string): Promise<string> {
    this.begun += 1;
    await new Promise<void>((resolve) => {
      this.#release = resolve;
    });
    this.ctx.storage.kv.put('sold', this.sold + 1);
    return `${sku} ${this.sold}`;
  }

  release(): void {
    this.#release?.();
  }

  refuse(sku: string): never {
    this.begun += 1;
    this.ctx.storage.kv.put('refused', sku);
    throw new RangeError(`no ${sku}`);
  }

  lend(): () => void {
    return () => {};
  }

  /** Ends its object the first time, after it has written. */
  crashOnce(sku: string): string {
    const taken = this.take(sku);
    crashOnce(this.ctx);
    return taken;
  }
}

const crashed = new Set<string>();

/** Ends an object that has not been ended so before. */
function crashOnce(ctx: DurableObjectState): void {
  const id = ctx.id.toString();
  if (crashed.has(id)) return;
  crashed.add(id);
  ctx.abort('as the test asked');
}

export class Buyer extends withDurableCalls(LumenizeBase<Cloudflare.Env>) {
  readonly reported: { readonly error: unknown; readonly id: string | undefined }[] = [];

  /** What handlers were given, as it is stored. */
  get handled(): Handled[] {
    return this.ctx.storage.kv.get<Handled[]>('handled') ?? [];
  }

  onTaken(outcome: string | Error, ...rest: unknown[]): void {
    this.ctx.storage.kv.put('handled', [...this.handled, { outcome, rest }]);
  }

  onCount(outcome: number | Error, ...rest: unknown[]): void {
    this.ctx.storage.kv.put('handled', [...this.handled, { outcome, rest }]);
  }

  onThrow(_outcome: string | Error): void {
    if (this.ctx.storage.kv.get('well')) this.onTaken(_outcome);
    else throw new Error('as the test asked');
  }

  async onThrowLate(outcome: string | Error): Promise<void> {
    await scheduler.wait(20);
    this.onThrow(outcome);
  }

  /** Ends its object the first time, after it has written. */
  onCrash(outcome: string | Error): void {
    this.onTaken(outcome);
    crashOnce(this.ctx);
  }

  /** From now on `onThrow` does not. */
  getWell(): void {
    this.ctx.storage.kv.put('well', true);
  }

  override onCallError(error: unknown, { durableId }: { durableId?: string | undefined }): void {
    this.reported.push({ error, id: durableId });
  }

  /** Waits until as many handlers have run. */
  async arrived(count: number): Promise<Handled[]> {
    while (this.handled.length < count) await scheduler.wait(1);
    return this.handled;
  }
}

/** An object whose alarm is its own, and shared. */
export class Clock extends withDurableCalls(LumenizeBase<Cloudflare.Env>) {
  /** The retry counts with which its alarm ran. */
  get rung(): number[] {
    return this.ctx.storage.kv.get<number[]>('rung') ?? [];
  }

  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    const { kv } = this.ctx.storage;
    kv.put('rung', [...this.rung, info?.retryCount ?? 0]);
    if (!kv.delete('ends')) return;
    this.svc.durable.call(this.ctn('SELLER', 'of an alarm').take('a'));
    await this.ctx.storage.sync();
    this.ctx.abort('as the test asked');
  }

  onTaken(outcome: string | Error): void {
    this.ctx.storage.kv.put('taken', String(outcome));
  }
}
