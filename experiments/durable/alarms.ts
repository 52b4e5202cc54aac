/** What the runtime does with an alarm, and whether one can be shared. */
import { DurableObject } from 'cloudflare:workers';
import { SharedAlarm } from '../../ts/durable/alarm.js';
import { type Env, message } from './env.js';

/** What one run of a handler does, step by step. */
export type Step =
  | 'get'
  | 'commit'
  | 'delete'
  | 'set same'
  | `set ${number}`
  | `wait ${number}`
  | 'throw'
  | 'abort'
  | 'abort, no retry';

interface Run {
  readonly by: string;
  /** Milliseconds since the alarm was set, and since it was due. */
  readonly after: number;
  readonly late: number | undefined;
  readonly retryCount: number | undefined;
  readonly got: (number | null)[];
}

interface Happened {
  readonly since: number;
  readonly runs: Run[];
  readonly ours: number[];
}

/** What has happened, by object. It outlives a reset of the object, not the process. */
const happened = new Map<string, Happened>();

function happenedTo({ id }: DurableObjectState): Happened {
  const known = happened.get(id.toString());
  if (known !== undefined) return known;
  const made = { since: Date.now(), runs: [], ours: [] };
  happened.set(id.toString(), made);
  return made;
}

/** Carries out the next line of an object's plan. The last line is for all later runs too. */
export async function follow(
  by: string,
  state: DurableObjectState,
  info?: AlarmInvocationInfo,
): Promise<void> {
  const { since, runs } = happenedTo(state);
  const plan = state.storage.kv.get<Step[][]>('plan') ?? [];
  const steps = plan[Math.min(runs.length, plan.length - 1)] ?? [];
  const now = Date.now();
  const got: (number | null)[] = [];
  const late = info === undefined ? undefined : now - info.scheduledTime;
  runs.push({ by, after: now - since, late, retryCount: info?.retryCount, got });
  state.storage.kv.put(`run ${now}`, info?.retryCount);
  for (const step of steps) await carryOut(step, state, got, info?.scheduledTime);
}

async function carryOut(
  step: Step,
  state: DurableObjectState,
  got: (number | null)[],
  scheduled: number | undefined,
): Promise<void> {
  const { storage } = state;
  const [word, number = ''] = step.split(' ');
  if (step === 'get') {
    const time = await storage.getAlarm();
    got.push(time === null ? null : time - Date.now());
  }
  if (step === 'commit') await storage.sync();
  if (step === 'delete') await storage.deleteAlarm();
  if (step === 'set same') await storage.setAlarm(scheduled ?? 0);
  else if (word === 'set') await storage.setAlarm(Date.now() + Number(number));
  if (word === 'wait') await scheduler.wait(Number(number));
  if (step === 'throw') throw new Error('thrown by the plan of the experiment');
  if (step === 'abort') state.abort('as the experiment plans');
  if (step === 'abort, no retry') {
    state.abort('as the experiment plans', { retryAlarm: false });
  }
}

/** What the driver asks of any class here. */
export function planned(state: DurableObjectState): {
  start: (plan: Step[][], delays: number[]) => Promise<void>;
  since: () => object;
} {
  return {
    start: async (plan, delays) => {
      state.storage.kv.put('plan', plan);
      happened.delete(state.id.toString());
      happenedTo(state);
      for (const delay of delays) await state.storage.setAlarm(Date.now() + delay);
    },
    since: () => happenedTo(state),
  };
}

export class Alarms extends DurableObject<Env> {
  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    state.storage.kv.put(`start ${Date.now()}`, 1);
    Object.defineProperty(this, 'alarm', {
      value: (info?: AlarmInvocationInfo) => follow('own property', state, info),
    });
  }

  override alarm(info?: AlarmInvocationInfo): Promise<void> {
    return follow('prototype', this.ctx, info);
  }

  start(plan: Step[][], delays: number[]): Promise<void> {
    return planned(this.ctx).start(plan, delays);
  }

  since(): object {
    return planned(this.ctx).since();
  }

  /** Milliseconds until the alarm that is set. */
  async alarmIn(): Promise<number | null> {
    const time = await this.ctx.storage.getAlarm();
    return time === null ? null : time - Date.now();
  }

  /** Times of the starts, and of the runs with their `retryCount`, as they are on disk. */
  onDisk(): Record<'start' | 'run', { at: number; value: unknown }[]> {
    const of = (word: string): { at: number; value: unknown }[] =>
      [...this.ctx.storage.kv.list({ prefix: `${word} ` })].map(([key, value]) => ({
        at: Number(key.slice(word.length)),
        value,
      }));
    return { start: of('start'), run: of('run') };
  }

  /** Own properties on storage: whether they shadow, whether a transaction has them, and after. */
  async shadow(): Promise<Record<string, unknown>> {
    const { storage } = this.ctx;
    const set: string[] = [];
    Object.assign(storage, {
      setAlarm: async () => set.push('shadowed'),
      getAlarm: async () => 1,
    });
    await this.ctx.storage.setAlarm(5);
    const read = await this.ctx.storage.getAlarm();
    const inTransaction = await storage.transaction((transaction) => transaction.getAlarm());
    Reflect.deleteProperty(storage, 'setAlarm');
    Reflect.deleteProperty(storage, 'getAlarm');
    const after = await storage.getAlarm();
    return { isOneObject: storage === this.ctx.storage, set, read, inTransaction, after };
  }

  /** Between two runs, or while one goes on. */
  async set(delay: number): Promise<void> {
    await this.ctx.storage.setAlarm(Date.now() + delay);
  }

  async setWithSync(delay: number): Promise<void> {
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.sync();
    await this.ctx.storage.setAlarm(Date.now() + delay);
  }

  reset(): void {
    this.ctx.abort('as the experiment plans');
  }
}

/** A class of a user whose alarm is shared. */
export class Sharing extends DurableObject<Env> {
  readonly #shared = new SharedAlarm(
    this.ctx.storage,
    () => (info) => follow('theirs', this.ctx, info),
    () => wokeOurs(this.ctx, this.#shared),
  );

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    Object.defineProperty(this, 'alarm', {
      value: (info?: AlarmInvocationInfo) => this.#shared.run(info),
    });
  }

  override alarm(): void {}

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

/** What the driver asks of a class whose alarm is shared. */
export function plannedShared(
  state: DurableObjectState,
  shared: SharedAlarm,
): {
  start: (plan: Step[][], delays: number[], wakes: number[]) => Promise<void>;
  want: (delay: number) => Promise<void>;
  since: () => Promise<object>;
} {
  const { kv } = state.storage;
  return {
    /** `wakes` are those of ours, in milliseconds. */
    start: async (plan, delays, [wake, ...later]) => {
      await planned(state).start(plan, delays);
      kv.put('wakes', later);
      if (wake !== undefined) await shared.wake(Date.now() + wake);
    },
    /** Asks for a wake-up of ours, in an event of its own. */
    want: async (delay) => {
      kv.put('wakes', []);
      await shared.wake(Date.now() + delay);
    },
    since: async () => {
      const left = await state.storage.getAlarm();
      return { ...planned(state).since(), left };
    },
  };
}

/** Notes that we were woken, and asks for the next wake-up, which is relative to the start. */
export function wokeOurs(state: DurableObjectState, shared: SharedAlarm): void {
  const { since, ours } = happenedTo(state);
  ours.push(Date.now() - since);
  const [next, ...later] = state.storage.kv.get<number[]>('wakes') ?? [];
  if (next === undefined) return;
  state.storage.kv.put('wakes', later);
  shared.wake(since + next).catch(message);
}
