// Classes that an OpenTelemetry exporter instruments call each other as others do, and their spans are exported.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';

let dev;
let address;

before(async () => {
  const args = ['dev', '--port=0', '--inspector-port=0', '--show-interactive-dev-session=false'];
  dev = spawn('wrangler', args, { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: dev.stdout })) {
    [address] = /http:\/\/\S+:\d+/.exec(line) ?? [];
    if (address) break;
  }
  dev.stdout.resume();
});

after(async () => {
  process.kill(-dev.pid, 'SIGTERM');
  await once(dev, 'exit');
});

async function ask(path) {
  const response = await fetch(`${address}/${path}`);
  return response.json();
}

/** The first span that is as described, once it was exported. */
async function spanThat(isIt) {
  for (;;) {
    const span = (await ask('spans')).find(isIt);
    if (span) return span;
    await setTimeout(50);
  }
}

test('calls arrive, alone and together', async () => {
  assert.deepEqual(await ask('?id=u1'), ['user u1']);
  assert.deepEqual(await ask('?id=u1&id=u2'), ['user u1', 'user u2']);
});

test('spans that code of the objects starts are exported', { timeout: 30_000 }, async () => {
  await ask('?id=u1');
  await spanThat(({ name }) => name === 'Cart.fetch');
});

test('what a method throws is recorded at its target', { timeout: 30_000 }, async () => {
  assert.deepEqual(await ask('?id=nobody'), ["RangeError: there is no user 'nobody'"]);
  const { exceptions } = await spanThat(({ name }) => name === 'Users.getUser');
  assert.deepEqual(exceptions, ["there is no user 'nobody'"]);
});
