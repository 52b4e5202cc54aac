// `npm run soak -- [CALLS]`: 10,000 calls in flight at once, fast, slow, failing and hung, and then
// CALLS calls (a million, if nothing is said) one group after the other, in bare workerd. Every handler
// must run once, and memory must stay what it was.
import { build } from '../../scripts/build/build.mjs';
import { check, conclude } from '../../scripts/lib/checks.mjs';
import { bundle, serve } from '../../scripts/lib/workerd.mjs';

const CALLS = Number(process.argv[2] ?? 1_000_000);
const IN_FLIGHT = 10_000;
const TARGETS = [1, 100, 1_000];
/** Calls after which memory has to have grown to what it needs. */
const WASM_PAGE = 64 * 1024;
const WARM_UP = 10_000;
const AT_ONCE = 500;
/** Rounds of calls in which stubs cross. */
const BORROWED = 200;
/** Milliseconds after the latest deadline by which every call is settled. */
const GRACE = 250;
/** How much of the heap may be there after that was not before: a tenth. */
const grown = (before, after) => after > before * 1.1;

if (!Number.isInteger(CALLS) || CALLS <= 0) {
  console.error('soak: say how many calls, as in: npm run soak -- 1000000');
  process.exit(1);
}
build();
await bundle('test-worker/soak/worker.ts', 'target/soak');
const soaked = await serve('test-worker/soak/workerd.capnp', { inspect: true });
try {
  const readHeap = await heapOf(soaked.inspector);
  const ask = (path, ...numbers) => {
    const query = numbers.map((number) => ['n', number]);
    return soaked.ask(path, query);
  };
  const heap = async () => {
    // The smallest of a few: what another object has let go of is collected a little later.
    const readings = [];
    for (let round = 0; round < 5; round++) {
      await ask('collect');
      readings.push(await readHeap());
    }
    return Math.min(...readings);
  };
  // All targets exist, and all code has been compiled, before memory is looked at.
  for (const targets of [...TARGETS, ...TARGETS]) await ask('fly', IN_FLIGHT, targets);
  const before = await heap();
  for (const targets of TARGETS) {
    const flight = await ask('fly', IN_FLIGHT, targets);
    const after = await heap();
    console.log(
      `soak: ${flight.calls} calls in flight to ${targets} target${targets === 1 ? '' : 's'}: ` +
        `${flight.handledOnce} handlers ran once, ${flight.wrong} with a wrong outcome; ` +
        `last handler ${flight.lateness} ms after the latest deadline, at worst ${flight.worst} ms ` +
        `after its own; heap ${mib(before)} before, ${mib(after)} after`,
    );
    check('each handler ran once', flight.handledOnce === IN_FLIGHT && flight.stillPending === 0);
    check('each with the right outcome', flight.wrong === 0);
    check(`all settled within ${GRACE} ms of the latest deadline`, flight.lateness <= GRACE);
    check('the heap is what it was', !grown(before, after));
  }

  // The runtime complains once of stubs that were left to the garbage collector.
  const leaks = () => soaked.complaints().includes('An RPC stub was not disposed');
  const greeted = await ask('borrow', BORROWED);
  await heap();
  console.log(`soak: ${BORROWED} rounds of stubs, borrowed and given back`);
  check('no stub was left to the garbage collector', greeted === 2 * BORROWED && !leaks());
  await ask('forget');
  await heap();
  check('one that is left is complained of', leaks());
  check('no rejected promise was left unhandled', (await ask('unhandled')) === 0);
  await ask('reject');
  check('one that is left is counted', (await ask('unhandled')) === 1);

  let right = await ask('soak', WARM_UP, AT_ONCE);
  const wasmBefore = await ask('wasm');
  const heapBefore = await heap();
  const start = Date.now();
  const tenth = Math.ceil(CALLS / 10 / AT_ONCE) * AT_ONCE;
  let made = 0;
  while (made < CALLS) {
    right += await ask('soak', tenth, AT_ONCE);
    made += tenth;
    const seconds = ((Date.now() - start) / 1000).toFixed(0);
    console.log(`soak: ${made} calls in ${seconds} s; heap ${mib(await heap())}`);
  }
  const wasmAfter = await ask('wasm');
  const heapAfter = await heap();
  console.log(
    `soak: wasm memory ${mib(wasmBefore)} after ${WARM_UP} calls, ${mib(wasmAfter)} after ${made}; ` +
      `heap ${mib(heapBefore)}, then ${mib(heapAfter)}`,
  );
  check('each call has its own answer', right === made + WARM_UP);
  // The first table of deadlines is made when a timer first fires, which may be later: one page for it.
  check('wasm memory has not grown', wasmAfter <= wasmBefore + WASM_PAGE);
  check('the heap has not grown', !grown(heapBefore, heapAfter));
} finally {
  soaked.stop();
}
conclude();

function mib(bytes) {
  return `${(bytes / 2 ** 20).toFixed(2)} MiB`;
}

/** How to read the bytes that the heap holds. */
async function heapOf(address) {
  const [{ webSocketDebuggerUrl }] = await (await fetch(`${address}/json`)).json();
  const socket = new WebSocket(webSocketDebuggerUrl);
  let answered;
  let broken;
  socket.onmessage = ({ data }) => {
    const { id, result } = JSON.parse(data);
    // What has none is no answer: the inspector also tells what the runtime complains of.
    if (id) answered(result);
  };
  socket.onclose = () => broken(new Error('the inspector has gone: workerd has ended'));
  await new Promise((resolve, reject) => {
    broken = reject;
    socket.onopen = resolve;
  });
  return async () => {
    const answer = new Promise((resolve, reject) => {
      answered = resolve;
      broken = reject;
    });
    socket.send(JSON.stringify({ id: 1, method: 'Runtime.getHeapUsage' }));
    const { usedSize, embedderHeapUsedSize = 0 } = await answer;
    return usedSize + embedderHeapUsedSize;
  };
}
