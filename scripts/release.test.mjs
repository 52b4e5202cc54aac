// What publishes, publishes the right thing: the workflow, and the tag that starts it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { problemOf } from './check-tag.mjs';

const workflow = parse(readFileSync('.github/workflows/ci.yml', 'utf8'), { strict: true });
const { demo, test: tests, publish } = workflow.jobs;
const commands = ({ steps }) => steps.flatMap(({ run }) => run ?? []);

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
  const [check, build, last] = commands(publish);
  assert.match(check, /check-tag\.mjs/);
  assert.equal(build, 'npm run build');
  assert.equal(last, 'npm publish ./pkg --provenance --access public');
});

test('nothing but publishing may write, and actions have versions', () => {
  assert.deepEqual(workflow.permissions, { contents: 'read' });
  for (const job of [demo, tests]) assert.equal(job.permissions, undefined);
  const actions = [demo, tests, publish].flatMap(({ steps }) =>
    steps.flatMap(({ uses }) => uses ?? []),
  );
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
  assert.match(problemOf('v1.2.3', cargo, '## 1.2.3, not yet released'), /write the date/);
});

test('README gives ratios that bench/RESULTS.md has', () => {
  const rounded = [
    ...readFileSync('bench/RESULTS.md', 'utf8').matchAll(/\| (\d+(?:\.\d+)?) +(?=[|(])/g),
  ].map(([, measured]) => Math.round(Number(measured)));
  const readme = readFileSync('README.md', 'utf8').replace(/\s+/g, ' ');
  const ratios = [...readme.matchAll(/(\d+) times as fast/g)].map(([, ratio]) => Number(ratio));
  assert.ok(ratios.length >= 2);
  for (const ratio of ratios) assert.ok(rounded.includes(ratio), `${ratio} times as fast`);
});

test('pages give the size that README gives, which the build checks', () => {
  const [, size] = /adds (\d+) KiB to a Worker/.exec(readFileSync('README.md', 'utf8'));
  assert.ok(readFileSync('docs/when-not.md', 'utf8').includes(`${size} KiB (gzip)`));
});
