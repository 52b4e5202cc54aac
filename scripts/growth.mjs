// `npm run bench:growth`: how the cost of calls grows with their number, payload, depth and targets, and
// with pending calls, in bare workerd. Writes bench/GROWTH.md and bench/growth/*.svg. Exit code 1 if
// something grows faster than linearly.
import { writeFileSync } from 'node:fs';
import { build } from './build.mjs';
import { writeChart } from './chart.mjs';
import { exponent, median } from './statistics.mjs';
import { bundle, serve } from './workerd.mjs';

const ROUNDS = 9;
const WARM_UP = 2;
/** An exponent above this is more than linear, not noise. */
const LINEAR = 1.1;
/** Microseconds that one sample should last, so that the clock of 1 ms can tell. */
const LASTING = 30_000;
const TITLES = {
  rpc: 'Workers RPC',
  batched: 'this package',
  batchedAwaited: 'this package',
  awaited: 'this package',
};

const VARIABLES = [
  {
    file: 'calls',
    title: 'Calls made in one turn, to one target',
    x: 'calls',
    row: 'concurrent',
    sizes: [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000],
    ways: ['rpc', 'batched'],
  },
  {
    file: 'payload',
    title: 'One call that carries a string there and back',
    x: 'characters of payload',
    row: 'payload',
    sizes: [100, 1_000, 10_000, 100_000, 1_000_000, 3_000_000],
    ways: ['rpc', 'batchedAwaited'],
  },
  {
    file: 'pending',
    title: 'One call while others are pending',
    x: 'pending calls',
    sizes: [10, 30, 100, 300, 1_000, 3_000, 10_000],
    ways: ['awaited'],
  },
  {
    file: 'depth',
    title: 'Nested operations: add(add(…), 1)',
    x: 'depth',
    row: 'nested',
    sizes: [1, 2, 4, 8, 16, 32, 62],
    ways: ['rpc', 'batchedAwaited'],
  },
  {
    file: 'targets',
    title: 'One call to each of several targets',
    x: 'targets',
    row: 'targets',
    sizes: [1, 3, 10, 30, 100, 300, 1_000],
    ways: ['rpc', 'batched'],
  },
];

build();
await bundle('bench/worker.ts', 'target/bench');
const { url, stop } = await serve('bench/workerd.capnp');
process.once('exit', stop);
const grown = [];
for (const variable of VARIABLES) {
  const lines = await measure(variable);
  const file = `bench/growth/${variable.file}.svg`;
  writeChart(file, {
    ...{ title: variable.title, x: variable.x, y: 'µs', width: 560, height: 320 },
    lines,
  });
  for (const line of lines) grown.push({ ...variable, ...line, variable: variable.title, ...fit(line) });
}
writeFileSync('bench/GROWTH.md', page(grown));
const fast = grown.filter(({ upper, isOurs }) => isOurs && upper > LINEAR);
for (const { variable, upper } of fast) {
  console.log(`growth: FASTER THAN LINEAR: ${variable}: exponent ${upper.toFixed(2)}`);
}
console.log('growth: written: bench/GROWTH.md, bench/growth/*.svg');
process.exit(fast.length === 0 ? 0 : 1);

/** For each way, a line of medians in µs. */
async function measure({ title, row, sizes, ways }) {
  const samples = new Map();
  for (const size of sizes) {
    for (const way of ways) {
      // How often it has to run to last long enough, by a run of its own, which also warms up.
      const once = await ask(row, way, size, 2);
      const times = Math.max(1, Math.min(1_000, Math.round(LASTING / once)));
      samples.set(`${size} ${way}`, { row, way, size, times, each: [] });
    }
  }
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    for (const { row, way, size, times, each } of samples.values()) {
      const us = await ask(row, way, size, times);
      if (round >= 0) each.push(us);
    }
  }
  console.log(`growth: ${title}: measured`);
  return ways.map((way) => ({
    title: TITLES[way],
    isOurs: way !== 'rpc',
    style: way === 'rpc' ? 0 : 3,
    points: sizes.map((x) => ({ x, y: median(samples.get(`${x} ${way}`).each) })),
  }));
}

/** µs for one run. */
async function ask(row, way, size, times) {
  const [path, query] = row
    ? ['measure', { row, way, size, times }]
    : ['pending', { size, times }];
  const response = await fetch(`${url}/${path}?${new URLSearchParams(query)}`);
  if (!response.ok) throw new Error(`${path} ${JSON.stringify(query)}: ${await response.text()}`);
  return ((await response.json()) * 1_000) / times;
}

/** Over all sizes, and over the upper half of them, where the variable counts and not what each run costs. */
function fit({ points }) {
  return { all: exponent(points), upper: exponent(points.slice(-Math.ceil(points.length / 2))) };
}

function page(lines) {
  const first = (points) => points[0].x.toLocaleString('en');
  const rows = lines.map(({ variable, title, points, all, upper }) => {
    const middle = points.at(-Math.ceil(points.length / 2)).x.toLocaleString('en');
    const last = points.at(-1).x.toLocaleString('en');
    return `| ${variable} | ${title} | ${all.toFixed(2)} (${first(points)} to ${last}) | ${upper.toFixed(2)} (${middle} to ${last}) |`;
  });
  const charts = VARIABLES.map(({ file, title }) => `![Chart: ${title}](growth/${file}.svg)`);
  return `# How cost grows

Written by \`npm run bench:growth\`, in bare workerd: medians of ${ROUNDS} interleaved rounds. Times are this
machine's; what counts is how they grow. The exponent k is that of cost = c · nᵏ, fitted by least squares
to the logarithms: 0 is constant, 1 is linear. Below 1, a part that does not grow is shared by more. The
upper half of the range says how it goes on.

| what grows | | exponent | in the upper half |
| --- | --- | --- | --- |
${rows.join('\n')}

${charts.join('\n\n')}
`;
}
