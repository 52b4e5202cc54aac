// What scripts/run.mjs runs for every npm script: sets up what is missing, then runs the named script
// with the project's own Node and tools first on the PATH.
import { spawnSync } from 'node:child_process';
import { Remedy, setUp } from './setup.mjs';

const [script, ...args] = process.argv.slice(2);
try {
  const env = await setUp();
  const { status, signal } = spawnSync('node', [script, ...args], {
    cwd: new URL('../..', import.meta.url),
    env,
    stdio: 'inherit',
  });
  process.exitCode = signal ? 1 : status;
} catch (error) {
  if (!(error instanceof Remedy)) throw error;
  console.error(`\n${error.message}`);
  process.exitCode = 1;
}
