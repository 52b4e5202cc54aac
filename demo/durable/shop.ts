/** The object that orders. What it remembers is on disk, so that a restart finds it. */
import { explain, LumenizeBase } from '@lumenize/call';
import { withDurableCalls } from '@lumenize/call/durable';

/** A run of the handler. */
export interface Handled {
  readonly outcome: string;
  readonly orderId: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export class Shop extends withDurableCalls(LumenizeBase) {
  /** Places an order. Returns what was called, as `explain` writes it. */
  order(sku: string, orderId: string): string {
    const taken = this.ctn('STOCK', 'main').take(sku);
    const handler = this.ctn().onTaken(taken, orderId);
    this.svc.durable.call(taken, handler, { key: orderId });
    return `STOCK/main ${explain(taken)}, { key: '${orderId}' }`;
  }

  onTaken(outcome: string | Error, orderId: string): void {
    const handled = [...this.#handled, { outcome: String(outcome), orderId, at: Date.now() }];
    this.ctx.storage.kv.put('handled', handled);
  }

  seen(): { handled: readonly Handled[]; stored: number } {
    return { handled: this.#handled, stored: this.svc.durable.list().length };
  }

  get #handled(): readonly Handled[] {
    return this.ctx.storage.kv.get<Handled[]>('handled') ?? [];
  }
}
