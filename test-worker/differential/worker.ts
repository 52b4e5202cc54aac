/**
 * The worker that runs plans. It is bundled for itself and has no tool around it, since what is compared
 * depends on the turns that the bare runtime gives to each message.
 */
import { differing, type Found, ofEachKind, search, shrink, type Trial } from './compare.js';
import { complete, shorten } from './plan.js';
import { regressions } from './regressions.js';

export { DifferentialCaller, DifferentialEntrypoint, DifferentialTarget } from './target.js';

/** What is asked for: so many random plans, or those of the list, each in these ways. */
export interface Question {
  readonly plans: number | 'regressions';
  readonly seed: number;
  readonly trials: readonly Trial[];
  /** How many that differ are enough. */
  readonly most: number;
}

export interface Reply {
  readonly plans: number;
  readonly differing: number;
  /** Some of them, each of another kind and shrunk, as text. */
  readonly report: string;
  /** Calls in the first of them, once it is shrunk. */
  readonly calls: number;
}

/** Plans of one question that are shrunk: each takes seconds. */
const SHRUNK = 3;

async function answer({ plans, seed, trials, most }: Question): Promise<Reply> {
  const found =
    plans === 'regressions'
      ? await differing(regressions.map(complete), trials, most)
      : await search(plans, seed, trials, most);
  const told = plans === 'regressions' ? found : ofEachKind(found).slice(0, SHRUNK);
  const first = await Promise.all(told.map((each) => shrunk(each, trials)));
  return {
    plans: plans === 'regressions' ? regressions.length : plans,
    differing: found.length,
    report: first.map(({ text }) => text).join('\n'),
    calls: first[0]?.calls ?? 0,
  };
}

async function shrunk(
  found: Found,
  trials: readonly Trial[],
): Promise<{ readonly text: string; readonly calls: number }> {
  const smaller = found.origin ? await shrink(found, found.origin, trials) : found;
  const { plan, difference } = smaller ?? found;
  const { trial, path, expected, actual } = difference;
  const lines = [
    `${trial.way}${trial.fault ? ` that ${trial.fault}` : ''}: ${path}`,
    `  by Workers RPC: ${expected}`,
    `  instead:        ${actual}`,
    ...(found.origin ? [`  seed ${found.origin.seed}, plan ${found.origin.path}`] : []),
    ...(smaller ? [] : ['  It did so beside other plans, and not alone.']),
    `  ${JSON.stringify(shorten(plan))},`,
  ];
  const calls = plan.turns.reduce((sum, turn) => sum + turn.calls.length, 0);
  return { text: lines.join('\n'), calls };
}

export default {
  async fetch(request) {
    return Response.json(await answer(await request.json<Question>()));
  },
} satisfies ExportedHandler;
