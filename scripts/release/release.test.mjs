// What publishes, publishes the right thing: the workflow, and the tag that starts it.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { parse } from 'yaml';
import { capture } from '../lib/spawn.mjs';
import { problemOf } from './check-tag.mjs';

const workflow = parse(readFileSync('.github/workflows/ci.yml', 'utf8'), { strict: true });
const { demo, test: tests, publish } = workflow.jobs;
const jobs = [demo, tests, publish];
const commands = ({ steps }) => steps.flatMap(({ run }) => run ?? []);
const uses = ({ steps }, action) => steps.filter((step) => step.uses?.startsWith(`${action}@`));

test('CI runs the two commands that everybody runs, and nothing else', () => {
  assert.deepEqual(commands(demo), ['npm run demo']);
  assert.deepEqual(commands(tests), ['npm test']);
  assert.ok('pull_request' in workflow.on);
});

test('a tag publishes what has been tested, with provenance', () => {
  assert.deepEqual(workflow.on.push.tags, ['v*']);
  assert.equal(publish.if, "startsWith(github.ref, 'refs/tags/v')");
  assert.deepEqual(publish.needs, ['demo', 'test']);
  assert.deepEqual(publish.permissions, { contents: 'read', 'id-token': 'write' });
  const [onMain, check, build, token, last] = commands(publish);
  assert.match(onMain, /^git merge-base/);
  assert.match(check, /check-tag\.mjs/);
  assert.equal(build, 'npm run build');
  assert.match(token, /^test -z "\$TOKEN" \|\| npm config set .*_authToken/);
  assert.equal(last, 'npm publish ./pkg --provenance --access public --tag "$DIST_TAG"');
});

test('a prerelease does not become the latest version', () => {
  const [, expression] = /^\$\{\{(.+)\}\}$/.exec(publish.steps.at(-1).env.DIST_TAG);
  const contains = (text, part) => text.includes(part);
  // What the expression uses of GitHub's language means the same in JavaScript.
  const tagOf = (name) => runInNewContext(expression, { contains, github: { ref_name: name } });
  assert.equal(tagOf('v1.2.3'), 'latest');
  assert.equal(tagOf('v1.2.3-beta.1'), 'next');
});

test('only a commit on main is published', () => {
  const [{ with: checkout }] = uses(publish, 'actions/checkout');
  assert.equal(checkout['fetch-depth'], 0);
  const folder = mkdtempSync(join(tmpdir(), 'lumenize-call-release-'));
  const git = (...args) => assert.equal(capture('git', args, { cwd: folder }).status, 0);
  const settings = ['user.name=Test', 'user.email=test@example.com', 'commit.gpgsign=false'];
  const options = settings.flatMap((setting) => ['-c', setting]);
  const commit = (message) =>
    git(...options, 'commit', '--quiet', '--allow-empty', '--message', message);
  const isPublished = () => {
    const [command, ...args] = commands(publish)[0].split(' ');
    return capture(command, args, { cwd: folder }).status === 0;
  };
  try {
    git('init', '--quiet');
    commit('tagged');
    commit('newer');
    git('update-ref', 'refs/remotes/origin/main', 'HEAD');
    git('checkout', '--quiet', 'HEAD~1');
    assert.ok(isPublished());
    commit('on no branch');
    assert.ok(!isPublished());
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the npm that publishes can be a trusted publisher', () => {
  const [{ with: node }] = uses(publish, 'actions/setup-node');
  assert.ok(node['node-version'] >= 24, 'Node 24 is the first with npm 11');
});

test('no job keeps the credentials that it was checked out with', () => {
  for (const job of jobs) {
    const checkouts = uses(job, 'actions/checkout');
    assert.equal(checkouts.length, 1);
    for (const { with: options } of checkouts) assert.equal(options['persist-credentials'], false);
  }
});

test('nothing but publishing may write, and actions have versions', () => {
  assert.deepEqual(workflow.permissions, { contents: 'read' });
  for (const job of [demo, tests]) assert.equal(job.permissions, undefined);
  const actions = jobs.flatMap(({ steps }) => steps.flatMap(({ uses: action }) => action ?? []));
  for (const action of actions) assert.match(action, /@(v\d+|[0-9a-f]{40})$/);
});

test('provenance needs the repository in the published package', () => {
  const { repository, license } = JSON.parse(readFileSync('pkg-template/package.json', 'utf8'));
  assert.match(
    readFileSync('Cargo.toml', 'utf8'),
    /^repository = "https:\/\/github\.com\/lumenize\/call"$/m,
  );
  assert.equal(repository.url, 'git+https://github.com/lumenize/call.git');
  assert.equal(license, 'MIT');
});

test('a tag is that of the version, which the changelog has with its date', () => {
  const cargo = '[package]\nversion = "1.2.3"\n';
  assert.equal(problemOf('v1.2.3', cargo, '# Changelog\n\n## 1.2.3, 2026-01-02\n'), undefined);
  assert.match(problemOf('v1.2.4', cargo, '## 1.2.3, 2026-01-02'), /Cargo.toml has version 1.2.3/);
  assert.match(problemOf('v1.2.3', cargo, '# Changelog'), /no heading '## 1.2.3/);
  assert.match(problemOf('v1.2.3', cargo, '## 1.2.34, 2026-01-02'), /no heading '## 1.2.3/);
  assert.match(problemOf('v1.2.3', cargo, '## 1.2.3, not yet released'), /write the date/);
});

test('README gives ratios that bench/RESULTS.md has', () => {
  const measured = [
    ...readFileSync('bench/RESULTS.md', 'utf8').matchAll(/\| (\d+(?:\.\d+)?) +(?=[|(])/g),
  ].map(([, number]) => number);
  const readme = readFileSync('README.md', 'utf8').replace(/\s+/g, ' ');
  const ratios = [...readme.matchAll(/([\d.]+) times as (?:fast|long)/g)].map(([, ratio]) => ratio);
  assert.ok(ratios.length >= 3);
  for (const ratio of ratios) {
    const { length: digits } = ratio.split('.')[1] ?? '';
    const isMeasured = measured.some((number) => Number(number).toFixed(digits) === ratio);
    assert.ok(isMeasured, `${ratio} times`);
  }
});

test('all pages give one figure for a single call, that of bench/RESULTS.md', () => {
  const [, measured] = /^\| one awaited `callRaw` .*\| ([\d.]+) +\|[^|]*\|$/m.exec(
    readFileSync('bench/RESULTS.md', 'utf8'),
  );
  for (const page of ['README.md', 'bench/README.md', 'docs/guide.md', 'docs/when-not.md']) {
    const text = readFileSync(page, 'utf8').replace(/\s+/g, ' ');
    const [, ratio] = /[Aa] single awaited call takes ([\d.]+) times as long/.exec(text) ?? [];
    assert.equal(ratio, measured, page);
  }
});

test('pages give the size that README gives, which the build checks', () => {
  const [, size] = /adds (\d+) KiB \(gzip\) to a Worker/.exec(readFileSync('README.md', 'utf8'));
  assert.ok(readFileSync('docs/when-not.md', 'utf8').includes(`${size} KiB (gzip)`));
});
