// Bundles a worker as wrangler would and serves it in bare workerd, on a free port of 127.0.0.1.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';

/** Bundles `entry` into `folder`; the wasm lies beside it under its own name. */
export async function bundle(entry, folder) {
  await build({
    entryPoints: [entry],
    outdir: folder,
    bundle: true,
    format: 'esm',
    external: ['cloudflare:*'],
    loader: { '.wasm': 'copy' },
    assetNames: '[name]',
    alias: { '@lumenize/call': './pkg/workerd.js' },
    logLevel: 'warning',
  });
}

/**
 * Serves a workerd configuration whose one socket is named `http`.
 *
 * @returns Its address, and how to end it.
 */
export async function serve(config) {
  const workerd = spawn(
    'workerd',
    ['serve', config, '--socket-addr=http=127.0.0.1:0', '--control-fd=3'],
    { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] },
  );
  const ended = new Promise((_, reject) => {
    workerd.once('error', reject);
    workerd.once('exit', (code) =>
      reject(new Error(`workerd ended with code ${code} at its start`)),
    );
  });
  ended.catch(() => {});
  const port = await Promise.race([portOf(workerd.stdio[3]), ended]);
  return { url: `http://127.0.0.1:${port}`, stop: () => workerd.kill() };
}

async function portOf(control) {
  for await (const line of createInterface({ input: control })) {
    const event = JSON.parse(line);
    if (event.event === 'listen') return event.port;
  }
  throw new Error('workerd did not say on which port it listens');
}
