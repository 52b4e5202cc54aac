/** Runs plans in several ways, many at a time, and says which came to something else. */
import { env } from 'cloudflare:workers';
import fc from 'fast-check';
import { firstDifference } from './differences.js';
import { type Plan, plans } from './plan.js';
import { close, open, Record } from './record.js';
import type { Fault, Log, Way } from './run.js';
import type { Env } from './target.js';

/** The ways in which the package is compared with Workers RPC. */
export const ALL_WAYS: readonly Trial[] = [{ way: 'alone' }, { way: 'batched' }];

/** A way to run a plan, and what is wrong with it, if something is meant to be. */
export interface Trial {
  readonly way: Way;
  readonly fault?: Fault;
}

export interface Difference {
  readonly trial: Trial;
  readonly path: string;
  readonly expected: unknown;
  readonly actual: unknown;
}

/** Plans that run at the same time, each at a caller of its own. */
const LANES = 64;

const bindings = env as unknown as Env;

let runs = 0;

/** Runs a plan at a caller of that name. */
async function logOf(plan: Plan, { way, fault }: Trial, caller: string): Promise<Log> {
  runs += 1;
  const record = new Record(`run ${runs}`, plan);
  const name = `${caller} ${way}`;
  open(record);
  try {
    const stub = bindings.CALLER.getByName(name);
    return (await stub.run(record.key, way, name, fault)) as Log;
  } finally {
    close(record);
  }
}

/** What came to something else than by Workers RPC, at callers of that name. */
export async function differenceOf(
  plan: Plan,
  trials: readonly Trial[],
  caller = `alone ${runs}`,
): Promise<Difference | undefined> {
  const expected = await logOf(plan, { way: 'Workers RPC' }, caller);
  for (const trial of trials) {
    const actual = await logOf(plan, trial, `${caller} compared`);
    const found = firstDifference(expected, actual);
    if (found) {
      const [path, expectedThere, actualThere] = found;
      return { trial, path, expected: expectedThere, actual: actualThere };
    }
  }
  return undefined;
}

/** A plan that differs, and where fast-check finds it again. */
export interface Found {
  readonly plan: Plan;
  readonly difference: Difference;
  readonly seed: number;
  readonly path: string;
}

/** Runs so many random plans, and returns those that differ. */
export async function search(
  count: number,
  seed: number,
  trials: readonly Trial[],
  most = Number.POSITIVE_INFINITY,
): Promise<Found[]> {
  const sample = fc.sample(plans, { numRuns: count, seed });
  const found: Found[] = [];
  let next = 0;
  const lane = async (caller: string): Promise<void> => {
    while (next < sample.length && found.length < most) {
      const at = next++;
      const plan = sample[at] as Plan;
      const difference = await differenceOf(plan, trials, caller);
      if (difference) found.push({ plan, difference, seed, path: String(at) });
    }
  };
  await Promise.all(Array.from({ length: LANES }, (_, number) => lane(`lane ${number}`)));
  return found;
}
