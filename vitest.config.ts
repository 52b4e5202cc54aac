import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { transform } from 'esbuild';
import { defineConfig, type Plugin } from 'vitest/config';
import { bundle } from './scripts/lib/workerd.mjs';

/** Decorators as wrangler compiles them: by esbuild, in the dialect that the file's name says. */
const decorators: Plugin = {
  name: 'decorators',
  enforce: 'pre',
  async load(id) {
    const dialect = /\.(standard|legacy)\.ts$/.exec(id)?.[1];
    if (!dialect) return undefined;
    const compilerOptions = { experimentalDecorators: dialect === 'legacy' };
    const source = await readFile(id, 'utf8');
    return transform(source, { loader: 'ts', target: 'es2022', tsconfigRaw: { compilerOptions } });
  },
};

const DIFFERENTIAL = 'target/differential';

/** A worker beside the one under test, in the same runtime, with nothing of the plugin around it. */
const differential = {
  name: 'differential',
  modulesRoot: DIFFERENTIAL,
  modules: [
    { type: 'ESModule', path: `${DIFFERENTIAL}/worker.js` },
    { type: 'CompiledWasm', path: `${DIFFERENTIAL}/lumenize_call_bg.wasm` },
  ],
  compatibilityDate: '2026-11-01',
  durableObjects: {
    TARGET: { className: 'DifferentialTarget', useSQLite: true },
    CALLER: { className: 'DifferentialCaller', useSQLite: true },
  },
  serviceBindings: { SERVICE: { name: 'differential', entrypoint: 'DifferentialEntrypoint' } },
};

await bundle('test-worker/differential/worker.ts', DIFFERENTIAL);

export default defineConfig({
  plugins: [
    decorators,
    cloudflareTest({
      wrangler: { configPath: './wrangler.toml' },
      miniflare: { workers: [differential] },
      // Else the runtime says of each error that a method throws that nobody caught it.
      verbose: false,
    }),
  ],
  resolve: {
    // The tests run what is published, not the sources.
    alias: {
      '@lumenize/call/durable': fileURLToPath(new URL('./pkg/durable.js', import.meta.url)),
      '@lumenize/call/testing': fileURLToPath(new URL('./pkg/testing.js', import.meta.url)),
      '@lumenize/call': fileURLToPath(new URL('./pkg/workerd.js', import.meta.url)),
    },
  },
  // By this the suite runs in other ways; test-worker/company.ts says in which.
  define: { __CALLS_TRAVEL__: JSON.stringify(process.env.CALLS_TRAVEL ?? 'as they come') },
  test: {
    include: ['test-worker/**/*.test.ts'],
    // What methods throw on purpose is logged by their targets.
    onConsoleLog: (log) =>
      log.startsWith('@lumenize/call: ') && log.includes(' threw:') ? false : undefined,
  },
});
