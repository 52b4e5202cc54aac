import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { transform } from 'esbuild';
import { defineConfig, type Plugin } from 'vitest/config';

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

export default defineConfig({
  plugins: [decorators, cloudflareTest({ wrangler: { configPath: './wrangler.toml' } })],
  resolve: {
    // The tests run what is published, not the sources.
    alias: { '@lumenize/call': fileURLToPath(new URL('./pkg/workerd.js', import.meta.url)) },
  },
  // By this the suite runs in other ways; test-worker/company.ts says in which.
  define: { __CALLS_TRAVEL__: JSON.stringify(process.env.CALLS_TRAVEL ?? 'as they come') },
  test: {
    include: ['test-worker/**/*.test.ts'],
  },
});
