// Entry of every npm script: sets up what is missing, then runs the script that is named with the
// project's own Node and tools first on the PATH. A signal ends this process with all that it started.
import { once } from 'node:events';
import { end, SIGNALS, start } from './lib/spawn.mjs';
import { environment, SET_UP } from './setup/setup.mjs';

let script;
/** A promise that nothing is left, once a signal has come. */
let ending;
for (const signal of SIGNALS) {
  process.on(signal, () => {
    ending = end(script, signal);
  });
}
const isReady = (await run(process.execPath, SET_UP)) === 0 && !ending;
process.exitCode = isReady ? await run('node', ...process.argv.slice(2)) : 1;

/** Runs a script to its end and returns its status. */
async function run(node, ...args) {
  const cwd = new URL('..', import.meta.url);
  script = start(node, args, { cwd, env: environment(), stdio: 'inherit' });
  const [status] = await once(script, 'exit');
  await ending;
  return status ?? 1;
}
