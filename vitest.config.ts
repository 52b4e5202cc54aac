import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [cloudflareTest({ wrangler: { configPath: './wrangler.toml' } })],
  resolve: {
    // The tests run what is published, not the sources.
    alias: { '@lumenize/call': new URL('./pkg/workerd.js', import.meta.url).pathname },
  },
  test: {
    include: ['test-worker/**/*.test.ts'],
  },
});
