/** The object that is asked. Its method takes time, and writes last: then its effect is there once. */
import { LumenizeBase } from '@lumenize/call';
import { withDurableCalls } from '@lumenize/call/durable';

/** Milliseconds that a method takes: long enough to kill the runtime meanwhile. */
const SLOW_MS = 1_000;

export class Stock extends withDurableCalls(LumenizeBase) {
  #isTaking = false;

  async take(sku: string): Promise<string> {
    this.#isTaking = true;
    await scheduler.wait(SLOW_MS);
    this.ctx.storage.kv.put('taken', this.#taken + 1);
    return `${sku} ${this.#taken}`;
  }

  /** Whether a method has begun since the object started, and how many have ended. */
  seen(): { isTaking: boolean; taken: number } {
    return { isTaking: this.#isTaking, taken: this.#taken };
  }

  get #taken(): number {
    return this.ctx.storage.kv.get<number>('taken') ?? 0;
  }
}
