/** A Server of partyserver whose alarm is shared without its knowledge. */
import { Server } from 'partyserver';
import { follow, planned, type Step, wokeOurs } from './alarms.js';
import type { Env } from './env.js';
import { SharedAlarmOf } from './share.js';

export class SharedServer extends Server<Cloudflare.Env> {
  readonly #shared = new SharedAlarmOf(this.ctx.storage, () => wokeOurs(this.ctx, this.#shared));

  constructor(state: DurableObjectState, env: Env) {
    super(state, env as unknown as Cloudflare.Env);
    const theirs = super.alarm.bind(this);
    Object.defineProperty(this, 'alarm', {
      value: (info?: AlarmInvocationInfo) => this.#shared.run(() => theirs(), info),
    });
  }

  override onAlarm(): Promise<void> {
    return follow('theirs', this.ctx);
  }

  async start(plan: Step[][], delays: number[], wakes: number[]): Promise<void> {
    await planned(this.ctx).start(plan, delays);
    this.ctx.storage.kv.put('wakes', wakes.slice(1));
    if (wakes[0] !== undefined) await this.#shared.wake(Date.now() + wakes[0]);
  }

  async want(delay: number): Promise<void> {
    this.ctx.storage.kv.put('wakes', []);
    await this.#shared.wake(Date.now() + delay);
  }

  async since(): Promise<object> {
    return { ...planned(this.ctx).since(), left: await this.ctx.storage.getAlarm() };
  }
}
