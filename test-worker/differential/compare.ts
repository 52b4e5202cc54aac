/** Runs plans in several ways, many at a time, and says which came to something else. */
import { env } from 'cloudflare:workers';
import fc from 'fast-check';
import { type DifferentLine, differencesOf } from './differences.js';
import type { Way } from './drivers.js';
import { close, type Log, Notes, open } from './notes.js';
import { type Plan, plans } from './plan.js';
import type { Fault } from './run.js';
import type { Env } from './target.js';

/** A way to run a plan, and what is wrong with it, if something is meant to be. */
export interface Trial {
  readonly way: Way;
  readonly fault?: Fault;
}

export interface Difference extends DifferentLine {
  readonly trial: Trial;
}

/** Plans that run at the same time, each at a caller of its own. */
const LANES = 64;

const bindings = env as unknown as Env;

let runs = 0;

/** Runs a plan at a caller of that name. */
async function logOf(plan: Plan, { way, fault }: Trial, caller: string): Promise<Log> {
  runs += 1;
  const notes = new Notes(`run ${runs}`, plan);
  const name = `${caller} ${way}`;
  open(notes);
  try {
    const stub = bindings.CALLER.getByName(name);
    return (await stub.run(notes.key, way, name, fault)) as Log;
  } finally {
    close(notes);
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
    for (const line of differencesOf(expected, actual)) return { trial, ...line };
  }
  return undefined;
}

/** A plan that differs. */
export interface Found {
  readonly plan: Plan;
  readonly difference: Difference;
  /** Where fast-check finds it again, if it was its own. */
  readonly origin?: Origin;
}

interface Origin {
  readonly seed: number;
  readonly path: string;
}

/** Runs so many random plans, and returns those that differ. */
export async function search(
  count: number,
  seed: number,
  trials: readonly Trial[],
  most: number,
): Promise<Found[]> {
  const sample = fc.sample(plans, { numRuns: count, seed });
  const found = await differing(sample, trials, most);
  return found.map((each) => {
    const path = String(sample.indexOf(each.plan));
    return { ...each, origin: { seed, path } };
  });
}

/** Runs plans, many at a time, and returns those that differ, as many as are wanted. */
export async function differing(
  all: readonly Plan[],
  trials: readonly Trial[],
  most: number,
): Promise<Found[]> {
  const found: Found[] = [];
  let next = 0;
  const lane = async (caller: string): Promise<void> => {
    while (next < all.length && found.length < most) {
      const plan = all[next++] as Plan;
      let difference = await differenceOf(plan, trials, caller);
      // On a busy machine a disposer, or a timer, may come later than another, by Workers RPC too.
      if (difference && /^(?:disposed|lateCounts)/.test(difference.path)) {
        difference = await differenceOf(plan, trials, caller);
      }
      if (difference) found.push({ plan, difference });
    }
  };
  await Promise.all(Array.from({ length: LANES }, (_, number) => lane(`lane ${number}`)));
  return found;
}

/** Differences of one kind stand in the same place, of whatever call. */
function kindOf({ trial, path }: Difference): string {
  return `${trial.way} ${path.replaceAll(/\d+/g, '')}`;
}

/** One of each kind, as far as one can tell before it is shrunk: by place, and by what should be there. */
export function ofEachKind(found: readonly Found[]): Found[] {
  const kinds = new Map<string, Found>();
  for (const each of found) {
    const [firstWord] = String(each.difference.expected).split(' ');
    const kind = `${kindOf(each.difference)} ${firstWord}`;
    if (!kinds.has(kind)) kinds.set(kind, each);
  }
  return [...kinds.values()];
}

/** Milliseconds that shrinking may take. */
const PATIENCE = 30_000;

/**
 * The smallest plan with a difference of the same kind; `undefined` where the plan does not differ when
 * nothing else runs.
 */
export async function shrink(
  { difference: first }: Found,
  { seed, path }: Origin,
  trials: readonly Trial[],
): Promise<Found | undefined> {
  const known = new Map<string, Difference>();
  const property = fc.asyncProperty(plans, async (plan) => {
    const difference = await differenceOf(plan, trials);
    if (!difference || kindOf(difference) !== kindOf(first)) return true;
    known.set(JSON.stringify(plan), difference);
    return false;
  });
  const { counterexample } = await fc.check(property, {
    seed,
    path,
    numRuns: 1,
    interruptAfterTimeLimit: PATIENCE,
  });
  if (!counterexample) return undefined;
  const [plan] = counterexample;
  const difference = known.get(JSON.stringify(plan)) as Difference;
  return { plan, difference };
}
