// What `wrangler dev` and Node show of errors and continuations, by their own formatters.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { inspect, stripVTControlCharacters } from 'node:util';
import { start, stop } from '../lib/spawn.mjs';

const FOLDER = 'scripts/check/console';
const source = readFileSync(`${FOLDER}/worker.js`, 'utf8').split('\n');

/** Where a piece of code stands in the worker: `worker.js:6:`. */
function placeOf(code) {
  return `${FOLDER}/worker.js:${source.findIndex((line) => line.includes(code)) + 1}:`;
}

/** The lines of a stack. */
function linesOf(stack) {
  return stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .map((line) => line.trim());
}

/** Runs the worker in `wrangler dev`, whose output a test may wait for. */
async function serve(options, use) {
  const ports = ['--port', '0', '--inspector-port', '0', '--show-interactive-dev-session=false'];
  const args = ['dev', '--cwd', FOLDER, ...ports, ...options];
  const dev = start('wrangler', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const shown = async (pattern) => {
    for (;;) {
      const found = pattern.exec(output);
      if (found) return found;
      const ended = await Promise.race([once(dev.stdout, 'data'), once(dev, 'exit')]);
      if (typeof ended[0] === 'number') throw new Error(`wrangler dev ended: ${output}`);
    }
  };
  for (const stream of [dev.stdout, dev.stderr]) {
    stream.on('data', (text) => {
      output += stripVTControlCharacters(String(text));
    });
  }
  try {
    const [address] = await shown(/http:\/\/[\w.]+:\d+/);
    await use(address, shown);
  } finally {
    stop(dev);
    await once(dev, 'exit');
  }
}

/** Two formatters are at work: one for what leaves a Worker, another for what is logged. */
for (const [how, options] of [
  ['as it is', []],
  ['minified, with nodejs_compat', ['--minify', '--compatibility-flags', 'nodejs_compat']],
]) {
  test(`wrangler dev, ${how}`, { timeout: 60_000 }, () =>
    serve(options, async (address, shown) => {
      // Without this it answers with a page.
      const headers = { accept: 'application/json' };
      const stackOf = async (path) =>
        linesOf(await (await fetch(address + path, { headers })).text());
      const thrown = placeOf('throw new RangeError');
      const awaited = placeOf('return await createCaller');
      for (const id of ['u1', 'a.b:3']) {
        const [first, call, next] = await stackOf(`/throw?id=${id}`);
        assert.match(first, /^at \S*getUser \(/);
        assert.ok(first.includes(thrown), first);
        assert.equal(call, `at remote call getUser("${id}") on USERS/main (remote:1:1)`);
        assert.ok(next.includes(awaited), next);
      }
      // The formatter looks for a place behind the first bracket that follows a blank.
      const [, odd] = await stackOf(`/throw?id=${encodeURIComponent('a (x:3')}`);
      assert.equal(odd, 'at remote call getUser("a(x:3") on USERS/main (remote:1:1)');
      const [call, next] = await stackOf('/late');
      assert.equal(call, 'at remote call never() on USERS/main (remote:1:1)');
      assert.ok(next.includes(awaited), next);

      await fetch(address);
      const [text] = await shown(/a value:[\s\S]*the end/);
      assert.match(text, /^a value: Continuation getUser\("u1"\)$/m);
      const logged = linesOf(text);
      assert.ok(logged[0].includes(thrown), text);
      assert.equal(logged[1], 'at remote call getUser("u1") on USERS/main (remote:1:1)');
      assert.ok(logged[2].includes(awaited), text);
    }),
  );
}

test('Node shows both as workerd does', async () => {
  const { CallError, newContinuation } = await import('../../pkg/node.js');
  assert.equal(
    inspect({ to: newContinuation().getUser('u1') }),
    '{ to: Continuation getUser("u1") }',
  );
  const error = new CallError('timeout', 'late', { binding: 'USERS', instance: 'main' });
  assert.match(inspect(error), /^CallError: late\n {4}at /);
  assert.deepEqual(JSON.parse(JSON.stringify(error)), {
    name: 'CallError',
    code: 'timeout',
    message: 'late',
    target: { binding: 'USERS', instance: 'main' },
    mayHaveRun: false,
  });
});
