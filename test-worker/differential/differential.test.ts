/**
 * Workers RPC is the oracle: random plans of calls come to the same by it, alone and batched. They run in
 * `worker.ts`, a worker beside the one under test, since the tool around that one has turns of its own.
 */
import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import type { Fault } from './run.js';
import type { Question, Reply } from './worker.js';

const PLANS = 5_000;
/** Plans for each question, and milliseconds for each answer. */
const AT_ONCE = 1_000;
const PATIENCE = 420_000;
const ALL = 1_000;
/** Plans that differ after which no more are run: some kinds will be among them. */
const ENOUGH = 20;
const PACKAGE = [{ way: 'alone' }, { way: 'batched' }] as const;

async function ask(question: Question): Promise<Reply> {
  const body = JSON.stringify(question);
  const response = await env.DIFFERENTIAL.fetch('http://differential', { method: 'POST', body });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

/** Some number that shows when a run is to be repeated. */
function anySeed(): number {
  return Math.floor(Math.random() * 2 ** 31);
}

test(
  'rule 16: plans that once came to something else do so no more',
  async () => {
    const { report } = await ask({ plans: 'regressions', seed: 0, trials: PACKAGE, most: ALL });
    expect(report).toBe('');
  },
  PATIENCE,
);

test(
  `rules 10 and 13 to 16: ${PLANS} random plans come to the same by Workers RPC, alone and batched`,
  async () => {
    for (let made = 0; made < PLANS; made += AT_ONCE) {
      const reply = await ask({ plans: AT_ONCE, seed: anySeed(), trials: PACKAGE, most: ENOUGH });
      expect(reply.report).toBe('');
    }
  },
  PATIENCE,
);

describe('the test itself', () => {
  test(
    'Workers RPC comes to the same each time',
    async () => {
      const trials = [{ way: 'Workers RPC' }] as const;
      const { report } = await ask({ plans: AT_ONCE, seed: anySeed(), trials, most: ENOUGH });
      expect(report).toBe('');
    },
    PATIENCE,
  );

  const faults: Fault[] = [
    'swaps two calls',
    'loses the context',
    'disposes of arguments',
    'leaks',
  ];
  /** A fault shows in a plan of few calls. */
  const FEW = 2;
  test.each(faults)(
    'a driver that %s is found out, in a few calls',
    async (fault) => {
      const trials = [{ way: 'Workers RPC', fault }] as const;
      const reply = await ask({ plans: AT_ONCE, seed: anySeed(), trials, most: 1 });
      expect(reply.differing).toBeGreaterThan(0);
      expect(reply.calls).toBeLessThanOrEqual(FEW);
    },
    PATIENCE,
  );
});
