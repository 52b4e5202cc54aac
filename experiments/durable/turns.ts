/** What commits together, and what is sent of a turn that does not commit. */
import { DurableObject } from 'cloudflare:workers';
import { type Env, message, microtasks } from './env.js';

export const ORDERS = ['put, send', 'send, put'] as const;
/** The keys of rows that are written beside a send begin so. */
const SENT = 'sent:';
export const APIS = ['kv', 'sql', 'async'] as const;
type Api = (typeof APIS)[number];
type Method = (object: Turns, write: (mark: 'first' | 'last') => unknown) => unknown;

/** Methods of a user: `first` is written before the first await, `last` as the last that is done. */
export const SHAPES: Record<string, Method> = {
  synchronous: (_, write) => {
    write('first');
    write('last');
  },
  'async without await': async (_, write) => {
    write('first');
    write('last');
  },
  'await of a resolved promise': async (_, write) => {
    write('first');
    await Promise.resolve();
    write('last');
  },
  'await of storage.get': async ({ storage }, write) => {
    write('first');
    await storage.get('anything');
    write('last');
  },
  'await of a timer': async (_, write) => {
    write('first');
    await scheduler.wait(0);
    write('last');
  },
  'await of an RPC': async ({ other }, write) => {
    write('first');
    await other.ping();
    write('last');
  },
  'nine awaits of all kinds': async ({ storage, other }, write) => {
    write('first');
    for (let n = 0; n < 3; n += 1) {
      await storage.get('anything');
      await scheduler.wait(0);
      await other.ping();
    }
    write('last');
  },
  'await of its last put': async (_, write) => {
    write('first');
    await scheduler.wait(0);
    await write('last');
  },
  'last write five async functions deep': async (_, write) => {
    write('first');
    const deep = async (depth: number): Promise<void> => {
      if (depth > 0) return deep(depth - 1);
      await scheduler.wait(0);
      write('last');
    };
    await deep(5);
  },
  'last write in a transactionSync': async ({ storage }, write) => {
    write('first');
    await scheduler.wait(0);
    storage.transactionSync(() => write('last'));
  },
  'last write in a transaction': async ({ storage }, write) => {
    write('first');
    await storage.transaction(async () => write('last'));
  },
  'writes, then awaits a timer': async (_, write) => {
    write('first');
    write('last');
    await scheduler.wait(0);
  },
  'writes, then awaits storage.sync': async ({ storage }, write) => {
    write('first');
    write('last');
    await storage.sync();
  },
};

/** What a method may await. Whether its turn ends by that is asked of each. */
const AWAITS: Record<string, (object: Turns) => unknown> = {
  'nothing (`await undefined`)': () => undefined,
  '1,000 resolved promises': () => microtasks(1_000),
  'queueMicrotask, 100 of them': async () => {
    for (let n = 0; n < 100; n += 1) await new Promise<void>(queueMicrotask);
  },
  'storage.get': ({ storage }) => storage.get('x'),
  'storage.put': ({ storage }) => storage.put('y', 1),
  'storage.list': ({ storage }) => storage.list(),
  'storage.getAlarm': ({ storage }) => storage.getAlarm(),
  'storage.setAlarm': ({ storage }) => storage.setAlarm(Date.now() + 3_600_000),
  'storage.deleteAlarm': ({ storage }) => storage.deleteAlarm(),
  'storage.sync': ({ storage }) => storage.sync(),
  'storage.transaction': ({ storage }) => storage.transaction(async () => {}),
  blockConcurrencyWhile: ({ state }) => state.blockConcurrencyWhile(async () => {}),
  'scheduler.wait(0)': () => scheduler.wait(0),
  'setTimeout of 0': () => new Promise((resolve) => setTimeout(resolve, 0)),
  'an RPC to another object': ({ other }) => other.ping(),
  'crypto.subtle.digest': () => crypto.subtle.digest('SHA-256', new Uint8Array(1)),
  'the text of a Response': () => new Response('text').text(),
};

/** Ways to send in a turn that is then ended, or partly taken back. `send` is a plain RPC. */
const FAILURES: Record<string, (object: Turns, send: () => void) => unknown> = {
  'control: a turn that ends well': ({ storage }, send) => {
    storage.kv.put('x', 1);
    send();
  },
  'put, send, abort at once': ({ storage, state }, send) => {
    storage.kv.put('x', 1);
    send();
    state.abort();
  },
  'put, send, abort 1 microtask later': async ({ storage, state }, send) => {
    storage.kv.put('x', 1);
    send();
    await microtasks(1);
    state.abort();
  },
  'put, send, abort 200 microtasks later': async ({ storage, state }, send) => {
    storage.kv.put('x', 1);
    send();
    await microtasks(200);
    state.abort();
  },
  'send, put, abort at once': ({ storage, state }, send) => {
    send();
    storage.kv.put('x', 1);
    state.abort();
  },
  'send, put, abort 200 microtasks later': async ({ storage, state }, send) => {
    send();
    storage.kv.put('x', 1);
    await microtasks(200);
    state.abort();
  },
  'put, send, the method throws': ({ storage }, send) => {
    storage.kv.put('x', 1);
    send();
    throw new Error('thrown by the method');
  },
  'transactionSync(put, send, throw)': ({ storage }, send) => {
    storage.transactionSync(() => {
      storage.kv.put('x', 1);
      send();
      throw new Error('thrown in the transaction');
    });
  },
  'transactionSync(put, send in a microtask if the row is there, throw)': ({ storage }, send) => {
    storage.transactionSync(() => {
      storage.kv.put('x', 1);
      queueMicrotask(() => storage.kv.get('x') === 1 && send());
      throw new Error('thrown in the transaction');
    });
  },
  'transaction(put, send, throw)': ({ storage }, send) =>
    storage.transaction(async () => {
      storage.kv.put('x', 1);
      send();
      throw new Error('thrown in the transaction');
    }),
  'transaction(put, send, await a timer, throw)': ({ storage }, send) =>
    storage.transaction(async () => {
      storage.kv.put('x', 1);
      send();
      await scheduler.wait(20);
      throw new Error('thrown in the transaction');
    }),
  'transaction(put, send in a microtask if the row is there, await a timer, throw)': (
    { storage },
    send,
  ) =>
    storage.transaction(async () => {
      storage.kv.put('x', 1);
      queueMicrotask(() => storage.kv.get('x') === 1 && send());
      await scheduler.wait(20);
      throw new Error('thrown in the transaction');
    }),
  'transaction(put, send, await a timer, rollback)': ({ storage }, send) =>
    storage.transaction(async (transaction) => {
      storage.kv.put('x', 1);
      send();
      await scheduler.wait(20);
      transaction.rollback();
    }),
  'transaction(put, throw), send after it if the row is there': async ({ storage }, send) => {
    await storage
      .transaction(async () => {
        storage.kv.put('x', 1);
        await scheduler.wait(20);
        throw new Error('thrown in the transaction');
      })
      .catch(() => {});
    if (storage.kv.get('x') === 1) send();
  },
  'put, send, deleteAll': ({ storage }, send) => {
    storage.kv.put('x', 1);
    send();
    return storage.deleteAll();
  },
  'put, send, deleteAll, abort at once': ({ storage, state }, send) => {
    storage.kv.put('x', 1);
    send();
    storage.deleteAll().catch(message);
    state.abort();
  },
  'put, send, then a put that is too large': ({ storage }, send) => {
    storage.kv.put('x', 1);
    send();
    storage.kv.put('large', new Uint8Array(2 ** 24));
  },
  'put, send, then a put of what cannot be cloned': ({ storage }, send) => {
    storage.kv.put('x', 1);
    send();
    storage.kv.put('function', () => {});
  },
  'put, send, then blockConcurrencyWhile that throws at once': ({ storage, state }, send) => {
    storage.kv.put('x', 1);
    send();
    return state.blockConcurrencyWhile(async () => {
      throw new Error('thrown in the section');
    });
  },
  'blockConcurrencyWhile(put, send, throw)': ({ storage, state }, send) =>
    state.blockConcurrencyWhile(async () => {
      storage.kv.put('x', 1);
      send();
      throw new Error('thrown in the section');
    }),
  'blockConcurrencyWhile(put, send, await a timer, throw)': ({ storage, state }, send) =>
    state.blockConcurrencyWhile(async () => {
      storage.kv.put('x', 1);
      send();
      await scheduler.wait(20);
      throw new Error('thrown in the section');
    }),
};

export class Turns extends DurableObject<Env> {
  readonly state = this.ctx;
  readonly storage = this.ctx.storage;
  readonly other = this.env.RECEIVER.getByName('other');

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.storage.sql.exec('CREATE TABLE IF NOT EXISTS marks (mark TEXT)');
  }

  /** What an entry of the library does: it runs the method and writes its record in a `.then`. */
  run(shape: string, api: string, id: string, abortAfter?: number): Promise<void> | undefined {
    const record = (): void => this.storage.kv.put(`${id}|record`, 1);
    const method = SHAPES[shape];
    const done = method?.(this, (mark) => {
      if (mark === 'last' && abortAfter !== undefined) void this.#abortAfter(abortAfter);
      return this.#write(api as Api, `${id}|${mark}`);
    });
    if (done instanceof Promise) return done.then(record);
    record();
    return undefined;
  }

  /** Writes a row and sends, in this order or the other, to the receiver of this object's name. */
  writeAndSend(order: string, id: string): void {
    const write = (): void => this.storage.kv.put(`${SENT}${id}`, 1);
    const receiver = this.env.RECEIVER.getByName(String(this.ctx.id.name));
    if (order === ORDERS[0]) write();
    receiver.receive(id).catch(() => {});
    if (order === ORDERS[1]) write();
  }

  /** The ids of `writeAndSend` that are there. */
  written(): string[] {
    return [...this.storage.kv.list({ prefix: SENT })].map(([key]) => key.slice(SENT.length));
  }

  /** All marks that are there, by id. */
  marks(): Record<string, string[]> {
    const keys = [...this.storage.kv.list()]
      .map(([key]) => key)
      .filter((key) => !key.startsWith(SENT));
    const rows = [...this.storage.sql.exec<{ mark: string }>('SELECT mark FROM marks')];
    const marks: Record<string, string[]> = {};
    for (const key of [...keys, ...rows.map(({ mark }) => mark)]) {
      const at = key.lastIndexOf('|');
      const id = key.slice(0, at);
      marks[id] ??= [];
      marks[id].push(key.slice(at + 1));
    }
    return marks;
  }

  /** What the driver can ask for. */
  kinds(): { awaits: string[]; failures: string[] } {
    return { awaits: Object.keys(AWAITS), failures: Object.keys(FAILURES) };
  }

  /** Writes, awaits, and ends the object in the same microtask in which the await is over. */
  async endAfter(what: string): Promise<void> {
    this.storage.kv.put('x', 1);
    await AWAITS[what]?.(this);
    this.state.abort();
  }

  /** Whether the put of `endAfter` or `fail` is there. */
  isThere(): boolean {
    return this.storage.kv.get('x') === 1;
  }

  async fail(how: string, id: string): Promise<string> {
    const send = (): void => {
      this.other.receive(id).catch(() => {});
    };
    await FAILURES[how]?.(this, send);
    return 'ended';
  }

  /** What another method of the object may do while a transaction is open, which rolls back. */
  async interleave(): Promise<object> {
    const writes = async (): Promise<string> => {
      await this.other.ping();
      this.storage.kv.put('by another method', 1);
      return 'wrote';
    };
    const order: string[] = [];
    const other = writes().then((outcome) => order.push(outcome));
    const error = await this.storage
      .transaction(async () => {
        await scheduler.wait(50);
        order.push('rolls back');
        throw new Error('thrown in the transaction');
      })
      .catch(message);
    await other;
    return { order, error, survived: this.storage.kv.get('by another method') === 1 };
  }

  /** So that `setAlarm` is allowed. */
  override alarm(): void {}

  #write(api: Api, key: string): unknown {
    if (api === 'kv') return this.storage.kv.put(key, 1);
    if (api === 'async') return this.storage.put(key, 1);
    return void this.storage.sql.exec('INSERT INTO marks VALUES (?)', key);
  }

  async #abortAfter(times: number): Promise<void> {
    await microtasks(times);
    this.state.abort();
  }
}

/** Is called, and remembers it on disk. */
export class Receiver extends DurableObject<Env> {
  ping(): void {}

  receive(id: string): void {
    this.ctx.storage.kv.put(id, 1);
  }

  received(): string[] {
    return [...this.ctx.storage.kv.list()].map(([key]) => key);
  }
}
