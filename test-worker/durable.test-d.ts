/** What the compiler accepts and refuses of durable calls. Above each refusal stands what a user sees. */

import { DurableObject } from 'cloudflare:workers';
import { LumenizeBase, newContinuation } from '@lumenize/call';
import { type DurableCall, withDurableCalls } from '@lumenize/call/durable';
import { expectTypeOf } from 'vitest';
import type { Seller } from './durable.js';

class Shop extends withDurableCalls(LumenizeBase<Cloudflare.Env>) {
  onTaken(_piece: string | Error, _id: string): void {}
  onTakenToo(_piece: string | Error): void {}
  onText(_piece: string): void {}
  onNumber(_piece: number | Error): void {}

  order(): void {
    const { durable } = this.svc;
    const seller = this.ctn('SELLER', 'main');
    const piece = seller.take('chair');
    expectTypeOf(durable.call(piece, this.ctn().onTaken(piece, 'u1'))).toEqualTypeOf<string>();
    durable.call(piece);
    durable.call(piece, undefined, { timeout: 1_000, key: 'order 1' });
    durable.call(piece, this.ctn().onTakenToo());
    durable.call(piece, this.ctn().ctx.storage.kv.put('piece', piece));
    durable.call(
      'SELLER',
      'main',
      newContinuation<Seller>().take('chair'),
      this.ctn().onTakenToo(),
    );
    expectTypeOf(durable.get('id')).toEqualTypeOf<DurableCall | undefined>();
    expectTypeOf(durable.list({ limit: 5 })).toEqualTypeOf<DurableCall[]>();
    expectTypeOf(durable.retry('id')).toEqualTypeOf<boolean>();

    // @ts-expect-error: A function cannot be stored.
    durable.call(piece, (outcome: string | Error) => outcome);
    // @ts-expect-error: It may be an Error.
    durable.call(piece, this.ctn().onText());
    // @ts-expect-error: It is a string.
    durable.call(piece, this.ctn().onNumber());
    // @ts-expect-error: this class takes no durable calls: let it extend withDurableCalls(…)
    durable.call(this.ctn('CALC', 'main').add(1, 10));
    // @ts-expect-error: this class takes no durable calls: let it extend withDurableCalls(…)
    durable.call('CALC', 'main', this.ctn<import('./index.js').Calc>().add(1, 10));
    // @ts-expect-error: There is no such option.
    durable.call(piece, undefined, { batch: false });
    // @ts-expect-error: The entry of durable calls is nobody's to call.
    seller.__lmzDurable();
    void this.svc.callRaw(piece);
  }
}

// @ts-expect-error: A class without calls has none that are durable.
withDurableCalls(DurableObject);

export type { Shop };
