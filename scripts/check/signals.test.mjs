// What ends an npm script ends all that it started.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { descendantsOf, processes } from '../lib/processes.mjs';

/** Milliseconds between two looks at what runs. */
const PAUSE = 50;
/** A script that waits for one tool after the other, and one beside which two groups of processes run. */
const SCRIPTS = [
  { name: 'npm test', command: 'npm', args: ['test'], starts: 'cargo' },
  {
    name: 'one with wrangler beside it',
    command: 'node',
    args: ['scripts/run.mjs', 'test-worker/processes/processes.mjs'],
    starts: 'workerd',
  },
];

for (const { name, command, args, starts } of SCRIPTS) {
  for (const signal of ['SIGTERM', 'SIGINT']) {
    test(`${signal} to ${name}`, { timeout: 60_000 }, async () => {
      const script = spawn(command, args, { detached: true, stdio: 'ignore' });
      const ended = once(script, 'exit');
      let below = [];
      while (!below.some(({ name }) => name === starts)) {
        assert.equal(script.exitCode, null, 'it has ended too early');
        await setTimeout(PAUSE);
        below = descendantsOf(script.pid);
      }
      script.kill(signal);
      const [status] = await ended;
      assert.notEqual(status, 0);
      const groups = new Set(below.map(({ group }) => group));
      assert.deepEqual(
        processes().filter(({ group }) => groups.has(group)),
        [],
      );
    });
  }
}

test('no npm script leaves a shell between npm and itself, which would keep signals from it', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
  for (const script of Object.values(scripts)) {
    const [, path] = /^exec node scripts\/run\.mjs (\S+\.mjs)$/.exec(script) ?? [];
    assert.ok(path && existsSync(path), script);
  }
});
