// An Agent of `agents` whose alarm is shared without its knowledge. It is bundled only if the driver is
// told where `agents` is installed.
import { Agent } from 'agents';
import { planned, wokeOurs } from './alarms.js';
import { SharedAlarmOf } from './share.js';

export { default } from './worker.js';

export class SharedAgent extends Agent {
  #shared = new SharedAlarmOf(this.ctx.storage, () => wokeOurs(this.ctx, this.#shared));
  #times = [];

  constructor(state, env) {
    super(state, env);
    const theirs = super.alarm.bind(this);
    Object.defineProperty(this, 'alarm', { value: (info) => this.#shared.run(theirs, info) });
  }

  /** Schedules by the Agent's own means, with wake-ups of ours beside it or none. */
  async start(kind, wakes) {
    await planned(this.ctx).start([], []);
    this.ctx.storage.kv.put('wakes', wakes.slice(1));
    if (kind === 'once') await this.schedule(1, 'tick', kind);
    if (kind === 'throws once') await this.schedule(1, 'tick', kind);
    if (kind === 'every second') await this.scheduleEvery(1, 'tick', kind);
    if (kind === 'cancelled') await this.cancelSchedule((await this.schedule(1, 'tick', kind)).id);
    if (wakes[0] !== undefined) await this.#shared.wake(Date.now() + wakes[0]);
  }

  async tick(kind) {
    this.#times.push(Date.now() - planned(this.ctx).since().since);
    if (kind === 'throws once' && this.#times.length === 1) throw new Error('thrown by the plan');
  }

  async since() {
    return { ...planned(this.ctx).since(), times: this.#times };
  }
}
