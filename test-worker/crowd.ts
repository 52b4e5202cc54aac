/** A target that runs few calls at once, and callers that keep few in flight. */
import { type CallLimits, LumenizeBase, LumenizeWorker } from '@lumenize/call';

/** Remembers which calls began, how many ran at once, and lets them end when it is told to. */
export class Crowd extends LumenizeBase {
  static readonly callLimits: CallLimits = { running: 2, waiting: 4 };

  readonly begun: unknown[] = [];
  running = 0;
  most = 0;
  #gate = Promise.withResolvers<void>();

  /** Ends when the gate is open. */
  async pass<T>(value: T): Promise<T> {
    this.#begin(value);
    await this.#gate.promise;
    this.running -= 1;
    return value;
  }

  /** Lets the others end inside of a section, which is closed to what begins. */
  async opensInSection(): Promise<void> {
    this.#begin('opens');
    await scheduler.wait(0);
    await this.ctx.blockConcurrencyWhile(async () => {
      this.#gate.resolve();
      await scheduler.wait(20);
      this.begun.push('the section ends');
    });
    this.running -= 1;
  }

  /** Ends with the next event. */
  async soon<T>(value: T): Promise<T> {
    this.#begin(value);
    await scheduler.wait(0);
    this.running -= 1;
    return value;
  }

  /** Counts by its storage, which holds back other messages while it waits. */
  async counts(): Promise<number> {
    const count = ((await this.ctx.storage.get<number>('count')) ?? 0) + 1;
    await scheduler.wait(0);
    await this.ctx.storage.put('count', count);
    return count;
  }

  at<T>(value: T, ..._rest: unknown[]): T {
    this.begun.push(value);
    return value;
  }

  /** Takes some time, in which nothing else runs. */
  works(n: number): number {
    this.begun.push(n);
    let sum = 0;
    for (let at = 0; at < 20_000; at++) sum += Math.sqrt(at);
    return sum > 0 ? n : -1;
  }

  /** Has two other events come to this object. */
  lures(binding: 'WIDE' | 'SINGLE', value: string): number {
    this.begun.push(0);
    void (this.env as Cloudflare.Env)[binding].get(this.ctx.id).at(value);
    setTimeout(() => this.begun.push(`${value}, by a timer`), 0);
    return 0;
  }

  deadline(): number | undefined {
    return this.svc.context?.deadline;
  }

  failNow(value: unknown): never {
    this.begun.push(value);
    throw new RangeError('as it was told');
  }

  async failLater(value: unknown): Promise<never> {
    this.begun.push(value);
    await scheduler.wait(0);
    throw new RangeError('as it was told, later');
  }

  #begin(value: unknown): void {
    this.begun.push(value);
    this.running += 1;
    this.most = Math.max(this.most, this.running);
  }

  /** By Workers RPC, which no limit holds back. */
  open(): void {
    this.#gate.resolve();
  }

  /** Calls itself while it runs. */
  async again(value: string, timeout?: number): Promise<string> {
    this.begun.push(value);
    const itself = this.ctn('CROWD', this.ctx.id.name ?? '');
    return String(await this.svc.callRaw(itself.at(`${value} again`), timeout ? { timeout } : {}));
  }

  /** Calls an object that calls this one. */
  async by(name: string, value: string): Promise<string> {
    this.begun.push(value);
    return this.svc.callRaw(this.ctn('CROWD', name).to(this.ctx.id.name ?? '', value));
  }

  async to(name: string, value: string): Promise<string> {
    return String(await this.svc.callRaw(this.ctn('CROWD', name).at(`${value} back`)));
  }
}

/** Runs one call at a time, and lets many wait. */
export class Single extends Crowd {
  static override readonly callLimits: CallLimits = { running: 1, waiting: 2_000 };
}

/** Runs whatever comes. */
export class Wide extends Crowd {
  static override readonly callLimits: CallLimits = {};
}

/** Keeps few calls in flight to each target. */
export class Patient extends LumenizeBase {
  static readonly callLimits: CallLimits = { inFlight: 3, unsent: 5 };
  readonly outcomes: unknown[] = [];

  onOutcome(outcome: unknown): void {
    this.outcomes.push(outcome);
  }
}

export class Uncounted extends LumenizeBase {
  static readonly callLimits = { inFlight: 0 };

  ping(): string {
    return 'pong';
  }
}

export class Overrun extends Uncounted {
  static override readonly callLimits = { running: 100_001 } as never;
}

/** Each call has an instance of its own. */
export class CrowdedWorker extends LumenizeWorker {
  static readonly callLimits: CallLimits = { running: 1 };

  ping(): string {
    return 'pong';
  }
}
