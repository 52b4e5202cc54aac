// The lab under `wrangler dev`: what `npm start`, its tests and its deployment share.
import { once } from 'node:events';
import { cpSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { build } from 'esbuild';
import { freePort } from '../../scripts/lib/ports.mjs';
import { end as endTool, start } from '../../scripts/lib/spawn.mjs';

export const CONFIG = 'demo/wrangler.jsonc';
/** What is served as it is; the configuration names it. */
const PAGE = 'target/lab/page';
const SOURCE = 'demo/lab/page';
/** Milliseconds: how long wrangler may take to start, and between looking whether it has. */
const PATIENCE = 60_000;
const PAUSE = 50;

/** Bundles the page, with all that it uses. */
export async function bundlePage() {
  rmSync(PAGE, { recursive: true, force: true });
  await build({
    entryPoints: [`${SOURCE}/page.ts`, `${SOURCE}/page.css`],
    outdir: PAGE,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    logLevel: 'warning',
  });
  for (const name of ['index.html', '_headers']) cpSync(`${SOURCE}/${name}`, `${PAGE}/${name}`);
}

/**
 * Serves the lab.
 *
 * @param state - The folder for everything that wrangler writes.
 * @param signal - Ends wrangler, at any time.
 * @returns Its address, where its log is, and a promise of its end; `undefined` if it was ended before.
 */
export async function serveLab(port, state, signal) {
  const url = `http://localhost:${port}`;
  mkdirSync(state, { recursive: true });
  const log = `${state}/wrangler.log`;
  const output = openSync(log, 'w');
  const wrangler = start(
    'wrangler',
    [
      ...['dev', '--config', CONFIG, '--ip', '127.0.0.1', '--port', `${port}`],
      ...['--inspector-port', `${await freePort()}`, '--persist-to', `${state}/objects`],
      ...['--log-level', 'warn', '--show-interactive-dev-session=false'],
    ],
    {
      env: {
        ...process.env,
        WRANGLER_REGISTRY_PATH: `${state}/registry`,
        WRANGLER_LOG_PATH: `${state}/logs`,
      },
      stdio: ['ignore', output, output],
    },
  );
  let ending;
  const end = () => {
    ending ??= endTool(wrangler);
    return ending;
  };
  signal.addEventListener('abort', end);
  const ended = once(wrangler, 'exit').then(() => ending);
  const deadline = Date.now() + PATIENCE;
  while (!(await answers(`http://127.0.0.1:${port}`))) {
    if (signal.aborted) {
      await end();
      return undefined;
    }
    if (wrangler.exitCode !== null || Date.now() > deadline) {
      await end();
      throw new Error(`wrangler did not serve the lab. It said:\n${readFileSync(log, 'utf8')}`);
    }
    await setTimeout(PAUSE);
  }
  return { url, log, ended };
}

async function answers(url) {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}
