// `npm run publish:dry-run`: builds pkg/ of a tree without changes, and lets npm do all of publishing it
// but sending it.
import { readFileSync } from 'node:fs';
import { build } from '../build/build.mjs';
import { capture, fail, run } from '../lib/spawn.mjs';

const changes = () => capture('git', ['status', '--porcelain']);
const { status, stdout } = changes();
if (status) fail('publish: this is not a git work tree, so nobody could say what was published.');
if (stdout) fail(`publish: commit or remove these changes first:\n${stdout.trimEnd()}`);
build();
const { version } = JSON.parse(readFileSync('pkg/package.json', 'utf8'));
// As in the workflow: npm wants to be told the tag of a prerelease.
run('npm', ['publish', './pkg', '--dry-run', '--tag', version.includes('-') ? 'next' : 'latest']);
const { stdout: built } = changes();
if (built) fail(`publish: the build changed files that git knows:\n${built.trimEnd()}`);
