// `npm run vitest -- NAME`: builds, then runs the tests in workerd whose file or name is given.
import { spawnSync } from 'node:child_process';
import { build } from '../build/build.mjs';
import { buildFaulty } from '../build/faulty.mjs';

build();
buildFaulty();
process.exitCode = spawnSync('vitest', ['run', ...process.argv.slice(2)], {
  stdio: 'inherit',
}).status;
