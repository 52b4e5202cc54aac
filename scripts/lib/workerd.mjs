// Bundles a worker as wrangler would and serves it in bare workerd, on a free port of 127.0.0.1.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { start, stop } from './spawn.mjs';

/** Bundles `entry` into `folder`; the wasm lies beside it under its own name. */
export async function bundle(entry, folder) {
  await build({
    entryPoints: [entry],
    outdir: folder,
    bundle: true,
    format: 'esm',
    external: ['cloudflare:*', 'node:*'],
    loader: { '.wasm': 'copy' },
    assetNames: '[name]',
    alias: {
      '@lumenize/call/durable': './pkg/durable.js',
      '@lumenize/call': './pkg/workerd.js',
    },
    logLevel: 'warning',
  });
}

/**
 * Serves a workerd configuration whose one socket is named `http`.
 *
 * @param options.quiet - Whether what it complains of is not shown: for faults on purpose.
 * @param options.inspect - Whether there is an inspector, which makes everything slower.
 * @param options.disk - The folder that the configuration's directory `disk` is.
 * @param options.env - Environment variables beside those of this process.
 * @returns Its address, that of its inspector, how to ask it, what it has complained of so far, and how to end it,
 *   or to kill it and wait until it is gone.
 */
export async function serve(config, { inspect = false, quiet = false, disk, env } = {}) {
  const workerd = start(
    'workerd',
    [
      ...['serve', config, '--socket-addr=http=127.0.0.1:0', '--control-fd=3'],
      ...(inspect ? ['--inspector-addr=127.0.0.1:0'] : []),
      ...(disk === undefined ? [] : [`--directory-path=disk=${disk}`]),
    ],
    { stdio: ['ignore', 'inherit', 'pipe', 'pipe'], env: { ...process.env, ...env } },
  );
  let complaints = '';
  workerd.stderr.on('data', (text) => {
    complaints += text;
    if (!quiet) process.stderr.write(text);
  });
  const ended = new Promise((_, reject) => {
    workerd.once('error', reject);
    workerd.once('exit', (code) =>
      reject(new Error(`workerd ended with code ${code} at its start`)),
    );
  });
  ended.catch(() => {});
  const ports = await Promise.race([portsOf(workerd.stdio[3], inspect), ended]);
  const address = (port) => `http://127.0.0.1:${port}`;
  return {
    url: address(ports.http),
    inspector: address(ports.inspector),
    ask: (path, query) => ask(address(ports.http), path, query),
    complaints: () => complaints,
    // With an inspector it does not end when it is asked to.
    stop: () => stop(workerd, inspect ? 'SIGKILL' : 'SIGTERM'),
    kill: async () => {
      if (stop(workerd, 'SIGKILL') && workerd.exitCode === null) await once(workerd, 'exit');
    },
  };
}

/** What the worker answers, which is JSON. */
async function ask(url, path, query) {
  const address = `${url}/${path}?${new URLSearchParams(query)}`;
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${await response.text()}`);
  return response.json();
}

async function portsOf(control, inspect) {
  const ports = {};
  for await (const line of createInterface({ input: control })) {
    const event = JSON.parse(line);
    if (event.event === 'listen') ports.http = event.port;
    if (event.event === 'listen-inspector') ports.inspector = event.port;
    if (ports.http && (ports.inspector || !inspect)) return ports;
  }
  throw new Error('workerd did not say on which port it listens');
}
