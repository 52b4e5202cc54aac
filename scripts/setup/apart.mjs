// Packages that live apart from the project, in a folder with a lock file of its own.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { capture, fail } from '../lib/spawn.mjs';

/** Installs what a folder's lock file says, unless that has been done. */
export function installApart(folder) {
  const lock = readFileSync(`${folder}/package-lock.json`);
  const stamp = createHash('sha256').update(lock).digest('hex');
  const stampFile = `${folder}/node_modules/.lock-stamp`;
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  console.log(`installing the packages of ${folder} (some seconds)`);
  const args = ['install', '--no-save', '--loglevel=error', '--prefix', folder];
  const { status, output } = capture('npm', args);
  if (status !== 0) fail(`npm failed in ${folder}:\n${output}`);
  writeFileSync(stampFile, stamp);
}
