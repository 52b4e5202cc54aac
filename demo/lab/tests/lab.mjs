// The tests of the lab: `npm start` as it is, in a real Chromium, by what a person sees; and its other
// commands. Leaves screenshots in target/lab/. `npm run lab -- WORD` runs the tests whose names match.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { findBrowser } from '../../../scripts/setup/browser.mjs';
import { Remedy } from '../../../scripts/setup/setup.mjs';

const REPORT = 'target/lab/report.json';

const [word = ''] = process.argv.slice(2);
try {
  const env = { ...process.env, CHROMIUM_PATH: findBrowser() };
  rmSync(REPORT, { force: true });
  const args = ['test', '--config', 'demo/lab/tests/playwright.config.mjs', '--grep', word];
  const { status } = spawnSync('playwright', args, { env, stdio: 'inherit' });
  const { passed, failed } = counts();
  console.log('lab: screenshots are in target/lab/');
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = status ?? 1;
} catch (error) {
  if (!(error instanceof Remedy)) throw error;
  console.error(error.message);
  console.log('0 passed, 1 failed');
  process.exitCode = 1;
}

/** A test that neither passed nor failed did not run, or only passed when it was tried again. */
function counts() {
  const { stats } = JSON.parse(readFileSync(REPORT, 'utf8'));
  return { passed: stats.expected, failed: stats.unexpected + stats.flaky + stats.skipped };
}
