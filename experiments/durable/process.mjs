// A workerd process with its storage on disk, which is asked, killed and started again.
import { mkdirSync, rmSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { bundle, serve } from '../../scripts/lib/workerd.mjs';

export const DISK = 'target/experiments/durable/disk';
const CONFIG = 'experiments/durable/workerd.capnp';
/** Milliseconds until a load has to be under way and over. */
const PATIENCE = 20_000;

let workerd;

/** Starts on an empty disk. */
export async function begin() {
  await bundle('experiments/durable/worker.ts', 'target/experiments/durable');
  rmSync(DISK, { recursive: true, force: true });
  mkdirSync(DISK, { recursive: true });
  await start();
}

export async function start(config = CONFIG) {
  workerd = await serve(config, { disk: DISK, quiet: true });
}

/** Ends the process by SIGKILL. Its disk stays. */
export const kill = () => workerd.kill();

/**
 * Calls `[binding, name of the object, method, …arguments]`, all at once. Each outcome is
 * `{ value }` or `{ error }`.
 */
export async function ask(calls) {
  const response = await fetch(workerd.url, { method: 'POST', body: JSON.stringify({ calls }) });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

/** Makes one call. Returns its value, or throws. */
export async function call(...args) {
  const [{ value, error }] = await ask([args]);
  if (error !== undefined) throw new Error(`${args.slice(0, 3).join(' ')}: ${error}`);
  return value;
}

/**
 * Keeps objects busy and kills the process, so long after the first answer. Returns which calls were
 * answered until then.
 */
export async function loadUntilKilled(name, objects, milliseconds) {
  const body = JSON.stringify({ load: name, objects });
  const response = await fetch(workerd.url, {
    ...{ method: 'POST', body },
    signal: AbortSignal.timeout(PATIENCE),
  });
  let answered = '';
  const { promise: first, resolve: isUnderWay } = Promise.withResolvers();
  const read = (async () => {
    const decoder = new TextDecoder();
    for await (const bytes of response.body) {
      answered += decoder.decode(bytes, { stream: true });
      isUnderWay();
    }
  })().catch(isUnderWay);
  await first;
  await setTimeout(milliseconds);
  await kill();
  await read;
  return answered.split('\n').slice(0, -1);
}
