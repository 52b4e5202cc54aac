/** An order reserves a piece, then charges for it; what fails later undoes what was done before. */
import { CallError, LumenizeBase } from '@lumenize/call';
import { withDurableCalls } from '@lumenize/call/durable';

const PRICE = 30;

/** Milliseconds after which a charge without an outcome is given up. */
const PATIENCE = 300_000;

export class Order extends withDurableCalls(LumenizeBase<Env>) {
  get state(): string | undefined {
    return this.ctx.storage.kv.get<string>('state');
  }

  #become(state: string): void {
    this.ctx.storage.kv.put('state', state);
  }

  place(id: string, sku: string, customer: string): void {
    this.#become('reserving');
    const piece = this.ctn('STOCK', sku).reserve(id);
    const handler = this.ctn().onReserved(piece, id, sku, customer);
    this.svc.durable.call(piece, handler, { key: 'reserve' });
  }

  onReserved(piece: number | Error, id: string, sku: string, customer: string): void {
    if (piece instanceof Error) {
      this.#become(`refused: ${piece.message}`);
      return;
    }
    this.#become('charging');
    const charge = this.ctn('BANK', customer).charge(id, PRICE);
    const handler = this.ctn().onCharged(charge, id, sku, customer);
    this.svc.durable.call(charge, handler, { key: 'charge', timeout: PATIENCE });
  }

  onCharged(balance: number | Error, id: string, sku: string, customer: string): void {
    if (!(balance instanceof Error)) {
      this.#become('paid');
      return;
    }
    this.#become(`cancelled: ${balance.message}`);
    const isUnknown = balance instanceof CallError && balance.mayHaveRun;
    // A charge that may have run is refunded; one that comes later finds that it was.
    if (isUnknown) this.svc.durable.call(this.ctn('BANK', customer).refund(id));
    this.svc.durable.call(this.ctn('STOCK', sku).release(id));
  }
}

export class Stock extends withDurableCalls(LumenizeBase<Env>) {
  get left(): number {
    return this.ctx.storage.kv.get<number>('left') ?? 1;
  }

  reserve(order: string): number {
    if (this.left === 0) throw new RangeError('sold out');
    this.ctx.storage.kv.put('left', this.left - 1);
    this.ctx.storage.kv.put(`reserved:${order}`, true);
    return this.left;
  }

  release(order: string): void {
    if (!this.ctx.storage.kv.delete(`reserved:${order}`)) return;
    this.ctx.storage.kv.put('left', this.left + 1);
  }
}

export class Bank extends withDurableCalls(LumenizeBase<Env>) {
  get balance(): number {
    return this.ctx.storage.kv.get<number>('balance') ?? 100;
  }

  charge(order: string, amount: number): number {
    const { kv } = this.ctx.storage;
    if (kv.get(`refunded:${order}`)) throw new Error('the order was refunded');
    if (this.balance < amount) throw new RangeError('not enough money');
    kv.put('balance', this.balance - amount);
    kv.put(`charged:${order}`, amount);
    return this.balance;
  }

  refund(order: string): void {
    const { kv } = this.ctx.storage;
    kv.put(`refunded:${order}`, true);
    const amount = kv.get<number>(`charged:${order}`) ?? 0;
    kv.delete(`charged:${order}`);
    kv.put('balance', this.balance + amount);
  }
}

export default {
  fetch: () => new Response('an order is placed by its object'),
} satisfies ExportedHandler<Env>;
