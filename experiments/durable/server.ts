/** A Server of partyserver whose alarm is shared without its knowledge. */
import { Server } from 'partyserver';
import { SharedAlarm } from '../../ts/durable/alarm.js';
import { follow, plannedShared, type Step, wokeOurs } from './alarms.js';
import type { Env } from './env.js';

export class SharedServer extends Server<Cloudflare.Env> {
  readonly #shared = new SharedAlarm(
    this.ctx.storage,
    () => () => super.alarm(),
    () => wokeOurs(this.ctx, this.#shared),
  );

  constructor(state: DurableObjectState, env: Env) {
    super(state, env as unknown as Cloudflare.Env);
    Object.defineProperty(this, 'alarm', {
      value: (info?: AlarmInvocationInfo) => this.#shared.run(info),
    });
  }

  override onAlarm(): Promise<void> {
    return follow('theirs', this.ctx);
  }

  start(plan: Step[][], delays: number[], wakes: number[]): Promise<void> {
    return plannedShared(this.ctx, this.#shared).start(plan, delays, wakes);
  }

  want(delay: number): Promise<void> {
    return plannedShared(this.ctx, this.#shared).want(delay);
  }

  since(): Promise<object> {
    return plannedShared(this.ctx, this.#shared).since();
  }
}
