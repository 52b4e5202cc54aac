// `npm start`: builds the package, bundles the page of the lab, and serves both with the demo worker
// under `wrangler dev` until Ctrl-C. `npm start -- --port 8788` takes another port.
import { parseArgs } from 'node:util';
import { build } from '../../scripts/build/build.mjs';
import { isFree } from '../../scripts/lib/ports.mjs';
import { bundlePage, serveLab } from './server.mjs';

const PORT = '8787';

const port = readPort();
if (port === undefined) process.exitCode = 1;
else await start(port);

/** The port that was asked for; `undefined` after a sentence that says what is wrong with it. */
function readPort() {
  let given;
  try {
    const { values } = parseArgs({ options: { port: { type: 'string', default: PORT } } });
    given = values.port;
  } catch {
    console.error('lab: the only option is a port, as in: npm start -- --port 8788');
    return undefined;
  }
  const number = Number(given);
  if (/^\d+$/.test(given) && number >= 1 && number <= 65_535) return number;
  console.error(`lab: '${given}' is no port: write a whole number from 1 to 65,535.`);
  return undefined;
}

async function start(port) {
  if (!(await isFree(port))) {
    console.error(
      `lab: port ${port} is taken. Choose another: npm start -- --port ${port < 65_535 ? port + 1 : port - 1}`,
    );
    process.exitCode = 1;
    return;
  }
  const asked = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => asked.abort());
  build();
  await bundlePage();
  if (asked.signal.aborted) return;
  console.log('lab: starting');
  const lab = await serveLab(port, 'target/lab/state', asked.signal);
  if (lab) console.log(`\nlab: ${lab.url} (Ctrl-C ends it; its log is ${lab.log})`);
  await lab?.ended;
  if (asked.signal.aborted) return;
  console.error(`lab: wrangler has ended by itself; see ${lab.log}.`);
  process.exitCode = 1;
}
