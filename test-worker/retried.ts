/** A target of which some methods may run again for one call. */
import { type CallLimits, LumenizeBase, type RetryOptions, retryable } from '@lumenize/call';

export class Retried extends LumenizeBase {
  static readonly retryable: readonly string[] = ['read', 'abortsFirst'];

  /** What has run, whatever becomes of its memory. */
  get ran(): string[] {
    return this.ctx.storage.kv.get<string[]>('ran') ?? [];
  }

  #run(what: string): number {
    const ran = [...this.ran, what];
    this.ctx.storage.kv.put('ran', ran);
    return ran.length;
  }

  read(): number {
    return this.#run('read');
  }

  write(): number {
    return this.#run('write');
  }

  /** Crashes its object the first time, with what it has written on disk. */
  async abortsFirst(): Promise<number> {
    const times = this.#run('abortsFirst');
    await this.ctx.storage.sync();
    if (times === 1) this.ctx.abort('a crash');
    return times;
  }

  marked(): number {
    return this.#run('marked');
  }

  /** The code of what a read of another one fails with. */
  readsElsewhere(instance: string, retry: RetryOptions): Promise<string> {
    const read = this.ctn<Retried>().read();
    return this.svc.callRaw('RETRIED', instance, read, { retry }).then(String, ({ code }) => code);
  }

  fails(): never {
    this.#run('fails');
    throw new RangeError('as it does each time');
  }

  failsAt(context: unknown): unknown {
    return context;
  }
}

// As a legacy decorator stands on it: what runs tests does not know decorators.
retryable()(
  Retried.prototype,
  'marked',
  Object.getOwnPropertyDescriptor(Retried.prototype, 'marked') as PropertyDescriptor,
);

/** Below it a list replaces that of the class above, and marks stay. */
export class RetriedLess extends Retried {
  static override readonly retryable = ['write'];
}

export class Unrepeatable extends LumenizeBase {
  static readonly retryable = ['raed'];

  read(): number {
    return 1;
  }
}

/** Runs one call at a time, and lets none wait. */
export class Narrow extends LumenizeBase {
  static readonly callLimits: CallLimits = { running: 1, waiting: 0 };

  #gate = Promise.withResolvers<void>();

  async pass(): Promise<string> {
    await this.#gate.promise;
    return 'passed';
  }

  open(): void {
    this.#gate.resolve();
  }
}
