/** Durable calls, and the same written by hand: an outbox row, an alarm, an RPC, an inbox row, a delete. */
import { callChannel, LumenizeBase } from '@lumenize/call';
import { withDurableCalls } from '@lumenize/call/durable';

interface Env {
  readonly BY_HAND: DurableObjectNamespace<ByHand>;
  readonly SENDER: DurableObjectNamespace<Sender>;
  readonly TARGET: DurableObjectNamespace<Target>;
  readonly COUNTED_SENDER: DurableObjectNamespace<CountedSender>;
  readonly COUNTED_TARGET: DurableObjectNamespace<CountedTarget>;
}

/** Milliseconds until the alarm would send again what has no answer. */
const AGAIN_IN = 10_000;

/** Rows that objects of a class have written, by its name; that of the alarm apart. */
const written: Record<string, { rows: number; alarms: number }> = {};

/** An object whose writes are counted. */
abstract class Counted extends LumenizeBase<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const { name } = this.constructor;
    const count = written[name] ?? { rows: 0, alarms: 0 };
    written[name] = count;
    const { storage } = ctx;
    const { kv } = storage;
    const [put, remove] = [kv.put.bind(kv), kv.delete.bind(kv)];
    const setAlarm = storage.setAlarm.bind(storage);
    kv.put = (key, value) => {
      count.rows += 1;
      put(key, value);
    };
    kv.delete = (key) => {
      const isThere = remove(key);
      if (isThere) count.rows += 1;
      return isThere;
    };
    storage.setAlarm = (at) => {
      count.alarms += 1;
      return setAlarm(at);
    };
  }
}

const Durable = withDurableCalls(LumenizeBase<Env>);
const DurableCounted = withDurableCalls(Counted);

export class CountedTarget extends DurableCounted {
  effect(_id: string, payload: string): number {
    return payload.length;
  }
}

export class CountedSender extends DurableCounted {
  /** Makes so many calls, and waits for each of them. */
  async run(calls: number): Promise<void> {
    for (let n = 0; n < calls; n++) {
      const remote = this.ctn('COUNTED_TARGET', 'counted').effect(String(n), 'payload');
      this.svc.durable.call(remote, this.ctn().onEffect(remote));
      while (this.svc.durable.list({ limit: 1 }).length > 0) await scheduler.wait(0);
    }
  }

  onEffect(outcome: number | Error): void {
    if (outcome instanceof Error) throw outcome;
  }
}

export class Target extends Durable {
  effect(id: string, payload: string): number {
    this.ctx.storage.kv.put(`effect:${id.slice(0, 2)}`, payload.length);
    return payload.length;
  }

  /** What one writes by hand to run a repeated call once. */
  once(id: string, payload: string): number {
    const known = this.ctx.storage.kv.get<number>(`in:${id}`);
    if (known !== undefined) return known;
    const outcome = this.effect(id, payload);
    this.ctx.storage.kv.put(`in:${id}`, outcome);
    return outcome;
  }
}

export class ByHand extends LumenizeBase<Env> {
  async run(count: number, payload: string): Promise<void> {
    const { storage } = this.ctx;
    const target = this.env.TARGET.getByName('by hand');
    const send = async (): Promise<void> => {
      const id = crypto.randomUUID();
      storage.kv.put(`out:${id}`, { method: 'once', args: [id, payload], made: Date.now() });
      if ((await storage.getAlarm()) === null) await storage.setAlarm(Date.now() + AGAIN_IN);
      await target.once(id, payload);
      storage.kv.delete(`out:${id}`);
    };
    await Promise.all(Array.from({ length: count }, send));
  }

  /** Milliseconds for so many calls: all of one turn, or one after the other. */
  measure(calls: number, bytes: number, together: boolean): Promise<number> {
    return timed((count) => this.run(count, 'x'.repeat(bytes)), calls, together);
  }

  override alarm(): void {}
}

async function timed(
  run: (count: number) => Promise<void>,
  calls: number,
  together: boolean,
): Promise<number> {
  const start = performance.now();
  if (together) await run(calls);
  else for (let n = 0; n < calls; n++) await run(1);
  return performance.now() - start;
}

export class Sender extends Durable {
  #left = 0;
  #done = (): void => {};

  /** Milliseconds for so many calls: all of one turn, or one after the other. */
  measure(calls: number, bytes: number, together: boolean): Promise<number> {
    return timed((count) => this.#ours(count, 'x'.repeat(bytes)), calls, together);
  }

  #ours(count: number, payload: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#left = count;
    this.#done = resolve;
    for (let n = 0; n < count; n++) {
      const remote = this.ctn('TARGET', 'ours').effect(String(n), payload);
      this.svc.durable.call(remote, this.ctn().onEffect(remote));
    }
    return promise;
  }

  onEffect(outcome: number | Error): void {
    if (outcome instanceof Error) throw outcome;
    this.#left -= 1;
    if (this.#left === 0) this.#done();
  }

  /** Stores calls that cannot be sent, as if their object had died at once. */
  store(calls: number): void {
    for (let n = 0; n < calls; n++) {
      const remote = this.ctn('TARGET', `stored ${n % 10}`).effect(String(n), 'payload');
      this.svc.durable.call(remote, this.ctn().onEffect(remote), { timeout: 3_600_000 });
    }
    this.ctx.waitUntil(this.ctx.storage.sync().then(() => this.ctx.abort('stored')));
  }

  /** Milliseconds until the first stored call is sent after a start, and until all have settled. */
  async resend(): Promise<{ first: number; all: number; memory: number }> {
    const start = performance.now();
    let first = 0;
    let memory = 0;
    const listen = (): void => {
      first ||= performance.now() - start;
      memory = Math.max(memory, this.svc.durable.stats().pending);
    };
    callChannel.subscribe(listen);
    while (this.svc.durable.list({ limit: 1 }).length > 0) await scheduler.wait(5);
    callChannel.unsubscribe(listen);
    return { first, all: performance.now() - start, memory };
  }
}

export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    const get = (name: string): string => searchParams.get(name) ?? '';
    const sender = env.SENDER.getByName('stored');
    const measured = get('way') === 'ours' ? env.SENDER : env.BY_HAND;
    const numbers = [Number(get('calls')), Number(get('bytes'))] as const;
    switch (pathname) {
      case '/measure':
        return Response.json(
          await measured.getByName('sender').measure(...numbers, get('together') === 'true'),
        );
      case '/count':
        await env.COUNTED_SENDER.getByName('counted').run(Number(get('calls')));
        return Response.json(written);
      case '/store':
        await sender.store(Number(get('calls')));
        return Response.json('stored');
      case '/resend':
        return Response.json(await sender.resend());
      default:
        return new Response(`there is no ${pathname}`, { status: 404 });
    }
  },
} satisfies ExportedHandler<Env>;
