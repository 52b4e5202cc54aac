// `npm run publish:dry-run`: builds pkg/ of a tree without changes, and lets npm do all of publishing it
// but sending it.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { build } from '../build/build.mjs';
import { fail } from '../lib/spawn.mjs';

const { status: isNoTree, stdout: changes } = run('git', ['status', '--porcelain'], 'pipe');
if (isNoTree) fail('publish: this is not a git work tree, so nobody could say what was published.');
if (changes) fail(`publish: commit or remove these changes first:\n${changes.trimEnd()}`);
build();
const { version } = JSON.parse(readFileSync('pkg/package.json', 'utf8'));
// As in the workflow: npm wants to be told the tag of a prerelease.
const tag = version.includes('-') ? 'next' : 'latest';
const { status } = run('npm', ['publish', './pkg', '--dry-run', '--tag', tag], 'inherit');
if (status !== 0) fail('publish: npm would not publish: see its message above.');
const { stdout: built } = run('git', ['status', '--porcelain'], 'pipe');
if (built) fail(`publish: the build changed files that git knows:\n${built.trimEnd()}`);

function run(command, args, stdout) {
  return spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', stdout, 'inherit'] });
}
