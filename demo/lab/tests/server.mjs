// The lab as `npm start` serves it, for its tests.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { freePort } from '../../../scripts/lib/ports.mjs';

/**
 * Starts a command that serves the lab on a free port.
 *
 * @param line - What the command says once it is as far as the test needs it.
 * @returns Its process, its port, that line, and a promise of its exit code.
 */
export async function start(command, args, line) {
  const port = await freePort();
  const child = spawn(command, [...args, '--port', `${port}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit').then(([code]) => code);
  const said = await lineOf(child, line);
  if (!said) throw new Error(`${command} ${args.join(' ')} ended with code ${await ended}`);
  return { child, port, said, ended };
}

/** The first match among the lines of its output, which is read on to its end. */
function lineOf(child, pattern) {
  return new Promise((resolve) => {
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => {
      const match = pattern.exec(line);
      if (match) resolve(match);
    });
    lines.once('close', () => resolve(undefined));
  });
}
