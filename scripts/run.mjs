// Entry of every npm script: runs the named script by setup/task.mjs. A signal that ends this
// process ends all that it has started.
import { spawn } from 'node:child_process';
import { endTree } from './lib/descendants.mjs';

const task = spawn(
  process.execPath,
  [...process.execArgv, 'scripts/setup/task.mjs', ...process.argv.slice(2)],
  { cwd: new URL('..', import.meta.url), stdio: 'inherit' },
);
const ended = new Promise((resolve) => {
  task.once('exit', (status) => resolve(status ?? 1));
});
let isEnding;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    isEnding ??= endTree(task.pid, signal);
  });
}
process.exitCode = await ended;
await isEnding;
