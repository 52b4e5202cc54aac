/** Durable calls: what an object sees of them. */
import { runInDurableObject } from 'cloudflare:test';
import { DurableObject, env } from 'cloudflare:workers';
import { type CallEvent, callChannel, newContinuation } from '@lumenize/call';
import { withDurableCalls } from '@lumenize/call/durable';
import { expect, test, vi } from 'vitest';
import type { Buyer, Clock, Seller } from './durable.js';
import { thrownBy } from './in-object.js';

function inBuyer<R>(name: string, run: (buyer: Buyer) => R | Promise<R>): Promise<R> {
  return runInDurableObject(env.BUYER.getByName(name), run);
}

function inSeller<R>(name: string, run: (seller: Seller) => R | Promise<R>): Promise<R> {
  return runInDurableObject(env.SELLER.getByName(name), run);
}

/** Ends an object, as a crash would. */
async function reset(stub: DurableObjectStub<Buyer> | DurableObjectStub<Seller>): Promise<void> {
  const ended = runInDurableObject(stub as DurableObjectStub, (_, state) => state.abort('a test'));
  await expect(ended).rejects.toThrow('a test');
}

function storageOf(object: Buyer | Seller | Clock): DurableObjectStorage {
  return (object as unknown as { ctx: DurableObjectState }).ctx.storage;
}

/** The alarm that the runtime has, whoever wants it. */
function realAlarm(storage: DurableObjectStorage): Promise<number | null> {
  return Reflect.apply(Object.getPrototypeOf(storage).getAlarm, storage, []);
}

/** The rows of durable calls that an object has. */
function rowsOf(object: Buyer | Seller): string[] {
  return Array.from(storageOf(object).kv.list({ prefix: '__lmz:' }), ([key]) => key);
}

/** What happens to durable calls while something runs. */
async function observing(run: () => unknown): Promise<string[]> {
  const seen: string[] = [];
  const listen = (event: CallEvent): void => {
    if (typeof event.id === 'string' && !('caller' in event)) seen.push(event.event);
  };
  callChannel.subscribe(listen);
  await run();
  callChannel.unsubscribe(listen);
  return seen;
}

test('rule 34: a durable call is sent, and its handler runs with the outcome', () =>
  inBuyer('plain', async (buyer) => {
    const piece = buyer.ctn('SELLER', 'plain').take('chair');
    const id = buyer.svc.durable.call(piece, buyer.ctn().onTaken(piece, 'for u1'));
    expect(buyer.svc.durable.get(id)).toMatchObject({
      id,
      binding: 'SELLER',
      instance: 'plain',
      operation: 'take("chair")',
      handler: 'onTaken(take("chair"), "for u1")',
      state: 'stored',
    });
    expect(await buyer.arrived(1)).toEqual([{ outcome: 'chair 1', rest: ['for u1'] }]);
    expect(rowsOf(buyer)).toEqual([]);
    expect(buyer.svc.durable.get(id)).toBeUndefined();
    expect(buyer.svc.durable.stats()).toMatchObject({ pending: 0, inFlight: 0 });
  }));

test('rule 37: what a method throws is an outcome', () =>
  inBuyer('throws', async (buyer) => {
    const piece = buyer.ctn('SELLER', 'throws').refuse('chair');
    buyer.svc.durable.call(piece, buyer.ctn().onTaken(piece));
    const [handled] = await buyer.arrived(1);
    expect(handled?.outcome).toMatchObject({ name: 'RangeError', message: 'no chair' });
    await inSeller('throws', (seller) => {
      expect(seller.begun).toBe(1);
    });
  }));

test('rule 36: a handler may be any program, and what it was recorded with is stored', () =>
  inBuyer('program', async (buyer) => {
    const piece = buyer.ctn('SELLER', 'program').take('lamp');
    const handler = buyer.ctn().onTaken(buyer.ctn().$result, { at: [piece, new Date(5)] });
    buyer.svc.durable.call(piece, handler);
    expect(await buyer.arrived(1)).toEqual([
      { outcome: 'lamp 1', rest: [{ at: ['lamp 1', new Date(5)] }] },
    ]);
  }));

test('rule 35: many calls of one turn run once each, and travel together', () =>
  inBuyer('many', async (buyer) => {
    for (let at = 0; at < 200; at++) {
      const piece = buyer.ctn('SELLER', 'many').take('cup');
      buyer.svc.durable.call(piece, buyer.ctn().onTaken(piece, at));
    }
    const handled = await buyer.arrived(200);
    expect(handled.map(({ rest }) => rest[0])).toEqual(Array.from({ length: 200 }, (_, at) => at));
    expect(buyer.svc.call.stats().frames).toBeLessThan(3);
    await inSeller('many', (seller) => {
      expect(seller.sold).toBe(200);
    });
  }));

test('rule 34: a call is sent again after its object was reset', async () => {
  await inBuyer('reset', (buyer) => {
    const piece = buyer.ctn('SELLER', 'reset').takeWhenReleased('bed');
    buyer.svc.durable.call(piece, buyer.ctn().onTaken(piece));
  });
  await inSeller('reset', async (seller) => {
    while (seller.begun < 1) await scheduler.wait(1);
  });
  await reset(env.BUYER.getByName('reset'));
  await inBuyer('reset', async (buyer) => {
    while (buyer.svc.durable.stats().inFlight < 1) await scheduler.wait(1);
    await inSeller('reset', (seller) => seller.release());
    expect(await buyer.arrived(1)).toEqual([{ outcome: 'bed 1', rest: [] }]);
  });
  // The repeat joined the method that ran.
  await inSeller('reset', (seller) => {
    expect(seller.begun).toBe(1);
  });
});

test('rule 38: a handler that throws leaves a dead letter, which can be retried and dropped', () =>
  inBuyer('dead', async (buyer) => {
    const piece = buyer.ctn('SELLER', 'dead').take('desk');
    const id = buyer.svc.durable.call(piece, buyer.ctn().onThrow());
    while (buyer.reported.length < 1) await scheduler.wait(1);
    expect(buyer.reported).toMatchObject([{ error: { message: 'as the test asked' }, id }]);
    expect(buyer.svc.durable.list()).toMatchObject([
      { id, state: 'dead', error: { message: 'as the test asked' } },
    ]);
    expect(buyer.svc.durable.retry(id)).toBe(true);
    expect(buyer.reported).toHaveLength(2);
    buyer.getWell();
    expect(buyer.svc.durable.retry(id)).toBe(true);
    expect(buyer.handled).toEqual([{ outcome: 'desk 1', rest: [] }]);
    expect(buyer.svc.durable.list()).toEqual([]);
    expect(buyer.svc.durable.retry(id)).toBe(false);
    expect(buyer.svc.durable.drop(id)).toBe(false);
    await inSeller('dead', (seller) => {
      expect(seller.begun).toBe(1);
    });
  }));

test('rule 40: calls with one key are one call', () =>
  inBuyer('key', async (buyer) => {
    const piece = buyer.ctn('SELLER', 'key').take('sofa');
    const order = (): string =>
      buyer.svc.durable.call(piece, buyer.ctn().onTaken(piece), { key: 'order 1' });
    const id = order();
    expect(order()).toBe(id);
    await buyer.arrived(1);
    expect(order()).not.toBe(id);
    expect(await buyer.arrived(2)).toEqual([
      { outcome: 'sofa 1', rest: [] },
      { outcome: 'sofa 2', rest: [] },
    ]);
  }));

test('rule 44: what cannot be stored is refused at once, with nothing written', () =>
  inBuyer('refused', (buyer) => {
    const seller = buyer.ctn('SELLER', 'refused');
    const { durable } = buyer.svc;
    const big = 'x'.repeat(1_200_000);
    const refused = [
      thrownBy(() => durable.call(seller.take('a'), ((): void => {}) as never)),
      thrownBy(() => durable.call(seller.take((() => {}) as never))),
      thrownBy(() => durable.call(seller.take(big))),
      thrownBy(() => durable.call(seller.take('a'), undefined, { timeout: 8 * 86_400_000 })),
      thrownBy(() => durable.call(seller.take('a'), undefined, { key: 5 as never })),
      thrownBy(() => durable.call(seller.take('a'), undefined, { key: '' })),
      thrownBy(() => durable.call(seller.take('a'), undefined, { retries: 5 } as never)),
      thrownBy(() => durable.call(buyer.ctn('TALLY').next() as never)),
    ];
    expect(refused.map(({ code, message }) => `${code}: ${message}`)).toEqual([
      'invalid-continuation: the handler is a function, not a continuation: record one, as in this.ctn().onUser(user): the handler of a durable call is stored, and a function cannot be',
      'not-cloneable: take(a function): a durable call is stored, and this one cannot be: an argument is more than data',
      'limit-exceeded: take("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…"): its arguments take about 2400036 bytes, at most 1990000 can be stored',
      'invalid-option: timeout is 691200000: it has to be milliseconds above 0, at most 604800000 (7 days)',
      'invalid-option: key is 5: it has to be a string',
      'invalid-option: key: it has 0 UTF-16 code units: 1 to 512 are allowed',
      "invalid-option: unknown option 'retries': there is timeout, key",
      "invalid-target: 'TALLY' is no Durable Object namespace: only Durable Objects record outcomes",
    ]);
    expect(rowsOf(buyer)).toEqual([]);
  }));

test('rule 33: a call whose turn takes it back is not sent', () =>
  inBuyer('taken back', async (buyer) => {
    const storage = storageOf(buyer);
    const take = (sku: string): string => {
      const piece = buyer.ctn('SELLER', 'taken back').take(sku);
      return buyer.svc.durable.call(piece, buyer.ctn().onTaken(piece));
    };
    const seen = await observing(async () => {
      expect(() =>
        storage.transactionSync(() => {
          take('a');
          throw new Error('back');
        }),
      ).toThrow('back');
      const failing = storage.transaction(async () => {
        take('b');
        await scheduler.wait(5);
        throw new Error('back');
      });
      await expect(failing).rejects.toThrow('back');
      await storage.transaction(async () => {
        take('c');
        await scheduler.wait(5);
        expect(buyer.svc.durable.stats().inFlight).toBe(0);
      });
      await buyer.arrived(1);
    });
    expect(buyer.handled).toEqual([{ outcome: 'c 1', rest: [] }]);
    expect(seen).toEqual(['stored', 'stored', 'lost', 'lost', 'stored', 'sent', 'settled']);
    expect(rowsOf(buyer)).toEqual([]);
  }));

test('rule 33: a call is sent of a turn that throws, since its writes are committed', () =>
  inBuyer('throwing turn', async (buyer) => {
    const turn = async (): Promise<never> => {
      const piece = buyer.ctn('SELLER', 'throwing turn').take('a');
      buyer.svc.durable.call(piece, buyer.ctn().onTaken(piece));
      throw new Error('after it');
    };
    await expect(turn()).rejects.toThrow('after it');
    expect(await buyer.arrived(1)).toEqual([{ outcome: 'a 1', rest: [] }]);
  }));

test('rule 35: a method that ended with its object runs again, and its effect is there once', async () => {
  await inBuyer('crash there', async (buyer) => {
    const piece = buyer.ctn('SELLER', 'crash there').crashOnce('a');
    buyer.svc.durable.call(piece, buyer.ctn().onTaken(piece));
    expect(await buyer.arrived(1)).toEqual([{ outcome: 'a 1', rest: [] }]);
  });
});

test('rules 35, 36: a handler that ended with its object runs again, with the recorded outcome', async () => {
  await inBuyer('crash here', (buyer) => {
    const piece = buyer.ctn('SELLER', 'crash here').take('a');
    buyer.svc.durable.call(piece, buyer.ctn().onCrash());
  });
  await vi.waitFor(
    () =>
      inBuyer('crash here', (buyer) => {
        expect(buyer.handled).toEqual([{ outcome: 'a 1', rest: [] }]);
        expect(rowsOf(buyer)).toEqual([]);
      }),
    4_000,
  );
  await inSeller('crash here', (seller) => {
    expect(seller.begun).toBe(1);
  });
});

test('rule 35: what cannot be recorded becomes an error, and its method does not run again', () =>
  inBuyer('lends', async (buyer) => {
    const lent = buyer.ctn('SELLER', 'lends').lend();
    buyer.svc.durable.call(lent as never, buyer.ctn().onTaken());
    const [handled] = await buyer.arrived(1);
    expect(handled?.outcome).toMatchObject({ name: 'CallError', code: 'not-cloneable' });
  }));

test('rule 38: a handler that ended with its object five times is not run again', async () => {
  const id = await inBuyer('bad handler', (buyer) => {
    const piece = buyer.ctn('SELLER', 'bad handler').takeWhenReleased('a');
    return buyer.svc.durable.call(piece, buyer.ctn().onTaken(piece), { timeout: 300 });
  });
  await inBuyer('bad handler', (buyer) => storageOf(buyer).kv.put(`__lmz:c:i:${id}`, 5));
  await reset(env.BUYER.getByName('bad handler'));
  await inBuyer('bad handler', async (buyer) => {
    while (buyer.reported.length < 1) await scheduler.wait(1);
    const error = { message: 'its object ended each time that it ran' };
    expect(buyer.reported).toMatchObject([{ error, id }]);
    expect(buyer.svc.durable.get(id)).toMatchObject({ state: 'dead', error });
    expect(buyer.handled).toEqual([]);
    // Its outcome is kept with it.
    buyer.svc.durable.retry(id);
    expect(buyer.handled).toMatchObject([{ outcome: { name: 'CallError', code: 'timeout' } }]);
    expect(rowsOf(buyer)).toEqual([]);
  });
  await inSeller('bad handler', (seller) => seller.release());
});

test('rule 39: a call without an outcome by its deadline settles as `timeout`', () =>
  inBuyer('late', async (buyer) => {
    const piece = buyer.ctn('SELLER', 'late').takeWhenReleased('a');
    buyer.svc.durable.call(piece, buyer.ctn().onTaken(piece), { timeout: 100 });
    const [handled] = await buyer.arrived(1);
    expect(handled?.outcome).toMatchObject({
      name: 'CallError',
      code: 'timeout',
      message: 'takeWhenReleased("a") on SELLER/late has no outcome after 100 ms',
      mayHaveRun: true,
    });
    await inSeller('late', (seller) => seller.release());
    expect(rowsOf(buyer)).toEqual([]);
  }));

test('rule 39: an outcome that the caller has settled is forgotten with its next call', () =>
  inBuyer('acknowledged', async (buyer) => {
    for (let count = 1; count <= 2; count++) {
      const piece = buyer.ctn('SELLER', 'acknowledged').take('a');
      buyer.svc.durable.call(piece, buyer.ctn().onTaken(piece));
      await buyer.arrived(count);
    }
    await inSeller('acknowledged', (seller) => {
      expect(rowsOf(seller)).toHaveLength(1);
    });
  }));

test('rule 42: a record of another object, and rule 43: one of another version, is left alone', async () => {
  const rows = await inBuyer('parked', (buyer) => {
    const piece = buyer.ctn('SELLER', 'parked').take('a');
    const id = buyer.svc.durable.call(piece, buyer.ctn().onTaken(piece));
    const { kv } = storageOf(buyer);
    const [version, , , ...rest] = kv.get<unknown[]>(`__lmz:o:i:${id}`) ?? [];
    kv.put('__lmz:o:i:copied', [version, 'another', 'copied', ...rest]);
    kv.put('__lmz:o:i:newer', [2, { anything: 'else' }]);
    return rowsOf(buyer);
  });
  await inBuyer('parked', (buyer) => buyer.arrived(1));
  const seen = await observing(async () => {
    await reset(env.BUYER.getByName('parked'));
    await inBuyer('parked', async (buyer) => {
      while (buyer.svc.durable.stats().parked < 2) await scheduler.wait(1);
      expect(rowsOf(buyer)).toEqual(rows.filter((row) => /copied|newer/.test(row)));
      expect(buyer.svc.durable.list()).toMatchObject([
        { id: 'copied', state: 'parked' },
        { id: 'newer', state: 'parked', operation: '' },
      ]);
    });
  });
  expect(seen).toEqual(['parked', 'parked']);
  await inSeller('parked', (seller) => {
    expect(seller.begun).toBe(1);
  });
});

test('rule 42: `deleteAll` forgets what was stored', () =>
  inBuyer('wiped', async (buyer) => {
    const piece = buyer.ctn('SELLER', 'wiped').takeWhenReleased('a');
    const seen = await observing(async () => {
      buyer.svc.durable.call(piece, buyer.ctn().onTaken(piece));
      await scheduler.wait(1);
      await storageOf(buyer).deleteAll();
      buyer.svc.durable.call(piece, buyer.ctn().onTaken(piece, 'after'));
      await inSeller('wiped', async (seller) => {
        while (seller.begun < 2) await scheduler.wait(1);
        seller.release();
      });
      await buyer.arrived(1);
    });
    expect(buyer.handled).toEqual([{ outcome: 'a 1', rest: ['after'] }]);
    expect(seen).toEqual(['stored', 'sent', 'lost', 'stored', 'sent', 'settled']);
  }));

test('rule 41: an alarm of the object and one of ours both come', () =>
  runInDurableObject(env.CLOCK.getByName('both'), async (clock) => {
    const storage = storageOf(clock);
    const at = Date.now() + 200;
    await storage.setAlarm(at);
    const piece = clock.ctn('SELLER', 'both').takeWhenReleased('a');
    clock.svc.durable.call(piece, clock.ctn().onTaken(piece), { timeout: 100 });
    expect(await storage.getAlarm()).toBe(at);
    await vi.waitFor(() => {
      expect(storage.kv.get('taken')).toMatch(/has no outcome after 100 ms/);
    });
    expect(clock.rung).toEqual([]);
    await vi.waitFor(() => {
      expect(clock.rung).toEqual([0]);
    });
    expect(Date.now()).toBeGreaterThanOrEqual(at);
    await inSeller('both', (seller) => seller.release());
  }));

test('rule 41: what an object does to its alarm counts at whatever moment ours is asked for', () =>
  Promise.all(
    Array.from({ length: 24 }, (_, microtasks) =>
      runInDurableObject(env.CLOCK.getByName(`moment ${microtasks}`), async (clock) => {
        const storage = storageOf(clock);
        const name = `moment ${microtasks}`;
        await storage.setAlarm(Date.now() + 3_600_000);
        const piece = clock.ctn('SELLER', name).takeWhenReleased('a');
        clock.svc.durable.call(piece, clock.ctn().onTaken(piece));
        for (let left = microtasks; left > 0; left--) await undefined;
        const sooner = Date.now() + 1_800_000;
        void storage.setAlarm(sooner);
        expect(await storage.getAlarm()).toBe(sooner);
        await scheduler.wait(1);
        expect(await storage.getAlarm()).toBe(sooner);
        expect(await realAlarm(storage)).toBeLessThan(Date.now() + 60_000);
        await inSeller(name, (seller) => seller.release());
        while (clock.svc.durable.list().length > 0) await scheduler.wait(1);
        for (let left = microtasks; left > 0; left--) await undefined;
        await storage.deleteAlarm();
        await scheduler.wait(1);
        expect(await storage.getAlarm()).toBeNull();
      }),
    ),
  ));

test('rule 41: an alarm that the object ended in comes again, although it made a durable call', {
  timeout: 15_000,
}, async () => {
  const inClock = (run: (clock: Clock) => void | Promise<void>): Promise<void> =>
    runInDurableObject(env.CLOCK.getByName('ended'), run);
  await inClock(async (clock) => {
    storageOf(clock).kv.put('ends', true);
    await storageOf(clock).setAlarm(Date.now() + 10);
  });
  await vi.waitFor(
    () =>
      inClock((clock) => {
        expect(clock.rung).toEqual([0, 1]);
      }),
    { timeout: 12_000, interval: 100 },
  );
});

test.for(['BUYER', 'CLOCK'] as const)(
  'rule 34: an alarm is set together with a call of a transaction, by a %s',
  (binding) =>
    runInDurableObject(
      env[binding].getByName('transaction') as DurableObjectStub,
      async (object) => {
        const caller = object as unknown as Buyer;
        const storage = storageOf(caller);
        const take = (): void => {
          caller.svc.durable.call(caller.ctn('SELLER', `of ${binding}`).take('a'));
        };
        const makeAndThrow = storage.transaction(async () => {
          take();
          await scheduler.wait(1);
          expect(await realAlarm(storage)).not.toBeNull();
          throw new Error('back');
        });
        await expect(makeAndThrow).rejects.toThrow('back');
        await storage.transaction(async (txn) => {
          take();
          txn.rollback();
        });
        await storage.transaction(async () => {
          try {
            storage.transactionSync(() => {
              take();
              throw new Error('back');
            });
          } catch {}
          take();
          await scheduler.wait(1);
          expect(await realAlarm(storage)).not.toBeNull();
        });
        while (caller.svc.durable.list().length > 0) await scheduler.wait(1);
        await inSeller(`of ${binding}`, (seller) => {
          expect(seller.sold).toBe(1);
        });
      },
    ),
);

test('rule 33: a call that is dropped in what is taken back is sent', () =>
  inBuyer('dropped and back', async (buyer) => {
    const piece = buyer.ctn('SELLER', 'dropped and back').takeWhenReleased('a');
    const id = buyer.svc.durable.call(piece, buyer.ctn().onTaken(piece));
    while (buyer.svc.durable.stats().inFlight < 1) await scheduler.wait(1);
    expect(() =>
      storageOf(buyer).transactionSync(() => {
        buyer.svc.durable.drop(id);
        throw new Error('back');
      }),
    ).toThrow('back');
    await inSeller('dropped and back', (seller) => seller.release());
    expect(await buyer.arrived(1)).toEqual([{ outcome: 'a 1', rest: [] }]);
    expect(rowsOf(buyer)).toEqual([]);
  }));

test('rule 38: a call that is dropped while its handler runs is gone, unless that is taken back', () =>
  inBuyer('dropped late', async (buyer) => {
    const { durable } = buyer.svc;
    const handled = async (): Promise<string> => {
      const piece = buyer.ctn('SELLER', 'dropped late').take('a');
      const id = durable.call(piece, buyer.ctn().onThrowLate(piece));
      while (durable.get(id)?.state !== 'handling') await scheduler.wait(1);
      return id;
    };
    expect(durable.drop(await handled())).toBe(true);
    while (durable.stats().pending > 0) await scheduler.wait(1);
    await scheduler.wait(30);
    expect(rowsOf(buyer)).toEqual([]);
    const id = await handled();
    expect(() =>
      storageOf(buyer).transactionSync(() => {
        durable.drop(id);
        throw new Error('back');
      }),
    ).toThrow('back');
    while (buyer.reported.length < 1) await scheduler.wait(1);
    expect(durable.list()).toMatchObject([
      { id, state: 'dead', error: { message: 'as the test asked' } },
    ]);
    buyer.getWell();
    durable.retry(id);
    expect(await buyer.arrived(1)).toEqual([{ outcome: 'a 2', rest: [] }]);
    await scheduler.wait(1);
    expect(rowsOf(buyer)).toEqual([]);
  }));

test('rule 41: an object without an alarm of its own cannot set one', () =>
  inBuyer('no alarm', async (buyer) => {
    await expect(storageOf(buyer).setAlarm(Date.now() + 10)).rejects.toThrow(/alarm\(\) handler/);
  }));

test('rule 37: a target without durable calls is said to be that, and the call is kept', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  await inBuyer('undurable', async (buyer) => {
    const sum = buyer.ctn('CALC', 'undurable').add(1, 10);
    const id = buyer.svc.durable.call(sum as never, buyer.ctn().onCount() as never);
    while (buyer.svc.durable.get(id)?.state !== 'waiting') await scheduler.wait(1);
    expect(warn.mock.calls[0]?.[0]).toContain(
      "Calc takes no durable calls: let it extend withDurableCalls(…) of '@lumenize/call/durable'",
    );
    expect(buyer.svc.durable.drop(id)).toBe(true);
    expect(rowsOf(buyer)).toEqual([]);
  });
  warn.mockRestore();
});

test('rules 37, 38: what a target refuses for 10 minutes is final, and a dead letter keeps it', () =>
  inBuyer('refused', async (buyer) => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const sum = buyer.ctn('CALC', 'refused').add(1, 10);
    const id = buyer.svc.durable.call(sum as never, buyer.ctn().onThrow() as never);
    while (buyer.svc.durable.get(id)?.state !== 'waiting') await scheduler.wait(1);
    const { now } = Date;
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => now() + 11 * 60_000);
    while (buyer.reported.length < 1) await scheduler.wait(1);
    clock.mockRestore();
    warn.mockRestore();
    expect(buyer.svc.durable.get(id)).toMatchObject({ state: 'dead' });
    buyer.getWell();
    expect(buyer.svc.durable.retry(id)).toBe(true);
    expect(buyer.handled).toMatchObject([{ outcome: { name: 'CallError', code: 'not-callable' } }]);
    expect(rowsOf(buyer)).toEqual([]);
  }));

test('rule 27: a durable call reaches no more than other calls do', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const on = newContinuation() as unknown as Record<string, () => never>;
  await inBuyer('closed', async (buyer) => {
    const { durable } = buyer.svc;
    for (const remote of [on['lender']?.(), on['__lmzDurable']?.()]) {
      const id = durable.call('SELLER', 'closed', remote as never);
      while (durable.get(id)?.state !== 'waiting') await scheduler.wait(1);
      durable.drop(id);
    }
    const refused = ['svc', 'onCallError', 'alarm', '__lmzCall'].map((name) =>
      thrownBy(() => durable.call('SELLER', 'closed', on[name]?.() as never)),
    );
    expect(refused.map(({ code }) => code)).toEqual(Array(4).fill('not-callable'));
  });
  expect(warn.mock.calls.map(([text]) => text)).toEqual([
    expect.stringContaining(
      "Seller has no method 'lender' that callers may use: did you mean 'lend'?",
    ),
    expect.stringContaining("'__lmzDurable' is not a method that callers may use"),
  ]);
  warn.mockRestore();
  await inSeller('closed', (seller) => {
    expect(rowsOf(seller)).toEqual([]);
  });
});

test('rule 25: a hostile message of a durable call is refused, and harms nobody', async () => {
  const on = newContinuation() as unknown as {
    __lmzDurable(...message: unknown[]): unknown;
  };
  const seller = env.SELLER.getByName('hostile');
  const good = [1, 'a'.repeat(64), 'b'.repeat(32), Date.now(), [], '', []];
  const hostile = [
    [],
    [-1, ...good.slice(1)],
    [2 ** 60, ...good.slice(1)],
    [1, '', ...good.slice(2)],
    [1, 'a', 'x'.repeat(5_000), ...good.slice(3)],
    [1, 'a', '\ud800', Number.NaN, [], '', []],
    [1, 'a', 'b', Date.now(), [5], '', []],
    [1, 'a', 'b', Date.now(), new Array(3), '', []],
    [1, 'a', 'b', Date.now(), [], 'no frame', []],
    [1, 'a', 'b', Date.now(), [], '', 5],
    [1, 'a', 'b', 0, [], '', []],
  ];
  await inBuyer('hostile', async (buyer) => {
    for (const message of hostile) {
      const call = buyer.svc.callRaw('SELLER', 'hostile', on.__lmzDurable(...message) as never);
      await expect(call).rejects.toMatchObject({ name: 'CallError' });
    }
  });
  expect(await seller.take('a')).toBe('a 1');
});

test('a class without calls cannot have durable ones', () => {
  expect(thrownBy(() => withDurableCalls(DurableObject as never))).toMatchObject({
    code: 'invalid-option',
    message:
      'withDurableCalls takes a class with calls, as LumenizeBase or withCall(…), not DurableObject',
  });
});
