// `npm run experiment`: the same operations by Workers RPC, V1, V2, V3 and in blockConcurrencyWhile, 50 to
// 1,000 at once, timed from outside, in bare workerd; `-- --url https://…` in a worker that
// `npm run experiment:deploy` has deployed. Writes experiments/RESULTS.md and its charts. `-- --quick` is
// short, for `npm test`: it looks at results, not at times, and writes nothing.
import { parseArgs } from 'node:util';
import { check, conclude, count } from '../../scripts/lib/checks.mjs';
import { Link } from './link.mjs';
import { writeReport } from './report.mjs';

const USAGE = `Write: npm run experiment -- [--url https://NAME.ACCOUNT.workers.dev] [--rounds 15] [--hang 60] [--quick]
  --url     a worker that was deployed by npm run experiment:deploy; without it, workerd runs here
  --rounds  how often each cell is measured, from 3 to 1000; 15 if you say nothing
  --hang    seconds without progress after which a cell counts as hung, from 1 to 3600; 60 if you say nothing
  --quick   few and small batches, for npm test: results are checked, times are not, nothing is written`;

const options = readOptions();
const SIZES = options.quick ? [1, 50, 200] : [50, 100, 200, 500, 1_000];
const WARM_UP = options.quick ? 1 : 3;
/** Operations of one batch: as many repetitions as make at least so many. Far away, each takes longer. */
const OPERATIONS = options.quick ? 200 : options.url ? 1_000 : 4_000;
/** Milliseconds: for the variation that is there to be noticed. */
const SHORT_PATIENCE = 1_000;

/** Each cell, by size and variation: its samples, and what went wrong. */
const cells = new Map();
/** Links to the controller objects in use, by the place where their variations run. */
const links = new Map();
/** Here each variation has a workerd of its own, or one would clear away what the one before it left. */
const servers = new Map();
let lastProgress = 0;

if (!options.url) await bundleHere();
try {
  const { colo, variations } = await listVariations();
  const measured = variations.filter(({ isSelfCheck }) => !isSelfCheck);
  const where = options.url ?? 'in workerd, here';
  console.log(`experiment: ${measured.map(({ title }) => title).join(', ')}, ${where}`);
  await checkItself();
  await measureAll(measured);
  for (const link of links.values()) link.close();
  const troubles = [...cells.values()].filter(({ trouble }) => trouble);
  if (!options.quick) {
    const files = writeReport({ cells, variations: measured, sizes: SIZES, colo, ...options });
    console.log(`experiment: written: ${files.join(', ')}`);
  }
  count({ passed: cells.size - troubles.length, failed: troubles.length });
  conclude();
} catch (error) {
  console.error(`experiment: ${error.message}`);
  process.exitCode = 1;
}
process.exit();

async function bundleHere() {
  const { build } = await import('../../scripts/build/build.mjs');
  const { bundle } = await import('../../scripts/lib/workerd.mjs');
  build();
  await bundle('experiments/calls/worker.ts', 'target/experiments/calls');
}

/** Where a variation runs: deployed, all of them by the same objects, so that they differ in nothing else. */
function placeOf(variation) {
  return options.url ? 'deployed' : variation;
}

async function urlOf(place) {
  if (options.url) return options.url;
  const { serve } = await import('../../scripts/lib/workerd.mjs');
  if (!servers.has(place)) servers.set(place, await serve('experiments/calls/workerd.capnp'));
  return servers.get(place).url;
}

async function listVariations() {
  const remedy =
    'deploy the experiment by `npm run experiment:deploy`, and give the address that it prints';
  const url = await urlOf('empty');
  let said;
  try {
    const signal = AbortSignal.timeout(30_000);
    const response = await fetch(new URL('/variations', url), { signal });
    said = await response.json();
  } catch (error) {
    const reason = error.cause?.message ?? error.message;
    throw new Error(`${url} does not list variations (${reason}): ${remedy}`);
  }
  if (said?.experiment !== 'calls') {
    throw new Error(`${url} is not this experiment: ${remedy}`);
  }
  return said;
}

/** The driver has to notice what it is there to notice. */
async function checkItself() {
  const wanted = { stalled: /^hung: nothing for 1 s, 0 of 5$/, forgetful: /^wrong: 4 of 5 / };
  for (const [variation, expected] of Object.entries(wanted)) {
    const own = await new Link(await urlOf(variation)).open();
    const cell = { variation, operations: 5, repetitions: 1 };
    const { trouble = 'nothing' } = await own.run(cell, SHORT_PATIENCE);
    own.close();
    console.log(`experiment: self-check: ${variation}: ${trouble}`);
    check(`${variation} is noticed`, expected.test(trouble));
  }
}

async function measureAll(measured) {
  for (let round = -WARM_UP; round < options.rounds; round++) {
    const name = round < 0 ? 'warm-up' : `round ${round + 1} of ${options.rounds}`;
    for (const operations of SIZES) {
      // Each is first in its turn: what one leaves behind harms no other more often than the rest.
      const first = (round + WARM_UP) % measured.length;
      for (const variation of [...measured.slice(first), ...measured.slice(0, first)]) {
        await measure(variation, operations, name, round >= 0);
      }
    }
  }
}

async function measure({ name: variation, title }, operations, round, counts) {
  const key = `${operations} ${variation}`;
  if (!cells.has(key)) cells.set(key, { operations, variation, samples: [], trouble: undefined });
  const cell = cells.get(key);
  // What hung once would hang again: it is reported, and the run goes on.
  if (cell.trouble) return;
  const repetitions = Math.ceil(OPERATIONS / operations);
  const place = `${round}, ${operations.toLocaleString('en')} at once, ${title}`;
  const whereItRuns = placeOf(variation);
  if (!links.has(whereItRuns)) {
    links.set(whereItRuns, await new Link(await urlOf(whereItRuns)).open());
  }
  const link = links.get(whereItRuns);
  const { ms, trouble } = await link.run(
    { variation, operations, repetitions },
    options.hang * 1_000,
    (done) => progress(`${place}: ${done} of ${repetitions} times`),
  );
  if (trouble) {
    cell.trouble = trouble;
    console.log(`experiment: ${place}: ${trouble}`);
    // The object is left to itself, and its target: a new one has a new target.
    link.close();
    links.delete(whereItRuns);
  } else if (counts) cell.samples.push(ms / repetitions);
}

/** At a terminal, one line that changes; elsewhere a line now and then. */
function progress(text) {
  const now = Date.now();
  const isTerminal = process.stdout.isTTY;
  if (now - lastProgress < (isTerminal ? 100 : 3_000)) return;
  lastProgress = now;
  if (isTerminal) process.stdout.write(`\r\x1b[Kexperiment: ${text}\r`);
  else console.log(`experiment: ${text}`);
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        url: { type: 'string' },
        rounds: { type: 'string' },
        hang: { type: 'string' },
        quick: { type: 'boolean', default: false },
      },
    });
    const { quick, rounds = quick ? '3' : '15', hang = '60' } = values;
    return {
      quick,
      url: values.url === undefined ? undefined : asUrl(values.url),
      rounds: asNumber('--rounds', rounds, 3, 1_000),
      hang: asNumber('--hang', hang, 1, 3_600),
    };
  } catch (error) {
    console.error(`experiment: ${error.message}\n\n${USAGE}`);
    process.exit(2);
  }
}

function asUrl(text) {
  const url = URL.parse(text);
  if (url && /^https?:$/.test(url.protocol)) return url.origin;
  throw new Error(`--url '${text}' is no address: it begins with https:// or http://`);
}

function asNumber(name, text, least, most) {
  const number = Number(text);
  if (Number.isInteger(number) && number >= least && number <= most) return number;
  throw new Error(`${name} '${text}' has to be a whole number from ${least} to ${most}`);
}
