// The test of the test: takes the rules of rules.txt out of the machine, one at a time, and a seed or a small world
// has to fail each time. Writes REMOVALS.md.
//
//   node tests/simulation/removals.mjs [word of a rule] [seeds]
//
// It works on a copy of the crate in target/removals. With a word it replaces what REMOVALS.md says of those rules,
// with `missing` it adds those that are not in it or were not caught.

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..');
const copy = join(root, 'target', 'removals');
const word = process.argv[2] ?? '';
const seeds = Number(process.argv[3] ?? 10_000);

/** Bytes and seconds of a test whose machine goes on for ever. */
const MOST_MEMORY_KIB = 4_000_000;
const MOST_SECONDS = 400;

/** By their words: what seeds leave, small worlds may catch; the first ones take no time. */
const TESTS = {
  pauses: 'pauses',
  'long ledgers': 'short_lives',
  deadlines: 'deadlines',
  transactions: 'transactions',
  seeds: 'every_promise_holds_in_every_world',
  'a small world': 'every_promise_holds_in_every_state',
};

mkdirSync(copy, { recursive: true });
for (const name of ['Cargo.toml', 'Cargo.lock', 'clippy.toml', 'rust-toolchain.toml']) {
  cpSync(join(root, name), join(copy, name));
}
for (const name of ['src', 'tests']) {
  rmSync(join(copy, name), { recursive: true, force: true });
  cpSync(join(root, name), join(copy, name), { recursive: true });
}

const RESULTS = join(here, 'REMOVALS.md');
const all = rules();
const rows = known();
const isMissed = (row) => /\| (NOTHING|NO BUILD|NO RULE) \|/.test(row);
const isAsked = ({ rule }) =>
  word === 'missing' ? isMissed(rows.get(rule) ?? '| NOTHING |') : rule.includes(word);
for (const each of all.filter(isAsked)) {
  const { by, what } = without(each);
  rows.set(each.rule, `| ${each.rule} | ${each.file} | ${by} | ${what} |`);
  console.log(`${by.padEnd(12)}  ${each.rule}  (${what})`);
}
const kept = all.flatMap(({ rule }) => (rows.has(rule) ? [rows.get(rule)] : []));
const missed = kept.filter(isMissed);
writeFileSync(RESULTS, report());
console.log(`${kept.length - missed.length} of ${all.length} removals were caught`);
if (missed.length > 0 || kept.length < all.length) process.exitCode = 1;

/** What was found earlier, by the rules. */
function known() {
  const lines = word !== '' && existsSync(RESULTS) ? readFileSync(RESULTS, 'utf8').split('\n') : [];
  const found = lines.filter((line) => /\| (mod|outbox|ledger|record|schedule)\.rs \|/.test(line));
  return new Map(found.map((line) => [/^\| (.*?) \|/.exec(line)[1], line]));
}

function rules() {
  const [, ...blocks] = readFileSync(join(here, 'rules.txt'), 'utf8').trimEnd().split('\n\n');
  return blocks.map((block) => {
    const [title, ...lines] = block.split('\n');
    const [, file, rule] = /^(.*?): (.*)$/.exec(title);
    const marked = (mark) =>
      lines.flatMap((line) => (line.startsWith(mark) ? [line.slice(1)] : [])).join('\n');
    return { file, rule, text: marked('-'), instead: marked('+') };
  });
}

/** How the world gets on without a rule. */
function without({ file, text, instead }) {
  const source = readFileSync(join(root, 'src', 'durable', file), 'utf8');
  const times = source.split(text).length - 1;
  if (times !== 1) return { by: 'NO RULE', what: `its text is there ${times} times` };
  const path = join(copy, 'src', 'durable', file);
  writeFileSync(
    path,
    source.replace(text, () => instead),
  );
  try {
    return run();
  } finally {
    writeFileSync(path, source);
  }
}

function run() {
  const built = spawnSync('cargo', ['test', '--offline', '--test', 'simulation', '--no-run'], {
    cwd: copy,
    env: { ...process.env, CARGO_PROFILE_TEST_DEBUG: '0', CARGO_PROFILE_TEST_OPT_LEVEL: '1' },
    encoding: 'utf8',
  });
  const binary = /Executable .* \((.*)\)/.exec(built.stderr)?.[1];
  if (binary === undefined) return { by: 'NO BUILD', what: built.stderr.slice(-2_000) };
  for (const [name, test] of Object.entries(TESTS)) {
    const { status, stdout, error } = spawnSync(
      'sh',
      ['-c', `ulimit -v ${MOST_MEMORY_KIB}; exec ${binary} ${test}`],
      {
        cwd: copy,
        env: { ...process.env, SIMULATION_SEEDS: String(seeds), SIMULATION_SHRINK: '0' },
        encoding: 'utf8',
        maxBuffer: 1 << 28,
        timeout: MOST_SECONDS * 1_000,
      },
    );
    if (status === 0) continue;
    const seed = /^seed (\d+) at \d+: (.*)/m.exec(stdout);
    if (seed) return { by: `seed ${seed[1]}`, what: plain(seed[2]) };
    const [, what] = /panicked at .*\n(.*)/.exec(stdout) ?? [];
    return {
      by: name,
      what: what ? plain(what) : `never ends: ${error ?? status}`,
    };
  }
  return { by: 'NOTHING', what: `${seeds} seeds, and every small world, get on without it` };
}

/** Without the ids and numbers of one run. */
function plain(what) {
  return what
    .replaceAll(/at \d{6,}: /g, '')
    .replaceAll(/[0-9a-f]{32}(\.\d+)?/g, 'a call')
    .slice(0, 120);
}

function report() {
  return `# Rules that were taken out

\`node tests/simulation/removals.mjs\` writes this. Each rule of the machine is taken out, alone: ${kept.length - missed.length} of
${all.length} removals were caught, by a seed (the first of ${seeds} that failed), a small world, or a test of its own.

| without the rule that | in | caught by | since |
| --- | --- | --- | --- |
${kept.join('\n')}
`;
}
