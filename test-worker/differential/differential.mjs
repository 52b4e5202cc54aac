// `npm run differential -- [PLANS] [SEED]`: random plans of calls (200,000, if nothing is said), each by
// Workers RPC, alone and batched, in bare workerd. One that comes to something else is shrunk and
// printed as code for test-worker/differential/regressions.ts. With the same seed come the same plans.
import { build } from '../../scripts/build/build.mjs';
import { check, conclude, count } from '../../scripts/lib/checks.mjs';
import { bundle, serve } from '../../scripts/lib/workerd.mjs';

const PLANS = Number(process.argv[2] ?? 200_000);
const SEED = Number(process.argv[3] ?? Math.floor(Math.random() * 2 ** 31));
/** Plans of one question. */
const AT_ONCE = 1_000;
/** Plans that differ after which no more are run. */
const ENOUGH = 20;
const TRIALS = [{ way: 'alone' }, { way: 'batched' }];
const FOLDER = 'test-worker/differential';

if (!Number.isInteger(PLANS) || PLANS <= 0 || !Number.isInteger(SEED)) {
  console.error('differential: say how many plans, as in: npm run differential -- 200000 [SEED]');
  process.exit(1);
}
build();
await bundle(`${FOLDER}/worker.ts`, 'target/differential');
const { url, complaints, stop } = await serve(`${FOLDER}/workerd.capnp`);
const start = Date.now();
let made = 0;
let differing = 0;
try {
  console.log(`differential: seed ${SEED}`);
  // Each question has a seed of its own: that of a plan that differs is printed with it.
  for (let seed = SEED; made < PLANS && differing < ENOUGH; seed++) {
    const plans = Math.min(AT_ONCE, PLANS - made);
    const question = { plans, seed, trials: TRIALS, most: ENOUGH };
    const response = await fetch(url, { method: 'POST', body: JSON.stringify(question) });
    if (!response.ok) throw new Error(await response.text());
    const reply = await response.json();
    made += plans;
    differing += reply.differing;
    if (reply.report) console.log(reply.report);
    if (made % (10 * AT_ONCE) === 0) console.log(`differential: ${made} plans in ${seconds()} s`);
  }
} finally {
  stop();
}
console.log(`differential: ${made} plans, 3 runs each, in ${seconds()} s; ${differing} differ`);
count({ passed: made - differing, failed: differing });
const leaked = complaints().includes('An RPC stub was not disposed');
check('no stub was left to the garbage collector', !leaked);
conclude();

function seconds() {
  return ((Date.now() - start) / 1000).toFixed(0);
}
