// `npm run bench:hot`: one object that up to 10,000 callers call at once, in bare workerd: by Workers RPC, and by this
// package without limits and with those of its target or of its callers. Writes RESULTS.md and charts beside it.
// `-- --quick` is short, for `npm test`, and writes nothing.
import { writeFileSync } from 'node:fs';
import { build } from '../../scripts/build/build.mjs';
import { writeChart } from '../../scripts/lib/chart.mjs';
import { check, conclude } from '../../scripts/lib/checks.mjs';
import { format } from '../../scripts/lib/spawn.mjs';
import { median } from '../../scripts/lib/statistics.mjs';
import { bundle, serve } from '../../scripts/lib/workerd.mjs';

const IS_QUICK = process.argv.includes('--quick');
const ROUNDS = IS_QUICK ? 1 : 3;
const SIZES = IS_QUICK ? [1_500] : [100, 1_000, 10_000];
/** How many calls run at once where the target limits them, and how many wait where it refuses more. */
const [RUNNING, WAITING] = [100, 1_000];
/** Calls of the message beside which another event waits. */
const SYNCHRONOUS = 1_000;

const WAYS = [
  { way: 'rpc', title: 'Workers RPC', style: 0 },
  { way: 'ours', title: 'ours, no limits', style: 3 },
  { way: 'running', title: 'running: 100', style: 1, most: RUNNING },
  { way: 'refusing', title: 'running: 100, waiting: 1,000', style: 2, most: RUNNING },
];
const CALLERS = [
  ...WAYS.slice(0, 3),
  { way: 'inFlight', title: 'inFlight: 10', style: 4, most: 10, isOfCaller: true },
];
const SETS = [
  {
    file: 'objects',
    what: 'objects that make one call each',
    ways: WAYS,
    split: (size) => ({ objects: size, calls: 1 }),
  },
  {
    file: 'calls',
    what: 'calls that 10 objects make at once',
    ways: CALLERS,
    split: (size) => ({ objects: 10, calls: size / 10 }),
    objects: 10,
  },
];

build();
await bundle('bench/hot/worker.ts', 'target/bench-hot');
const results = [];
for (const set of SETS) {
  for (const size of SIZES) results.push(...(await measure(set, size)));
}
const fair = await fairness();

const rows = results.map(({ set, size, title, perSecond, middle, worst, most, refused }) => {
  const cells = [size, perSecond, middle, worst, most, refused].map((cell) =>
    Math.round(cell).toLocaleString('en'),
  );
  return `| ${[set.what, title, ...cells].join(' | ')} |`;
});
const table = [
  '| what calls | how | calls | answers per second | median wait, ms | worst wait, ms | most at once | refused |',
  '| --- | --- | --: | --: | --: | --: | --: | --: |',
  ...rows,
].join('\n');
const said = `A message of ${SYNCHRONOUS.toLocaleString('en')} synchronous calls took ${fair.all} ms; another event that came behind it was answered after ${fair.other} ms.`;
console.log(`\n${table}\n\n${said}\n`);
if (!IS_QUICK) write();
conclude();

/** Each way in a process of its own, for what another left behind is not collected in its time; in interleaved rounds. */
async function measure(set, size) {
  const lines = [];
  for (const way of set.ways) {
    lines.push({ ...way, size, set, rounds: [], server: await serve('bench/hot/workerd.capnp') });
  }
  // The first one warms up.
  for (let round = -1; round < ROUNDS; round++) {
    for (const {
      way,
      title,
      most = Number.POSITIVE_INFINITY,
      isOfCaller,
      rounds,
      server,
    } of lines) {
      const result = await server.ask('run', { way, ...set.split(size) });
      checkRun(
        `${set.what}: ${title}: ${size}`,
        result,
        size,
        most * (isOfCaller ? (set.objects ?? 1) : 1),
      );
      if (round >= 0) rounds.push(result);
    }
  }
  for (const { server } of lines) server.stop();
  return lines.map(({ rounds, ...line }) => {
    const of = (pick) => median(rounds.map(pick));
    return {
      ...line,
      perSecond: of(({ took, outcomes }) => ((outcomes.answered ?? 0) * 1_000) / took),
      middle: of(({ middle }) => middle),
      worst: of(({ worst }) => worst),
      most: of(({ most }) => most),
      refused: of(({ outcomes }) => outcomes.overloaded ?? 0),
    };
  });
}

/** Nothing is lost: each call is answered and has run, or is refused and has not. */
function checkRun(place, { outcomes, ran, most }, size, atMost) {
  const { answered = 0, overloaded = 0, ...others } = outcomes;
  check(
    `${place}: only answers and refusals: ${JSON.stringify(others)}`,
    answered + overloaded === size,
  );
  check(`${place}: ${ran} ran, ${answered} were answered`, ran === answered);
  check(`${place}: ${most} ran at once, of ${atMost}`, most <= atMost);
  const isRefusing = place.includes('waiting') && size > RUNNING + WAITING;
  check(`${place}: ${overloaded} were refused`, isRefusing ? overloaded > 0 : overloaded === 0);
}

async function fairness() {
  const server = await serve('bench/hot/workerd.capnp');
  const rounds = [];
  for (let round = 0; round < 11; round++) {
    rounds.push(await server.ask('fair', { calls: SYNCHRONOUS }));
  }
  server.stop();
  const [all, other] = [rounds.map((each) => each.all), rounds.map((each) => each.other)].map(
    median,
  );
  check(`another event waited ${other} ms of ${all}`, other <= all / 2);
  return { all, other };
}

function write() {
  for (const { file, what } of SETS) {
    const chart = (name, y, pick) =>
      writeChart(`bench/hot/${file}-${name}.svg`, {
        ...{ title: `One hot object: ${y}`, x: what, y, width: 640, height: 360 },
        lines: [
          ...Map.groupBy(
            results.filter(({ set }) => set.file === file),
            ({ title }) => title,
          ),
        ].map(([title, own]) => ({
          ...{ title, style: own[0].style },
          points: own.map((each) => ({ x: each.size, y: pick(each) })),
        })),
      });
    chart('throughput', 'answers per second', ({ perSecond }) => perSecond);
    chart('wait', 'worst wait, ms', ({ worst }) => Math.max(1, worst));
  }
  const charts = SETS.flatMap(({ file, what }) =>
    ['throughput', 'wait'].map((name) => `![Chart: ${name} against ${what}](${file}-${name}.svg)`),
  );
  writeFileSync(
    'bench/hot/RESULTS.md',
    `# One hot object

Written by \`npm run bench:hot\`, in bare workerd: medians of ${ROUNDS} rounds after a warm-up. Each call does some 20 µs of work and
waits 2 ms for something outside. A wait is the time from a call to its answer, of calls that were answered. In each run every call
was answered and had run once, or was refused as \`overloaded\` and had not run. Times are this machine's.

${table}

${said}

- With \`running\` never more than ${RUNNING} calls ran at once; without, as many as came: each holds what it works with in the
  object's 128 MiB.
- With \`waiting\` the calls beyond ${RUNNING} + ${WAITING.toLocaleString('en')} were refused and had not run. Answers per second count answers only.
- With \`inFlight\` the callers hold the rest back: of each of the 10 objects never more than 10 calls were at the target.
- Limits make nothing faster here, where what is outside does not suffer from many at once: a call that has waited begins in a
  turn of its own, and costs a turn more than one that begins as it comes.
- What 10,000 objects cost that make one call each is mostly their own start, whichever way they call.

${charts.join('\n\n')}
`,
  );
  format(['bench/hot/RESULTS.md']);
  console.log('hot: written: bench/hot/RESULTS.md, bench/hot/*.svg');
}
