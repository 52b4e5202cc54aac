// How scripts run tools: to their end, with what they say on the terminal or in hand, or beside the script; and
// how scripts end.
import { spawn, spawnSync } from 'node:child_process';

/** What runs beside this script. */
const running = new Set();

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
  if (running.size === 0) endWithThis();
  const tool = spawn(command, args, { ...options, detached: true });
  running.add(tool);
  return tool;
}

/** Ends a tool that was started, with all that it started in its turn. */
export function stop({ pid }, signal = 'SIGTERM') {
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended by itself.
  }
}

function endWithThis() {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));
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
