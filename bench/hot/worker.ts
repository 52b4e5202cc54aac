/**
 * Many callers of one object: `/run` takes a way, how many objects call and how many calls each makes at once, and says
 * what became of them; `/fair` how long another event waits while a message of synchronous calls runs.
 */
import { type CallError, type CallLimits, LumenizeBase } from '@lumenize/call';

interface Env {
  readonly HOT: DurableObjectNamespace<Hot>;
  readonly LIMITED: DurableObjectNamespace<Limited>;
  readonly REFUSING: DurableObjectNamespace<Refusing>;
  readonly CALLER: DurableObjectNamespace<Caller>;
  readonly PATIENT: DurableObjectNamespace<PatientCaller>;
}

/** Which class is called, and by which, as Workers RPC calls it or as this package does. */
const WAYS = {
  rpc: { target: 'HOT', caller: 'CALLER' },
  ours: { target: 'HOT', caller: 'CALLER' },
  running: { target: 'LIMITED', caller: 'CALLER' },
  refusing: { target: 'REFUSING', caller: 'CALLER' },
  inFlight: { target: 'HOT', caller: 'PATIENT' },
} as const;

type Way = keyof typeof WAYS;

/** What one call came to, and after how many milliseconds. */
type Came = readonly [outcome: string, ms: number];

/** Milliseconds that each call waits for something outside of the object. */
const OUTSIDE = 2;

/** Milliseconds that no call of these takes. */
const TIMEOUT = 300_000;

/** Some 20 microseconds of work. */
function work(): number {
  let sum = 0;
  for (let at = 1; at < 10_000; at++) sum += Math.sqrt(at);
  return sum;
}

export class Hot extends LumenizeBase<Env> {
  #running = 0;
  #most = 0;
  #ran = 0;

  async serve(n: number): Promise<number> {
    this.#running += 1;
    this.#most = Math.max(this.#most, this.#running);
    work();
    await scheduler.wait(OUTSIDE);
    this.#running -= 1;
    this.#ran += 1;
    return n;
  }

  compute(n: number): number {
    work();
    return n;
  }

  ping(): void {}

  /** How many calls ran, and how many at once, since this was asked. */
  counts(): { ran: number; most: number } {
    const counts = { ran: this.#ran, most: this.#most };
    this.#ran = 0;
    this.#most = 0;
    return counts;
  }
}

export class Limited extends Hot {
  static readonly callLimits: CallLimits = { running: 100, waiting: 10_000 };
}

export class Refusing extends Hot {
  static readonly callLimits: CallLimits = { running: 100, waiting: 1_000 };
}

export class Caller extends LumenizeBase<Env> {
  /** So that it is there before the time is taken. */
  wake(): void {}

  async run(way: Way, calls: number): Promise<Came[]> {
    const { target } = WAYS[way];
    const hot = this.ctn(target, 'hot');
    const stub = this.env[target].getByName('hot');
    const call = async (n: number): Promise<Came> => {
      const made = Date.now();
      const outcome = await (way === 'rpc'
        ? stub.serve(n)
        : this.svc.callRaw(hot.serve(n), { timeout: TIMEOUT })
      ).then(
        (answer) => (answer === n ? 'answered' : 'wrong'),
        (error: CallError) => error.code ?? String(error),
      );
      return [outcome, Date.now() - made];
    };
    return Promise.all(Array.from({ length: calls }, (_, n) => call(n)));
  }

  /** Milliseconds that a message of so many calls takes, and after how many of these another event came in. */
  async fair(calls: number): Promise<{ all: number; other: number }> {
    const hot = this.ctn('HOT', 'fair');
    const stub = this.env.HOT.getByName('fair');
    const made = Date.now();
    const all = Promise.all(
      Array.from({ length: calls }, (_, n) => this.svc.callRaw(hot.compute(n))),
    ).then(() => Date.now() - made);
    // The message leaves at the end of this turn, before the other one.
    await undefined;
    await undefined;
    await stub.ping();
    const other = Date.now() - made;
    return { all: await all, other };
  }
}

export class PatientCaller extends Caller {
  static readonly callLimits: CallLimits = { inFlight: 10, unsent: 10_000 };
}

/** What became of all calls. */
async function run(env: Env, way: Way, objects: number, calls: number): Promise<object> {
  const { target, caller } = WAYS[way];
  const hot = env[target].getByName('hot');
  const callers = Array.from({ length: objects }, (_, n) => env[caller].getByName(`caller ${n}`));
  await Promise.all(callers.map((each) => each.wake()));
  await hot.counts();
  const begun = Date.now();
  const came = await Promise.all(callers.map((each) => each.run(way, calls)));
  const took = Date.now() - begun;
  const { ran, most } = await hot.counts();
  const all = (came as unknown as Came[][]).flat();
  const outcomes: Record<string, number> = {};
  for (const [outcome] of all) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  const answered = all.flatMap(([outcome, ms]) => (outcome === 'answered' ? [ms] : []));
  const waits = answered.sort((a, b) => a - b);
  const middle = waits[Math.floor(waits.length / 2)] ?? 0;
  return { took, ran, most, outcomes, middle, worst: waits.at(-1) ?? 0 };
}

export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    const number = (name: string): number => Number(searchParams.get(name));
    if (pathname === '/fair') {
      return Response.json(await env.CALLER.getByName('fair').fair(number('calls')));
    }
    const way = (searchParams.get('way') ?? '') as Way;
    return Response.json(await run(env, way, number('objects'), number('calls')));
  },
} satisfies ExportedHandler<Env>;
