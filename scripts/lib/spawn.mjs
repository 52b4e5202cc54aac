// How scripts run tools: with what they say on the terminal, or with it in hand; and how scripts end.
import { spawnSync } from 'node:child_process';

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

/** Gives written files the format that the lint asks for. */
export function format(files) {
  run('biome', ['format', '--write', '--log-level=error', ...files]);
}

/** Ends the script. The message begins with its name, as `build: …`. */
export function fail(message) {
  console.error(message);
  process.exit(1);
}
