// Packages that live apart from the project, in a folder with a lock file of its own.
import { capture, fail } from '../lib/spawn.mjs';
import { unlessDone } from '../lib/stamp.mjs';

/** Installs what a folder's lock file says, unless that has been done. */
export function installApart(folder) {
  unlessDone(`${folder}/node_modules/.lock-stamp`, [`${folder}/package-lock.json`], () => {
    console.log(`installing the packages of ${folder} (some seconds)`);
    const args = ['install', '--no-save', '--loglevel=error', '--prefix', folder];
    const { status, output } = capture('npm', args);
    if (status !== 0) fail(`npm failed in ${folder}:\n${output}`);
  });
}
