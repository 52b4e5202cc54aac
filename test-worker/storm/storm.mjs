// `npm run storm -- [SECONDS] [SEED]`: calls among 20 objects, for as many seconds (180, if nothing is said),
// while objects are reset, sections block, the core traps, timers run out, clocks step and a target
// answers anything, in bare workerd. Each call must settle once, in time, with what may come of it.
import { build } from '../../scripts/build/build.mjs';
import { buildFaulty } from '../../scripts/build/faulty.mjs';
import { check, conclude } from '../../scripts/lib/checks.mjs';
import { bundle, serve } from '../../scripts/lib/workerd.mjs';

const SECONDS = Number(process.argv[2] ?? 180);
const SEED = Number(process.argv[3] ?? Math.floor(Math.random() * 2 ** 31));
/** Calls between two looks at the clock. */
const AT_ONCE = 2_000;
/** What has to have happened at least once. */
const FAULTS = [
  'a reset',
  'a reset by a section',
  'calls that their caller forgot',
  'calls where: section',
  'calls where: transaction',
  'calls where: no timers',
  'a hostile answer',
  'a hostile answer to several calls',
  'a clock set back',
  'a clock set forward',
  'a trap of the core',
];

if (!(SECONDS > 0) || !Number.isInteger(SEED)) {
  console.error('storm: say how many seconds, as in: npm run storm -- 180 [SEED]');
  process.exit(1);
}
build();
buildFaulty();
await bundle('test-worker/storm/worker.ts', 'target/storm');
console.log(`storm: seed ${SEED}`);

// The ledger itself: what it does wrong on purpose has to be told.
for (const breaks of ['settles twice', 'swaps an order']) {
  const { violations } = await run({ breaks, seconds: 1 });
  check(`a ledger that ${breaks} is found out`, violations.length > 0);
}
const { made, outcomes, faults, violations, pending, unhandled, memory } = await run({
  seconds: SECONDS,
});
console.log(`storm: ${made} calls; outcomes ${JSON.stringify(outcomes)}`);
console.log(`storm: faults ${JSON.stringify(faults)}`);
console.log(`storm: wasm memory ${memory.join(', then ')} bytes`);
for (const violation of violations) console.log(`storm: ${violation}`);
check(
  'each call is settled once, in time, in order, with what may come of it',
  violations.length === 0,
);
check('nothing is pending', pending === 0);
check('no rejected promise was left unhandled', unhandled === 0);
check('wasm memory does not grow', memory.at(-1) <= memory[0] * 1.5);
for (const fault of FAULTS) check(`there was ${fault}`, (faults[fault] ?? 0) > 0);
conclude();

/** Runs calls until the time is over, and then waits for all of them. */
async function run({ seconds, breaks = '' }) {
  const { ask, stop } = await serve('test-worker/storm/workerd.capnp', { quiet: true });
  try {
    await ask('begin', { breaks });
    const memory = [];
    const end = Date.now() + seconds * 1_000;
    for (let seed = SEED; Date.now() < end; seed++) {
      await ask('storm', { seed, calls: AT_ONCE });
      if (memory.length === 0) memory.push(await ask('collect'));
    }
    memory.push(await ask('collect'));
    return { ...(await ask('close')), memory };
  } finally {
    stop();
  }
}
