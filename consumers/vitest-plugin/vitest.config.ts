import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: ['2025-09-01', '2026-11-09'].map((compatibilityDate) => ({
      plugins: [
        cloudflareTest({
          wrangler: { configPath: './wrangler.jsonc' },
          miniflare: { compatibilityDate },
        }),
      ],
      test: { name: compatibilityDate },
    })),
  },
});
