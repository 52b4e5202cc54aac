// The eighth story: an order is placed by a durable call, the runtime is killed before the answer, and started
// again on the same disk. Nobody asks the shop then: its alarm, due 10 s after the call, resends what is stored.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { bundle, serve } from '../../scripts/lib/workerd.mjs';

const CONFIG = 'demo/durable/workerd.capnp';
/** Milliseconds: how long something may take to happen, and between looking whether it has. */
const PATIENCE = 20_000;
const PAUSE = 20;
/** Milliseconds after the handler in which it must not run again. */
const AFTERWARDS = 500;

/** Returns what the story came to, as the chapters of the demo do. */
export async function durableStory() {
  await bundle('demo/durable/worker.ts', 'target/demo/durable');
  const disk = mkdtempSync(join(tmpdir(), 'lumenize-call-demo-'));
  let workerd;
  try {
    workerd = await serve(CONFIG, { disk });
    const start = Date.now();
    const called = await workerd.ask('order');
    await until(async () => (await workerd.ask('stock')).isTaking);
    await workerd.kill();
    const killedAfter = Date.now() - start;
    // Its scheduler of alarms may be older than the disk that it finds, which workerd complains of.
    workerd = await serve(CONFIG, { disk, quiet: true });
    await until(async () => (await workerd.ask('stock')).taken > 0);
    await until(async () => (await workerd.ask('shop')).handled.length > 0);
    await setTimeout(AFTERWARDS);
    const { handled, stored } = await workerd.ask('shop');
    const { taken } = await workerd.ask('stock');
    const runs = handled.map(({ outcome, orderId }) => `onTaken("${outcome}", "${orderId}")`);
    return {
      title: 'A durable call: the runtime is killed before the answer, and started again',
      called: `${called}; SIGKILL after ${killedAfter} ms`,
      came: `${runs.join(', ') || 'nothing'}: ${timesOf(runs.length)}, and ${timesOf(taken)} a chair was taken`,
      ms: (handled[0]?.at ?? Date.now()) - start,
      ok: runs.join() === 'onTaken("chair 1", "o1")' && taken === 1 && stored === 0,
    };
  } finally {
    await workerd?.kill();
    rmSync(disk, { recursive: true, force: true });
  }
}

function timesOf(count) {
  return count === 1 ? 'once' : `${count} times`;
}

/** Waits until something is so, or has taken too long: then the story tells what is missing. */
async function until(isSo) {
  const deadline = Date.now() + PATIENCE;
  while (!(await isSo()) && Date.now() < deadline) await setTimeout(PAUSE);
}
