// The tests of the lab: `npm start` as it is, in a real Chromium, by what a person sees; and the dry run
// of its deployment. Leaves screenshots in target/lab/. `npm run lab -- WORD` runs the tests whose names
// hold the word.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import { freePort, isFree } from '../../../scripts/lib/ports.mjs';
import { capture } from '../../../scripts/lib/spawn.mjs';
import { findBrowser } from '../../../scripts/setup/browser.mjs';
import { Remedy } from '../../../scripts/setup/setup.mjs';
import { Lab } from './page.mjs';
import { TESTS, WIDE } from './tests.mjs';

const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let passed = 0;
let failed = 0;

async function test(name, run) {
  try {
    await run();
    passed += 1;
  } catch (error) {
    failed += 1;
    console.log(`lab: FAILED: ${name}\n${error.stack}`);
  }
}

const word = process.argv[2] ?? '';
const isWanted = ({ name }) => name.includes(word);

const ABOUT_COMMANDS = [
  {
    name: 'the dry run of its deployment',
    run: () => {
      // Wrangler would take it from the folder of the configuration.
      const folder = resolve('target/lab/deploy');
      const { status, output } = script('deploy', '--dry-run', '--outdir', folder);
      assert.equal(status, 0, output);
      assert.match(output, /Read 4 files from the assets directory/);
      for (const binding of ['LAB', 'LAB_TARGET', 'CART']) {
        assert.match(output, new RegExp(`env\\.${binding} `));
      }
    },
  },
  {
    name: 'a port that is taken is said to be so',
    run: async () => {
      const server = createServer();
      const port = await new Promise((resolve) => {
        server.listen(0, '127.0.0.1', () => resolve(server.address().port));
      });
      const { status, output } = script('start', '--port', `${port}`);
      server.close();
      assert.equal(status, 1);
      assert.equal(
        output,
        `lab: port ${port} is taken. Choose another: npm start -- --port ${port < 65_535 ? port + 1 : port - 1}\n`,
      );
    },
  },
  {
    name: 'a port that is none is refused',
    run: () => {
      for (const port of ['0', 'http', '65536', '80.5']) {
        const { status, output } = script('start', '--port', port);
        assert.equal(status, 1);
        assert.equal(output, `lab: '${port}' is no port: write a whole number from 1 to 65,535.\n`);
      }
      assert.match(script('start', '--prot', '1').output, /^lab: the only option is a port/);
    },
  },
];

try {
  const executablePath = findBrowser();
  for (const { name, run } of ABOUT_COMMANDS.filter(isWanted)) await test(name, run);
  const { url, stop } = await start();
  const browser = await chromium.launch({ executablePath, args: CHROMIUM_FLAGS });
  try {
    for (const { name, context = { viewport: WIDE }, run } of TESTS.filter(isWanted)) {
      const opened = await browser.newContext(context);
      await test(name, async () => {
        const lab = new Lab(await opened.newPage(), url);
        await lab.open();
        await run(lab);
        assert.deepEqual(lab.complaints, []);
      });
      await opened.close();
    }
  } finally {
    await browser.close();
    await test('Ctrl-C ends all', stop);
  }
} catch (error) {
  if (!(error instanceof Remedy)) throw error;
  console.error(error.message);
  failed += 1;
}
console.log('lab: screenshots are in target/lab/');
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** Runs a script of the project to its end. */
function script(name, ...args) {
  return capture('node', [`demo/lab/${name}.mjs`, ...args]);
}

/** Starts the lab as `npm start` does. Ending it as Ctrl-C does must end all that it started. */
async function start() {
  const port = await freePort();
  const child = spawn('node', ['demo/lab/start.mjs', '--port', `${port}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  process.once('exit', () => child.kill());
  for await (const line of createInterface({ input: child.stdout })) {
    const [, url] = /^lab: (http:\S+)/.exec(line) ?? [];
    if (!url) continue;
    const stop = async () => {
      child.kill('SIGINT');
      assert.equal(await ended, 0);
      assert.ok(await isFree(port), 'nobody listens any more');
    };
    return { url, stop };
  }
  throw new Error(`npm start ended with code ${await ended}`);
}
