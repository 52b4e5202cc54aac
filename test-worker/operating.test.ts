/** What docs/operating.md says: costs, versions side by side, rolling back, one side first, hibernation. */
import { abortAllDurableObjects, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { createCaller, newContinuation } from '@lumenize/call';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Buyer, Seller } from './durable.js';
import { inCalc } from './in-object.js';
import type { Plain } from './index.js';

// Its calls travel as they come, however the suite makes others travel.
function inBuyer<R>(name: string, run: (buyer: Buyer) => R | Promise<R>): Promise<R> {
  return runInDurableObject(env.BUYER.getByName(name), run);
}

function inSeller<R>(name: string, run: (seller: Seller) => R | Promise<R>): Promise<R> {
  return runInDurableObject(env.SELLER.getByName(name), run);
}

function storageOf(object: object): DurableObjectStorage {
  return (object as { ctx: DurableObjectState }).ctx.storage;
}

/** Ends an object, as a deployment would. */
async function reset(name: string): Promise<void> {
  // A stub that has seen a reset is broken.
  const stub = env.BUYER.getByName(name);
  const ended = runInDurableObject(stub, (_, state) => state.abort('a test'));
  await expect(ended).rejects.toThrow('a test');
}

const messagesOf = (name: string): Promise<number> => inCalc(name, ({ messages }) => messages);

afterEach(() => vi.restoreAllMocks());

describe('requests at the target', () => {
  test('200 calls of one turn are one', () =>
    inBuyer('200 calls', async (buyer) => {
      const calc = buyer.ctn('CALC', '200 calls');
      const sums = Array.from({ length: 200 }, (_, n) => buyer.svc.callRaw(calc.add(n, 1)));
      expect(await Promise.all(sums)).toEqual(Array.from({ length: 200 }, (_, n) => n + 1));
      expect(await messagesOf('200 calls')).toBe(1);
      expect(buyer.svc.call.stats()).toMatchObject({ frames: 1, programs: 200 });
    }));

  test('outcomes that come later are in the same one', () =>
    inBuyer('late', async (buyer) => {
      const calc = buyer.ctn('CALC', 'late');
      const calls = [1, 2, 3].map((n) => buyer.svc.callRaw(calc.addLate(n, 0, n)));
      expect(await Promise.all([...calls, buyer.svc.callRaw(calc.add(1, 10))])).toEqual([
        1, 2, 3, 11,
      ]);
      expect(await messagesOf('late')).toBe(1);
    }));

  test('three nested calls are one', () =>
    inBuyer('nested', async (buyer) => {
      const calc = buyer.ctn('CALC', 'nested');
      expect(await calc.add(calc.add(1, 10), calc.add(100, 1_000))).toBe(1_111);
      expect(await messagesOf('nested')).toBe(1);
    }));

  test('calls that are awaited one after the other are one each', () =>
    inBuyer('in turn', async (buyer) => {
      const calc = buyer.ctn('CALC', 'in turn');
      for (let n = 0; n < 5; n++) await calc.add(n, 1);
      expect(await messagesOf('in turn')).toBe(5);
    }));

  test('calls with `batch: false` are one each', () =>
    inBuyer('alone', async (buyer) => {
      const calc = buyer.ctn('CALC', 'alone');
      const sums = [1, 2, 3].map((n) => buyer.svc.callRaw(calc.add(n, 1), { batch: false }));
      await Promise.all(sums);
      expect(await messagesOf('alone')).toBe(3);
    }));

  test('calls whose arguments are more than plain data are one each', () =>
    inBuyer('streams', async (buyer) => {
      const calc = buyer.ctn('CALC', 'streams');
      const by = { hello: (): string => 'hello' };
      expect(await Promise.all([1, 2, 3].map(() => buyer.svc.callRaw(calc.greeted(by))))).toEqual([
        'hello',
        'hello',
        'hello',
      ]);
      expect(await messagesOf('streams')).toBe(3);
    }));
});

/** What is written while something runs, by whose storage it is. */
async function writing(run: () => Promise<void>): Promise<{
  rows(storage: DurableObjectStorage, key: RegExp): { put: number; deleted: number };
  alarms: number;
}> {
  const storage = await inBuyer('any', (buyer) => storageOf(buyer));
  const kv = Object.getPrototypeOf(storage.kv) as SyncKvStorage;
  const put = vi.spyOn(kv, 'put');
  const deleted = vi.spyOn(kv, 'delete');
  const alarms = vi.spyOn(Object.getPrototypeOf(storage) as DurableObjectStorage, 'setAlarm');
  await run();
  const count = (spy: typeof put | typeof deleted, of: DurableObjectStorage, key: RegExp): number =>
    spy.mock.calls.filter(
      (call, at) => spy.mock.contexts[at] === of.kv && key.test(String(call[0])),
    ).length;
  return {
    rows: (of, key) => ({ put: count(put, of, key), deleted: count(deleted, of, key) }),
    alarms: alarms.mock.calls.length,
  };
}

describe('rows written', () => {
  test('by ordinary calls: none', async () => {
    const written = await writing(() =>
      inBuyer('no rows', async (buyer) => {
        const calc = buyer.ctn('CALC', 'no rows');
        await Promise.all(Array.from({ length: 200 }, () => buyer.svc.callRaw(calc.next())));
      }),
    );
    const [buyer, calc] = [await inBuyer('no rows', storageOf), await inCalc('no rows', storageOf)];
    expect(written.rows(buyer, /./)).toEqual({ put: 0, deleted: 0 });
    expect(written.rows(calc, /./)).toEqual({ put: 0, deleted: 0 });
    expect(written.alarms).toBe(0);
  });

  test('by durable calls: two each at the caller, two each at the target, and one alarm', async () => {
    const take = (buyer: Buyer): void => {
      const piece = buyer.ctn('SELLER', 'rows').take('a');
      buyer.svc.durable.call(piece, buyer.ctn().onTaken(piece));
    };
    const written = await writing(() =>
      inBuyer('rows', async (buyer) => {
        for (let n = 0; n < 100; n++) take(buyer);
        await buyer.arrived(100);
        // The next one says which have settled.
        take(buyer);
        await buyer.arrived(101);
      }),
    );
    const [buyer, seller] = [await inBuyer('rows', storageOf), await inSeller('rows', storageOf)];
    expect(written.rows(buyer, /^__lmz:/)).toEqual({ put: 101, deleted: 101 });
    expect(written.rows(seller, /^__lmz:/)).toEqual({ put: 101, deleted: 100 });
    expect(written.alarms).toBe(1);
  });
});

test('hibernation: a pending call keeps its object and its target in memory', {
  timeout: 120_000,
}, async () => {
  /** The objects as they were, to be told from those that started again. */
  const callers = new Map<string, unknown>();
  const targets = new Map<string, unknown>();
  const make = async (name: string, run: (buyer: Buyer) => unknown): Promise<void> => {
    await inBuyer(name, async (buyer) => {
      callers.set(name, buyer);
      await run(buyer);
    });
    await inCalc(name, (calc) => targets.set(name, calc));
  };
  const isKept = (name: string): Promise<boolean> =>
    inBuyer(name, (buyer) => buyer === callers.get(name));
  const isTargetKept = (name: string): Promise<boolean> =>
    inCalc(name, (calc) => calc === targets.get(name));
  const hang = (buyer: Buyer, name: string, timeout: number): Promise<unknown> =>
    buyer.svc.callRaw(buyer.ctn('CALC', name).never(), { timeout }).catch(() => {});
  await make('with a deadline', (buyer) => {
    void hang(buyer, 'with a deadline', 100_000);
  });
  await make('without a deadline', (buyer) => {
    void hang(buyer, 'without a deadline', Number.POSITIVE_INFINITY);
  });
  await make('Workers RPC', () => {
    const hung = env.CALC.getByName('Workers RPC').never() as Promise<unknown>;
    hung.catch(() => {});
  });
  await make('expired', (buyer) => hang(buyer, 'expired', 20));
  await make('expired together', (buyer) =>
    Promise.all([hang(buyer, 'expired together', 20), hang(buyer, 'expired together', 20)]),
  );
  await make('answered', async (buyer) => {
    await buyer.ctn('CALC', 'answered').add(1, 10);
  });
  // Whoever looks keeps what it sees in memory: each is looked at once.
  const idle = Array.from({ length: 60 }, (_, at) => `idle ${at}`);
  for (const name of idle) await inBuyer(name, (buyer) => callers.set(name, buyer));
  await vi.waitUntil(async () => !(await isKept(idle.pop() ?? 'none is left')), {
    timeout: 60_000,
    interval: 1_000,
  });
  const kept: Record<string, { caller: boolean; target: boolean }> = {};
  for (const name of targets.keys()) {
    kept[name] = { caller: await isKept(name), target: await isTargetKept(name) };
  }
  expect(kept).toEqual({
    'with a deadline': { caller: true, target: true },
    'without a deadline': { caller: true, target: true },
    'Workers RPC': { caller: true, target: true },
    // Its message is open until the method ends, unless others came with it.
    expired: { caller: true, target: true },
    'expired together': { caller: false, target: false },
    answered: { caller: false, target: false },
  });
});

describe('two versions side by side', () => {
  test('a call of another wire format is refused as `protocol`, and nothing has run', () =>
    inBuyer('older target', async (buyer) => {
      // As a target of version 3 answers, which the caller is told in its words.
      const text = 'the frame has version 2, and this is version 3';
      const error = { name: 'CallError', message: text, properties: { code: 'protocol' } };
      const refusal = ['__lmzRefusal', { ...error, class: 'CallError' }];
      const liar = newContinuation<{ answer(sent: unknown): void }>().answer(refusal);
      const call = buyer.svc.callRaw('LIAR' as never, 'newer' as never, liar as never);
      await expect(call).rejects.toMatchObject({
        code: 'protocol',
        mayHaveRun: false,
        message: expect.stringContaining(text),
      });
    }));

  test('a method that the target does not have yet is `not-callable`, and nothing has run', () =>
    inBuyer('no method', async (buyer) => {
      const soon = newContinuation<{ soon(): void }>().soon();
      const call = buyer.svc.callRaw('CALC' as never, 'no method' as never, soon as never);
      await expect(call).rejects.toMatchObject({ code: 'not-callable', mayHaveRun: false });
      expect(await inCalc('no method', ({ log }) => log)).toEqual([]);
    }));

  test('a durable call of another version is refused as `protocol`, and nothing has run', () =>
    inBuyer('newer durable', async (buyer) => {
      const on = newContinuation() as unknown as { __lmzDurable(...message: unknown[]): unknown };
      const id = buyer.svc.durable.call(buyer.ctn('SELLER', 'elsewhere').take('a'));
      const record = storageOf(buyer).kv.get<unknown[]>(`__lmz:o:i:${id}`) ?? [];
      const [, owner, , , , expires, , , , frame, slots] = record;
      const sent = on.__lmzDurable(2, owner, 'b', expires, [], frame, slots) as never;
      await expect(buyer.svc.callRaw('SELLER', 'newer durable', sent)).rejects.toMatchObject({
        code: 'protocol',
        message: expect.stringContaining('another version than 1'),
      });
      await inSeller('newer durable', (seller) => {
        expect(seller.begun).toBe(0);
      });
    }));
});

describe('rolling back', () => {
  /** Writes a record as another version would have, or as this one does. */
  function setVersion(buyer: Buyer, version: number): void {
    const { kv } = storageOf(buyer);
    for (const [row, record] of Array.from(kv.list<unknown[]>({ prefix: '__lmz:o:' }))) {
      kv.put(row, [version, ...record.slice(1)]);
    }
  }

  test('what a newer version stored is parked, and sent when that version is back', async () => {
    await inBuyer('rolled back', (buyer) => {
      const piece = buyer.ctn('SELLER', 'rolled back').takeWhenReleased('a');
      buyer.svc.durable.call(piece, buyer.ctn().onTaken(piece), { key: 'order' });
    });
    await inSeller('rolled back', async (seller) => {
      await vi.waitUntil(() => seller.begun === 1);
    });
    await inBuyer('rolled back', (buyer) => setVersion(buyer, 2));
    await reset('rolled back');
    await inBuyer('rolled back', async (buyer) => {
      await vi.waitUntil(() => buyer.svc.durable.stats().parked === 1);
      // A key still means one call.
      const piece = buyer.ctn('SELLER', 'rolled back').take('b');
      buyer.svc.durable.call(piece, buyer.ctn().onTaken(piece), { key: 'order' });
      expect(buyer.svc.durable.list()).toMatchObject([{ state: 'parked' }]);
      setVersion(buyer, 1);
    });
    await reset('rolled back');
    await inBuyer('rolled back', async (buyer) => {
      await vi.waitUntil(() => buyer.svc.durable.stats().inFlight === 1);
      await inSeller('rolled back', (seller) => seller.release());
      expect(await buyer.arrived(1)).toEqual([{ outcome: 'a 1', rest: [] }]);
    });
  });

  test('a handler whose method is gone leaves a dead letter, which runs when it is back', async () => {
    const proto = Object.getPrototypeOf(
      await inBuyer('renamed', (buyer) => buyer),
    ) as Partial<Buyer>;
    const { onTaken } = proto;
    await inBuyer('renamed', async (buyer) => {
      const piece = buyer.ctn('SELLER', 'renamed').takeWhenReleased('a');
      const id = buyer.svc.durable.call(piece, buyer.ctn().onTaken(piece));
      delete proto.onTaken;
      try {
        await inSeller('renamed', async (seller) => {
          await vi.waitUntil(() => seller.begun === 1);
          seller.release();
        });
        await vi.waitUntil(() => buyer.reported.length === 1);
      } finally {
        if (onTaken) proto.onTaken = onTaken;
      }
      expect(buyer.svc.durable.get(id)).toMatchObject({ state: 'dead' });
      expect(buyer.reported).toMatchObject([{ id, error: { name: 'TypeError' } }]);
      expect(buyer.svc.durable.retry(id)).toBe(true);
      expect(await buyer.arrived(1)).toEqual([{ outcome: 'a 1', rest: [] }]);
    });
  });
});

describe('one side first', () => {
  test('a class with calls is still called by Workers RPC', async () => {
    expect(await env.CALC.getByName('adopted').add(1, 10)).toBe(11);
  });

  test('a target without calls is `protocol`, and nothing has run', () =>
    inBuyer('not adopted', async (buyer) => {
      const hello = newContinuation<{ hello(): void }>().hello();
      const call = buyer.svc.callRaw('PLAIN' as never, 'not adopted' as never, hello as never);
      await expect(call).rejects.toMatchObject({ code: 'protocol', mayHaveRun: false });
    }));

  test('an object without calls makes them by `createCaller`', () =>
    runInDurableObject(env.PLAIN.getByName('operating'), async (plain: Plain, state) => {
      expect(await createCaller(env, state, plain).ctn('CALC', 'adopted').add(1, 10)).toBe(11);
    }));
});

test('deploying: a pending call is forgotten with its object, a durable one is not', async () => {
  const handled = vi.fn();
  await inBuyer('deployed', (buyer) => {
    const calc = buyer.ctn('CALC', 'deployed');
    buyer.svc.call(calc.pairWhenOpen(1), handled);
    const piece = buyer.ctn('SELLER', 'deployed').takeWhenReleased('a');
    buyer.svc.durable.call(piece, buyer.ctn().onTaken(piece));
  });
  await inSeller('deployed', async (seller) => {
    await vi.waitUntil(() => seller.begun === 1);
  });
  await abortAllDurableObjects();
  await env.CALC.getByName('deployed').open();
  await inBuyer('deployed', async (buyer) => {
    await inSeller('deployed', async (seller) => {
      await vi.waitUntil(() => seller.begun === 1);
      seller.release();
    });
    expect(await buyer.arrived(1)).toEqual([{ outcome: 'a 1', rest: [] }]);
  });
  expect(handled).not.toHaveBeenCalled();
});
