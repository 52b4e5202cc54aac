// What scripts say of what they check: what is not so, and at the end `N passed, N failed`, which `npm test` reads.
import { basename } from 'node:path';

const SCRIPT = basename(process.argv[1], '.mjs');
const counts = { passed: 0, failed: 0 };

/** Counts one thing, or several. */
export function count({ passed = 0, failed = 0 }) {
  counts.passed += passed;
  counts.failed += failed;
}

/** Counts one thing, and says so where it is not as it should be. */
export function check(what, isSo) {
  count(isSo ? { passed: 1 } : { failed: 1 });
  if (!isSo) console.log(`${SCRIPT}: NOT SO: ${what}`);
}

/** Says how many there were. The script fails if one did. */
export function conclude() {
  console.log(`${counts.passed} passed, ${counts.failed} failed`);
  process.exitCode = counts.failed === 0 ? 0 : 1;
}
