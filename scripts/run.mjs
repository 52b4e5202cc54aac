// Entry of every npm script: sets up what is missing, then runs the script that is named with the
// project's own Node and tools first on the PATH. A signal ends this process with all that it started.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { environment, SET_UP } from './setup/setup.mjs';

/** Milliseconds: how long a script may take to clean up after a signal, and between looking whether it has. */
const PATIENCE = 10_000;
const PAUSE = 20;

/** The process group of what runs; a promise of its end once a signal has come. */
let group;
let ending;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    send(signal);
    ending ??= end();
  });
}
const isReady = (await run(process.execPath, SET_UP)) === 0 && !ending;
process.exitCode = isReady ? await run('node', ...process.argv.slice(2)) : 1;

/** Runs a script to its end and returns its status. */
async function run(node, ...args) {
  const cwd = new URL('..', import.meta.url);
  const script = spawn(node, args, { cwd, env: environment(), stdio: 'inherit', detached: true });
  group = script.pid;
  const [status] = await once(script, 'exit');
  await ending;
  return status ?? 1;
}

/** Gives the group time to end, and then ends it. */
async function end() {
  const deadline = Date.now() + PATIENCE;
  while (send(0)) {
    if (Date.now() > deadline) return send('SIGKILL');
    await setTimeout(PAUSE);
  }
}

/** Whether there was anybody to send it to. */
function send(signal) {
  try {
    return process.kill(-group, signal);
  } catch {
    return false;
  }
}
