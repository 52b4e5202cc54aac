// Finds a Chromium for the tests of the lab. Where there is none, it gets one, and says so before it does.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from '@playwright/test';
import { Remedy } from './setup.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const PLACES = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/snap/bin/chromium',
];
/** Milliseconds that a browser may take to say its version; a first start is slow. */
const PATIENCE = 60_000;
const REMEDY =
  'The tests of the lab need Chromium: install it (on Debian: apt-get install chromium) or Google ' +
  'Chrome, or set CHROMIUM_PATH to an executable of it, then run this again.';

/**
 * The path of a Chromium that runs here: the one that CHROMIUM_PATH names, one that is installed,
 * Playwright's own download or, for root on Debian, the package `chromium`.
 *
 * @throws Remedy where there is none to be had.
 */
export function findBrowser({ places = PLACES, canUseApt = isRootOnDebian() } = {}) {
  const named = process.env.CHROMIUM_PATH;
  if (named) {
    const version = versionOf(named);
    if (version) return taken(named, version);
    throw new Remedy(`CHROMIUM_PATH is '${named}', which does not say its version: correct it.`);
  }
  const installed = () => firstThatRuns([...onPath(), ...places, chromium.executablePath()]);
  const found = installed() ?? downloaded();
  if (found !== undefined) return found;
  if (canUseApt) installOnDebian();
  const path = installed();
  if (path === undefined) throw new Remedy(REMEDY);
  return path;
}

function onPath() {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
}

function downloaded() {
  console.log('browser: there is no Chromium here; trying the download of Playwright');
  const { status } = spawnSync('playwright', ['install', 'chromium'], { encoding: 'utf8' });
  return status === 0 ? firstThatRuns([chromium.executablePath()]) : undefined;
}

function installOnDebian() {
  console.log(
    'browser: that cannot be had; installing the system package chromium by apt-get (about 1 minute). ' +
      'Set CHROMIUM_PATH to a Chromium of your own, and nothing is installed',
  );
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [['update'], ['install', '--yes', '--no-install-recommends', 'chromium']]) {
    const { status, stderr } = spawnSync('apt-get', ['-qq', ...args], { env, encoding: 'utf8' });
    if (status !== 0) console.error(stderr);
  }
}

function isRootOnDebian() {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version');
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
