// `npm run bench:growth`: how the cost of calls grows with their number, payload, depth and targets, and
// with pending calls, in bare workerd. Writes bench/GROWTH.md and bench/growth/*.svg. Exit code 1 if
// something grows faster than linearly, and faster than with Workers RPC.
import { readFileSync, writeFileSync } from 'node:fs';
import { build } from '../scripts/build/build.mjs';
import { writeChart } from '../scripts/lib/chart.mjs';
import { format } from '../scripts/lib/spawn.mjs';
import { exponent } from '../scripts/lib/statistics.mjs';
import { bundle, serve } from '../scripts/lib/workerd.mjs';

const ROUNDS = 15;
const WARM_UP = 2;
/** An exponent above this is more than linear, not noise. */
const LINEAR = 1.1;
/** Microseconds that one sample should last, so that the clock of 1 ms can tell. */
const LASTING = 30_000;
/** MiB: room in which V8 need not copy what is alive during one sample. */
const YOUNG = 128;
const HEAD = ['| what grows | | exponent k | in the upper half |', '| --- | --- | --- | --- |'];
const RPC = { title: 'Workers RPC', way: 'rpc', style: 0 };
const ours = (way) => ({ title: 'this package', way, style: 3, isOurs: true });
/** The same with a large young generation: what the collector takes, it takes less of. */
const roomy = (way) => ({ title: `V8 with ${YOUNG} MiB young`, way, style: 1, isRoomy: true });

const VARIABLES = [
  {
    file: 'calls',
    title: 'Calls made in one turn, to one target',
    x: 'calls',
    row: 'concurrent',
    sizes: [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000],
    lines: [RPC, ours('batched'), roomy('batched')],
  },
  {
    file: 'payload',
    title: 'One call that carries a string there and back',
    x: 'characters of payload',
    row: 'payload',
    sizes: [100, 1_000, 10_000, 100_000, 1_000_000, 3_000_000],
    lines: [RPC, ours('batchedAwaited')],
  },
  {
    file: 'pending',
    title: 'One call while others are pending',
    x: 'pending calls',
    sizes: [10, 30, 100, 300, 1_000, 3_000, 10_000],
    lines: [ours('awaited')],
  },
  {
    file: 'depth',
    title: 'Nested operations: add(add(…), 1)',
    x: 'depth',
    row: 'nested',
    sizes: [1, 2, 4, 8, 16, 32, 62],
    lines: [RPC, ours('batchedAwaited')],
  },
  {
    file: 'targets',
    title: 'One call to each of several targets',
    x: 'targets',
    row: 'targets',
    sizes: [1, 3, 10, 30, 100, 300, 1_000],
    lines: [
      RPC,
      ours('batched'),
      { title: 'RPC, 30 at a time', way: 'rpc', style: 2, row: 'targets by 30' },
    ],
  },
];

build();
await bundle('bench/worker.ts', 'target/bench');
const USUAL = 'bench/workerd.capnp';
const ROOMY = withRoom(USUAL, 'target/bench/roomy.capnp');
const grown = [];
const fast = [];
for (const variable of VARIABLES) {
  const lines = await measure(variable);
  const file = `bench/growth/${variable.file}.svg`;
  writeChart(file, {
    ...{ title: variable.title, x: variable.x, y: 'µs', width: 560, height: 320 },
    lines,
  });
  const fitted = lines.map((line) => ({ ...line, ...exponentsOf(line), variable: variable.title }));
  grown.push(...fitted);
  const platform = fitted.find(({ title }) => title === RPC.title)?.upper ?? 1;
  // What the platform's own calls grow by is no doing of this package.
  const most = Math.max(LINEAR, platform + LINEAR - 1);
  fast.push(...fitted.filter(({ isOurs, upper }) => isOurs && upper > most));
}
writeFileSync('bench/GROWTH.md', page(grown));
format(['bench/GROWTH.md']);
for (const { variable, upper } of fast) {
  console.log(`growth: FASTER THAN LINEAR: ${variable}: exponent ${upper.toFixed(2)}`);
}
console.log('growth: written: bench/GROWTH.md, bench/growth/*.svg');
process.exit(fast.length === 0 ? 0 : 1);

/** The same configuration with another size of V8's young generation. */
function withRoom(config, copy) {
  const flags = `v8Flags = ["--min-semi-space-size=${YOUNG}", "--max-semi-space-size=${YOUNG}"],`;
  const text = readFileSync(config, 'utf8').replaceAll('"../target/bench/', '"');
  writeFileSync(copy, text.replace('sockets =', `${flags}\n  sockets =`));
  return copy;
}

/** Each line with its points: the least time of all rounds, in µs. */
async function measure({ title, row, sizes, lines }) {
  // A process for each line: what one leaves behind is not collected in another's time.
  const servers = [];
  for (const { isRoomy } of lines) {
    servers.push(await serve(isRoomy ? ROOMY : USUAL));
  }
  const samples = lines.flatMap(({ way, row: own = row }, line) =>
    sizes.map((size) => {
      const cell = { row: own, way, size, server: servers[line] };
      return { line, cell, size, least: Number.POSITIVE_INFINITY };
    }),
  );
  for (const sample of samples) {
    await ask(sample.cell, 3);
    // How often it has to run to last long enough.
    const times = Math.round(LASTING / (await ask(sample.cell, 3)));
    sample.times = Math.max(1, Math.min(1_000, times));
  }
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    // Up and down in turn: the collector's debts fall on other samples.
    for (const sample of round % 2 === 0 ? samples : samples.toReversed()) {
      const us = await ask(sample.cell, sample.times);
      if (round >= 0) sample.least = Math.min(sample.least, us);
    }
  }
  for (const { stop } of servers) stop();
  console.log(`growth: ${title}: measured`);
  return lines.map((line, at) => ({
    ...line,
    points: samples
      .filter((sample) => sample.line === at)
      .map(({ size, least }) => ({ x: size, y: least })),
  }));
}

/** µs for one run. */
async function ask({ row, way, size, server }, times) {
  const [path, query] = row
    ? ['measure', { row, way, size, times }]
    : ['pending', { size, times: Math.max(50, times) }];
  return ((await server.ask(path, query)) * 1_000) / query.times;
}

/** Over all sizes, and over the upper half of them, where the variable counts and not what each run costs. */
function exponentsOf({ points }) {
  return { all: exponent(points), upper: exponent(points.slice(-Math.ceil(points.length / 2))) };
}

function page(lines) {
  const rows = lines.map(({ variable, title, points, all, upper }) => {
    const [first, middle, last] = [0, -Math.ceil(points.length / 2), -1].map((at) =>
      points.at(at).x.toLocaleString('en'),
    );
    return `| ${variable} | ${title} | ${all.toFixed(2)} (${first} to ${last}) | ${upper.toFixed(2)} (${middle} to ${last}) |`;
  });
  const charts = VARIABLES.map(
    ({ file, title, x }) => `![Chart: ${title}: µs against ${x}](growth/${file}.svg)`,
  );
  return readFileSync('bench/growth/page.md', 'utf8')
    .replace('{{rounds}}', ROUNDS)
    .replace('{{table}}', [...HEAD, ...rows].join('\n'))
    .replace('{{charts}}', charts.join('\n\n'));
}
