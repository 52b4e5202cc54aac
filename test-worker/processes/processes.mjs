// What only a second process shows: two `wrangler dev`, bound by script_name through wrangler's local
// registry. Targets that cannot be had: a worker that was never started, a class that is missing, a
// constructor that throws. Then the callee's process is killed while 100 calls are in flight; every
// handler of the caller must run once, each of them has run once there, and the caller must live on. A call with `retry`
// is sent as often as it says.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { freePort } from '../../scripts/lib/ports.mjs';
import { start, stop } from '../../scripts/lib/spawn.mjs';

/** Milliseconds: how long anything may take, and between looking whether it has come. */
const PATIENCE = 60_000;
const PAUSE = 50;

const folder = mkdtempSync(join(tmpdir(), 'lumenize-call-processes-'));
const started = [];

try {
  await serve('callee');
  const caller = await serve('caller');
  const ask = async (what) => {
    const response = await fetch(`${caller}/${what}`);
    if (!response.ok) throw new Error(`${what}: ${await response.text()}`);
    return response.json();
  };
  await until('the caller finds the callee', async () => (await ask('again')) === '0');
  assert.equal(await ask('neverStarted'), 'disconnected, mayHaveRun: true');
  assert.equal(await ask('missing'), 'target-reset, mayHaveRun: true');
  assert.equal(await ask('unborn'), 'target-reset, mayHaveRun: true');
  const calls = await ask('start');
  await until(`${calls} calls have arrived`, async () => (await ask('arrived')) === calls);
  assert.deepEqual(await ask('outcomes'), []);

  const killed = Date.now();
  stop(started[0], 'SIGKILL');
  await until('every handler has run', async () => (await ask('outcomes')).length >= calls);
  const noticed = Date.now() - killed;
  assert.equal(await ask('others'), calls, 'calls to other objects succeed');
  const outcomes = await ask('outcomes');
  assert.deepEqual(
    outcomes.toSorted((a, b) => a.call - b.call),
    Array.from({ length: calls }, (_, call) => ({ call, code: 'disconnected', mayHaveRun: true })),
  );
  assert.equal(await ask('again'), 'disconnected, mayHaveRun: true');
  assert.equal(await ask('retried'), 'disconnected, mayHaveRun: true, 3 attempts');
  console.log(`processes: killed with ${calls} calls in flight, all settled within ${noticed} ms`);
  console.log('5 passed, 0 failed');
} finally {
  for (const child of started) stop(child, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}

/** Starts one worker, and returns its address. */
async function serve(name) {
  const port = await freePort();
  const child = start(
    'wrangler',
    [
      ...['dev', '--config', `test-worker/processes/${name}.toml`, '--port', `${port}`],
      ...['--inspector-port', `${await freePort()}`, '--persist-to', join(folder, name)],
    ],
    {
      env: { ...process.env, CI: '1', WRANGLER_REGISTRY_PATH: join(folder, 'registry') },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  started.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  const url = `http://127.0.0.1:${port}`;
  try {
    await until(`the ${name} has started`, async () => {
      if (child.exitCode !== null) throw new Error(`it ended with code ${child.exitCode}`);
      return fetch(url).then(
        () => true,
        () => false,
      );
    });
  } catch (error) {
    console.error(output);
    throw error;
  }
  return url;
}

async function until(what, isSo) {
  const deadline = Date.now() + PATIENCE;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${PATIENCE} ms`);
    await setTimeout(PAUSE);
  }
}
