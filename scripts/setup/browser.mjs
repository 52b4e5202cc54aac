// Finds a Chromium for the tests of the lab, or installs one, and says which it took.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';
import { Remedy } from './setup.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const PLACES = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/snap/bin/chromium',
];
/** Milliseconds that a browser may take to say its version; a first start is slow. */
const PATIENCE = 60_000;

/**
 * The path of a Chromium that runs here: the one that CHROMIUM_PATH names, one that is installed,
 * Playwright's own download, or, for root on Debian, the package `chromium`.
 *
 * @throws Remedy where there is none to be had.
 */
export function findBrowser() {
  const named = process.env.CHROMIUM_PATH;
  if (named) {
    const version = versionOf(named);
    if (version) return taken(named, version);
    throw new Remedy(`CHROMIUM_PATH is '${named}', which does not say its version: correct it.`);
  }
  return installed() ?? downloaded() ?? ofDebian() ?? none();
}

function installed() {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const paths = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return firstThatRuns([...paths, ...PLACES, chromium.executablePath()]);
}

function downloaded() {
  console.log('browser: none is installed; trying the download of Playwright');
  const { status } = spawnSync('playwright-core', ['install', 'chromium'], { encoding: 'utf8' });
  if (status !== 0) return undefined;
  const path = chromium.executablePath();
  if (!versionOf(path) && isRoot()) {
    spawnSync('playwright-core', ['install-deps', 'chromium'], { stdio: 'inherit' });
  }
  return firstThatRuns([path]);
}

function ofDebian() {
  if (!isRoot() || !existsSync('/etc/debian_version')) return undefined;
  console.log('browser: no download to be had; installing the Debian package (about 1 minute)');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [['update'], ['install', '--yes', '--no-install-recommends', 'chromium']]) {
    const { status, stderr } = spawnSync('apt-get', ['-qq', ...args], { env, encoding: 'utf8' });
    if (status !== 0) console.error(stderr);
  }
  return installed();
}

function none() {
  throw new Remedy(
    'The tests of the lab need Chromium: install it or Google Chrome, or set CHROMIUM_PATH to one, ' +
      'then run this again.',
  );
}

function firstThatRuns(paths) {
  for (const path of paths) {
    const version = isExecutable(path) && versionOf(path);
    if (version) return taken(path, version);
  }
  return undefined;
}

function taken(path, version) {
  console.log(`browser: ${version}, ${path}`);
  return path;
}

function versionOf(path) {
  const { status, stdout } = spawnSync(path, ['--version'], {
    encoding: 'utf8',
    timeout: PATIENCE,
  });
  return status === 0 && stdout.trim();
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function isRoot() {
  return process.getuid?.() === 0;
}

if (process.argv[1].endsWith('browser.mjs')) findBrowser();
