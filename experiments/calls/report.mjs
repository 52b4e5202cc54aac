// Writes experiments/RESULTS.md and its charts. A run here and a run of a deployed worker each have their
// section, and leave the other's as it is.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, platform, release, totalmem } from 'node:os';
import { writeChart } from '../../scripts/lib/chart.mjs';
import { format } from '../../scripts/lib/spawn.mjs';
import { median, ratio, spread } from '../../scripts/lib/statistics.mjs';

const FILE = 'experiments/RESULTS.md';
const NOT_YET = {
  local: 'None is recorded yet: `npm run experiment`.',
  deployed:
    'None is recorded yet. `npm run experiment:deploy` deploys the worker to an account of yours and ' +
    'prints its address, `npm run experiment -- --url https://…` writes this section, and ' +
    '`npm run experiment:deploy -- delete` deletes the worker again: whoever knows its address can run it.',
};

/** Returns the files that were written. */
export function writeReport(run) {
  const place = run.url ? 'deployed' : 'local';
  const files = ['time', 'ratio'].map((what) => `experiments/calls/${place}-${what}.svg`);
  const ways = run.variations.filter(({ name }) => name !== 'empty');
  const usable = { ...run, ways, times: timesOf(run, ways) };
  drawCharts(usable, files);
  writePage({ [place]: section(usable, files) });
  return [FILE, ...files];
}

/** Writes the page with these sections, and those that it has. */
export function writePage(sections = {}) {
  writeFileSync(FILE, page({ ...savedSections(), ...sections }));
  format([FILE]);
}

/** For each size and way, ms for one operation in each round, with the empty run of that round taken off. */
function timesOf({ cells, sizes }, ways) {
  const times = new Map();
  for (const size of sizes) {
    const empty = cells.get(`${size} empty`).samples;
    for (const { name } of ways) {
      const { samples, trouble } = cells.get(`${size} ${name}`);
      const each = samples.map((ms, round) => (ms - empty[round]) / size);
      times.set(`${size} ${name}`, trouble || empty.length < samples.length ? [] : each);
    }
  }
  return times;
}

function drawCharts({ ways, sizes, times, url }, [timeFile, ratioFile]) {
  const where = url ? 'deployed' : 'in workerd on one machine';
  const lines = (names, value) =>
    names
      .map(({ name, title }) => ({
        ...{ title, style: ways.findIndex((way) => way.name === name) },
        points: sizes
          .filter((size) => times.get(`${size} ${name}`).length > 0)
          .map((size) => ({ x: size, y: value(size, name) }))
          .filter(({ y }) => y > 0),
      }))
      .filter(({ points }) => points.length > 0);
  const x = 'operations at once';
  writeChart(timeFile, {
    ...{ title: `Time for one operation, ${where}`, x, y: 'ms per operation' },
    lines: lines(ways, (size, name) => median(times.get(`${size} ${name}`))),
  });
  writeChart(ratioFile, {
    ...{ title: `Time as a part of that of Workers RPC, ${where}`, x, y: 'times Workers RPC' },
    level: { at: 1, title: 'Workers RPC' },
    lines: lines(
      ways.filter(({ name }) => name !== 'rpc'),
      (size, name) => ratio(times.get(`${size} ${name}`), times.get(`${size} rpc`)),
    ),
  });
}

function section(run, [timeFile, ratioFile]) {
  const { ways, sizes, times, cells, rounds } = run;
  const cell = (size, name, text) => cells.get(`${size} ${name}`).trouble ?? text();
  const table = (titles, row) => [
    `| at once | ${titles.join(' | ')} |`,
    `| ---: | ${titles.map(() => '---:').join(' | ')} |`,
    ...sizes.map((size) => `| ${size.toLocaleString('en')} | ${row(size).join(' | ')} |`),
  ];
  const others = ways.filter(({ name }) => name !== 'rpc');
  return [
    ...environment(run),
    '',
    `ms for one operation, median of ${rounds} rounds (± half the distance between the quartiles):`,
    '',
    ...table([...ways.map(({ title }) => title), 'taken off: empty run, ms'], (size) => [
      ...ways.map(({ name }) => cell(size, name, () => withSpread(times.get(`${size} ${name}`)))),
      median(cells.get(`${size} empty`).samples).toFixed(2),
    ]),
    '',
    `![Chart: ms per operation against operations at once](${timeFile.replace('experiments/', '')})`,
    '',
    'Time as a part of that of Workers RPC, median of the ratios within each round; below 1 is faster:',
    '',
    ...table(
      others.map(({ title }) => title),
      (size) =>
        others.map(({ name }) =>
          cell(size, name, () =>
            ratio(times.get(`${size} ${name}`), times.get(`${size} rpc`)).toFixed(2),
          ),
        ),
    ),
    '',
    `![Chart: time over that of Workers RPC](${ratioFile.replace('experiments/', '')})`,
    '',
    ...besideReported(run),
    '',
    outcome(run),
  ].join('\n');
}

/** What the package began with: where these figures come from stands on the page. */
const REPORTED = [
  ['first version', '26.84', '45; with 50 it hung', undefined],
  ['Workers RPC', '3.44', '200', 'rpc'],
  ['V1: awaited', '1.32', '100', 'v1'],
  ['V2: handler', '3.60', '200', 'v2'],
  ['V3: batched', '', '', 'v3'],
];

function besideReported({ times, sizes }) {
  const ours = (name, size) => {
    const samples = times.get(`${size} ${name}`) ?? [];
    return samples.length > 0 ? median(samples).toFixed(4) : '';
  };
  const [size] = sizes.filter((each) => each === 200);
  return [
    'Beside what was reported of the first version and its successors, in production (see below); the two',
    "columns of ms do not compare with each other, the rows of one do, but for V1's:",
    '',
    `| way | reported, ms per operation | at once | this run, ms per operation, ${size} at once |`,
    '| --- | ---: | --- | ---: |',
    ...REPORTED.map(
      ([title, ms, count, name]) =>
        `| ${title} | ${ms} | ${count} | ${name ? ours(name, size) : 'not rebuilt'} |`,
    ),
  ];
}

function environment({ url, colo, hang }) {
  const version = (name) =>
    JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
  const driver = `Node ${process.versions.node} on ${platform()} ${release()}`;
  const cores = `${cpus().length} × ${cpus()[0].model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
  const where = url
    ? `A deployed worker, reached through Cloudflare's data centre ${colo ?? '(not said)'}; driver: ${driver}.`
    : `workerd ${version('workerd')}; driver: ${driver}; ${cores}, shared with other work.`;
  return [
    `${new Date().toISOString().slice(0, 10)}. ${where} A cell would have counted as hung after ${hang} s without progress.`,
  ];
}

function withSpread(samples) {
  const { median: middle, relative } = spread(samples);
  return `${middle.toFixed(middle < 0.1 ? 4 : 3)} ±${(relative * 100).toFixed(0)} %`;
}

function outcome({ cells }) {
  const troubled = [...cells.values()].filter(({ trouble }) => trouble);
  if (troubled.length === 0) {
    return `All ${cells.size} cells ended, with every result right as asked from outside. None hung.`;
  }
  const list = troubled.map(
    ({ operations, variation, trouble }) => `- ${variation}, ${operations} at once: ${trouble}`,
  );
  return [
    `${troubled.length} of ${cells.size} cells did not end as they should:`,
    '',
    ...list,
  ].join('\n');
}

const marks = (place) => [`<!-- ${place} -->\n`, `\n<!-- end of ${place} -->`];

function savedSections() {
  const text = existsSync(FILE) ? readFileSync(FILE, 'utf8') : '';
  return Object.fromEntries(
    Object.entries(NOT_YET).map(([place, otherwise]) => {
      const [begin, end] = marks(place);
      const [, rest] = text.split(begin);
      return [place, rest?.split(end)[0] ?? otherwise];
    }),
  );
}

function page(sections) {
  const text = readFileSync('experiments/calls/page.md', 'utf8');
  return Object.entries(sections).reduce(
    (whole, [place, content]) => whole.replace(`{{${place}}}`, () => marks(place).join(content)),
    text,
  );
}
