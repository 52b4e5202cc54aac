// The commands of the lab, before the page is served: its deployment, its port, and how it ends.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { expect, test } from '@playwright/test';
import { isFree } from '../../../scripts/lib/ports.mjs';
import { aliveOf, descendantsOf } from '../../../scripts/lib/processes.mjs';
import { capture } from '../../../scripts/lib/spawn.mjs';
import { start } from './server.mjs';

const SERVED = /^lab: http:/;

test('the dry run of its deployment', () => {
  // Wrangler would take it from the folder of the configuration.
  const folder = resolve('target/lab/deploy');
  const { status, output } = script('deploy', '--dry-run', '--outdir', folder);
  expect(status, output).toBe(0);
  expect(output).toMatch(/Read 4 files from the assets directory/);
  for (const binding of ['LAB', 'LAB_TARGET', 'LAB_HOT', 'LAB_STOCK', 'LAB_USERS', 'CART']) {
    expect(output).toMatch(new RegExp(`env\\.${binding} `));
  }
});

test('a port that is taken is said to be so', async () => {
  const server = createServer();
  const port = await new Promise((listening) => {
    server.listen(0, '127.0.0.1', () => listening(server.address().port));
  });
  const { status, output } = script('start', '--port', `${port}`);
  server.close();
  expect(status).toBe(1);
  expect(output).toBe(
    `lab: port ${port} is taken. Choose another: npm start -- --port ${port < 65_535 ? port + 1 : port - 1}\n`,
  );
});

test('a port that is none is refused', () => {
  for (const port of ['0', 'http', '65536', '80.5']) {
    const { status, output } = script('start', '--port', port);
    expect(status).toBe(1);
    expect(output).toBe(`lab: '${port}' is no port: write a whole number from 1 to 65,535.\n`);
  }
  expect(script('start', '--prot', '1').output).toMatch(/^lab: the only option is a port/);
});

test('Ctrl-C ends all', async () => {
  const { child, port, ended } = await start('node', ['demo/lab/start.mjs'], SERVED);
  const ids = idsOf(child);
  child.kill('SIGINT');
  expect(await ended).toBe(0);
  expect(await isFree(port), 'nobody listens any more').toBe(true);
  expect(aliveOf(ids)).toEqual([]);
});

for (const [when, line] of [
  ['while it starts', /^lab: starting/],
  ['while it serves', SERVED],
]) {
  test(`SIGTERM to npm start ends every process that it started: ${when}`, async () => {
    const { child, port, ended } = await start('npm', ['start', '--'], line);
    const ids = idsOf(child);
    child.kill('SIGTERM');
    await ended;
    await expect.poll(() => aliveOf(ids)).toEqual([]);
    expect(await isFree(port), 'nobody listens any more').toBe(true);
  });
}

test('SIGTERM to npm run lab ends the lab and the browser', async () => {
  const child = spawn('npm', ['run', 'lab', '--', 'one call, and ten thousand'], {
    // Its results are not to take the place of ours.
    env: { ...process.env, LAB_OUTPUT: 'target/lab/ended' },
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  const names = () => descendantsOf(child.pid).map(({ name }) => name);
  await expect.poll(names).toEqual(expect.arrayContaining([expect.stringMatching(/chrom/i)]));
  await expect.poll(names).toContain('workerd');
  const ids = idsOf(child);
  child.kill('SIGTERM');
  await ended;
  await expect.poll(() => aliveOf(ids)).toEqual([]);
});

/** The ids of what a process has started. */
function idsOf(child) {
  return descendantsOf(child.pid).map(({ pid }) => pid);
}

/** Runs a script of the project to its end, without the colours that Playwright asks for. */
function script(name, ...args) {
  return capture('node', [`demo/lab/${name}.mjs`, ...args], { env: { FORCE_COLOR: '0' } });
}
