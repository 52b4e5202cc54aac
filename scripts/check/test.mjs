// `npm test`: everything, in the order in which a mistake is found soonest. Its last line is
// `N passed, N failed`: each check counts as one, each test of a suite as one.
import { readFileSync, rmSync } from 'node:fs';
import { capture } from '../lib/spawn.mjs';
import { findBrowser } from '../setup/browser.mjs';
import { Remedy } from '../setup/setup.mjs';

const REPORT = 'target/vitest.json';
const VITEST = `vitest run --reporter=default --reporter=json --outputFile.json=${REPORT}`;
/** The tests in which calls are made by the facade: they must not care how the calls travel. */
const BEHAVIOUR =
  'calling cancelling deadlock errors handlers platform properties receiving recording time workers';

/** A check counts as one, unless it says itself how many passed; suites of other tools are counted in their own way. */
const CHECKS = [
  { name: 'format of Rust', run: 'cargo fmt --check' },
  { name: 'clippy, pedantic', run: 'cargo clippy --quiet --all-targets' },
  { name: 'clippy for wasm', run: 'cargo clippy --quiet --target wasm32-unknown-unknown' },
  {
    name: 'clippy for the machine of durable calls',
    run: 'cargo clippy --quiet --features durable --target wasm32-unknown-unknown',
  },
  {
    name: 'docs of Rust',
    run: 'cargo doc --quiet --no-deps',
    env: { RUSTDOCFLAGS: '-D warnings' },
  },
  {
    name: 'native tests, and durable calls in simulated worlds (about 60 seconds)',
    run: 'cargo test --quiet',
    count: cargoTests,
  },
  { name: 'build', run: 'node scripts/build/build.mjs' },
  { name: 'build with a core that can trap', run: 'node scripts/build/faulty.mjs' },
  { name: 'lint and format of TypeScript', run: 'biome check --error-on-warnings .' },
  { name: 'types of the demo', run: 'tsc --project demo' },
  { name: 'types of the page of the lab', run: 'tsc --project demo/lab/page' },
  { name: 'types of the benchmarks', run: 'tsc --project bench' },
  { name: 'types of the experiments', run: 'tsc --project experiments' },
  { name: 'what recording and pending calls cost', run: 'node bench/micro.mjs' },
  { name: 'what the types cost the compiler', run: 'node bench/types.mjs --quick' },
  { name: 'types with legacy decorators', run: 'tsc --project test-worker/tsconfig.legacy.json' },
  {
    name: 'types of the tests, and what must not compile',
    run: 'tsc --project test-worker',
    count: typeCases,
  },
  {
    name: 'what an editor shows, and what compilers say of mistakes',
    run: 'node test-editor/editor.mjs',
  },
  {
    // One file at a time: some build the package, and others read it.
    name: 'tests of the scripts and of the package',
    run: 'node --test --test-concurrency=1 --test-reporter=tap scripts/*/*.test.mjs',
    count: nodeTests,
  },
  {
    name: 'tests in workerd',
    run: VITEST,
    count: vitestTests,
    forbidden: 'An RPC stub was not disposed',
  },
  ...['alone', 'in company'].map((how) => ({
    name: `the same with each call ${how}`,
    run: `${VITEST} ${BEHAVIOUR}`,
    env: { CALLS_TRAVEL: how },
    count: vitestTests,
    forbidden: 'An RPC stub was not disposed',
  })),
  {
    name: 'a callee in another process, which dies',
    run: 'node test-worker/processes/processes.mjs',
  },
  { name: 'spans that a tail worker receives', run: 'node test-worker/tracing/tracing.mjs' },
  {
    name: '10,000 calls in flight, and 50,000 calls (about 30 seconds)',
    run: 'node test-worker/soak/soak.mjs 50000',
  },
  {
    name: 'calls in a storm of faults (about 80 seconds)',
    run: 'node test-worker/storm/storm.mjs 60',
  },
  {
    name: 'durable calls whose process is killed 60 times (about 60 seconds)',
    run: 'node test-worker/torture/torture.mjs 60',
  },
  { name: 'the benchmark, in short (about 40 seconds)', run: 'node bench/bench.mjs --quick' },
  {
    name: 'durable calls beside the same by hand, in short',
    run: 'node bench/durable/durable.mjs --quick',
  },
  {
    name: 'one object that 1,500 callers call, with limits and without (about 30 seconds)',
    run: 'node bench/hot/hot.mjs --quick',
  },
  {
    name: 'every example of the documentation, and its links (about 20 seconds)',
    run: 'node scripts/docs/examples.mjs',
  },
  { name: 'docs/api.md is what the comments say', run: 'node scripts/docs/docs.mjs --check' },
  { name: 'the experiment, in short', run: 'node experiments/calls/experiment.mjs --quick' },
  {
    name: 'the experiment as it would be deployed',
    run: 'node experiments/calls/deploy.mjs --dry-run',
  },
  {
    name: 'what durable calls need of the platform (about 15 seconds)',
    run: 'node experiments/durable/durable.mjs --quick',
  },
  { name: 'the demo', run: 'node demo/demo.mjs' },
  { name: 'the lab in Chromium (about 2 minutes)', run: 'node demo/lab/tests/lab.mjs' },
  {
    name: 'the tarball in projects of users (about 3 minutes)',
    run: 'node scripts/check/consumers.mjs',
  },
];

let passed = 0;
let failed = 0;

// Not within a check, whose output is hidden: whatever has to be installed is announced here.
try {
  process.env.CHROMIUM_PATH = findBrowser();
} catch (error) {
  if (!(error instanceof Remedy)) throw error;
  console.error(error.message);
}
for (const { name, run, env, count = stated, forbidden } of CHECKS) {
  const start = Date.now();
  process.stdout.write(`test: ${name} … `);
  rmSync(REPORT, { force: true });
  const [command, ...args] = run.split(' ');
  const { status, output } = capture(command, args, { env: { CI: '1', ...env } });
  const ok = status === 0 && !(forbidden && output.includes(forbidden));
  const counted = count(output, ok) ?? { passed: ok ? 1 : 0, failed: ok ? 0 : 1 };
  // A suite that broke before it could count a failure has failed all the same.
  if (!ok && counted.failed === 0) counted.failed = 1;
  passed += counted.passed;
  failed += counted.failed;
  const seconds = ((Date.now() - start) / 1000).toFixed(1);
  console.log(
    `${counted.failed === 0 ? 'ok' : 'FAILED'}: ${counted.passed} passed, ${counted.failed} failed (${seconds} s)`,
  );
  if (!ok) console.log(output);
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function cargoTests(output) {
  return sum(output.matchAll(/^test result: .*? (\d+) passed; (\d+) failed/gm));
}

/** What a script of our own says of itself. */
function stated(output) {
  return sum(output.matchAll(/^(\d+) passed, (\d+) failed$/gm));
}

function nodeTests(output) {
  return sum(output.matchAll(/^# pass (\d+)\n# fail (\d+)/gm));
}

function vitestTests() {
  try {
    const { numPassedTests, numFailedTests, numTotalTests } = JSON.parse(
      readFileSync(REPORT, 'utf8'),
    );
    // A test that neither passed nor failed was skipped, which nothing here may be.
    return {
      passed: numPassedTests,
      failed: numFailedTests + (numTotalTests - numPassedTests - numFailedTests),
    };
  } catch {
    return undefined;
  }
}

/** The cases that must not compile are as many as the compiler was told to expect. */
function typeCases(_, ok) {
  const files = ['types', 'bound', 'durable'].map((name) => `test-worker/${name}.test-d.ts`);
  const cases = files
    .map((file) => readFileSync(file, 'utf8').match(/@ts-expect-error:|expectTypeOf\(/g).length)
    .reduce((total, each) => total + each, 0);
  return ok ? { passed: cases, failed: 0 } : undefined;
}

function sum(matches) {
  const counts = [...matches];
  if (counts.length === 0) return undefined;
  const column = (index) => counts.reduce((total, match) => total + Number(match[index]), 0);
  return { passed: column(1), failed: column(2) };
}
