/** Objects that all call one other at once, without limits or with them, and what became of their calls. */
import { env } from 'cloudflare:workers';
import { CallError, type CallLimits, LumenizeBase } from '@lumenize/call';
import type { Heat } from './events.js';
import { HOT, type HotWay } from './settings.js';

/** Milliseconds that no call of these takes. */
const DEADLINE = 60_000;

/** What one call came to, `answered` or a code, and after how many milliseconds. */
type Came = readonly [outcome: string, ms: number];

/** The object that all call. */
export class LabHot extends LumenizeBase {
  /** When the first call began. */
  #start: number | undefined;
  #running = 0;
  #most = 0;
  /** For each millisecond in which it changed, the most that ran at once. */
  readonly #timeline = new Map<number, number>();

  /** So that it is there before the calls are made. */
  wake(): void {}

  async serve(n: number): Promise<number> {
    this.#count(1);
    work();
    await scheduler.wait(HOT.outside);
    this.#count(-1);
    return n;
  }

  counts(): Pick<Heat, 'most' | 'timeline'> {
    return { most: this.#most, timeline: [...this.#timeline] };
  }

  #count(change: number): void {
    this.#running += change;
    this.#most = Math.max(this.#most, this.#running);
    const now = performance.now();
    this.#start ??= now;
    const ms = Math.round(now - this.#start);
    this.#timeline.set(ms, Math.max(this.#timeline.get(ms) ?? 0, this.#running));
  }
}

/** The same with limits. */
export class LabLimited extends LabHot {
  static readonly callLimits: CallLimits = HOT.limits;
}

/** One of those that call. */
export class LabCaller extends LumenizeBase {
  /** So that it is there before the calls are made. */
  wake(): void {}

  /** Makes all its calls in one turn. */
  run(binding: 'LAB_HOT' | 'LAB_LIMITED', target: string): Promise<Came[]> {
    const call = async (n: number): Promise<Came> => {
      const made = performance.now();
      const remote = this.ctn<LabHot>().serve(n);
      const outcome = await this.svc.callRaw(binding, target, remote, { timeout: DEADLINE }).then(
        () => 'answered',
        (error: unknown) => (error instanceof CallError ? error.code : String(error)),
      );
      return [outcome, performance.now() - made];
    };
    return Promise.all(Array.from({ length: HOT.each }, (_, n) => call(n)));
  }
}

/** Lets all callers call one object at once. Each run has objects of its own, which store nothing. */
export async function heat(way: HotWay): Promise<Heat> {
  const binding = way === 'free' ? 'LAB_HOT' : 'LAB_LIMITED';
  const id = env[binding].newUniqueId();
  const text = String(id);
  const target = env[binding].get(id) as DurableObjectStub<LabHot>;
  const callers = Array.from({ length: HOT.callers }, () =>
    env.LAB_CALLER.get(env.LAB_CALLER.newUniqueId()),
  );
  await Promise.all(callers.map((caller) => caller.wake()));
  await target.wake();
  const came = (await Promise.all(
    callers.map((caller) => caller.run(binding, text)),
  )) as unknown as Came[][];
  const all = came.flat();
  const longest = (of: string): number =>
    all.reduce((most, [outcome, ms]) => (outcome === of ? Math.max(most, ms) : most), 0);
  const countOf = (of: string): number => all.filter(([outcome]) => outcome === of).length;
  const counts = (await target.counts()) as unknown as Pick<Heat, 'most' | 'timeline'>;
  return {
    ...counts,
    calls: all.length,
    answered: countOf('answered'),
    refused: countOf('overloaded'),
    worst: longest('answered'),
    worstRefused: longest('overloaded'),
  };
}

/** Some 50 microseconds of work. */
function work(): number {
  let sum = 0;
  for (let at = 1; at < 25_000; at++) sum += Math.sqrt(at);
  return sum;
}
