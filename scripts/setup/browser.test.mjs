// Where the tests of the lab find Chromium, and that nothing is installed before it is said.
import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { Remedy } from './setup.mjs';

// Read when Playwright is loaded: whatever it has downloaded here is not seen.
process.env.PLAYWRIGHT_BROWSERS_PATH = join(tmpdir(), 'lumenize-call-no-browsers');
const { findBrowser } = await import('./browser.mjs');

const environment = { ...process.env };
const BROWSER = 'echo Chromium 1.0';
let folder;
/** What was said and what was run, in this order. */
let journal;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lumenize-call-browser-'));
  journal = join(folder, 'journal');
  process.env.PATH = folder;
  delete process.env.CHROMIUM_PATH;
  mock.method(console, 'log', (text) => appendFileSync(journal, `said: ${text}\n`));
  mock.method(console, 'error', () => {});
});

afterEach(() => {
  mock.restoreAll();
  process.env = { ...environment };
  rmSync(folder, { recursive: true, force: true });
});

test('CHROMIUM_PATH comes before what is on the PATH', () => {
  command('chromium', BROWSER);
  process.env.CHROMIUM_PATH = command('mine', BROWSER);
  assert.equal(find(), join(folder, 'mine'));
  process.env.CHROMIUM_PATH = command('broken', 'exit 1');
  assert.throws(find, {
    message: `CHROMIUM_PATH is '${folder}/broken', which does not say its version: correct it.`,
  });
});

for (const name of ['chromium', 'google-chrome']) {
  test(`${name} on the PATH is taken, and nothing is installed`, () => {
    command(name, BROWSER);
    command('apt-get', `echo "ran: apt-get" >> ${journal}`);
    assert.equal(find({ canUseApt: true }), join(folder, name));
    assert.deepEqual(lines(), [`said: browser: Chromium 1.0, ${folder}/${name}`]);
  });
}

test('a system package is installed by root on Debian alone, and after it was said', () => {
  command('playwright', `echo "ran: playwright $*" >> ${journal}; exit 1`);
  const chromium = join(folder, 'chromium');
  command(
    'apt-get',
    `echo "ran: apt-get $*" >> ${journal}; echo '#!/bin/sh\n${BROWSER}' > ${chromium}; /bin/chmod +x ${chromium}`,
  );
  assert.throws(find, (error) => {
    assert.ok(error instanceof Remedy);
    assert.match(error.message, /install it .* or set CHROMIUM_PATH/);
    return true;
  });
  assert.deepEqual(
    lines().filter((line) => line.includes('apt-get')),
    [],
  );
  assert.equal(find({ canUseApt: true }), chromium);
  const [said, ...ran] = lines().filter((line) => line.includes('apt-get'));
  assert.match(said, /^said: browser: .* installing the system package chromium by apt-get/);
  assert.deepEqual(ran, [
    'ran: apt-get -qq update',
    'ran: apt-get -qq install --yes --no-install-recommends chromium',
  ]);
});

function find(how = { canUseApt: false }) {
  return findBrowser({ places: [], ...how });
}

/** Puts a command on the PATH. Returns where it is. */
function command(name, script) {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}

function lines() {
  return readFileSync(journal, 'utf8').trim().split('\n');
}
