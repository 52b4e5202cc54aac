// `npm run vitest -- NAME`: builds, then runs the tests in workerd whose file or name is given.
import { build } from '../build/build.mjs';
import { buildFaulty } from '../build/faulty.mjs';
import { run } from '../lib/spawn.mjs';

build();
buildFaulty();
run('vitest', ['run', ...process.argv.slice(2)]);
