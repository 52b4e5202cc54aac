/** One call, plain and written durable by hand. */
import { DurableObject } from 'cloudflare:workers';
import type { Env } from './env.js';

/** Milliseconds until the alarm would send again what has no answer. */
const AGAIN_IN = 30_000;

const WAYS = {
  'plain RPC': (sender: Sender, id: string) => sender.target.plain(id),
  'RPC, the target writes its effect': (sender: Sender, id: string) => sender.target.effect(id),
  'durable by hand, the alarm left set': async (sender: Sender, id: string) => {
    sender.send(id);
    if ((await sender.storage.getAlarm()) === null) {
      await sender.storage.setAlarm(Date.now() + AGAIN_IN);
    }
    await sender.target.once(id);
    sender.storage.kv.delete(`out:${id}`);
  },
  'durable by hand, the alarm deleted when nothing waits': async (sender: Sender, id: string) => {
    sender.send(id);
    sender.waiting += 1;
    if (sender.waiting === 1) await sender.storage.setAlarm(Date.now() + AGAIN_IN);
    await sender.target.once(id);
    sender.storage.kv.delete(`out:${id}`);
    sender.waiting -= 1;
    if (sender.waiting === 0) await sender.storage.deleteAlarm();
  },
  'durable by hand, all in one message': (sender: Sender, id: string) => sender.inOneMessage([id]),
} satisfies Record<string, (sender: Sender, id: string) => Promise<void>>;
const IN_ONE_MESSAGE: keyof typeof WAYS = 'durable by hand, all in one message';

export class Sender extends DurableObject<Env> {
  readonly storage = this.ctx.storage;
  readonly target = this.env.TARGET.getByName('target');
  waiting = 0;

  send(id: string): void {
    this.storage.kv.put(`out:${id}`, { method: 'once', args: [id], made: Date.now() });
  }

  ways(): string[] {
    return Object.keys(WAYS);
  }

  async oneByOne(way: keyof typeof WAYS, calls: number): Promise<void> {
    for (let n = 0; n < calls; n += 1) await WAYS[way](this, crypto.randomUUID());
  }

  async together(way: keyof typeof WAYS, calls: number): Promise<void> {
    const ids = Array.from({ length: calls }, () => crypto.randomUUID());
    if (way === IN_ONE_MESSAGE) await this.inOneMessage(ids);
    else await Promise.all(ids.map((id) => WAYS[way](this, id)));
  }

  /** As many rows as the others write; one message, and one commit on each side. */
  async inOneMessage(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.send(id);
    if ((await this.storage.getAlarm()) === null) {
      await this.storage.setAlarm(Date.now() + AGAIN_IN);
    }
    await this.target.onceForAll(ids);
    for (const id of ids) this.storage.kv.delete(`out:${id}`);
  }

  override alarm(): void {}
}

export class Target extends DurableObject<Env> {
  plain(_: string): void {}

  effect(id: string): void {
    this.ctx.storage.kv.put(`effect:${id.slice(0, 2)}`, id);
  }

  once(id: string): void {
    if (this.ctx.storage.kv.get(`in:${id}`) !== undefined) return;
    this.effect(id);
    this.ctx.storage.kv.put(`in:${id}`, { expires: Date.now() + AGAIN_IN });
  }

  onceForAll(ids: readonly string[]): void {
    for (const id of ids) this.once(id);
  }
}
