/** What is left of storage, and what values cost. */
import { DurableObject } from 'cloudflare:workers';
import { type Env, message } from './env.js';

const HOUR = 3_600_000;

export class Storage extends DurableObject<Env> {
  readonly #storage = this.ctx.storage;

  objectId(): string {
    return this.ctx.id.toString();
  }

  /** Three rows by the kv API, one by SQL, an alarm. */
  async fill(value: string, alarmIn = HOUR): Promise<void> {
    for (const key of ['a', 'b', 'c']) this.#storage.kv.put(key, value);
    this.#storage.sql.exec('CREATE TABLE IF NOT EXISTS rows (value TEXT)');
    this.#storage.sql.exec('INSERT INTO rows VALUES (?)', value);
    await this.#storage.setAlarm(Date.now() + alarmIn);
  }

  async left(): Promise<{ kv: unknown[]; sql: number; alarm: boolean; woke: boolean }> {
    const tables = [
      ...this.#storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'rows'"),
    ];
    const sql = tables.length > 0 ? [...this.#storage.sql.exec('SELECT * FROM rows')].length : 0;
    const kv = [...this.#storage.kv.list()].filter(([key]) => key !== 'woke').map(([, v]) => v);
    const woke = this.#storage.kv.get('woke') === true;
    return { kv, sql, alarm: (await this.#storage.getAlarm()) !== null, woke };
  }

  override alarm(): void {
    this.#storage.kv.put('woke', true);
  }

  /** Sets the alarm anew: in so many milliseconds, or for the time that it has. */
  async arm(delay: number | 'same'): Promise<void> {
    const time = delay === 'same' ? await this.#storage.getAlarm() : Date.now() + delay;
    if (time !== null) await this.#storage.setAlarm(time);
  }

  /** Deletes all, with other writes and the end of the object in the same microtask. */
  async deleteAll(before: boolean, after: boolean, abort: boolean): Promise<void> {
    if (before) this.#storage.kv.put('d', 'before');
    const done = this.#storage.deleteAll();
    if (after) this.#storage.kv.put('d', 'after');
    if (abort) this.ctx.abort();
    await done;
  }

  /** The same inside of transactions that are rolled back. */
  async deleteAllIn(how: 'transactionSync' | 'transaction'): Promise<string> {
    const fail = (): never => {
      throw new Error('thrown in the transaction');
    };
    try {
      if (how === 'transactionSync') {
        this.#storage.transactionSync(() => {
          this.#storage.deleteAll().catch(() => {});
          fail();
        });
      } else {
        await this.#storage.transaction(async () => {
          await this.#storage.deleteAll();
          fail();
        });
      }
    } catch (error) {
      return message(error);
    }
    return 'ended';
  }

  /** Whether the runtime has bookmarks. */
  async bookmarks(): Promise<Record<string, string>> {
    const asked = {
      getCurrentBookmark: () => this.#storage.getCurrentBookmark(),
      getBookmarkForTime: () => this.#storage.getBookmarkForTime(Date.now() - 1_000),
      onNextSessionRestoreBookmark: async () =>
        this.#storage.onNextSessionRestoreBookmark(await this.#storage.getCurrentBookmark()),
    };
    const outcomes: Record<string, string> = {};
    for (const [name, ask] of Object.entries(asked)) {
      outcomes[name] = await Promise.resolve().then(ask).then(String, message);
    }
    return outcomes;
  }

  /** Puts a value so many times, each committed by itself, and reads it. */
  async putAndGet(bytes: number, times: number): Promise<void> {
    const value = crypto.getRandomValues(new Uint8Array(Math.min(bytes, 65_536)));
    const whole = new Uint8Array(bytes);
    for (let at = 0; at < bytes; at += value.length) {
      whole.set(value.subarray(0, bytes - at), at);
    }
    for (let n = 0; n < times; n += 1) {
      whole[0] = n;
      this.#storage.kv.put('value', whole);
      await this.#storage.sync();
      this.#storage.kv.get('value');
    }
  }

  /** The largest value that is taken, in bytes of content, and what is said of one byte more. */
  largest(api: 'kv' | 'async' | 'sql'): Promise<{ bytes: number; error: string }> {
    this.#storage.sql.exec('CREATE TABLE IF NOT EXISTS large (value BLOB)');
    return api === 'async'
      ? this.#boundary((value) => this.#storage.put('large', value))
      : this.#boundary((value) => {
          if (api === 'kv') this.#storage.kv.put('large', value);
          else this.#storage.sql.exec('INSERT INTO large VALUES (?)', value);
        });
  }

  async #boundary(put: (value: Uint8Array) => unknown): Promise<{ bytes: number; error: string }> {
    let taken = 0;
    let refused = 2 ** 26;
    let error = '';
    while (refused - taken > 1) {
      const bytes = Math.floor((taken + refused) / 2);
      try {
        await put(new Uint8Array(bytes));
        taken = bytes;
      } catch (failure) {
        refused = bytes;
        error = message(failure);
      }
    }
    return { bytes: taken, error };
  }

  /** Whether an object of the platform can be put, and by which error not. */
  refused(): Record<string, string> {
    const values: Record<string, () => unknown> = {
      'a function': () => () => {},
      'a stub': () => this.env.RECEIVER.getByName('other'),
      'a ReadableStream': () => new ReadableStream(),
      'a Response': () => new Response('text'),
      'a Map in a cycle': () => {
        const map = new Map<string, unknown>();
        return map.set('itself', map);
      },
      'an Error with a cause': () => new RangeError('text', { cause: new Date(0) }),
      'a symbol': () => Symbol('text'),
      undefined: () => undefined,
    };
    return Object.fromEntries(
      Object.entries(values).map(([name, value]) => {
        try {
          this.#storage.kv.put('refused', value());
          const back = this.#storage.kv.get('refused');
          return [name, `taken, read as ${back instanceof Error ? message(back) : typeof back}`];
        } catch (error) {
          return [name, message(error)];
        }
      }),
    );
  }

  /** Rows written by one INSERT into a table like that of the kv API, and into one with a rowid. */
  rowsWritten(): Record<string, number> {
    const { sql } = this.#storage;
    sql.exec('CREATE TABLE bare (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID');
    sql.exec('CREATE TABLE indexed (key TEXT PRIMARY KEY, value BLOB)');
    const written = (statement: string): number => sql.exec(statement).rowsWritten;
    return {
      'WITHOUT ROWID': written("INSERT INTO bare VALUES ('key', x'00')"),
      'with a rowid': written("INSERT INTO indexed VALUES ('key', x'00')"),
    };
  }

  fillMany(rows: number): void {
    const value = 'v'.repeat(200);
    for (let n = 0; n < rows; n += 1) {
      this.#storage.kv.put(`row:${String(n).padStart(8, '0')}`, value);
    }
  }

  /** Reads all rows by pages. Returns how many pages and rows there were. */
  pages(limit: number): { pages: number; rows: number } {
    let pages = 0;
    let rows = 0;
    let last: string | undefined;
    for (let more = true; more; ) {
      const page = this.#storage.kv.list({
        prefix: 'row:',
        limit,
        ...(last === undefined ? {} : { startAfter: last }),
      });
      let found = 0;
      for (const [key] of page) {
        found += 1;
        last = key;
      }
      pages += 1;
      rows += found;
      more = found === limit;
    }
    return { pages, rows };
  }

  /** Two lists read in turn, and a list with a put and a delete while it is read. */
  twoLists(): Record<string, string> {
    const attempt = (read: () => unknown): string => {
      try {
        return String(read());
      } catch (error) {
        return message(error);
      }
    };
    const { kv } = this.#storage;
    for (let n = 0; n < 10; n += 1) kv.put(`two:${n}`, n);
    return {
      'a second list while one is open': attempt(() => {
        const first = kv.list({ prefix: 'two:' })[Symbol.iterator]();
        first.next();
        const second = [...kv.list({ prefix: 'two:' })].length;
        let left = 0;
        while (first.next().done !== true) left += 1;
        return `${second} rows, then ${left} more of the first`;
      }),
      'a put and a delete of a later row while one is open': attempt(() => {
        const keys: string[] = [];
        for (const [key] of kv.list({ prefix: 'two:' })) {
          if (keys.length === 0) {
            kv.delete('two:5');
            kv.put('two:95', 1);
          }
          keys.push(key);
        }
        return keys.map((key) => key.slice(4)).join(' ');
      }),
    };
  }
}
