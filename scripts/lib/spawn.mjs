// How scripts run tools: to their end, with what they say on the terminal or in hand, or beside the script; and
// how scripts end.
import { spawn, spawnSync } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { descendantsOf } from './processes.mjs';

/** What asks a script to end. */
export const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** Milliseconds: how long a tool may take to end after a signal, and between looking whether it has. */
const PATIENCE = 10_000;
const PAUSE = 20;
/** What runs beside this script. */
const running = new Set();
/** Whether it is seen to that they end with this script. */
let endsWithThis = false;

/** Runs a tool to its end, with its output on the terminal. If it fails, so does the script. */
export function run(command, args, env = {}) {
  const { status, error } = spawnSync(command, args, {
    env: { ...process.env, ...env },
    stdio: 'inherit',
  });
  if (status !== 0) fail(`${command} failed: ${error?.message ?? 'see its message above'}.`);
}

/** Runs a tool to its end. Returns its status, and what it said: all of it in `output`. */
export function capture(command, args, { cwd, env } = {}) {
  const result = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, ...env },
    maxBuffer: 2 ** 28,
  });
  return { ...result, output: [result.stdout, result.stderr, result.error].join('') };
}

/** Starts a tool beside this script, in a process group of its own, which ends when the script does. */
export function start(command, args, options) {
  if (!endsWithThis) endWithThis();
  const tool = spawn(command, args, { ...options, detached: true });
  running.add(tool);
  tool.once('exit', () => running.delete(tool));
  return tool;
}

/** Sends a signal to a tool that was started, and to all that it started in its turn. */
export function stop({ pid }, signal = 'SIGTERM') {
  try {
    return process.kill(-pid, signal);
  } catch {
    return false; // Nobody is left.
  }
}

/**
 * Ends a tool that was started, and waits until nobody is left of all that it started in its turn. What has a
 * group of its own is the tool's to end: it is waited for all the same.
 */
export async function end(tool, signal = 'SIGTERM') {
  const below = descendantsOf(tool.pid).map(({ group }) => ({ pid: group }));
  const deadline = Date.now() + PATIENCE;
  stop(tool, signal);
  for (
    let left = [tool, ...below];
    left.length > 0;
    left = left.filter((group) => stop(group, 0))
  ) {
    if (Date.now() > deadline) {
      for (const group of left) stop(group, 'SIGKILL');
      return;
    }
    await setTimeout(PAUSE);
  }
}

/** A script that listens for signals itself sees to its end by itself. */
function endWithThis() {
  endsWithThis = true;
  for (const signal of SIGNALS) {
    process.once(signal, () => process.listenerCount(signal) > 0 || process.exit(1));
  }
  process.once('exit', () => {
    for (const tool of running) stop(tool, 'SIGKILL');
  });
}

/** Gives written files the format that the lint asks for. */
export function format(files) {
  run('biome', ['format', '--write', '--log-level=error', ...files]);
}

/** Ends the script. The message begins with its name, as `build: …`. */
export function fail(message) {
  console.error(message);
  process.exit(1);
}
