// How Playwright runs the tests of the lab; lab.mjs starts it.
import { resolve } from 'node:path';
import { defineConfig } from '@playwright/test';

/** Milliseconds: how long a person waits for anything, and how long a test may take. */
const PATIENCE = 60_000;
const PATIENCE_WITH_TEST = 3 * PATIENCE;
const OUTPUT = resolve(process.env.LAB_OUTPUT ?? 'target/lab');

export default defineConfig({
  testMatch: '*.spec.mjs',
  outputDir: `${OUTPUT}/failed`,
  // One lab is under test, and runs of one page would take the time of another's.
  workers: 1,
  forbidOnly: true,
  timeout: PATIENCE_WITH_TEST,
  expect: { timeout: PATIENCE },
  reporter: [['list'], ['json', { outputFile: `${OUTPUT}/report.json` }]],
  use: {
    actionTimeout: PATIENCE,
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: process.env.CHROMIUM_PATH,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
});
