// `npm run bench`: this package beside Workers RPC, in bare workerd, both in one run, in interleaved
// rounds. Sizes first, then times; each budget with what it must be, what is aimed at and what was
// measured. Exit code 1 if a must is missed. `-- --quick` is short, for `npm test`: only the ratios
// count, with half of what they must be.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { BUDGETS, build } from '../scripts/build/build.mjs';
import { conclude, count } from '../scripts/lib/checks.mjs';
import { format } from '../scripts/lib/spawn.mjs';
import { median, ratio as ratioOfSamples, spread } from '../scripts/lib/statistics.mjs';
import { serveTraced } from '../scripts/lib/tracing/serve.mjs';
import { bundle, serve } from '../scripts/lib/workerd.mjs';

const IS_QUICK = process.argv.includes('--quick');
const ROUNDS = IS_QUICK ? 7 : 21;
/**
 * Milliseconds that each way runs before it counts: where there is a budget, until the engine has collected
 * all of its memory once and settled on the room that it takes.
 */
const WARM_UP = IS_QUICK ? { budget: 400, other: 200 } : { budget: 3_000, other: 500 };
const WAYS = ['rpc', 'floor', 'awaited', 'handler', 'batched', 'batchedAwaited', 'unhandled'];
const TITLES = {
  rpc: 'Workers RPC',
  floor: 'by hand, one message',
  awaited: 'V1: awaited, alone',
  handler: 'V2: handler, alone',
  batched: 'V3: handler, batched',
  batchedAwaited: 'awaited, batched',
  unhandled: 'no handler, batched',
};
/** Milliseconds, for a clock that shows whole ones, and not so long that the machine changes meanwhile. */
const SAMPLE = IS_QUICK ? 20 : 50;
const MICROSECONDS_OF_A_CALL = 50;
/** How often a row of single calls runs for one sample. */
const TIMES = (SAMPLE * 1_000) / MICROSECONDS_OF_A_CALL;
const DEPTHS = [1, 2, 4, 8, 16];
const NESTED = ['rpc', 'batchedAwaited'];
const TARGETS = ['rpc', 'rpcKept', 'awaited', 'handler', 'batched'];
/** Each row: its size, how often it runs for one sample, and which ways it has. */
const ROWS = [
  { row: 'concurrent', size: 1, times: TIMES, ways: WAYS.slice(0, -1), hasBudget: true },
  { row: 'concurrent', size: 10, times: TIMES / 5 },
  { row: 'concurrent', size: 50, times: 24 },
  { row: 'concurrent', size: 200, times: 6, hasBudget: true },
  { row: 'listening', size: 200, times: 6, ways: ['batched'], hasBudget: true },
  { row: 'concurrent', size: 1_000, times: 2, hasBudget: true },
  { row: 'targets', size: 200, times: 4, ways: TARGETS, hasBudget: true },
  { row: 'nested', size: 1, times: TIMES, ways: NESTED, hasBudget: true },
  ...(IS_QUICK
    ? []
    : [
        { row: 'concurrent', size: 10_000, times: 1 },
        { row: 'context', size: 200, times: 6, ways: ['batchedAwaited'] },
        { row: 'traced', size: 200, times: 1, ways: ['rpc', 'batched'], isTraced: true },
        { row: 'spans by hand', size: 200, times: 1, ways: ['floor'], isTraced: true },
        ...[100, 10_000].map((size) => ({ row: 'payload', size, times: TIMES / 4 })),
        { row: 'payload', size: 1_000_000, times: 8 },
        ...[100, 10_000].map((size) => ({ row: 'payload by 20', size, times: 20 })),
        ...DEPTHS.slice(1).map((size) => ({ row: 'nested', size, times: TIMES / 2, ways: NESTED })),
      ]),
];
/** Ways that put many calls into one message: they run so many times more often for one sample. */
const FAST = { ways: ['floor', 'batched', 'batchedAwaited', 'unhandled'], more: 8, from: 50 };
/** Budgets of ratios: of the samples of one cell to those of another. */
const RATIOS = [
  {
    what: 'one awaited `callRaw` ÷ one Workers RPC call',
    limits: ['≤', 1.15, 1.05],
    of: ['concurrent 1 batchedAwaited', 'concurrent 1 rpc'],
  },
  {
    what: 'one `call` with handler ÷ one Workers RPC call',
    limits: ['≤', 1.2, 1.1],
    of: ['concurrent 1 batched', 'concurrent 1 rpc'],
  },
  {
    what: '200 concurrent `call`s: Workers RPC ÷ ours',
    limits: ['≥', 12, 25],
    of: ['concurrent 200 rpc', 'concurrent 200 batched'],
  },
  {
    what: '1,000 concurrent `call`s: Workers RPC ÷ ours',
    limits: ['≥', 15, 35],
    of: ['concurrent 1000 rpc', 'concurrent 1000 batched'],
  },
  {
    what: '200 calls to 200 targets ÷ the same by Workers RPC',
    limits: ['≤', 1.15, 1.05],
    of: ['targets 200 batched', 'targets 200 rpc'],
  },
  {
    what: '`add(add(1,10), add(100,1000))`: three awaited RPC calls ÷ ours',
    limits: ['≥', 2.5, 3],
    of: ['nested 1 rpc', 'nested 1 batchedAwaited'],
  },
  {
    what: '200 calls while somebody listens ÷ while nobody does',
    limits: ['≤', 1.6, 1.2],
    of: ['listening 200 batched', 'concurrent 200 batched'],
  },
  {
    what: '199 fast calls beside one slow ÷ without it',
    limits: ['≤', 1.5, 1.1],
    of: ['beside a slow one 1 batchedAwaited', 'beside a slow one 0 batchedAwaited'],
  },
];
const SLOW_CALLS = 199;
const PENDING = IS_QUICK ? [] : [10, 100, 1_000, 10_000];

const sizes = build();
await bundle('bench/worker.ts', 'target/bench');
const results = new Map();
console.log(`bench: ${ROUNDS} rounds of each row, interleaved, after warm-up`);
for (const [at, row] of ROWS.entries()) {
  await sampleInTurn(cellsOf(row), row.hasBudget ? WARM_UP.budget : WARM_UP.other);
  if (!IS_QUICK) console.log(`bench: ${at + 1} of ${ROWS.length + 2}`);
}
await sampleInTurn([0, 1].map(slowCell), WARM_UP.budget);
await sampleTheRest();

const lines = [...sizeLines(), ...timeLines()];
console.log(`\n${table(lines)}\n`);
if (!IS_QUICK) {
  console.log(details());
  writeFileSync('bench/RESULTS.md', report());
  format(['bench/RESULTS.md']);
  mkdirSync('target/bench', { recursive: true });
  const json = Object.fromEntries(
    [...results].map(([name, samples]) => [name, { ...spread(samples), samples }]),
  );
  const all = JSON.stringify({ lines, results: json }, null, 2);
  writeFileSync('target/bench/results.json', `${all}\n`);
  console.log('bench: wrote bench/RESULTS.md; every sample is in target/bench/results.json');
}
const missed = lines.filter(({ isMet }) => !isMet);
for (const { what } of missed) console.log(`bench: MISSED: ${what}`);
count({ passed: lines.length - missed.length, failed: missed.length });
conclude();

/** One cell for each way of a row. */
function cellsOf({ row, size, times, ways = WAYS, isTraced }) {
  return ways.map((way) => {
    const isFast = row !== 'payload' && size >= FAST.from && FAST.ways.includes(way);
    const runs = times * (isFast ? FAST.more : 1);
    const query = { row, way, size, times: runs };
    return { name: key(row, size, way), path: 'measure', query, isTraced };
  });
}

/** Fast calls beside a slow one, or without. */
function slowCell(slow) {
  const times = IS_QUICK ? 60 : 120;
  const name = key('beside a slow one', slow, 'batchedAwaited');
  return { name, path: 'slow', query: { slow, size: SLOW_CALLS, times } };
}

/**
 * Takes a sample of each cell in each round. A cell has a process of its own: what the runtime allocates for a
 * message lives until the engine collects all of its memory, and in one process that would be paid by
 * whoever runs when the time has come, most of it not his.
 */
async function sampleInTurn(cells, warmUp) {
  const servers = await Promise.all(
    cells.map(({ isTraced }) =>
      isTraced
        ? serveTraced('bench/workerd.capnp', { keepsNothing: true })
        : serve('bench/workerd.capnp'),
    ),
  );
  try {
    for (const [at, { path, query }] of cells.entries()) {
      for (let ms = 0; ms < warmUp; ) ms += Math.max(1, await servers[at].ask(path, query));
    }
    for (let round = 0; round < ROUNDS; round++) {
      for (const [at, { name, path, query, isTraced }] of cells.entries()) {
        const ms = await (isTraced ? untilTraced : askOnce)(servers[at], path, query);
        sample(name, (ms * 1_000) / query.times);
      }
    }
  } finally {
    for (const { stop } of servers) stop();
  }
}

function askOnce({ ask }, path, query) {
  return ask(path, query);
}

/** Spans leave after what they are of has ended: what they cost is seen from outside only. */
async function untilTraced({ ask }, path, query) {
  const start = performance.now();
  await ask(path, query);
  await ask('spans');
  return performance.now() - start;
}

async function sampleTheRest() {
  const { ask, stop } = await serve('bench/workerd.capnp');
  try {
    for (let round = 0; round < 7; round++) {
      for (const size of PENDING) {
        const ms = await ask('pending', { size, times: 200 });
        sample(key('pending', size, 'awaited'), (ms * 1_000) / 200);
      }
      sample(key('start', 1, 'core'), (await ask('start', { times: 500 })) * 1_000);
    }
  } finally {
    stop();
  }
}

function key(row, size, way) {
  return `${row} ${size} ${way}`;
}

function sample(name, value) {
  if (!results.has(name)) results.set(name, []);
  results.get(name).push(value);
}

function sizeLines() {
  return Object.entries(BUDGETS).map(([name, { what, must, aim }]) =>
    budget(`${what}, gzip, KiB`, '≤', must / 1024, aim / 1024, sizes[name] / 1024),
  );
}

function ratio(over, under) {
  return ratioOfSamples(results.get(over), results.get(under));
}

function timeLines() {
  const start = median(results.get(key('start', 1, 'core'))) / 1_000;
  return [
    ...RATIOS.map(({ what, limits, of }) => budget(what, ...limits, ratio(...of))),
    budget('start of the core in workerd, ms', '≤', 2, 1, start),
  ];
}

/** What has to be met, and what is aimed at. A quick run forgives as much again. */
function budget(what, limit, must, aim, measured) {
  const isWithin = (most, times = 1) =>
    limit === '≤' ? measured <= most * times : measured >= most / times;
  const isMet = isWithin(must, IS_QUICK ? 2 : 1);
  return { what, must: `${limit} ${must}`, aim, measured, isMet, isAimed: isWithin(aim) };
}

/** What bench/RESULTS.md says: ratios only, since times of one machine are nobody else's. */
function report() {
  const { version } = JSON.parse(readFileSync('node_modules/workerd/package.json', 'utf8'));
  const [{ model }] = cpus();
  const machine = `workerd ${version}, ${cpus().length} × ${model.trim()}, shared with other work`;
  return [
    '# One run of the benchmark',
    '',
    `Written by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}: ${machine}.`,
    '[README.md](README.md) says what is measured and how.',
    '',
    table(lines),
    '',
    details(),
    'Two budgets are kept by `npm run soak`, which `npm test` runs in short: 10,000 calls in flight in one',
    'object, each handler once and none lost; and wasm memory that is the same after 1,000,000 calls as',
    'after 10,000.',
    '',
  ].join('\n');
}

function table(rows) {
  const verdict = ({ isMet, isAimed }) => (isMet ? (isAimed ? '' : 'aim missed') : 'MUST MISSED');
  return [
    '| what | must | aim | measured | |',
    '| --- | --- | --- | --- | --- |',
    ...rows.map(
      (line) =>
        `| ${line.what} | ${line.must} | ${line.aim} | ${line.measured.toFixed(2)} | ${verdict(line)} |`,
    ),
  ].join('\n');
}

/** Every cell as its ratio to Workers RPC in the same run, with the spread of its samples. */
function details() {
  const compared = ROWS.filter(({ ways = WAYS, isTraced }) => ways.includes('rpc') && !isTraced);
  const rows = compared.map(({ row, size, ways = WAYS }) => {
    const cells = WAYS.map((way) => {
      if (!ways.includes(way)) return '';
      const times = ratio(key(row, size, 'rpc'), key(row, size, way)).toFixed(2);
      const { relative } = spread(results.get(key(row, size, way)));
      return `${times} (±${(relative * 100).toFixed(0)} %)`;
    });
    return `| ${row} | ${size.toLocaleString('en')} | ${cells.join(' | ')} |`;
  });
  return [
    'How many times as fast as Workers RPC in the same run, with half the spread between quartiles:',
    '',
    `| row | size | ${WAYS.map((way) => TITLES[way]).join(' | ')} |`,
    `| --- | --- | ${WAYS.map(() => '---').join(' | ')} |`,
    ...rows,
    '',
    'Beside these:',
    '',
    `- 200 calls with \`{ context }\` ÷ without: ${beside('context 200 batchedAwaited', 'concurrent 200 batchedAwaited')}`,
    `- 200 calls whose request is traced ÷ not traced: ${beside('traced 200 batched', 'concurrent 200 batched')}`,
    `- 200 calls whose request is traced ÷ as many spans by hand, and no calls: ${beside('traced 200 batched', 'spans by hand 200 floor')}`,
    `- 200 calls whose request is traced, Workers RPC ÷ ours: ${beside('traced 200 rpc', 'traced 200 batched')}`,
    `- 200 calls to 200 targets ÷ Workers RPC on stubs that are kept: ${beside('targets 200 batched', 'targets 200 rpcKept')}`,
    '',
  ].join('\n');
}

function beside(over, under) {
  return ratio(over, under).toFixed(2);
}
