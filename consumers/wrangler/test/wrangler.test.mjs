// README's first example by wrangler alone: a dry run of a deployment, and `wrangler dev`.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

test('a deployment uploads the core once', () => {
  const args = ['deploy', '--dry-run', '--outdir', 'dist'];
  const { status, stdout, stderr } = spawnSync('wrangler', args, { encoding: 'utf8' });
  assert.equal(status, 0, `${stdout}${stderr}`);
  const cores = readdirSync('dist').filter((name) => name.endsWith('.wasm'));
  assert.equal(cores.length, 1, `${cores}`);
  const core = readFileSync(
    fileURLToPath(import.meta.resolve('@lumenize/call/wasm/lumenize_call_bg.wasm')),
  );
  assert.deepEqual(readFileSync(`dist/${cores[0]}`), core);
  const script = readFileSync('dist/worker.js', 'utf8');
  assert.ok(!script.includes(core.toString('base64', 0, 6)), 'it does not hold the core as text');
  const [size] = /Total Upload: .*/.exec(stdout);
  console.log(`note: ${size}`);
});

test('wrangler dev answers when a call has come back, and shows what throws in TypeScript', {
  timeout: 60_000,
}, async () => {
  const args = [
    'dev',
    '--port',
    '0',
    '--inspector-port',
    '0',
    '--show-interactive-dev-session=false',
  ];
  const dev = spawn('wrangler', args, { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const address = await addressOf(dev);
    const response = await fetch(address);
    assert.deepEqual(await response.json(), { id: 'u1', name: 'Ada' });
    const page = await fetch(`${address}/mistaken`, { headers: { accept: 'text/plain' } });
    assertStack(await page.text());
  } finally {
    process.kill(-dev.pid, 'SIGTERM');
    await once(dev, 'exit');
  }
});

async function addressOf(dev) {
  let output = '';
  for await (const line of createInterface({ input: dev.stdout })) {
    output += `${line}\n`;
    const [address] = /http:\/\/[\w.]+:\d+/.exec(line) ?? [];
    if (address) {
      dev.stdout.resume();
      return address;
    }
  }
  throw new Error(`wrangler dev ended: ${output}`);
}

/** It leads to a line of the package, as that was written. */
function assertStack(text) {
  const frame = /^ +at \w+ \((\S+@lumenize\/call\/ts\/\S+\.ts):(\d+):\d+\)$/m;
  const [, file, line] = frame.exec(text) ?? assert.fail(text);
  const source = readFileSync(fileURLToPath(file), 'utf8');
  assert.match(source.split('\n')[line - 1], /new CallError\(/);
}
